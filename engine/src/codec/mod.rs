//! Codecs, one module each: what a stream's own bytes say, whatever its container: where decoding can begin, the
//! duration of a frame, the contents of a configuration record, and the name in a MIME type.

pub mod aac;
pub mod ac3;
pub mod alac;
pub mod av1;
pub mod avc;
mod bits;
mod decoder;
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
mod pcm;
mod slice;
pub mod speex;
pub mod theora;
pub mod truehd;
pub mod vc1;
pub mod vorbis;
pub mod vp8;
pub mod vp9;
pub mod windows;

pub use bits::Bits;
pub use decoder::DecoderConfiguration;
pub use frame::{FrameHeader, HEADER, Syntax};
pub use keyframe::{Framing, KeyframeCoding, LOOK};
pub use order::{PictureOrder, PictureReordering};
pub use pcm::Pcm;

use serde::{Deserialize, Serialize};

/// What the beginning of an access unit reveals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitStart {
    /// Whether decoding can begin here.
    Access(bool),
    /// More of it is needed.
    Undecided,
}

/// What a frame's first bytes say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameOpening {
    /// Decoding can begin here.
    Point,
    /// It refers to no other, but those behind it may refer to what was before.
    Intra,
    /// It refers to others.
    Refers,
}

/// What a stream's own data say of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamProperties {
    /// The codec, in the form of the `codecs` parameter of a MIME type (RFC 6381).
    pub name: String,
    /// Width and height in pixels, of video.
    pub dimensions: Option<(u32, u32)>,
    /// Audio: the sample rate that a decoder outputs.
    pub sample_rate: Option<u32>,
    /// Audio: the number of channels.
    pub channels: Option<u16>,
}

impl StreamProperties {
    /// The properties of a video stream.
    #[must_use]
    pub const fn video(name: String, dimensions: Option<(u32, u32)>) -> Self {
        Self { name, dimensions, sample_rate: None, channels: None }
    }

    /// The properties of an audio stream.
    #[must_use]
    pub const fn audio(name: String, sample_rate: Option<u32>, channels: Option<u16>) -> Self {
        Self { name, dimensions: None, sample_rate, channels }
    }

    /// Fills in unknown properties, except the name, from the others.
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
