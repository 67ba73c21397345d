//! The table `ContainerIndex`: partition key `media` = `{space}/{content}`, sort key `page`.

use std::ops::RangeInclusive;

use super::Error;
use crate::index::{Head, Packed, Page};
use crate::resolve::{self, Pages};

/// The table of indexes.
#[derive(Clone, Debug)]
pub struct IndexTable {
    client: aws_sdk_dynamodb::Client,
    table: String,
}

/// What one look-up found.
#[derive(Debug)]
pub struct Found {
    /// The head.
    pub head: Head,
    /// The pages that came with it, and the way to those that did not.
    pub pages: Reader,
}

impl IndexTable {
    /// The table of this name.
    #[must_use]
    pub fn new(client: aws_sdk_dynamodb::Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// The head of a file's index and the pages of these numbers, in one round trip; `None` where there is no head.
    pub async fn find(&self, media: &str, cells: RangeInclusive<u32>) -> Result<Option<Found>, Error> {
        let _ = (&self.client, &self.table, media, cells);
        todo!()
    }

    /// Stores pages of the index of this version (ETag) of a file. They count only once its head is put.
    pub async fn put_pages(&self, media: &str, etag: &str, pages: Vec<Packed>) -> Result<(), Error> {
        let _ = (media, etag, pages);
        todo!()
    }

    /// Puts the head, unless one of a later sequencer is there. Says whether it was put.
    pub async fn put_head(&self, media: &str, head: &Head) -> Result<bool, Error> {
        let _ = (media, head);
        todo!()
    }
}

/// The pages of one file's index.
#[derive(Debug)]
pub struct Reader {}

impl Pages for Reader {
    async fn load(&mut self, cells: RangeInclusive<u32>) -> Result<Vec<Page>, resolve::Error> {
        let _ = cells;
        todo!()
    }

    async fn load_before(&mut self, cell: u32) -> Result<Option<Page>, resolve::Error> {
        let _ = cell;
        todo!()
    }
}
