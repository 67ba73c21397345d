//! The place of a picture in presentation order, by the first bytes of its frame: in MPEG-4 part 2 (ISO/IEC 14496-2
//! §6.2.3, §6.2.5), MPEG-1 and MPEG-2 video by the picture type, in H.264 and HEVC by its count.
//!
//! DivX and Xvid may *pack* their stream for players that expect a picture for each chunk: the first B picture is in
//! the chunk of the P picture that is shown after it, and a plane that is not coded takes the place of the last one. By
//! chunks it then behaves as if it were not packed. But an I picture with a B picture in its chunk cannot be separated
//! from it, and the chunks that compensate for it cannot be left out; such pictures are treated as shown in decode
//! order.

use serde::{Deserialize, Serialize};

use crate::codec::mpeg4_video::{is_packed, low_delay};
use crate::codec::{KeyframeCoding, PictureOrder, PictureReordering, nal};

/// The maximum size of a plane that is not coded, in a packed stream.
const NOT_CODED: usize = 19;

/// The place of a picture in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AviPicture {
    /// After all others before the next one of this kind, or alone: I and P pictures.
    Anchor,
    /// Before the last anchor: a B picture.
    Between,
    /// After all earlier ones, and before all later ones.
    Alone,
    /// By a count, in this coded video sequence.
    Counted { sequence: u32, count: i64 },
    /// Together with the previous picture, whose second field it is.
    Field,
}

/// The pictures of a stream with reordering.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum AviPictures {
    /// MPEG-1 and MPEG-2.
    Mpeg2,
    /// MPEG-4 part 2: whether it is packed, and whether its headers announce B pictures.
    Mpeg4 { packed: bool, delayed: bool },
    /// H.264 and HEVC.
    Counted(PictureReordering),
}

impl AviPictures {
    /// For a stream with this coding, whose headers contain `setup`; `None` if pictures are shown in decode order, as
    /// far as known.
    pub fn of(coding: KeyframeCoding, setup: &[u8]) -> Option<Self> {
        let mut pictures = match coding {
            KeyframeCoding::Mpeg2 => Self::Mpeg2,
            KeyframeCoding::Mpeg4 => Self::Mpeg4 { packed: false, delayed: false },
            KeyframeCoding::H264(_) => Self::Counted(PictureReordering::avc()),
            KeyframeCoding::Hevc(_) => Self::Counted(PictureReordering::hevc()),
            _ => return None,
        };
        pictures.next(setup);
        Some(pictures)
    }

    /// Whether the headers so far announce that pictures may be reordered.
    pub fn may_be_reordered(&self) -> bool {
        match self {
            Self::Mpeg2 => true,
            Self::Mpeg4 { packed, delayed } => *packed || *delayed,
            Self::Counted(order) => order.has_counts(),
        }
    }

    /// The next picture, whose frame begins with these bytes.
    pub fn next(&mut self, frame: &[u8]) -> AviPicture {
        match self {
            Self::Mpeg2 => {
                let kind =
                    nal::units(frame).find_map(|code| if let [0, _, kind, ..] = code { Some(*kind) } else { None });
                // Ten bits of temporal_reference precede picture_coding_type.
                kind.map_or(AviPicture::Alone, |kind| {
                    if kind >> 3 & 7 == 3 { AviPicture::Between } else { AviPicture::Anchor }
                })
            }
            Self::Mpeg4 { packed, delayed } => {
                for code in nal::units(frame) {
                    match code {
                        [0x20..=0x2F, layer @ ..] => *delayed |= low_delay(layer) == Some(false),
                        [0xB2, text @ ..] => *packed |= is_packed(text),
                        [0xB6, kind, ..] => {
                            return match kind >> 6 {
                                0 | 1 if *packed && frame.len() <= NOT_CODED => AviPicture::Between,
                                0 if *packed => AviPicture::Alone,
                                2 => AviPicture::Between,
                                _ => AviPicture::Anchor,
                            };
                        }
                        _ => {}
                    }
                }
                AviPicture::Alone
            }
            Self::Counted(order) => match order.place(frame, true) {
                Some(PictureOrder::At { sequence, count, .. }) => AviPicture::Counted { sequence, count },
                Some(PictureOrder::Field) => AviPicture::Field,
                Some(PictureOrder::Unknown) | None => AviPicture::Alone,
            },
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn planes_of_mpeg_4_are_ordered_by_their_type() {
        use AviPicture::{Alone, Anchor, Between};
        // Layers from ffmpeg without B pictures and with them.
        let plain = [0, 0, 1, 0x20, 0x00, 0xC4, 0x8D, 0x88, 0x00, 0xCD, 0x0A, 0x04];
        let delayed = [0, 0, 1, 0x20, 0x08, 0xD4, 0x8D, 0x08, 0x00, 0xCD, 0x0A, 0x04];
        let packed = b"\0\0\x01\xB2DivX503b1393p";
        let vop = |kind: u8, length: usize| [vec![0, 0, 1, 0xB6, kind << 6], vec![7; length]].concat();
        let cases: [(Vec<u8>, AviPicture); 12] = [
            (vop(0, 99), Anchor),
            (vop(1, 99), Anchor),
            (vop(2, 9), Between),
            (vop(1, 2), Anchor),
            (vec![0x7F], Alone),
            ([&plain[..], &vop(0, 9)].concat(), Anchor),
            ([&delayed[..], &vop(0, 9)].concat(), Anchor),
            ([packed, &vop(0, 99)[..]].concat(), Alone),
            (vop(1, 99), Anchor),
            (vop(2, 99), Between),
            (vop(1, 2), Between),
            (vop(0, 2), Between),
        ];
        let mut pictures = AviPictures::of(KeyframeCoding::Mpeg4, &[]).unwrap();
        for (nth, (frame, expected)) in cases.iter().enumerate() {
            assert_eq!(pictures.next(frame), *expected, "frame {nth}");
            assert_eq!(pictures.may_be_reordered(), nth >= 6, "frame {nth}");
        }
        for (text, expected) in [(&b"DivX501b413"[..], false), (b"XviD0050", false), (b"DivX501Build413p\0\0", true)] {
            assert_eq!(is_packed(text), expected, "{text:?}");
        }
    }

    #[test]
    fn pictures_of_mpeg_2_are_ordered_by_their_type() {
        let mut pictures = AviPictures::of(KeyframeCoding::Mpeg2, &[]).unwrap();
        let frame = |kind: u8| [0, 0, 1, 0xB3, 9, 0, 0, 1, 0, 0, kind << 3, 9];
        assert_eq!(
            [1, 2, 3].map(|kind| pictures.next(&frame(kind))),
            [AviPicture::Anchor, AviPicture::Anchor, AviPicture::Between]
        );
        assert!(AviPictures::of(KeyframeCoding::Intra, &[]).is_none());
    }
}
