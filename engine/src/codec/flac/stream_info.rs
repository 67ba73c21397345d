//! STREAMINFO (RFC 9639 §8.2).

use serde::{Deserialize, Serialize};

/// What STREAMINFO is, without its header.
pub const STREAMINFO_LENGTH: usize = 34;

/// What STREAMINFO says (§8.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamInfo {
    /// Samples a second.
    pub rate: u32,
    pub channels: u8,
    /// Bits a sample.
    pub bits: u8,
    /// The longest block, in samples of each channel.
    pub longest: u16,
    /// How many samples of each channel there are; 0: not known.
    pub total: u64,
    /// The 34 bytes.
    pub bytes: Vec<u8>,
}

impl StreamInfo {
    /// The 34 bytes of a block.
    pub fn parse(data: &[u8]) -> Option<Self> {
        let longest = data.get(2..)?.first_chunk()?;
        let packed = u64::from_be_bytes(*data.get(10..)?.first_chunk()?);
        let field = |from: u32, bits: u32| packed >> (64 - from - bits) & ((1 << bits) - 1);
        let info = Self {
            rate: u32::try_from(field(0, 20)).ok()?,
            channels: u8::try_from(field(20, 3)).ok()? + 1,
            bits: u8::try_from(field(23, 5)).ok()? + 1,
            longest: u16::from_be_bytes(*longest),
            total: field(28, 36),
            bytes: data.get(..STREAMINFO_LENGTH)?.to_vec(),
        };
        (info.rate > 0 && info.bits >= 4).then_some(info)
    }

    /// How many bytes a frame has at most: one whose samples are stored as they are, and some more.
    pub fn longest_frame(&self) -> u64 {
        let bits =
            u64::from(self.longest).saturating_mul(u64::from(self.channels)).saturating_mul(u64::from(self.bits) + 1);
        bits / 8 + 1024
    }
}
