//! The catalogue: which objects exist, their attributes, and the pending events. It is one SQLite file.
//!
//! An object's bytes are in a file that is written once, under its own name ([`super::bodies`]); the object itself *is*
//! its row here. So replacing an object is one transaction: a reader sees the old bytes with the old `ETag` or the new
//! ones with the new, and the event for the change is in the same transaction. Neither exists without the other,
//! whenever the process ends.
//!
//! Statements run on the calling thread: they take some tens of microseconds, because a write does not wait for the
//! disk (write-ahead log, `synchronous = NORMAL`; a crash of the machine may lose the last writes, but a crash of the
//! process loses none).

mod events;
mod listing;
mod objects;
mod uploads;

use std::{
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use rusqlite::{Connection, Transaction};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub use events::PendingEvent;
pub use listing::{ListingEntry, ObjectListing};
pub use objects::Changed;
pub use uploads::{CataloguedPart, MultipartUpload};

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    CREATE TABLE IF NOT EXISTS object (
        bucket TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
        modified INTEGER NOT NULL, attributes TEXT NOT NULL,
        PRIMARY KEY (bucket, key)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS upload (
        id TEXT PRIMARY KEY, bucket TEXT NOT NULL, key TEXT NOT NULL, started INTEGER NOT NULL, attributes TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS part (
        upload TEXT NOT NULL REFERENCES upload (id), number INTEGER NOT NULL, body TEXT NOT NULL, size INTEGER NOT NULL,
        etag TEXT NOT NULL, modified INTEGER NOT NULL,
        PRIMARY KEY (upload, number)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS event (
        sequencer INTEGER PRIMARY KEY, key TEXT NOT NULL, message TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0, due INTEGER NOT NULL DEFAULT 0, failure TEXT);
    CREATE INDEX IF NOT EXISTS event_key ON event (key, sequencer);
    CREATE TABLE IF NOT EXISTS sequence (last INTEGER NOT NULL);
    INSERT INTO sequence SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM sequence);
";

/// The catalogue of one data folder.
#[derive(Debug)]
pub struct ObjectCatalogue {
    connection: Mutex<Connection>,
    /// How many events are pending.
    pending: watch::Sender<u64>,
}

/// An error of the catalogue's file.
pub type CatalogueError = rusqlite::Error;

/// An object as it is at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueObject {
    /// The name of the file that holds its bytes.
    pub body: String,
    /// How many bytes it has.
    pub size: u64,
    /// Its `ETag` without quotation marks.
    pub etag: String,
    /// When it was put, in whole seconds since 1970, as `Last-Modified` has it.
    pub modified: i64,
    /// The attributes that its upload set.
    pub attributes: ObjectAttributes,
}

/// An object's attributes besides its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "each is the header of its name")]
pub struct ObjectAttributes {
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub metadata: std::collections::BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum_crc32: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum_crc32c: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum_crc64nvme: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum_sha1: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checksum_sha256: Option<String>,
}

impl ObjectCatalogue {
    /// Opens the catalogue's file, or creates it.
    pub fn open(path: &Path) -> Result<Self, CatalogueError> {
        let connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        let pending = connection.query_row("SELECT count(*) FROM event WHERE failure IS NULL", [], |row| row.get(0))?;
        Ok(Self { connection: Mutex::new(connection), pending: watch::Sender::new(pending) })
    }

    /// The names of all files that hold bytes of an object or of a part.
    pub fn bodies(&self) -> Result<std::collections::HashSet<String>, CatalogueError> {
        let connection = self.lock();
        let mut rows = connection.prepare("SELECT body FROM object UNION ALL SELECT body FROM part")?;
        rows.query_map([], |row| row.get(0))?.collect()
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere leaves the connection usable: dropping the unfinished transaction rolled it back.
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next number of the sequence that orders all changes: nanoseconds since 1970, and greater than every number
/// before, even if the clock was set back.
fn next_in_sequence(transaction: &Transaction) -> Result<i64, CatalogueError> {
    let now = since_1970().map_or(0, |now| i64::try_from(now.as_nanos()).unwrap_or(i64::MAX));
    transaction.query_row("UPDATE sequence SET last = max(last + 1, ?1) RETURNING last", [now], |row| row.get(0))
}

/// The time, in whole seconds since 1970.
#[must_use]
pub fn now() -> i64 {
    since_1970().map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
}

fn since_1970() -> Option<std::time::Duration> {
    SystemTime::now().duration_since(UNIX_EPOCH).ok()
}

/// Parses a JSON column; invalid JSON counts as empty.
fn from_json<T: Default + for<'de> Deserialize<'de>>(text: &str) -> T {
    serde_json::from_str(text).unwrap_or_default()
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
