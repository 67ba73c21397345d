//! The segment table: where a file may be divided into segments of HLS and DASH, with exact times and sizes, in a few bytes a
//! segment. A playlist of any length reads the table alone, and no page.
//!
//! A segment begins at a sync sample of the *leading* track: the pictures if there are any, else the sound. The other
//! tracks of sound are divided at the same instants, up to one frame. The leading track is divided at the first sync sample
//! in each [`TARGET`] of the presentation timeline, so that several encodings of one work, whose groups of pictures are
//! aligned, have the same boundaries.
//!
//! The table has parts, each with the segments that begin within [`CELLS`] cells of the grid. They are stored like pages,
//! with the numbers from [`FIRST_PART`] on:
//!
//! ```text
//! format | segments | tracks | track... | sizes and composition offsets of sync samples
//!     track: first decode time | gaps | durations | bytes       (columns)
//! ```

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::bits::{Input, put_signed, put_unsigned};
use super::{InvalidIndex, PAGE_FORMAT, column, pack};
use crate::media::{Ticks, Time};

/// The number of the table's first part among the pages: more than a page can have.
pub const FIRST_PART: u32 = 900_000;

/// How many cells of the grid a part covers: 640 seconds.
pub const CELLS: u32 = 64;

/// The interval in which a segment begins, if there is a sync sample in it.
pub const TARGET: Time = Time::from_secs(6);

/// Segments of a part. They begin at least [`SHORTEST`] apart, except where configurations change.
const MAX_SEGMENTS: usize = 1024;

/// Tracks of a part. A file with more has no table.
pub(super) const MAX_TRACKS: usize = 64;

/// The shortest distance between the beginnings of two segments.
pub(super) const SHORTEST: Time = Time::from_secs(3);

/// How early a sync sample may be and still count as the first of an interval: a frame or two, for frame rates that do not
/// divide it.
pub(super) const TOLERANCE: Time = Time(100_000_000);

/// What the head of an index says of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segments {
    /// The number of parts.
    pub parts: u32,
    /// The positions in the outline of the tracks that are divided; the first one leads.
    pub tracks: Vec<usize>,
    /// The decode time of the first sample of each of them that is in a segment.
    pub starts: Vec<Ticks>,
    /// The number of segments.
    pub count: u64,
    /// The longest segment, in ticks of the leading track.
    pub longest: Ticks,
    /// The most bytes of a segment, over all tracks.
    pub largest: u64,
    /// Whether there are samples after a sync sample that are presented before it: then segments are not independent
    /// (RFC 8216 §4.3.5.1).
    pub open_groups: bool,
    /// The periods, in order. None if configurations never change; or if they change within segments, or the index is of a format
    /// that does not say.
    pub periods: Vec<Period>,
}

impl Segments {
    /// The position of the period to which the sample of a divided track with this decode time belongs.
    #[must_use]
    pub fn period(&self, index: usize, decode: Ticks) -> usize {
        let begun = |period: &Period| period.starts.get(index).is_some_and(|start| *start <= decode);
        self.periods.partition_point(begun).saturating_sub(1)
    }
}

/// A stretch of a file in which the decoder of each track keeps its configuration. It begins with a segment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The decode time of the first sample of each divided track, in the order of [`Segments::tracks`].
    pub starts: Vec<Ticks>,
    /// For each track, the number of its configuration ([`Builder::configure`](super::Builder::configure)), or 0.
    pub configurations: Vec<u32>,
}

/// What a segment has of one track: its samples with `start <= decode time < end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentTrack {
    /// Decode time of its first sample.
    pub start: Ticks,
    /// Decode time of the end of its last sample. Equal to `start` if it has no sample of the track.
    pub end: Ticks,
    /// The size of the samples in bytes, as in [`Track::bytes`](crate::media::Track::bytes).
    pub bytes: u64,
}

impl SegmentTrack {
    /// How long it lasts.
    #[must_use]
    pub fn duration(&self) -> Ticks {
        self.end - self.start
    }
}

/// A segment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// What it has of each divided track, in the order of [`Segments::tracks`].
    pub tracks: Vec<SegmentTrack>,
    /// The size in bytes of its first sample of the leading track, which is a sync sample.
    pub sync_bytes: u64,
    /// The composition offset of that sample.
    pub composition: Ticks,
}

/// A part of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SegmentPart {
    /// Its position among the parts.
    pub number: u32,
    /// Its segments, in order.
    pub segments: Vec<Segment>,
}

/// The number of the part with the segments that begin at this instant of the presentation timeline.
#[must_use]
pub fn part_at(time: Time) -> u32 {
    super::cell_at(time) / CELLS
}

impl SegmentPart {
    /// Packs it, column by column.
    #[must_use]
    pub fn pack(&self) -> Bytes {
        let tracks = self.segments.first().map_or(0, |segment| segment.tracks.len());
        let mut out = Vec::with_capacity(1024);
        put_unsigned(&mut out, u64::from(PAGE_FORMAT));
        put_unsigned(&mut out, self.segments.len() as u64);
        put_unsigned(&mut out, tracks as u64);
        for track in 0..tracks {
            let of_tracks = || self.segments.iter().filter_map(|segment| segment.tracks.get(track));
            let first = of_tracks().next().map_or(Ticks::ZERO, |of_track| of_track.start);
            let mut end = first;
            let gap =
                |of_track: &SegmentTrack| of_track.start.0.wrapping_sub(std::mem::replace(&mut end, of_track.end).0);
            put_signed(&mut out, first.0);
            column::write(&mut out, &of_tracks().map(gap).collect::<Vec<_>>());
            column::write(&mut out, &of_tracks().map(|of_track| of_track.duration().0).collect::<Vec<_>>());
            column::write(&mut out, &of_tracks().map(|of_track| of_track.bytes.cast_signed()).collect::<Vec<_>>());
        }
        column::write(&mut out, &self.segments.iter().map(|s| s.sync_bytes.cast_signed()).collect::<Vec<_>>());
        column::write(&mut out, &self.segments.iter().map(|s| s.composition.0).collect::<Vec<_>>());
        out.into()
    }

    /// Unpacks the result of [`SegmentPart::pack`].
    ///
    /// # Errors
    ///
    /// If the bytes are not such a part, or are of another format.
    pub fn unpack(number: u32, packed: &[u8]) -> Result<Self, InvalidIndex> {
        let part = || {
            let mut input = Input::new(packed);
            pack::format(&mut input)?;
            let count = input.count(MAX_SEGMENTS)?;
            let tracks = input.count(MAX_TRACKS)?;
            let mut segments = vec![Segment::default(); count];
            for _ in 0..tracks {
                for (segment, of_track) in segments.iter_mut().zip(of_tracks(&mut input, count)?) {
                    segment.tracks.push(of_track);
                }
            }
            column::read(&mut input, &mut segments, |segment, value| {
                segment.sync_bytes = value.cast_unsigned();
                true
            })?;
            column::read(&mut input, &mut segments, |segment, value| {
                segment.composition = Ticks(value);
                true
            })?;
            if input.is_empty() { Ok(segments) } else { Err(InvalidIndex("bytes behind the end".to_owned())) }
        };
        let segments =
            part().map_err(|InvalidIndex(what)| InvalidIndex(format!("part {number} of the segment table: {what}")))?;
        Ok(Self { number, segments })
    }
}

/// Reads what the segments of a part have of a track.
fn of_tracks(input: &mut Input<'_>, count: usize) -> Result<Vec<SegmentTrack>, InvalidIndex> {
    let mut end = Ticks(input.signed()?);
    let mut of_tracks = vec![SegmentTrack::default(); count];
    column::read(input, &mut of_tracks, |of_track, gap| {
        of_track.start = Ticks(gap);
        true
    })?;
    column::read(input, &mut of_tracks, |of_track, duration| {
        of_track.end = Ticks(duration);
        duration >= 0
    })?;
    column::read(input, &mut of_tracks, |of_track, bytes| {
        of_track.bytes = bytes.cast_unsigned();
        bytes >= 0
    })?;
    for of_track in &mut of_tracks {
        of_track.start = Ticks(end.0.wrapping_add(of_track.start.0));
        of_track.end = Ticks(of_track.start.0.wrapping_add(of_track.end.0));
        end = of_track.end;
    }
    Ok(of_tracks)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn segment(tracks: usize) -> impl Strategy<Value = Segment> {
        let of_track = (-1_000_000_i64..1_000_000, 0_i64..10_000, 0_u64..100_000_000);
        let of_track = of_track.prop_map(|(start, length, bytes)| SegmentTrack {
            start: Ticks(start),
            end: Ticks(start + length),
            bytes,
        });
        (prop::collection::vec(of_track, tracks), 0_u64..1_000_000, -5000_i64..5000)
            .prop_map(|(tracks, sync_bytes, offset)| Segment { tracks, sync_bytes, composition: Ticks(offset) })
    }

    proptest! {
        #[test]
        fn what_is_packed_is_unpacked(segments in (0_usize..4).prop_flat_map(|tracks| prop::collection::vec(segment(tracks), 0..40))) {
            let part = SegmentPart { number: 7, segments };
            let expected = SegmentPart { segments: part.segments.clone(), ..part.clone() };
            prop_assert_eq!(SegmentPart::unpack(7, &part.pack()).unwrap(), expected);
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = SegmentPart::unpack(0, &bytes);
        }
    }

    #[test]
    fn an_hour_takes_a_few_bytes_a_segment() {
        let (mut video, mut audio, mut seed) = (0_i64, 0_i64, 1_u64);
        let mut packed = 0;
        for number in 0..6 {
            let mut segments = Vec::new();
            for _ in 0..100 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let next = (video + 72_000) * 44_100 / 12_000;
                let frames = (next - audio).div_euclid(1024) * 1024;
                let sound =
                    SegmentTrack { start: Ticks(audio), end: Ticks(audio + frames), bytes: 90_000 + seed % 5_000 };
                let pictures =
                    SegmentTrack { start: Ticks(video), end: Ticks(video + 72_000), bytes: 1_000_000 + seed % 400_000 };
                let sync_bytes = 30_000 + seed % 10_000;
                segments.push(Segment { tracks: vec![pictures, sound], sync_bytes, composition: Ticks(1024) });
                (video, audio) = (video + 72_000, audio + frames);
            }
            packed += SegmentPart { number, segments }.pack().len();
        }
        assert!(packed < 600 * 8, "{packed} bytes for 600 segments");
    }
}
