//! FLAC in its native form (RFC 9639).
//!
//! A file is `fLaC`, metadata blocks of which the first is STREAMINFO, and frames, one after the other without a table that one
//! could rely on: so it is streamed through once to index it (`index`), each frame found by the sync code of the next and
//! believed only where its checksums agree. A frame says its own place, as its number or as that of its first sample. In a cut
//! (`write`) that is another, and with it the two checksums of the frame, which are linear: they are made anew from what the
//! index keeps of the frame's header and from the checksum of the rest, without a look at the rest, which is taken over as it is.
//!
//! A cut begins with the frame in which the start falls, and ends with the one in which the end falls. Its STREAMINFO has the new
//! total, and no MD5, which nobody could know without decoding.

mod blocks;
mod index;
#[cfg(test)]
mod tests;
mod walk;
mod write;

use super::{Error, Format, IndexFuture, Indexing, Selection, Written, pass};
use crate::index::{Container, Outline};

/// With what a stream begins (RFC 9639 §6).
const MARKER: &[u8; 4] = b"fLaC";

/// What its files are called in their heads.
const CONTAINER: Container = Container::named("flac");

/// The version of the writer ([`Format::writer`]).
const WRITER: u32 = 4;

/// FLAC, native.
pub struct Flac;

impl Format for Flac {
    fn containers(&self) -> &'static [Container] {
        const { &[CONTAINER] }
    }

    fn writer(&self) -> u32 {
        WRITER
    }

    /// Takes some 16 MiB of memory, however long a file is.
    fn index<'a>(&self, indexing: Indexing<'a>) -> IndexFuture<'a> {
        pass::through::<index::Pass>(indexing)
    }

    /// The standard lets readers skip a tag (§6).
    fn behind_tags(&self) -> bool {
        true
    }

    /// Whether a file that begins with these bytes is one.
    fn recognises(&self, start: &[u8]) -> bool {
        start.starts_with(MARKER)
    }

    /// Writes a selection as a complete file, whose first sample is that of its first frame.
    ///
    /// # Errors
    ///
    /// [`Error::Index`] where the outline is not of such a file, or the selection's runs are not its elements.
    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error> {
        write::write(outline, selection)
    }

    fn ends_with_a_sample(&self, _: &Outline) -> bool {
        true
    }
}
