//! Tables of items: what the index, the spaces and the users need of a database. DynamoDB is one
//! ([`DynamoDb`](super::DynamoDb)), and SQLite on one machine is another.
//!
//! An item is found by its partition key, and by its sort key if its table has one; both are strings. A write may have a condition
//! on the item that it replaces, and counts only if the condition holds at that moment. Several writes in one call are done all
//! together, or none of them.

mod condition;
mod item;

use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;

pub use self::condition::Condition;
pub use self::item::{Item, Value};
use super::StoreError;

/// The most keys of one [`Database::get`]: those of a `BatchGetItem` of DynamoDB.
pub const MOST_GETS: usize = 100;

/// A table: its name, and the names of the attributes that are its keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableName {
    /// What the database calls it.
    pub name: Arc<str>,
    /// The attribute of the partition key.
    pub partition: &'static str,
    /// The attribute of the sort key, if the table has one.
    pub sort: Option<&'static str>,
    /// Its secondary index, if it has one.
    pub index: Option<SecondaryIndex>,
}

/// A secondary index of a table: it has the items that have both of its attributes, ordered by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecondaryIndex {
    /// What the database calls it.
    pub name: &'static str,
    /// The attribute of the partition key.
    pub partition: &'static str,
    /// The attribute of the sort key.
    pub sort: &'static str,
}

/// The primary key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PrimaryKey {
    /// The partition key.
    pub partition: String,
    /// The sort key, if the table has one.
    pub sort: Option<String>,
}

/// Items to be read.
#[derive(Clone, Debug)]
pub struct Get<'a> {
    /// Their table.
    pub table: &'a TableName,
    /// Their keys.
    pub keys: Vec<PrimaryKey>,
    /// Only these attributes are needed; others may come along.
    pub attributes: Option<&'static [&'static str]>,
    /// Every earlier write counts. If it is not set, an answer may be a moment old.
    pub consistent: bool,
}

/// Items of one partition, by their sort keys.
#[derive(Clone, Debug)]
pub struct Query<'a> {
    /// Their table, which has a sort key.
    pub table: &'a TableName,
    /// The partition key.
    pub partition: String,
    /// The sort keys.
    pub sorts: RangeInclusive<String>,
    /// Only the items for which this holds.
    pub only: Option<Condition>,
    /// Only these attributes are needed; others may come along.
    pub attributes: Option<&'static [&'static str]>,
    /// Every earlier write counts.
    pub consistent: bool,
}

/// Items of one partition of a secondary index, in the order of their sort keys. An answer may be a moment old.
#[derive(Clone, Debug)]
pub struct IndexQuery<'a> {
    /// Their table.
    pub table: &'a TableName,
    /// Its index.
    pub index: SecondaryIndex,
    /// The partition key in the index.
    pub partition: String,
    /// The sort keys in the index.
    pub sorts: RangeInclusive<String>,
    /// How many items at most: the first of them.
    pub most: usize,
}

/// The number of items of a [`Query`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ItemCount {
    /// Those for which its condition holds.
    pub matching: u64,
    /// All of them.
    pub all: u64,
}

/// A change of one item.
#[derive(Clone, Debug)]
pub enum ItemChange {
    /// Puts an item, in place of the one with the same key.
    Put(Item),
    /// Deletes an item, if it exists.
    Delete(PrimaryKey),
    /// Sets attributes of an item, or removes those without a value. The condition has to require that the item exists.
    Update(PrimaryKey, Vec<(&'static str, Option<Value>)>),
    /// Changes nothing: only the condition counts.
    Check(PrimaryKey),
}

/// A conditional change of one item.
#[derive(Clone, Debug)]
pub struct Write<'a> {
    /// The table of the item.
    pub table: &'a TableName,
    /// What is done.
    pub change: ItemChange,
    /// What has to hold of the item as it is.
    pub only_if: Option<Condition>,
}

/// A database.
#[async_trait]
pub trait Database: fmt::Debug + Send + Sync {
    /// How many calls were sent to another machine so far, including retries.
    fn calls(&self) -> u64 {
        0
    }

    /// The existing items of those with these keys, at most [`MOST_GETS`] in all, in one round trip. One list for each `Get`, in no
    /// particular order.
    async fn get(&self, wanted: &[Get<'_>]) -> Result<Vec<Vec<Arc<Item>>>, StoreError>;

    /// The item with this key, as it is now.
    async fn get_one(&self, table: &TableName, key: PrimaryKey) -> Result<Option<Arc<Item>>, StoreError> {
        let found = self.get(&[Get::whole(table, vec![key])]).await?;
        Ok(found.into_iter().flatten().next())
    }

    /// The items of a partition, in the order of their sort keys.
    async fn query(&self, query: &Query<'_>) -> Result<Vec<Arc<Item>>, StoreError>;

    /// Items of a partition of a secondary index, in the order of their sort keys there.
    async fn list(&self, query: &IndexQuery<'_>) -> Result<Vec<Arc<Item>>, StoreError>;

    /// The number of items of a partition.
    async fn count(&self, query: &Query<'_>) -> Result<ItemCount, StoreError>;

    /// All items of a table for which a condition holds, in no particular order. Reads the whole table.
    async fn scan(
        &self,
        table: &TableName,
        only: Option<&Condition>,
        attributes: Option<&'static [&'static str]>,
    ) -> Result<Vec<Arc<Item>>, StoreError>;

    /// Puts items, whatever is there, each for itself: if it fails, some may have been put.
    async fn put_all(&self, table: &TableName, items: Vec<Item>) -> Result<(), StoreError>;

    /// Makes changes, all together or none; `false` if a condition does not hold, or another writer changes the same items right
    /// now.
    async fn write(&self, writes: Vec<Write<'_>>) -> Result<bool, StoreError>;
}

impl TableName {
    /// A table with these attributes as keys.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, partition: &'static str, sort: Option<&'static str>) -> Self {
        Self { name: name.into(), partition, sort, index: None }
    }

    /// The same table with a secondary index.
    #[must_use]
    pub fn with_index(self, index: Option<SecondaryIndex>) -> Self {
        Self { index, ..self }
    }

    /// The key of an item of this table; `None` if an attribute is missing or not a string.
    #[must_use]
    pub fn key(&self, item: &Item) -> Option<PrimaryKey> {
        let text = |name: &str| item.get(name).and_then(Value::as_text).map(str::to_owned);
        let sort = match self.sort {
            Some(sort) => Some(text(sort)?),
            None => None,
        };
        Some(PrimaryKey { partition: text(self.partition)?, sort })
    }
}

impl PrimaryKey {
    /// The key of an item of a table without a sort key.
    pub fn new(partition: impl Into<String>) -> Self {
        Self { partition: partition.into(), sort: None }
    }

    /// The key of an item of a table with a sort key.
    pub fn sorted(partition: impl Into<String>, sort: impl Into<String>) -> Self {
        Self { partition: partition.into(), sort: Some(sort.into()) }
    }
}

impl<'a> Get<'a> {
    /// Whole items with these keys, as they are now.
    #[must_use]
    pub const fn whole(table: &'a TableName, keys: Vec<PrimaryKey>) -> Self {
        Self { table, keys, attributes: None, consistent: true }
    }
}

impl<'a> Write<'a> {
    /// A change without a condition.
    #[must_use]
    pub const fn new(table: &'a TableName, change: ItemChange) -> Self {
        Self { table, change, only_if: None }
    }

    /// The same change on a condition.
    #[must_use]
    pub fn only_if(self, condition: Condition) -> Self {
        Self { only_if: Some(condition), ..self }
    }
}
