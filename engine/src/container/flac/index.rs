//! The index half: reads the metadata blocks, then the frames, each of which is a sample in a run of its own, and an
//! element with the data that the writer needs.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::CONTAINER;
use super::blocks::{self, FlacPreamble};
use super::walk::{FlacFrame, Walk};
use crate::codec::StreamProperties;
use crate::codec::flac::{MAX_HEADER, StreamInfo};
use crate::container::notes::Notes;
use crate::container::pass::PassOutput;
use crate::container::stream::SourceStream;
use crate::container::{DynSource, Error, pass, tags};
use crate::index::{FORMAT, Outline};
use crate::media::{Kind, Private, Run, Setup, Ticks, Time, Timescale, Track};

/// The maximum number of samples of each channel: 36 bits.
const MAX_SAMPLES: u64 = 1 << 36;
/// How many bytes of Vorbis comments the outline itself keeps.
const MAX_INLINE: u64 = 512;

/// A file while its frames are read.
///
/// # Errors
///
/// [`Error::Malformed`] if there is no valid STREAMINFO, or no frame; [`Error::TooLarge`] if the metadata exceed the
/// limits. Damaged frames are skipped and reported in [`Outline::notes`].
#[derive(Serialize, Deserialize)]
pub struct FlacPass {
    before: FlacPreamble,
    /// The end of the frames.
    end: u64,
    walk: Walk,
    samples: FrameSamples,
    /// The Vorbis comments, as the outline keeps them.
    comments: Option<Setup>,
}

impl pass::IndexPass for FlacPass {
    async fn begin(stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<Self, Error> {
        let before = blocks::read(stream).await?;
        let timescale = Timescale::per_second(before.info.rate).ok_or(Error::Unknown)?;
        let end = tags::behind(stream.source(), before.frames).await?;
        let walk = Walk::new(before.info.clone(), before.frames);
        let samples = FrameSamples::new(before.info.total, before.frames);
        out.builder.add_track(track(&before.info, timescale));
        Ok(Self { before, end, walk, samples, comments: None })
    }

    async fn step(&mut self, stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<bool, Error> {
        let at = stream.position();
        if at >= self.end {
            return Ok(false);
        }
        let left = usize::try_from(self.end - at).unwrap_or(usize::MAX);
        let bytes = stream.peek(left.min(MAX_HEADER)).await?;
        let (bytes, last) =
            if bytes.len() >= left { (bytes.get(..left).unwrap_or(bytes), true) } else { (bytes, false) };
        let mut found = Vec::with_capacity(1024);
        let taken = self.walk.take(bytes, last, &mut found);
        stream.seek(at.saturating_add(taken as u64));
        for frame in found {
            self.samples.frame(&frame, out)?;
        }
        Ok(true)
    }

    async fn end(&mut self, source: &dyn DynSource, out: &mut PassOutput) -> Result<(), Error> {
        self.samples.end(self.end, &mut out.notes);
        if self.samples.origin.is_none() {
            let what = "no frame whose checksums are right".to_owned();
            return Err(Error::Malformed { offset: self.before.frames, path: "frames".to_owned(), what });
        }
        self.comments = match self.before.comments.clone() {
            Some(range) if range.end - range.start <= MAX_INLINE => Some(Setup::Inline(source.read(range).await?)),
            range => range.map(Setup::At),
        };
        Ok(())
    }

    fn outline(self, tracks: Vec<Track>, notes: &mut Notes) -> Result<Outline, Error> {
        let FlacPreamble { info, chapters, start, frames, .. } = self.before;
        let duration = tracks.first().map_or(Time::ZERO, |track| track.timescale.time(track.presented.1));
        let (chapters, left_out) = chapters.finish(duration);
        for note in left_out {
            notes.push(note);
        }
        let mut setup = vec![Setup::Inline(info.bytes.into())];
        setup.extend(self.comments);
        Ok(Outline {
            container: CONTAINER,
            mime: "audio/flac".to_owned(),
            duration,
            tracks,
            setup,
            setup_ranges: vec![start..frames],
            elements: true,
            chapters,
            created: None,
            pages: 0,
            notes: Vec::new(),
            segments: None,
            format: FORMAT,
        })
    }
}

/// Frames while they are added to the index.
#[derive(Serialize, Deserialize)]
struct FrameSamples {
    /// The number of samples in STREAMINFO; 0 if unknown.
    total: u64,
    /// The end of the last frame, in bytes and in samples.
    end: u64,
    next: u64,
    /// The place of the first frame, to which the others are relative.
    origin: Option<u64>,
    /// Samples of a frame, if frames are numbered: all but the last have as many as the first.
    block: u64,
}

impl FrameSamples {
    const fn new(total: u64, frames: u64) -> Self {
        Self { total, end: frames, next: 0, origin: None, block: 0 }
    }

    fn frame(&mut self, frame: &FlacFrame, out: &mut PassOutput) -> Result<(), Error> {
        let lost = frame.offset > self.end;
        if lost {
            out.notes.at(self.end, "bytes that are no whole frame are passed over");
        }
        if self.origin.is_none() && !frame.header.variable {
            self.block = u64::from(frame.header.samples);
        }
        let place =
            if frame.header.variable { frame.header.number } else { frame.header.number.saturating_mul(self.block) };
        let origin = *self.origin.get_or_insert(place);
        let place = place.saturating_sub(origin);
        let most = match self.total {
            0 if lost => MAX_SAMPLES,
            total => total,
        };
        // If frames are missing, time continues; other leaps come from joining two files.
        if place > self.next && place <= most {
            self.next = place;
            out.notes.at(frame.offset, "frames are missing before this one");
        } else if place != self.next {
            out.notes.at(frame.offset, "frames are not numbered one after the other");
        }
        let header = u32::try_from(frame.header.length).unwrap_or(0);
        let kept = [frame.codes.as_slice(), &frame.rest.to_be_bytes()].concat();
        // With its number, by which the writer knows whether the whole frame can stay.
        out.builder.begin_element_keeping(frame.offset, header, ticks(frame.header.number), Bytes::from(kept));
        let run = Run {
            decode: ticks(self.next),
            composition: Ticks::ZERO,
            duration: ticks(u64::from(frame.header.samples)),
            offset: frame.offset,
            size: u32::try_from(frame.size).unwrap_or(u32::MAX),
            count: 1,
            sync: true,
            disposable: false,
            private: Private::NONE,
        };
        out.builder.samples(0, run)?;
        self.end = frame.offset.saturating_add(frame.size);
        out.builder.end_element(self.end);
        self.next = self.next.saturating_add(u64::from(frame.header.samples));
        Ok(())
    }

    /// Ends the frames, at the end of the file without tags.
    fn end(&self, end: u64, notes: &mut Notes) {
        if self.end < end {
            notes.at(self.end, "what follows is no whole frame: the file is truncated or damaged");
        }
        let (total, found) = (self.total, self.next);
        if total > 0 && total != found {
            notes.push(format!("its STREAMINFO speaks of {total} samples, its frames have {found}"));
        }
    }
}

fn ticks(samples: u64) -> Ticks {
    Ticks(i64::try_from(samples).unwrap_or(i64::MAX))
}

/// The only track. The builder fills in what it counts.
fn track(info: &StreamInfo, timescale: Timescale) -> Track {
    let StreamProperties { name, sample_rate, channels, .. } = info.properties();
    let track = Track::new(1, Kind::Audio, name, timescale, Setup::Inline(Bytes::new()));
    Track { sample_rate, channels, ..track }
}
