//! Codecs, a module for each: what a stream's own bytes say of it, whatever container it lies in. Where decoding can begin, how
//! long a frame lasts, what a configuration record holds, and how a MIME type names it.

pub mod aac;
pub mod ac3;
pub mod avc;
mod bits;
pub mod dts;
pub mod flac;
mod frame;
pub mod hevc;
mod keyframe;
pub mod mpeg4_video;
pub mod mpeg_audio;
pub mod mpeg_video;
pub mod nal;
pub mod opus;
mod order;
mod slice;
pub mod truehd;
pub mod vc1;

pub use bits::Bits;
pub use frame::{Frame, HEADER, Syntax};
pub use keyframe::{Coding, Framing, LOOK, Opening};
pub use order::{Order, Place};

use serde::{Deserialize, Serialize};

/// What the beginning of an access unit says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Decoding can begin here, or not.
    Access(bool),
    /// More of it has to be seen.
    Undecided,
}

/// What a track's codec is called (RFC 6381), and how large its pictures are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looks {
    pub name: String,
    pub dimensions: Option<(u32, u32)>,
}
