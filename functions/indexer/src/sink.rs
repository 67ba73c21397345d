//! Writes the pages of an index to the table, in batches.

use reelspan::space::MediaKey;
use reelspan::store::{Cells, IndexTable, Sequencer, StoreError};
use reelspan_engine::container::{ReadError, Sink};
use reelspan_engine::index::PackedPage;

/// How many pages are stored together.
const PAGES: usize = 100;
/// How many bytes of pages may wait to be stored: most pages have a few kilobytes, but one may have 350.
const BYTES: usize = 4 << 20;

/// Stores the pages of one version of a file.
#[derive(Debug)]
pub struct PageSink<'a> {
    table: &'a IndexTable,
    media: &'a MediaKey,
    etag: &'a str,
    sequencer: &'a Sequencer,
    waiting: Vec<PackedPage>,
    bytes: usize,
    cells: Cells,
}

impl<'a> PageSink<'a> {
    /// An empty sink; `cells` are the pages that were stored before.
    pub fn new(
        table: &'a IndexTable,
        media: &'a MediaKey,
        etag: &'a str,
        sequencer: &'a Sequencer,
        cells: Cells,
    ) -> Self {
        Self { table, media, etag, sequencer, waiting: Vec::new(), bytes: 0, cells }
    }

    /// Stores the waiting pages, and returns the cells that have a page.
    pub async fn finish(mut self) -> Result<Cells, StoreError> {
        self.store().await?;
        Ok(self.cells)
    }

    async fn store(&mut self) -> Result<(), StoreError> {
        let pages = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        self.table.put_pages(self.media, self.etag, self.sequencer, pages).await
    }
}

impl Sink for PageSink<'_> {
    async fn page(&mut self, page: PackedPage) -> Result<(), ReadError> {
        self.cells.insert(page.number);
        self.bytes += page.bytes.len();
        self.waiting.push(page);
        if self.waiting.len() >= PAGES || self.bytes >= BYTES {
            self.store().await.map_err(|error| ReadError::Failed(error.to_string()))?;
        }
        Ok(())
    }
}
