//! Matroska and WebM (RFC 9559), based on EBML (RFC 8794).
//!
//! A file is an EBML header and a Segment; the Segment contains Info, Tracks and Clusters, and these contain the
//! blocks, each with its track's number and a time relative to its cluster's. There is no reliable table of the blocks,
//! so indexing streams a file once (`index`). A sample is a whole SimpleBlock or BlockGroup element: a cut copies its
//! bytes, in clusters with new times (`write`).
//!
//! Times are presentation times. A sample's decode time is the latest presentation time of its track so far, and its
//! composition offset is the difference to its own: never more than zero.

#![allow(clippy::doc_markdown, reason = "the standard's element names are words here")]

mod configuration;
mod ebml;
mod header;
mod ids;
mod index;
mod observed;
mod payload;
#[cfg(test)]
mod tests;
mod text;
mod write;

use self::payload::KeptBlocks;
use super::{Error, Format, IndexFuture, Indexing, Payload, Selection, TextTrack, Unavailable, Written, pass};
use crate::codec::DecoderConfiguration;
use crate::index::{Container, Outline};
use crate::media::{Run, Track};

/// Its name in the heads of its files.
const CONTAINER: Container = Container::named("matroska");

/// The version of the writer ([`Format::writer`]).
const WRITER: u32 = 4;

/// Matroska, and WebM, which is a part of it.
pub struct Matroska;

impl Format for Matroska {
    fn containers(&self) -> &'static [Container] {
        const { &[CONTAINER] }
    }

    fn writer(&self) -> u32 {
        WRITER
    }

    /// Takes some 16 MiB of memory, however long a file is.
    fn index<'a>(&self, indexing: Indexing<'a>) -> IndexFuture<'a> {
        pass::through::<index::MatroskaPass>(indexing)
    }

    /// Whether a file begins with an EBML header.
    fn recognises(&self, start: &[u8]) -> bool {
        start.starts_with(&ids::EBML.to_be_bytes())
    }

    /// Writes a selection as a complete file, whose time zero is the start of [`Selection::given`].
    ///
    /// # Errors
    ///
    /// [`Error::Index`] if the selection's runs are not within its elements, or do not belong to the outline's tracks.
    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error> {
        write::write(outline, selection)
    }

    /// Without the header of its block, and with what all frames of its track begin with where the file leaves that out.
    fn payload(&self, _: &Outline, track: &Track, run: &Run) -> Result<Payload, Error> {
        payload::of(track, run)
    }

    fn configuration(&self, outline: &Outline, track: &Track) -> Result<DecoderConfiguration, Unavailable> {
        configuration::of(outline, track)
    }

    fn text(&self, track: &Track) -> Option<TextTrack> {
        text::of(track)
    }

    fn describes_pictures(&self, track: &Track) -> bool {
        configuration::describes_pictures(track)
    }

    fn pixel_aspect(&self, _: &Outline, track: &Track) -> Option<(u32, u32)> {
        configuration::pixel_aspect(track)
    }
}
