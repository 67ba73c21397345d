//! The original's bytes for an interval of time.

use std::ops::Range;

use super::pages::{HeldPages, Want};
use super::position::{Span, union};
use super::span::{Bound, find};
use super::{Cover, Dimension, Meaning, Meaningless, ResolveError, When, on_timeline, places, segments};
use crate::container::{self, EditSpan, Merged, Selected};
use crate::index::{Elements, Outline, Pages};
use crate::media::{Interval, Kind, Time, Track};

/// The maximum number of byte ranges in an answer: its header has to pass through gateways.
const MAX_RANGES: usize = 64;
/// Gaps up to this size are sent along if all tracks are requested: they are samples of a track that begins later.
const SMALL_GAP: u64 = 64 << 10;
/// The same if tracks are selected: the gap is not needed, but smaller than the header of another part.
const PART_HEADER: u64 = 128;

/// Resolves a fragment in a `Range` header to byte ranges of the original: from the sync sample at or before its start
/// to the end of the last sample that it needs, in whole elements if the container has elements.
///
/// Together, consecutive intervals from zero to the end give every byte of every sample, including those that an edit
/// list leaves out at the ends.
pub async fn cover(outline: &Outline, pages: &mut impl Pages, meaning: &Meaning) -> Result<Cover, ResolveError> {
    let mut held = HeldPages::new(pages, outline.pages);
    let needed = match needed(outline, &mut held, meaning).await? {
        Ok(needed) => needed,
        Err(why) => return Ok(Cover::Unsatisfiable(why)),
    };
    let ranges = if outline.elements {
        joined(needed.elements.iter().map(|element| element.offset..element.offset + element.size))
    } else {
        joined(Merged::new(&needed.selected).map(|(_, run)| run.bytes()))
    };
    Ok(needed.covered_by(ranges, outline.setup_ranges.len()))
}

/// The byte ranges that a player needs before a fragment of a resource, and those of the fragment, in playing order,
/// without a byte in two of them. Without a fragment, the bytes needed before any.
#[must_use]
pub fn setup(outline: &Outline, fragment: Vec<Range<u64>>) -> Vec<Range<u64>> {
    let setup = outline.setup_ranges.as_slice();
    let setup_stands_before = container::format_of(outline).is_some_and(|format| format.setup_stands_before(outline));
    if setup_stands_before && !fragment.is_empty() {
        setup_in_place(setup, fragment)
    } else {
        setup_first(setup, fragment)
    }
}

/// The whole setup, and then the fragment.
fn setup_first(setup: &[Range<u64>], mut fragment: Vec<Range<u64>>) -> Vec<Range<u64>> {
    for range in setup {
        let without = |part: Range<u64>| [part.start..part.end.min(range.start), part.start.max(range.end)..part.end];
        fragment = fragment.into_iter().flat_map(without).filter(|part| part.start < part.end).collect();
    }
    setup.iter().filter(|range| range.start < range.end).cloned().chain(fragment).collect()
}

/// The setup that the fragment needs, each range of it before what needs it.
fn setup_in_place(setup: &[Range<u64>], fragment: Vec<Range<u64>>) -> Vec<Range<u64>> {
    let ends = |at: usize| setup.get(at + 1).map_or(u64::MAX, |next| next.start);
    let needed = |(at, range): &(usize, &Range<u64>)| {
        fragment.iter().any(|part| part.start < ends(*at) && range.start < part.end)
    };
    let needed: Vec<_> = setup.iter().enumerate().filter(needed).map(|(_, range)| range.clone()).collect();
    let mut ranges = setup_first(&needed, fragment);
    ranges.sort_unstable_by_key(|range| range.start);
    ranges
}

/// The samples that a fragment needs.
pub(super) struct Needed {
    pub selected: Vec<Selected>,
    /// The elements that contain them.
    elements: Elements,
    /// The interval that they contain.
    given: Interval,
    /// Gaps between them up to this size are sent along.
    gap: u64,
}

impl Needed {
    /// The answer, if these bytes contain the samples, with up to `setup` additional ranges of setup.
    pub fn covered_by(self, ranges: Vec<Range<u64>>, setup: usize) -> Cover {
        // Each range of setup adds one, and may split another in two.
        let most = MAX_RANGES.saturating_sub(2 * setup).max(1);
        Cover::Ranges { ranges: join(ranges, self.gap, most), given: self.given }
    }
}

/// The samples that a fragment needs; the inner error says why there are none.
pub(super) async fn needed(
    outline: &Outline,
    held: &mut HeldPages<'_, impl Pages>,
    meaning: &Meaning,
) -> Result<Result<Needed, String>, ResolveError> {
    if meaning.tracks.is_none()
        && let Some(Meaningless { dimension: dimension @ Dimension::Track(_), why }) =
            meaning.without.iter().find(|without| matches!(without.dimension, Dimension::Track(_)))
    {
        return Ok(Err(format!("{dimension}: {why}")));
    }
    if let Some(Meaningless { dimension, why }) =
        meaning.without.iter().find(|without| matches!(without.dimension, Dimension::Id(_)))
    {
        return Ok(Err(format!("{dimension}: {why}")));
    }
    let Some(asked) = meaning.interval(outline) else {
        let why = match meaning.when {
            When::Never => {
                "it ends before it begins, is over before the file begins, or has no time in common".to_owned()
            }
            _ => format!("the range is after the end, at {} seconds", outline.duration),
        };
        return Ok(Err(why));
    };
    let chosen = meaning.places(outline);
    let mut wants = Vec::with_capacity(chosen.len());
    for (place, track) in places(outline, &chosen) {
        let spans = spans(held, place, track, asked, outline.duration).await?;
        wants.push(Want::of(place, union(spans)));
    }
    let (runs, elements) = held.collect(&wants, outline.elements).await?;
    let selected = wants.iter().zip(runs);
    let selected = selected.map(|(want, runs)| Selected { track: want.place, runs, segments: Vec::new() });
    let mut selected: Vec<Selected> = selected.collect();
    selected.retain(|track| !track.runs.is_empty());
    let gap = if meaning.tracks.is_some() { PART_HEADER } else { SMALL_GAP };
    Ok(match interval_of(outline, &selected, asked) {
        Some(given) if !selected.is_empty() => Ok(Needed { selected, elements, given, gap }),
        _ => Err(format!("there is nothing at {asked} seconds")),
    })
}

/// The samples of a track that are presented in an interval, or adjacent to its beginning or end: samples that an edit
/// list leaves out at either end belong to those presented there. The file ends at `end`.
async fn spans(
    held: &mut HeldPages<'_, impl Pages>,
    place: usize,
    track: &Track,
    asked: Interval,
    end: Time,
) -> Result<Vec<Span>, ResolveError> {
    // In ticks: a range before the first one or after the last may be too short to present anything, and the file may
    // end within a tick.
    let ticks = |time| track.timescale.ticks(time);
    let (first, last) = track.span();
    let last = last.min(end);
    let (from_first, to_last) = (ticks(asked.start()) <= ticks(first), ticks(asked.end()) >= ticks(last));
    let segments = segments(track, asked);
    let presented = segments.iter().filter_map(|EditSpan { duration, media }| Some(((*media)?, *duration)));
    let mut bounds: Vec<_> =
        presented.map(|(media, duration)| (Bound::At(media), Bound::At(media + duration))).collect();
    // A track has no duration if nothing gives that of its only sample.
    let instant = track.presented.0 == track.presented.1;
    if instant && to_last && ticks(asked.start()) <= ticks(last) {
        bounds.push((Bound::Open, Bound::Open));
    }
    if let Some((from, _)) = bounds.first_mut().filter(|_| from_first) {
        *from = Bound::Open;
    }
    if let Some((_, to)) = bounds.last_mut().filter(|_| to_last) {
        *to = Bound::Open;
    }
    let mut spans = Vec::with_capacity(bounds.len());
    for (from, to) in bounds {
        spans.extend(find(held, place, track, from, to).await?);
    }
    Ok(spans)
}

/// The part of the presentation in these samples: from the beginning of the video (else of the earliest track) to the
/// end of the last sample.
fn interval_of(outline: &Outline, selected: &[Selected], asked: Interval) -> Option<Interval> {
    let mut video = None;
    let mut start = None;
    let mut end = asked.end();
    for (selected, track) in selected.iter().filter_map(|part| Some((part, outline.tracks.get(part.track)?))) {
        let begins = selected.runs.iter().map(|run| run.presentation()).min().map(|time| on_timeline(track, time));
        let ends = selected.runs.iter().map(|run| run.decode_end() + run.composition).max();
        end = end.max(ends.map_or(Time::ZERO, |time| on_timeline(track, time)));
        start = start.into_iter().chain(begins).min();
        if track.kind == Kind::Video {
            video = video.into_iter().chain(begins).min();
        }
    }
    let start = video.or(start)?.clamp(Time::ZERO, asked.start());
    Interval::new(start, end.min(outline.duration))
}

/// Joins each range with the previous one if they touch or overlap: few remain of a file's samples.
pub(super) fn joined(ranges: impl Iterator<Item = Range<u64>>) -> Vec<Range<u64>> {
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges.filter(|range| range.start < range.end) {
        match joined.last_mut() {
            Some(last) if last.start <= range.start && range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}

/// Ranges in ascending order, joined if they touch or the gap is small; then the smallest gaps are bridged until at
/// most `most` ranges remain.
fn join(mut ranges: Vec<Range<u64>>, small: u64, most: usize) -> Vec<Range<u64>> {
    ranges.retain(|range| range.start < range.end);
    ranges.sort_unstable_by_key(|range| range.start);
    let ranges = bridge(ranges, |gap, _| gap <= small);
    let Some(excess) = ranges.len().checked_sub(most).filter(|excess| *excess > 0) else { return ranges };
    let gap = |(at, pair): (usize, &[Range<u64>])| Some((pair.last()?.start - pair.first()?.end, at));
    let mut gaps: Vec<(u64, usize)> = ranges.windows(2).enumerate().filter_map(gap).collect();
    // Gaps may be equal, and bridging all but `most` may be too many: the first of them are bridged.
    let (_, last, _) = gaps.select_nth_unstable(excess - 1);
    let last = *last;
    bridge(ranges, |gap, at| (gap, at) <= last)
}

/// Joins ranges in ascending order if they overlap, or if `bridges` accepts the gap, by its size and its position in
/// the list.
fn bridge(ranges: Vec<Range<u64>>, bridges: impl Fn(u64, usize) -> bool) -> Vec<Range<u64>> {
    let mut bridged: Vec<Range<u64>> = Vec::with_capacity(ranges.len().min(1024));
    for (at, range) in ranges.into_iter().enumerate() {
        match bridged.last_mut() {
            Some(last) if range.start <= last.end || bridges(range.start - last.end, at - 1) => {
                last.end = last.end.max(range.end);
            }
            _ => bridged.push(range),
        }
    }
    bridged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_gaps_are_bridged_first() {
        let ranges = vec![0..10, 500..510, 20..30, 5..12, 100..110, 30..30];
        assert_eq!(join(ranges.clone(), 0, 9), [0..12, 20..30, 100..110, 500..510]);
        assert_eq!(join(ranges.clone(), 0, 3), [0..30, 100..110, 500..510]);
        assert_eq!(join(ranges.clone(), 0, 1), [0..510]);
        assert_eq!(join(ranges, 70, 9), [0..110, 500..510]);
        let even: Vec<_> = (0..100).map(|at| at * 10..at * 10 + 5).collect();
        assert_eq!(join(even, 0, 64).len(), 64, "gaps of one size");
    }

    #[test]
    fn setup_comes_first_and_no_byte_comes_twice() {
        type Ranges<'a> = &'a [Range<u64>];
        let cases: [(Ranges, Ranges, Ranges); 5] = [
            (&[0..10], &[10..20, 30..40], &[0..10, 10..20, 30..40]),
            (&[0..10, 90..99], &[10..20], &[0..10, 90..99, 10..20]),
            (&[0..10, 50..60], &[20..80], &[0..10, 50..60, 20..50, 60..80]),
            (&[0..30], &[10..20, 25..40], &[0..30, 30..40]),
            (&[], &[10..20], &[10..20]),
        ];
        for (first, fragment, expected) in cases {
            assert_eq!(setup_first(first, fragment.to_vec()), expected, "{first:?} {fragment:?}");
        }
    }

    #[test]
    fn a_link_of_a_chain_has_its_own_setup_before_it() {
        type Ranges<'a> = &'a [Range<u64>];
        let links = [0..10, 100..110, 200..210];
        let cases: [(Ranges, Ranges); 6] = [
            (&[20..30], &[0..10, 20..30]),
            (&[120..130], &[100..110, 120..130]),
            (&[90..100, 130..140], &[0..10, 90..100, 100..110, 130..140]),
            (&[90..140], &[0..10, 90..100, 100..110, 110..140]),
            (&[90..250], &[0..10, 90..100, 100..110, 110..200, 200..210, 210..250]),
            (&[210..220], &[200..210, 210..220]),
        ];
        for (fragment, expected) in cases {
            assert_eq!(setup_in_place(&links, fragment.to_vec()), expected, "{fragment:?}");
        }
    }
}
