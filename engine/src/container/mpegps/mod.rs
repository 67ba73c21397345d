//! MPEG program streams (ISO/IEC 13818-1 §2.5: `.mpg`, `.vob`) and MPEG-1 system streams (ISO/IEC 11172-1).
//!
//! A file is packs, each with a clock reference, of PES packets that streams take turns with. Packets are filled up to their
//! size, whatever that cuts through: one holds the end of a picture, whole small ones, and the beginning of the next. A sample
//! here is an access unit: a picture, a frame of sound (`mpeg::units`). Its run's bytes reach from its first
//! byte to its last, headers and packets of other streams between them included. There is no table of samples, so a file is
//! streamed through once to index it (`index`).
//!
//! An element is a stretch of the file from the pack on in which decoding can begin, half a second at least, with all access
//! units that begin in it, to the end of the last; so neighbouring elements overlap a little. It keeps whose packets lie in it
//! (`layout`). A cut is the system header of the chosen streams and then, verbatim, the packs that hold the chosen samples;
//! where a packet has bytes of others too, as the first and the last of a cut as a rule, it gets a header of its own and those
//! bytes are left out (`write`). Time stamps stay what they are, so playback of a cut does not begin at zero.

mod index;
mod layout;
mod pack;
mod program;
mod system;
#[cfg(test)]
mod tests;
mod write;

use super::payload::mixed;
use super::{Error, Format, IndexFuture, Indexing, Payload, Selection, Written, pass};
use crate::index::{Container, Outline};
use crate::media::{Kind, Run, Track};

/// What its files are called in their heads.
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

    /// Takes some 20 MiB of memory, however long a file is; its beginning is read twice.
    fn index<'a>(&self, indexing: Indexing<'a>) -> IndexFuture<'a> {
        pass::through::<index::Pass>(indexing)
    }

    /// Whether a file that begins with these bytes is one: a pack that a start code follows, at their beginning or, where the
    /// rest of a pack stands before it, in the first four kilobytes.
    fn recognises(&self, start: &[u8]) -> bool {
        pack::find(start, true).is_some()
    }

    /// Writes a selection as a complete file: a system header for the chosen tracks, and packs.
    ///
    /// # Errors
    ///
    /// [`Error::Index`] where the selection's runs do not lie in its elements, or are not of the outline's tracks.
    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error> {
        write::write(outline, selection)
    }

    /// They lie in packets, between those of other streams.
    fn payload(&self, _: &Outline, _: &Track, _: &Run) -> Result<Payload, Error> {
        Err(mixed("a program stream"))
    }

    fn ends_with_a_sample(&self, _: &Outline) -> bool {
        true
    }

    // There is no type for sound alone.
    fn mime(&self, outline: &Outline, _: &[Kind]) -> String {
        outline.mime.clone()
    }
}
