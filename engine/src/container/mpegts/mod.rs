//! MPEG transport streams (ISO/IEC 13818-1), in packets of 188, 192 (M2TS) and 204 bytes.
//!
//! A file is packets of many streams, taking turns. Tables say which streams make a program; a stream is PES packets, each with
//! its times and spread over as many transport packets as it takes. A PES packet is a sample here: its run's bytes reach from
//! its first packet to the end of its last, those of other streams between them included. Where PES packets do not begin with
//! pictures, a sample is an access unit (`mpeg::units`), whose run's bytes reach from its first byte to its last. There is no
//! table of samples, so a file is streamed through once to index it (`index`).
//!
//! An element is a stretch of the file from a random access point on, half a second at least, with all PES packets that begin
//! in it, to the end of the last; so neighbouring elements overlap a little. It keeps whose packets lie in it (`layout`): a
//! cut is tables of its own and then, verbatim, the packets of the chosen samples and of nothing else, but for those anew in which
//! bytes of others lie (`write`). Time stamps stay what they are, so playback of a cut does not begin at zero: players go by where a stream begins.

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
use super::{Error, Format, IndexFuture, Indexing, Payload, Selection, Written, pass};
use crate::index::{Container, Outline};
use crate::media::{Kind, Run, Track};

/// What its files are called in their heads.
const CONTAINER: Container = Container::named("mpegts");

/// The version of the writer ([`Format::writer`]).
const WRITER: u32 = 4;

/// MPEG transport streams, M2TS among them.
pub struct MpegTs;

impl Format for MpegTs {
    fn containers(&self) -> &'static [Container] {
        const { &[CONTAINER] }
    }

    fn writer(&self) -> u32 {
        WRITER
    }

    /// Takes some 20 MiB of memory, however long a file is; its beginning is read twice.
    fn index<'a>(&self, indexing: Indexing<'a>) -> IndexFuture<'a> {
        pass::through::<index::Pass>(indexing)
    }

    /// Whether a file that begins with these bytes is one: packets follow each other, behind the rest of one that was cut off, or
    /// other bytes.
    fn recognises(&self, start: &[u8]) -> bool {
        packet::Packing::find(start, index::REACH).is_some()
    }

    /// Writes a selection as a complete file: tables for the chosen tracks, repeated with each element, and packets verbatim.
    ///
    /// # Errors
    ///
    /// [`Error::Index`] where the selection's runs do not lie in its elements, or are not of the outline's tracks.
    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error> {
        write::write(outline, selection)
    }

    /// They lie in packets, between those of other streams.
    fn payload(&self, _: &Outline, _: &Track, _: &Run) -> Result<Payload, Error> {
        Err(mixed("a transport stream"))
    }

    fn ends_with_a_sample(&self, _: &Outline) -> bool {
        true
    }

    // There is no type for sound alone.
    fn mime(&self, outline: &Outline, _: &[Kind]) -> String {
        outline.mime.clone()
    }
}
