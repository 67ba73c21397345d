//! Whether decoding can begin at a frame, from its first bytes: for files whose index does not say so.

use serde::{Deserialize, Serialize};

use super::riff::FourCc;
use crate::container::mpeg::codec::nal::behind_start_code;

/// How many bytes of a frame are looked at: x264 tells of itself in some seven hundred, before the first slice.
pub const LOOK: usize = 2048;

/// How a codec marks its keyframes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Coding {
    /// Each frame stands alone.
    Intra,
    /// H.264 in byte stream format (ISO/IEC 14496-10 Annex B).
    H264,
    /// HEVC likewise.
    Hevc,
    /// MPEG-4 part 2 (ISO/IEC 14496-2).
    Mpeg4,
    /// Microsoft's MPEG-4 versions 2 and 3.
    MsMpeg4,
    /// MPEG-1 and MPEG-2 video.
    Mpeg2,
    /// VP8.
    Vp8,
    /// By its first frame alone, for all that is known.
    Unknown,
}

impl Coding {
    /// By `BITMAPINFOHEADER.biCompression`.
    pub fn of(compression: FourCc) -> Self {
        match &compression.map(|byte| byte.to_ascii_uppercase()) {
            b"H264" | b"X264" | b"AVC1" | b"DAVC" | b"VSSH" => Self::H264,
            b"HEVC" | b"H265" | b"HVC1" | b"X265" => Self::Hevc,
            b"XVID" | b"DIVX" | b"DX50" | b"FMP4" | b"MP4V" | b"MP4S" | b"3IV2" | b"M4S2" => Self::Mpeg4,
            b"DIV3" | b"DIV4" | b"MP42" | b"MP43" | b"DIV5" | b"AP41" => Self::MsMpeg4,
            b"MPG1" | b"MPG2" | b"MPEG" | b"MP2V" => Self::Mpeg2,
            b"VP80" => Self::Vp8,
            [0, 0, 0, 0]
            | b"RGB "
            | b"DIB "
            | b"RAW "
            | b"YUY2"
            | b"UYVY"
            | b"I420"
            | b"YV12"
            | b"MJPG"
            | b"AVRN"
            | b"LJPG"
            | b"DVSD"
            | b"DV25"
            | b"DV50"
            | b"DVHD"
            | b"CDVC"
            | b"HFYU"
            | b"FFVH"
            | b"MAGY"
            | b"ULRG"
            | b"ULY0"
            | b"ULY2"
            | b"V210"
            | b"APCN"
            | b"APCH" => Self::Intra,
            _ => Self::Unknown,
        }
    }

    /// The codec's name, as a MIME type has it where there is one, else its own.
    pub fn name(self, compression: FourCc) -> String {
        match (self, &compression.map(|byte| byte.to_ascii_uppercase())) {
            (Self::H264, _) => "avc1".to_owned(),
            (Self::Hevc, _) => "hvc1".to_owned(),
            (Self::Mpeg4, _) => "mp4v.20".to_owned(),
            (Self::Vp8, _) => "vp8".to_owned(),
            (_, b"MJPG") => "mjpeg".to_owned(),
            (_, [0, 0, 0, 0]) => "rgb".to_owned(),
            _ => compression.escape_ascii().to_string(),
        }
    }

    /// Whether decoding can begin at a frame with these first bytes, which is the first of its stream or not.
    pub fn is_key(self, frame: &[u8], first: bool) -> bool {
        match self {
            Self::Intra => true,
            // A parameter set or an IDR picture; others begin with an ordinary slice.
            Self::H264 => units(frame)
                .map(|unit| unit & 0x1F)
                .find(|kind| matches!(kind, 1..=5 | 7))
                .is_some_and(|kind| kind >= 5),
            Self::Hevc => {
                let first = units(frame).map(|unit| unit >> 1 & 0x3F).find(|kind| *kind <= 34);
                first.is_some_and(|kind| matches!(kind, 16..=21 | 32..=34))
            }
            // vop_coding_type is the two bits behind the start code of a VOP; 0 is intra.
            Self::Mpeg4 => codes(frame)
                .find(|code| code.first() == Some(&0xB6))
                .is_some_and(|vop| matches!(vop, [_, kind, ..] if kind >> 6 == 0)),
            Self::MsMpeg4 => frame.first().is_some_and(|first| first >> 6 == 0),
            // picture_coding_type stands behind ten bits of temporal_reference; 1 is intra.
            Self::Mpeg2 => codes(frame)
                .find(|code| code.first() == Some(&0))
                .is_some_and(|picture| matches!(picture, [_, _, kind, ..] if kind >> 3 & 7 == 1)),
            Self::Vp8 => frame.first().is_some_and(|first| first & 1 == 0),
            Self::Unknown => first,
        }
    }
}

/// What follows each start code of three bytes.
pub fn codes(frame: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::successors(behind_start_code(frame), |code| behind_start_code(code))
}

/// The first byte of each NAL unit.
fn units(frame: &[u8]) -> impl Iterator<Item = u8> {
    codes(frame).filter_map(|unit| unit.first().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_say_whether_decoding_can_begin_there() {
        let cases: &[(&[u8; 4], &[u8], bool)] = &[
            (b"MJPG", &[0xFF, 0xD8], true),
            (b"H264", &[0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x65], true),
            (b"h264", &[0, 0, 0, 1, 0x09, 0x10, 0, 0, 1, 0x06, 9, 0, 0, 1, 0x65], true),
            (b"X264", &[0, 0, 0, 1, 0x41, 0x9A], false),
            (b"HEVC", &[0, 0, 0, 1, 0x40, 1], true),
            (b"HEVC", &[0, 0, 0, 1, 0x02, 1], false),
            (b"XVID", &[0, 0, 1, 0xB0, 1, 0, 0, 1, 0xB6, 0x10], true),
            (b"XVID", &[0, 0, 1, 0xB6, 0x50], false),
            (b"DIV3", &[0x45], false),
            (b"DIV3", &[0x05], true),
            (b"MPG2", &[0, 0, 1, 0xB3, 0, 0, 1, 0, 0, 0x08], true),
            (b"MPG2", &[0, 0, 1, 0, 0, 0x10], false),
            (b"VP80", &[0x10], true),
            (b"abcd", &[0x10], false),
            (b"H264", &[], false),
        ];
        for (compression, frame, key) in cases {
            assert_eq!(Coding::of(**compression).is_key(frame, false), *key, "{compression:?} {frame:x?}");
        }
        assert!(Coding::of(*b"abcd").is_key(&[], true));
    }
}
