//! Finds the samples that an interval of a track needs.

use super::Error;
use super::pages::{Held, Pages};
use crate::index::cells;
use crate::media::{Run, Ticks, Track};

/// The place of a sample in an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The number of the page.
    pub page: u32,
    /// Which of its track's runs.
    pub run: usize,
    /// Which sample of the run.
    pub sample: u32,
}

impl Position {
    /// Whether both are in the same run.
    pub fn same_run(self, other: Self) -> bool {
        (self.page, self.run) == (other.page, other.run)
    }
}

/// Samples of one track that follow each other in decode order, `end` not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The first.
    pub start: Position,
    /// The first behind them.
    pub end: Position,
}

/// One end of an interval of a track's presentation times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The first sample or the last, whatever their times.
    Open,
    /// This time.
    At(Ticks),
}

/// The samples that presenting from `from` up to `to` needs: from the last sync sample presented at or before `from` (or the
/// track's first) to the last presented before `to`. `None` where there are none.
pub async fn find(
    held: &mut Held<'_, impl Pages>,
    place: usize,
    track: &Track,
    from: Bound,
    to: Bound,
) -> Result<Option<Span>, Error> {
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
    let start = loop {
        let sync = match from {
            Bound::Open => None,
            Bound::At(time) => sync_for(held.runs_in(place, first..=last).rev(), time),
        };
        if sync.is_some() {
            break sync;
        }
        let Some(earlier) = page_before(held, place, first, last).await? else { break None };
        held.ensure(earlier..=first).await?;
        first = earlier;
    };
    // A track that has no sync sample so early begins with its first one, or, if it has none at all, with its first sample.
    let start = start.or_else(|| {
        let syncs = || held.runs_in(place, first..=last).find(|(_, run)| run.sync);
        let any = || held.runs_in(place, first..=last).next();
        if from == Bound::Open { any() } else { syncs().or_else(any) }.map(|(position, _)| position)
    });
    let end = held.runs_in(place, first..=last).rev().find_map(|run| end_before(run, to));
    Ok(start.zip(end).filter(|(start, end)| start < end).map(|(start, end)| Span { start, end }))
}

/// The page in which to look for a sync sample if those from `first` to `last` have none.
async fn page_before(
    held: &mut Held<'_, impl Pages>,
    place: usize,
    first: u32,
    last: u32,
) -> Result<Option<u32>, Error> {
    if first == 0 {
        return Ok(None);
    }
    if let Some(part) = held.pages(first..=last).next().and_then(|page| page.tracks.get(place)) {
        return Ok(part.before.filter(|before| *before < first));
    }
    // There is a gap in the file. What lies before it may or may not hold a sync sample of this track.
    held.ensure_before(first).await
}

/// The last sync sample presented at or before `time`, of runs from the last to the first. Of several that are
/// presented just then, since they last no time, it is the first: what is asked for up to `time` has none of them.
fn sync_for<'a>(mut runs: impl Iterator<Item = (Position, &'a Run)>, time: Ticks) -> Option<Position> {
    let sync = runs.find_map(|run| last_sync(run, time))?;
    let just_then = |(_, run): &(Position, &Run)| run.sync && run.duration == Ticks::ZERO && run.presentation() == time;
    Some(runs.take_while(just_then).last().map_or(sync, |(position, _)| position))
}

/// The last sync sample of a run that is presented at or before `time`; the first of those that last no time and begin
/// with it.
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

/// The place behind the last sample of a run that is presented before `to`.
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

/// The same samples as spans that neither touch nor overlap, in order.
pub fn union(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| span.start < span.end);
    spans.sort_unstable_by_key(|span| span.start);
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    joined
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
            description: 1,
            header: 0,
        };
        let runs = [run(0, 0, 3), run(0, 10, 1), run(10, 0, 3), run(10, 10, 2), run(30, 0, 2)];
        for (time, expected) in
            [(0, (0, 0)), (5, (1, 0)), (10, (2, 0)), (15, (3, 0)), (20, (3, 1)), (30, (4, 0)), (31, (4, 1))]
        {
            let numbered =
                runs.iter().enumerate().map(|(run, samples)| (Position { page: 0, run, sample: 0 }, samples));
            let found = sync_for(numbered.rev(), Ticks(time)).unwrap();
            assert_eq!((found.run, found.sample), expected, "at {time}");
        }
    }
}
