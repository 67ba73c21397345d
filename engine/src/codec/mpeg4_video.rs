//! MPEG-4 part 2 video (ISO/IEC 14496-2 §6.2): where decoding can begin, and whether pictures are shown in another
//! order than they are decoded.

use super::nal::start_codes;
use super::{Bits, UnitStart};

const VIDEO_OBJECT_PLANE: u8 = 0xB6;

/// Decoding can begin at an I plane after a video object layer.
#[must_use]
pub fn access(payload: &[u8]) -> UnitStart {
    let mut layer = false;
    for unit in start_codes(payload) {
        match unit {
            [0x20..=0x2F, ..] => layer = true,
            [VIDEO_OBJECT_PLANE, kind, ..] => return UnitStart::Access(layer && kind >> 6 == 0),
            [VIDEO_OBJECT_PLANE] => break,
            _ => {}
        }
    }
    UnitStart::Undecided
}

/// `low_delay` of a video object layer, if present.
#[must_use]
pub fn low_delay(layer: &[u8]) -> Option<bool> {
    let bits = &mut Bits::new(layer);
    // random_accessible_vol and video_object_type_indication.
    bits.take(9);
    if bits.bit() {
        // video_object_layer_verid and its priority.
        bits.take(7);
    }
    if bits.take(4) == 15 {
        // par_width and par_height.
        bits.take(16);
    }
    let control = bits.bit();
    // chroma_format.
    bits.take(2);
    let low = bits.bit();
    (control && bits.is_within()).then_some(low)
}

/// Whether user data name an encoder that writes packed bitstreams: `DivX503b1393p`, `DivX501Build413p`.
#[must_use]
pub fn is_packed(text: &[u8]) -> bool {
    let name = text.split(|byte| *byte == 0).next().unwrap_or_default();
    name.starts_with(b"DivX") && name.ends_with(b"p")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_begins_at_an_i_plane_behind_a_layer() {
        assert_eq!(access(&[0, 0, 1, 0x20, 8, 0, 0, 1, 0xB6, 0x10]), UnitStart::Access(true));
        assert_eq!(access(&[0, 0, 1, 0x20, 8, 0, 0, 1, 0xB6, 0x50]), UnitStart::Access(false));
    }
}
