//! What lists say of contents. The table has one item for each content, with the partition key `{space}/{content}` and the sort key
//! `CONTENT`: the size, the date, the type, some properties, and the state of its index. No other item has the attributes `space` and
//! `content`, which are the keys of the secondary index `Contents`. So that index has these items alone, and lists a space in the
//! order of its names without asking S3 (*Amazon DynamoDB Developer Guide*, Take advantage of sparse indexes).
//!
//! It is not the head that says all this, because a head says what is served: the version before, until the new one is indexed. A list
//! says what is stored, from the moment that it is known.
//!
//! # Why it comes right in the end
//!
//! Events come at least once and in any order, and the REST API writes these items too, so that what was just stored is listed. So a
//! writer reads the item, then looks at the object, and replaces the item only if it is still as it was read (its `revision`); and
//! after its last write it looks at the object once more, and starts over if that is another by now. Whatever others do meanwhile,
//! the last writer has looked at the object after the last write. An object that changes after that has an event of its own.
//!
//! The state of the index follows the head: an indexer writes the item after its head, with the head's state. The REST API never
//! says that a content is indexed, unless the item of the same version says so already.
//!
//! A list may be behind by what a secondary index is behind, usually less than a second (*Amazon DynamoDB Developer Guide*, Data
//! synchronization between tables and Global Secondary Indexes).

use std::collections::BTreeMap;

use super::{IndexTable, item};
use crate::space::{ContentId, ContentPrefix, MediaKey, SpaceId};
use crate::store::database::{Condition, IndexQuery, Item, ItemChange, Value, Write};
use crate::store::tables::CONTENTS;
use crate::store::{Content, Md5, StoreError};
use reelspan_engine::index::{Head, Status};

/// The sort key of the item. It stands between those of checkpoints and of the head, so that one query reads all of them.
pub(super) const CONTENT: &str = "CONTENT";

/// The properties that lists and playlists need.
const PROPERTIES: [&str; 7] = ["title", "order", "description", "date", "creator", "language", RENDITIONS];

/// The property by which a content names its variants: names of contents, with commas between them.
pub(super) const RENDITIONS: &str = "renditions";

/// The most entries of one list.
const MOST: usize = 1000;

/// No name is longer in bytes: with its space and a slash it has at most 1024. A sort key has at most 1024 bytes too (*Amazon DynamoDB
/// Developer Guide*, Quotas), in a query as well.
const LONGEST: usize = 1020;

/// The state of a content's index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexStatus {
    /// Indexing has not begun.
    Waiting,
    /// An indexer has read about this many bytes.
    Running(u64),
    /// It is indexed.
    Ready {
        /// In seconds, as decimal digits.
        duration: String,
        /// The name of the container format.
        container: String,
    },
    /// It cannot be indexed, for this reason.
    Refused(String),
}

/// What a list says of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentEntry {
    /// Its name within the space.
    pub content: ContentId,
    /// Its version, with quotation marks.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// Seconds since 1970.
    pub modified: i64,
    /// As it was stored.
    pub content_type: Option<String>,
    /// The MD5 of its bytes, if it is known.
    pub md5: Option<Md5>,
    /// Those of its properties that lists need.
    pub properties: BTreeMap<String, String>,
    /// The state of its index.
    pub status: IndexStatus,
}

/// An entry as a writer found it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredEntry {
    /// The entry, if there is one that this program can read.
    pub entry: Option<ContentEntry>,
    /// Which write made it; `None` if there is no item.
    revision: Option<u64>,
}

/// Some entries, in the order of the UTF-8 bytes of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentEntries {
    /// The entries.
    pub entries: Vec<ContentEntry>,
    /// More follow.
    pub more: bool,
}

impl ContentEntry {
    /// The entry of a content as it is now. Its index is what the head says, if that is of the same version, and else what the entry
    /// before says, if that is; else it waits.
    #[must_use]
    pub fn of(media: &MediaKey, content: &Content, head: Option<&Head>, before: Option<&Self>) -> Self {
        let etag = &content.object.etag;
        let head = head.filter(|head| head.original.etag == *etag);
        let before = before.filter(|before| before.etag == *etag);
        let status = match (head, before) {
            (Some(head), _) => IndexStatus::of(&head.status),
            (None, Some(before)) => before.status.clone(),
            (None, None) => IndexStatus::Waiting,
        };
        let property = |name: &&str| Some(((*name).to_owned(), content.properties.get(name)?.to_owned()));
        Self {
            content: media.content().clone(),
            etag: etag.clone(),
            size: content.object.size,
            modified: content.object.modified,
            content_type: content.object.content_type.clone(),
            md5: content.md5,
            properties: PROPERTIES.iter().filter_map(property).collect(),
            status,
        }
    }

    fn item(&self, media: &MediaKey, revision: u64) -> Item {
        let mut item = item::keyed(media, CONTENT);
        let mut put = |name: &'static str, value| item.insert(name, value);
        put(CONTENTS.partition, Value::text(media.space().as_str()));
        put(CONTENTS.sort, Value::text(media.content().as_str()));
        put("revision", Value::number(revision));
        put("etag", Value::text(&self.etag));
        put("size", Value::number(self.size));
        put("modified", Value::number(self.modified));
        if let Some(content_type) = &self.content_type {
            put("content_type", Value::text(content_type));
        }
        if let Some(md5) = self.md5 {
            put("md5", Value::text(md5.to_string()));
        }
        let properties = self.properties.iter().map(|(name, value)| (name.clone(), Value::text(value)));
        put("properties", Value::Map(properties.collect()));
        match &self.status {
            IndexStatus::Waiting => put("status", Value::text("waiting")),
            IndexStatus::Running(offset) => {
                put("status", Value::text("running"));
                put("offset", Value::number(*offset));
            }
            IndexStatus::Ready { duration, container } => {
                put("status", Value::text("ready"));
                put("duration", Value::text(duration));
                put("container", Value::text(container));
            }
            IndexStatus::Refused(reason) => {
                put("status", Value::text("refused"));
                put("reason", Value::text(reason));
            }
        }
        item
    }

    fn of_item(item: &Item) -> Result<Self, StoreError> {
        let text = |name| item::string(item, name).map(str::to_owned);
        let status = match item::string(item, "status")? {
            "ready" => IndexStatus::Ready { duration: text("duration")?, container: text("container")? },
            "refused" => IndexStatus::Refused(text("reason")?),
            "running" => IndexStatus::Running(item::integer(item, "offset")?),
            _ => IndexStatus::Waiting,
        };
        let properties = item.get("properties").and_then(Value::as_map).map(Item::iter).into_iter().flatten();
        Ok(Self {
            content: ContentId::parse(item::string(item, CONTENTS.sort)?).map_err(StoreError::dynamodb)?,
            etag: text("etag")?,
            size: item::integer(item, "size")?,
            modified: item::integer(item, "modified")?,
            content_type: text("content_type").ok(),
            md5: text("md5").ok().as_deref().and_then(Md5::parse),
            properties: properties
                .filter_map(|(name, value)| Some((name.to_owned(), value.as_text()?.to_owned())))
                .collect(),
            status,
        })
    }
}

impl IndexStatus {
    fn of(status: &Status) -> Self {
        match status {
            Status::Indexed(outline) => {
                Self::Ready { duration: outline.duration.to_string(), container: outline.container.name().to_owned() }
            }
            Status::Refused(reason) => Self::Refused(reason.clone()),
        }
    }
}

impl StoredEntry {
    /// What the item says.
    pub(super) fn of_item(item: &Item) -> Self {
        let entry = ContentEntry::of_item(item);
        if let Err(error) = &entry {
            tracing::warn!(media = item::string(item, "media").unwrap_or_default(), %error, "an entry cannot be read");
        }
        Self { entry: entry.ok(), revision: Some(item::integer(item, "revision").unwrap_or_default()) }
    }
}

impl IndexTable {
    /// The entry of a content, as it is now.
    pub async fn entry(&self, media: &MediaKey) -> Result<StoredEntry, StoreError> {
        let found = self.database().get_one(self.table(), item::key(media, CONTENT)).await?;
        Ok(found.map(|item| StoredEntry::of_item(&item)).unwrap_or_default())
    }

    /// Replaces the entry of a content, or removes it, if it is still as it was read; writes nothing if it says the same. Returns
    /// the entry that is there now; `None` if another writer has changed it.
    pub async fn put_entry(
        &self,
        media: &MediaKey,
        read: &StoredEntry,
        entry: Option<ContentEntry>,
    ) -> Result<Option<StoredEntry>, StoreError> {
        if read.entry == entry && (entry.is_some() || read.revision.is_none()) {
            return Ok(Some(read.clone()));
        }
        let revision = entry.is_some().then(|| read.revision.unwrap_or_default() + 1);
        let change = match (&entry, revision) {
            (Some(entry), Some(revision)) => ItemChange::Put(entry.item(media, revision)),
            _ => ItemChange::Delete(item::key(media, CONTENT)),
        };
        let unchanged = match read.revision {
            Some(revision) => Condition::Is("revision", Value::number(revision)),
            None => Condition::Missing("page"),
        };
        let write = Write::new(self.table(), change).only_if(unchanged);
        let done = self.database().write(vec![write]).await?;
        Ok(done.then_some(StoredEntry { entry, revision }))
    }

    /// Says in the entry of a content how many bytes of this version an indexer has read, if the entry is of this version and
    /// says that it waits or is being indexed.
    pub async fn put_progress(&self, media: &MediaKey, etag: &str, offset: u64) -> Result<(), StoreError> {
        let is = |name, text: &str| Condition::Is(name, Value::text(text));
        let unfinished = Condition::Any(vec![is("status", "waiting"), is("status", "running")]);
        let set = vec![("status", Some(Value::text("running"))), ("offset", Some(Value::number(offset)))];
        let update = Write::new(self.table(), ItemChange::Update(item::key(media, CONTENT), set));
        let condition = Condition::All(vec![is("etag", etag), unfinished]);
        self.database().write(vec![update.only_if(condition)]).await.map(drop)
    }

    /// At most `count` (and at most 1000) entries of a space whose names begin with `prefix` and come after `after`. Costs one call
    /// for each megabyte of entries, which is usually one.
    pub async fn contents(
        &self,
        space: &SpaceId,
        prefix: &ContentPrefix,
        after: Option<&ContentPrefix>,
        count: usize,
    ) -> Result<ContentEntries, StoreError> {
        let count = count.min(MOST);
        let after = after.map(ContentPrefix::as_str).unwrap_or_default();
        // No name has a control character: nothing stands between a name and itself with U+0000, which also stands before all names.
        let start = after.get(..after.floor_char_boundary(LONGEST)).unwrap_or_default();
        let first = format!("{start}\0").max(prefix.as_str().to_owned());
        let last = behind(prefix.as_str());
        if first >= last || prefix.as_str().len() > LONGEST {
            return Ok(ContentEntries::default());
        }
        let query = IndexQuery {
            table: self.table(),
            index: CONTENTS,
            partition: space.to_string(),
            sorts: first..=last,
            // One more, to know whether more follow, and one that may be the limit itself.
            most: count + 2,
        };
        let items = self.database().list(&query).await?;
        let entries = items.iter().map(|item| ContentEntry::of_item(item)).collect::<Result<Vec<_>, _>>()?;
        let is_wanted = |name: &str| name.starts_with(prefix.as_str()) && (after.is_empty() || name > after);
        let mut entries: Vec<_> = entries.into_iter().filter(|entry| is_wanted(entry.content.as_str())).collect();
        let more = entries.len() > count;
        entries.truncate(count);
        Ok(ContentEntries { entries, more })
    }
}

/// A text that stands behind all that begin with this one, in the order of UTF-8 bytes: its last character, if there is a next one,
/// replaced by that.
fn behind(prefix: &str) -> String {
    const LAST: char = char::MAX;
    let mut letters: Vec<char> = prefix.chars().collect();
    while let Some(letter) = letters.pop() {
        // Behind U+D7FF come the surrogates, which are no characters.
        let next = if letter == '\u{d7ff}' { Some('\u{e000}') } else { char::from_u32(u32::from(letter) + 1) };
        if let Some(next) = next {
            letters.push(next);
            return letters.into_iter().collect();
        }
    }
    // Longer than any name that consists of the last character alone.
    LAST.to_string().repeat(256)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_stands_behind_a_prefix_is_behind_all_that_begins_with_it() {
        for prefix in ["a", "a/", "z\u{7f}", "\u{7ff}", "\u{d7ff}", "a\u{10ffff}", "\u{10ffff}", ""] {
            let end = behind(prefix);
            for rest in ["", "\0", "a", "\u{10ffff}\u{10ffff}"] {
                assert!(format!("{prefix}{rest}") < end, "{prefix:?} {rest:?}");
            }
            assert!(!end.starts_with(prefix) || prefix.is_empty() || prefix == "\u{10ffff}", "{prefix:?}");
        }
    }

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let media: MediaKey = "films/a b/ü.mp4".parse().unwrap();
        let ready = IndexStatus::Ready { duration: "10.25".to_owned(), container: "mp4".to_owned() };
        for status in [IndexStatus::Waiting, IndexStatus::Running(7), ready, IndexStatus::Refused("text".to_owned())] {
            for full in [true, false] {
                let entry = ContentEntry {
                    content: media.content().clone(),
                    etag: "\"1\"".to_owned(),
                    size: u64::MAX,
                    modified: -1,
                    content_type: full.then(|| "video/mp4".to_owned()),
                    md5: Md5::parse("b1946ac92492d2347c6235b4d2611184").filter(|_| full),
                    properties: full.then(|| ("title".to_owned(), "Ü".to_owned())).into_iter().collect(),
                    status: status.clone(),
                };
                let stored = StoredEntry::of_item(&entry.item(&media, 3));
                assert_eq!(stored, StoredEntry { entry: Some(entry), revision: Some(3) });
            }
        }
        let damaged = Item::from([("revision", Value::number(4))]);
        assert_eq!(StoredEntry::of_item(&damaged), StoredEntry { entry: None, revision: Some(4) });
    }
}
