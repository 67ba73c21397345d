//! Invariants 2 and 3: consecutive time ranges, written at their offsets together with the setup, cover every byte of
//! media correctly; and so do those of each track.

use std::ops::Range;

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use reelspan_engine::fragment::resolve::{self, Cut};
use reelspan_engine::index::Outline;
use reelspan_engine::media::splice::Piece;
use reelspan_engine::media::{Interval, Time};

use super::config;
use super::engine::Indexed;
use super::film::{Film, Track, films};
use super::requests::{ask, consecutive, names, points};

/// The maximum number of ranges in an answer, including the setup.
const MOST: usize = 64;

type Checked<T = ()> = Result<T, TestCaseError>;

/// The bytes of a file that have been received.
pub struct Covering(Vec<bool>);

impl Covering {
    pub fn new(length: usize) -> Self {
        Self(vec![false; length])
    }

    /// Writes ranges, which are in the file, at their offsets.
    pub fn lay(&mut self, ranges: &[Range<u64>]) -> Checked {
        for range in ranges {
            prop_assert!(range.start < range.end && range.end <= self.0.len() as u64, "{range:?} of {}", self.0.len());
            self.0[range.start as usize..range.end as usize].fill(true);
        }
        Ok(())
    }

    pub fn has(&self, bytes: &Range<u64>) -> bool {
        self.0[bytes.start as usize..bytes.end as usize].iter().all(|laid| *laid)
    }
}

/// Checks the properties of every answer to a time range.
pub fn check(ranges: &[Range<u64>], given: Interval, asked: Interval, outline: &Outline) -> Checked {
    let duration = outline.duration;
    prop_assert!(!ranges.is_empty());
    prop_assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start), "{ranges:?}");
    let with_setup = resolve::setup(outline, ranges.to_vec());
    prop_assert!(with_setup.len() <= MOST, "{} ranges", with_setup.len());
    let mut sorted = with_setup;
    sorted.sort_unstable_by_key(|range| range.start);
    prop_assert!(sorted.windows(2).all(|pair| pair[0].end <= pair[1].start), "{sorted:?}");
    prop_assert!(given.start() <= asked.start(), "given from {}, asked from {}", given.start(), asked.start());
    prop_assert!(given.end() >= asked.end().min(duration), "given to {}, asked to {}", given.end(), asked.end());
    prop_assert!(given.end() <= duration);
    Ok(())
}

/// Whether the track presents anything for longer than a tick in the interval.
fn presents(track: &Track, interval: Interval) -> bool {
    let (start, end) = (track.timescale.ticks(interval.start()), track.timescale.ticks(interval.end()));
    track.timeline().any(|(_, _, shown)| shown.end.min(end).0 - shown.start.max(start).0 > 1)
}

/// Writes the answers to all these intervals, for the tracks with this name.
fn lay(
    film: &Film,
    indexed: &Indexed,
    name: Option<&str>,
    places: &[usize],
    intervals: &[Interval],
) -> Checked<Covering> {
    let outline = &indexed.outline;
    let mut laid = Covering::new(film.file.len());
    laid.lay(&outline.setup_ranges)?;
    for asked in intervals {
        let (ranges, given) = match indexed.cover(&ask(name, Some(*asked))) {
            Ok(covered) => covered,
            Err(why) => {
                // If the file does not contain the durations of samples, a gap is undefined.
                let any = places.iter().any(|place| presents(&film.tracks[*place], *asked));
                prop_assert!(!any || !film.is_timed(), "{asked}: {why}");
                continue;
            }
        };
        check(&ranges, given, *asked, outline)?;
        if !film.elements.is_empty() {
            let whole = |range: &Range<u64>| {
                film.elements.iter().any(|element| element.start == range.start)
                    && film.elements.iter().any(|element| element.end == range.end)
            };
            prop_assert!(ranges.iter().all(whole), "{ranges:?} are not whole elements");
        }
        laid.lay(&ranges)?;
    }
    Ok(laid)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn consecutive_time_ranges_cover_every_byte_of_media(film in films(), at in prop::collection::vec(points(), 0..12)) {
        let indexed = Indexed::of(&film.file);
        prop_assert_eq!(&indexed.outline.notes, &Vec::<String>::new());
        let off = (indexed.outline.duration - film.duration()).0.abs();
        prop_assume!(indexed.outline.duration > Time::ZERO);
        prop_assert!(!film.is_timed() || off <= film.tick().0, "{} for {}", indexed.outline.duration, film.duration());
        let times: Vec<Time> = at.iter().map(|point| point.of(&film)).collect();
        let all: Vec<usize> = (0..film.tracks.len()).collect();
        let laid = lay(&film, &indexed, None, &all, &consecutive(times, indexed.outline.duration))?;
        for sample in film.samples_of(&all) {
            prop_assert!(laid.has(&sample.bytes), "{:?} at {:?}", sample.bytes, sample.presentation);
        }
    }

    #[test]
    fn consecutive_time_ranges_of_a_track_cover_every_byte_of_it(film in films(), at in prop::collection::vec(points(), 0..6)) {
        let indexed = Indexed::of(&film.file);
        prop_assume!(indexed.outline.duration > Time::ZERO);
        let times: Vec<Time> = at.iter().map(|point| point.of(&film)).collect();
        let intervals = consecutive(times, indexed.outline.duration);
        for (name, places) in names(&film) {
            let laid = lay(&film, &indexed, Some(&name), &places, &intervals)?;
            for sample in film.samples_of(&places) {
                prop_assert!(laid.has(&sample.bytes), "track {name}: {:?} at {:?}", sample.bytes, sample.presentation);
            }
        }
    }

    #[test]
    fn the_tracks_together_cover_every_byte_of_media(film in films()) {
        let indexed = Indexed::of(&film.file);
        let duration = indexed.outline.duration;
        prop_assume!(duration > Time::ZERO);
        let whole = Interval::new(Time::ZERO, duration).unwrap();
        let mut together = Covering::new(film.file.len());
        for (name, places) in names(&film) {
            let (ranges, given) = indexed.cover(&ask(Some(&name), None)).map_err(TestCaseError::fail)?;
            check(&ranges, given, whole, &indexed.outline)?;
            together.lay(&ranges)?;
            let mut alone = Covering::new(film.file.len());
            alone.lay(&ranges)?;
            prop_assert!(film.samples_of(&places).all(|sample| alone.has(&sample.bytes)), "track {name}");
        }
        let all: Vec<usize> = (0..film.tracks.len()).collect();
        prop_assert!(film.samples_of(&all).all(|sample| together.has(&sample.bytes)));
    }

    #[test]
    fn a_cut_of_a_track_has_no_byte_of_another(film in films(), at in prop::collection::vec(points(), 0..3)) {
        let indexed = Indexed::of(&film.file);
        let times: Vec<Time> = at.iter().map(|point| point.of(&film)).collect();
        let intervals = consecutive(times, indexed.outline.duration);
        for (name, places) in names(&film) {
            for time in intervals.iter().map(|interval| Some(*interval)).chain([None]) {
                let Cut::Part(part) = indexed.cut(&ask(Some(&name), time)) else { continue };
                let others: Vec<usize> = (0..film.tracks.len()).filter(|place| !places.contains(place)).collect();
                let mut taken = vec![false; film.file.len()];
                for piece in part.file.splice.pieces() {
                    if let Piece::Source(range) = piece {
                        taken[range.start as usize..range.end as usize].fill(true);
                    }
                }
                for sample in film.samples_of(&others) {
                    let bytes = sample.bytes.start as usize..sample.bytes.end as usize;
                    prop_assert!(!taken[bytes].contains(&true), "track {name}: {:?}", sample.bytes);
                }
            }
        }
    }
}
