//! The kinds of elementary streams (ISO/IEC 13818-1 table 2-34, ATSC A/53, and those of Blu-ray discs), and what the
//! beginning of their payload reveals about them.

use serde::{Deserialize, Serialize};

use crate::codec::{
    PictureReordering, StreamProperties, UnitStart, aac, ac3, avc, dts, hevc, mpeg_audio, mpeg_video, mpeg4_video,
    truehd, vc1,
};
use crate::media::Kind;

/// A kind of stream that can be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MpegCodec {
    /// MPEG-1 or MPEG-2 video.
    Mpeg,
    /// MPEG-4 part 2.
    Visual,
    H264,
    Hevc,
    Vc1,
    /// MPEG-1 or MPEG-2 audio of any layer.
    MpegAudio,
    /// AAC in ADTS.
    Adts,
    /// AAC in LATM.
    Latm,
    Ac3,
    Eac3,
    Dts,
    TrueHd,
    Opus,
    /// Uncompressed samples as on DVDs and Blu-ray discs.
    Lpcm,
}

impl MpegCodec {
    /// The codec of a `stream_type`, or the reason why such a stream is skipped.
    pub fn of_type(kind: u8) -> Result<Self, String> {
        Ok(match kind {
            0x01 | 0x02 => Self::Mpeg,
            0x03 | 0x04 => Self::MpegAudio,
            0x0F => Self::Adts,
            0x10 => Self::Visual,
            0x11 => return Err("AAC in LATM, whose frames do not tell where their configuration is".to_owned()),
            0x1B => Self::H264,
            0x24 => Self::Hevc,
            0x81 => Self::Ac3,
            0x82 | 0x85 | 0x86 | 0x8A => Self::Dts,
            0x84 | 0x87 => Self::Eac3,
            0xEA => Self::Vc1,
            other => return Err(format!("stream type 0x{other:02X}")),
        })
    }

    pub const fn kind(self) -> Kind {
        match self {
            Self::Mpeg | Self::Visual | Self::H264 | Self::Hevc | Self::Vc1 => Kind::Video,
            Self::MpegAudio
            | Self::Adts
            | Self::Latm
            | Self::Ac3
            | Self::Eac3
            | Self::Dts
            | Self::TrueHd
            | Self::Opus
            | Self::Lpcm => Kind::Audio,
        }
    }

    /// The presentation order of its pictures, as far as their slices reveal it.
    pub fn order(self) -> PictureReordering {
        match self {
            Self::H264 => PictureReordering::avc(),
            Self::Hevc => PictureReordering::hevc(),
            _ => PictureReordering::default(),
        }
    }

    /// Whether decoding can begin at an access unit with this beginning. `flagged`: its packet has a
    /// `random_access_indicator`; `last`: no more of it will be seen.
    pub fn access(self, payload: &[u8], flagged: bool, last: bool) -> UnitStart {
        let found = match self {
            Self::H264 => avc::access(payload, flagged),
            Self::Hevc => hevc::access(payload),
            Self::Mpeg => mpeg_video::access(payload),
            Self::Visual => mpeg4_video::access(payload),
            Self::Vc1 => vc1::access(payload),
            Self::Latm => aac::latm::access(payload),
            Self::TrueHd => truehd::access(payload),
            _ => return UnitStart::Access(true),
        };
        if found == UnitStart::Undecided && last { UnitStart::Access(flagged) } else { found }
    }

    /// The stream parameters at the beginning of a random access unit.
    pub fn properties(self, payload: &[u8]) -> Option<StreamProperties> {
        match self {
            Self::H264 => avc::properties(payload),
            Self::Hevc => hevc::properties(payload),
            Self::Mpeg => mpeg_video::properties(payload),
            Self::Adts => aac::adts::properties(payload),
            Self::MpegAudio => mpeg_audio::properties(payload),
            Self::Ac3 | Self::Eac3 => ac3::properties(payload),
            Self::Dts => dts::properties(payload),
            _ => None,
        }
    }

    /// Whether the beginning of its access units contains the stream parameters.
    pub const fn has_properties(self) -> bool {
        matches!(self, Self::H264 | Self::Hevc | Self::Mpeg | Self::Adts | Self::MpegAudio)
    }

    /// Its name if nothing more is known.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mpeg => "mp4v.61",
            Self::Visual => "mp4v.20",
            Self::H264 => "avc1",
            Self::Hevc => "hvc1",
            Self::Vc1 => "vc-1",
            Self::MpegAudio => "mp4a.69",
            Self::Adts | Self::Latm => "mp4a.40.2",
            Self::Ac3 => "ac-3",
            Self::Eac3 => "ec-3",
            Self::Dts => "dtsc",
            Self::TrueHd => "mlpa",
            Self::Opus => "opus",
            Self::Lpcm => "pcm",
        }
    }
}
