//! The write half: header, onMetaData, sequence headers, and tags with new timestamps around unchanged payloads.

use std::ops::Range;

use super::KeptTags;
use super::amf::{SCRIPT_AT, Script};
use super::tag::{self, AUDIO, FileHeader, TAG_HEADER, VIDEO};
use crate::container::draft::Draft;
use crate::container::order::InOrder;
use crate::container::{Error, Extents, Selection, Written};
use crate::index::{self, Outline};
use crate::media::splice::Splice;
use crate::media::{Kind, Run, Setup, Ticks, Time, Track};

/// The maximum number of keyframes in onMetaData: if there are more, some are skipped evenly. Each takes 18 bytes.
const MAX_KEYFRAMES: usize = 2000;

/// The minimum distance of the listed tags in a cut without video.
const AUDIO_DISTANCE: Time = Time::from_secs(5);

/// Writes a selection as a complete file; see [`super::write`].
pub fn write(outline: &Outline, selection: &Selection) -> Result<Written, Error> {
    let mut writers = Vec::with_capacity(selection.tracks.len());
    for selected in &selection.tracks {
        let track = outline.tracks.get(selected.track);
        let track = track.ok_or_else(|| mismatch(format!("no track {}", selected.track)))?;
        writers.push(TrackWriter { track, description: 0 });
    }
    let Some(first) = writers.first() else { return Err(mismatch("a selection without a track".to_owned())) };
    // Pictures are decoded before they are presented, but timestamps must not be negative.
    let start = first.track.timescale.ticks(selection.given.start());
    let decoded = selection.tracks.iter().filter_map(|selected| selected.runs.first()).map(|run| run.decode);
    let mut tags =
        WrittenTags { outline, zero: decoded.min().map_or(start, |decode| decode.min(start)), draft: Draft::default() };

    for (writer, selected) in writers.iter_mut().zip(&selection.tracks) {
        if let Some(run) = selected.runs.first() {
            tags.describe(writer, run, 0)?;
        }
    }
    let setup = tags.draft.len();
    let mut keyframes = Keyframes::for_tracks(&writers);
    let mut places = Extents::default();
    for (place, run) in InOrder::new(&selection.tracks) {
        let Some(writer) = writers.get_mut(place) else { continue };
        let timestamp = tags.timestamp(&run)?;
        if writer.description != KeptTags::of(&run).description {
            tags.describe(writer, &run, timestamp)?;
        }
        let begins = tags.draft.len();
        keyframes.offer(writer.track, &run, timestamp, begins);
        tags.sample(writer, &run, timestamp)?;
        places.push(begins..tags.draft.len());
        tags.draft.fits()?;
    }

    let has = |kind| writers.iter().any(|writer| writer.track.kind == kind);
    let mut script = Script {
        duration: selection.given.duration().as_secs_f64(),
        file_size: 0,
        dimensions: writers.iter().find_map(|writer| writer.track.dimensions),
        has_video: has(Kind::Video),
        has_audio: has(Kind::Audio),
        keyframes: keyframes.thinned(),
    };
    let body = SCRIPT_AT + script.len() as u64;
    script.file_size = body + tags.draft.len();
    for (_, position) in &mut script.keyframes {
        *position += body;
    }
    let mut splice = Splice::new();
    splice.made(FileHeader::write(script.has_audio, script.has_video).to_vec());
    splice.made(script.write());
    tags.draft.append_to(&mut splice);
    // A tag is an element and not a piece of the original, because its header is new, so that a range contains the
    // whole tag.
    let elements = places.iter().map(|place| body + place.start..body + place.end).collect();
    Ok(Written { splice, setup: 0..body + setup, elements })
}

/// One track of the cut.
struct TrackWriter<'a> {
    track: &'a Track,
    /// The current configuration of the decoder.
    description: u16,
}

impl TrackWriter<'_> {
    const fn kind(&self) -> u8 {
        if matches!(self.track.kind, Kind::Video) { VIDEO } else { AUDIO }
    }
}

/// The tags so far.
struct WrittenTags<'a> {
    outline: &'a Outline,
    /// The decode time of the original that becomes zero.
    zero: Ticks,
    draft: Draft,
}

impl WrittenTags<'_> {
    fn timestamp(&self, run: &Run) -> Result<i32, Error> {
        let time = run.decode - self.zero;
        i32::try_from(time.0).map_err(|_| mismatch(format!("a tag {} ms into the cut", time.0)))
    }

    /// Appends the sequence header for the samples of this run, if they need one.
    fn describe(&mut self, writer: &mut TrackWriter<'_>, run: &Run, timestamp: i32) -> Result<(), Error> {
        let description = KeptTags::of(run).description;
        writer.description = description;
        let place = usize::from(description).checked_sub(1);
        let payload = place.and_then(|place| self.outline.setup.get(place));
        let payload = payload.ok_or_else(|| mismatch(format!("no sequence header {description}")))?;
        if payload.is_empty() {
            return Ok(());
        }
        let size = u32::try_from(payload.len()).map_err(|_| mismatch("a long sequence header".to_owned()))?;
        self.draft.made().extend(tag::header(writer.kind(), size, timestamp));
        match payload {
            Setup::Inline(bytes) => self.draft.made().extend_from_slice(bytes),
            Setup::At(range) => self.draft.source(range.clone()),
        }
        self.draft.made().extend(tag::trailer(size));
        Ok(())
    }

    /// Appends a sample with an unchanged payload.
    fn sample(&mut self, writer: &TrackWriter<'_>, run: &Run, timestamp: i32) -> Result<(), Error> {
        let payload = payload(run)?;
        let size = u32::try_from(payload.end - payload.start).unwrap_or(u32::MAX);
        self.draft.made().extend(tag::header(writer.kind(), size, timestamp));
        self.draft.source(payload);
        self.draft.made().extend(tag::trailer(size));
        Ok(())
    }
}

/// Where decoding can begin in a cut, for players that seek.
struct Keyframes {
    /// The kind of their track.
    kind: Kind,
    /// Their minimum distance in milliseconds.
    distance: i64,
    /// Timestamp, and offset after onMetaData.
    points: Vec<(i64, u64)>,
}

impl Keyframes {
    fn for_tracks(writers: &[TrackWriter<'_>]) -> Self {
        let video = writers.iter().any(|writer| writer.track.kind == Kind::Video);
        let (kind, distance) = if video { (Kind::Video, 0) } else { (Kind::Audio, AUDIO_DISTANCE.0 / 1_000_000) };
        Self { kind, distance, points: Vec::new() }
    }

    fn offer(&mut self, track: &Track, run: &Run, timestamp: i32, position: u64) {
        let timestamp = i64::from(timestamp);
        let far = self.points.last().is_none_or(|(last, _)| timestamp - last >= self.distance);
        if run.sync && track.kind == self.kind && far {
            self.points.push((timestamp, position));
        }
    }

    fn thinned(self) -> Vec<(i64, u64)> {
        let step = self.points.len().div_ceil(MAX_KEYFRAMES).max(1);
        self.points.into_iter().step_by(step).collect()
    }
}

/// Where the payload of a sample's tag stands.
pub fn payload(run: &Run) -> Result<Range<u64>, Error> {
    let before = u32::try_from(TAG_HEADER).unwrap_or(u32::MAX);
    let around = before.saturating_add(KeptTags::of(run).trailer.try_into().unwrap_or(u32::MAX));
    let size = run.size.checked_sub(around);
    let size = size.ok_or_else(|| mismatch(format!("a tag of {} bytes at byte {}", run.size, run.offset)))?;
    let start = run.offset.saturating_add(before.into());
    Ok(start..start.saturating_add(size.into()))
}

/// The pages, the outline and the selection are inconsistent.
pub fn mismatch(what: String) -> Error {
    Error::Index(index::InvalidIndex(what))
}
