//! The segments of a rendition, from the segment table.

use super::timeline::LEAD;
use super::{LONGEST, Presentation, Rendition};
use crate::index::{FIRST_PART, Outline, Pages, PagesError, Segment, SegmentTrack, part_at};
use crate::media::{Interval, Kind, Run, Ticks, Time, Track};

/// A range of the segment table.
#[derive(Clone, Debug, Default)]
pub struct SegmentTable {
    segments: Vec<Segment>,
    /// The parts of the whole table that it has.
    parts: (u32, u32),
    /// Whether it has the last segment.
    is_end: bool,
    /// The sync sample at which a part in packets begins.
    pub(super) entry: Option<Run>,
}

impl SegmentTable {
    pub(super) fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Loads the segments that begin in this interval of the timeline, and perhaps some more.
    pub(super) async fn load(
        outline: &Outline,
        pages: &mut impl Pages,
        first: Time,
        last: Time,
    ) -> Result<Self, PagesError> {
        let parts = outline.segments.as_ref().map_or(0, |segments| segments.parts);
        let Some(end) = parts.checked_sub(1) else { return Ok(Self::default()) };
        let (first, last) = (part_at(first).min(end), part_at(last).min(end));
        pages.fetch(FIRST_PART + first..=FIRST_PART + last).await?;
        let mut segments = Vec::new();
        for number in first..=last {
            let part = pages.segments(number)?;
            // Every part exists: the head says how many there are.
            segments.extend(part.ok_or(PagesError::Changed)?.segments);
        }
        Ok(Self { segments, parts: (first, last), is_end: last == end, entry: None })
    }
}

/// A segment of a rendition. Times are ticks of the rendition's segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its decode time: also its name.
    pub start: u64,
    /// How long it lasts.
    pub duration: u64,
    /// Bytes of its samples; of packets, at most as many as it has.
    pub bytes: u64,
    /// Bytes of its first sample, of pictures.
    pub sync_bytes: u64,
    /// Its samples in the track: those decoded from here, …
    pub(super) from: Ticks,
    /// … and before here.
    pub(super) to: Ticks,
    /// Its position in the table.
    pub(super) segment: usize,
    /// The period of the table to which it belongs.
    pub(super) period: usize,
    /// Whether it is the first one of a part, which begins within it.
    pub(super) begins_part: bool,
    /// Whether it is the last one of a part, which ends within it.
    pub(super) ends_part: bool,
}

/// The instants, in presentation times of the leading track, between which segments belong to a part.
struct Bounds {
    start: Ticks,
    end: Ticks,
}

impl Presentation<'_> {
    /// The segments of a rendition that the table has, in order.
    #[must_use]
    pub fn rows(&self, rendition: &Rendition, table: &SegmentTable) -> Vec<Row> {
        let mut rows = match self.bounds() {
            None => self.whole_rows(rendition, table),
            Some(bounds) => self.part_rows(rendition, table, &bounds),
        };
        if rendition.muxed.is_some() {
            self.measure(rendition, table, &mut rows);
        }
        rows
    }

    /// The segments of a rendition of the whole content.
    fn whole_rows(&self, rendition: &Rendition, table: &SegmentTable) -> Vec<Row> {
        let starts = self.outline.segments.as_ref().and_then(|segments| segments.starts.get(rendition.index));
        // Players that map the first decode time of the pictures to the beginning of the playlist (hls.js) would show pictures
        // that begin after the sound too early. So the first picture is decoded at zero, however late it is presented.
        let first = starts.filter(|_| rendition.kind == Kind::Video && rendition.muxed.is_none());
        let mut rows: Vec<Row> = Vec::with_capacity(table.segments.len());
        for (place, segment) in table.segments.iter().enumerate() {
            let of_track = segment.tracks.get(rendition.index).filter(|of_track| of_track.start < of_track.end);
            let Some(of_track) = of_track else { continue };
            let is_first = first == Some(&of_track.start);
            let natural = u64::try_from(rendition.timeline.decode(of_track.start)).unwrap_or(0);
            let start = if is_first { 0 } else { natural };
            // A gap belongs to the segment before it. Of samples whose duration is not known, none is left out.
            if let Some(before) = rows.last_mut() {
                before.duration = start.saturating_sub(before.start);
                if rendition.muxed.is_none() {
                    before.to = of_track.start;
                }
            }
            let lasts = u64::try_from(rendition.timeline.duration(of_track.duration())).unwrap_or(0);
            rows.push(Row {
                start,
                duration: lasts.saturating_add(natural - start),
                bytes: of_track.bytes,
                sync_bytes: segment.sync_bytes,
                from: of_track.start,
                to: of_track.end,
                segment: place,
                period: self.period(rendition, of_track.start),
                begins_part: false,
                ends_part: false,
            });
        }
        rows
    }

    fn part_rows(&self, rendition: &Rendition, table: &SegmentTable, bounds: &Bounds) -> Vec<Row> {
        let begins = |segment: &Segment| segment.tracks.first().map(|of_track| of_track.start + segment.composition);
        let begun =
            |instant: Ticks| table.segments.partition_point(|segment| begins(segment).is_some_and(|at| at <= instant));
        let first = begun(bounds.start).saturating_sub(1);
        let behind = begun(bounds.end - Ticks(1)).max(first + 1);
        // A range of the table may lie within the part, and have neither its beginning nor its end.
        let Some(part) = self.part else { return Vec::new() };
        let begins_here = table.parts.0 <= part_at(part.start() - LONGEST);
        let ends_here = table.is_end || table.parts.1 >= part_at(part.end());
        let segments = table.segments.get(first..behind.min(table.segments.len())).unwrap_or_default();
        let Some(track) = self.outline.tracks.get(rendition.place) else { return Vec::new() };
        let of_segments = segments.iter().zip(first..).filter_map(|(segment, place)| {
            let of_track = segment.tracks.get(rendition.index).filter(|of_track| of_track.start < of_track.end)?;
            let next = table.segments.get(place + 1);
            let (is_first, is_last) = (begins_here && place == first, ends_here && place + 1 == behind);
            let ending = next.filter(|_| is_last).map(|next| self.leading_end(rendition, track, next));
            let next = next.and_then(|next| next.tracks.get(rendition.index));
            let mut row = self.part_row((rendition, track), (segment, *of_track), next, (is_first, is_last))?;
            row.segment = place;
            if let Some(ending) = ending.flatten() {
                row.to = row.to.max(ending);
                let end = u64::try_from(self.end_of(rendition, track)?).unwrap_or(0);
                row.duration = row.duration.max(end.saturating_sub(row.start));
            }
            if let (true, Some(entry)) = (row.begins_part, &table.entry) {
                row.begin_at(self.entry_in(rendition, track, entry), rendition);
            }
            Some(row)
        });
        // Pictures of an open group that precede its sync sample need the group before: a part that begins with them has both in
        // one segment.
        let from = track.timescale.ticks(part.start()) + track.shift();
        let leads_on = |before: &mut Row| {
            let may_lead = before.begins_part && track.kind == Kind::Video && !self.is_independent();
            before.duration == 0 || may_lead && rendition.muxed.is_none() && before.to + track.composition.0 < from
        };
        let mut rows: Vec<Row> = Vec::with_capacity(segments.len());
        for row in of_segments {
            match rows.pop_if(leads_on) {
                Some(before) => rows.push(row.behind(&before)),
                None => rows.push(row),
            }
        }
        rows.retain(|row| row.duration > 0);
        rows
    }

    /// A segment of a part. `None` if the track has nothing in it. It may last no time if the part begins with pictures that the
    /// next segment has.
    fn part_row(
        &self,
        (rendition, track): (&Rendition, &Track),
        (segment, of_track): (&Segment, SegmentTrack),
        next: Option<&SegmentTrack>,
        (begins_part, ends_part): (bool, bool),
    ) -> Option<Row> {
        let part = self.part?;
        let timeline = &rendition.timeline;
        let composition = if track.kind == Kind::Video { segment.composition } else { Ticks::ZERO };
        let until = next.map_or(of_track.end, |next| next.start.max(of_track.end));
        let (begins, ends) = (of_track.start + composition, until + composition);
        let (from, to) =
            (track.timescale.ticks(part.start()) + track.shift(), track.timescale.ticks(part.end()) + track.shift());
        // Pictures of the next segment may need the group with which a part begins.
        let is_entry = begins_part && track.kind == Kind::Video && rendition.muxed.is_none() && !self.is_independent();
        if ends <= from && !is_entry || begins >= to {
            return None;
        }
        let start = if begins_part && rendition.muxed.is_none() { 0 } else { timeline.decode(of_track.start) };
        let mut end = timeline.decode(next.map_or(of_track.end, |next| next.start.max(of_track.start)));
        if ends_part {
            end = end.min(self.end_of(rendition, track)?);
        }
        let start = u64::try_from(start).unwrap_or(0);
        let duration = u64::try_from(end).unwrap_or(0).checked_sub(start)?;
        // The frame with which a part begins, and those that its decoder needs before, may be in the segment before.
        let is_sound = begins_part && track.kind == Kind::Audio && rendition.muxed.is_none();
        let from = if is_sound { of_track.start.min(timeline.origin) } else { of_track.start };
        let follows = next.map(|next| next.start).filter(|next| rendition.muxed.is_none() && *next > of_track.start);
        Some(Row {
            start,
            duration,
            bytes: of_track.bytes,
            sync_bytes: segment.sync_bytes,
            from,
            to: follows.unwrap_or(of_track.end),
            segment: 0,
            period: self.period(rendition, of_track.start),
            begins_part,
            ends_part,
        })
    }

    /// The decode time at which a part begins in a rendition, by the leading sample at which it begins.
    fn entry_in(&self, rendition: &Rendition, track: &Track, entry: &Run) -> Ticks {
        let leader = self.renditions.first().filter(|leader| leader.place != rendition.place);
        let Some(leader) = leader.and_then(|leader| self.outline.tracks.get(leader.place)) else { return entry.decode };
        track.timescale.ticks(leader.timescale.time(entry.presentation() - leader.shift())) + track.shift()
    }

    /// The decode time before which all pictures of a segment are decoded that are presented before its sync sample, if there
    /// may be any: a part that ends before the sync sample needs them.
    fn leading_end(&self, rendition: &Rendition, track: &Track, segment: &Segment) -> Option<Ticks> {
        let leads = !self.is_independent() && rendition.index == 0 && track.kind == Kind::Video;
        let of_track = segment.tracks.first().filter(|_| leads)?;
        let sync = of_track.start + segment.composition;
        Some((sync - track.composition.0 + Ticks(1)).min(of_track.end))
    }

    /// The period of the table to which a sample belongs.
    fn period(&self, rendition: &Rendition, decode: Ticks) -> usize {
        self.outline.segments.as_ref().map_or(0, |segments| segments.period(rendition.index, decode))
    }

    /// The decode times in the leading rendition with which configurations change, in order, each with its period.
    pub(super) fn changes(&self) -> Vec<(usize, u64)> {
        let (Some(leader), Some(segments)) = (self.renditions.first(), &self.outline.segments) else {
            return Vec::new();
        };
        let Some(track) = self.outline.tracks.get(leader.place) else { return Vec::new() };
        let shown = self.part.unwrap_or(Interval::ALL);
        let starts = segments.periods.iter().map(|period| period.starts.get(leader.index).copied());
        let within = starts.enumerate().skip(1).filter_map(|(number, start)| {
            let start = start?;
            let time = track.timescale.time(start + leader.timeline.composition - track.shift());
            let is_within = time > shown.start() && time < shown.end();
            let decoded = u64::try_from(leader.timeline.decode(start)).ok();
            decoded.filter(|time| is_within && *time > 0).map(|time| (number, time))
        });
        within.collect()
    }

    /// Completes segments in which tracks are muxed, and which the leading track alone determines so far.
    fn measure(&self, rendition: &Rendition, table: &SegmentTable, rows: &mut [Row]) {
        for row in rows.iter_mut() {
            row.bytes = size(table, rendition, row).most;
        }
        // The last one lasts until its last track ends.
        let Some(segments) = self.outline.segments.as_ref().filter(|_| self.part.is_none() && table.is_end) else {
            return;
        };
        let (Some(last), Some(leader)) = (rows.last_mut(), self.outline.tracks.get(rendition.place)) else { return };
        for index in rendition.muxed.iter().flatten() {
            let track = segments.tracks.get(*index).and_then(|place| self.outline.tracks.get(*place));
            let Some(track) = track else { continue };
            let end = leader.timescale.ticks(track.span().1) + leader.shift() - rendition.timeline.composition;
            let end = u64::try_from(rendition.timeline.decode(end)).unwrap_or(0);
            last.duration = last.duration.max(end.saturating_sub(last.start));
        }
    }

    /// The decode time at which a rendition of a part ends.
    pub(super) fn end_of(&self, rendition: &Rendition, track: &Track) -> Option<i64> {
        let part = self.part?;
        let end = track.timescale.ticks(part.end()) + track.shift();
        Some(rendition.timeline.decode(end - rendition.timeline.composition))
    }

    fn bounds(&self) -> Option<Bounds> {
        let part = self.part?;
        let segments = self.outline.segments.as_ref()?;
        let leader = self.outline.tracks.get(*segments.tracks.first()?)?;
        let at = |time: Time| leader.timescale.ticks(time) + leader.shift();
        Some(Bounds { start: at(part.start()), end: at(part.end().min(self.outline.duration)) })
    }

    /// The time at which a part begins to be shown, in seconds: behind the pictures that only decoding needs.
    #[must_use]
    pub fn shown_from(&self) -> Option<f64> {
        let is_fine = |leader: &&Rendition| leader.kind == Kind::Video && leader.muxed.is_none();
        let leader = self.renditions.first().filter(|leader| self.part.is_some() && is_fine(leader))?;
        Some(leader.timeline.seconds(LEAD))
    }
}

impl Presentation<'_> {
    /// The seconds in packed audio before what was asked for: it has no edit list that skips them.
    pub(super) fn heard_from(&self) -> Option<f64> {
        let leader = self.renditions.first().filter(|_| self.part.is_some() && self.is_packed())?;
        Some(leader.timeline.seconds(leader.timeline.media_time))
    }

    /// The time from the sync sample with which a part in packets begins to what was asked for.
    pub(super) fn behind_entry(&self, table: &SegmentTable) -> Option<Time> {
        let (part, leader) = (self.part?, self.renditions.first()?);
        let track = self.outline.tracks.get(leader.place)?;
        let begins = track.timescale.time(table.entry.as_ref()?.presentation() - track.shift());
        Some((part.start() - begins).max(Time::ZERO))
    }
}

impl Row {
    /// Begins with the samples of the segment before.
    fn behind(self, before: &Self) -> Self {
        Self {
            start: before.start,
            duration: (self.start + self.duration).saturating_sub(before.start),
            bytes: before.bytes.saturating_add(self.bytes),
            sync_bytes: before.sync_bytes,
            from: before.from,
            segment: before.segment,
            begins_part: before.begins_part,
            ..self
        }
    }

    /// Begins later, with the sample that is decoded at this time.
    fn begin_at(&mut self, entry: Ticks, rendition: &Rendition) {
        let start = u64::try_from(rendition.timeline.decode(entry)).unwrap_or(0).max(self.start);
        self.duration = (self.start + self.duration).saturating_sub(start);
        (self.start, self.from) = (start, entry.max(self.from));
    }
}

impl SegmentTable {
    /// How many segments it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.segments.len()
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Whether it reaches to the end of the content.
    #[must_use]
    pub const fn is_end(&self) -> bool {
        self.is_end
    }
}

/// The most bytes of tables per second: an element lasts at least half a second.
const TABLES: u64 = 4 * 188;

/// Bytes of a segment, from what the table says of each of its tracks: the packets of a track with those of others between them.
#[derive(Clone, Copy, Debug)]
pub struct SegmentSize {
    /// About as many as it has.
    pub about: u64,
    /// At most as many as it has.
    pub most: u64,
}

/// The size of a segment.
pub fn size(table: &SegmentTable, rendition: &Rendition, row: &Row) -> SegmentSize {
    let all = table.segments().get(row.segment).map_or(&[][..], |segment| &segment.tracks);
    let indexes = std::iter::once(&rendition.index).chain(rendition.muxed.iter().flatten());
    let bytes = || indexes.clone().filter_map(|index| all.get(*index)).map(|of_track| of_track.bytes);
    let tables = TABLES * (row.duration / u64::from(rendition.timescale()) + 1);
    SegmentSize { about: bytes().max().unwrap_or(0) + tables, most: bytes().fold(tables, u64::saturating_add) }
}
