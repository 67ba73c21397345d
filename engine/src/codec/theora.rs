//! Theora (*Theora Specification*): its identification header (§6.2), and which packets are keyframes (§7.1).

use super::Properties;

/// What the identification header begins with.
pub const MAGIC: &[u8] = b"\x80theora";

/// What the identification header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identification {
    /// Major, minor and revision: 0x030201.
    pub version: u32,
    /// Width and height of what is shown, in pixels.
    pub dimensions: (u32, u32),
    /// Pictures in how many seconds.
    pub rate: (u32, u32),
    /// `KFGSHIFT`: how many bits of a granule position count the pictures since the keyframe.
    pub shift: u32,
}

impl Identification {
    /// Reads the packet; `None` where it is too short.
    #[must_use]
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let field = |at: usize, length: usize| {
            let digits = packet.get(at..at + length)?;
            Some(digits.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
        };
        let (version, dimensions) = (field(7, 3)?, (field(14, 3)?, field(17, 3)?));
        Some(Self { version, dimensions, rate: (field(22, 4)?, field(26, 4)?), shift: field(40, 2)? >> 5 & 31 })
    }

    /// What it says of the stream.
    #[must_use]
    pub fn properties(&self) -> Properties {
        Properties::video("theora".to_owned(), Some(self.dimensions))
    }
}

/// Whether a packet is a keyframe; `None` for a header, and for a packet of no bytes, which is the picture before once more.
#[must_use]
pub fn is_key(packet: &[u8]) -> Option<bool> {
    packet.first().filter(|first| *first >> 7 == 0).map(|first| first >> 6 == 0)
}
