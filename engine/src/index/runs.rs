//! The samples of one track that were chosen for a cut, in a few bytes each: blocks of them are packed as a page of the index is
//! ([`pack`](super::pack)), and only the last thousand or so are not. Six hours of film have 1.5 million samples: 75 MB as a list
//! of [`Run`], 4 MB like this. A short cut packs nothing, because packing would be much of its cost.

use bytes::Bytes;

use super::bits::Input;
use super::{PageTrack, pack};
use crate::media::Run;

/// How many runs a block has. A reader unpacks one block of each track at a time (24 KB).
const BLOCK: usize = 512;
/// How many runs are kept as they are before the first block is packed: more than twenty seconds of AAC at 48 kHz have.
const UNPACKED: usize = 1024;

/// Runs of samples in the order in which they were pushed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    blocks: Vec<Bytes>,
    /// The runs behind the blocks.
    tail: Vec<Run>,
    /// The first of all.
    first: Option<Run>,
    /// How many samples there are.
    samples: u64,
}

impl Runs {
    /// Appends a run. The last one takes it in if the two are alike and lie side by side.
    pub fn push(&mut self, run: Run) {
        let count = u64::from(run.count);
        if self.tail.last_mut().is_some_and(|last| last.absorb(&run)) {
            if let (true, [only]) = (self.blocks.is_empty(), self.tail.as_slice()) {
                self.first = Some(only.clone());
            }
            self.samples += count;
            return;
        }
        self.append(run);
    }

    /// Appends a run as it is.
    fn append(&mut self, run: Run) {
        self.first.get_or_insert_with(|| run.clone());
        self.samples += u64::from(run.count);
        self.tail.push(run);
        // The last run stays: it may take in the next one.
        if self.tail.len() >= UNPACKED + BLOCK {
            let runs = self.tail.drain(..BLOCK).collect();
            let mut packed = Vec::with_capacity(4 * BLOCK);
            pack::put_tracks(&mut packed, 0, &[PageTrack { before: None, runs }]);
            packed.shrink_to_fit();
            self.blocks.push(packed.into());
        }
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.tail.is_empty()
    }

    /// How many runs there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.blocks.len() * BLOCK + self.tail.len()
    }

    /// The first run.
    #[must_use]
    pub const fn first(&self) -> Option<&Run> {
        self.first.as_ref()
    }

    /// The last run.
    #[must_use]
    pub fn last(&self) -> Option<&Run> {
        self.tail.last()
    }

    /// How many samples there are.
    #[must_use]
    pub const fn samples(&self) -> u64 {
        self.samples
    }

    /// How many bytes of memory they take.
    #[must_use]
    pub fn memory(&self) -> usize {
        let blocks: usize = self.blocks.iter().map(|block| block.len() + size_of::<Bytes>()).sum();
        blocks + self.tail.capacity() * size_of::<Run>()
    }

    /// The runs, one after the other.
    #[must_use]
    pub const fn iter(&self) -> Iter<'_> {
        Iter(self.cursor())
    }

    /// A place among the runs, at first before all of them.
    #[must_use]
    pub const fn cursor(&self) -> Cursor<'_> {
        Cursor { runs: self, next: 0, block: Vec::new(), at: 0, tail: 0 }
    }
}

/// Each run as it is.
impl FromIterator<Run> for Runs {
    fn from_iter<I: IntoIterator<Item = Run>>(runs: I) -> Self {
        let mut all = Self::default();
        all.extend(runs);
        all
    }
}

/// Each run as it is.
impl Extend<Run> for Runs {
    fn extend<I: IntoIterator<Item = Run>>(&mut self, runs: I) {
        for run in runs {
            self.append(run);
        }
    }
}

impl<'a> IntoIterator for &'a Runs {
    type Item = Run;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// See [`Runs::cursor`].
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    runs: &'a Runs,
    /// The block that comes next.
    next: usize,
    /// The block at hand, and how many of its runs are done.
    block: Vec<Run>,
    at: usize,
    /// How many runs behind the blocks are done.
    tail: usize,
}

impl Cursor<'_> {
    /// The run that comes next.
    #[inline]
    pub fn peek(&mut self) -> Option<&Run> {
        if self.at >= self.block.len() && self.next < self.runs.blocks.len() {
            self.unpack();
        }
        self.block.get(self.at).or_else(|| self.runs.tail.get(self.tail))
    }

    /// Unpacks the next block. Few cuts have one.
    #[cold]
    fn unpack(&mut self) {
        let packed = self.runs.blocks.get(self.next).map_or(&[][..], |packed| packed);
        self.next += 1;
        self.at = 0;
        // What was packed unpacks.
        let tracks = pack::tracks(&mut Input::new(packed), 0).unwrap_or_default();
        self.block = tracks.into_iter().next().unwrap_or_default().runs;
    }

    /// Goes behind the run that comes next.
    #[inline]
    pub const fn advance(&mut self) {
        if self.at < self.block.len() {
            self.at += 1;
        } else {
            self.tail += 1;
        }
    }

    /// Whether a run comes next.
    pub fn is_done(&mut self) -> bool {
        self.peek().is_none()
    }
}

/// See [`Runs::iter`].
#[derive(Clone, Debug)]
pub struct Iter<'a>(Cursor<'a>);

impl Iterator for Iter<'_> {
    type Item = Run;

    #[inline]
    fn next(&mut self) -> Option<Run> {
        let run = self.0.peek()?.clone();
        self.0.advance();
        Some(run)
    }
}
