//! Speex (*The Speex Codec Manual*, §7.4): its header.

/// What the header begins with.
pub const MAGIC: &[u8] = b"Speex   ";

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Samples a second.
    pub rate: u32,
    /// How many channels.
    pub channels: u32,
    /// Samples of a frame.
    pub frame_size: u32,
    /// Frames of a packet; 0 is one too.
    pub frames: u32,
    /// Header packets behind the comments.
    pub extra_headers: u32,
}

impl Header {
    /// Reads the packet; `None` where it is too short.
    #[must_use]
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let field = |at: usize| Some(u32::from_le_bytes(*packet.get(at..)?.first_chunk()?));
        let (rate, channels) = (field(36)?, field(48)?);
        Some(Self { rate, channels, frame_size: field(56)?, frames: field(64)?, extra_headers: field(68)? })
    }
}
