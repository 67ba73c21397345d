//! Whether decoding can begin at a frame, by its first bytes: used if the container does not say so, or says it
//! wrongly.

use serde::{Deserialize, Serialize};

use super::{FrameOpening, av1, avc, hevc, nal, theora, vp8, vp9};

/// How many bytes of a frame are examined: enough for the parameter sets and the encoder's text before the picture
/// (x264's has some seven hundred bytes).
pub const LOOK: usize = 2048;

/// How codecs mark their keyframes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeyframeCoding {
    /// Each frame is independent.
    Intra,
    /// H.264 (ITU-T H.264 §7.3).
    H264(Framing),
    /// HEVC (ITU-T H.265 §7.3).
    Hevc(Framing),
    /// MPEG-4 part 2 (ISO/IEC 14496-2).
    Mpeg4,
    /// Microsoft's MPEG-4 versions 2 and 3.
    MsMpeg4,
    /// MPEG-1 and MPEG-2 video.
    Mpeg2,
    /// VP8 (RFC 6386 §9.1).
    Vp8,
    /// VP9 (VP9 Bitstream & Decoding Process Specification §6.2).
    Vp9,
    /// AV1 in the low overhead bitstream format (AV1 Bitstream & Decoding Process Specification §5.2).
    Av1,
    /// Theora (Theora Specification §7.1).
    Theora,
    /// Unknown: only the first frame is known to be one.
    Unknown,
}

/// How NAL units are delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Framing {
    /// By start codes (Annex B).
    StartCodes,
    /// By their length, in this many bytes (ISO/IEC 14496-15 §5.3.3).
    Lengths(u8),
}

impl KeyframeCoding {
    /// From `BITMAPINFOHEADER.biCompression`.
    #[must_use]
    pub fn of(compression: [u8; 4]) -> Self {
        match &compression.map(|byte| byte.to_ascii_uppercase()) {
            b"H264" | b"X264" | b"AVC1" | b"DAVC" | b"VSSH" => Self::H264(Framing::StartCodes),
            b"HEVC" | b"H265" | b"HVC1" | b"X265" => Self::Hevc(Framing::StartCodes),
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

    /// The codec's name in a MIME type if there is one, else its own.
    #[must_use]
    pub fn name(self, compression: [u8; 4]) -> String {
        match (self, &compression.map(|byte| byte.to_ascii_uppercase())) {
            (Self::H264(_), _) => "avc1".to_owned(),
            (Self::Hevc(_), _) => "hvc1".to_owned(),
            (Self::Mpeg4, _) => "mp4v.20".to_owned(),
            (Self::Vp8, _) => "vp8".to_owned(),
            (_, b"MJPG") => "mjpeg".to_owned(),
            (_, [0, 0, 0, 0]) => "rgb".to_owned(),
            _ => compression.escape_ascii().to_string(),
        }
    }

    /// Whether decoding can begin at a frame with these first bytes; `first` for the first frame of its stream.
    #[must_use]
    pub fn is_key(self, frame: &[u8], first: bool) -> bool {
        self.opening(frame).map_or(first && self == Self::Unknown, |opening| opening == FrameOpening::Point)
    }

    /// What the first bytes of a frame show; `None` if nothing.
    #[must_use]
    pub fn opening(self, frame: &[u8]) -> Option<FrameOpening> {
        let point = |begins| if begins { FrameOpening::Point } else { FrameOpening::Refers };
        let first = || frame.first().copied();
        match self {
            Self::Intra => Some(FrameOpening::Point),
            Self::H264(framing) => avc::opening(&mut framing.units(frame)),
            Self::Hevc(framing) => hevc::opening(&mut framing.units(frame)),
            // vop_coding_type is the two bits after the start code of a VOP; 0 is intra.
            Self::Mpeg4 => nal::units(frame).find_map(|code| match code {
                [0xB6, kind, ..] => Some(point(kind >> 6 == 0)),
                _ => None,
            }),
            // picture_coding_type follows ten bits of temporal_reference; 1 is intra.
            Self::Mpeg2 => nal::units(frame).find_map(|code| match code {
                [0, _, kind, ..] => Some(point(kind >> 3 & 7 == 1)),
                _ => None,
            }),
            Self::MsMpeg4 => first().map(|byte| point(byte >> 6 == 0)),
            Self::Vp8 => vp8::is_key(frame).map(point),
            Self::Vp9 => vp9::is_key(frame).map(point),
            Self::Av1 => av1::is_key(frame).map(point),
            Self::Theora => theora::is_key(frame).map(point),
            Self::Unknown => None,
        }
    }
}

impl Framing {
    /// From the byte of `avcC` or `hvcC` whose last two bits are the width of lengths, minus one (ISO/IEC 14496-15
    /// §5.3.3, §8.3.3). Without one there are start codes.
    #[must_use]
    pub fn configured(byte: Option<&u8>) -> Self {
        byte.map_or(Self::StartCodes, |byte| Self::Lengths((byte & 3) + 1))
    }

    /// The NAL units of a frame.
    fn units(self, frame: &[u8]) -> Box<dyn Iterator<Item = &[u8]> + '_> {
        match self {
            // A length of one does not occur: this is a start code from a faulty muxer.
            Self::Lengths(width) if !frame.starts_with(&[0, 0, 0, 1]) => Box::new(nal::by_lengths(frame, width.into())),
            _ => Box::new(nal::units(frame)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
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
            assert_eq!(KeyframeCoding::of(**compression).is_key(frame, false), *key, "{compression:?} {frame:x?}");
        }
        assert!(KeyframeCoding::of(*b"abcd").is_key(&[], true));
    }

    #[test]
    fn frames_of_containers_say_it_too() {
        let (avc, hevc) = (KeyframeCoding::H264(Framing::Lengths(4)), KeyframeCoding::Hevc(Framing::Lengths(2)));
        let parameters = [0, 0, 0, 2, 0x67, 1];
        let recovery = [0, 0, 0, 5, 6, 6, 1, 0xC4, 0x80];
        // Slices of an intra picture (type 7) and of another (5), both from the first macroblock.
        let (intra, other) = ([0, 0, 0, 3, 0x41, 0x88, 0x80], [0, 0, 0, 3, 0x41, 0x98, 0x80]);
        let cases: &[(KeyframeCoding, &[u8], Option<FrameOpening>)] = &[
            (avc, &[0, 0, 0, 2, 9, 0x10, 0, 0, 0, 9, 0x65, 1], Some(FrameOpening::Point)),
            (avc, &intra, Some(FrameOpening::Intra)),
            (avc, &[&parameters[..], &intra].concat(), Some(FrameOpening::Point)),
            (avc, &other, Some(FrameOpening::Refers)),
            (avc, &[&parameters[..], &other].concat(), Some(FrameOpening::Refers)),
            (avc, &[&recovery[..], &other].concat(), Some(FrameOpening::Point)),
            (avc, &parameters, Some(FrameOpening::Point)),
            (avc, &recovery, None),
            // Start codes where lengths should be.
            (avc, &[0, 0, 0, 1, 0x67, 1, 0, 0, 1, 0x65, 1], Some(FrameOpening::Point)),
            (KeyframeCoding::H264(Framing::Lengths(1)), &[2, 0x65, 1], Some(FrameOpening::Point)),
            (hevc, &[0, 3, 0x26, 1, 9], Some(FrameOpening::Point)),
            (hevc, &[0, 3, 0x02, 1, 9], Some(FrameOpening::Refers)),
            (hevc, &[0, 5, 0x4E, 1, 6, 1, 0x80, 0, 3, 0x02, 1, 9], Some(FrameOpening::Point)),
            (KeyframeCoding::Vp9, &[0x82, 0x49], Some(FrameOpening::Point)),
            (KeyframeCoding::Vp9, &[0x86, 0], Some(FrameOpening::Refers)),
            (KeyframeCoding::Vp9, &[0xB0, 0x80], Some(FrameOpening::Point)),
            (KeyframeCoding::Vp9, &[0x00, 0], None),
            (KeyframeCoding::Av1, &[0x12, 0, 0x0A, 1, 0, 0x32, 1, 0x10], Some(FrameOpening::Point)),
            (KeyframeCoding::Av1, &[0x12, 0, 0x32, 1, 0x30], Some(FrameOpening::Refers)),
            (KeyframeCoding::Av1, &[0x12, 0], None),
            (KeyframeCoding::Theora, &[0x40], Some(FrameOpening::Refers)),
            (KeyframeCoding::Intra, &[], Some(FrameOpening::Point)),
        ];
        for (coding, frame, expected) in cases {
            assert_eq!(coding.opening(frame), *expected, "{coding:?} {frame:x?}");
            for length in 0..frame.len() {
                let _ = coding.opening(frame.get(..length).unwrap_or_default());
            }
        }
    }
}
