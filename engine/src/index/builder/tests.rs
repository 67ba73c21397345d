//! Samples claim no more of a file than it has.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::{BuildError, Builder};
use crate::media::{Kind, Private, Run, Setup, Ticks, Timescale, Track};

fn track(id: u64) -> Track {
    Track::new(id, Kind::Text, String::new(), Timescale::per_second(1000).unwrap(), Setup::At(0..0))
}

/// Samples of a second, from this one on.
fn run(second: i64, offset: u64, size: u32, count: u32) -> Run {
    Run {
        decode: Ticks(second * 1000),
        composition: Ticks::ZERO,
        duration: Ticks(1000),
        offset,
        size,
        count,
        sync: true,
        disposable: false,
        private: Private::NONE,
    }
}

/// What becomes of these samples, each with the place of its track, in a file of 100 bytes.
fn build(tracks: u64, runs: &[(usize, Run)]) -> Result<(), BuildError> {
    let mut builder = Builder::new((1..=tracks).map(track).collect());
    builder.within(100);
    for (place, (track, run)) in runs.iter().enumerate() {
        builder.samples(*track, run.clone())?;
        if place == 1 {
            builder = postcard::from_bytes(&postcard::to_stdvec(&builder).unwrap()).unwrap();
        }
    }
    Ok(())
}

#[test]
fn samples_of_a_track_claim_no_more_bytes_than_the_file_has() {
    let same = |count: i64| (0..count).map(|second| (0, run(second, 20, 10, 1))).collect::<Vec<_>>();
    build(1, &same(10)).unwrap();
    let refused = build(1, &same(11)).unwrap_err();
    let BuildError::Overlap { track: 1, offset: 20, claimed: 110, length: 100 } = refused else { panic!("{refused}") };
    assert_eq!(
        refused.to_string(),
        "overlapping samples: up to the one at byte 20, those of track 1 claim 110 bytes, and the file has 100"
    );
    for (run, fits) in [
        (run(0, 0, 10, 10), true),
        (run(0, 0, 10, 11), false),
        (run(0, 0, 0, 100), true),
        (run(0, 0, 0, 101), false),
        (run(0, 0, u32::MAX, u32::MAX), false),
    ] {
        assert_eq!(build(1, &[(0, run.clone())]).is_ok(), fits, "{run:?}");
    }
}

#[test]
fn tracks_may_share_the_bytes_of_a_file_but_not_any_number_of_them() {
    let all = |tracks: usize| (0..tracks).map(|place| (place, run(0, 0, 50, 2))).collect::<Vec<_>>();
    build(8, &all(8)).unwrap();
    let refused = build(9, &all(9)).unwrap_err();
    assert!(matches!(refused, BuildError::Sharing { offset: 0, claimed: 900, length: 100 }), "{refused}");
}

#[test]
fn pages_times_tracks_are_bounded() {
    let tracks = 100_000;
    let mut builder = Builder::new((0..tracks).map(track).collect());
    for page in 0..10 {
        builder.samples(0, run(10 * page, 0, 1, 1)).unwrap();
    }
    let refused = builder.samples(0, run(100, 0, 1, 1)).unwrap_err();
    assert!(matches!(refused, BuildError::Parts { pages: 11, tracks: 100_000 }), "{refused}");
}
