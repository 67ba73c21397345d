//! Finds frames in a stream of bytes, in one pass: a frame is what lies between two places of which the first has the header of a
//! frame, and between which the bytes, with the checksum that they end with, sum to zero (see [`Place`]). The second has the
//! header of the next frame, or is the end of the stream.
//!
//! Where a header seems to begin inside a frame, no sum agrees, and it stays a place that a frame may begin at; so it does where
//! bytes are lost: the first frame that is whole again is found by its own sum. All of it is one sum over the stream, and a look
//! at each place that has a sync code.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::codec::flac::{FOOTER, Header, MAX_HEADER, Place, StreamInfo, crc16, zeros_behind};

/// How many places are kept at which a frame may begin. There is one, and false ones are rare.
const MAX_STARTS: usize = 32;

/// A frame that is whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub offset: u64,
    pub size: u64,
    pub header: Header,
    /// Of the header, the second to the fourth byte, and what stands behind the number.
    pub codes: Vec<u8>,
    /// The checksum of what lies between the header and the frame's own checksum.
    pub rest: u16,
}

/// A place at which a frame may begin.
#[derive(Serialize, Deserialize)]
struct Start {
    offset: u64,
    header: Header,
    bytes: [u8; MAX_HEADER],
    place: Place,
}

/// A walk through the frames of a stream.
#[derive(Serialize, Deserialize)]
pub struct Walk {
    info: StreamInfo,
    /// Where the next byte is.
    at: u64,
    /// The checksum of the bytes from `origin` up to there, and the last two of them.
    origin: u64,
    crc: u16,
    last: [u8; FOOTER],
    starts: VecDeque<Start>,
    /// How the first frame says its place, as all others do.
    variable: Option<bool>,
}

impl Walk {
    /// Of frames that begin at this offset.
    pub const fn new(info: StreamInfo, at: u64) -> Self {
        Self { info, at, origin: at, crc: 0, last: [0; FOOTER], starts: VecDeque::new(), variable: None }
    }

    /// Takes the bytes that follow, and gives the frames that end in them. Says how many bytes it took: where they are not the
    /// last of the stream, the rest of them has to come again, with more behind.
    pub fn take(&mut self, bytes: &[u8], last: bool, found: &mut Vec<Frame>) -> usize {
        let end = if last { bytes.len() } else { (bytes.len() + 1).saturating_sub(MAX_HEADER) };
        let mut done = 0;
        while let Some(at) = sync(bytes, done, end) {
            self.sum(bytes.get(done..at).unwrap_or_default());
            done = at;
            self.try_here(bytes.get(at..).unwrap_or_default(), found);
            // The byte itself is still to be summed.
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

    /// Goes on behind these bytes.
    fn sum(&mut self, bytes: &[u8]) {
        self.crc = crc16(self.crc, bytes);
        self.at += bytes.len() as u64;
        match bytes {
            [.., before, last] => self.last = [*before, *last],
            [last] => self.last = [self.last[1], *last],
            [] => {}
        }
    }

    fn place(&self) -> Place {
        Place::behind(self.crc, self.at - self.origin)
    }

    /// Here is a sync code.
    fn try_here(&mut self, bytes: &[u8], found: &mut Vec<Frame>) {
        let Some(header) = Header::parse(bytes, &self.info) else { return };
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
        self.starts.push_back(Start { offset: self.at, header, bytes: own, place: self.place() });
    }

    /// The frame that ends here, if one does. What lies before it is done with.
    fn frame_to(&mut self, place: Place) -> Option<Frame> {
        let begins =
            |start: &Start| start.place == place && self.at - start.offset >= (start.header.length + FOOTER) as u64;
        let Start { offset, header, bytes, .. } =
            self.starts.iter().position(begins).and_then(|at| self.starts.remove(at))?;
        self.starts.clear();
        let size = self.at - offset;
        let own = bytes.get(..header.length).unwrap_or_default();
        let behind = own.get(header.length - 1 - header.behind..header.length - 1).unwrap_or_default();
        let footer = u16::from_be_bytes(self.last);
        let rest = footer ^ zeros_behind(crc16(0, own), size - (header.length + FOOTER) as u64);
        let codes = [own.get(1..4).unwrap_or_default(), behind].concat();
        Some(Frame { offset, size, header, codes, rest })
    }
}

/// Where between `from` and `end` a sync code is, whose second byte may lie behind.
#[inline]
fn sync(bytes: &[u8], mut from: usize, end: usize) -> Option<usize> {
    const BLOCK: usize = 32;
    let code = |at: usize| bytes.get(at) == Some(&0xFF) && matches!(bytes.get(at + 1), Some(0xF8 | 0xF9));
    while from < end {
        // One byte in 256 is 0xFF; a block without any is passed at once.
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
