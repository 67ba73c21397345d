//! Start codes: two zeros and a one, possibly across packets.

use serde::{Deserialize, Serialize};

use super::{ScanEvent, ScanFinding};
use crate::codec::nal::behind_start_code;

/// The number of bytes reported from each start code on: the code, and six more.
pub const SEEN: usize = 7;
/// The same including the start code.
const WINDOW: usize = 3 + SEEN;

/// The start codes of a stream.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StartCodes {
    /// The last bytes, too few for a start code with the bytes after it, and the offset in the file of each.
    carry: Vec<u8>,
    places: Vec<u64>,
    /// The offset in the file where the byte before them ends.
    behind: Option<u64>,
}

/// A start code.
#[derive(Clone, Copy, Debug)]
pub struct Code<'a> {
    place: ByteLocation<'a>,
    /// The location of the zero before it, if there is one.
    zero: Option<ByteLocation<'a>>,
    /// The [`SEEN`] bytes after it; the first is its code.
    pub bytes: &'a [u8],
}

/// The location of a byte, in the form of a [`ScanEvent`].
#[derive(Clone, Copy, Debug)]
struct ByteLocation<'a> {
    offset: u64,
    before: u64,
    at: Option<usize>,
    carried: &'a [u8],
}

impl Code<'_> {
    /// The same, beginning at the preceding zero if there is one (ITU-T H.264 §B.1.1, `zero_byte`).
    pub fn with_zero(self) -> Self {
        Self { place: self.zero.unwrap_or(self.place), ..self }
    }

    /// An event at this location.
    pub fn event(self, what: ScanFinding) -> ScanEvent {
        let ByteLocation { offset, before, at, carried } = self.place;
        ScanEvent { offset, before, at, carried: carried.to_vec(), what }
    }
}

impl StartCodes {
    /// Takes the next bytes, which begin at this offset of the file.
    pub fn push(&mut self, offset: u64, data: &[u8], mut each: impl FnMut(Code<'_>)) {
        if data.len() < WINDOW {
            self.carry.extend_from_slice(data);
            self.places.extend((offset..).take(data.len()));
            let resolved = (self.carry.len() + 1).saturating_sub(WINDOW);
            self.carried(&self.carry, resolved, self.carry.len(), &mut each);
            self.forget(resolved);
            return;
        }
        let seam = [&self.carry, data.get(..WINDOW - 1).unwrap_or_default()].concat();
        self.carried(&seam, self.carry.len(), self.carry.len(), &mut each);
        let starts = data.len() + 1 - WINDOW;
        let searched = data.get(..starts + 2).unwrap_or_default();
        let behind = self.end().unwrap_or(offset);
        let mut rest = behind_start_code(searched);
        while let Some(from_code) = rest {
            let code = searched.len() - from_code.len();
            let place = |at: usize| {
                let here = offset + at as u64;
                ByteLocation { offset: here, before: if at > 0 { here } else { behind }, at: Some(at), carried: &[] }
            };
            let at = code - 3;
            let zero = match at.checked_sub(1) {
                Some(before) => (data.get(before) == Some(&0)).then(|| place(before)),
                None => self.zero_before(self.carry.len(), self.carry.len()),
            };
            each(Code { place: place(at), zero, bytes: data.get(code..code + SEEN).unwrap_or_default() });
            rest = behind_start_code(from_code);
        }
        self.behind = Some(offset + starts as u64);
        self.carry.clear();
        self.carry.extend_from_slice(data.get(starts..).unwrap_or_default());
        self.places.clear();
        self.places.extend((offset + starts as u64..).take(self.carry.len()));
    }

    /// The end of the last byte.
    fn end(&self) -> Option<u64> {
        self.places.last().map(|place| place + 1).or(self.behind)
    }

    /// Finds the start codes that begin in the first `starts` of these bytes; the first `carried` are from earlier
    /// data.
    fn carried(&self, bytes: &[u8], starts: usize, carried: usize, each: &mut impl FnMut(Code<'_>)) {
        for at in 0..starts {
            let (Some(window), Some(place)) = (bytes.get(at..at + WINDOW), self.place(at, carried)) else { return };
            if let [0, 0, 1, bytes @ ..] = window {
                each(Code { place, zero: self.zero_before(at, carried), bytes });
            }
        }
    }

    /// The location of one of the `carried` bytes.
    fn place(&self, at: usize, carried: usize) -> Option<ByteLocation<'_>> {
        let offset = *self.places.get(at)?;
        let before = at.checked_sub(1).and_then(|before| self.places.get(before)).map(|place| place + 1);
        let carried = self.carry.get(at..carried).unwrap_or_default();
        Some(ByteLocation { offset, before: before.or(self.behind).unwrap_or(offset), at: None, carried })
    }

    /// The location of the zero before one of them, if there is one.
    fn zero_before(&self, at: usize, carried: usize) -> Option<ByteLocation<'_>> {
        let before = at.checked_sub(1).filter(|before| self.carry.get(*before) == Some(&0))?;
        self.place(before, carried)
    }

    fn forget(&mut self, count: usize) {
        if let Some(last) = count.checked_sub(1).and_then(|last| self.places.get(last)) {
            self.behind = Some(last + 1);
        }
        self.carry.drain(..count);
        self.places.drain(..count);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// For each start code: its location, the end of the byte before it, and the first byte after it.
    fn found(stream: &[u8], cuts: &[usize]) -> Vec<(u64, u64, u8)> {
        let (mut codes, mut found, mut start) = (StartCodes::default(), Vec::new(), 0);
        // Between packets there are a hundred other bytes.
        for (packet, end) in cuts.iter().copied().chain([stream.len()]).enumerate() {
            codes.push((start + 100 * packet) as u64, &stream[start..end], |code| {
                found.push((code.place.offset, code.place.before, code.bytes[0]));
            });
            start = end;
        }
        found
    }

    #[test]
    fn a_code_across_packets_begins_in_the_first() {
        let stream: Vec<u8> = [&[9; 20][..], &[0, 0, 1, 7], &[9; 20]].concat();
        assert_eq!(found(&stream, &[]), [(20, 20, 7)]);
        assert_eq!(found(&stream, &[21]), [(20, 20, 7)]);
        assert_eq!(found(&stream, &[23]), [(20, 20, 7)]);
        assert_eq!(found(&stream, &[20]), [(120, 20, 7)]);
        assert_eq!(found(&stream, &[20, 21, 22, 23, 24]), [(120, 20, 7)]);
    }

    #[test]
    fn a_zero_before_a_code_may_be_in_the_packet_before() {
        let stream = [&[9; 20][..], &[0, 0, 0, 1, 7], &[9; 20]].concat();
        for cut in 15..30 {
            let (mut codes, mut zeros) = (StartCodes::default(), Vec::new());
            for (start, end) in [(0, cut), (cut, stream.len())] {
                codes.push(1000 * start as u64, &stream[start..end], |code| {
                    zeros.push(code.with_zero().event(ScanFinding::Begin));
                });
            }
            let offset = if cut > 20 { 20 } else { 1000 * cut as u64 + 20 - cut as u64 };
            assert_eq!(zeros.iter().map(|event| event.offset).collect::<Vec<_>>(), [offset], "cut at {cut}");
        }
    }

    proptest! {
        #[test]
        fn packets_may_be_cut_anywhere(
            stream in prop::collection::vec(prop_oneof![4 => Just(0_u8), 2 => Just(1), 1 => 2_u8..9], 40..200),
            cuts in prop::collection::vec(0_usize..40, 0..6),
        ) {
            let mut cuts = cuts;
            cuts.sort_unstable();
            let in_one: Vec<_> = found(&stream, &[]).into_iter().map(|(_, _, code)| code).collect();
            let in_many: Vec<_> = found(&stream, &cuts).into_iter().map(|(_, _, code)| code).collect();
            prop_assert_eq!(in_one, in_many);
        }
    }
}
