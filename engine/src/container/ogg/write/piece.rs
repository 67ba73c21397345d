//! A page holds pieces: each piece is a packet, or the part of a packet that lies on that page.

use bytes::Bytes;

use super::super::Part;
use super::super::kept::{self, Kept};
use super::mismatch;
use crate::container::Error;
use crate::index::Finder;
use crate::media::{Run, Ticks};

/// A packet, or the part of one that is on a page: bytes of the original, and what is made anew before and behind them.
#[derive(Debug)]
pub struct Piece {
    pub head: Vec<u8>,
    pub offset: u64,
    pub size: u32,
    pub tail: Vec<u8>,
    pub part: Part,
    /// Presentation times of its beginning and end in the original.
    pub start: Ticks,
    pub end: Ticks,
    pub sync: bool,
    /// The page of the original that it lies on.
    pub original: u64,
    /// The CRCs of the body of that page up to where its bytes begin and up to where they end.
    pub before: u32,
    pub after: u32,
    /// What else is kept of it.
    pub own: Bytes,
}

impl Piece {
    /// A sample, which lies in one of the elements.
    pub fn of(run: &Run, elements: &mut Finder<'_>, numbered: bool) -> Result<Self, Error> {
        let lies =
            elements.at(run.offset).filter(|element| run.bytes().end <= element.offset.saturating_add(element.size));
        let piece = lies.and_then(|element| {
            let Kept { before, after, own } = kept::find(&element.kept, Part::place(run), numbered)?;
            Some(Self {
                head: Vec::new(),
                offset: run.offset,
                size: run.size,
                tail: Vec::new(),
                part: Part::of(run),
                start: run.presentation(),
                end: run.decode_end() + run.composition,
                sync: run.sync,
                original: element.offset,
                before,
                after,
                own,
            })
        });
        piece.ok_or_else(|| mismatch(format!("a packet at byte {} that lies on no page", run.offset)))
    }

    /// How many bytes it has in the cut.
    pub fn length(&self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX).saturating_add(self.head.len() + self.tail.len())
    }
}
