//! DTS frames (ETSI TS 102 114 §5.3), in words of sixteen bits, high byte first, as on discs.

use super::{FrameHeader, StreamProperties, Syntax};

/// By `SFREQ`; 0 for reserved values.
const RATES: [u32; 16] =
    [0, 8_000, 16_000, 32_000, 0, 0, 11_025, 22_050, 44_100, 0, 0, 12_000, 24_000, 48_000, 96_000, 192_000];
/// The smallest valid frame length in `FSIZE`.
const SHORTEST: u32 = 96;

/// The syntax of its core.
#[derive(Clone, Copy, Debug)]
pub struct Dts;

impl Syntax for Dts {
    fn frame(&self, bytes: &[u8]) -> Option<FrameHeader> {
        let [0x7F, 0xFE, 0x80, 0x01, four, five, six, seven, eight, ..] = *bytes else { return None };
        let blocks = (u32::from(four & 1) << 6 | u32::from(five >> 2)) + 1;
        let size = (u32::from(five & 3) << 12 | u32::from(six) << 4 | u32::from(seven >> 4)) + 1;
        let rate = *RATES.get(usize::from(eight >> 2 & 15))?;
        let sound = size >= SHORTEST && rate > 0;
        sound.then_some(FrameHeader { size, duration: 32 * blocks, header: 0, reach: 0, mode: 0, kind: rate })
    }

    fn rate(&self, kind: u32) -> u32 {
        kind
    }
}

/// The number of channels by `AMODE` (table 5-4), without low frequencies.
const CHANNELS: [u16; 10] = [1, 2, 2, 2, 2, 3, 3, 4, 4, 5];

/// The properties in the header of a frame. Extensions may add to them.
#[must_use]
pub fn properties(frame: &[u8]) -> Option<StreamProperties> {
    let rate = Dts.frame(frame)?.kind;
    let [seven, eight, _, ten] = *frame.get(7..)?.first_chunk()?;
    let mode = usize::from((seven & 15) << 2 | eight >> 6);
    // LFF: 1 and 2 mean a channel of low frequencies.
    let low = matches!(ten >> 1 & 3, 1 | 2);
    let channels = CHANNELS.get(mode).map(|channels| channels + u16::from(low));
    Some(StreamProperties::audio("dtsc".to_owned(), Some(rate), channels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_how_long_a_frame_is() {
        let header = [0x7F, 0xFE, 0x80, 0x01, 0xFC, 0x3C, 0x3F, 0x10, 0x35];
        let frame = Dts.frame(&header).unwrap();
        assert_eq!((frame.size, frame.duration, frame.kind), (0x3F1 + 1, 512, 48_000));
        assert_eq!(Dts.frame(&header[..8]), None);
    }
}
