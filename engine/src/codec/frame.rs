//! Audio codecs whose frames have their length in the header: MPEG audio, ADTS, AC-3, DTS.

use super::UnitStart;

/// How many bytes of a frame its [`Syntax`] needs.
pub const HEADER: usize = 8;

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHeader {
    /// The length of the frame in bytes, including the header.
    pub size: u32,
    /// How many samples of each channel it has.
    pub duration: u32,
    /// How many bytes precede its data: the header, a checksum, and in layer III the side information.
    pub header: u8,
    /// Layer III: how many bytes before this frame's own data it begins, in the data of earlier frames
    /// (`main_data_begin`).
    pub reach: u16,
    /// MPEG audio: further fields that are usually equal in neighbouring frames: `mode`, `copyright`, `original`,
    /// `emphasis`.
    pub mode: u8,
    /// What all frames of a stream have in common: the bits of the header for format and sample rate.
    pub kind: u32,
}

/// The syntax of a format's frame headers.
pub trait Syntax: Copy + Send + Sync {
    /// Parses the header at the beginning of these bytes: at least [`HEADER`] bytes, fewer only at the end of the file.
    fn frame(&self, bytes: &[u8]) -> Option<FrameHeader>;

    /// The sample rate of frames of a kind, in hertz.
    fn rate(&self, kind: u32) -> u32;
}

/// Whether decoding can begin at any of the frames in these bytes; `frame` returns that and the length of each.
pub fn any(mut bytes: &[u8], frame: impl Fn(&[u8]) -> Option<(bool, usize)>) -> UnitStart {
    while bytes.len() >= 8 {
        match frame(bytes) {
            Some((false, length)) => bytes = bytes.get(length..).unwrap_or_default(),
            Some((true, _)) => return UnitStart::Access(true),
            None => return UnitStart::Access(false),
        }
    }
    UnitStart::Undecided
}
