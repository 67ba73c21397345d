//! Items by key: from memory if they are there and up to date, else from the file.

use std::sync::Arc;

use reelspan::store::{Item, PrimaryKey, StoreError};
use rusqlite::{Connection, OptionalExtension};

use super::{cache::Cache, failed, unpack};

/// A connection that only reads, and what it has read.
#[derive(Debug)]
pub struct TableReader {
    connection: Connection,
    cache: Cache,
    /// The name of the entry that is looked for, so that none is allocated.
    name: String,
    /// SQLite's number of the data, which is another one after every transaction of another connection.
    version: i64,
    /// The generation of the file that the cache is of.
    generation: i64,
}

impl TableReader {
    /// Reads by this connection, with a cache of at most this many bytes.
    pub fn new(connection: Connection, cached: usize) -> Result<Self, rusqlite::Error> {
        let (cache, name) = (Cache::new(cached), String::new());
        let mut reader = Self { connection, cache, name, version: 0, generation: -1 };
        reader.refresh()?;
        Ok(reader)
    }

    /// Empties the cache if another process has changed the file.
    pub fn refresh(&mut self) -> Result<(), rusqlite::Error> {
        let number = |query: &str| self.connection.prepare_cached(query)?.query_row([], |row| row.get::<_, i64>(0));
        let version = number("PRAGMA data_version")?;
        if version == self.version {
            return Ok(());
        }
        // This process counts its own changes.
        let generation = number("SELECT number FROM generation")?;
        if generation != self.generation {
            self.cache.clear();
        }
        (self.version, self.generation) = (version, generation);
        Ok(())
    }

    /// Notes a change that this process has made: these items, and the generation that began with it.
    pub fn changed(&mut self, keys: &[(Arc<str>, PrimaryKey)], generation: i64) {
        if generation == self.generation + 1 {
            for (table, key) in keys {
                self.cache.remove(name(&mut self.name, table, key));
            }
        } else {
            self.cache.clear();
        }
        self.generation = generation;
    }

    /// The item with this key, if it exists.
    pub fn item(&mut self, table: &str, key: &PrimaryKey) -> Result<Option<Arc<Item>>, StoreError> {
        let name = name(&mut self.name, table, key);
        if let Some(cached) = self.cache.get(name) {
            return Ok(cached.clone());
        }
        let select = "SELECT attributes FROM item WHERE tab = ?1 AND partition = ?2 AND sort = ?3";
        let mut select = self.connection.prepare_cached(select).map_err(failed)?;
        let row = [table, key.partition.as_str(), key.sort.as_deref().unwrap_or_default()];
        let found = select.query_row(row, |row| Ok(unpack(row.get_ref(0)?.as_blob()?))).optional();
        let item = found.map_err(failed)?.transpose()?.map(Arc::new);
        self.cache.insert(name, item.clone());
        Ok(item)
    }
}

/// The name of an item's entry.
fn name<'a>(buffer: &'a mut String, table: &str, key: &PrimaryKey) -> &'a str {
    buffer.clear();
    for part in [table, key.partition.as_str(), key.sort.as_deref().unwrap_or_default()] {
        buffer.push_str(part);
        // No name of a table or of a media has a control character.
        buffer.push('\0');
    }
    buffer
}
