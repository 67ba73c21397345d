//! Frames of AC-3 and E-AC-3 (ETSI TS 102 366 §4.3, §E.1.2): a sync word, and behind it how long the frame is.

use super::{Frame, Syntax};

/// Kilobits a second, by `frmsizecod` halved.
const BITRATES: [u32; 19] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640];
const RATES: [u32; 3] = [48_000, 44_100, 32_000];
/// Samples of a block; a frame of AC-3 has six.
const BLOCK: u32 = 256;

/// The syntax of both.
#[derive(Clone, Copy, Debug)]
pub struct Ac3;

impl Syntax for Ac3 {
    fn frame(&self, bytes: &[u8]) -> Option<Frame> {
        let [0x0B, 0x77, two, three, four, five, ..] = *bytes else { return None };
        let code = usize::from(four >> 6);
        let (size, duration, rate) = if five >> 3 <= 10 {
            let (rate, kilobits) = (*RATES.get(code)?, *BITRATES.get(usize::from(four & 0x3F) / 2)?);
            // 44.1 kHz alone does not come out even, and has two lengths.
            let odd = if code == 1 { u32::from(four & 1) } else { 0 };
            (2 * (kilobits * 96_000 / rate + odd), 6 * BLOCK, rate)
        } else {
            let low = usize::from(four >> 4 & 3);
            let (rate, blocks) = match code {
                3 => (RATES.get(low)? / 2, 6),
                _ => (*RATES.get(code)?, [1, 2, 3, 6].get(low).copied()?),
            };
            // A dependent substream belongs to the independent frame before it, and lasts no time of its own.
            let blocks = if two >> 6 == 1 { 0 } else { blocks };
            (2 * (u32::from(two & 7) << 8 | u32::from(three)) + 2, blocks * BLOCK, rate)
        };
        (size > 6).then_some(Frame { size, duration, header: 0, reach: 0, mode: 0, kind: rate })
    }

    fn rate(&self, kind: u32) -> u32 {
        kind
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_says_how_long_a_frame_is() {
        let frame = |header: [u8; 6]| Ac3.frame(&header).map(|frame| (frame.size, frame.duration, frame.kind));
        assert_eq!(frame([0x0B, 0x77, 0, 0, 0x1C, 0x40]), Some((1536, 1536, 48_000)));
        assert_eq!(frame([0x0B, 0x77, 0, 0, 0x40, 0x40]), Some((138, 1536, 44_100)));
        assert_eq!(frame([0x0B, 0x77, 0, 0, 0x41, 0x40]), Some((140, 1536, 44_100)));
        assert_eq!(frame([0x0B, 0x77, 0, 0, 0xC0, 0x40]), None);
        assert_eq!(frame([0x0B, 0x77, 0x02, 0xFF, 0x34, 0x80]), Some((1536, 1536, 48_000)), "E-AC-3");
        assert_eq!(frame([0x0B, 0x77, 0x42, 0xFF, 0x34, 0x80]), Some((1536, 0, 48_000)), "a dependent substream");
        assert_eq!(frame([0x0B, 0x78, 0, 0, 0x1C, 0x40]), None);
    }
}
