//! Divides the samples of the pages, as these are closed in order, into segments.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::changes::{ConfigurationChanges, decoded_before};
use super::{PackedPage, TrackBuilder};
use crate::index::segments::{
    self, FIRST_PART, MAX_TRACKS, SHORTEST, Segment, SegmentPart, SegmentTrack, Segments, TOLERANCE,
};
use crate::index::{PageTrack, TARGET};
use crate::media::{Kind, Run, Ticks, Time, Track};

/// How many cells of the grid a track may lag behind before its part of a segment is taken to be complete.
const LAG: u32 = 8;

/// The progress of dividing a file into segments.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Segmenter {
    /// The tracks that are divided, once they are known; the first one leads.
    pub(super) tracks: Vec<DividedTrack>,
    /// The segments that are not yet in a part.
    pub(super) open: VecDeque<OpenSegment>,
    /// The segments of the next part.
    part: Vec<Segment>,
    /// How many segments were removed from `open`.
    pub(super) closed: u64,
    /// Presentation time of the last sync sample of the leading track.
    sync: Ticks,
    pub(super) summary: Segments,
    pub(super) changes: ConfigurationChanges,
    /// Whether the file has more than a table can have.
    given_up: bool,
}

/// A track that is divided.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct DividedTrack {
    pub place: usize,
    /// The number of the segment to which its samples currently go; `None` before its first.
    pub at: Option<u64>,
    /// The decode time of its last sample.
    pub last: Ticks,
    /// The decode time of the end of its last sample.
    end: Ticks,
    /// The end of its last sample in a complete segment.
    settled: Ticks,
    /// Samples that wait for the segment that begins with a change of their configuration.
    pub held: Vec<Run>,
}

/// A segment that is not complete.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OpenSegment {
    /// Its beginning on the presentation timeline.
    pub time: Time,
    /// Whether a configuration changes with it.
    pub anew: bool,
    pub segment: Segment,
}

impl Segmenter {
    /// Takes the samples of a page. Pages come in ascending order.
    pub fn page(&mut self, number: u32, page: &[PageTrack], building: &[TrackBuilder], ready: &mut Vec<PackedPage>) {
        if self.tracks.is_empty() {
            self.choose(building);
        }
        if self.given_up {
            return;
        }
        for index in 0..self.tracks.len() {
            let Some(place) = self.tracks.get(index).map(|track| track.place) else { continue };
            let (Some(builder), Some(part)) = (building.get(place), page.get(place)) else { continue };
            let held = self.tracks.get_mut(index).map(|track| std::mem::take(&mut track.held)).unwrap_or_default();
            for run in held.iter().chain(&part.runs) {
                if index == 0 {
                    self.lead(building, &builder.track, run);
                } else {
                    self.follow(number, (index, building), &builder.track, run);
                }
            }
        }
        self.close(number, ready);
    }

    /// Ends the file: returns the last parts and what the head says of the table; `None` if it has no table.
    pub fn finish(mut self, building: &[TrackBuilder], ready: &mut Vec<PackedPage>) -> Option<Segments> {
        if self.given_up || self.tracks.is_empty() {
            return None;
        }
        for index in 1..self.tracks.len() {
            let Some(track) = self.tracks.get_mut(index) else { continue };
            let (place, held) = (track.place, std::mem::take(&mut track.held));
            let Some(builder) = building.get(place) else { continue };
            for run in held {
                self.follow(u32::MAX, (index, building), &builder.track, &run);
            }
        }
        // A last sample without a duration is in the last segment.
        if let Some(last) = self.open.back_mut() {
            for (track, of_track) in self.tracks.iter().zip(&mut last.segment.tracks) {
                if of_track.bytes > 0 && track.last >= of_track.end {
                    of_track.end = track.last + Ticks(1);
                }
            }
        }
        while let Some(open) = self.open.pop_front() {
            self.settle(open, ready);
        }
        self.emit(ready);
        self.end_periods();
        Some(self.summary)
    }

    /// Chooses the tracks: the leading one is the first with moving pictures, else the first with sound.
    fn choose(&mut self, building: &[TrackBuilder]) {
        let with = |kind: Kind, least: u64| {
            move |(_, builder): &(usize, &TrackBuilder)| builder.track.kind == kind && builder.track.samples > least
        };
        let found = |kind, least| building.iter().enumerate().find(with(kind, least));
        // One picture is a cover.
        let leader = found(Kind::Video, 1).or_else(|| found(Kind::Audio, 0)).or_else(|| found(Kind::Video, 0));
        let Some((leader, _)) = leader else { return };
        let others = building
            .iter()
            .enumerate()
            .filter(|(place, builder)| builder.track.kind == Kind::Audio && *place != leader);
        let places: Vec<usize> = std::iter::once(leader).chain(others.map(|(place, _)| place)).collect();
        self.given_up = places.len() > MAX_TRACKS;
        self.summary.tracks.clone_from(&places);
        self.summary.starts = vec![Ticks::ZERO; places.len()];
        let new = |place| DividedTrack {
            place,
            at: None,
            last: Ticks(i64::MIN),
            end: Ticks::ZERO,
            settled: Ticks::ZERO,
            held: Vec::new(),
        };
        self.changes.pending.retain(|change| places.contains(&change.place));
        self.tracks = places.into_iter().map(new).collect();
    }

    /// Adds samples of the leading track, whose sync samples begin segments.
    fn lead(&mut self, building: &[TrackBuilder], track: &Track, run: &Run) {
        let mut rest = Some(run.clone());
        while let Some(run) = rest {
            let has_begun = self.tracks.first().is_some_and(|leader| leader.at.is_some());
            let due = self.open.back().filter(|_| has_begun).map(|open| due(open.time, track.kind));
            let begins = match due {
                _ if !run.sync => None,
                None => Some(run.clone()),
                Some(due) => {
                    let usual = run.presented_from(track.timescale.ticks(due) + track.shift());
                    // The earlier one.
                    let anew = self.configured_anew(building, track, &run);
                    if anew.as_ref().map(|run| run.count) > usual.as_ref().map(|run| run.count) { anew } else { usual }
                }
            };
            if run.sync {
                self.sync = run.presentation();
            } else if run.presentation() < self.sync {
                self.summary.open_groups = true;
            }
            let Some(begins) = begins else {
                self.add(0, &run);
                return;
            };
            if let Some(before) = run.slice(0..run.count.saturating_sub(begins.count)) {
                self.add(0, &before);
            }
            let time = track.timescale.time(begins.presentation() - track.shift());
            let anew = self.changes_at(building, time, begins.decode);
            self.begin(time, u64::from(begins.size), begins.composition);
            if let Some(open) = self.open.back_mut() {
                open.anew = anew;
            }
            if let Some(leader) = self.tracks.first_mut() {
                leader.at = Some(self.closed + self.open.len() as u64 - 1);
            }
            if let Some(first) = begins.slice(0..1) {
                self.add(0, &first);
            }
            rest = begins.slice(1..u32::MAX);
        }
    }

    /// Begins a segment.
    fn begin(&mut self, time: Time, sync_bytes: u64, composition: Ticks) {
        let empty = |track: &DividedTrack| SegmentTrack { start: track.end, end: track.end, bytes: 0 };
        let segment = Segment { tracks: self.tracks.iter().map(empty).collect(), sync_bytes, composition };
        self.open.push_back(OpenSegment { time, anew: false, segment });
    }

    /// Adds samples of another track, of a page: the first one that is presented at the beginning of a segment or later is
    /// the first of the track in it.
    fn follow(&mut self, page: u32, (index, building): (usize, &[TrackBuilder]), track: &Track, run: &Run) {
        if self.closed == 0 && self.open.is_empty() {
            // The leading track begins in a later page.
            self.begin(Time(crate::index::CELL.0.saturating_mul(i64::from(page))), 0, Ticks::ZERO);
        }
        let mut rest = self.hold(page, (index, building), track, run);
        while let Some(run) = rest.take() {
            let change = self.next_change(index);
            let Some(divided) = self.tracks.get_mut(index) else { return };
            let next = *divided.at.get_or_insert(self.closed) + 1;
            let beginning = next.checked_sub(self.closed).and_then(|at| self.open.get(usize::try_from(at).ok()?));
            let Some((time, anew)) = beginning.map(|open| (open.time, open.anew)) else {
                self.add(index, &run);
                return;
            };
            let begins = match change.filter(|change| anew && change.is_near(time, building)) {
                Some(change) => run.slice(decoded_before(&run, change.decode)..u32::MAX),
                None => run.presented_from(track.timescale.ticks(time) + track.shift()),
            };
            let begins = begins.filter(|begins| begins.sync && begins.decode > divided.last);
            let Some(begins) = begins else {
                self.add(index, &run);
                return;
            };
            let before = run.slice(0..run.count.saturating_sub(begins.count));
            if let Some(before) = &before {
                self.add(index, before);
            }
            if let Some(divided) = self.tracks.get_mut(index) {
                divided.at = Some(next);
            }
            rest = Some(begins);
        }
    }

    /// Adds samples to the current segment of a track.
    fn add(&mut self, index: usize, run: &Run) {
        let Some(divided) = self.tracks.get_mut(index) else { return };
        let Some(at) = divided.at else { return };
        // The current segment of a track that lags too far behind is closed already.
        let at = at.max(self.closed);
        divided.at = Some(at);
        let open = usize::try_from(at - self.closed).ok().and_then(|at| self.open.get_mut(at));
        let Some(of_track) = open.and_then(|open| open.segment.tracks.get_mut(index)) else { return };
        if of_track.start == of_track.end && of_track.bytes == 0 {
            of_track.start = run.decode;
        }
        if let (Ticks(i64::MIN), Some(start)) = (divided.last, self.summary.starts.get_mut(index)) {
            *start = run.decode;
        }
        of_track.end = run.decode_end().max(of_track.start);
        of_track.bytes = of_track.bytes.saturating_add(u64::from(run.size).saturating_mul(u64::from(run.count)));
        divided.end = of_track.end;
        divided.last = run.decode + run.duration.times(i64::from(run.count.saturating_sub(1)));
    }

    /// Closes the segments to which no more samples will be added.
    fn close(&mut self, page: u32, ready: &mut Vec<PackedPage>) {
        while let Some(next) = self.open.get(1) {
            let behind = self.tracks.iter().any(|track| track.at.is_none_or(|at| at <= self.closed));
            if behind && crate::index::cell_at(next.time).saturating_add(LAG) > page {
                return;
            }
            let Some(open) = self.open.pop_front() else { return };
            self.settle(open, ready);
        }
    }

    /// Moves a complete segment to its part.
    fn settle(&mut self, OpenSegment { time, mut segment, .. }: OpenSegment, ready: &mut Vec<PackedPage>) {
        for (track, of_track) in self.tracks.iter_mut().zip(&mut segment.tracks) {
            if of_track.start < of_track.end {
                track.settled = of_track.end;
            } else if of_track.bytes == 0 {
                (of_track.start, of_track.end) = (track.settled, track.settled);
            }
        }
        self.closed += 1;
        let number = segments::part_at(time).max(self.summary.parts);
        while self.summary.parts < number {
            self.emit(ready);
        }
        let duration = segment.tracks.first().map_or(Ticks::ZERO, SegmentTrack::duration);
        self.summary.longest = self.summary.longest.max(duration);
        let bytes = segment.tracks.iter().fold(0_u64, |sum, of_track| sum.saturating_add(of_track.bytes));
        self.summary.largest = self.summary.largest.max(bytes);
        self.summary.count += 1;
        self.note_period(&segment);
        self.part.push(segment);
    }

    /// Packs the current part.
    fn emit(&mut self, ready: &mut Vec<PackedPage>) {
        let number = self.summary.parts;
        self.summary.parts += 1;
        let part = SegmentPart { number, segments: std::mem::take(&mut self.part) };
        ready.push(PackedPage { number: FIRST_PART + number, bytes: part.pack() });
    }
}

/// The earliest beginning of the segment after one that begins at this time. Frames of sound need no tolerance.
fn due(time: Time, kind: Kind) -> Time {
    let tolerance = if kind == Kind::Video { TOLERANCE } else { Time::ZERO };
    let intervals = (time + tolerance).0.div_euclid(TARGET.0) + 1;
    Time(intervals.saturating_mul(TARGET.0)).max(time + SHORTEST) - tolerance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_begin_in_the_intervals_of_the_target() {
        for (begins, due_at) in
            [(0, 5_900), (5_900, 11_900), (5_950, 11_900), (8_000, 11_900), (10_000, 12_900), (-40, 5_900)]
        {
            assert_eq!(due(Time(begins * 1_000_000), Kind::Video), Time(due_at * 1_000_000), "after {begins} ms");
        }
    }
}
