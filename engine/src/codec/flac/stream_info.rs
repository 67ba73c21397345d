//! STREAMINFO (RFC 9639 §8.2), and its form in other containers: `dfLa` has it after version and flags (*Encapsulation
//! of FLAC in ISO Base Media File Format* §3.3.2), and Matroska after the marker of FLAC's own files.

use serde::{Deserialize, Serialize};

use crate::codec::StreamProperties;

/// The length of STREAMINFO, without its header.
pub const STREAMINFO_LENGTH: usize = 34;

/// The contents of STREAMINFO (§8.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamInfo {
    /// Samples a second.
    pub rate: u32,
    /// The number of channels.
    pub channels: u8,
    /// Bits a sample.
    pub bits: u8,
    /// The longest block, in samples of each channel.
    pub longest: u16,
    /// The number of samples of each channel; 0 if unknown.
    pub total: u64,
    /// The 34 bytes.
    pub bytes: Vec<u8>,
}

impl StreamInfo {
    /// Parses the 34 bytes of a block.
    #[must_use]
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

    /// From metadata blocks that begin with it, possibly after the marker of a file.
    #[must_use]
    pub fn of_blocks(blocks: &[u8]) -> Option<Self> {
        let blocks = blocks.strip_prefix(b"fLaC").unwrap_or(blocks);
        let ([kind, _, _, _], data) = blocks.split_first_chunk()?;
        Self::parse(data).filter(|_| kind.trailing_zeros() >= 7)
    }

    /// Metadata blocks that contain only it.
    #[must_use]
    pub fn to_blocks(&self) -> Vec<u8> {
        let mut out = vec![0x80, 0, 0, STREAMINFO_LENGTH.to_be_bytes()[7]];
        out.extend_from_slice(&self.bytes);
        out
    }

    /// The properties of the stream.
    #[must_use]
    pub fn properties(&self) -> StreamProperties {
        StreamProperties::audio("flac".to_owned(), Some(self.rate), Some(self.channels.into()))
    }

    /// The maximum length of a frame in bytes: that of one with uncompressed samples, and a reserve.
    #[must_use]
    pub fn longest_frame(&self) -> u64 {
        let bits =
            u64::from(self.longest).saturating_mul(u64::from(self.channels)).saturating_mul(u64::from(self.bits) + 1);
        bits / 8 + 1024
    }
}
