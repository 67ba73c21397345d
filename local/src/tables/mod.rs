//! The tables of one machine: one SQLite file, used directly. Other processes may have it open too, such as `reelspan user`.
//!
//! Items that are looked up stay in memory, up to `CACHED` bytes. What is cached is never out of date: a write of this process
//! takes its items out before the next read, and a write of another process changes the number of the file's generation, which
//! every read compares, so that nothing of before is used.
//!
//! A write does not wait for the disk (write-ahead log, `synchronous = NORMAL`): a crash of the machine may lose the last writes,
//! but a crash of the process loses none. Reads by key take a few microseconds, and run on the calling thread; everything else runs
//! on a thread that may block.

mod cache;
mod earlier;
mod reader;

use std::{
    fs::{OpenOptions, Permissions},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use reelspan::store::{
    Condition, Database, Get, IndexQuery, Item, ItemChange, ItemCount, PrimaryKey, Query, StoreError, TableName, Value,
    Write,
};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use self::reader::TableReader;
use crate::data::DataFolder;

/// How many bytes of items are cached: the heads and pages of some hundred hours that are being watched.
const CACHED: usize = 16 << 20;

/// How long a write waits for a transaction of another process.
const PATIENCE: Duration = Duration::from_secs(10);

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE IF NOT EXISTS item (
        tab TEXT NOT NULL, partition TEXT NOT NULL, sort TEXT NOT NULL, attributes BLOB NOT NULL,
        index_partition TEXT, index_sort TEXT, PRIMARY KEY (tab, partition, sort));
    CREATE TABLE IF NOT EXISTS generation (number INTEGER NOT NULL);
    INSERT INTO generation SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM generation);
";

/// The keys of a secondary index, in a file of before there were any.
const INDEX_KEYS: &str =
    "ALTER TABLE item ADD COLUMN index_partition TEXT; ALTER TABLE item ADD COLUMN index_sort TEXT";

/// The secondary index: it has the items that have its keys.
const INDEX: &str = "
    CREATE INDEX IF NOT EXISTS item_index ON item (tab, index_partition, index_sort) WHERE index_partition IS NOT NULL";

/// The version of what the items say. In a file of an earlier one, contents have no entry in the list of their space.
const VERSION: u32 = 1;

const PUT: &str = "INSERT OR REPLACE INTO item (tab, partition, sort, attributes, index_partition, index_sort)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// The tables of a data folder. Clones share them.
#[derive(Clone)]
pub struct Tables(Arc<SharedTables>);

struct SharedTables {
    /// Looks items up by key.
    reader: Mutex<TableReader>,
    /// Reads many items at a time.
    scanner: Mutex<Connection>,
    writer: Mutex<Connection>,
}

impl Tables {
    /// Opens the tables of a data folder, or creates them. Takes over what an earlier version of the program has left.
    pub fn open(data: &DataFolder) -> Result<Self, crate::CommandError> {
        let path = data.tables();
        let about = || path.display().to_string();
        // The file holds password hashes. SQLite creates its other files with the same permissions.
        let mut private = OpenOptions::new();
        let opened =
            private.create(true).append(true).mode(0o600).open(&path).map_err(crate::CommandError::failed(about()))?;
        // An older file may be open to others. If it belongs to another user, its permissions are left alone.
        let _ = opened.set_permissions(Permissions::from_mode(0o600));
        // SQLite's locks belong to the process, and end when it closes any descriptor of the file: close this one first.
        drop(opened);
        let mut writer = connection(&path).map_err(crate::CommandError::failed(about()))?;
        writer.execute_batch(SCHEMA).map_err(crate::CommandError::failed(about()))?;
        if !has_index_keys(&writer).map_err(crate::CommandError::failed(about()))? {
            writer.execute_batch(INDEX_KEYS).map_err(crate::CommandError::failed(about()))?;
        }
        writer.execute_batch(INDEX).map_err(crate::CommandError::failed(about()))?;
        earlier::take_over(data, &mut writer)?;
        let inner = || {
            let reader = Mutex::new(TableReader::new(connection(&path)?, CACHED)?);
            Ok(SharedTables { reader, scanner: Mutex::new(connection(&path)?), writer: Mutex::new(writer) })
        };
        Ok(Self(Arc::new(inner().map_err(|error: rusqlite::Error| crate::CommandError::failed(about())(error))?)))
    }

    /// Whether an earlier version of the program wrote what the tables say, so that contents may lack their entries.
    pub fn is_earlier(&self) -> Result<bool, StoreError> {
        let version: u32 =
            locked(&self.0.writer).query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
        Ok(version < VERSION)
    }

    /// Notes that the tables say all that this version of the program writes.
    pub fn set_current(&self) -> Result<(), StoreError> {
        locked(&self.0.writer).pragma_update(None, "user_version", VERSION).map_err(failed)
    }

    /// Does something with a connection, on a thread that may block.
    async fn blocking<T: Send + 'static>(
        &self,
        act: impl FnOnce(&SharedTables) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || act(&inner)).await.map_err(failed)?
    }
}

impl std::fmt::Debug for Tables {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Tables").finish_non_exhaustive()
    }
}

#[async_trait]
impl Database for Tables {
    async fn get(&self, wanted: &[Get<'_>]) -> Result<Vec<Vec<Arc<Item>>>, StoreError> {
        let mut reader = locked(&self.0.reader);
        reader.refresh().map_err(failed)?;
        let found = wanted.iter().map(|get| {
            let items = get.keys.iter().filter_map(|key| reader.item(&get.table.name, key).transpose());
            items.collect::<Result<Vec<_>, _>>()
        });
        found.collect()
    }

    async fn query(&self, query: &Query<'_>) -> Result<Vec<Arc<Item>>, StoreError> {
        let only = query.only.clone();
        let (table, partition, sorts) = (Arc::clone(&query.table.name), query.partition.clone(), query.sorts.clone());
        self.blocking(move |inner| {
            let mut items = Vec::new();
            inner.each(&table, &partition, sorts.start(), sorts.end(), |item| {
                if only.as_ref().is_none_or(|only| only.holds(Some(&item))) {
                    items.push(Arc::new(item));
                }
            })?;
            Ok(items)
        })
        .await
    }

    async fn list(&self, query: &IndexQuery<'_>) -> Result<Vec<Arc<Item>>, StoreError> {
        let (table, partition, sorts) = (Arc::clone(&query.table.name), query.partition.clone(), query.sorts.clone());
        let most = query.most;
        self.blocking(move |inner| {
            let connection = locked(&inner.scanner);
            let rows = connection.prepare_cached(
                "SELECT attributes FROM item WHERE tab = ?1 AND index_partition = ?2 AND index_sort BETWEEN ?3 AND ?4
                 ORDER BY index_sort LIMIT ?5",
            );
            let mut rows = rows.map_err(failed)?;
            let mut rows = rows.query(params![&*table, partition, sorts.start(), sorts.end(), most]).map_err(failed)?;
            let mut items = Vec::new();
            while let Some(row) = rows.next().map_err(failed)? {
                items.push(Arc::new(unpack(row.get_ref(0).and_then(|blob| Ok(blob.as_blob()?)).map_err(failed)?)?));
            }
            Ok(items)
        })
        .await
    }

    async fn count(&self, query: &Query<'_>) -> Result<ItemCount, StoreError> {
        let only = query.only.clone();
        let (table, partition, sorts) = (Arc::clone(&query.table.name), query.partition.clone(), query.sorts.clone());
        self.blocking(move |inner| {
            let mut count = ItemCount::default();
            inner.each(&table, &partition, sorts.start(), sorts.end(), |item| {
                count.all += 1;
                count.matching += u64::from(only.as_ref().is_none_or(|only| only.holds(Some(&item))));
            })?;
            Ok(count)
        })
        .await
    }

    async fn scan(
        &self,
        table: &TableName,
        only: Option<&Condition>,
        _: Option<&'static [&'static str]>,
    ) -> Result<Vec<Arc<Item>>, StoreError> {
        let (table, only) = (Arc::clone(&table.name), only.cloned());
        self.blocking(move |inner| {
            let connection = locked(&inner.scanner);
            let rows = connection.prepare_cached("SELECT attributes FROM item WHERE tab = ?1");
            let mut rows = rows.map_err(failed)?;
            let mut rows = rows.query([&*table]).map_err(failed)?;
            let mut items = Vec::new();
            while let Some(row) = rows.next().map_err(failed)? {
                let item = unpack(row.get_ref(0).and_then(|blob| Ok(blob.as_blob()?)).map_err(failed)?)?;
                if only.as_ref().is_none_or(|only| only.holds(Some(&item))) {
                    items.push(Arc::new(item));
                }
            }
            Ok(items)
        })
        .await
    }

    async fn put_all(&self, table: &TableName, items: Vec<Item>) -> Result<(), StoreError> {
        let table = table.clone();
        self.blocking(move |inner| {
            let put = |transaction: &Transaction<'_>| {
                let mut keys = Vec::with_capacity(items.len());
                for item in &items {
                    keys.push((Arc::clone(&table.name), put(transaction, &table, item)?));
                }
                Ok(Some(keys))
            };
            inner.change(put).map(drop)
        })
        .await
    }

    async fn write(&self, writes: Vec<Write<'_>>) -> Result<bool, StoreError> {
        let writes: Vec<_> = writes.into_iter().map(|it| (it.table.clone(), it.change, it.only_if)).collect();
        self.blocking(move |inner| {
            inner.change(|transaction| {
                let mut keys = Vec::with_capacity(writes.len());
                for (table, change, only_if) in &writes {
                    match done(transaction, table, change, only_if.as_ref())? {
                        Some(key) => keys.push((Arc::clone(&table.name), key)),
                        // Dropping the transaction undoes the writes before.
                        None => return Ok(None),
                    }
                }
                Ok(Some(keys))
            })
        })
        .await
    }
}

impl SharedTables {
    /// Calls a function with each item of a partition whose sort key is between these, in order.
    fn each(
        &self,
        table: &str,
        partition: &str,
        first: &str,
        last: &str,
        mut with: impl FnMut(Item),
    ) -> Result<(), StoreError> {
        let connection = locked(&self.scanner);
        let rows = connection.prepare_cached(
            "SELECT attributes FROM item WHERE tab = ?1 AND partition = ?2 AND sort BETWEEN ?3 AND ?4 ORDER BY sort",
        );
        let mut rows = rows.map_err(failed)?;
        let mut rows = rows.query([table, partition, first, last]).map_err(failed)?;
        while let Some(row) = rows.next().map_err(failed)? {
            with(unpack(row.get_ref(0).and_then(|blob| Ok(blob.as_blob()?)).map_err(failed)?)?);
        }
        Ok(())
    }

    /// Makes a change in one transaction, unless it returns `None`; otherwise it returns the keys of the changed items. Returns
    /// whether it was made.
    fn change(
        &self,
        act: impl FnOnce(&Transaction<'_>) -> Result<Option<Vec<(Arc<str>, PrimaryKey)>>, StoreError>,
    ) -> Result<bool, StoreError> {
        let mut writer = locked(&self.writer);
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        let Some(keys) = act(&transaction)? else { return Ok(false) };
        let next = "UPDATE generation SET number = number + 1 RETURNING number";
        let generation = transaction.prepare_cached(next).and_then(|mut next| next.query_row([], |row| row.get(0)));
        let generation = generation.map_err(failed)?;
        // Held until the items are out of the cache: no read comes in between.
        let mut reader = locked(&self.reader);
        transaction.commit().map_err(failed)?;
        reader.changed(&keys, generation);
        Ok(true)
    }
}

/// Makes one change, and returns the key of its item; `None` if the condition does not hold.
fn done(
    transaction: &Transaction<'_>,
    table: &TableName,
    change: &ItemChange,
    only_if: Option<&Condition>,
) -> Result<Option<PrimaryKey>, StoreError> {
    let key = match change {
        ItemChange::Put(item) => table.key(item).ok_or_else(keyless)?,
        ItemChange::Delete(key) | ItemChange::Update(key, _) | ItemChange::Check(key) => key.clone(),
    };
    let sort = key.sort.as_deref().unwrap_or_default();
    let select = "SELECT attributes FROM item WHERE tab = ?1 AND partition = ?2 AND sort = ?3";
    let mut select = transaction.prepare_cached(select).map_err(failed)?;
    let before: Option<Vec<u8>> =
        select.query_row([&*table.name, &key.partition, sort], |row| row.get(0)).optional().map_err(failed)?;
    let before = before.map(|bytes| unpack(&bytes)).transpose()?;
    if only_if.is_some_and(|condition| !condition.holds(before.as_ref())) {
        return Ok(None);
    }
    match change {
        ItemChange::Put(item) => drop(put(transaction, table, item)?),
        ItemChange::Delete(_) => {
            let delete = "DELETE FROM item WHERE tab = ?1 AND partition = ?2 AND sort = ?3";
            let mut delete = transaction.prepare_cached(delete).map_err(failed)?;
            delete.execute([&*table.name, &key.partition, sort]).map_err(failed)?;
        }
        ItemChange::Update(_, set) => {
            let mut item = before.unwrap_or_default();
            for (name, value) in set {
                match value {
                    Some(value) => item.insert(*name, value.clone()),
                    None => drop(item.remove(name)),
                }
            }
            put(transaction, table, &item)?;
        }
        ItemChange::Check(_) => {}
    }
    Ok(Some(key))
}

/// Puts an item, and returns its key.
fn put(transaction: &Transaction<'_>, table: &TableName, item: &Item) -> Result<PrimaryKey, StoreError> {
    let key = table.key(item).ok_or_else(keyless)?;
    let attributes = postcard::to_stdvec(item).map_err(failed)?;
    let text = |name: &str| item.get(name).and_then(Value::as_text);
    let place = table.index.and_then(|index| text(index.partition).zip(text(index.sort)));
    let (partition, sort) = place.unzip();
    let row =
        params![&*table.name, key.partition, key.sort.as_deref().unwrap_or_default(), attributes, partition, sort];
    transaction.prepare_cached(PUT).and_then(|mut put| put.execute(row)).map_err(failed)?;
    Ok(key)
}

/// Whether the table of a file has the keys of a secondary index.
fn has_index_keys(connection: &Connection) -> Result<bool, rusqlite::Error> {
    let of_them = "SELECT count(*) FROM pragma_table_info('item') WHERE name IN ('index_partition', 'index_sort')";
    Ok(connection.query_row(of_them, [], |row| row.get::<_, u32>(0))? == 2)
}

fn connection(path: &Path) -> Result<Connection, rusqlite::Error> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch("PRAGMA synchronous = NORMAL")?;
    Ok(connection)
}

/// A panic elsewhere leaves a connection usable: dropping its unfinished transaction rolled it back.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unpack(attributes: &[u8]) -> Result<Item, StoreError> {
    postcard::from_bytes(attributes).map_err(failed)
}

fn keyless() -> StoreError {
    failed("an item without its key")
}

fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::Service { service: "the tables", message: error.to_string() }
}
