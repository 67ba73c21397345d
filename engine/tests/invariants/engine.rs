//! The engine as requests use it, with all pages in memory.

use std::ops::Range;

use bytes::Bytes;
use futures::executor::block_on;
use reelspan_engine::container;
use reelspan_engine::fragment::resolve::{self, Ask, Cover, Cut, Meaning, MediaPart, Memory};
use reelspan_engine::index::Outline;
use reelspan_engine::media::splice::{Piece, Splice};
use reelspan_engine::media::{Interval, Run};

/// An indexed file.
#[derive(Clone)]
pub struct Indexed {
    pub outline: Outline,
    pub pages: Memory,
}

/// Ranges of a file and the interval that they hold, or the reason why there are none.
pub type Covered = Result<(Vec<Range<u64>>, Interval), String>;

impl Indexed {
    pub fn of(file: &Bytes) -> Self {
        let mut pages = Memory::default();
        let outline = block_on(container::index(file, &mut pages)).unwrap();
        Self { outline, pages }
    }

    pub fn cut(&self, ask: &Ask) -> Cut {
        block_on(resolve::cut(&self.outline, &mut &self.pages, &Meaning::of(ask, &self.outline))).unwrap()
    }

    pub fn cover(&self, ask: &Ask) -> Covered {
        covered(block_on(resolve::cover(&self.outline, &mut &self.pages, &Meaning::of(ask, &self.outline))).unwrap())
    }

    /// The index that the cut's file would have, derived from the cut.
    pub fn of_part(&self, part: &MediaPart) -> Self {
        let (outline, pages) = block_on(part.index(&self.outline)).unwrap();
        Self { outline, pages }
    }

    /// By the index of a cut, the ranges of its file.
    pub fn cover_of(&self, part: &MediaPart, ask: &Ask) -> Covered {
        let meaning = Meaning::of(ask, &self.outline);
        covered(block_on(part.cover(&self.outline, &self.pages, &meaning)).unwrap())
    }

    /// The samples of a track.
    pub fn samples(&self, place: usize) -> Vec<Run> {
        let pages = self.pages.load(0..=u32::MAX - 1).unwrap();
        let runs = pages.iter().flat_map(|page| &page.tracks[place].runs);
        runs.flat_map(|run| (0..run.count).map(|sample| run.slice(sample..sample + 1).unwrap())).collect()
    }
}

fn covered(cover: Cover) -> Covered {
    match cover {
        Cover::Ranges { ranges, given } => Ok((ranges, given)),
        Cover::Unsatisfiable(why) => Err(why),
    }
}

/// The bytes of a splice.
pub fn assemble(file: &Bytes, splice: &Splice) -> Bytes {
    let mut out = Vec::with_capacity(splice.len() as usize);
    for piece in splice.pieces() {
        match piece {
            Piece::Made(bytes) => out.extend_from_slice(&bytes),
            Piece::Source(range) => out.extend_from_slice(&file[range.start as usize..range.end as usize]),
        }
    }
    assert_eq!(out.len() as u64, splice.len());
    out.into()
}
