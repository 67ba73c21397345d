//! The builder puts every sample where a reader looks for it, in constant memory, and can be written down on the way.

use std::collections::BTreeMap;

use bytes::Bytes;
use proptest::prelude::*;

use super::hour;
use crate::index::{BuildError, Builder, Built, Element, PackedPage, Page, cell, cells};
use crate::media::{Edit, Kind, Private, Run, Ticks, Track};

const SECOND: i64 = 1000;

/// A sample of a second, at this second, of 10 bytes.
fn sample(second: i64) -> Run {
    Run {
        decode: Ticks(second * SECOND),
        composition: Ticks::ZERO,
        duration: Ticks(SECOND),
        offset: second.unsigned_abs() * 10,
        size: 10,
        count: 1,
        sync: true,
        disposable: false,
        private: Private::NONE,
    }
}

fn tracks(count: usize) -> Vec<Track> {
    vec![hour::track(Kind::Video, 1000); count]
}

fn unpack(pages: &[PackedPage]) -> BTreeMap<u32, Page> {
    let unpacked: BTreeMap<_, _> =
        pages.iter().map(|page| (page.number, Page::unpack(page.number, &page.bytes).unwrap())).collect();
    assert_eq!(unpacked.len(), pages.len(), "each page once");
    unpacked
}

/// Builds an index of these samples; now and then the builder is written down, and another goes on from what was written.
fn build(
    count: usize,
    runs: impl IntoIterator<Item = (usize, Run)>,
) -> Result<(BTreeMap<u32, Page>, Vec<Track>), BuildError> {
    let mut builder = Builder::new(tracks(count));
    let mut pages = Vec::new();
    for (place, (track, run)) in (1_usize..).zip(runs) {
        builder.samples(track, run)?;
        pages.append(&mut builder.take_ready());
        if place.is_power_of_two() {
            builder = postcard::from_bytes(&postcard::to_stdvec(&builder).unwrap()).unwrap();
        }
    }
    let last = builder.pages();
    let Built { pages: mut rest, tracks, .. } = builder.finish()?;
    pages.append(&mut rest);
    pages.retain(PackedPage::is_page);
    let pages = unpack(&pages);
    assert_eq!(pages.keys().last().map_or(0, |last| last + 1), last);
    Ok((pages, tracks))
}

/// The samples of a track one by one, each with its page.
fn one_by_one(pages: &BTreeMap<u32, Page>, track: usize) -> Vec<(u32, Run)> {
    let runs = pages.values().flat_map(|page| page.tracks[track].runs.iter().map(|run| (page.number, run)));
    runs.flat_map(|(page, run)| (0..run.count).map(move |n| (page, run.slice(n..n + 1).unwrap()))).collect()
}

#[test]
fn a_long_run_is_split_at_the_grid_and_short_ones_are_joined() {
    let long = Run { decode: Ticks(500), duration: Ticks(3), count: 10_000, ..sample(0) };
    let (whole, totals) = build(1, [(0, long.clone())]).unwrap();
    let singles = (0..long.count).map(|n| (0, long.slice(n..n + 1).unwrap()));
    assert_eq!(build(1, singles).unwrap(), (whole.clone(), totals.clone()));
    assert_eq!(whole.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert!(whole.values().all(|page| page.tracks[0].runs.len() == 1));
    for (page, sample) in one_by_one(&whole, 0) {
        assert_eq!(page, cell(&totals[0], sample.decode));
    }
    assert_eq!((totals[0].samples, totals[0].bytes), (10_000, 100_000));
    assert_eq!(totals[0].presented, (Ticks(500), Ticks(30_500)));
}

#[test]
fn the_grid_is_laid_on_the_presentation_timeline() {
    let mut track = hour::track(Kind::Video, 1000);
    track.edits =
        vec![Edit { duration: Some(Ticks(4_000)), media: None }, Edit { duration: None, media: Some(Ticks(1_000)) }];
    let mut builder = Builder::new(vec![track]);
    builder.samples(0, Run { count: 20, ..sample(0) }).unwrap();
    let mut pages = builder.finish().unwrap().pages;
    pages.retain(PackedPage::is_page);
    let pages = unpack(&pages);
    // Decode time 1 s is presented at 4 s: the first page ends at 7 s.
    assert_eq!(pages[&0].tracks[0].runs[0].count, 7);
    assert_eq!(pages[&2].tracks[0].runs[0].decode, Ticks(17_000));
}

#[test]
fn a_page_is_given_out_when_a_sample_is_nine_cells_ahead() {
    let mut builder = Builder::new(tracks(1));
    for second in 0..90 {
        builder.samples(0, sample(second)).unwrap();
    }
    assert_eq!(builder.take_ready(), []);
    builder.samples(0, sample(90)).unwrap();
    assert_eq!(builder.take_ready().iter().map(|page| page.number).collect::<Vec<_>>(), [0]);
    assert_eq!(builder.take_ready(), []);
    assert_eq!(builder.pages(), 10);
}

#[test]
fn a_late_sample_is_in_the_oldest_open_page_and_the_track_says_so() {
    let early = (0..200).map(|second| (0, sample(second)));
    let late = (0..3).map(|second| (1, sample(5 * second)));
    let (pages, tracks) = build(2, early.chain(late)).unwrap();
    assert_eq!((tracks[0].late, tracks[1].late), (0, 11));
    assert_eq!(pages[&11].tracks[1].runs.len(), 3);
    assert!(cells(&tracks[1], Ticks(0), Ticks(1)).contains(&11));
}

#[test]
fn a_page_names_the_one_with_the_sync_sample_before_it() {
    let picture = |second| Run { sync: second % 25 == 0, ..sample(second) };
    // The second track has nothing between 10 and 40 s, and nothing that syncs from there on.
    let text = [sample(3), Run { sync: false, ..sample(41) }];
    let mut runs: Vec<_> = (0..60).map(|second| (0, picture(second))).chain(text.map(|run| (1, run))).collect();
    runs.sort_by_key(|(_, run)| run.decode);
    let (pages, _) = build(2, runs).unwrap();
    let before = |track: usize| pages.values().map(|page| page.tracks[track].before).collect::<Vec<_>>();
    assert_eq!(before(0), [None, Some(0), Some(0), Some(2), Some(2), Some(2)]);
    assert_eq!(before(1), [None, Some(0), Some(0), Some(0), Some(0), Some(0)]);
}

#[test]
fn an_element_is_in_each_page_that_has_samples_of_it_and_keeps_them_until_it_ends() {
    let mut builder = Builder::new(tracks(1));
    builder.begin_element(100, 12, Ticks(0));
    for second in 0..25 {
        builder.samples(0, sample(second)).unwrap();
    }
    builder.end_element(350);
    builder.begin_element(400, 8, Ticks(25_000));
    for second in 25..200 {
        builder.samples(0, sample(second)).unwrap();
    }
    let ready = builder.take_ready().iter().map(|page| page.number).collect::<Vec<_>>();
    assert_eq!(ready, [0, 1], "page 2 and all later ones lie in an element that has not ended");
    let mut pages = builder.finish().unwrap().pages;
    pages.retain(PackedPage::is_page);
    let pages = unpack(&pages);
    let first = Element { offset: 100, size: 250, header: 12, time: Ticks(0), kept: Bytes::new() };
    let second = Element { offset: 400, size: 1600, header: 8, time: Ticks(25_000), kept: Bytes::new() };
    assert_eq!(pages[&2].elements, [first, second.clone()]);
    assert!((3..20).all(|number| pages[&number].elements == [second.clone()]));
}

#[test]
fn a_hostile_run_costs_little_or_is_refused() {
    let run = |decode, duration, timescale| {
        let mut builder = Builder::new(vec![hour::track(Kind::Video, timescale)]);
        let run = Run { decode: Ticks(decode), duration: Ticks(duration), count: u32::MAX, ..sample(0) };
        let pages = builder.pages();
        assert_eq!(pages, 0);
        builder.samples(0, run)?;
        let Built { pages, tracks, .. } = builder.finish()?;
        let pages = pages.iter().filter(|page| page.is_page()).count();
        Ok::<_, BuildError>((pages, tracks[0].samples))
    };
    let all = u64::from(u32::MAX);
    assert_eq!(run(0, 0, 1000).unwrap(), (1, all));
    assert_eq!(run(0, -5, 1000).unwrap(), (1, all));
    assert_eq!(run(0, 1, 90_000).unwrap(), (4773, all));
    assert_eq!(run(i64::MIN, 1, u32::MAX).unwrap(), (1, all));
    for (decode, duration) in [(0, 1000), (0, i64::MAX), (i64::MIN, i64::MAX), (i64::MAX, 0), (i64::MAX, 1)] {
        assert!(run(decode, duration, 1000).is_err(), "from {decode} by {duration}");
    }
}

#[test]
fn a_page_of_more_than_it_may_be_is_refused() {
    // Nothing is like anything, all in the first cell: 131 072 runs are refused, before that 350 KiB.
    let wild = |n: u64| {
        let mixed = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let number = (mixed ^ mixed >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        Run { offset: number, size: u32::try_from(number >> 33).unwrap(), duration: Ticks(0), ..sample(0) }
    };
    let error =
        |count, duration| build(1, (0..count).map(|n| (0, Run { duration, ..wild(n) }))).unwrap_err().to_string();
    assert!(error(60_000, Ticks(0)).contains("bytes, of at most 358400"));
    assert!(error(200_000, Ticks(0)).contains("131072 runs"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Steps of time from very small to far beyond what stays open, tracks that run apart, times that go back.
    #[test]
    fn every_sample_is_where_a_reader_looks_for_it(
        steps in proptest::collection::vec((0..3usize, prop_oneof![9 => 0..3000i64, 1 => -20_000..200_000i64],
            -2000..5000i64, 1..20u32, any::<bool>()), 1..300),
    ) {
        let mut at = [0; 3];
        let mut fed: [Vec<Run>; 3] = Default::default();
        let mut offset = 0;
        let runs = steps.into_iter().map(|(track, step, composition, count, sync)| {
            at[track] += step;
            let run = Run { decode: Ticks(at[track]), composition: Ticks(composition), duration: Ticks(step.abs()), offset, count, sync, ..sample(0) };
            offset = run.bytes().end;
            at[track] = run.decode_end().0;
            fed[track].extend((0..count).map(|n| run.slice(n..n + 1).unwrap()));
            (track, run)
        });
        let runs: Vec<_> = runs.collect();
        let (pages, tracks) = build(3, runs).unwrap();
        for (number, track) in tracks.iter().enumerate() {
            let found = one_by_one(&pages, number);
            prop_assert_eq!(found.iter().map(|(_, run)| run.clone()).collect::<Vec<_>>(), fed[number].clone());
            let mut synced = None;
            let mut last = None;
            for (page, run) in &found {
                prop_assert!(cells(track, run.presentation(), run.presentation()).contains(page));
                if last != Some(*page) {
                    prop_assert_eq!(pages[page].tracks[number].before, synced);
                }
                synced = if run.sync { Some(*page) } else { synced };
                last = Some(*page);
            }
        }
    }
}
