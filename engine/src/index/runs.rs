//! The samples of one track that were selected for a cut, in a few bytes each: blocks of them are packed like a page of
//! the index ([`pack`](super::pack)), except the last thousand or so. Six hours of film have 1.5 million samples: 75 MB
//! as a list of [`Run`], 4 MB like this. A short cut packs nothing, because packing would be much of its cost.

use bytes::Bytes;

use super::bits::Input;
use super::{PageTrack, pack};
use crate::media::Run;

/// How many runs a block has. A reader unpacks one block of each track at a time (24 KB).
const BLOCK: usize = 512;
/// How many runs stay unpacked before the first block is packed: more than twenty seconds of AAC at 48 kHz have.
const UNPACKED: usize = 1024;

/// Runs of samples in the order in which they were pushed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Runs {
    blocks: Vec<Bytes>,
    /// The runs after the blocks.
    tail: Vec<Run>,
    /// The first of all.
    first: Option<Run>,
    /// How many samples there are.
    samples: u64,
}

impl Runs {
    /// Makes room for this many more runs. Those that will be packed need none.
    pub fn reserve(&mut self, more: usize) {
        self.tail.reserve(more.min(UNPACKED + BLOCK - self.tail.len().min(UNPACKED + BLOCK)));
    }

    /// Appends a run. If it is adjacent to the last one and alike, the two are merged.
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

    /// Appends a run without merging.
    fn append(&mut self, run: Run) {
        self.first.get_or_insert_with(|| run.clone());
        self.samples += u64::from(run.count);
        self.tail.push(run);
        // The last run stays: the next one may be merged with it.
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

    /// Their size in memory in bytes.
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

    /// A position among the runs, initially before all of them.
    #[must_use]
    pub const fn cursor(&self) -> RunCursor<'_> {
        RunCursor { runs: self, next: 0, block: Vec::new(), at: 0, tail: 0 }
    }
}

/// Each run without merging.
impl FromIterator<Run> for Runs {
    fn from_iter<I: IntoIterator<Item = Run>>(runs: I) -> Self {
        let mut all = Self::default();
        all.extend(runs);
        all
    }
}

/// Each run without merging.
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
pub struct RunCursor<'a> {
    runs: &'a Runs,
    /// The number of the next block.
    next: usize,
    /// The current block, and how many of its runs are done.
    block: Vec<Run>,
    at: usize,
    /// How many runs after the blocks are done.
    tail: usize,
}

impl RunCursor<'_> {
    /// The next run.
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
        // Packed runs always unpack.
        let (_, tracks) = pack::tracks(&mut Input::new(packed), 0).unwrap_or_default();
        self.block = tracks.into_iter().next().unwrap_or_default().runs;
    }

    /// Moves past the next run.
    #[inline]
    pub const fn advance(&mut self) {
        if self.at < self.block.len() {
            self.at += 1;
        } else {
            self.tail += 1;
        }
    }

    /// Whether there is no next run.
    pub fn is_done(&mut self) -> bool {
        self.peek().is_none()
    }
}

/// See [`Runs::iter`].
#[derive(Clone, Debug)]
pub struct Iter<'a>(RunCursor<'a>);

impl Iterator for Iter<'_> {
    type Item = Run;

    #[inline]
    fn next(&mut self) -> Option<Run> {
        let run = self.0.peek()?.clone();
        self.0.advance();
        Some(run)
    }
}
