//! The head of an index: which object it is of, and what became of it.

use serde::{Deserialize, Serialize};

use super::Outline;

/// Which version of an object an index is of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// S3's ETag, with its quotation marks.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// Last modification, in seconds since 1970.
    pub modified: i64,
    /// S3's version id, in a versioned bucket.
    pub version: Option<String>,
    /// The sequencer of the event that made the index: events of one key are ordered by it.
    pub sequencer: String,
    /// The `Content-Type` with which the object was stored: what it is served as where no container says better.
    pub content_type: Option<String>,
}

/// What became of indexing a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It has an index.
    Indexed(Outline),
    /// Its structure is not known or not sound; the text says why. It is served by bytes.
    Refused(String),
}

/// The head of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The object.
    pub original: Original,
    /// What became of it.
    pub status: Status,
}
