//! VP8 (RFC 6386). Its sample entry has a `vpcC` like that of [VP9](super::vp9).

use super::StreamProperties;

/// Whether a frame is a key frame (§9.1).
#[must_use]
pub fn is_key(frame: &[u8]) -> Option<bool> {
    frame.first().map(|first| first & 1 == 0)
}

/// The properties in a key frame (§9.1): after three bytes and a start code, width and height with fourteen bits each.
#[must_use]
pub fn properties(frame: &[u8]) -> Option<StreamProperties> {
    let [first, _, _, 0x9D, 0x01, 0x2A, w0, w1, h0, h1] = *frame.first_chunk()? else { return None };
    let size = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3FFF);
    (first & 1 == 0).then(|| StreamProperties::video("vp8".to_owned(), Some((size(w0, w1), size(h0, h1)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_frame_says_how_large_it_is() {
        let frame = [0x10, 0, 0, 0x9D, 0x01, 0x2A, 0x40, 0x01, 0xB4, 0x00];
        assert_eq!(properties(&frame).and_then(|found| found.dimensions), Some((320, 180)));
        assert_eq!(properties(&frame[..9]), None);
        assert_eq!((is_key(&frame), is_key(&[0x11]), is_key(&[])), (Some(true), Some(false), None));
    }
}
