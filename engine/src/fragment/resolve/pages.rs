//! The pages of one file's index that have been read.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::ResolveError;
use super::position::{Position, Span};
use crate::container::{self, MAX_SELECTION};
use crate::index::{Elements, Page, Pages, Runs};
use crate::media::{Run, Ticks};

/// How many pages are fetched at once, whatever their size.
const AT_ONCE: u32 = 100;
/// How many bytes of packed pages are fetched at once, if they are more pages: the result of one `Query` of `DynamoDB`.
const WINDOW: usize = 1 << 20;
/// How many bytes of packed pages are kept.
const KEPT: usize = 4 << 20;
/// How many runs and elements of unpacked pages are kept (6 MB).
const UNPACKED: usize = 1 << 17;

/// How many bytes a cut probably takes for each of its samples, besides their list: 7 for an MP4 of film, 19 for an
/// FLV.
pub(super) const A_SAMPLE: u64 = 16;

/// The direction of reading pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Back,
}

/// The wanted samples of a track: those of these spans, which are in order and do not overlap.
#[derive(Debug)]
pub(super) struct Want {
    pub place: usize,
    pub spans: Vec<Span>,
    /// Only those whose presentation begins at this time or later.
    pub from: Option<Ticks>,
    /// Only those from the first sync sample on.
    pub from_sync: bool,
    /// Of the disposable ones, only those that are presented in one of these intervals.
    pub presented: Option<Vec<(Ticks, Ticks)>>,
}

impl Want {
    pub const fn of(place: usize, spans: Vec<Span>) -> Self {
        Self { place, spans, from: None, from_sync: false, presented: None }
    }
}

/// The pages for one answer. They are fetched in portions and unpacked when needed, and only few are kept.
#[derive(Debug)]
pub(super) struct HeldPages<'p, P> {
    source: &'p mut P,
    /// The number of the last page, plus one.
    count: u32,
    /// The pages that were fetched and not dropped.
    fetched: Vec<RangeInclusive<u32>>,
    /// `None`: the page does not exist.
    unpacked: BTreeMap<u32, Option<Arc<Page>>>,
    /// The number of runs and elements in these.
    weight: usize,
    /// The first and the last requested page.
    asked: Option<(u32, u32)>,
}

impl<'p, P: Pages> HeldPages<'p, P> {
    pub fn new(source: &'p mut P, count: u32) -> Self {
        Self { source, count, fetched: Vec::new(), unpacked: BTreeMap::new(), weight: 0, asked: None }
    }

    /// The number of the last page.
    pub fn last(&self) -> Option<u32> {
        self.count.checked_sub(1)
    }

    /// Announces that these pages will be needed. If they are few, all of them are fetched at once.
    pub async fn ensure(&mut self, cells: RangeInclusive<u32>) -> Result<(), ResolveError> {
        let (first, last) = (*cells.start(), *cells.end());
        if first > last {
            return Ok(());
        }
        self.asked = Some(self.asked.map_or((first, last), |(low, high)| (low.min(first), high.max(last))));
        if last - first < AT_ONCE { self.fetch(cells).await } else { Ok(()) }
    }

    /// The number of the last page before this one.
    pub fn before(&self, cell: u32) -> Option<u32> {
        self.source.before(cell)
    }

    async fn fetch(&mut self, cells: RangeInclusive<u32>) -> Result<(), ResolveError> {
        let is_fetched = |cell: &u32| self.fetched.iter().any(|fetched| fetched.contains(cell));
        if is_fetched(cells.start()) && is_fetched(cells.end()) && self.fetched.len() == 1 {
            return Ok(());
        }
        let (_, bytes) = self.source.at_hand();
        if bytes > KEPT {
            self.source.keep(cells.clone());
            self.fetched.clear();
        }
        self.source.fetch(cells.clone()).await?;
        self.fetched.push(cells);
        Ok(())
    }

    /// The page with this number, if it exists. If it is not loaded, the pages after it or before it are fetched too.
    pub async fn page(&mut self, cell: u32, way: Direction) -> Result<Option<Arc<Page>>, ResolveError> {
        if let Some(page) = self.unpacked.get(&cell) {
            return Ok(page.clone());
        }
        if !self.fetched.iter().any(|fetched| fetched.contains(&cell)) {
            let (pages, bytes) = self.source.at_hand();
            let size = bytes.checked_div(pages).unwrap_or(0).max(512);
            let more = u32::try_from(WINDOW / size).unwrap_or(u32::MAX).clamp(1, 1024) - 1;
            let cells = match way {
                Direction::Forward => cell..=cell.saturating_add(more).min(self.count.saturating_sub(1)).max(cell),
                Direction::Back => cell.saturating_sub(more)..=cell,
            };
            self.fetch(cells).await?;
        }
        let page = self.source.page(cell)?.map(Arc::new);
        let weight = page.as_ref().map_or(1, |page| {
            let runs: usize = page.tracks.iter().map(|track| track.runs.len()).sum();
            runs + page.elements.len() + page.tracks.len()
        });
        if self.weight + weight > UNPACKED {
            self.unpacked.clear();
            self.weight = 0;
        }
        self.weight += weight;
        self.unpacked.insert(cell, page.clone());
        Ok(page)
    }

    /// The sample at a position, as a run of one.
    pub async fn run_at(&mut self, track: usize, position: Position) -> Result<Option<Run>, ResolveError> {
        let page = self.page(position.page, Direction::Forward).await?;
        let run = page.as_ref().and_then(|page| page.tracks.get(track)?.runs.get(position.run));
        Ok(run.and_then(|run| run.slice(position.sample..position.sample.checked_add(1)?)))
    }

    /// If the first sample of a span is followed by leading pictures: the end of the sample, and the first sample after
    /// the pictures.
    pub async fn after_leading(
        &mut self,
        track: usize,
        span: Span,
    ) -> Result<Option<(Position, Position)>, ResolveError> {
        let Some(sync) = self.run_at(track, span.start).await? else { return Ok(None) };
        let Some(behind) = span.start.sample.checked_add(1) else { return Ok(None) };
        let sync_end = Position { sample: behind, ..span.start };
        let mut leads = false;
        for number in span.start.page..=span.end.page {
            let Some(page) = self.page(number, Direction::Forward).await? else { continue };
            let following = runs_of(&page, track).filter(|(position, _)| *position > span.start);
            for (position, run) in following {
                let before = run.presentation() < sync.presentation();
                if !leads && (!before || run.sync) {
                    return Ok(None);
                }
                leads = true;
                if !before {
                    return Ok(Some((sync_end, position.min(span.end))));
                }
            }
        }
        Ok(leads.then_some((sync_end, span.end)))
    }

    /// The end of the presentation of a span's samples, for a track with this greatest composition offset.
    pub async fn end_of(&mut self, track: usize, span: Span, greatest: Ticks) -> Result<Option<Ticks>, ResolveError> {
        /// This many of the last samples are always examined, whatever their times.
        const LOOKED_AT: u32 = 100;
        let mut latest: Option<Ticks> = None;
        for number in (span.start.page..=span.end.page).rev() {
            let Some(page) = self.page(number, Direction::Back).await? else { continue };
            let mut over = false;
            for (position, run) in runs_within(&page, track, span).rev() {
                let Some(run) = within(span, position, run) else { continue };
                let end = run.decode_end() + run.composition;
                latest = Some(latest.map_or(end, |latest| latest.max(end)));
                over = latest.is_some_and(|latest| run.decode_end() + greatest < latest);
            }
            if over && span.end.page - number > LOOKED_AT {
                break;
            }
        }
        Ok(latest)
    }

    /// Goes through the pages once, and collects the wanted samples, in order for each track, and the elements that may
    /// contain them.
    ///
    /// # Errors
    ///
    /// [`container::Error::Memory`] if they exceed the bound of a cut.
    pub async fn collect(&mut self, wants: &[Want], elements: bool) -> Result<(Vec<Runs>, Elements), ResolveError> {
        let mut taken: Vec<Runs> = wants.iter().map(|_| Runs::default()).collect();
        let mut all = Elements::default();
        let spans = || wants.iter().flat_map(|want| &want.spans);
        let first = spans().map(|span| span.start.page).min();
        let Some((mut first, mut last)) = first.zip(spans().map(|span| span.end.page).max()) else {
            return Ok((taken, all));
        };
        if let (true, Some((low, high))) = (elements, self.asked) {
            (first, last) = (first.min(low), last.max(high.min(self.count.saturating_sub(1))));
        }
        for number in first..=last {
            let Some(page) = self.page(number, Direction::Forward).await? else { continue };
            for (want, runs) in wants.iter().zip(&mut taken) {
                want.take(&page, runs);
            }
            if elements {
                page.elements.iter().for_each(|element| all.push(element));
            }
            if number % 8 == 0 || number == last {
                let memory = taken.iter().map(Runs::memory).sum::<usize>() + all.memory();
                if memory > MAX_SELECTION {
                    let error = container::Error::Memory { taken: memory as u64, bound: MAX_SELECTION as u64 };
                    return Err(ResolveError::Container(error));
                }
                let samples: u64 = taken.iter().map(Runs::samples).sum();
                self.source.reserve(memory as u64 + samples.saturating_mul(A_SAMPLE)).await?;
            }
        }
        all.sort();
        let elements = if elements { used(&all, &taken) } else { all };
        Ok((taken, elements))
    }
}

impl Want {
    /// Collects the wanted samples of a page.
    fn take(&self, page: &Page, taken: &mut Runs) {
        let spans = self.spans.iter().filter(|span| (span.start.page..=span.end.page).contains(&page.number));
        for span in spans {
            let inside = runs_within(page, self.place, *span);
            taken.reserve(inside.len());
            for (position, run) in inside {
                let Some(mut run) = within(*span, position, run) else { continue };
                if let Some(from) = self.from {
                    let Some(presented) = run.presented_from(from) else { continue };
                    run = presented;
                }
                if run.disposable {
                    let Some(needed) = self.needed(run) else { continue };
                    run = needed;
                }
                if !self.from_sync || run.sync || !taken.is_empty() {
                    taken.push(run);
                }
            }
        }
    }

    /// A run of disposable samples, without those that are not presented. If it has samples before and after a gap between two
    /// intervals, it keeps those in the gap.
    fn needed(&self, run: Run) -> Option<Run> {
        let Some(presented) = &self.presented else { return Some(run) };
        let parts = || presented.iter().filter(|(from, to)| run.presented_within(*from, *to).is_some());
        let from = parts().map(|(from, _)| *from).min()?;
        let to = parts().map(|(_, to)| *to).max()?;
        run.presented_within(from, to)
    }
}

/// The runs of a track in a page, each with its position.
pub(super) fn runs_of(page: &Page, track: usize) -> impl DoubleEndedIterator<Item = (Position, &Run)> {
    let runs = page.tracks.get(track).map_or(&[][..], |part| &part.runs);
    runs.iter().enumerate().map(|(run, samples)| (Position { page: page.number, run, sample: 0 }, samples))
}

/// The runs of a track in a page that have samples in a span, each with its position.
fn runs_within(
    page: &Page,
    track: usize,
    span: Span,
) -> impl DoubleEndedIterator<Item = (Position, &Run)> + ExactSizeIterator {
    let runs = page.tracks.get(track).map_or(&[][..], |part| &part.runs);
    let first = if page.number == span.start.page { span.start.run } else { 0 };
    let end = if page.number == span.end.page { span.end.run.saturating_add(1) } else { usize::MAX };
    let inside = runs.get(first..end.min(runs.len())).unwrap_or_default();
    inside
        .iter()
        .enumerate()
        .map(move |(at, samples)| (Position { page: page.number, run: first + at, sample: 0 }, samples))
}

/// The samples of a run that are in a span, which it [touches](runs_within).
fn within(span: Span, position: Position, run: &Run) -> Option<Run> {
    let (begins, ends) = (position.same_run(span.start), position.same_run(span.end));
    if !begins && !ends {
        return Some(run.clone());
    }
    run.slice(if begins { span.start.sample } else { 0 }..if ends { span.end.sample } else { run.count })
}

/// The elements that contain samples of these tracks, in file order.
fn used(elements: &Elements, tracks: &[Runs]) -> Elements {
    let mut marks = vec![false; elements.len()];
    let (mut firsts, mut lasts) = (elements.finder(), elements.finder());
    for run in tracks.iter().flatten() {
        // A run of equal samples may extend over several elements.
        let first = firsts.count_before(run.offset.saturating_add(1)).saturating_sub(1);
        let behind = lasts.count_before(run.bytes().end);
        marks.get_mut(first..behind).unwrap_or_default().fill(true);
    }
    elements.marked(&marks)
}
