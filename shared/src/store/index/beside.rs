//! Which files of captions stand beside contents: `talk.en.vtt` beside `talk.mp4`. They are found by the stem that their names
//! share, with one look, whichever was stored first. So the table has one item for each stem that has such files, with the
//! partition key `{space}/{stem}` and the sort key `CAPTIONS`.
//!
//! The item says what the bucket has, and events come at least once and in any order. So an indexer that an event leads to such a
//! file reads the item, then looks at the object, and replaces the item only if it still says what was read; and then it does the
//! same again, until there is nothing to change. Whatever another indexer does meanwhile, the last of them has looked at the object
//! after the last change of the item.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{IndexTable, item};
use crate::space::{ContentId, MediaKey};
use crate::store::StoreError;
use crate::store::database::{Condition, Item, ItemChange, PrimaryKey, Value, Write};
use reelspan_engine::caption::{SidecarFile, stem};

/// The sort key of the item.
pub(super) const CAPTIONS: &str = "CAPTIONS";

/// The most files of a stem: those of a film in every official language of the United Nations and the European Union, in two
/// kinds each.
pub const MOST_FILES: usize = 64;

/// A file of captions, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptionFile {
    /// What its name says.
    #[serde(flatten)]
    pub file: SidecarFile,
    /// Its version, with quotation marks.
    pub etag: String,
    /// Its size in bytes.
    pub size: u64,
}

/// The files of captions of one stem.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StemSidecars {
    /// The files, in the order of their names.
    pub files: Vec<CaptionFile>,
    /// What the item says, as it is stored; `None` if there is none.
    written: Option<String>,
}

impl StemSidecars {
    /// Reads the item.
    pub(super) fn of_item(item: &Item) -> Result<Self, StoreError> {
        let written = item::string(item, "files")?;
        let files = serde_json::from_str(written).map_err(StoreError::dynamodb)?;
        Ok(Self { files, written: Some(written.to_owned()) })
    }
}

impl CaptionFile {
    /// The name of a file of captions: the key that names its stem, and what else it says; `None` for other contents.
    #[must_use]
    pub fn parse(media: &MediaKey) -> Option<(MediaKey, SidecarFile)> {
        let (stem, file) = SidecarFile::parse(media.content().as_str())?;
        Some((named(media, stem)?, file))
    }

    /// The file itself, beside this content.
    #[must_use]
    pub fn key(&self, media: &MediaKey) -> Option<MediaKey> {
        named(media, &self.file.file(stem(media.content().as_str())))
    }
}

/// The key that names the stem of a content; `None` if no content can have that name.
pub(super) fn stem_of(media: &MediaKey) -> Option<MediaKey> {
    named(media, stem(media.content().as_str()))
}

/// A name in the same space.
fn named(media: &MediaKey, name: &str) -> Option<MediaKey> {
    MediaKey::new(media.space().clone(), ContentId::parse(name).ok()?).ok()
}

/// What items say of files beside a content.
pub(super) fn beside(items: &[Arc<Item>]) -> Result<StemSidecars, StoreError> {
    let found = items.iter().find(|item| item.get("page").and_then(Value::as_text) == Some(CAPTIONS));
    found.map_or_else(|| Ok(StemSidecars::default()), |item| StemSidecars::of_item(item))
}

impl IndexTable {
    /// The files of captions of this stem, as they are now.
    pub async fn beside(&self, stem: &MediaKey) -> Result<StemSidecars, StoreError> {
        let found = self.database().get_one(self.table(), key(stem)).await?;
        found.map_or_else(|| Ok(StemSidecars::default()), |item| StemSidecars::of_item(&item))
    }

    /// Replaces the files of captions of this stem, if they are still as they were read. Says whether they were replaced.
    pub async fn put_beside(
        &self,
        stem: &MediaKey,
        read: &StemSidecars,
        files: &[CaptionFile],
    ) -> Result<bool, StoreError> {
        let change = if files.is_empty() {
            ItemChange::Delete(key(stem))
        } else {
            let mut item = item::keyed(stem, CAPTIONS);
            item.insert("files", Value::text(serde_json::to_string(files).map_err(StoreError::dynamodb)?));
            ItemChange::Put(item)
        };
        let unchanged = match &read.written {
            Some(written) => Condition::Is("files", Value::text(written)),
            None => Condition::Missing("page"),
        };
        self.database().write(vec![Write::new(self.table(), change).only_if(unchanged)]).await
    }
}

/// The key of the item.
pub(super) fn key(stem: &MediaKey) -> PrimaryKey {
    item::key(stem, CAPTIONS)
}
