//! The table `ContainerIndex`: partition key `media` = `{space}/{content}`, sort key `page`, which is `HEAD`, or `P` and the
//! six digits of a cell's number, or `CHECK` and a number, for the parts of a checkpoint.
//!
//! # Why the index and the bytes never disagree unnoticed
//!
//! S3's events come at least once and in any order, so two indexers may work on one key at a time, each on another version
//! of the object, and readers come in between. Nothing is locked. What holds instead:
//!
//! 1. Every page says which version (ETag) and which format it is `of`; the head has its own ETag and the set of its pages
//!    ([`Cells`]). A reader takes no page of another version than its head's, and misses none that the head names. So
//!    whatever two writers leave between each other, a mixture is an [`Error::Changed`], never a wrong answer.
//! 2. Every read of the object says `If-Match` with the head's ETag, and S3 is strongly consistent. So a head that is behind
//!    the object is an [`Error::Changed`] too.
//!
//! # Why it comes right in the end
//!
//! 1. An indexer indexes what the object *is* when it looks, not what its event says. So a head that was put for an event
//!    shows the object as it was after that event or later, and one for an earlier event need not replace it:
//!    [`IndexTable::put_head`] and [`IndexTable::remove_head`] are conditional on the sequencer.
//! 2. An indexer looks at the object once more *after* its last write, and starts over where it is another by now. So the
//!    last of all writers has seen the object that is there.
//! 3. Pages are written before the head, and pages of another version are removed only after that last look, on the
//!    condition that they are of another version and that their writer's event is not later. So the pages of a version that
//!    is on its way in are not removed by one that is on its way out.
//! 4. Whoever finds a head that is right already also counts its pages ([`IndexTable::pages_of`]), since a late writer
//!    of another version may have overwritten some before it gave up, and one that ended before its time may have left
//!    others that were to be removed.
//!
//! # Why it comes right in several pieces too
//!
//! An indexer whose time is up leaves a checkpoint ([`Unfinished`]) behind the pages that it has stored, and goes on in another
//! invocation. The head of the version before stays until the whole index is there.
//!
//! 1. A checkpoint says of which version (format and ETag) it is, and all reads say `If-Match`: of another version, or where the
//!    object becomes another, indexing begins anew.
//! 2. Whoever goes on from a checkpoint has not written all pages itself, and a late writer of another version may have
//!    overwritten some meanwhile. So it counts them once its head is put, and begins anew where some are missing. A writer that
//!    comes later still does what point 4 above says.
//! 3. Two that go on from the same checkpoint write the same pages. The first to end removes the checkpoint; the other finds the
//!    head right, with its next look at the latest.

mod batch;
mod cells;
mod item;
mod reader;
mod sequencer;
mod unfinished;

use std::collections::HashMap;
use std::ops::{Range, RangeInclusive};

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{KeysAndAttributes, Select};
use futures::{StreamExt, TryStreamExt, stream};

pub use self::cells::Cells;
use self::item::{HEAD, Item};
pub use self::reader::Reader;
pub use self::sequencer::Sequencer;
pub use self::unfinished::Unfinished;
use super::of_dynamodb;
use super::spaces::{read_whole, whole_items};
use super::{Admission, Error, SpacesTable};
use crate::space::commons::Commons;
use crate::space::record::Space;
use crate::space::{ContentPrefix, MediaKey, SpaceId};
use reelspan_engine::index::{Head, Packed};

/// How many batches, or single deletions, are under way at a time.
const AT_ONCE: usize = 4;

/// No head is there, or none of a later event.
const NOT_LATER: &str = "attribute_not_exists(#page) OR #sequencer <= :sequencer";

/// The table of indexes.
#[derive(Clone, Debug)]
pub struct IndexTable {
    client: Client,
    table: String,
}

/// What a list of heads says of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadOf {
    /// Of which file.
    pub media: MediaKey,
    /// Of which version of it, with the quotation marks.
    pub etag: String,
    /// In which format of the index ([`reelspan_engine::index::FORMAT`]).
    pub format: u32,
}

/// How the pages that are there go with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PagesOf {
    /// All that it names are there, and of its version.
    pub whole: bool,
    /// There are pages of other versions.
    pub others: bool,
}

/// What one look-up found.
#[derive(Debug)]
pub struct Found {
    /// The head.
    pub head: Head,
    /// The pages that came with it, and the way to those that did not.
    pub pages: Reader,
}

/// A head as an indexer finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The head. Its sequencer is in a form that strings compare in.
    pub head: Head,
    /// The cells that have a page.
    pub cells: Cells,
}

impl IndexTable {
    /// The table of this name.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// The table's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.table
    }

    /// The client, for what has to be done to the table as a whole.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The head of a file's index and the pages of these numbers, in one round trip; `None` where there is no head. Of more
    /// than 99 pages the others are left for [`Reader`] to load.
    pub async fn find(&self, media: &MediaKey, cells: RangeInclusive<u32>) -> Result<Option<Found>, Error> {
        let cells = asked(cells, batch::GETS);
        let items = batch::get(&self.client, &self.table, keys(media, cells.clone()), false).await?;
        self.found(media, items, cells)
    }

    /// The same with the space of the file and what all streamed spaces share, in one round trip.
    pub async fn find_with_space(
        &self,
        spaces: &SpacesTable,
        media: &MediaKey,
        cells: RangeInclusive<u32>,
    ) -> Result<(Option<Space>, Commons, Option<Found>), Error> {
        let (of_space, found) = self.find_beside(spaces, whole_items(media.space())?, media, cells).await?;
        let (space, commons) = read_whole(&of_space)?;
        Ok((space, commons, found))
    }

    /// The same with what has to be known of the file's space before any of it is given out, still in one round trip.
    pub async fn find_in_space(
        &self,
        spaces: &SpacesTable,
        media: &MediaKey,
        cells: RangeInclusive<u32>,
    ) -> Result<(Admission, Option<Found>), Error> {
        let (of_space, found) = self.find_beside(spaces, Admission::items(media.space())?, media, cells).await?;
        Ok((Admission::read(&of_space)?, found))
    }

    /// These items of the table of spaces, and what there is of the head and of the pages of these cells.
    async fn find_beside(
        &self,
        spaces: &SpacesTable,
        of_space: KeysAndAttributes,
        media: &MediaKey,
        cells: RangeInclusive<u32>,
    ) -> Result<(Vec<Item>, Option<Found>), Error> {
        let cells = asked(cells, batch::GETS - of_space.keys().len());
        let of_index = batch::these(keys(media, cells.clone()), false)?;
        let wanted = [(self.table.clone(), of_index), (spaces.name().to_owned(), of_space)];
        let mut items = batch::get_of_tables(&self.client, HashMap::from(wanted)).await?;
        let of_space = items.remove(spaces.name()).unwrap_or_default();
        Ok((of_space, self.found(media, items.remove(&self.table).unwrap_or_default(), cells)?))
    }

    /// What these items are: all that there is of the head and of the pages of these cells.
    fn found(
        &self,
        media: &MediaKey,
        mut items: Vec<Item>,
        cells: RangeInclusive<u32>,
    ) -> Result<Option<Found>, Error> {
        let Some(place) = items.iter().position(is_head) else { return Ok(None) };
        let (head, present) = item::head(&items.swap_remove(place))?;
        let mut pages = Reader::new(self.clone(), media, item::of(&head.original.etag), present);
        if !cells.is_empty() {
            pages.take(items, cells);
        }
        Ok(Some(Found { head, pages }))
    }

    /// The head as it is now.
    pub async fn stored(&self, media: &MediaKey) -> Result<Option<Stored>, Error> {
        Ok(self.look(media).await?.0)
    }

    /// The heads of the contents of a space whose names begin with `prefix`. Reads the whole table, one call for each megabyte of
    /// it, so it is for commands and not for requests. A head under a name that no content can have is left out.
    pub async fn heads(&self, space: &SpaceId, prefix: &ContentPrefix) -> Result<Vec<HeadOf>, Error> {
        let scan = self.client.scan().table_name(&self.table).consistent_read(true);
        let scan = scan
            .filter_expression("#page = :head AND begins_with(#media, :prefix)")
            .projection_expression("#media, #etag, #format")
            .expression_attribute_names("#page", "page")
            .expression_attribute_names("#media", "media")
            .expression_attribute_names("#etag", "etag")
            .expression_attribute_names("#format", "format")
            .expression_attribute_values(":head", item::text(HEAD))
            .expression_attribute_values(":prefix", item::text(format!("{space}/{prefix}")));
        let mut items = scan.into_paginator().items().send();
        let mut heads = Vec::new();
        while let Some(found) = items.next().await {
            heads.extend(item::head_of(&found.map_err(|error| of_dynamodb(&error))?)?);
        }
        Ok(heads)
    }

    /// What there is to be compared of the head of one file.
    pub async fn head_of(&self, media: &MediaKey) -> Result<Option<HeadOf>, Error> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(item::key(media, HEAD)));
        let answer = request.consistent_read(true).send().await.map_err(|error| of_dynamodb(&error))?;
        Ok(answer.item.as_ref().map(item::head_of).transpose()?.flatten())
    }

    /// How the pages that are there go with this head. Reads all of them.
    pub async fn pages_of(&self, media: &MediaKey, stored: &Stored) -> Result<PagesOf, Error> {
        let pages = self.query(media, 0..Cells::LIMIT).consistent_read(true).select(Select::Count);
        let pages = pages
            .filter_expression("#of = :of")
            .expression_attribute_names("#of", "of")
            .expression_attribute_values(":of", item::text(item::of(&stored.head.original.etag)));
        let mut answers = pages.into_paginator().send();
        let (mut count, mut scanned) = (0, 0);
        while let Some(answer) = answers.next().await {
            let answer = answer.map_err(|error| of_dynamodb(&error))?;
            count += u64::try_from(answer.count).unwrap_or_default();
            scanned += u64::try_from(answer.scanned_count).unwrap_or_default();
        }
        Ok(PagesOf { whole: count == stored.cells.items(), others: scanned > count })
    }

    /// Stores pages of the index of this version (ETag) of a file, on behalf of the event with this sequencer. They count only
    /// once its head is put.
    pub async fn put_pages(
        &self,
        media: &MediaKey,
        etag: &str,
        sequencer: &Sequencer,
        pages: Vec<Packed>,
    ) -> Result<(), Error> {
        if let Some(page) = pages.iter().find(|page| page.number >= Cells::LIMIT) {
            return Err(Error::dynamodb(format!("page {} is beyond the last that a file may have", page.number)));
        }
        let mut batches = Vec::with_capacity(pages.len().div_ceil(batch::WRITES));
        for pages in pages.chunks(batch::WRITES) {
            let items = pages.iter().map(|page| item::of_page(media, etag, sequencer, page)).collect();
            batches.push(batch::put(&self.client, &self.table, items));
        }
        stream::iter(batches).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Puts the head, with the cells of which it has pages, unless one of a later sequencer is there. Says whether it was put.
    pub async fn put_head(&self, media: &MediaKey, head: &Head, cells: &Cells) -> Result<bool, Error> {
        let request = self.client.put_item().table_name(&self.table);
        let request = request
            .set_item(Some(item::of_head(media, head, cells)))
            .condition_expression(NOT_LATER)
            .expression_attribute_names("#page", "page")
            .expression_attribute_names("#sequencer", "sequencer")
            .expression_attribute_values(":sequencer", item::text(Sequencer::new(&head.original.sequencer).as_str()));
        done(request.send().await)
    }

    /// Removes the head, unless one of a later sequencer is there. Says whether there is none now.
    pub async fn remove_head(&self, media: &MediaKey, sequencer: &Sequencer) -> Result<bool, Error> {
        let request = self.client.delete_item().table_name(&self.table).set_key(Some(item::key(media, HEAD)));
        let request = request
            .condition_expression(NOT_LATER)
            .expression_attribute_names("#page", "page")
            .expression_attribute_names("#sequencer", "sequencer")
            .expression_attribute_values(":sequencer", item::text(sequencer.as_str()));
        done(request.send().await)
    }

    /// Removes the pages that are not of the version `keep`, of which there are pages in these cells, or all pages where
    /// there is nothing to keep; not those that were written for a later event than this sequencer's. Says how many.
    ///
    /// If the cells have no gap, only pages behind them can be of another version, and only those are looked at.
    pub async fn remove_pages(
        &self,
        media: &MediaKey,
        sequencer: &Sequencer,
        keep: Option<(&str, &Cells)>,
    ) -> Result<usize, Error> {
        let first = match keep {
            Some((_, cells)) if cells.count() == u64::from(cells.end()) => cells.end(),
            _ => 0,
        };
        // No page is of the empty text.
        let keep = keep.map_or_else(String::new, |(etag, _)| item::of(etag));
        let strange = "#of <> :keep AND #sequencer <= :sequencer";
        let pages = self.query(media, first..Cells::LIMIT).consistent_read(true);
        let pages = pages
            .filter_expression(strange)
            .projection_expression("#media, #page")
            .expression_attribute_names("#of", "of")
            .expression_attribute_names("#sequencer", "sequencer")
            .expression_attribute_values(":keep", item::text(&keep))
            .expression_attribute_values(":sequencer", item::text(sequencer.as_str()));
        let mut pages = pages.into_paginator().items().send();
        let mut keys = Vec::new();
        while let Some(key) = pages.next().await {
            keys.push(key.map_err(|error| of_dynamodb(&error))?);
        }
        let removals = keys.into_iter().map(|key| {
            let request = self.client.delete_item().table_name(&self.table).set_key(Some(key));
            request
                .condition_expression(strange)
                .expression_attribute_names("#of", "of")
                .expression_attribute_names("#sequencer", "sequencer")
                .expression_attribute_values(":keep", item::text(&keep))
                .expression_attribute_values(":sequencer", item::text(sequencer.as_str()))
                .send()
        });
        let mut removals = stream::iter(removals).buffer_unordered(AT_ONCE * 4);
        let mut removed = 0;
        while let Some(removal) = removals.next().await {
            removed += usize::from(done(removal)?);
        }
        Ok(removed)
    }

    /// Those of these pages (at most 100) that exist.
    async fn get_pages(&self, media: &MediaKey, numbers: Vec<u32>, consistent: bool) -> Result<Vec<Item>, Error> {
        let keys = numbers.into_iter().map(|number| item::key(media, item::page_key(number)));
        batch::get(&self.client, &self.table, keys.collect(), consistent).await
    }

    /// The pages of a range of cells, as many calls as it takes at 1 MB each.
    async fn query_pages(&self, media: &MediaKey, cells: Range<u32>, consistent: bool) -> Result<Vec<Item>, Error> {
        let pages = self.query(media, cells).consistent_read(consistent);
        let items: Result<Vec<_>, _> = pages.into_paginator().items().send().collect().await;
        items.map_err(|error| of_dynamodb(&error))
    }

    /// The pages of a range of cells, to be refined.
    fn query(&self, media: &MediaKey, cells: Range<u32>) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.table);
        query
            .key_condition_expression("#media = :media AND #page BETWEEN :first AND :last")
            .expression_attribute_names("#media", "media")
            .expression_attribute_names("#page", "page")
            .expression_attribute_values(":media", item::text(media.to_string()))
            .expression_attribute_values(":first", item::text(item::page_key(cells.start)))
            .expression_attribute_values(":last", item::text(item::page_key(cells.end.saturating_sub(1))))
    }
}

/// Whether a conditional write was done: `false` where its condition did not hold.
fn done<T, E>(written: Result<T, SdkError<E>>) -> Result<bool, Error>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match written {
        Ok(_) => Ok(true),
        Err(error) if error.code() == Some("ConditionalCheckFailedException") => Ok(false),
        Err(error) => Err(of_dynamodb(&error)),
    }
}

/// Those of the cells whose pages are asked for along with the head, where a batch has room for so many items.
fn asked(cells: RangeInclusive<u32>, room: usize) -> RangeInclusive<u32> {
    let last = cells.clone().take(room.saturating_sub(1)).take_while(|cell| *cell < Cells::LIMIT).last();
    last.map_or(RangeInclusive::new(1, 0), |last| *cells.start()..=last)
}

/// The keys of the head and of the pages of these cells.
fn keys(media: &MediaKey, cells: RangeInclusive<u32>) -> Vec<Item> {
    let pages = cells.map(|number| item::key(media, item::page_key(number)));
    std::iter::once(item::key(media, HEAD)).chain(pages).collect()
}

fn is_head(item: &Item) -> bool {
    item.get("page").and_then(|page| page.as_s().ok()).is_some_and(|page| page == HEAD)
}
