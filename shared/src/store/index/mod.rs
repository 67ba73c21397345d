//! The table `ContainerIndex`: partition key `media` = `{space}/{content}`, sort key `page`, which is `HEAD`, or `P` and the
//! six digits of a cell's number, or `CHECK` and a number, for the parts of a checkpoint. Files of captions have an item of
//! their stem (`beside`), with the sort key `CAPTIONS`, and lists of contents an item of each content (`contents`), with the sort
//! key `CONTENT`.
//!
//! # Why the index and the bytes never disagree unnoticed
//!
//! S3's events come at least once and in any order, so two indexers may work on one key at a time, each on another version
//! of the object, and readers come in between. Nothing is locked. What holds instead:
//!
//! 1. Every page says which version (ETag) and which format it is `of`; the head has its own ETag and the set of its pages
//!    ([`Cells`]). A reader takes no page of another version than its head's, and misses none that the head names. So
//!    whatever two writers leave between each other, a mixture is a [`StoreError::Changed`], never a wrong answer.
//! 2. Every read of the object says `If-Match` with the head's ETag, and S3 is strongly consistent. So a head that is behind
//!    the object is a [`StoreError::Changed`] too.
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
//! 4. An indexer that finds a head that is right already also counts its pages ([`IndexTable::pages_of`]), since a late writer
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
//! 2. An indexer that continues from a checkpoint has not written all pages itself, and a late writer of another version may have
//!    overwritten some meanwhile. So it counts them once its head is put, and begins anew where some are missing. A writer that
//!    comes later still does what point 4 above says.
//! 3. Two that go on from the same checkpoint write the same pages. The first to end removes the checkpoint; the other finds the
//!    head right, with its next look at the latest.

mod beside;
mod cells;
mod contents;
mod item;
mod reader;
mod recent;
mod sequencer;
mod unfinished;
mod variants;

use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, stream};
use tokio::time::Instant;

pub use self::beside::{CaptionFile, MOST_FILES, StemSidecars};
pub use self::cells::Cells;
use self::contents::CONTENT;
pub use self::contents::{ContentEntries, ContentEntry, IndexStatus, StoredEntry};
use self::item::HEAD;
pub use self::reader::IndexReader;
use self::recent::{Recent, RecentEntry};
pub use self::sequencer::Sequencer;
pub use self::unfinished::{FoundContent, Unfinished};
use super::database::{
    Condition, Database, Get, Item, ItemChange, MOST_GETS, PrimaryKey, Query, TableName, Value, Write,
};
use super::spaces::{read_whole, whole_items};
use super::{Admission, CONTAINER_INDEX, SpacesTable, StoreError};
use crate::space::commons::Commons;
use crate::space::record::Space;
use crate::space::{ContentPrefix, MediaKey, SpaceId};
use reelspan_engine::index::{Head, PackedPage};

/// How many deletions are under way at a time.
const AT_ONCE: usize = 16;

/// The table of indexes.
#[derive(Clone, Debug)]
pub struct IndexTable {
    database: Arc<dyn Database>,
    table: TableName,
    recent: Option<Arc<Recent>>,
}

/// No head is there, or none of a later event.
fn not_later(sequencer: &Sequencer) -> Condition {
    Condition::Any(vec![Condition::Missing("page"), Condition::AtMost("sequencer", sequencer.as_str().to_owned())])
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

/// What a list of heads and entries says of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Its head.
    pub head: Option<HeadOf>,
    /// The version (`ETag`) of its entry in the list, if that says whether it is indexed.
    pub listed: Option<String>,
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
    pub head: Arc<Head>,
    /// The pages that came with it, and the way to those that did not.
    pub pages: IndexReader,
    /// The files of captions beside it, if they were asked for.
    pub captions: Vec<CaptionFile>,
    /// The variants that it names, if they were asked for.
    pub renditions: Vec<MediaKey>,
}

/// A head as an indexer finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredHead {
    /// The head. Its sequencer is in a form that strings compare in.
    pub head: Head,
    /// The cells that have a page.
    pub cells: Cells,
}

impl Kept {
    /// Takes over what an item says, which is a head or an entry.
    fn take(&mut self, item: &Item) -> Result<(), StoreError> {
        if is_head(item) {
            self.head = item::head_of(item)?;
        } else if matches!(item::string(item, "status"), Ok("ready" | "refused")) {
            self.listed = item::string(item, "etag").ok().map(str::to_owned);
        }
        Ok(())
    }
}

impl IndexTable {
    /// The table of this name.
    #[must_use]
    pub fn new(database: Arc<dyn Database>, table: impl Into<Arc<str>>) -> Self {
        let table = TableName::new(table, CONTAINER_INDEX.partition, CONTAINER_INDEX.sort);
        Self { database, table: table.with_index(CONTAINER_INDEX.index), recent: None }
    }

    /// The same table with a memory of this many bytes ([`recent`](Self::recent)).
    #[must_use]
    pub fn remembering(self, most: usize) -> Self {
        Self { recent: Some(Arc::new(Recent::new(most))), ..self }
    }

    /// What was looked up lately of a file and of its space: for an answer with bytes of the file, whose GET says whether it still
    /// counts, and for no other.
    #[must_use]
    pub fn recent(&self, media: &MediaKey) -> Option<(Admission, Found)> {
        let (admission, RecentEntry { head, weight, cells, pages }) = self.recent.as_ref()?.get(media)?;
        let pages = IndexReader::new(self.clone(), media, item::of_pages(&head), (cells, weight)).with(pages);
        Some((admission, Found { head, pages, captions: Vec::new(), renditions: Vec::new() }))
    }

    /// Remembers what was found of a file, with the pages that are at hand by now.
    pub fn remember(&self, media: &MediaKey, found: &Found) {
        if let Some(recent) = &self.recent {
            recent.put(media, found.pages.entry(Arc::clone(&found.head)));
        }
    }

    /// Forgets what was looked up of a file, which is another by now.
    pub fn forget(&self, media: &MediaKey) {
        if let Some(recent) = &self.recent {
            recent.forget(media);
        }
    }

    /// The table's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.table.name
    }

    /// The table, for what has to be done to it as a whole.
    #[must_use]
    pub const fn table(&self) -> &TableName {
        &self.table
    }

    /// The database that has the table.
    #[must_use]
    pub const fn database(&self) -> &Arc<dyn Database> {
        &self.database
    }

    /// The head of a file's index and the pages of these numbers, in one round trip; `None` where there is no head. Of more
    /// than 99 pages the others are left for [`IndexReader`] to load.
    pub async fn find(&self, media: &MediaKey, cells: RangeInclusive<u32>) -> Result<Option<Found>, StoreError> {
        let cells = asked(cells, MOST_GETS);
        let items = self.get(keys(media, cells.clone()), false).await?;
        self.found(media, &items, &[cells])
    }

    /// The same with the space of the file and what all streamed spaces share, in one round trip.
    pub async fn find_with_space(
        &self,
        spaces: &SpacesTable,
        media: &MediaKey,
        cells: RangeInclusive<u32>,
    ) -> Result<(Option<Space>, Commons, Option<Found>), StoreError> {
        let (of_space, found) = self.find_beside(whole_items(spaces, media.space()), media, &[cells], false).await?;
        let (space, commons) = read_whole(&of_space)?;
        Ok((space, commons, found))
    }

    /// The same with what has to be known of the file's space before any of it is given out, still in one round trip. Several
    /// ranges: of pages, and of parts of the segment table.
    pub async fn find_in_space(
        &self,
        spaces: &SpacesTable,
        media: &MediaKey,
        cells: &[RangeInclusive<u32>],
    ) -> Result<(Admission, Option<Found>), StoreError> {
        self.find_admitted(spaces, media, cells, false).await
    }

    /// The same with what belongs to it: the files of captions beside it, and which variants it names.
    pub async fn find_with_others(
        &self,
        spaces: &SpacesTable,
        media: &MediaKey,
        cells: &[RangeInclusive<u32>],
    ) -> Result<(Admission, Option<Found>), StoreError> {
        self.find_admitted(spaces, media, cells, true).await
    }

    async fn find_admitted(
        &self,
        spaces: &SpacesTable,
        media: &MediaKey,
        cells: &[RangeInclusive<u32>],
        others: bool,
    ) -> Result<(Admission, Option<Found>), StoreError> {
        let (items, asked) = (Admission::items(spaces, media.space()), Instant::now());
        let (of_space, found) = self.find_beside(items, media, cells, others).await?;
        let admission = Admission::read(&of_space)?;
        if let Some(recent) = &self.recent {
            recent.admit(media.space(), asked, admission.clone());
        }
        Ok((admission, found))
    }

    /// These items of the table of spaces, and what there is of the head, of the pages of these cells, and of what belongs to the
    /// content if that is asked for.
    async fn find_beside(
        &self,
        of_space: Get<'_>,
        media: &MediaKey,
        ranges: &[RangeInclusive<u32>],
        others: bool,
    ) -> Result<(Vec<Arc<Item>>, Option<Found>), StoreError> {
        let mut keys = vec![item::key(media, HEAD)];
        if others {
            keys.extend(beside::stem_of(media).map(|stem| beside::key(&stem)));
            keys.push(item::key(media, CONTENT));
        }
        let mut wanted = Vec::with_capacity(ranges.len());
        for cells in ranges {
            let cells = asked(cells.clone(), MOST_GETS - of_space.keys.len() - keys.len() + 1);
            keys.extend(cells.clone().map(|number| item::key(media, item::page_key(number))));
            wanted.push(cells);
        }
        let of_index = Get { table: &self.table, keys, attributes: None, consistent: false };
        let mut items = self.database.get(&[of_space, of_index]).await?.into_iter();
        let (of_space, of_index) = (items.next().unwrap_or_default(), items.next().unwrap_or_default());
        let mut found = self.found(media, &of_index, &wanted)?;
        if let (Some(found), true) = (&mut found, others) {
            found.captions = beside::beside(&of_index)?.files;
            found.renditions = variants::named(media, &of_index);
        }
        Ok((of_space, found))
    }

    /// What these items are: all that there is of the head and of the pages of these cells.
    fn found(
        &self,
        media: &MediaKey,
        items: &[Arc<Item>],
        wanted: &[RangeInclusive<u32>],
    ) -> Result<Option<Found>, StoreError> {
        let Some(item) = items.iter().find(|item| is_head(item)) else { return Ok(None) };
        let (head, present) = item::head(item)?;
        let mut pages = IndexReader::new(self.clone(), media, item::of_pages(&head), (present, item.memory()));
        for cells in wanted.iter().filter(|cells| !cells.is_empty()) {
            pages.take(items, cells.clone());
        }
        Ok(Some(Found { head: Arc::new(head), pages, captions: Vec::new(), renditions: Vec::new() }))
    }

    /// The head as it is now.
    pub async fn stored(&self, media: &MediaKey) -> Result<Option<StoredHead>, StoreError> {
        Ok(self.look(media).await?.stored)
    }

    /// What is kept of the contents of a space whose names begin with `prefix`. Reads the whole table, one call for each megabyte of
    /// it, so it is for commands and not for requests. A name that no content can have is left out.
    pub async fn kept(&self, space: &SpaceId, prefix: &ContentPrefix) -> Result<BTreeMap<MediaKey, Kept>, StoreError> {
        let of_space = Condition::BeginsWith("media", format!("{space}/{prefix}"));
        let kinds = [HEAD, CONTENT].map(|page| Condition::Is("page", Value::text(page)));
        let only = Condition::All(vec![Condition::Any(kinds.into()), of_space]);
        let items =
            self.database.scan(&self.table, Some(&only), Some(&["media", "page", "etag", "format", "status"])).await?;
        let mut all: BTreeMap<MediaKey, Kept> = BTreeMap::new();
        for item in &items {
            if let Ok(media) = item::string(item, "media")?.parse() {
                all.entry(media).or_default().take(item)?;
            }
        }
        Ok(all)
    }

    /// What is kept of one file.
    pub async fn kept_of(&self, media: &MediaKey) -> Result<Kept, StoreError> {
        let keys = [HEAD, CONTENT].map(|page| item::key(media, page)).into();
        let mut kept = Kept::default();
        for item in self.get(keys, true).await? {
            kept.take(&item)?;
        }
        Ok(kept)
    }

    /// How the pages that are there go with this head. Reads all of them.
    pub async fn pages_of(&self, media: &MediaKey, stored: &StoredHead) -> Result<PagesOf, StoreError> {
        let of = Condition::Is("of", Value::text(item::of_pages(&stored.head)));
        let pages = self.database.count(&Query { only: Some(of), ..self.pages(media, 0..Cells::LIMIT) }).await?;
        Ok(PagesOf { whole: pages.matching == stored.cells.items(), others: pages.all > pages.matching })
    }

    /// Stores pages of the index of this version (ETag) of a file, on behalf of the event with this sequencer. They count only
    /// once its head is put.
    pub async fn put_pages(
        &self,
        media: &MediaKey,
        etag: &str,
        sequencer: &Sequencer,
        pages: Vec<PackedPage>,
    ) -> Result<(), StoreError> {
        if let Some(page) = pages.iter().find(|page| page.number >= Cells::LIMIT) {
            return Err(StoreError::dynamodb(format!("page {} is beyond the last that a file may have", page.number)));
        }
        let items = pages.iter().map(|page| item::of_page(media, etag, sequencer, page)).collect();
        self.database.put_all(&self.table, items).await
    }

    /// Puts the head, with the cells that have a page, unless one of a later sequencer is there. Says whether it was put.
    pub async fn put_head(&self, media: &MediaKey, head: &Head, cells: &Cells) -> Result<bool, StoreError> {
        let put = Write::new(&self.table, ItemChange::Put(item::of_head(media, head, cells)));
        let not_later = not_later(&Sequencer::new(&head.original.sequencer));
        self.database.write(vec![put.only_if(not_later)]).await
    }

    /// Removes the head, unless one of a later sequencer is there. Says whether there is none now.
    pub async fn remove_head(&self, media: &MediaKey, sequencer: &Sequencer) -> Result<bool, StoreError> {
        self.delete(item::key(media, HEAD), not_later(sequencer)).await
    }

    /// Removes the pages of other versions than `keep`, which has pages in these cells, or all pages if
    /// there is nothing to keep; not those that were written for a later event than this sequencer's. Says how many.
    ///
    /// If the cells have no gap, only pages behind them can be of another version, and only those are looked at.
    pub async fn remove_pages(
        &self,
        media: &MediaKey,
        sequencer: &Sequencer,
        keep: Option<(&str, &Cells)>,
    ) -> Result<usize, StoreError> {
        let first = match keep {
            Some((_, cells)) if cells.count() == u64::from(cells.end()) => cells.end(),
            _ => 0,
        };
        // No page is of the empty text.
        let keep = keep.map_or_else(String::new, |(etag, _)| item::of(etag));
        let other = Condition::IsNot("of", Value::text(keep));
        let strange = Condition::All(vec![other, Condition::AtMost("sequencer", sequencer.as_str().to_owned())]);
        let pages = self.pages(media, first..Cells::LIMIT);
        let query = Query { only: Some(strange.clone()), attributes: Some(&["media", "page"]), ..pages };
        let found = self.database.query(&query).await?;
        let keys = found.iter().filter_map(|item| self.table.key(item));
        let removals: Vec<_> = keys.map(|key| self.delete(key, strange.clone())).collect();
        let mut removals = stream::iter(removals).buffer_unordered(AT_ONCE);
        let mut removed = 0;
        while let Some(done) = removals.try_next().await? {
            removed += usize::from(done);
        }
        Ok(removed)
    }

    async fn delete(&self, key: PrimaryKey, condition: Condition) -> Result<bool, StoreError> {
        let delete = Write::new(&self.table, ItemChange::Delete(key));
        self.database.write(vec![delete.only_if(condition)]).await
    }

    async fn get(&self, keys: Vec<PrimaryKey>, consistent: bool) -> Result<Vec<Arc<Item>>, StoreError> {
        let get = Get { table: &self.table, keys, attributes: None, consistent };
        Ok(self.database.get(&[get]).await?.pop().unwrap_or_default())
    }

    /// Those of these pages (at most [`MOST_GETS`]) that exist.
    async fn get_pages(
        &self,
        media: &MediaKey,
        numbers: Vec<u32>,
        consistent: bool,
    ) -> Result<Vec<Arc<Item>>, StoreError> {
        let keys = numbers.into_iter().map(|number| item::key(media, item::page_key(number)));
        self.get(keys.collect(), consistent).await
    }

    /// The pages of a range of cells, as many calls as it takes at 1 MB each.
    async fn query_pages(
        &self,
        media: &MediaKey,
        cells: Range<u32>,
        consistent: bool,
    ) -> Result<Vec<Arc<Item>>, StoreError> {
        self.database.query(&Query { consistent, ..self.pages(media, cells) }).await
    }

    /// The pages of a range of cells, as they are now.
    fn pages(&self, media: &MediaKey, cells: Range<u32>) -> Query<'_> {
        Query {
            table: &self.table,
            partition: media.to_string(),
            sorts: item::page_key(cells.start)..=item::page_key(cells.end.saturating_sub(1)),
            only: None,
            attributes: None,
            consistent: true,
        }
    }
}

/// Those of the cells whose pages are asked for along with the head, if a batch has room for them.
fn asked(cells: RangeInclusive<u32>, room: usize) -> RangeInclusive<u32> {
    let last = cells.clone().take(room.saturating_sub(1)).take_while(|cell| *cell < Cells::LIMIT).last();
    last.map_or(RangeInclusive::new(1, 0), |last| *cells.start()..=last)
}

/// The keys of the head and of the pages of these cells.
fn keys(media: &MediaKey, cells: RangeInclusive<u32>) -> Vec<PrimaryKey> {
    let pages = cells.map(|number| item::key(media, item::page_key(number)));
    std::iter::once(item::key(media, HEAD)).chain(pages).collect()
}

fn is_head(item: &Item) -> bool {
    is_at(item, HEAD)
}

/// Whether an item has this sort key.
fn is_at(item: &Item, page: &str) -> bool {
    item.get("page").and_then(Value::as_text).is_some_and(|there| there == page)
}
