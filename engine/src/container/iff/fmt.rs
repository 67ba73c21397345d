//! The `fmt ` chunk of WAVE: `WAVEFORMATEX` and `WAVEFORMATEXTENSIBLE`.

use super::SoundFormat;
use super::dialect::Dialect;
use crate::container::{Error, Unsupported};
use crate::media::Timescale;

/// Tags of formats with one sample of each channel in a block: PCM, float, A-law, µ-law.
const PLAIN: [u16; 4] = [1, 3, 6, 7];
/// Tags of formats that declare the number of samples in a block: ADPCM of Microsoft, IMA, and Dialogic, GSM 6.10, IMA
/// of the Xbox.
const BLOCKS: [u16; 5] = [2, 0x11, 0x17, 0x31, 0x69];
/// `wFormatTag` of a format that a GUID names.
const EXTENSIBLE: u16 = 0xFFFE;
/// What follows the tag in GUIDs that represent one: the standard one, the same with big-endian numbers, and that of
/// ambisonic sound.
const TAILS: [[u8; 12]; 3] = [
    [0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71],
    [0, 0, 0, 0x10, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71],
    [0x21, 0x07, 0xD3, 0x11, 0x86, 0x44, 0xC8, 0xC1, 0xCA, 0, 0, 0],
];

/// Tags of MPEG audio: its frames vary in size, which their headers contain.
const MPEG: [u16; 2] = [0x50, 0x55];

/// Whether a WAVE file that begins with these bytes is MPEG audio with chunks around it.
pub fn is_mpeg(dialect: Dialect, start: &[u8]) -> bool {
    let mut rest = usize::try_from(dialect.first_chunk()).ok().and_then(|first| start.get(first..));
    while let Some((chunk, (id, size))) = rest.and_then(|rest| Some((rest, dialect.parse(rest)?))) {
        if id == *b"fmt " {
            return dialect == Dialect::Riff && dialect.u16(chunk, 8).is_some_and(|tag| MPEG.contains(&tag));
        }
        let next = usize::try_from(size).ok().and_then(|size| size.checked_add(8 + size % 2));
        rest = next.and_then(|next| chunk.get(next..));
    }
    false
}

/// Parses the data of a `fmt ` chunk, which begins at this offset.
pub fn parse(dialect: Dialect, data: &[u8], offset: u64) -> Result<SoundFormat, Error> {
    let malformed = |what: String| Error::Malformed { offset, path: "fmt".to_owned(), what };
    let u16 = |at| dialect.u16(data, at);
    let short = || malformed(format!("{} bytes, where at least 16 have to be", data.len()));
    let (tag, channels) = (u16(0).ok_or_else(short)?, u16(2).ok_or_else(short)?);
    let (rate, align) = (dialect.u32(data, 4).ok_or_else(short)?, u16(12).ok_or_else(short)?);
    let bits = u16(14).ok_or_else(short)?;
    let tag = match tag {
        EXTENSIBLE => extended(dialect, data).ok_or_else(|| unsupported(data.get(24..40).unwrap_or_default()))?,
        tag => tag,
    };
    let plain = PLAIN.contains(&tag);
    // The size of a block of independent samples follows from channels and bits, if the writer had it wrong.
    let align = match align.checked_rem(channels) {
        Some(0) if u32::from(align / channels) * 8 >= u32::from(bits) => align,
        _ if plain => channels.saturating_mul(bits.div_ceil(8)),
        _ => align,
    };
    let timescale = Timescale::per_second(rate).filter(|_| channels > 0 && align > 0);
    let rate = timescale.ok_or_else(|| {
        malformed(format!("{channels} channels of {rate} samples a second in blocks of {align} bytes"))
    })?;
    let samples = if plain {
        1
    } else if BLOCKS.contains(&tag) {
        let samples = u16(18).filter(|samples| *samples > 0);
        samples.ok_or_else(|| malformed("no number of samples in a block".to_owned()))?
    } else {
        return Err(Unsupported::Codec { form: "WAVE", codec: format!("format {tag:#06x}") }.into());
    };
    Ok(SoundFormat { codec: format!("{tag:x}"), rate, channels, block: u32::from(align), samples: u32::from(samples) })
}

/// The tag in the GUID of an extensible format.
fn extended(dialect: Dialect, data: &[u8]) -> Option<u16> {
    let tail = data.get(28..40)?;
    let tag = u16::try_from(dialect.u32(data, 24)?).ok()?;
    TAILS.iter().any(|known| known == tail).then_some(tag)
}

fn unsupported(guid: &[u8]) -> Error {
    Unsupported::Codec { form: "WAVE", codec: format!("the format whose GUID is {guid:02x?}") }.into()
}
