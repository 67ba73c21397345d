//! The checkpoint of an indexer that goes on in another invocation. Beside the head and not in it, since a head says what is
//! served, and that is the version before until this one is whole: no reader sees any of this.
//!
//! An ordinary one is a single item, which is there or not. One that is larger than an item may be has further parts, which are
//! put before the first, as pages are before their head; whatever two writers leave between each other has another hash than it
//! says ([`Checkpoint::unpack`]), and is none.

use super::item::{self, Item, binary, number, text};
use super::{Cells, IndexTable, NOT_LATER, Sequencer, Stored, batch, done, is_head};
use crate::space::MediaKey;
use crate::store::Error;
use crate::store::of_dynamodb;
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

impl Unfinished {
    /// Of the parts that were found, in their order; `None` where there are none.
    pub(super) fn of_items(items: &[Item]) -> Option<Self> {
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
    ) -> Result<bool, Error> {
        let packed = checkpoint.pack();
        let parts = packed.chunks(PART).enumerate().map(|(place, part)| {
            let mut item = item::key(media, format!("{CHECK}{place:03}"));
            item.insert("of".to_owned(), text(item::of(etag)));
            item.insert("sequencer".to_owned(), text(sequencer.as_str()));
            item.insert("state".to_owned(), binary(part));
            item
        });
        let mut parts: Vec<Item> = parts.collect();
        let count = parts.len();
        let further = parts.split_off(1.min(count));
        for parts in further.chunks(batch::WRITES) {
            batch::put(&self.client, &self.table, parts.to_vec()).await?;
        }
        let Some(mut first) = parts.pop() else { return Ok(false) };
        first.insert("pieces".to_owned(), number(count));
        first.insert("offset".to_owned(), number(checkpoint.offset()));
        first.insert("cells".to_owned(), binary(cells.pack()));
        first.insert("parts".to_owned(), number(cells.parts()));
        let request = self.client.put_item().table_name(&self.table).set_item(Some(first));
        let request = request
            .condition_expression(NOT_LATER)
            .expression_attribute_names("#page", "page")
            .expression_attribute_names("#sequencer", "sequencer")
            .expression_attribute_values(":sequencer", text(sequencer.as_str()));
        done(request.send().await)
    }

    /// Removes what was left, but for what is of a later event than this sequencer's.
    pub async fn remove_unfinished(
        &self,
        media: &MediaKey,
        sequencer: &Sequencer,
        unfinished: &Unfinished,
    ) -> Result<(), Error> {
        for key in &unfinished.keys {
            let request = self.client.delete_item().table_name(&self.table).set_key(Some(item::key(media, key)));
            let request = request
                .condition_expression(NOT_LATER)
                .expression_attribute_names("#page", "page")
                .expression_attribute_names("#sequencer", "sequencer")
                .expression_attribute_values(":sequencer", text(sequencer.as_str()));
            done(request.send().await)?;
        }
        Ok(())
    }

    /// The head as it is now, and what an indexer has left, for whoever is about to index a file.
    pub async fn look(&self, media: &MediaKey) -> Result<(Option<Stored>, Option<Unfinished>), Error> {
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let query = query
            .key_condition_expression("#media = :media AND #page BETWEEN :first AND :last")
            .expression_attribute_names("#media", "media")
            .expression_attribute_names("#page", "page")
            .expression_attribute_values(":media", text(media.to_string()))
            .expression_attribute_values(":first", text(CHECK))
            .expression_attribute_values(":last", text(item::HEAD));
        let mut found = query.into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = found.next().await {
            items.push(item.map_err(|error| of_dynamodb(&error))?);
        }
        let head = items.pop_if(|item| is_head(item));
        let stored = head.as_ref().map(item::head).transpose()?;
        Ok((stored.map(|(head, cells)| Stored { head, cells }), Unfinished::of_items(&items)))
    }
}
