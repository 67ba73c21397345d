//! The frame numbers of a cut, which begin at zero. A frame has its number, or that of its first sample, in its header;
//! so a cut has new headers and new checksums. The checksum of the whole frame is linear, so the rest of the frame need
//! not be read.

use super::crc::{crc8, crc16, zeros_behind};
use super::frame::{FOOTER, MAX_HEADER, put_number};

/// The second byte of a frame that is numbered by its first sample.
const VARIABLE: u8 = 0xF9;

/// The fields of a header besides its number.
#[derive(Clone, Copy, Debug)]
pub struct HeaderCodes<'a> {
    /// The second to the fourth byte.
    pub before: [u8; 3],
    /// The bytes between the number and the checksum.
    pub behind: &'a [u8],
}

impl<'a> HeaderCodes<'a> {
    /// The fields of a header, and how many bytes its number takes.
    #[must_use]
    pub fn of(header: &'a [u8]) -> Option<(Self, usize)> {
        let [0xFF, a, b, c, number, ..] = header else { return None };
        let length = number.leading_ones().max(1) as usize;
        let behind = header.get(4 + length..header.len().checked_sub(1)?)?;
        Some((Self { before: [*a, *b, *c], behind }, length))
    }

    /// A header with these fields and a number, which takes at least this many bytes.
    #[must_use]
    pub fn header(self, number: u64, least: usize) -> Vec<u8> {
        let mut header = Vec::with_capacity(MAX_HEADER);
        header.push(0xFF);
        header.extend(self.before);
        put_number(&mut header, number, least);
        header.extend_from_slice(self.behind);
        header.push(crc8(&header));
        header
    }
}

/// The checksum of a frame with this header, followed by `rest` bytes with the checksum `sum`.
#[must_use]
pub fn footer(header: &[u8], sum: u16, rest: u64) -> [u8; FOOTER] {
    (sum ^ zeros_behind(crc16(0, header), rest)).to_be_bytes()
}

/// Numbers the frames of a cut, one after the other.
#[derive(Debug, Default)]
pub struct Numbers {
    /// Where the first begins in the original, in samples.
    first: i64,
    /// The previous frame: its beginning, its number of samples, and its number.
    before: Option<(i64, i64, i64)>,
}

impl Numbers {
    /// The number of the next frame, which begins at this sample of the original and has this many samples.
    pub fn next(&mut self, codes: HeaderCodes<'_>, start: i64, samples: i64) -> u64 {
        let [strategy, ..] = codes.before;
        let number = match self.before {
            None => {
                self.first = start;
                0
            }
            _ if strategy == VARIABLE => start.saturating_sub(self.first),
            // If frames are lost, their numbers are lost too.
            Some((before, samples, number)) => {
                number.saturating_add(start.saturating_sub(before).checked_div(samples).unwrap_or(1).max(1))
            }
        };
        self.before = Some((start, samples, number));
        u64::try_from(number).unwrap_or(0)
    }

    /// The number of samples of each channel up to the end of the last frame.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.before.map_or(0, |(start, samples, _)| start.saturating_add(samples).saturating_sub(self.first))
    }
}
