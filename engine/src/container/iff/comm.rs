//! The `COMM` chunk of AIFF and AIFF-C: the format of the samples, and their number.

use super::SoundFormat;
use super::dialect::Dialect;
use crate::container::{Error, Unsupported};
use crate::media::Timescale;

/// The offset of the number of blocks in the data, in four bytes.
pub const BLOCKS_AT: usize = 2;

/// Parses the data of a `COMM` chunk, which begins at this offset: the sound, and its number of blocks.
pub fn parse(dialect: Dialect, data: &[u8], offset: u64) -> Result<(SoundFormat, u32), Error> {
    let malformed = |what: String| Error::Malformed { offset, path: "COMM".to_owned(), what };
    let short = || malformed(format!("{} bytes are too few", data.len()));
    let channels = u32::from(dialect.u16(data, 0).ok_or_else(short)?);
    let blocks = dialect.u32(data, BLOCKS_AT).ok_or_else(short)?;
    let bits = u32::from(dialect.u16(data, 6).ok_or_else(short)?);
    let rate = data.get(8..18).and_then(|bytes| bytes.first_chunk()).ok_or_else(short)?;
    let codec = match dialect {
        Dialect::Aifc => *data.get(18..22).and_then(|bytes| bytes.first_chunk()).ok_or_else(short)?,
        _ => *b"NONE",
    };
    let (bytes, samples) = match &codec {
        b"NONE" | b"twos" | b"sowt" | b"raw " | b"in16" | b"ni16" => (bits.div_ceil(8), 1),
        b"in24" | b"ni24" | b"42ni" => (3, 1),
        b"in32" | b"ni32" | b"23ni" | b"fl32" | b"FL32" => (4, 1),
        b"fl64" | b"FL64" => (8, 1),
        b"ulaw" | b"ULAW" | b"alaw" | b"ALAW" => (1, 1),
        b"ima4" => (34, 64),
        b"GSM " => (33, 160),
        other => {
            return Err(Unsupported::Codec { form: "AIFF-C", codec: format!("type {}", other.escape_ascii()) }.into());
        }
    };
    let block = bytes * channels;
    let sense = (1..=1024).contains(&channels) && (1..=64).contains(&bytes);
    let timescale = extended(rate).filter(|_| sense);
    let rate = timescale.ok_or_else(|| malformed(format!("{channels} channels of {bits} bits, rate {rate:x?}")))?;
    let channels = u16::try_from(channels).unwrap_or(u16::MAX);
    Ok((SoundFormat { codec: codec.escape_ascii().to_string(), rate, channels, block, samples }, blocks))
}

/// A rate in samples a second as an 80-bit number of IEEE 754. Old machines have fractional rates: 22254.5454.
fn extended([high, low, mantissa @ ..]: &[u8; 10]) -> Option<Timescale> {
    let (exponent, mantissa) = (u16::from_be_bytes([*high, *low]), u64::from_be_bytes(*mantissa));
    let places = u32::from(16_383_u16 + 63).checked_sub(u32::from(exponent)).filter(|places| *places < 64)?;
    let whole = u32::try_from(mantissa >> places).ok().filter(|whole| *whole > 0)?;
    let kept = whole.leading_zeros().min(places);
    let ticks = u32::try_from(mantissa >> (places - kept)).ok()?;
    Timescale::fraction(ticks, 1 << kept)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::media::{Ticks, Time};

    #[test]
    fn a_rate_is_read_whole_or_with_its_fraction() {
        let read = |high: u16, mantissa: u64| {
            let bytes = [high.to_be_bytes().as_slice(), &mantissa.to_be_bytes()].concat();
            extended(bytes.first_chunk().unwrap())
        };
        for (high, mantissa, rate) in [
            (0x400E, 0xAC44 << 48, 44_100),
            (0x400E, 0xBB80 << 48, 48_000),
            (0x400B, 0xFA << 56, 8000),
            (0x3FFF, 1 << 63, 1),
        ] {
            assert_eq!(read(high, mantissa).unwrap().ticks_per_second(), Some(rate));
        }
        let old = read(0x400D, 0xADDD_1745_D145_826B).unwrap();
        assert!((old.time(Ticks(244_800)) - Time::from_secs(11)).0.abs() < 10_000);
        for (high, mantissa) in [(0, 0), (0x400E, 0), (0x7FFF, u64::MAX), (0xC00E, 0xAC44 << 48), (0x4030, u64::MAX)] {
            assert_eq!(read(high, mantissa), None, "{high:x} {mantissa:x}");
        }
    }
}
