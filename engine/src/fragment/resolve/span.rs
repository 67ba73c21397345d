//! Finds the samples that an interval of a track needs.

use std::ops::RangeInclusive;

use super::ResolveError;
use super::pages::{Direction, HeldPages, runs_of};
use super::position::{Position, Span};
use crate::index::{Pages, cells};
use crate::media::{Run, Ticks, Track};

/// One end of an interval of a track's presentation times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The first sample or the last, whatever their times.
    Open,
    /// This time.
    At(Ticks),
}

/// The samples that are needed to present `from` up to `to`: from the last sync sample presented at or before `from`
/// (or the track's first) to the last one presented before `to`. `None` if there are none.
pub async fn find(
    held: &mut HeldPages<'_, impl Pages>,
    place: usize,
    track: &Track,
    from: Bound,
    to: Bound,
) -> Result<Option<Span>, ResolveError> {
    let Some(last_page) = held.last() else { return Ok(None) };
    let mut first = match from {
        Bound::Open => 0,
        Bound::At(time) => *cells(track, time, time).start(),
    };
    let last = match to {
        Bound::Open => last_page,
        Bound::At(time) => *cells(track, time, time).end(),
    };
    first = first.min(last_page);
    let last = last.min(last_page);
    held.ensure(first..=last).await?;
    let start = match from {
        Bound::Open => None,
        Bound::At(time) => {
            // Cells go by decode times: what follows these is presented later.
            let latest = (*cells(track, time, time).end()).min(last);
            let mut search = SyncSearch { time, found: None, over: false };
            search.back(held, place, first..=latest).await?;
            while search.found.is_none() {
                let Some(earlier) = page_before(held, place, first, last).await? else { break };
                held.ensure(earlier..=first).await?;
                search.back(held, place, earlier..=first - 1).await?;
                first = earlier;
            }
            search.found
        }
    };
    // A track without a sync sample so early begins with its first one, or, if it has none at all, with its first
    // sample.
    let start = match start {
        None if from != Bound::Open => match first_run(held, place, first..=last, |run| run.sync).await? {
            None => first_run(held, place, first..=last, |_| true).await?,
            sync => sync,
        },
        None => first_run(held, place, first..=last, |_| true).await?,
        start => start,
    };
    let Some(start) = start else { return Ok(None) };
    let mut end = None;
    for number in (start.page..=last).rev() {
        let Some(page) = held.page(number, Direction::Back).await? else { continue };
        end = runs_of(&page, place).rev().find_map(|run| end_before(run, to));
        if end.is_some() {
            break;
        }
    }
    Ok(end.filter(|end| start < *end).map(|end| Span { start, end }))
}

/// The first run of a track in these pages for which `is` holds.
async fn first_run(
    held: &mut HeldPages<'_, impl Pages>,
    place: usize,
    cells: RangeInclusive<u32>,
    is: impl Fn(&Run) -> bool,
) -> Result<Option<Position>, ResolveError> {
    for number in cells {
        let Some(page) = held.page(number, Direction::Forward).await? else { continue };
        if let Some((position, _)) = runs_of(&page, place).find(|(_, run)| is(run)) {
            return Ok(Some(position));
        }
    }
    Ok(None)
}

/// The page to search for a sync sample if those from `first` to `last` have none.
async fn page_before(
    held: &mut HeldPages<'_, impl Pages>,
    place: usize,
    first: u32,
    last: u32,
) -> Result<Option<u32>, ResolveError> {
    if first == 0 {
        return Ok(None);
    }
    for number in first..=last {
        if let Some(page) = held.page(number, Direction::Forward).await? {
            if let Some(part) = page.tracks.get(place) {
                return Ok(part.before.filter(|before| *before < first));
            }
            break;
        }
    }
    // The file has a gap. The page before it may or may not contain a sync sample of this track.
    Ok(held.before(first))
}

/// A search for the last sync sample presented at or before a time. If several without duration are presented at that
/// time, it is the first: an interval that ends at that time contains none of them.
struct SyncSearch {
    time: Ticks,
    found: Option<Position>,
    over: bool,
}

impl SyncSearch {
    /// Goes back through the track's runs in these pages.
    async fn back(
        &mut self,
        held: &mut HeldPages<'_, impl Pages>,
        place: usize,
        cells: RangeInclusive<u32>,
    ) -> Result<(), ResolveError> {
        for number in cells.rev() {
            let Some(page) = held.page(number, Direction::Back).await? else { continue };
            for run in runs_of(&page, place).rev() {
                self.take(run);
                if self.over {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Examines the run before those already examined.
    fn take(&mut self, (position, run): (Position, &Run)) {
        if self.over {
            return;
        }
        if self.found.is_none() {
            self.found = last_sync((position, run), self.time);
        } else if run.sync && run.duration == Ticks::ZERO && run.presentation() == self.time {
            self.found = Some(position);
        } else {
            self.over = true;
        }
    }
}

/// The last sync sample of a run that is presented at or before `time`; the first of those without duration at the same
/// time.
fn last_sync((position, run): (Position, &Run), time: Ticks) -> Option<Position> {
    let ahead = (time - run.presentation()).0;
    if !run.sync || ahead < 0 {
        return None;
    }
    let sample = match ahead.checked_div(run.duration.0) {
        Some(sample) => u32::try_from(sample).unwrap_or(u32::MAX).min(run.count - 1),
        None if ahead == 0 => 0,
        None => run.count - 1,
    };
    Some(Position { sample, ..position })
}

/// The position after the last sample of a run that is presented before `to`.
fn end_before((position, run): (Position, &Run), to: Bound) -> Option<Position> {
    let Bound::At(to) = to else { return Some(Position { sample: run.count, ..position }) };
    let ahead = (to - run.presentation()).0;
    if ahead <= 0 {
        return None;
    }
    let samples = match (ahead - 1).checked_div(run.duration.0) {
        Some(samples) => u32::try_from(samples).unwrap_or(u32::MAX).saturating_add(1).min(run.count),
        None => run.count,
    };
    Some(Position { sample: samples, ..position })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn of_samples_that_are_presented_together_the_first_is_where_it_begins() {
        let run = |decode, duration, count| Run {
            decode: Ticks(decode),
            composition: Ticks::ZERO,
            duration: Ticks(duration),
            offset: 0,
            size: 1,
            count,
            sync: true,
            disposable: false,
            private: crate::media::Private::NONE,
        };
        let runs = [run(0, 0, 3), run(0, 10, 1), run(10, 0, 3), run(10, 10, 2), run(30, 0, 2)];
        for (time, expected) in
            [(0, (0, 0)), (5, (1, 0)), (10, (2, 0)), (15, (3, 0)), (20, (3, 1)), (30, (4, 0)), (31, (4, 1))]
        {
            let numbered =
                runs.iter().enumerate().map(|(run, samples)| (Position { page: 0, run, sample: 0 }, samples));
            let mut search = SyncSearch { time: Ticks(time), found: None, over: false };
            numbered.rev().for_each(|run| search.take(run));
            let found = search.found.unwrap();
            assert_eq!((found.run, found.sample), expected, "at {time}");
        }
    }
}
