//! The samples of a selection in the order of the file, in which a cut has them too.

use super::Selected;
use crate::media::Run;

/// Yields each sample as a run of one, with the place of its track in the selection.
pub struct InOrder<'a> {
    lanes: Vec<Lane<'a>>,
}

/// One track's samples that are still to come.
struct Lane<'a> {
    runs: &'a [Run],
    /// How many samples of the first run are done.
    done: u32,
    /// The sample that comes next.
    next: Option<Run>,
}

impl Lane<'_> {
    fn advance(&mut self) -> Option<Run> {
        let run = self.runs.first()?;
        let sample = run.slice(self.done..self.done.saturating_add(1));
        self.done += 1;
        if self.done >= run.count {
            (self.runs, self.done) = (self.runs.get(1..).unwrap_or_default(), 0);
        }
        sample
    }
}

impl<'a> InOrder<'a> {
    /// Of these tracks.
    pub fn new(tracks: &'a [Selected]) -> Self {
        let lane = |selected: &'a Selected| {
            let mut lane = Lane { runs: &selected.runs, done: 0, next: None };
            lane.next = lane.advance();
            lane
        };
        Self { lanes: tracks.iter().map(lane).collect() }
    }
}

impl Iterator for InOrder<'_> {
    type Item = (usize, Run);

    fn next(&mut self) -> Option<Self::Item> {
        let lanes = self.lanes.iter_mut().enumerate().filter(|(_, lane)| lane.next.is_some());
        let (place, lane) = lanes.min_by_key(|(_, lane)| lane.next.as_ref().map(|run| run.offset))?;
        let sample = lane.next.take()?;
        lane.next = lane.advance();
        Some((place, sample))
    }
}
