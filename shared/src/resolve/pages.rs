//! The pages of one file's index, as far as they have been read.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::Error;
use super::span::{Position, Span};
use crate::container::{ReadError, Selected, Sink};
use crate::index::{Element, Packed, Page};
use crate::media::Run;

/// Where the pages of one file's index are read from.
pub trait Pages: Send {
    /// Those of the pages with these numbers that exist, in any order. What was had before costs nothing.
    fn load(&mut self, cells: RangeInclusive<u32>) -> impl Future<Output = Result<Vec<Page>, Error>> + Send;

    /// The last page before the one with this number.
    fn load_before(&mut self, cell: u32) -> impl Future<Output = Result<Option<Page>, Error>> + Send;
}

/// Pages in memory: of a file on this machine, and of tests.
#[derive(Clone, Debug, Default)]
pub struct Memory(BTreeMap<u32, Packed>);

impl Memory {
    /// How many pages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pages as they are packed, in order.
    pub fn packed(&self) -> impl Iterator<Item = &Packed> {
        self.0.values()
    }

    fn unpack(page: &Packed) -> Result<Page, Error> {
        Page::unpack(page.number, &page.bytes).map_err(|error| Error::Container(error.into()))
    }
}

impl Sink for Memory {
    async fn page(&mut self, page: Packed) -> Result<(), ReadError> {
        self.0.insert(page.number, page);
        Ok(())
    }
}

impl Pages for &Memory {
    async fn load(&mut self, cells: RangeInclusive<u32>) -> Result<Vec<Page>, Error> {
        if cells.is_empty() {
            return Ok(Vec::new());
        }
        self.0.range(cells).map(|(_, page)| Memory::unpack(page)).collect()
    }

    async fn load_before(&mut self, cell: u32) -> Result<Option<Page>, Error> {
        self.0.range(..cell).next_back().map(|(_, page)| Memory::unpack(page)).transpose()
    }
}

impl Pages for Memory {
    async fn load(&mut self, cells: RangeInclusive<u32>) -> Result<Vec<Page>, Error> {
        Pages::load(&mut &*self, cells).await
    }

    async fn load_before(&mut self, cell: u32) -> Result<Option<Page>, Error> {
        Pages::load_before(&mut &*self, cell).await
    }
}

/// The pages that were read for one answer; each is read and unpacked once.
#[derive(Debug)]
pub(super) struct Held<'p, P> {
    source: &'p mut P,
    /// One more than the number of the last page there is.
    count: u32,
    /// `None`: there is no such page.
    pages: BTreeMap<u32, Option<Page>>,
}

impl<'p, P: Pages> Held<'p, P> {
    pub fn new(source: &'p mut P, count: u32) -> Self {
        Self { source, count, pages: BTreeMap::new() }
    }

    /// The number of the last page there is.
    pub fn last(&self) -> Option<u32> {
        self.count.checked_sub(1)
    }

    /// Reads those of these pages that have not been read yet.
    pub async fn ensure(&mut self, cells: RangeInclusive<u32>) -> Result<(), Error> {
        let missing = |cell: &u32| !self.pages.contains_key(cell);
        let (Some(first), Some(last)) = (cells.clone().find(missing), cells.clone().rfind(missing)) else {
            return Ok(());
        };
        let pages = self.source.load(first..=last).await?;
        for cell in first..=last {
            self.pages.entry(cell).or_insert(None);
        }
        for page in pages {
            self.pages.insert(page.number, Some(page));
        }
        Ok(())
    }

    /// Reads the last page before the one of this number, and gives back its number.
    pub async fn ensure_before(&mut self, cell: u32) -> Result<Option<u32>, Error> {
        let Some(page) = self.source.load_before(cell).await? else { return Ok(None) };
        let number = page.number;
        for empty in number + 1..cell {
            self.pages.entry(empty).or_insert(None);
        }
        self.pages.insert(number, Some(page));
        Ok(Some(number))
    }

    /// The pages among these that exist, in order.
    pub fn pages(&self, cells: RangeInclusive<u32>) -> impl DoubleEndedIterator<Item = &Page> {
        let cells = if cells.is_empty() { 0..0 } else { *cells.start()..cells.end().saturating_add(1) };
        self.pages.range(cells).filter_map(|(_, page)| page.as_ref())
    }

    /// The runs of a track in these pages, in order, each with its place.
    pub fn runs_in(
        &self,
        track: usize,
        cells: RangeInclusive<u32>,
    ) -> impl DoubleEndedIterator<Item = (Position, &Run)> {
        self.pages(cells).flat_map(move |page| {
            let runs = page.tracks.get(track).map_or(&[][..], |part| &part.runs);
            runs.iter().enumerate().map(move |(run, samples)| (Position { page: page.number, run, sample: 0 }, samples))
        })
    }

    /// The samples of these spans.
    pub fn runs(&self, track: usize, spans: &[Span]) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for span in spans {
            for (position, run) in self.runs_in(track, span.start.page..=span.end.page) {
                let first = if position.same_run(span.start) { span.start.sample } else { 0 };
                let end = if position.same_run(span.end) { span.end.sample } else { run.count };
                let inside = (position.page, position.run) >= (span.start.page, span.start.run)
                    && (position.page, position.run) <= (span.end.page, span.end.run);
                if let Some(run) = run.slice(first..end).filter(|_| inside)
                    && !runs.last_mut().is_some_and(|last| last.absorb(&run))
                {
                    runs.push(run);
                }
            }
        }
        runs
    }

    /// The sample at a position, as a run of one.
    pub fn run_at(&self, track: usize, position: Position) -> Option<Run> {
        let page = self.pages.get(&position.page)?.as_ref()?;
        page.tracks.get(track)?.runs.get(position.run)?.slice(position.sample..position.sample.checked_add(1)?)
    }

    /// Where the first sample of a span is followed by leading pictures: its end, and the first sample behind them.
    pub fn after_leading(&self, track: usize, span: Span) -> Option<(Position, Position)> {
        let sync = self.run_at(track, span.start)?;
        let sync_end = Position { sample: span.start.sample.checked_add(1)?, ..span.start };
        let following = self.runs_in(track, span.start.page..=span.end.page);
        let mut following = following.filter(|(position, _)| *position > span.start).peekable();
        following.peek().filter(|(_, run)| run.presentation() < sync.presentation() && !run.sync)?;
        let rest = following.find(|(_, run)| run.presentation() >= sync.presentation()).map(|(position, _)| position);
        Some((sync_end, rest.unwrap_or(span.end).min(span.end)))
    }

    /// The elements in which samples of these tracks lie, in the order of the file.
    pub fn elements_of(&self, tracks: &[Selected]) -> Vec<Element> {
        let mut elements: Vec<&Element> = self.pages(0..=u32::MAX - 1).flat_map(|page| &page.elements).collect();
        elements.sort_unstable_by_key(|element| element.offset);
        elements.dedup_by_key(|element| element.offset);
        let mut used = vec![false; elements.len()];
        for run in tracks.iter().flat_map(|track| &track.runs) {
            // Runs of samples that are alike may lie in several.
            let first = elements.partition_point(|element| element.offset <= run.offset).saturating_sub(1);
            let behind = elements.partition_point(|element| element.offset < run.bytes().end);
            used.get_mut(first..behind).unwrap_or_default().fill(true);
        }
        let used = elements.into_iter().zip(used).filter(|(_, used)| *used);
        used.map(|(element, _)| element.clone()).collect()
    }
}
