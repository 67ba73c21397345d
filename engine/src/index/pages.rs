//! How the pages of an index are read: a trait for whatever holds them, and the one that holds them in memory.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use super::{FIRST_PART, InvalidIndex, PackedPage, Page, SegmentPart};

/// Why a page could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PagesError {
    /// It cannot be unpacked.
    #[error(transparent)]
    Damaged(#[from] InvalidIndex),
    /// The pages are of another version of the file than the head: it is being indexed anew.
    #[error("the file is being indexed anew")]
    Changed,
    /// This service is throttling, after all retries.
    #[error("{0} is throttling")]
    Busy(&'static str),
    /// Other answers have taken all memory that there is for answers.
    #[error("other requests have taken all memory that there is for answers")]
    Full,
    /// The pages could not be read; the text says why.
    #[error("the index could not be read: {0}")]
    Unread(String),
}

/// A source of the pages of one file's index. They stay packed until they are needed.
pub trait Pages: Send {
    /// Loads the existing pages with these numbers. Pages that are already loaded cost nothing.
    fn fetch(&mut self, cells: RangeInclusive<u32>) -> impl Future<Output = Result<(), PagesError>> + Send;

    /// The page with this number, if it exists. It has been fetched before.
    fn page(&self, cell: u32) -> Result<Option<Page>, PagesError>;

    /// This part of the segment table, if it exists. Its number after [`FIRST_PART`] has been fetched before.
    fn segments(&self, part: u32) -> Result<Option<SegmentPart>, PagesError>;

    /// The number of the last page before this one.
    fn before(&self, cell: u32) -> Option<u32>;

    /// Drops all pages but these.
    fn keep(&mut self, cells: RangeInclusive<u32>);

    /// How many pages are loaded, and their packed size in bytes.
    fn at_hand(&self) -> (usize, usize);

    /// Reserves memory for what is made from the pages, in bytes. An implementation that serves many answers at once
    /// waits here until others are done, or gives up with [`PagesError::Full`].
    fn reserve(&mut self, bytes: u64) -> impl Future<Output = Result<(), PagesError>> + Send {
        let _ = bytes;
        async { Ok(()) }
    }
}

/// Pages in memory: of a local file, and for tests.
#[derive(Clone, Debug, Default)]
pub struct Memory(BTreeMap<u32, PackedPage>);

impl Memory {
    /// How many pages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.packed().count()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The packed pages, in order.
    pub fn packed(&self) -> impl Iterator<Item = &PackedPage> {
        self.0.range(..FIRST_PART).map(|(_, page)| page)
    }

    /// The packed parts of the segment table, in order.
    pub fn packed_parts(&self) -> impl Iterator<Item = &PackedPage> {
        self.0.range(FIRST_PART..).map(|(_, part)| part)
    }

    /// Adds a page, or replaces the one with its number.
    pub fn insert(&mut self, page: PackedPage) {
        self.0.insert(page.number, page);
    }

    fn unpack(page: &PackedPage) -> Result<Page, PagesError> {
        Ok(Page::unpack(page.number, &page.bytes)?)
    }

    /// A part of the segment table, if it exists.
    ///
    /// # Errors
    ///
    /// If it cannot be unpacked.
    pub fn part(&self, part: u32) -> Result<Option<SegmentPart>, PagesError> {
        let packed = self.0.get(&FIRST_PART.saturating_add(part));
        Ok(packed.map(|packed| SegmentPart::unpack(part, &packed.bytes)).transpose()?)
    }
}

impl Memory {
    /// The existing pages with these numbers, in order.
    ///
    /// # Errors
    ///
    /// If one cannot be unpacked.
    pub fn load(&self, cells: RangeInclusive<u32>) -> Result<Vec<Page>, PagesError> {
        if cells.is_empty() {
            return Ok(Vec::new());
        }
        let pages = self.0.range(cells).map(|(_, page)| page).filter(|page| page.is_page());
        pages.map(Self::unpack).collect()
    }
}

impl Pages for &Memory {
    async fn fetch(&mut self, _: RangeInclusive<u32>) -> Result<(), PagesError> {
        Ok(())
    }

    fn page(&self, cell: u32) -> Result<Option<Page>, PagesError> {
        self.0.get(&cell).map(Memory::unpack).transpose()
    }

    fn segments(&self, part: u32) -> Result<Option<SegmentPart>, PagesError> {
        self.part(part)
    }

    fn before(&self, cell: u32) -> Option<u32> {
        self.0.range(..cell).next_back().map(|(number, _)| *number)
    }

    fn keep(&mut self, _: RangeInclusive<u32>) {}

    fn at_hand(&self) -> (usize, usize) {
        (0, 0)
    }
}

impl Pages for Memory {
    async fn fetch(&mut self, _: RangeInclusive<u32>) -> Result<(), PagesError> {
        Ok(())
    }

    fn page(&self, cell: u32) -> Result<Option<Page>, PagesError> {
        Pages::page(&self, cell)
    }

    fn segments(&self, part: u32) -> Result<Option<SegmentPart>, PagesError> {
        self.part(part)
    }

    fn before(&self, cell: u32) -> Option<u32> {
        Pages::before(&self, cell)
    }

    fn keep(&mut self, _: RangeInclusive<u32>) {}

    fn at_hand(&self) -> (usize, usize) {
        (0, 0)
    }
}
