//! A body as an ordered list of pieces: bytes made anew, and ranges of the original. Its length is known before a byte is
//! read, and a byte range of it is a splice again, so one streaming body serves whole cuts, ranges of them, parts of the
//! original and multipart answers.
//!
//! A cut of some formats has two pieces for each of its millions of samples, so the list is kept in a few bytes a piece: made
//! bytes lie one behind the other in few buffers, and lengths and distances are written as variable-length integers.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

/// One piece of a [`Splice`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Bytes that were written anew.
    Made(Bytes),
    /// Bytes of the original.
    Source(Range<u64>),
}

impl Piece {
    /// How many bytes it is.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Made(bytes) => bytes.len() as u64,
            Self::Source(range) => range.end.saturating_sub(range.start),
        }
    }

    /// Whether it is no bytes at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes `range` of this piece, which has at least so many.
    #[allow(clippy::cast_possible_truncation, reason = "within the length of bytes in memory")]
    fn slice(&self, range: Range<u64>) -> Self {
        match self {
            Self::Made(bytes) => Self::Made(bytes.slice(range.start as usize..range.end as usize)),
            Self::Source(source) => Self::Source(source.start + range.start..source.start + range.end),
        }
    }
}

/// The steps of a splice, packed: of made bytes twice their length, of a source twice its length and one, and from the end of
/// the source before to its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Steps {
    packed: Vec<u8>,
    /// The end of the last source.
    end: u64,
}

/// A step of a splice.
enum Step {
    Made(u64),
    Source(Range<u64>),
}

impl Steps {
    pub fn made(&mut self, length: u64) {
        self.put(length << 1);
    }

    pub fn source(&mut self, range: &Range<u64>) {
        self.put((range.end - range.start) << 1 | 1);
        let distance = range.start.wrapping_sub(self.end).cast_signed();
        self.put((distance << 1 ^ distance >> 63).cast_unsigned());
        self.end = range.end;
    }

    /// How many bytes they take.
    pub const fn len(&self) -> usize {
        self.packed.len()
    }

    #[allow(clippy::cast_possible_truncation, reason = "seven bits at a time")]
    fn put(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.packed.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.packed.push(value as u8);
    }
}

/// A place among steps.
#[derive(Clone, Debug, Default)]
struct Place {
    at: usize,
    end: u64,
}

impl Place {
    fn next(&mut self, steps: &Steps) -> Option<Step> {
        let first = self.take(steps)?;
        if first & 1 == 0 {
            return Some(Step::Made(first >> 1));
        }
        let distance = self.take(steps)?;
        let start = self.end.wrapping_add(distance >> 1 ^ (distance & 1).wrapping_neg());
        self.end = start + (first >> 1);
        Some(Step::Source(start..self.end))
    }

    fn take(&mut self, steps: &Steps) -> Option<u64> {
        let (mut value, mut shift) = (0, 0);
        loop {
            let byte = *steps.packed.get(self.at)?;
            self.at += 1;
            value |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Some(value);
            }
            shift += 7;
        }
    }
}

/// An ordered list of pieces. Empty pieces are left out, and neighbouring ones of the original joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Splice {
    steps: Arc<Steps>,
    /// The last piece, if it is of the original: the next may join it.
    last: Option<Range<u64>>,
    /// All made bytes, in order.
    made: Vec<Bytes>,
    length: u64,
    made_length: u64,
}

impl Splice {
    /// A splice of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends bytes made anew.
    pub fn made(&mut self, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        if !bytes.is_empty() {
            self.settle();
            let length = bytes.len() as u64;
            Arc::make_mut(&mut self.steps).made(length);
            self.length += length;
            self.made_length += length;
            self.made.push(bytes);
        }
    }

    /// Appends a range of the original.
    pub fn source(&mut self, range: Range<u64>) {
        if range.start >= range.end {
            return;
        }
        self.length += range.end - range.start;
        match &mut self.last {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => {
                self.settle();
                self.last = Some(range);
            }
        }
    }

    /// Writes down the last piece, which nothing joins any more.
    fn settle(&mut self) {
        if let Some(last) = self.last.take() {
            Arc::make_mut(&mut self.steps).source(&last);
        }
    }

    /// Appends made bytes and ranges of the original in turn: the bytes are those of a buffer, and the steps, which begin with
    /// the original at zero, say how many of them come each time.
    pub(crate) fn woven(&mut self, made: Bytes, steps: Steps) {
        if self.length == 0 {
            // All of it as it is.
            let mut place = Place::default();
            while let Some(step) = place.next(&steps) {
                self.length += match step {
                    Step::Made(length) => length,
                    Step::Source(range) => range.end - range.start,
                };
            }
            self.made_length = made.len() as u64;
            self.made = if made.is_empty() { Vec::new() } else { vec![made] };
            self.steps = Arc::new(steps);
            return;
        }
        let (mut place, mut begun) = (Place::default(), false);
        self.made_length += made.len() as u64;
        while let Some(step) = place.next(&steps) {
            match step {
                Step::Made(length) => {
                    self.settle();
                    begun = true;
                    Arc::make_mut(&mut self.steps).made(length);
                    self.length += length;
                }
                Step::Source(range) => self.source(range),
            }
        }
        if begun {
            self.made.push(made);
        }
    }

    /// Appends a piece.
    pub fn push(&mut self, piece: Piece) {
        match piece {
            Piece::Made(bytes) => self.made(bytes),
            Piece::Source(range) => self.source(range),
        }
    }

    /// Appends all of another splice.
    pub fn append(&mut self, other: &Self) {
        for piece in other.pieces() {
            self.push(piece);
        }
    }

    /// How many bytes it is.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.length
    }

    /// Whether it is no bytes at all.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Its pieces, in order.
    #[must_use]
    pub fn pieces(&self) -> Pieces<'_> {
        Pieces { splice: self, cursor: Cursor::default() }
    }

    /// How many of its bytes are made anew.
    #[must_use]
    pub const fn made_len(&self) -> u64 {
        self.made_length
    }

    /// How many bytes of memory it takes.
    #[must_use]
    pub fn memory(&self) -> u64 {
        (self.steps.len() + self.made.len() * size_of::<Bytes>()) as u64 + self.made_length
    }

    /// Bytes `range` of it, as far as it has them.
    #[must_use]
    pub fn slice(&self, range: Range<u64>) -> Self {
        if range.start == 0 && range.end >= self.length {
            return self.clone();
        }
        let mut slice = Self::new();
        let mut at = 0;
        for piece in self.pieces() {
            let (start, end) = (range.start.max(at), range.end.min(at + piece.len()));
            if start < end {
                slice.push(piece.slice(start - at..end - at));
            }
            at += piece.len();
            if at >= range.end {
                break;
            }
        }
        slice
    }
}

/// A place among the pieces of a splice.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    place: Place,
    /// How many made bytes of the step at hand are still to come.
    left: u64,
    /// The buffer of made bytes, and how many of them are done.
    buffer: usize,
    done: usize,
    /// The last piece is done, if that is of the original.
    ended: bool,
}

impl Cursor {
    /// The next piece of the splice that it is a place in.
    pub fn next(&mut self, splice: &Splice) -> Option<Piece> {
        if self.left == 0 {
            match self.place.next(&splice.steps) {
                Some(Step::Made(length)) => self.left = length,
                Some(Step::Source(range)) => return Some(Piece::Source(range)),
                None if self.ended => return None,
                None => {
                    self.ended = true;
                    return splice.last.clone().map(Piece::Source);
                }
            }
        }
        let buffer = splice.made.get(self.buffer)?;
        let rest = buffer.len() - self.done;
        let length = usize::try_from(self.left).unwrap_or(usize::MAX).min(rest);
        let bytes = buffer.slice(self.done..self.done + length);
        self.left -= length as u64;
        if length == rest {
            (self.buffer, self.done) = (self.buffer + 1, 0);
        } else {
            self.done += length;
        }
        Some(Piece::Made(bytes))
    }
}

/// The pieces of a splice, in order.
#[derive(Clone, Debug)]
pub struct Pieces<'a> {
    splice: &'a Splice,
    cursor: Cursor,
}

impl Iterator for Pieces<'_> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        self.cursor.next(self.splice)
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, clippy::cast_possible_truncation)]
mod tests {
    use super::*;

    #[test]
    fn pieces_come_back_in_order_and_ranges_of_them_are_splices() {
        let mut steps = Steps::default();
        steps.made(2);
        steps.source(&(1000..1010));
        steps.made(3);
        steps.source(&(5..7));
        for before in [false, true] {
            let mut splice = Splice::new();
            if before {
                splice.made("x");
                splice.source(90..95);
                splice.source(95..99);
            }
            splice.woven(Bytes::from_static(b"abcde"), steps.clone());
            splice.source(7..9);
            splice.made("end");
            let made = |text: &'static str| Piece::Made(Bytes::from_static(text.as_bytes()));
            let all: Vec<Piece> = splice.pieces().collect();
            let expected = [made("ab"), Piece::Source(1000..1010), made("cde"), Piece::Source(5..7)];
            let front = if before { vec![made("x"), Piece::Source(90..99)] } else { Vec::new() };
            assert_eq!(all.get(..front.len()).unwrap_or_default(), front);
            assert_eq!(all.get(front.len()..front.len() + 3).unwrap_or_default(), &expected[..3]);
            assert_eq!(splice.len(), all.iter().map(Piece::len).sum::<u64>());
            assert_eq!(splice.made_len(), if before { 9 } else { 8 });
            let bytes = |splice: &Splice| {
                let bytes = splice.pieces().flat_map(|piece| match piece {
                    Piece::Made(bytes) => bytes.iter().map(|byte| u64::from(*byte)).collect::<Vec<_>>(),
                    Piece::Source(range) => range.map(|byte| byte + 1000).collect(),
                });
                bytes.collect::<Vec<_>>()
            };
            let whole = bytes(&splice);
            for start in 0..=splice.len() {
                for end in start..=splice.len() + 1 {
                    let slice = splice.slice(start..end);
                    let expected = whole.get(start as usize..(end as usize).min(whole.len())).unwrap_or_default();
                    assert_eq!(bytes(&slice), expected, "{start}..{end}");
                    assert_eq!(slice.len(), expected.len() as u64);
                }
            }
        }
    }
}
