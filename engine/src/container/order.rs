//! The samples of a selection in file order, which is also their order in a cut.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use super::Selected;
use crate::index::{RunCursor, Runs};
use crate::media::Run;

/// Yields the runs of all tracks in file order, with the position of the track in the selection. The runs of a track
/// keep their order.
pub struct Merged<'a> {
    cursors: Vec<RunCursor<'a>>,
    /// The cursor with the next run.
    current: Option<usize>,
    /// The offset of each other cursor's next run, and the cursor, in ascending order.
    others: BinaryHeap<Reverse<(u64, usize)>>,
}

impl<'a> Merged<'a> {
    /// Of these tracks.
    pub fn new(tracks: &'a [Selected]) -> Self {
        let mut cursors: Vec<RunCursor<'a>> = tracks.iter().map(|selected| selected.runs.cursor()).collect();
        let first = |(place, cursor): (usize, &mut RunCursor<'a>)| Some(Reverse((cursor.peek()?.offset, place)));
        let mut others: BinaryHeap<_> = cursors.iter_mut().enumerate().filter_map(first).collect();
        let current = others.pop().map(|Reverse((_, place))| place);
        Self { cursors, current, others }
    }
}

impl Iterator for Merged<'_> {
    type Item = (usize, Run);

    fn next(&mut self) -> Option<(usize, Run)> {
        let place = self.current?;
        let cursor = self.cursors.get_mut(place)?;
        let run = cursor.peek()?.clone();
        cursor.advance();
        match (cursor.peek().map(|next| (next.offset, place)), self.others.peek_mut()) {
            // Another track goes on. If it is the same one, nothing has to be sorted.
            (Some(next), Some(mut first)) if first.0 < next => {
                self.current = Some(first.0.1);
                first.0 = next;
            }
            (Some(_), _) => {}
            (None, first) => self.current = first.map(|first| PeekMut::pop(first).0.1),
        }
        Some((place, run))
    }
}

/// Yields each sample as a run of one, with the position of its track in the selection.
pub struct InOrder<'a> {
    cursors: Vec<TrackCursor<'a>>,
    next: BinaryHeap<Reverse<(u64, usize)>>,
}

/// One track's remaining samples.
struct TrackCursor<'a> {
    runs: RunCursor<'a>,
    /// How many samples of the first run are done.
    done: u32,
}

impl TrackCursor<'_> {
    /// The next sample.
    fn sample(&mut self) -> Option<Run> {
        let done = self.done;
        self.runs.peek()?.slice(done..done.saturating_add(1))
    }

    fn advance(&mut self) {
        self.done += 1;
        if self.runs.peek().is_none_or(|run| self.done >= run.count) {
            self.runs.advance();
            self.done = 0;
        }
    }
}

impl<'a> InOrder<'a> {
    /// Of these tracks.
    pub fn new(tracks: &'a [Selected]) -> Self {
        Self::over(tracks.iter().map(|selected| &selected.runs))
    }
}

impl<'a> InOrder<'a> {
    /// Of one track.
    pub fn of(runs: &'a Runs) -> Self {
        Self::over([runs].into_iter())
    }

    fn over(tracks: impl Iterator<Item = &'a Runs>) -> Self {
        let mut cursors: Vec<TrackCursor<'a>> =
            tracks.map(|runs| TrackCursor { runs: runs.cursor(), done: 0 }).collect();
        let first = |(place, cursor): (usize, &mut TrackCursor<'a>)| Some(Reverse((cursor.sample()?.offset, place)));
        let next = cursors.iter_mut().enumerate().filter_map(first).collect();
        Self { cursors, next }
    }
}

impl Iterator for InOrder<'_> {
    type Item = (usize, Run);

    fn next(&mut self) -> Option<Self::Item> {
        let mut top = self.next.peek_mut()?;
        let place = top.0.1;
        let cursor = self.cursors.get_mut(place)?;
        let sample = cursor.sample()?;
        cursor.advance();
        match cursor.sample() {
            Some(next) => top.0.0 = next.offset,
            None => drop(PeekMut::pop(top)),
        }
        Some((place, sample))
    }
}
