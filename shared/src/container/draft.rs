//! A splice in the making, whose made bytes lie in one buffer, so that a size can be filled in once it is known.

use std::ops::Range;

use bytes::Bytes;

use crate::splice::Splice;

/// What of the original follows on which made bytes.
#[derive(Debug, Default)]
pub struct Draft {
    buffer: Vec<u8>,
    /// Ranges of the original, each with the length that the buffer had when it was appended.
    sources: Vec<(usize, Range<u64>)>,
    /// How many bytes all sources are.
    sourced: u64,
}

impl Draft {
    /// With room for so many made bytes.
    pub fn with_capacity(made: usize) -> Self {
        Self { buffer: Vec::with_capacity(made), ..Self::default() }
    }

    /// Where made bytes are appended.
    pub const fn made(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// Appends a range of the original.
    pub fn source(&mut self, range: Range<u64>) {
        self.sourced = self.sourced.saturating_add(range.end.saturating_sub(range.start));
        match self.sources.last_mut() {
            Some((at, last)) if *at == self.buffer.len() && last.end == range.start => last.end = range.end,
            _ => self.sources.push((self.buffer.len(), range)),
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

    /// Appends all of it to a splice.
    pub fn append_to(self, splice: &mut Splice) {
        let made = Bytes::from(self.buffer);
        let mut done = 0;
        for (at, source) in self.sources {
            splice.made(made.slice(done..at));
            splice.source(source);
            done = at;
        }
        splice.made(made.slice(done..));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::splice::Piece;

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
        assert_eq!(splice.pieces(), expected);
    }
}
