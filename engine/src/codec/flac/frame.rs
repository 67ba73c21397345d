//! Frame headers (RFC 9639 §9.1).

use serde::{Deserialize, Serialize};

use super::crc::crc8;
use super::stream_info::StreamInfo;

/// The longest header: sync code and codes, a number, a block size, a sample rate, a checksum.
pub const MAX_HEADER: usize = 4 + 7 + 2 + 2 + 1;
/// The length of the checksum after a frame.
pub const FOOTER: usize = 2;

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlacFrameHeader {
    /// Its length in bytes, including its checksum.
    pub length: usize,
    /// The bytes between the number and the checksum: an uncommon block size, an uncommon rate.
    pub behind: usize,
    /// Whether `number` is that of the first sample, and not that of the frame.
    pub variable: bool,
    /// Its place in the stream.
    pub number: u64,
    /// Samples of each channel.
    pub samples: u32,
}

impl FlacFrameHeader {
    /// Parses the header at the beginning of these bytes; `None` if it does not belong to a frame of this stream.
    #[must_use]
    pub fn parse(bytes: &[u8], stream: &StreamInfo) -> Option<Self> {
        let [0xFF, second @ (0xF8 | 0xF9), sizes, form, ..] = *bytes else { return None };
        let (number, coded) = number(bytes.get(4..)?)?;
        let (size, rate) = (sizes >> 4, sizes & 15);
        let mut at = 4 + coded;
        let from = at;
        let mut more = |length: usize| {
            let value = bytes.get(at..at + length)?.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
            at += length;
            Some(value)
        };
        let samples = match size {
            0 => return None,
            1 => 192,
            2..=5 => 144 << size,
            6 => more(1)? + 1,
            7 => more(2)? + 1,
            _ => 1 << size,
        };
        let rate = match rate {
            0 => stream.rate,
            1..=11 => *[88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000]
                .get(usize::from(rate) - 1)?,
            12 => more(1)? * 1000,
            13 => more(2)?,
            14 => more(2)? * 10,
            _ => return None,
        };
        let channels = match form >> 4 {
            channels @ 0..8 => channels + 1,
            8..11 => 2,
            _ => return None,
        };
        let bits = *[stream.bits, 8, 12, 0, 16, 20, 24, 32].get(usize::from(form >> 1 & 7))?;
        let sound = form & 1 == 0 && rate == stream.rate && channels == stream.channels && bits == stream.bits;
        let variable = second == 0xF9;
        let few = variable || number < 1 << 31;
        let behind = at - from;
        (sound && few && crc8(bytes.get(..at)?) == *bytes.get(at)?).then_some(Self {
            length: at + 1,
            behind,
            variable,
            number,
            samples,
        })
    }
}

/// A number of up to 36 bits, encoded like UTF-8, and how many bytes it takes.
fn number(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let length = match first.leading_ones() {
        0 => return Some((u64::from(first), 1)),
        ones @ 2..=7 => ones as usize,
        _ => return None,
    };
    let mut value = u64::from(first) & (0x7F >> length);
    for byte in bytes.get(1..length)? {
        if byte >> 6 != 2 {
            return None;
        }
        value = value << 6 | u64::from(byte & 0x3F);
    }
    Some((value, length))
}

/// Appends a number of at most 36 bits in at least this many bytes; see [`number`].
#[allow(clippy::cast_possible_truncation, reason = "the bits of each byte")]
pub fn put_number(out: &mut Vec<u8>, value: u64, least: usize) {
    if value < 0x80 && least <= 1 {
        return out.push(value as u8);
    }
    // Of n bytes, the first has 7 - n bits of the number, and each of the others six.
    let more = (1..6).find(|more| value >> (6 * more + 6 - more) == 0).unwrap_or(6).max(least.saturating_sub(1)).min(6);
    out.push((0xFF00_u32 >> (more + 1)) as u8 | (value >> (6 * more)) as u8);
    out.extend((0..more).rev().map(|at| 0x80 | (value >> (6 * at)) as u8 & 0x3F));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_take_as_few_bytes_as_they_need() {
        for (value, expected) in [
            (0x7F, &[0x7F][..]),
            (0x80, &[0xC2, 0x80]),
            (0x7FF, &[0xDF, 0xBF]),
            (0x800, &[0xE0, 0xA0, 0x80]),
            (0xFFFF, &[0xEF, 0xBF, 0xBF]),
            (0x1_0000, &[0xF0, 0x90, 0x80, 0x80]),
            (0x20_0000, &[0xF8, 0x88, 0x80, 0x80, 0x80]),
            (0x7FFF_FFFF, &[0xFD, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF]),
            (0xF_FFFF_FFFF, &[0xFE, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF]),
        ] {
            let mut out = Vec::new();
            put_number(&mut out, value, 1);
            assert_eq!(out, expected, "{value:x}");
        }
    }

    proptest! {
        #[test]
        fn numbers_come_back(value in any::<u64>(), shift in 28..64_u32, least in 0..8_usize) {
            let (value, mut out) = (value >> shift, Vec::new());
            put_number(&mut out, value, least);
            prop_assert_eq!(number(&out), Some((value, out.len())));
            prop_assert!(out.len() >= least);
        }

        #[test]
        fn hostile_headers_are_refused_calmly(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            let stream = StreamInfo { rate: 44_100, channels: 2, bits: 16, ..StreamInfo::default() };
            let framed = [&[0xFF, 0xF8], bytes.as_slice()].concat();
            prop_assert!(FlacFrameHeader::parse(&framed, &stream).is_none_or(|header| header.length <= MAX_HEADER));
        }
    }
}
