//! The checkpoint of an indexer that goes on in another invocation. Beside the head and not in it, since a head says what is
//! served, and that is the version before until this one is whole: no reader sees any of this.
//!
//! An ordinary one is a single item, which is there or not. One that is larger than an item may be has further parts, which are
//! put before the first, as pages are before their head; whatever two writers leave between each other has another hash than it
//! says ([`Checkpoint::unpack`]), and is none.

use std::sync::Arc;

use super::contents::CONTENT;
use super::{Cells, IndexTable, Sequencer, StoredEntry, StoredHead, is_at, is_head, item, not_later};
use crate::space::MediaKey;
use crate::store::StoreError;
use crate::store::database::{Item, ItemChange, Query, Value, Write};
use reelspan_engine::container::Checkpoint;

/// The sort key of a part begins with this, which is before all heads.
pub(super) const CHECK: &str = "CHECK";

/// Bytes of a part: an item holds 400 KB, and the first part has a cell's bit for each page too.
const PART: usize = 350 << 10;

/// What an indexer has left that was not finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Which version it is of (format and ETag).
    of: String,
    /// Of the event on whose behalf it was, or of a later one.
    pub sequencer: Sequencer,
    /// The cells that have a page so far.
    pub cells: Cells,
    /// How far it has come; `None` where that cannot be read, or another program has written it.
    pub checkpoint: Option<Checkpoint>,
    /// The sort keys of all its parts.
    keys: Vec<String>,
}

/// What an indexer finds of a content before it begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundContent {
    /// The head.
    pub stored: Option<StoredHead>,
    /// What an indexer has left that was not finished.
    pub unfinished: Option<Unfinished>,
    /// What lists say of it.
    pub entry: StoredEntry,
}

impl Unfinished {
    /// Of the parts that were found, in their order; `None` where there are none.
    pub(super) fn of_items(items: &[Arc<Item>]) -> Option<Self> {
        let first = items.first()?;
        let of = item::string(first, "of").unwrap_or_default().to_owned();
        // A larger checkpoint before may have had more parts.
        let pieces = item::integer(first, "pieces").unwrap_or(0);
        let state = items.iter().take(pieces).filter_map(|item| item::bytes(item, "state").ok());
        let state: Vec<u8> = state.flatten().copied().collect();
        Some(Self {
            of,
            sequencer: Sequencer::new(item::string(first, "sequencer").unwrap_or_default()),
            cells: item::cells(first).unwrap_or_default(),
            checkpoint: Checkpoint::unpack(&state),
            keys: items.iter().filter_map(|item| item::string(item, "page").ok().map(str::to_owned)).collect(),
        })
    }

    /// Whether it is of this version, and can be gone on from.
    #[must_use]
    pub fn is_of(&self, etag: &str) -> bool {
        self.of == item::of(etag) && self.checkpoint.is_some()
    }
}

impl IndexTable {
    /// Keeps how far an indexer has come with this version (ETag) of a file, whose pages of these cells are stored, on behalf of
    /// the event with this sequencer; unless there is a checkpoint of a later one. Says whether it is kept.
    pub async fn put_checkpoint(
        &self,
        media: &MediaKey,
        etag: &str,
        sequencer: &Sequencer,
        cells: &Cells,
        checkpoint: &Checkpoint,
    ) -> Result<bool, StoreError> {
        let packed = checkpoint.pack();
        let parts = packed.chunks(PART).enumerate().map(|(place, part)| {
            let mut item = item::keyed(media, format!("{CHECK}{place:03}"));
            item.insert("of", Value::text(item::of(etag)));
            item.insert("sequencer", Value::text(sequencer.as_str()));
            item.insert("state", Value::binary(part));
            item
        });
        let mut parts: Vec<Item> = parts.collect();
        let count = parts.len();
        let further = parts.split_off(1.min(count));
        self.database.put_all(&self.table, further).await?;
        let Some(mut first) = parts.pop() else { return Ok(false) };
        first.insert("pieces", Value::Number(i128::try_from(count).unwrap_or_default()));
        first.insert("offset", Value::number(checkpoint.offset()));
        first.insert("cells", Value::binary(cells.pack()));
        first.insert("parts", Value::number(cells.parts()));
        let put = Write::new(&self.table, ItemChange::Put(first));
        self.database.write(vec![put.only_if(not_later(sequencer))]).await
    }

    /// Removes what was left, but for what is of a later event than this sequencer's.
    pub async fn remove_unfinished(
        &self,
        media: &MediaKey,
        sequencer: &Sequencer,
        unfinished: &Unfinished,
    ) -> Result<(), StoreError> {
        for key in &unfinished.keys {
            self.delete(item::key(media, key), not_later(sequencer)).await?;
        }
        Ok(())
    }

    /// The head and the entry as they are now, and what an indexer has left, for an indexer that is about to begin.
    pub async fn look(&self, media: &MediaKey) -> Result<FoundContent, StoreError> {
        let sorts = CHECK.to_owned()..=item::HEAD.to_owned();
        let mut items = self.database.query(&Query { sorts, ..self.pages(media, 0..0) }).await?;
        let head = items.pop_if(|item| is_head(item));
        let stored = head.map(|item| item::head(&item)).transpose()?;
        let stored = stored.map(|(head, cells)| StoredHead { head, cells });
        let entry = items.pop_if(|item| is_at(item, CONTENT));
        let entry = entry.map(|item| StoredEntry::of_item(&item)).unwrap_or_default();
        Ok(FoundContent { stored, unfinished: Unfinished::of_items(&items), entry })
    }
}
