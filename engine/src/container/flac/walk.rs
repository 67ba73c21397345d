//! Finds frames in a stream of bytes, in one pass: a frame lies between two places, the first of which has a frame
//! header, if the bytes between them, including their final checksum, sum to zero (see [`PrefixSum`]). The second place has
//! the header of the next frame, or is the end of the stream.
//!
//! If a header seems to begin inside a frame, no sum matches, and it only remains a possible beginning. The same holds
//! if bytes are lost: the first complete frame after them is found by its own sum. All of this takes one sum over the
//! stream, and a check at each place with a sync code.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::codec::flac::{FOOTER, FlacFrameHeader, MAX_HEADER, PrefixSum, StreamInfo, crc16, zeros_behind};

/// How many possible beginnings of a frame are kept. There is one, and false ones are rare.
const MAX_STARTS: usize = 32;

/// A complete frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlacFrame {
    pub offset: u64,
    pub size: u64,
    pub header: FlacFrameHeader,
    /// The second to the fourth byte of the header, and what follows the number.
    pub codes: Vec<u8>,
    /// The checksum of the bytes between the header and the frame's own checksum.
    pub rest: u16,
}

/// A possible beginning of a frame.
#[derive(Serialize, Deserialize)]
struct FrameStart {
    offset: u64,
    header: FlacFrameHeader,
    bytes: [u8; MAX_HEADER],
    place: PrefixSum,
}

/// A walk through the frames of a stream.
#[derive(Serialize, Deserialize)]
pub struct Walk {
    info: StreamInfo,
    /// The offset of the next byte.
    at: u64,
    /// The checksum of the bytes from `origin` up to there, and the last two of them.
    origin: u64,
    crc: u16,
    last: [u8; FOOTER],
    starts: VecDeque<FrameStart>,
    /// How the first frame states its place, as all others do.
    variable: Option<bool>,
}

impl Walk {
    /// For frames that begin at this offset.
    pub const fn new(info: StreamInfo, at: u64) -> Self {
        Self { info, at, origin: at, crc: 0, last: [0; FOOTER], starts: VecDeque::new(), variable: None }
    }

    /// Takes the next bytes, and returns the frames that end in them. Returns how many bytes it took: unless they are
    /// the last of the stream, the rest has to be passed again, with more after it.
    pub fn take(&mut self, bytes: &[u8], last: bool, found: &mut Vec<FlacFrame>) -> usize {
        let end = if last { bytes.len() } else { (bytes.len() + 1).saturating_sub(MAX_HEADER) };
        let mut done = 0;
        while let Some(at) = sync(bytes, done, end) {
            self.sum(bytes.get(done..at).unwrap_or_default());
            done = at;
            self.try_here(bytes.get(at..).unwrap_or_default(), found);
            // The byte itself is summed later.
            self.sum(bytes.get(at..=at).unwrap_or_default());
            done += 1;
        }
        self.sum(bytes.get(done..end).unwrap_or_default());
        if last {
            let place = self.place();
            found.extend(self.frame_to(place));
        }
        end
    }

    /// Moves past these bytes.
    fn sum(&mut self, bytes: &[u8]) {
        self.crc = crc16(self.crc, bytes);
        self.at += bytes.len() as u64;
        match bytes {
            [.., before, last] => self.last = [*before, *last],
            [last] => self.last = [self.last[1], *last],
            [] => {}
        }
    }

    fn place(&self) -> PrefixSum {
        PrefixSum::behind(self.crc, self.at - self.origin)
    }

    /// Tries the place here, which has a sync code.
    fn try_here(&mut self, bytes: &[u8], found: &mut Vec<FlacFrame>) {
        let Some(header) = FlacFrameHeader::parse(bytes, &self.info) else { return };
        if self.variable.is_some_and(|variable| variable != header.variable) {
            return;
        }
        let place = self.place();
        if let Some(frame) = self.frame_to(place) {
            self.variable.get_or_insert(frame.header.variable);
            found.push(frame);
        }
        let reach = self.at.saturating_sub(self.info.longest_frame());
        while self.starts.len() >= MAX_STARTS || self.starts.front().is_some_and(|start| start.offset < reach) {
            self.starts.pop_front();
        }
        if self.starts.is_empty() {
            (self.origin, self.crc) = (self.at, 0);
        }
        let mut own = [0; MAX_HEADER];
        for (own, byte) in own.iter_mut().zip(bytes) {
            *own = *byte;
        }
        self.starts.push_back(FrameStart { offset: self.at, header, bytes: own, place: self.place() });
    }

    /// The frame that ends here, if any. Everything before it is done.
    fn frame_to(&mut self, place: PrefixSum) -> Option<FlacFrame> {
        let begins = |start: &FrameStart| {
            start.place == place && self.at - start.offset >= (start.header.length + FOOTER) as u64
        };
        let FrameStart { offset, header, bytes, .. } =
            self.starts.iter().position(begins).and_then(|at| self.starts.remove(at))?;
        self.starts.clear();
        let size = self.at - offset;
        let own = bytes.get(..header.length).unwrap_or_default();
        let behind = own.get(header.length - 1 - header.behind..header.length - 1).unwrap_or_default();
        let footer = u16::from_be_bytes(self.last);
        let rest = footer ^ zeros_behind(crc16(0, own), size - (header.length + FOOTER) as u64);
        let codes = [own.get(1..4).unwrap_or_default(), behind].concat();
        Some(FlacFrame { offset, size, header, codes, rest })
    }
}

/// The position of a sync code between `from` and `end`, whose second byte may come after.
#[inline]
fn sync(bytes: &[u8], mut from: usize, end: usize) -> Option<usize> {
    const BLOCK: usize = 32;
    let code = |at: usize| bytes.get(at) == Some(&0xFF) && matches!(bytes.get(at + 1), Some(0xF8 | 0xF9));
    while from < end {
        // One byte in 256 is 0xFF; a block without any is skipped at once.
        if let Some(block) = bytes.get(from..end).and_then(|rest| rest.first_chunk::<BLOCK>())
            && block.iter().fold(0, |any, byte| any | u8::from(*byte == 0xFF)) == 0
        {
            from += BLOCK;
            continue;
        }
        let until = (from + BLOCK).min(end);
        if let Some(at) = (from..until).find(|at| code(*at)) {
            return Some(at);
        }
        from = until;
    }
    None
}
