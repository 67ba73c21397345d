//! Verbatim bytes of the original for an interval of time.

use std::ops::Range;

use super::pages::{Held, Pages};
use super::span::{Bound, Span, find};
use super::{Ask, Cover, Error, on_timeline, places, segments, span, tracks};
use crate::container::{Segment, Selected};
use crate::index::Outline;
use crate::media::{Interval, Kind, Run, Time, Track};

/// As many byte ranges an answer has at the most: its headers must pass through gateways.
const MAX_RANGES: usize = 64;
/// Gaps up to this size are sent along rather than made a range of their own.
const SMALL_GAP: u64 = 64 << 10;

/// Resolves a fragment in a `Range` header to byte ranges of the original: from the sync sample at or before its start to
/// the end of the last sample that it needs, in whole elements where the container has elements.
///
/// Together, consecutive intervals from zero to the end give every byte of every sample, also of those that an edit list
/// leaves out at the ends.
pub async fn cover(outline: &Outline, pages: &mut impl Pages, ask: &Ask) -> Result<Cover, Error> {
    let named = tracks::named(outline, &ask.tracks);
    if named.is_none() && !ask.tracks.is_empty() {
        return Ok(Cover::Unsatisfiable(format!("the file has no track {}", ask.tracks.join(", "))));
    }
    let asked = ask.time.unwrap_or(Interval::ALL);
    let all = Interval::new(Time::ZERO, outline.duration);
    let Some(asked) = all.and_then(|all| all.intersection(asked)) else {
        return Ok(Cover::Unsatisfiable(format!("the file ends at {} seconds", outline.duration)));
    };
    let chosen = named.unwrap_or_else(|| (0..outline.tracks.len()).collect());
    let mut held = Held::new(pages, outline.pages);
    let mut selected = Vec::with_capacity(chosen.len());
    for (place, track) in places(outline, &chosen) {
        let spans = spans(&mut held, place, track, asked).await?;
        let runs = held.runs(place, &span::union(spans));
        selected.push(Selected { track: place, runs, segments: Vec::new() });
    }
    selected.retain(|track| !track.runs.is_empty());
    let ranges = if outline.elements {
        held.elements_of(&selected).iter().map(|element| element.offset..element.offset + element.size).collect()
    } else {
        selected.iter().flat_map(|track| track.runs.iter().map(Run::bytes)).collect()
    };
    let ranges = join(ranges, SMALL_GAP, MAX_RANGES);
    match interval_of(outline, &selected, asked) {
        Some(given) if !ranges.is_empty() => Ok(Cover::Ranges { ranges, given }),
        _ => Ok(Cover::Unsatisfiable(format!("there is nothing at {asked} seconds"))),
    }
}

/// The samples of a track that are presented in an interval, or that its beginning or its end stands next to: what an edit
/// list leaves out at either end goes with what is presented there.
async fn spans(
    held: &mut Held<'_, impl Pages>,
    place: usize,
    track: &Track,
    asked: Interval,
) -> Result<Vec<Span>, Error> {
    let (first, last) = track.span();
    let segments = segments(track, asked);
    let presented = segments.iter().filter_map(|Segment { duration, media }| Some(((*media)?, *duration)));
    let mut bounds: Vec<_> =
        presented.map(|(media, duration)| (Bound::At(media), Bound::At(media + duration))).collect();
    if let Some((from, _)) = bounds.first_mut().filter(|_| asked.start() <= first) {
        *from = Bound::Open;
    }
    if let Some((_, to)) = bounds.last_mut().filter(|_| asked.end() >= last) {
        *to = Bound::Open;
    }
    let mut spans = Vec::with_capacity(bounds.len());
    for (from, to) in bounds {
        spans.extend(find(held, place, track, from, to).await?);
    }
    Ok(spans)
}

/// What these samples hold of the presentation: from where the video (else the earliest track) begins to where the last
/// sample ends.
fn interval_of(outline: &Outline, selected: &[Selected], asked: Interval) -> Option<Interval> {
    let mut video = None;
    let mut start = None;
    let mut end = asked.end();
    for (selected, track) in selected.iter().filter_map(|part| Some((part, outline.tracks.get(part.track)?))) {
        let begins = selected.runs.iter().map(Run::presentation).min().map(|time| on_timeline(track, time));
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

/// Ranges in ascending order, joined where they touch or where a gap is small; then the smallest gaps go until at most so many
/// ranges are left.
fn join(mut ranges: Vec<Range<u64>>, small: u64, most: usize) -> Vec<Range<u64>> {
    ranges.retain(|range| range.start < range.end);
    ranges.sort_unstable_by_key(|range| range.start);
    let ranges = bridge(ranges, small);
    let Some(excess) = ranges.len().checked_sub(most).filter(|excess| *excess > 0) else { return ranges };
    let mut gaps: Vec<u64> =
        ranges.windows(2).filter_map(|pair| Some(pair.last()?.start - pair.first()?.end)).collect();
    let (_, threshold, _) = gaps.select_nth_unstable(excess - 1);
    let threshold = *threshold;
    bridge(ranges, threshold)
}

fn bridge(ranges: Vec<Range<u64>>, gap: u64) -> Vec<Range<u64>> {
    let mut bridged: Vec<Range<u64>> = Vec::with_capacity(ranges.len().min(1024));
    for range in ranges {
        match bridged.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(gap) => last.end = last.end.max(range.end),
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
    }
}
