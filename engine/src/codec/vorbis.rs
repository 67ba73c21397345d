//! Vorbis (*Vorbis I Specification*): its headers, and the block sizes of packets.
//!
//! A packet's mode determines its block size. The modes are at the end of the setup header, after codebooks that only a
//! decoder reads. They are found from its end, as in liboggz and ffmpeg: each mode ends with 40 bits, few of which can
//! be set.

use serde::{Deserialize, Serialize};

use super::StreamProperties;

/// The beginning of the identification header (§4.2.2).
pub const MAGIC: &[u8] = b"\x01vorbis";
/// The number of samples to decode before the first audible one if the block sizes are unknown: the previous packet
/// overlaps, and this is the usual size of a long block.
pub const PREROLL: u32 = 2048;
/// A mode: the block flag, window and transform type, which are zero, and the mapping (§4.2.4).
const MODE: usize = 1 + 16 + 16 + 8;
/// The maximum number of modes.
const MAX_MODES: usize = 64;

/// The contents of the identification header (§4.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VorbisIdentification {
    /// `vorbis_version`, always 0.
    pub version: u32,
    /// The number of channels.
    pub channels: u8,
    /// The sample rate.
    pub rate: u32,
    /// The number of samples in a short and in a long block.
    pub blocks: [i64; 2],
}

impl VorbisIdentification {
    /// Parses the packet; `None` if it is too short.
    #[must_use]
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let field = |at: usize| Some(u32::from_le_bytes(*packet.get(at..)?.first_chunk()?));
        let exponents = packet.get(28)?;
        let blocks = [exponents & 15, exponents >> 4].map(|exponent| 1 << exponent);
        Some(Self { version: field(7)?, channels: *packet.get(11)?, rate: field(12)?, blocks })
    }

    /// The properties of the stream.
    #[must_use]
    pub fn properties(&self) -> StreamProperties {
        StreamProperties::audio("vorbis".to_owned(), Some(self.rate), Some(self.channels.into()))
    }
}

/// The identification header in a `CodecPrivate` of Matroska: three packets, preceded by their number minus one and the
/// lengths of two.
#[must_use]
pub fn identification(private: &[u8]) -> Option<VorbisIdentification> {
    let at = private.windows(MAGIC.len()).take(1024).position(|bytes| bytes == MAGIC)?;
    VorbisIdentification::parse(private.get(at..)?)
}

/// Whether each mode has a long block.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modes(pub(crate) Vec<bool>);

impl Modes {
    /// Finds the modes from the end of the setup header.
    #[must_use]
    pub fn parse(packet: &[u8]) -> Option<Self> {
        modes(packet).map(Self)
    }

    /// Whether a packet with this first byte has a long block; `None` if it has no output.
    #[must_use]
    pub fn is_long(&self, first: u8) -> Option<bool> {
        let bits = u8::BITS - u8::try_from(self.0.len().checked_sub(1)?).ok()?.leading_zeros();
        let mode = usize::from(first >> 1) & ((1 << bits) - 1);
        self.0.get(mode).filter(|_| first & 1 == 0).copied()
    }
}

/// Bits from the end of a packet: the last written bit comes first.
#[derive(Clone, Copy)]
struct Backwards<'a> {
    bytes: &'a [u8],
    left: usize,
}

impl Backwards<'_> {
    fn bit(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let byte = *self.bytes.get(self.left / 8)?;
        Some(usize::from(byte >> (self.left % 8) & 1))
    }

    fn bits(&mut self, count: usize) -> Option<usize> {
        (0..count).try_fold(0, |value, _| Some(value << 1 | self.bit()?))
    }
}

/// Whether each mode has a long block, from the end of the setup header.
fn modes(packet: &[u8]) -> Option<Vec<bool>> {
    let mut bits = Backwards { bytes: packet, left: packet.len() * 8 };
    // The framing bit is the last one that is set.
    while bits.bit()? == 0 {}
    let (mut flags, mut found) = (Vec::new(), None);
    // The modes are last, and their number precedes them.
    while flags.len() < MAX_MODES && bits.left >= MODE + 6 + MAGIC.len() * 8 {
        if bits.bits(8)? > 63 || bits.bits(32)? != 0 {
            break;
        }
        flags.push(bits.bit()? == 1);
        if bits.clone().bits(6)? + 1 == flags.len() {
            found = Some(flags.len());
        }
    }
    flags.truncate(found?);
    flags.reverse();
    Some(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits, the least significant of each value first.
    fn packed(fields: &[(u64, usize)]) -> Vec<u8> {
        let bits: Vec<u64> =
            fields.iter().flat_map(|(value, bits)| (0..*bits).map(move |bit| value >> bit & 1)).collect();
        bits.chunks(8)
            .map(|byte| byte.iter().enumerate().fold(0, |all, (place, bit)| all | u8::try_from(bit << place).unwrap()))
            .collect()
    }

    #[test]
    fn modes_are_found_from_the_end_of_the_setup_header() {
        for flags in [&[false][..], &[false, true], &[true, false, false, true, true]] {
            for bits_before in 90..98 {
                let mut fields =
                    vec![(0x5A5A_5A5A_5A5A_5A5A, bits_before / 2), (u64::MAX, bits_before - bits_before / 2)];
                fields.push((flags.len() as u64 - 1, 6));
                for (mapping, flag) in flags.iter().enumerate() {
                    fields.extend([(u64::from(*flag), 1), (0, 32), (mapping as u64 % 2, 8)]);
                }
                fields.push((1, 1));
                assert_eq!(modes(&packed(&fields)).as_deref(), Some(flags), "{bits_before} bits before");
            }
        }
        assert_eq!(modes(&[0; 100]), None);
        assert_eq!(modes(&[]), None);
    }
}
