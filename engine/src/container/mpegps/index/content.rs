//! Detects a stream's codec from its data, since a program stream does not need a map that names it.

use crate::codec::aac::adts::Adts;
use crate::codec::ac3::Ac3;
use crate::codec::mpeg_audio::Mpeg;
use crate::codec::{StreamProperties, Syntax, nal};
use crate::container::mpeg::codec::MpegCodec;

/// The number of bytes in which a frame of sound must begin; a truncated frame may precede it.
const REACH: usize = 8192;

/// Whether the unit after a start code belongs to some codec.
type Is = fn(&[u8]) -> bool;
/// The length of the frame at the beginning of these bytes, if it belongs to some codec.
type FrameLength = fn(&[u8]) -> Option<u32>;

/// `profile_idc` of H.264 (ITU-T H.264 §A.2, §G.10, §H.10).
const PROFILES: [u8; 12] = [44, 66, 77, 83, 86, 88, 100, 110, 118, 122, 128, 244];

/// The codec of pictures, detected by start codes that the others do not have.
pub fn pictures(data: &[u8]) -> Option<MpegCodec> {
    let any = |is: fn(&[u8]) -> bool| nal::units(data).any(is);
    let known: [(MpegCodec, Is); 5] = [
        // A video object plane. Units of H.264 and HEVC begin with a zero bit, and MPEG video does not have this code.
        (MpegCodec::Visual, |unit| matches!(unit, [0xB0 | 0xB6, ..])),
        (MpegCodec::Mpeg, |unit| matches!(unit, [0xB3, ..])),
        (MpegCodec::Hevc, |unit| matches!(unit, [0x40 | 0x42, 1, ..])),
        // A slice of MPEG video may have this code too, but without a profile after it.
        (MpegCodec::H264, |unit| matches!(unit, [0x27 | 0x47 | 0x67, profile, ..] if PROFILES.contains(profile))),
        (MpegCodec::Mpeg, |unit| matches!(unit, [0xB8, ..])),
    ];
    known.into_iter().find_map(|(codec, is)| any(is).then_some(codec))
}

/// The codec of sound: the one with consecutive frames.
pub fn sound(data: &[u8]) -> Option<MpegCodec> {
    let frames: [(MpegCodec, FrameLength); 2] = [
        (MpegCodec::MpegAudio, |bytes| Mpeg { free: None }.frame(bytes).map(|frame| frame.size)),
        (MpegCodec::Adts, |bytes| Adts.frame(bytes).map(|frame| frame.size)),
    ];
    let mut starts = (0..data.len().min(REACH)).filter_map(|start| data.get(start..));
    starts.find_map(|bytes| {
        let begins = frames.into_iter().filter_map(|(codec, size)| Some((codec, size, size(bytes)?)));
        let mut follows = begins.filter_map(|(codec, size, first)| {
            let next = bytes.get(usize::try_from(first).ok()?..);
            // At the end of the data seen, one frame is enough.
            next.is_none_or(|next| next.len() < 9 || size(next).is_some()).then_some(codec)
        });
        follows.next()
    })
}

/// Whether a stream of private data is AC-3 without substream headers, by the beginning of a packet.
pub fn is_plain(data: &[u8]) -> bool {
    Ac3.frame(data).is_some()
}

/// The stream parameters in these data. Sound may begin in the middle of a frame.
pub fn properties(codec: MpegCodec, data: &[u8]) -> Option<StreamProperties> {
    let mut starts = (0..data.len().min(REACH)).filter_map(|start| data.get(start..));
    match codec {
        MpegCodec::MpegAudio | MpegCodec::Adts | MpegCodec::Ac3 | MpegCodec::Dts => {
            starts.find_map(|bytes| codec.properties(bytes))
        }
        _ => codec.properties(data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_told_by_what_others_do_not_have() {
        let of =
            |units: &[&[u8]]| pictures(&units.iter().flat_map(|unit| [&[0, 0, 1], *unit].concat()).collect::<Vec<_>>());
        let slices: [&[u8]; 3] = [&[7, 0x20, 9, 9], &[8, 1, 1], &[9, 0x20, 3]];
        assert_eq!(of(&slices), None, "slices of MPEG video are no parameter sets");
        assert_eq!(of(&[slices[0], slices[1], &[0xB3, 0x14, 0, 0xB4]]), Some(MpegCodec::Mpeg));
        assert_eq!(of(&[&[0x20, 1, 1], &[0xB3, 1, 7], &[0xB6, 0x10, 1]]), Some(MpegCodec::Visual));
        assert_eq!(of(&[&[0x46, 1, 0x10], &[0x40, 1, 0x0C], &[0x42, 1, 1]]), Some(MpegCodec::Hevc));
        assert_eq!(of(&[&[9, 0xF0], &[0x67, 100, 0, 13]]), Some(MpegCodec::H264));
        assert_eq!(of(&[&[0x27, 66, 0xC0, 30], &[0x28, 0xCE], &[0x25, 0x88]]), Some(MpegCodec::H264));
    }

    #[test]
    fn sound_is_told_by_frames_that_follow_each_other() {
        let mpeg = [&[0xFF, 0xFD, 0x14, 0xC4][..], &[7; 92]].concat().repeat(3);
        let adts = [&[0xFF, 0xF1, 0x50, 0x80, 0x0C, 0x9F, 0xFC][..], &[7; 93]].concat().repeat(3);
        for before in [0, 1, 500] {
            let behind = |sound: &[u8]| [&vec![0x55; before], sound].concat();
            assert_eq!(sound(&behind(&mpeg)), Some(MpegCodec::MpegAudio));
            assert_eq!(sound(&behind(&adts)), Some(MpegCodec::Adts));
        }
        assert_eq!(sound(&[0xD5; 9000]), None, "A-law, silent");
        assert_eq!(sound(&[0xFF, 0xFD, 0x14, 0xC4, 0, 0, 0, 0, 0, 0]), Some(MpegCodec::MpegAudio), "truncated");
    }
}
