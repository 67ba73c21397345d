//! Streams of frames that stand one behind the other without a container around them: MPEG audio of layers I, II and III
//! (MP3; ISO/IEC 11172-3 §2.4, 13818-3 §2.4), and AAC in ADTS (ISO/IEC 14496-3 §1.A.3.2).
//!
//! Each frame begins with a header that says how long the frame is, and no table says where they are: a file is streamed
//! through once to index it. A header is hardly more than eleven ones, so it is believed where others like it follow at just
//! the distance that it names. What stands between frames, before them and behind them is passed over: tags in silence, junk
//! with a note.
//!
//! A cut has the frames as they are. MP3 can say how much of what is decoded is to be heard, and so begins and ends at the
//! very sample asked for (`mpeg`); the others begin with the frame before the one that holds the instant asked for, since a
//! frame is decoded rightly only behind another.

#![allow(clippy::doc_markdown, reason = "names of tags are words here")]

mod id3;
mod index;
mod mpeg;
mod scan;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use super::{Error, Extents, Format, IndexFuture, Indexing, Payload, Selection, Unsupported, Written, pass};
use crate::codec::Frame;
use crate::codec::aac::FRAME;
use crate::index::{Container, Outline};
use crate::media::splice::Splice;
use crate::media::{Kind, Private, Run, Ticks, Track};

/// MPEG audio of layer III.
const MP3: Container = Container::named("mp3");
/// MPEG audio of layers I and II.
const MP2: Container = Container::named("mp2");
/// AAC in ADTS.
const ADTS: Container = Container::named("adts");

/// The version of the writer ([`Format::writer`]).
const WRITER: u32 = 4;

/// Frames of MPEG audio and of AAC in ADTS.
pub struct Frames;

impl Format for Frames {
    fn containers(&self) -> &'static [Container] {
        const { &[MP3, MP2, ADTS] }
    }

    fn writer(&self) -> u32 {
        WRITER
    }

    /// Takes some 32 MiB of memory, however long a file is.
    fn index<'a>(&self, indexing: Indexing<'a>) -> IndexFuture<'a> {
        pass::through::<index::Pass>(indexing)
    }

    fn behind_tags(&self) -> bool {
        true
    }

    /// There is nothing at the beginning that tells: reading has to find out.
    fn recognises(&self, _: &[u8]) -> bool {
        true
    }

    /// Writes a selection as a complete file.
    ///
    /// # Errors
    ///
    /// [`Error::Index`] where the selection does not go with the outline.
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

    /// Also of a WAVE, whose cuts have no chunks.
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

/// What a run keeps of its frames: their mode, and how many bytes stand before their data.
const fn kept(frame: &Frame) -> Private {
    Private::new(frame.mode as u32, frame.header)
}

/// The mode of the frames of a run, see [`Frame::mode`].
fn mode(run: &Run) -> u8 {
    u8::try_from(run.private.first()).unwrap_or_default()
}

/// How many bytes stand before the data of each frame of a run.
const fn header(run: &Run) -> u8 {
    run.private.second()
}

/// The outline and the selection do not go together.
fn mismatch(what: &str) -> Error {
    Error::Index(crate::index::Error(what.to_owned()))
}
