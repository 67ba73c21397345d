//! Invariant 5: every cut plays, as far as that can be checked without a decoder. It has the samples that are presented
//! in the interval, bit by bit, each group from its sync sample on, and presents them at the same times as the
//! original. A `Range` of it selects bytes of the cut's own file.

use std::ops::Range;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use reelspan_engine::fragment::resolve::{Cut, MediaPart};
use reelspan_engine::media::{Interval, Kind, Run, Ticks, Time};

use super::config;
use super::engine::{Indexed, assemble};
use super::film::{Film, Track, films};
use super::ranges::{Covering, check};
use super::requests::{ask, consecutive, names, points};

type Checked<T = ()> = Result<T, TestCaseError>;

/// A track of a cut: the original's track, and the samples of it that the cut has, each with its position in the cut.
struct Taken<'f> {
    track: &'f Track,
    place: usize,
    samples: Vec<(usize, Run)>,
}

/// Whether the cut is empty because nothing is presented at that time.
fn is_empty(part: &MediaPart) -> bool {
    part.selected.iter().all(|selected| selected.runs.is_empty())
}

/// The cut's file, its index, and the samples it has of each track. Each sample equals one of the original's bit by
/// bit, except for the relative time of a Matroska block.
fn taken<'f>(film: &'f Film, part: &MediaPart) -> Checked<(Indexed, Vec<Taken<'f>>)> {
    let file = assemble(&film.file, &part.file.splice);
    let cut = Indexed::of(&file);
    prop_assert_eq!(&cut.outline.notes, &Vec::<String>::new());
    let mut all = Vec::new();
    for (place, found) in cut.outline.tracks.iter().enumerate() {
        let track = film.tracks.iter().find(|track| u64::from(track.number) == found.id).unwrap();
        let mut samples = Vec::new();
        for run in cut.samples(place) {
            let block = file.slice(run.offset as usize..run.bytes().end as usize);
            // A relative time of two bytes, and one byte of flags.
            let start = if film.is_matroska() { usize::from(run.private.second()) + 3 } else { 0 };
            let [number, a, b, c] = *block[start..].first_chunk().unwrap();
            prop_assert_eq!(number, track.number);
            let number = u32::from_be_bytes([0, a, b, c]) as usize;
            let original = &track.samples[number];
            prop_assert!(same(film, &original.bytes, &block, run.private.second()), "sample {number}");
            prop_assert_eq!(run.sync, original.sync);
            samples.push((number, run));
        }
        prop_assert!(samples.windows(2).all(|pair| pair[0].0 < pair[1].0), "they are not in order");
        all.push(Taken { track, place, samples });
    }
    Ok((cut, all))
}

fn same(film: &Film, original: &Range<u64>, block: &Bytes, header: u8) -> bool {
    let original = film.file.slice(original.start as usize..original.end as usize);
    if !film.is_matroska() {
        return original == block;
    }
    let times = usize::from(header)..usize::from(header) + 2;
    original.len() == block.len() && (0..block.len()).all(|at| times.contains(&at) || original[at] == block[at])
}

/// A decoder has what it needs: the first sample is a sync sample, and between consecutive samples nothing is left out
/// except what precedes a sync sample, the leading pictures of the group, or pictures to which none refers.
fn check_decodes(Taken { track, samples, .. }: &Taken<'_>) -> Checked {
    let numbers: Vec<usize> = samples.iter().map(|(number, _)| *number).collect();
    let Some(first) = numbers.first() else { return Ok(()) };
    prop_assert!(track.samples[*first].sync, "track {} begins with sample {first}", track.number);
    for pair in numbers.windows(2).filter(|pair| pair[1] != pair[0] + 1) {
        let sync = &track.samples[pair[0]];
        let leading = |number: usize| track.samples[number].presentation < sync.presentation;
        let unneeded = |number: usize| {
            let leads = sync.sync && track.kind == Kind::Video && leading(number);
            leads || track.samples[number].disposable
        };
        let skipped = (pair[0] + 1..pair[1]).all(unneeded);
        prop_assert!(track.samples[pair[1]].sync || skipped, "track {}: from {} to {}", track.number, pair[0], pair[1]);
    }
    Ok(())
}

/// What a player shows of an MP4 track: each sample, and when it begins on the timeline, in the track's ticks.
fn shown(cut: &Indexed, Taken { track, place, samples }: &Taken<'_>) -> Vec<(usize, Ticks)> {
    let mut shown = Vec::new();
    let mut at = Ticks::ZERO;
    for edit in &cut.outline.tracks[*place].edits {
        let duration = edit.duration.unwrap();
        if let Some(media) = edit.media {
            for (number, run) in samples {
                // If leading pictures are left out, a table can only extend the duration of the sample before them.
                let lasts = track.samples[*number].duration;
                let (start, end) = (run.presentation(), run.presentation() + lasts);
                if end > media && start < media + duration {
                    shown.push((*number, at + start - media));
                }
            }
        }
        at += duration;
    }
    shown
}

/// An MP4 shows exactly what the original shows, at exactly the same times, to within a tick if nothing precedes it in
/// the edit list. A picture or a text that is visible when the cut begins is the first one of the cut, unless several
/// edits show it.
fn check_shown_exactly(cut: &Indexed, taken: &Taken<'_>, given: Interval) -> Checked {
    let track = taken.track;
    let (from, to) = (track.timescale.ticks(given.start()), track.timescale.ticks(given.end()));
    // Anything shorter than a tick is within one.
    let to = to.max(from + Ticks(1));
    let slack = i64::from(cut.outline.tracks[taken.place].edits.len() > 1);
    let shown = shown(cut, taken);
    let edits = &cut.outline.tracks[taken.place].edits;
    let begins = track.kind != Kind::Audio && edits.iter().filter(|edit| edit.media.is_some()).count() == 1;
    let presented = |number: usize| {
        let found = track.timeline().find(|(presented, ..)| *presented == number);
        found.map(|(_, whole, part)| (whole, part.start.max(from)..part.end.min(to)))
    };
    for (number, time) in &shown {
        let Some((whole, part)) = presented(*number) else { panic!("sample {number} is not presented") };
        let near = |start: Ticks| (*time - (start - from)).0.abs() <= slack;
        prop_assert!(
            near(whole.start) || begins && near(part.start),
            "sample {number} at {time:?}, not {whole:?} - {from:?}"
        );
        prop_assert!((part.end - part.start).0 > -slack, "sample {number} is not in {given}");
    }
    for (number, _) in &taken.samples {
        let needed = !track.samples[*number].disposable || shown.iter().any(|(shown, _)| shown == number);
        prop_assert!(needed, "sample {number} is neither shown in {given} nor needed for decoding");
    }
    let before = shown.iter().map(|(_, time)| *time).filter(|time| *time <= Ticks(slack)).max();
    prop_assert!(!begins || before.is_none_or(|last| last.0 >= -slack), "nothing begins with the cut");
    for (number, _, part) in track.timeline() {
        let lasts = (part.end.min(to) - part.start.max(from)).0;
        let missing = lasts > slack && !shown.iter().any(|(shown, _)| *shown == number);
        prop_assert!(!missing, "track {}: sample {number} is missing", track.number);
    }
    Ok(())
}

/// A Matroska file has all samples whose presentation begins in the requested interval; of those after it, it has only
/// the ones that pictures in the interval refer to.
fn check_has_all(taken: &Taken<'_>, given: Interval, asked: Interval) -> Checked {
    let track = taken.track;
    let zero = track.timescale.ticks(given.start());
    let (from, to) = (track.timescale.ticks(asked.start()), track.timescale.ticks(asked.end()));
    for (number, run) in &taken.samples {
        let original = track.samples[*number].presentation;
        prop_assert_eq!(run.presentation(), original - zero, "sample {}", number);
    }
    let has = |number: usize| taken.samples.iter().any(|(taken, _)| *taken == number);
    let within = |number: &usize| (from..to).contains(&track.samples[*number].presentation);
    for number in (0..track.samples.len()).filter(within) {
        prop_assert!(has(number), "track {}: sample {number} is missing", track.number);
    }
    let last = taken.samples.last().map(|(number, _)| track.samples[*number].presentation);
    // An interval shorter than a tick has the picture that contains it.
    let behind = to.max(from + Ticks(1));
    prop_assert!(last.is_none_or(|last| last < behind), "track {} ends behind {asked}", track.number);
    Ok(())
}

/// The tolerance for the duration of a cut: a tick. In Matroska, where nothing is trimmed, the last picture and those
/// that it refers to.
fn slack(film: &Film) -> Time {
    if film.is_matroska() {
        return Time(4 * longest(film).0);
    }
    film.tracks.iter().map(|track| track.timescale.time(Ticks(1))).max().unwrap()
}

/// The duration of the longest sample.
fn longest(film: &Film) -> Time {
    let longest = |track: &Track| track.samples.iter().map(|sample| sample.duration).max().unwrap();
    film.tracks.iter().map(|track| track.timescale.time(longest(track))).max().unwrap()
}

fn check_cut(film: &Film, part: &MediaPart, asked: Interval) -> Checked {
    if is_empty(part) {
        return Ok(());
    }
    let (cut, tracks) = taken(film, part)?;
    let given = part.given;
    prop_assert!(given.start() <= asked.start());
    prop_assert_eq!(&cut.outline.mime, &part.mime);
    for taken in &tracks {
        check_decodes(taken)?;
        if film.is_matroska() {
            check_has_all(taken, given, asked)?;
        } else {
            prop_assert_eq!(given.start(), asked.start());
            check_shown_exactly(&cut, taken, given)?;
        }
    }
    let off = (cut.outline.duration - given.duration()).0.abs();
    prop_assert!(
        !film.is_timed() || off <= slack(film).0,
        "it lasts {}, not {}",
        cut.outline.duration,
        given.duration()
    );
    Ok(())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_cut_plays_what_was_asked_for(film in films(), at in prop::collection::vec(points(), 1..4)) {
        let indexed = Indexed::of(&film.file);
        let times: Vec<Time> = at.iter().map(|point| point.of(&film)).collect();
        let named = names(&film);
        for name in named.iter().map(|(name, _)| Some(name.as_str())).chain([None]) {
            for asked in consecutive(times.clone(), indexed.outline.duration) {
                if let Cut::Part(part) = indexed.cut(&ask(name, Some(asked))) {
                    check_cut(&film, &part, asked)?;
                }
            }
        }
    }

    #[test]
    fn a_range_of_a_cut_is_of_the_file_that_it_is(
        film in films(),
        of in prop::collection::vec(points(), 0..3),
        at in prop::collection::vec(0..1_000_000_i64, 0..4),
    ) {
        let indexed = Indexed::of(&film.file);
        let times: Vec<Time> = of.iter().map(|point| point.of(&film)).collect();
        let named = names(&film);
        let asks = named.iter().map(|(name, _)| Some(name.as_str())).chain([None]);
        for (name, asked) in asks.flat_map(|name| {
            consecutive(times.clone(), indexed.outline.duration).into_iter().map(move |interval| (name, interval))
        }) {
            let Cut::Part(part) = indexed.cut(&ask(name, Some(asked))) else { continue };
            if is_empty(&part) {
                continue;
            }
            let (fresh, tracks) = taken(&film, &part)?;
            let derived = indexed.of_part(&part);
            let tick = film.tracks.iter().map(|track| track.timescale.time(Ticks(1))).max().unwrap();
            // Two times that are a tick apart may differ by a nanosecond more.
            let tick = tick + Time(1);
            let near = |one: Time, other: Time| !film.is_timed() || (one - other).0.abs() <= tick.0;
            let off = (derived.outline.duration - fresh.outline.duration).0.abs();
            prop_assert!(!film.is_timed() || off <= slack(&film).0, "{} for {}", derived.outline.duration, fresh.outline.duration);
            prop_assert_eq!(derived.outline.elements, fresh.outline.elements);
            // If leading pictures are left out, the cut's tables extend the duration of the one before them until the
            // next.
            let whole = tracks.iter().flat_map(|taken| taken.samples.windows(2)).all(|pair| pair[0].0 + 1 == pair[1].0);
            let duration = derived.outline.duration;
            let mut laid = Covering::new(part.file.splice.len() as usize);
            laid.lay(&derived.outline.setup_ranges)?;
            let inner = at.iter().map(|millionths| Time((i128::from(duration.0) * i128::from(*millionths) / 1_000_000) as i64));
            for interval in consecutive(inner.collect(), duration) {
                let ask = ask(None, Some(interval));
                let (one, other) = (derived.cover_of(&part, &ask), fresh.cover(&ask));
                match (one, other) {
                    (Ok((ranges, given)), Ok((_, anew))) => {
                        check(&ranges, given, interval, &derived.outline)?;
                        laid.lay(&ranges)?;
                        let ends = !film.is_timed() || !whole || (given.end() - anew.end()).0.abs() <= slack(&film).max(tick).0;
                        prop_assert!(near(given.start(), anew.start()) && ends, "{given}, anew {anew}");
                    }
                    (Ok((ranges, _)), Err(_)) => laid.lay(&ranges)?,
                    (Err(_), Err(_)) => {}
                    // Anything shorter than a tick may be in the tick after the end.
                    (Err(why), Ok((_, anew))) => prop_assert!(
                        near(anew.duration(), Time::ZERO) || interval.duration() < tick,
                        "{why}, anew {anew}"
                    ),
                }
            }
            for (_, run) in tracks.iter().flat_map(|taken| &taken.samples) {
                prop_assert!(laid.has(&run.bytes()), "{name:?} {asked}: {run:?}");
            }
        }
    }
}
