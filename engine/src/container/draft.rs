//! A splice in the making, whose made bytes lie in one buffer, so that a size can be filled in once it is known.

use std::ops::Range;

use bytes::Bytes;

use super::Error;
use crate::media::splice::{Splice, Steps};

/// The most bytes of memory that a cut takes while it is written and sent: what is made anew, and where its pieces lie.
/// Six hours of film, and six hours of small audio frames, fit. A `FragmentsStream` function has 512 MB.
pub const MAX_MADE: usize = 48 << 20;

/// The most bytes of memory that the samples take which were chosen for a cut, and the elements in which they lie.
/// Six hours of film fit.
pub const MAX_SELECTION: usize = 16 << 20;

/// Made bytes, interleaved with ranges of the original.
#[derive(Debug, Default)]
pub struct Draft {
    buffer: Vec<u8>,
    /// What is written down of the pieces, and how many bytes of the buffer it has.
    steps: Steps,
    settled: usize,
    /// The last range of the original, and the length that the buffer had when it was appended.
    last: Option<(usize, Range<u64>)>,
    /// How many bytes all sources are.
    sourced: u64,
}

impl Draft {
    /// With room for so many made bytes.
    pub fn with_capacity(made: usize) -> Self {
        Self { buffer: Vec::with_capacity(made.min(1 << 20)), ..Self::default() }
    }

    /// Where made bytes are appended.
    pub const fn made(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Appends a range of the original.
    pub fn source(&mut self, range: Range<u64>) {
        if range.start >= range.end {
            return;
        }
        self.sourced = self.sourced.saturating_add(range.end - range.start);
        match &mut self.last {
            Some((at, last)) if *at == self.buffer.len() && last.end == range.start => last.end = range.end,
            _ => {
                self.settle();
                self.last = Some((self.buffer.len(), range));
            }
        }
    }

    /// Writes down the last range of the original and the made bytes before it.
    fn settle(&mut self) {
        if let Some((at, last)) = self.last.take() {
            self.settle_made(at);
            self.steps.source(&last);
        }
    }

    fn settle_made(&mut self, end: usize) {
        if end > self.settled {
            self.steps.made((end - self.settled) as u64);
            self.settled = end;
        }
    }

    /// How many bytes it is so far.
    pub const fn len(&self) -> u64 {
        (self.buffer.len() as u64).saturating_add(self.sourced)
    }

    /// How many made bytes it has so far: where the next one can be found again by [`Draft::fill`].
    pub const fn made_len(&self) -> usize {
        self.buffer.len()
    }

    /// Writes over made bytes, which are there.
    pub fn fill<const N: usize>(&mut self, at: usize, bytes: [u8; N]) {
        if let Some(place) = self.buffer.get_mut(at..at.saturating_add(bytes.len())) {
            place.copy_from_slice(&bytes);
        }
    }

    /// Whether it still takes no more memory than a cut may.
    ///
    /// # Errors
    ///
    /// [`Error::Memory`] if it takes more.
    pub fn fits(&self) -> Result<(), Error> {
        self.fits_beside(0)
    }

    /// The same, if there are so many bytes beside it.
    ///
    /// # Errors
    ///
    /// [`Error::Memory`] if it takes more.
    pub fn fits_beside(&self, others: usize) -> Result<(), Error> {
        let taken = self.buffer.len() + self.steps.len() + others;
        if taken > MAX_MADE { Err(Error::Memory { taken: taken as u64, bound: MAX_MADE as u64 }) } else { Ok(()) }
    }

    /// Appends all of it to a splice.
    pub fn append_to(mut self, splice: &mut Splice) {
        self.settle();
        self.settle_made(self.buffer.len());
        splice.woven(Bytes::from(self.buffer), self.steps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::splice::Piece;

    #[test]
    fn made_bytes_and_sources_keep_their_order() {
        let mut draft = Draft::with_capacity(0);
        draft.source(5..9);
        draft.made().extend([0; 8]);
        draft.made().extend([7; 2]);
        draft.source(20..30);
        draft.source(30..31);
        draft.made().push(9);
        draft.fill(0, [1; 8]);
        assert_eq!((draft.len(), draft.made_len()), (26, 11));
        let mut splice = Splice::new();
        draft.append_to(&mut splice);
        let made = |bytes: &'static [u8]| Piece::Made(Bytes::from_static(bytes));
        let expected = [Piece::Source(5..9), made(&[1, 1, 1, 1, 1, 1, 1, 1, 7, 7]), Piece::Source(20..31), made(&[9])];
        assert_eq!(splice.pieces().collect::<Vec<_>>(), expected);
    }
}
