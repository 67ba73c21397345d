//! Speex (*The Speex Codec Manual*, §7.4): its header.

/// The beginning of the header.
pub const MAGIC: &[u8] = b"Speex   ";

/// The contents of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpeexHeader {
    /// The sample rate.
    pub rate: u32,
    /// The number of channels.
    pub channels: u32,
    /// The number of samples in a frame.
    pub frame_size: u32,
    /// The number of frames in a packet; 0 also means one.
    pub frames: u32,
    /// The number of header packets after the comments.
    pub extra_headers: u32,
}

impl SpeexHeader {
    /// Parses the packet; `None` if it is too short.
    #[must_use]
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let field = |at: usize| Some(u32::from_le_bytes(*packet.get(at..)?.first_chunk()?));
        let (rate, channels) = (field(36)?, field(48)?);
        Some(Self { rate, channels, frame_size: field(56)?, frames: field(64)?, extra_headers: field(68)? })
    }
}
