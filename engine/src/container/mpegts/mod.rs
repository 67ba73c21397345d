//! MPEG transport streams (ISO/IEC 13818-1), in packets of 188, 192 (M2TS) and 204 bytes.
//!
//! A file consists of the interleaved packets of its streams. Tables say which streams form a program. A stream
//! consists of PES packets, each with its times and spread over as many transport packets as necessary. A PES packet is
//! a sample here: the byte range of its run extends from its first packet to the end of its last, including those of
//! other streams in between. If PES packets do not begin with pictures, a sample is an access unit (`mpeg::units`), and
//! the byte range of its run extends from its first byte to its last. There is no table of samples, so indexing streams
//! through the file once (`index`).
//!
//! An element is a range of the file that begins at a random access point and lasts at least half a second. It includes
//! all PES packets that begin in it, to the end of the last, so neighbouring elements overlap a little. It stores which
//! packets belong to which stream (`layout`). A cut has its own tables and then only the unchanged packets of the
//! selected samples; packets that also contain bytes of other samples are rewritten (`write`). Time stamps do not
//! change, so a cut does not begin at zero: players use the stream's first time.

mod codec;
mod index;
mod layout;
mod packet;
mod program;
mod psi;
#[cfg(test)]
mod tests;
mod write;

use super::payload::mixed;
use super::{Error, Format, IndexFuture, Indexing, Payload, Selection, Unavailable, Written, pass};
use crate::codec::DecoderConfiguration;
use crate::index::{Container, Outline};
use crate::media::{Kind, Run, Track};

/// The name of the container in the heads.
const CONTAINER: Container = Container::named("mpegts");

/// The version of the writer ([`Format::writer`]).
const WRITER: u32 = 4;

/// MPEG transport streams, including M2TS.
pub struct MpegTs;

impl Format for MpegTs {
    fn containers(&self) -> &'static [Container] {
        const { &[CONTAINER] }
    }

    fn writer(&self) -> u32 {
        WRITER
    }

    /// Takes about 20 MiB of memory, independent of the length of the file; its beginning is read twice.
    fn index<'a>(&self, indexing: Indexing<'a>) -> IndexFuture<'a> {
        pass::through::<index::Pass>(indexing)
    }

    /// Whether a file with these first bytes is a transport stream: consecutive packets, possibly after the rest of a
    /// truncated one or other bytes.
    fn recognises(&self, start: &[u8]) -> bool {
        packet::Packing::find(start, index::REACH).is_some()
    }

    /// Writes a selection as a complete file: tables for the selected tracks, repeated with each element, and unchanged
    /// packets.
    ///
    /// # Errors
    ///
    /// [`Error::Index`] if the selection's runs are outside its elements, or belong to tracks that are not the
    /// outline's.
    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error> {
        write::write(outline, selection)
    }

    /// They lie in packets, between those of other streams.
    fn payload(&self, _: &Outline, _: &Track, _: &Run) -> Result<Payload, Error> {
        Err(mixed("a transport stream"))
    }

    fn configuration(&self, _: &Outline, _: &Track) -> Result<DecoderConfiguration, Unavailable> {
        Err(Unavailable::Scattered { container: "a transport stream" })
    }

    fn ends_with_a_sample(&self, _: &Outline) -> bool {
        true
    }

    // There is no type for audio only.
    fn mime(&self, outline: &Outline, _: &[Kind]) -> String {
        outline.mime.clone()
    }
}
