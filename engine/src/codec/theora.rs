//! Theora (*Theora Specification*): its identification header (§6.2), and the detection of keyframes (§7.1).

use super::StreamProperties;

/// The beginning of the identification header.
pub const MAGIC: &[u8] = b"\x80theora";

/// The contents of the identification header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TheoraIdentification {
    /// Major, minor and revision: 0x030201.
    pub version: u32,
    /// Width and height of the visible picture, in pixels.
    pub dimensions: (u32, u32),
    /// A number of pictures, and the number of seconds that they take.
    pub rate: (u32, u32),
    /// `KFGSHIFT`: the number of bits of a granule position that count the pictures since the keyframe.
    pub shift: u32,
}

impl TheoraIdentification {
    /// Parses the packet; `None` if it is too short.
    #[must_use]
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let field = |at: usize, length: usize| {
            let digits = packet.get(at..at + length)?;
            Some(digits.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
        };
        let (version, dimensions) = (field(7, 3)?, (field(14, 3)?, field(17, 3)?));
        Some(Self { version, dimensions, rate: (field(22, 4)?, field(26, 4)?), shift: field(40, 2)? >> 5 & 31 })
    }

    /// The properties of the stream.
    #[must_use]
    pub fn properties(&self) -> StreamProperties {
        StreamProperties::video("theora".to_owned(), Some(self.dimensions))
    }
}

/// Whether a packet is a keyframe; `None` for a header, and for an empty packet, which repeats the previous picture.
#[must_use]
pub fn is_key(packet: &[u8]) -> Option<bool> {
    packet.first().filter(|first| *first >> 7 == 0).map(|first| first >> 6 == 0)
}
