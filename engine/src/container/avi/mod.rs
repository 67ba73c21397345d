//! AVI (Microsoft, *AVI RIFF File Reference*), with the extensions of OpenDML 1.02 for files of several RIFF chunks.
//!
//! A file is `LIST hdrl`, with a header for each stream, and `LIST movi`, with the streams' data in chunks; then
//! `idx1`, which has their positions and marks keyframes. If `idx1` is valid it is read instead of the chunks;
//! otherwise, and in files of several RIFFs, the indexes of OpenDML named in the headers (`opendml`), if they exist.
//! Otherwise the chunks are read once, and the first bytes of a frame show whether decoding can begin there (`index`).
//! A chunk is an element; samples are frames, or, for plain sound, the blocks in it. A cut has new chunk headers around
//! unchanged data, and a new `idx1` (`write`).
//!
//! There are no timestamps: the decode time of a sample is the number of units of `dwScale/dwRate` before it, and a
//! picture is shown in the time of the one whose place it takes in presentation order. The first bytes of frames
//! determine this order (`picture`), so they are read in files that may have B pictures, even with an index.

#![allow(clippy::doc_markdown, reason = "the standard's names are words here")]

mod configuration;
mod header;
mod index;
mod opendml;
mod picture;
mod riff;
#[cfg(test)]
mod tests;
mod write;

use super::{Error, Format, IndexFuture, Indexing, Selection, Unavailable, Written, pass};
use crate::codec::DecoderConfiguration;
use crate::index::{Container, Outline};
use crate::media::Track;

/// Its name in the heads of its files.
const CONTAINER: Container = Container::named("avi");

/// The version of the writer ([`Format::writer`]).
const WRITER: u32 = 4;

/// Audio Video Interleave.
pub struct Avi;

impl Format for Avi {
    fn containers(&self) -> &'static [Container] {
        const { &[CONTAINER] }
    }

    fn writer(&self) -> u32 {
        WRITER
    }

    fn index<'a>(&self, indexing: Indexing<'a>) -> IndexFuture<'a> {
        pass::through::<index::AviPass>(indexing)
    }

    /// Whether a file begins with a RIFF of form `AVI `.
    fn recognises(&self, start: &[u8]) -> bool {
        start.starts_with(b"RIFF") && start.get(8..12) == Some(b"AVI ")
    }

    /// Writes a selection as a complete file of one RIFF.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] if it would be larger than 2 GiB, [`Error::Index`] if the selection does not belong to
    /// the outline.
    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error> {
        write::write(outline, selection)
    }

    fn configuration(&self, _: &Outline, track: &Track) -> Result<DecoderConfiguration, Unavailable> {
        configuration::of(track)
    }

    fn ends_with_a_sample(&self, _: &Outline) -> bool {
        true
    }
}
