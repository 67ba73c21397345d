//! Codecs of sound whose frames say in their headers how long they are: MPEG audio, ADTS, AC-3, DTS.

use super::Start;

/// How many bytes of a frame its [`Syntax`] looks at.
pub const HEADER: usize = 8;

/// What the header of a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame {
    /// How many bytes the frame is, header included.
    pub size: u32,
    /// How many samples of each channel it has.
    pub duration: u32,
    /// How many bytes stand before its data: the header, a checksum, and of layer III the side information.
    pub header: u8,
    /// Layer III: how many bytes before this frame's its data begins, in the data of frames before (`main_data_begin`).
    pub reach: u16,
    /// MPEG audio: what more a frame has in common with its neighbours, as a rule: `mode`, `copyright`, `original`, `emphasis`.
    pub mode: u8,
    /// What all frames of a stream have in common: of the header, the bits of format and sample rate.
    pub kind: u32,
}

/// How the frames of a format begin.
pub trait Syntax: Copy + Send + Sync {
    /// What the header says that these bytes begin with, of which there are at least [`HEADER`] unless the file ends.
    fn frame(&self, bytes: &[u8]) -> Option<Frame>;

    /// The sample rate of frames of a kind, in hertz.
    fn rate(&self, kind: u32) -> u32;
}

/// Whether decoding can begin at any of the frames that these bytes begin with, each of which says so, and how long it is.
pub fn any(mut bytes: &[u8], frame: impl Fn(&[u8]) -> Option<(bool, usize)>) -> Start {
    while bytes.len() >= 8 {
        match frame(bytes) {
            Some((false, length)) => bytes = bytes.get(length..).unwrap_or_default(),
            Some((true, _)) => return Start::Access(true),
            None => return Start::Access(false),
        }
    }
    Start::Undecided
}
