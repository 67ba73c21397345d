//! The numbers of the frames of a cut, which count from zero. A frame says its own, or that of its first sample, in its header;
//! so a cut has other headers, and other checksums, of which the one of the whole frame is linear: nobody has to look at the
//! rest.

use super::crc::{crc8, crc16, zeros_behind};
use super::frame::{FOOTER, MAX_HEADER, put_number};

/// The second byte of a frame that is numbered by its first sample.
const VARIABLE: u8 = 0xF9;

/// What a header says besides its number.
#[derive(Clone, Copy, Debug)]
pub struct Codes<'a> {
    /// The second byte to the fourth.
    pub before: [u8; 3],
    /// What stands between the number and the checksum.
    pub behind: &'a [u8],
}

impl<'a> Codes<'a> {
    /// Those of a header, and in how many bytes it has its number.
    #[must_use]
    pub fn of(header: &'a [u8]) -> Option<(Self, usize)> {
        let [0xFF, a, b, c, number, ..] = header else { return None };
        let length = number.leading_ones().max(1) as usize;
        let behind = header.get(4 + length..header.len().checked_sub(1)?)?;
        Some((Self { before: [*a, *b, *c], behind }, length))
    }

    /// A header with these and a number, which takes at least so many bytes.
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

/// The checksum of a frame with this header, and `rest` bytes behind it whose own checksum is `sum`.
#[must_use]
pub fn footer(header: &[u8], sum: u16, rest: u64) -> [u8; FOOTER] {
    (sum ^ zeros_behind(crc16(0, header), rest)).to_be_bytes()
}

/// Numbers the frames of a cut, one after the other.
#[derive(Debug, Default)]
pub struct Numbers {
    /// Where the first begins in the original, in samples.
    first: i64,
    /// The one before: where it begins, how many samples it has, its number.
    before: Option<(i64, i64, i64)>,
}

impl Numbers {
    /// The number of the next frame, which begins at this sample of the original and has so many.
    pub fn next(&mut self, codes: Codes<'_>, start: i64, samples: i64) -> u64 {
        let [strategy, ..] = codes.before;
        let number = match self.before {
            None => {
                self.first = start;
                0
            }
            _ if strategy == VARIABLE => start.saturating_sub(self.first),
            // Where frames are lost, so are their numbers.
            Some((before, samples, number)) => {
                number.saturating_add(start.saturating_sub(before).checked_div(samples).unwrap_or(1).max(1))
            }
        };
        self.before = Some((start, samples, number));
        u64::try_from(number).unwrap_or(0)
    }

    /// Samples of each channel up to the end of the last.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.before.map_or(0, |(start, samples, _)| start.saturating_add(samples).saturating_sub(self.first))
    }
}
