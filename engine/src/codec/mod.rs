//! Codecs, a module for each: what a stream's own bytes say of it, whatever container it lies in. Where decoding can begin, how
//! long a frame lasts, what a configuration record holds, and how a MIME type names it.

pub mod aac;
pub mod ac3;
pub mod alac;
pub mod av1;
pub mod avc;
mod bits;
pub mod descriptor;
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
pub mod speex;
pub mod theora;
pub mod truehd;
pub mod vc1;
pub mod vorbis;
pub mod vp8;
pub mod vp9;

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

/// What a stream's own data say of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Properties {
    /// The codec, as the `codecs` parameter of a MIME type has it (RFC 6381).
    pub name: String,
    /// Width and height in pixels, of video.
    pub dimensions: Option<(u32, u32)>,
    /// Samples a second that a decoder gives, of audio.
    pub sample_rate: Option<u32>,
    /// How many channels, of audio.
    pub channels: Option<u16>,
}

impl Properties {
    /// Those of video.
    #[must_use]
    pub const fn video(name: String, dimensions: Option<(u32, u32)>) -> Self {
        Self { name, dimensions, sample_rate: None, channels: None }
    }

    /// Those of audio.
    #[must_use]
    pub const fn audio(name: String, sample_rate: Option<u32>, channels: Option<u16>) -> Self {
        Self { name, dimensions: None, sample_rate, channels }
    }

    /// What these leave open is as the others say, but for the name.
    #[must_use]
    pub fn or(self, others: &Self) -> Self {
        Self {
            name: self.name,
            dimensions: self.dimensions.or(others.dimensions),
            sample_rate: self.sample_rate.or(others.sample_rate),
            channels: self.channels.or(others.channels),
        }
    }
}
