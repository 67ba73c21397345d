//! MPEG program streams (ISO/IEC 13818-1 §2.5: `.mpg`, `.vob`) and MPEG-1 system streams (ISO/IEC 11172-1).
//!
//! A file consists of packs. Each has a clock reference and PES packets of interleaved streams. Packets are filled up
//! to their size regardless of the samples' boundaries: one holds the end of a picture, some whole small ones, and the
//! beginning of the next. A sample here is an access unit: a picture or a frame of sound (`mpeg::units`). The byte
//! range of its run extends from its first byte to its last, including headers and packets of other streams in between.
//! There is no table of samples, so indexing streams through the file once (`index`).
//!
//! An element is a range of the file that begins with the pack of a random access point and lasts at least half a
//! second. It includes all access units that begin in it, to the end of the last, so neighbouring elements overlap a
//! little. It stores which packets belong to which stream (`layout`). A cut is the system header of the selected
//! streams, followed by the unchanged packs with the selected samples. A packet that also contains bytes of other
//! samples, usually the first and the last of a cut, gets a new header, and those bytes are removed (`write`). Time
//! stamps do not change, so a cut does not begin at zero.

mod index;
mod layout;
mod pack;
mod program;
mod system;
#[cfg(test)]
mod tests;
mod write;

use super::payload::mixed;
use super::{Error, Format, IndexFuture, Indexing, Payload, Selection, Unavailable, Written, pass};
use crate::codec::DecoderConfiguration;
use crate::index::{Container, Outline};
use crate::media::{Kind, Run, Track};

/// The name of the container in the heads.
const CONTAINER: Container = Container::named("mpegps");

/// The version of the writer ([`Format::writer`]).
const WRITER: u32 = 4;

/// MPEG program streams and MPEG-1 system streams.
pub struct MpegPs;

impl Format for MpegPs {
    fn containers(&self) -> &'static [Container] {
        const { &[CONTAINER] }
    }

    fn writer(&self) -> u32 {
        WRITER
    }

    /// Takes about 20 MiB of memory, independent of the length of the file; its beginning is read twice.
    fn index<'a>(&self, indexing: Indexing<'a>) -> IndexFuture<'a> {
        pass::through::<index::MpegPsPass>(indexing)
    }

    /// Whether a file with these first bytes is a program stream: a pack followed by a start code, either at the
    /// beginning or, after the rest of a truncated pack, in the first four kilobytes.
    fn recognises(&self, start: &[u8]) -> bool {
        pack::find(start, true).is_some()
    }

    /// Writes a selection as a complete file: a system header for the selected tracks, and packs.
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
        Err(mixed("a program stream"))
    }

    fn configuration(&self, _: &Outline, _: &Track) -> Result<DecoderConfiguration, Unavailable> {
        Err(Unavailable::Scattered { container: "a program stream" })
    }

    fn ends_with_a_sample(&self, _: &Outline) -> bool {
        true
    }

    // There is no type for audio only.
    fn mime(&self, outline: &Outline, _: &[Kind]) -> String {
        outline.mime.clone()
    }
}
