//! Waves in chunks, all of the family of EA IFF 85: WAV (Microsoft and IBM, *Multimedia Programming Interface and Data
//! Specifications 1.0*; RFC 2361), its forms beyond 4 GiB RF64 (EBU Tech 3306) and BW64 (ITU-R BS.2088), its big-endian twin
//! RIFX, Sony's Wave64, and Apple's AIFF and AIFF-C.
//!
//! A file is a form of chunks, of which one says what a sample is and another is all the samples: so its index is arithmetic.
//! One run of blocks fills each page, and a few small reads see all that is not sound, however long the file is. A block is
//! one sample of each channel, or where samples are coded several at a time (ADPCM, GSM), the bytes that say so many.
//!
//! A cut is a form of its own with the bytes of its blocks as they are, exact to the block. It begins at the block that the
//! start falls in and ends with the one that the end falls in.

mod chunks;
mod comm;
mod dialect;
mod fmt;
mod index;
mod meta;
#[cfg(test)]
mod tests;
mod write;

use self::dialect::Dialect;
use super::{Error, Format, IndexFuture, Indexing, Selection, Written, pass};
use crate::index::{Container, Outline};
use crate::media::Timescale;

/// What its files are called in their heads.
const CONTAINER: Container = Container::named("iff");

/// The version of the writer ([`Format::writer`]).
const WRITER: u32 = 4;

/// WAV, RF64, BW64, RIFX, Wave64, AIFF and AIFF-C.
pub struct Iff;

impl Format for Iff {
    fn containers(&self) -> &'static [Container] {
        const { &[CONTAINER] }
    }

    fn writer(&self) -> u32 {
        WRITER
    }

    fn index<'a>(&self, indexing: Indexing<'a>) -> IndexFuture<'a> {
        pass::through::<index::Pass>(indexing)
    }

    fn behind_tags(&self) -> bool {
        true
    }

    /// Whether a file that begins with these bytes is one of the family, and its sound not a stream of frames of its own. Zeros
    /// may stand before it.
    fn recognises(&self, start: &[u8]) -> bool {
        let start = behind_zeros(start);
        Dialect::of(start).is_some_and(|dialect| !fmt::is_mpeg(dialect, start))
    }

    /// Writes a selection as a complete file of the same dialect; as RF64 where WAV cannot count its bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Index`] where the outline is not of such a file, and [`Error::TooLarge`] beyond the 4 GiB of AIFF and RIFX.
    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error> {
        write::write(outline, selection)
    }

    fn ends_with_a_sample(&self, _: &Outline) -> bool {
        true
    }
}

/// What follows on the zeros that a file may begin with.
fn behind_zeros(start: &[u8]) -> &[u8] {
    let zeros = start.iter().take_while(|byte| **byte == 0).count();
    start.get(zeros..).unwrap_or_default()
}

/// What a file says of its sound.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sound {
    /// The codec's registered name: RFC 2361's number in hexadecimal, or AIFF-C's compression type.
    codec: String,
    /// Samples a second.
    rate: Timescale,
    /// How many channels.
    channels: u16,
    /// Bytes of a block of all channels.
    block: u32,
    /// Samples of each channel in a block.
    samples: u32,
}
