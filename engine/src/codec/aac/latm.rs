//! AAC in LATM (ISO/IEC 14496-3 §1.7): an `AudioSyncStream` (LOAS), whose frames have a sync word and their length.

use crate::codec::{UnitStart, frame};

/// Whether AAC can be decoded from these LATM frames (ISO/IEC 14496-3 §1.7.2 and §1.7.3): one of them has its own
/// configuration, and does not reuse that of the previous frame (`useSameStreamMux`).
#[must_use]
pub fn access(payload: &[u8]) -> UnitStart {
    frame::any(payload, |frame| {
        let [first, second, low, element] = *frame.first_chunk()?;
        let length = 3 + (usize::from(second & 0x1F) << 8 | usize::from(low));
        (first == 0x56 && second & 0xE0 == 0xE0).then_some((element & 0x80 == 0, length))
    })
}

/// Whether these bytes begin with an `AudioSyncStream` of LATM (LOAS; §1.7.2): two consecutive frames with its sync
/// word.
#[must_use]
pub fn is_latm(bytes: &[u8]) -> bool {
    let length = |bytes: &[u8]| match *bytes {
        [0x56, high, low, ..] if high & 0xE0 == 0xE0 => Some(3 + (usize::from(high & 0x1F) << 8 | usize::from(low))),
        _ => None,
    };
    let behind = length(bytes).and_then(|first| bytes.get(first..));
    behind.and_then(length).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_begins_at_a_frame_with_a_configuration() {
        let latm = |elements: &[u8]| -> Vec<u8> {
            elements.iter().flat_map(|element| [0x56, 0xE0, 7, *element, 0, 0, 0, 0, 0, 0]).collect()
        };
        assert_eq!(access(&latm(&[0x20])[..7]), UnitStart::Undecided);
        assert_eq!(access(&latm(&[0x9F, 0x20])), UnitStart::Access(true));
        assert_eq!(access(&latm(&[0x9F, 0x9F])), UnitStart::Undecided, "that of the frame before");
        assert_eq!(access(&[0x21, 0x10, 0x80, 0x20, 0, 0, 0, 0]), UnitStart::Access(false), "the rest of a frame");
    }
}
