//! What a decoder has to be given before the first sample of a track, in no container's form.

use bytes::Bytes;

use super::pcm::Pcm;
use super::{flac, opus, vp9};

/// What configures the decoder of a track. A container's reader makes it of what its files have, and a writer of ISO
/// base media makes a sample entry of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecoderConfiguration {
    /// A sample entry of ISO base media (ISO/IEC 14496-12 §8.5.2): the whole box, with nothing of QuickTime in it.
    SampleEntry(Bytes),
    /// H.264: an `AVCDecoderConfigurationRecord`. Samples have lengths before NAL units.
    Avc(Bytes),
    /// HEVC: an `HEVCDecoderConfigurationRecord`. Samples have lengths before NAL units.
    Hevc(Bytes),
    /// AV1: an `AV1CodecConfigurationRecord`.
    Av1(Bytes),
    /// VP9.
    Vp9(vp9::VpConfiguration),
    /// MPEG-1, MPEG-2 and MPEG-4 video: `objectTypeIndication` (ISO/IEC 14496-1 table 5), and the headers of the stream
    /// that precede the first picture, if the container has them.
    MpegVideo(u8, Bytes),
    /// AAC without ADTS: an `AudioSpecificConfig`.
    Aac(Bytes),
    /// MPEG audio, layers I to III, whose frames describe themselves.
    MpegAudio,
    /// AC-3: the payload of `dac3`.
    Ac3(Bytes),
    /// E-AC-3: the payload of `dec3`.
    Eac3(Bytes),
    /// Opus.
    Opus(opus::OpusConfiguration),
    /// FLAC.
    Flac(flac::StreamInfo),
    /// ALAC: an `ALACSpecificConfig`, and perhaps a channel layout.
    Alac(Bytes),
    /// Uncompressed sound.
    Pcm(Pcm),
}
