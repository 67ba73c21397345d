//! AVI (Microsoft, *AVI RIFF File Reference*), with the extensions of OpenDML 1.02 for files of several RIFF chunks.
//!
//! A file is `LIST hdrl`, a header for each stream, and `LIST movi`, the streams' data in chunks; then `idx1`, which says where
//! they are and which are keyframes. Where that is sound it is read instead of the chunks; else, and in files of several RIFFs,
//! the indexes of OpenDML that the headers name (`opendml`), where those are; else the chunks are passed through once, and the
//! first bytes of a frame say whether decoding can begin there (`index`). A chunk is an element; samples are frames, or of
//! plain sound the blocks in it. A cut has new chunk headers around data as it is, and a new `idx1` (`write`).
//!
//! There are no timestamps: a sample is decoded when so many units of `dwScale/dwRate` are over as came before, and a picture is
//! shown in the time of the one whose place it has in the order of showing. That the first bytes of frames tell (`picture`), so
//! these are read of files that may have B pictures, though an index leads to them.

#![allow(clippy::doc_markdown, reason = "the standard's names are words here")]

mod header;
mod index;
mod opendml;
mod picture;
mod riff;
#[cfg(test)]
mod tests;
mod write;

use super::{Error, Format, IndexFuture, Indexing, Selection, Written, pass};
use crate::index::{Container, Outline};

/// What its files are called in their heads.
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
        pass::through::<index::Pass>(indexing)
    }

    /// Whether a file that begins with these bytes is one: a RIFF of form `AVI `.
    fn recognises(&self, start: &[u8]) -> bool {
        start.starts_with(b"RIFF") && start.get(8..12) == Some(b"AVI ")
    }

    /// Writes a selection as a complete file of one RIFF.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] where it would be larger than 2 GiB, [`Error::Index`] where the selection is not of the outline.
    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error> {
        write::write(outline, selection)
    }

    fn ends_with_a_sample(&self, _: &Outline) -> bool {
        true
    }
}
