//! Pages come back as they were, are short, and refuse what they are not.

use proptest::prelude::*;

use super::hour;
use crate::index::{Container, Element, FORMAT, Outline, Page, PageTrack};
use crate::media::{Chapter, Edit, Interval, Kind, Private, Run, Ticks, Time};

/// Numbers of all magnitudes.
fn any_number() -> impl Strategy<Value = i64> {
    (any::<i64>(), 0..64u32).prop_map(|(value, shift)| value >> shift)
}

prop_compose! {
    fn any_run()(
        (decode, composition, duration, offset) in (any_number(), any_number(), any_number(), any_number()),
        (size, count, sync, first, second) in
            (any::<u32>(), prop_oneof![Just(1), 1..=u32::MAX], any::<bool>(), 0..=Private::MAX_FIRST, any::<u8>()),
    ) -> Run {
        Run {
            decode: Ticks(decode),
            composition: Ticks(composition),
            duration: Ticks(duration),
            offset: offset.cast_unsigned(),
            size,
            count,
            sync,
            disposable: false,
            private: Private::new(first, second),
        }
    }
}

/// A track whose runs are wild, or, more like in a file, go on where the one before ends, in time at least.
fn any_track(number: u32) -> impl Strategy<Value = PageTrack> {
    let runs = (proptest::collection::vec(any_run(), 0..20), any::<bool>()).prop_map(|(mut runs, tame)| {
        let mut end = None;
        for run in runs.iter_mut().filter(|_| tame) {
            run.decode = end.unwrap_or(run.decode);
            run.duration = Ticks(run.duration.0.rem_euclid(4) * 512);
            run.composition = Ticks(run.composition.0.rem_euclid(3) * 512 - 512);
            run.offset %= 10_000;
            run.size %= 1_000;
            (run.count, run.private) = (1, Private::NONE);
            end = Some(run.decode_end());
        }
        runs
    });
    (0..=number, runs).prop_map(move |(before, runs)| PageTrack { before: (before < number).then_some(before), runs })
}

prop_compose! {
    fn any_element()(offset in any_number(), size in any::<u64>(), header in any::<u32>(), time in any_number(), kept in proptest::collection::vec(any::<u8>(), 0..20)) -> Element {
        Element { offset: offset.cast_unsigned(), size, header, time: Ticks(time), kept: kept.into() }
    }
}

fn any_page() -> impl Strategy<Value = Page> {
    any::<u32>().prop_flat_map(|number| {
        let tracks = proptest::collection::vec(any_track(number), 0..5);
        let elements = proptest::collection::vec(any_element(), 0..5);
        (tracks, elements).prop_map(move |(tracks, elements)| Page { number, tracks, elements })
    })
}

proptest! {
    #[test]
    fn a_page_comes_back_as_it_was(page in any_page()) {
        prop_assert_eq!(Page::unpack(page.number, &page.pack()).unwrap(), page);
    }

    #[test]
    fn arbitrary_bytes_are_a_page_or_refused(number in any::<u32>(), bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Page::unpack(number, &bytes);
        let _ = Outline::unpack(&bytes);
    }

    #[test]
    fn a_damaged_page_is_a_page_or_refused(page in any_page(), place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut packed = page.pack().to_vec();
        let place = place.index(packed.len());
        packed[place] = byte;
        let _ = Page::unpack(page.number, &packed);
    }
}

#[test]
fn a_page_cut_short_or_with_more_behind_it_is_refused() {
    let pages = hour::build(&hour::samples(50)[..3000]);
    let bytes = &pages[1].bytes;
    assert!(Page::unpack(1, bytes).is_ok());
    for length in 0..bytes.len() {
        assert!(Page::unpack(1, &bytes[..length]).is_err(), "{length} bytes");
    }
    assert!(Page::unpack(1, &[bytes, &[0][..]].concat()).is_err());
}

#[test]
fn a_page_that_claims_more_runs_than_it_may_have_is_refused() {
    let run = Run { count: 1, ..hour::samples(50)[0].1.clone() };
    let track = |runs| PageTrack { before: None, runs: vec![run.clone(); runs] };
    for (runs, sound) in [([1 << 17, 0], true), ([1 << 16, 1 << 16], true), ([1 << 17, 1], false)] {
        let page = Page { number: 1, tracks: runs.map(track).to_vec(), elements: Vec::new() };
        let packed = page.pack();
        assert!(packed.len() < 100, "{} bytes", packed.len());
        assert_eq!(Page::unpack(1, &packed).is_ok(), sound, "{runs:?}");
    }
}

#[test]
fn an_hour_is_two_and_a_half_bytes_a_sample_at_most() {
    for group_of_pictures in [50, 250] {
        let samples = hour::samples(group_of_pictures);
        let pages = hour::build(&samples);
        let bytes: usize = pages.iter().map(|page| page.bytes.len()).sum();
        // The goal is 2.5. This is what the way of packing gives; more would mean that a column lost its way.
        assert!(bytes * 100 < samples.len() * 155, "{bytes} bytes for {} samples", samples.len());
        let largest = pages.iter().map(|page| page.bytes.len()).max().unwrap();
        assert!(largest < 1200, "{largest} bytes in one page");
    }
}

#[test]
fn an_outline_comes_back_and_one_of_another_format_is_refused() {
    let mut track = hour::track(Kind::Audio, 48_000);
    track.edits = vec![Edit { duration: None, media: Some(Ticks(1024)) }];
    let outline = Outline {
        container: Container::named("mp4"),
        mime: "audio/mp4".to_owned(),
        duration: Time::from_secs(10),
        tracks: vec![track],
        setup: Vec::new(),
        setup_ranges: vec![0..1651, 2000..2001],
        elements: false,
        chapters: vec![Chapter {
            titles: vec!["Präludium".to_owned(), "Prelude".to_owned()],
            ids: vec!["12648430".to_owned()],
            interval: Interval::new(Time::from_secs(3), Time::from_secs(7)).unwrap(),
        }],
        created: Some(1_287_732_833_000_000_000),
        pages: 2,
        notes: vec!["a note".to_owned()],
        segments: None,
        format: FORMAT,
    };
    let packed = outline.pack();
    assert_eq!(Outline::unpack(&packed).unwrap(), outline);
    let before = [&[6], &packed[1..]].concat();
    assert_eq!(Outline::unpack(&before).unwrap(), Outline { format: 6, ..outline.clone() });
    // An earlier one ends here.
    let before = [&[5], &packed[1..packed.len() - 1]].concat();
    assert_eq!(Outline::unpack(&before).unwrap(), Outline { format: 5, ..outline });
    let other = [&[99], &packed[1..]].concat();
    assert!(Outline::unpack(&other).unwrap_err().to_string().contains("format 99"));
    for length in 0..packed.len() {
        assert!(Outline::unpack(&packed[..length]).is_err(), "{length} bytes");
    }
}
