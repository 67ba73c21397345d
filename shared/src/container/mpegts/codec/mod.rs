//! What a stream is by its `stream_type` and descriptors (ISO/IEC 13818-1 table 2-34, ETSI EN 300 468 §6, ATSC A/53, and what
//! Blu-ray discs have); and what the beginning of its payload says of it.

mod audio;
mod bits;
mod h264;
mod hevc;
mod mpeg;
mod nal;

use serde::{Deserialize, Serialize};

use super::psi::Stream;
use crate::media::Kind;

/// A kind of stream that can be cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Codec {
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
    Ac3,
    Eac3,
    Dts,
    Opus,
}

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

/// The format identifier of a registration descriptor (§2.6.8).
const REGISTRATION: u8 = 0x05;

impl Codec {
    /// What a stream of the map is; else, why it is passed over.
    pub fn of(stream: &Stream) -> Result<Self, String> {
        let registered = stream.descriptor(REGISTRATION).and_then(|data| data.first_chunk::<4>());
        let has = |tag| stream.descriptor(tag).is_some();
        Ok(match stream.kind {
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
            // Private data, which says what it is in a descriptor: DVB's own, or a registered one.
            0x06 if has(0x6A) || registered == Some(b"AC-3") => Self::Ac3,
            0x06 if has(0x7A) || registered == Some(b"EAC3") => Self::Eac3,
            0x06 if has(0x7B) || matches!(registered, Some(b"DTS1" | b"DTS2" | b"DTS3")) => Self::Dts,
            0x06 if registered == Some(b"Opus") => Self::Opus,
            0x06 if registered == Some(b"HEVC") => Self::Hevc,
            0x06 if has(0x59) => return Err("DVB subtitles".to_owned()),
            0x06 if has(0x56) => return Err("teletext".to_owned()),
            0x90 => return Err("subtitles of a Blu-ray disc".to_owned()),
            other => return Err(format!("stream type 0x{other:02X}")),
        })
    }

    pub const fn kind(self) -> Kind {
        match self {
            Self::Mpeg | Self::Visual | Self::H264 | Self::Hevc | Self::Vc1 => Kind::Video,
            Self::MpegAudio | Self::Adts | Self::Ac3 | Self::Eac3 | Self::Dts | Self::Opus => Kind::Audio,
        }
    }

    /// Whether decoding can begin at an access unit, by the beginning of it. `flagged`: its packet has a
    /// `random_access_indicator`; `last`: no more of it will be seen.
    pub fn access(self, payload: &[u8], flagged: bool, last: bool) -> Start {
        let found = match self {
            Self::H264 => h264::access(payload, flagged),
            Self::Hevc => hevc::access(payload),
            Self::Mpeg => mpeg::access(payload),
            Self::Visual => mpeg::visual_access(payload),
            Self::Vc1 => mpeg::vc1_access(payload),
            _ => return Start::Access(true),
        };
        if found == Start::Undecided && last { Start::Access(flagged) } else { found }
    }

    /// What the beginning of an access unit that decoding can begin at says of the stream.
    pub fn looks(self, payload: &[u8]) -> Option<Looks> {
        match self {
            Self::H264 => h264::looks(payload),
            Self::Hevc => hevc::looks(payload),
            Self::Mpeg => mpeg::looks(payload),
            Self::Adts => audio::adts(payload),
            Self::MpegAudio => audio::mpeg(payload),
            _ => None,
        }
    }

    /// Whether the beginning of its access units says what it looks like.
    pub const fn has_looks(self) -> bool {
        matches!(self, Self::H264 | Self::Hevc | Self::Mpeg | Self::Adts | Self::MpegAudio)
    }

    /// What it is called where nothing more is known of it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mpeg => "mp4v.61",
            Self::Visual => "mp4v.20",
            Self::H264 => "avc1",
            Self::Hevc => "hvc1",
            Self::Vc1 => "vc-1",
            Self::MpegAudio => "mp4a.69",
            Self::Adts => "mp4a.40.2",
            Self::Ac3 => "ac-3",
            Self::Eac3 => "ec-3",
            Self::Dts => "dtsc",
            Self::Opus => "opus",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(kind: u8, descriptors: &[u8]) -> Stream {
        Stream { kind, pid: 0x100, descriptors: descriptors.to_vec() }
    }

    #[test]
    fn private_data_is_what_its_descriptor_says() {
        let cases: [(u8, &[u8], Option<Codec>); 9] = [
            (0x1B, &[], Some(Codec::H264)),
            (0x24, &[], Some(Codec::Hevc)),
            (0x06, &[0x6A, 1, 0], Some(Codec::Ac3)),
            (0x06, &[0x0A, 4, b'd', b'e', b'u', 0, 0x7A, 1, 0], Some(Codec::Eac3)),
            (0x06, b"\x05\x04Opus", Some(Codec::Opus)),
            (0x06, &[0x59, 0], None),
            (0x06, &[], None),
            (0x11, &[], None),
            (0x42, &[], None),
        ];
        for (kind, descriptors, expected) in cases {
            assert_eq!(Codec::of(&stream(kind, descriptors)).ok(), expected, "{kind:x} {descriptors:x?}");
        }
    }
}
