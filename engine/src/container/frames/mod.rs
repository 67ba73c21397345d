//! Streams of consecutive frames without a container: MPEG audio layers I, II and III (MP3; ISO/IEC 11172-3 §2.4,
//! 13818-3 §2.4), and AAC in ADTS (ISO/IEC 14496-3 §1.A.3.2).
//!
//! Each frame begins with a header that gives the frame's length. No table lists the frames, so indexing streams
//! through the file once. A header is little more than eleven ones, so it is accepted only if similar headers follow at
//! exactly the distances given. Anything between, before and after the frames is skipped: tags silently, junk with a
//! note.
//!
//! A cut contains the frames unchanged. MP3 can declare which part of the decoded sound is to be played, so a cut of it
//! begins and ends at exactly the sample requested (`mpeg`). The others begin one frame before the frame that holds the
//! requested time, since a frame decodes correctly only after another one.

#![allow(clippy::doc_markdown, reason = "names of tags are words here")]

mod configuration;
mod id3;
mod index;
mod mpeg;
mod scan;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use super::{
    Error, Extents, Format, IndexFuture, Indexing, Payload, Selection, Unavailable, Unsupported, Written, pass,
};
use crate::codec::DecoderConfiguration;
use crate::codec::FrameHeader;
use crate::codec::aac::FRAME;
use crate::index::{Container, Outline};
use crate::media::splice::Splice;
use crate::media::{Kind, Private, Run, Ticks, Track};

/// MPEG audio layer III.
const MP3: Container = Container::named("mp3");
/// MPEG audio layers I and II.
const MP2: Container = Container::named("mp2");
/// AAC in ADTS.
const ADTS: Container = Container::named("adts");

/// The version of the writer ([`Format::writer`]).
const WRITER: u32 = 4;

/// Streams of MPEG audio frames and of AAC frames in ADTS.
pub struct Frames;

impl Format for Frames {
    fn containers(&self) -> &'static [Container] {
        const { &[MP3, MP2, ADTS] }
    }

    fn writer(&self) -> u32 {
        WRITER
    }

    /// Takes about 32 MiB of memory, independent of the length of the file.
    fn index<'a>(&self, indexing: Indexing<'a>) -> IndexFuture<'a> {
        pass::through::<index::FramesPass>(indexing)
    }

    fn behind_tags(&self) -> bool {
        true
    }

    /// The first bytes are not distinctive; only reading can tell.
    fn recognises(&self, _: &[u8]) -> bool {
        true
    }

    /// Writes a selection as a complete file.
    ///
    /// # Errors
    ///
    /// [`Error::Index`] if the selection does not match the outline.
    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error> {
        let [selected] = selection.tracks.as_slice() else {
            return Err(mismatch("a selection of other than one track"));
        };
        if outline.container == MP3 {
            return mpeg::write(outline, selected);
        }
        let mut splice = Splice::new();
        for run in &selected.runs {
            splice.source(run.bytes());
        }
        Ok(Written { splice, setup: 0..0, elements: Extents::default() })
    }

    /// Of AAC the raw data block alone, without the header of its frame.
    fn payload(&self, outline: &Outline, _: &Track, run: &Run) -> Result<Payload, Error> {
        if outline.container != ADTS {
            return Ok(Payload::stored(run));
        }
        if run.duration > Ticks(FRAME.into()) {
            let why = "a frame has several of them";
            return Err(Unsupported::Payload { of: "AAC".to_owned(), why }.into());
        }
        let mut splice = Splice::new();
        for sample in 0..u64::from(run.count) {
            let offset = run.offset.saturating_add(sample * u64::from(run.size));
            splice.source(offset.saturating_add(header(run).into())..offset.saturating_add(run.size.into()));
        }
        Ok(Payload::Whole(splice))
    }

    fn configuration(&self, outline: &Outline, track: &Track) -> Result<DecoderConfiguration, Unavailable> {
        configuration::of(outline, track)
    }

    /// Also for a WAVE file, since its cuts have no chunks.
    fn mime(&self, outline: &Outline, _: &[Kind]) -> String {
        if outline.container == ADTS { "audio/aac" } else { "audio/mpeg" }.to_owned()
    }

    fn starts_exactly(&self, outline: &Outline, _: &Track) -> bool {
        outline.container == MP3
    }

    fn ends_with_a_sample(&self, outline: &Outline) -> bool {
        outline.container != MP3
    }

    fn plays_lead_in(&self, outline: &Outline) -> bool {
        outline.container != MP3
    }
}

/// What the outline keeps of AAC in ADTS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct AdtsHeaders {
    /// The first header, without its checksum.
    first: [u8; 7],
    /// Whether a frame has several raw data blocks.
    several: bool,
}

/// What a run keeps of its frames: their mode, and how many bytes stand before their data.
const fn kept(frame: &FrameHeader) -> Private {
    Private::new(frame.mode as u32, frame.header)
}

/// The mode of the frames of a run, see [`FrameHeader::mode`].
fn mode(run: &Run) -> u8 {
    u8::try_from(run.private.first()).unwrap_or_default()
}

/// How many bytes stand before the data of each frame of a run.
const fn header(run: &Run) -> u8 {
    run.private.second()
}

/// The outline and the selection do not match.
fn mismatch(what: &str) -> Error {
    Error::Index(crate::index::InvalidIndex(what.to_owned()))
}
