//! The pages of one file's index, read as they are needed.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use bytes::Bytes;

use super::recent::RecentEntry;
use super::{Cells, IndexTable, item};
use crate::budget::{BudgetFull, Share};
use crate::space::MediaKey;
use crate::store::StoreError;
use crate::store::database::{Item, MOST_GETS};
use reelspan_engine::index::{FIRST_PART, Head, Page, Pages, PagesError, SegmentPart};

/// The pages of one file's index: what was read stays, packed, and what the head says not to exist is never asked for.
#[derive(Debug)]
pub struct IndexReader {
    table: IndexTable,
    media: MediaKey,
    of: String,
    cells: Cells,
    /// About how much memory the head takes, in bytes.
    weight: usize,
    have: BTreeMap<u32, Bytes>,
    /// How many more cells are read with those that are missing.
    ahead: u32,
    /// Something that was read was not there or not of this version, as happens where a replica lags behind: from now on
    /// the leader is asked.
    consistent: bool,
    /// What is held of the budget of memory, where there is one.
    share: Option<Share>,
}

impl IndexReader {
    /// The pages that a head names, of which it takes about so much memory, in bytes.
    pub(super) fn new(table: IndexTable, media: &MediaKey, of: String, (cells, weight): (Cells, usize)) -> Self {
        Self {
            table,
            media: media.clone(),
            of,
            cells,
            weight,
            have: BTreeMap::new(),
            ahead: 0,
            consistent: false,
            share: None,
        }
    }

    /// The same with pages that are at hand.
    pub(super) fn with(self, have: BTreeMap<u32, Bytes>) -> Self {
        Self { have, ..self }
    }

    /// Whenever cells are missing, reads this many more that follow them, in the same round trip: for a viewer who goes on.
    pub const fn read_ahead(&mut self, cells: u32) {
        self.ahead = cells;
    }

    /// These cells and those that are read ahead.
    fn with_ahead(&self, cells: &RangeInclusive<u32>) -> RangeInclusive<u32> {
        // Parts of the segment table are numbered behind all cells.
        let ahead = if *cells.end() < FIRST_PART { self.ahead } else { 0 };
        *cells.start()..=cells.end().saturating_add(ahead)
    }

    /// What is to be remembered of this head and of the pages that are at hand.
    pub(super) fn entry(&self, head: Arc<Head>) -> RecentEntry {
        RecentEntry { head, weight: self.weight, cells: self.cells.clone(), pages: self.have.clone() }
    }

    /// How many pages are at hand, and how many bytes they have together, packed.
    #[must_use]
    pub fn read(&self) -> (usize, usize) {
        (self.have.len(), self.have.values().map(Bytes::len).sum())
    }

    /// Holds a share of the budget of memory, which grows with what is made of the pages.
    pub fn hold(&mut self, share: Share) {
        self.share = Some(share);
    }

    /// Gives the share back, for what is left to be done once the pages are not needed any more.
    pub const fn release(&mut self) -> Option<Share> {
        self.share.take()
    }

    /// Takes what came of `asked`. Pages of another version do not count.
    pub(super) fn take(&mut self, items: &[Arc<Item>], asked: RangeInclusive<u32>) {
        self.have.extend(items.iter().filter_map(|item| item::page(item, &self.of)));
        if self.missing(asked).next().is_some() {
            self.consistent = true;
        }
    }

    /// Those of the pages with these numbers that exist, in order, all of them at once: for checks.
    ///
    /// # Errors
    ///
    /// As [`Pages::fetch`] and [`Pages::page`].
    pub async fn load(&mut self, cells: RangeInclusive<u32>) -> Result<Vec<Page>, PagesError> {
        self.fetch(cells.clone()).await?;
        let pages = self.have.keys().copied().take_while(|number| *number < FIRST_PART);
        let numbers: Vec<u32> = pages.filter(|number| cells.contains(number)).collect();
        numbers.into_iter().filter_map(|number| self.page(number).transpose()).collect()
    }

    fn missing(&self, cells: RangeInclusive<u32>) -> impl Iterator<Item = u32> + use<'_> {
        self.cells.within(cells).filter(|cell| !self.have.contains_key(cell))
    }

    /// Reads what is missing of `cells`; [`StoreError::Changed`] where the leader has it not, or not of this version.
    async fn read_missing(&mut self, cells: RangeInclusive<u32>) -> Result<(), StoreError> {
        loop {
            if self.missing(cells.clone()).next().is_none() {
                return Ok(());
            }
            let missing: Vec<_> = self.missing(self.with_ahead(&cells)).collect();
            let (Some(&first), Some(&last)) = (missing.first(), missing.last()) else { return Ok(()) };
            let consistent = self.consistent;
            let items = if missing.len() <= MOST_GETS {
                self.table.get_pages(&self.media, missing, consistent).await?
            } else {
                self.table.query_pages(&self.media, first..last + 1, consistent).await?
            };
            self.take(&items, cells.clone());
            if consistent && self.missing(cells.clone()).next().is_some() {
                return Err(StoreError::Changed);
            }
        }
    }
}

impl Pages for IndexReader {
    async fn fetch(&mut self, cells: RangeInclusive<u32>) -> Result<(), PagesError> {
        self.read_missing(cells).await.map_err(|error| match error {
            StoreError::Changed => PagesError::Changed,
            StoreError::Throttled(service) => PagesError::Busy(service),
            other => PagesError::Unread(other.to_string()),
        })
    }

    fn page(&self, cell: u32) -> Result<Option<Page>, PagesError> {
        let page = self.have.get(&cell).map(|packed| Page::unpack(cell, packed));
        Ok(page.transpose()?)
    }

    fn segments(&self, part: u32) -> Result<Option<SegmentPart>, PagesError> {
        let packed = self.have.get(&FIRST_PART.saturating_add(part));
        Ok(packed.map(|packed| SegmentPart::unpack(part, packed)).transpose()?)
    }

    fn before(&self, cell: u32) -> Option<u32> {
        self.cells.last_before(cell)
    }

    fn keep(&mut self, cells: RangeInclusive<u32>) {
        let kept = self.with_ahead(&cells);
        self.have.retain(|number, _| kept.contains(number));
    }

    fn at_hand(&self) -> (usize, usize) {
        self.read()
    }

    async fn reserve(&mut self, bytes: u64) -> Result<(), PagesError> {
        let (_, packed) = self.read();
        match &mut self.share {
            Some(share) => share.grow(bytes.saturating_add(packed as u64)).await.map_err(|BudgetFull| PagesError::Full),
            None => Ok(()),
        }
    }
}
