//! Ogg (RFC 3533), with Vorbis (*Vorbis I Specification*, appendix A), Opus (RFC 7845), FLAC (RFC 9639 §10.1), Speex
//! and Theora.
//!
//! A file is a sequence of pages; each belongs to a logical stream, and has the position, in the codec's units, of the
//! end of the last packet that ends on it. Logical streams are multiplexed or chained. There is no table of them, so
//! indexing streams a file once (`index`).
//!
//! An element is a page, and a sample is a packet, or the part of one that is on a page (`PacketPart`). A cut has new pages
//! with the original's packets (`write`). The index keeps the CRCs of a page's body up to the end of each packet, from
//! which the CRC of any adjacent packets follows, so that no packet has to be read.

mod codec;
mod configuration;
mod crc;
mod index;
mod kept;
mod page;
#[cfg(test)]
mod tests;
mod write;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Error, Format, IndexFuture, Indexing, Payload, Selection, Unavailable, Written, pass};
use crate::codec::DecoderConfiguration;
use crate::index::{Container, Outline};
use crate::media::splice::Splice;
use crate::media::{self, Private, Run, Track};

/// Its name in the heads of its files.
const CONTAINER: Container = Container::named("ogg");

/// The version of the writer ([`Format::writer`]).
const WRITER: u32 = 4;

/// Ogg.
pub struct Ogg;

impl Format for Ogg {
    fn containers(&self) -> &'static [Container] {
        const { &[CONTAINER] }
    }

    fn writer(&self) -> u32 {
        WRITER
    }

    /// Takes some 16 MiB of memory, however long a file is.
    fn index<'a>(&self, indexing: Indexing<'a>) -> IndexFuture<'a> {
        pass::through::<index::OggPass>(indexing)
    }

    /// Some programs write their own tags before it, which players skip.
    fn behind_tags(&self) -> bool {
        true
    }

    /// Whether a file begins with a page.
    fn recognises(&self, start: &[u8]) -> bool {
        start.starts_with(page::CAPTURE)
    }

    /// Writes a selection as a complete file, whose time zero is the start of [`Selection::given`].
    ///
    /// # Errors
    ///
    /// [`Error::Index`] if the selection's runs are not within its elements, or do not belong to the outline's tracks.
    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error> {
        write::write(outline, selection)
    }

    /// Of a packet that lies on several pages, the part that is on each.
    fn payload(&self, _: &Outline, _: &Track, run: &Run) -> Result<Payload, Error> {
        let mut splice = Splice::new();
        splice.source(run.bytes());
        Ok(if PacketPart::of(run).open { Payload::Part(splice) } else { Payload::Whole(splice) })
    }

    fn configuration(&self, outline: &Outline, track: &Track) -> Result<DecoderConfiguration, Unavailable> {
        configuration::of(outline, track)
    }

    /// Each link of a chain has its own headers.
    fn setup_stands_before(&self, _: &Outline) -> bool {
        true
    }

    fn as_played(&self, outline: &Outline, selection: Selection) -> Selection {
        Selection { given: write::plays(outline, &selection), ..selection }
    }

    /// FLAC cannot declare that its last frame should not be played completely.
    fn ends_with_a_sample(&self, outline: &Outline) -> bool {
        outline.tracks.iter().all(|track| track.codec == "flac")
    }

    fn starts_exactly(&self, _: &Outline, track: &Track) -> bool {
        codec::starts_exactly(&track.codec)
    }
}

/// Which part of a packet a sample is, which its [`Private`] says. Only the part with which the packet ends has a
/// duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PacketPart {
    /// Whether the packet began on an earlier page.
    continues: bool,
    /// Whether the packet continues on the next page.
    open: bool,
}

impl PacketPart {
    /// What a run keeps of it: this, and its place among those of its page.
    fn kept(self, place: u8) -> Private {
        Private::new(u32::from(self.continues) | u32::from(self.open) << 1, place)
    }

    fn of(run: &Run) -> Self {
        let bits = run.private.first();
        Self { continues: bits & 1 != 0, open: bits & 2 != 0 }
    }

    fn place(run: &Run) -> usize {
        run.private.second().into()
    }
}

/// The data kept of a track besides its samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct OggSetup {
    /// The number of its link in the chain.
    link: u32,
    /// Its header packets, as a cut copies them.
    headers: Vec<Bytes>,
}

impl OggSetup {
    /// Packs it for a track.
    fn pack(&self) -> Bytes {
        // Plain data in memory always serialises; if it did not, `unpack` would refuse the empty result.
        postcard::to_stdvec(self).unwrap_or_default().into()
    }

    fn unpack(track: &Track) -> Result<Self, Error> {
        let media::Setup::Inline(packed) = &track.setup else {
            return Err(Error::Index(crate::index::InvalidIndex("a track without headers".to_owned())));
        };
        postcard::from_bytes(packed)
            .map_err(|error| Error::Index(crate::index::InvalidIndex(format!("no headers: {error}"))))
    }
}
