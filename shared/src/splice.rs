//! A body as an ordered list of pieces: bytes made anew, and ranges of the original. Its length is known before a byte is
//! read, and a byte range of it is a splice again, so one streaming body serves whole cuts, ranges of them, parts of the
//! original and multipart answers.

use std::ops::Range;

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

/// An ordered list of pieces. Empty pieces are left out, and neighbouring ones joined.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Splice {
    pieces: Vec<Piece>,
    length: u64,
}

impl Splice {
    /// A splice of nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { pieces: Vec::new(), length: 0 }
    }

    /// Appends bytes made anew.
    pub fn made(&mut self, bytes: impl Into<Bytes>) {
        let bytes = bytes.into();
        if !bytes.is_empty() {
            self.length += bytes.len() as u64;
            self.pieces.push(Piece::Made(bytes));
        }
    }

    /// Appends a range of the original.
    pub fn source(&mut self, range: Range<u64>) {
        if range.start >= range.end {
            return;
        }
        self.length += range.end - range.start;
        match self.pieces.last_mut() {
            Some(Piece::Source(last)) if last.end == range.start => last.end = range.end,
            _ => self.pieces.push(Piece::Source(range)),
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
    pub fn append(&mut self, other: Self) {
        for piece in other.pieces {
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
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// How many of its bytes are made anew.
    #[must_use]
    pub fn made_len(&self) -> u64 {
        self.pieces.iter().filter(|piece| matches!(piece, Piece::Made(_))).map(Piece::len).sum()
    }

    /// Bytes `range` of it, as far as it has them.
    #[must_use]
    pub fn slice(&self, range: Range<u64>) -> Self {
        let mut slice = Self::new();
        let mut at = 0;
        for piece in &self.pieces {
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
