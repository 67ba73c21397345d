//! Waves in chunks, in the family of EA IFF 85: WAV (Microsoft and IBM, *Multimedia Programming Interface and Data
//! Specifications 1.0*; RFC 2361), its extensions beyond 4 GiB RF64 (EBU Tech 3306) and BW64 (ITU-R BS.2088), its
//! big-endian twin RIFX, Sony's Wave64, and Apple's AIFF and AIFF-C.
//!
//! A file is a form of chunks; one of them describes the samples and another contains all of them, so its index is
//! computed. One run of blocks fills each page, and a few small reads find everything that is not sound, however long
//! the file is. A block is one sample of each channel, or, in codecs that code several samples at a time (ADPCM, GSM),
//! their bytes.
//!
//! A cut is a new form with unchanged blocks, exact to the block. It begins at the block that contains the start and
//! ends with the one that contains the end.

mod chunks;
mod comm;
mod configuration;
mod dialect;
mod fmt;
mod index;
mod meta;
#[cfg(test)]
mod tests;
mod write;

use self::dialect::Dialect;
use super::{Error, Format, IndexFuture, Indexing, Selection, Unavailable, Written, pass};
use crate::codec::DecoderConfiguration;
use crate::index::{Container, Outline};
use crate::media::{Timescale, Track};

/// Its name in the heads of its files.
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
        pass::through::<index::IffPass>(indexing)
    }

    fn behind_tags(&self) -> bool {
        true
    }

    /// Whether a file with this beginning belongs to the family, and its sound is not a separate stream of frames.
    /// Zeros may precede it.
    fn recognises(&self, start: &[u8]) -> bool {
        let start = behind_zeros(start);
        Dialect::of(start).is_some_and(|dialect| !fmt::is_mpeg(dialect, start))
    }

    /// Writes a selection as a complete file of the same dialect; as RF64 if it is too large for WAV.
    ///
    /// # Errors
    ///
    /// [`Error::Index`] if the outline is not of such a file, and [`Error::TooLarge`] beyond the 4 GiB of AIFF and
    /// RIFX.
    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error> {
        write::write(outline, selection)
    }

    fn configuration(&self, outline: &Outline, track: &Track) -> Result<DecoderConfiguration, Unavailable> {
        configuration::of(outline, track)
    }

    fn ends_with_a_sample(&self, _: &Outline) -> bool {
        true
    }
}

/// What follows the zeros at the beginning of a file.
fn behind_zeros(start: &[u8]) -> &[u8] {
    let zeros = start.iter().take_while(|byte| **byte == 0).count();
    start.get(zeros..).unwrap_or_default()
}

/// The format of a file's sound.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SoundFormat {
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
