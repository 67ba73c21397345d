//! FLAC in its native form (RFC 9639).
//!
//! A file is `fLaC`, metadata blocks, the first of which is STREAMINFO, and frames, one after the other without a
//! reliable table. So indexing streams it once (`index`): each frame is found by the sync code of the next and accepted
//! only if its checksums match. A frame contains its place, as its number or as that of its first sample. In a cut
//! (`write`) the place changes, and with it the two checksums of the frame. They are linear, so they are computed from
//! what the index keeps of the frame's header and from the checksum of the rest, without reading the rest, which is
//! copied.
//!
//! A cut begins with the frame that contains the start, and ends with the one that contains the end. Its STREAMINFO has
//! the new total, and no MD5, which would require decoding.

mod blocks;
mod index;
#[cfg(test)]
mod tests;
mod walk;
mod write;

use super::{Error, Format, IndexFuture, Indexing, Selection, Unavailable, Written, pass};
use crate::codec::DecoderConfiguration;
use crate::codec::flac::StreamInfo;
use crate::index::{Container, Outline};
use crate::media::{Setup, Track};

/// The beginning of a stream (RFC 9639 §6).
const MARKER: &[u8; 4] = b"fLaC";

/// Its name in the heads of its files.
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
        pass::through::<index::FlacPass>(indexing)
    }

    /// The standard lets readers skip a tag (§6).
    fn behind_tags(&self) -> bool {
        true
    }

    /// Whether a file begins with the marker.
    fn recognises(&self, start: &[u8]) -> bool {
        start.starts_with(MARKER)
    }

    /// Writes a selection as a complete file, whose first sample is that of its first frame.
    ///
    /// # Errors
    ///
    /// [`Error::Index`] if the outline is not that of such a file, or the selection's runs are not its elements.
    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error> {
        write::write(outline, selection)
    }

    fn configuration(&self, outline: &Outline, track: &Track) -> Result<DecoderConfiguration, Unavailable> {
        let Some(Setup::Inline(info)) = outline.setup.first() else { return Err(Unavailable::missing(track)) };
        StreamInfo::parse(info).map(DecoderConfiguration::Flac).ok_or_else(|| Unavailable::damaged(track))
    }

    fn ends_with_a_sample(&self, _: &Outline) -> bool {
        true
    }
}
