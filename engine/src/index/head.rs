//! The head of an index: the object that it belongs to, and the result of indexing.

use serde::{Deserialize, Serialize};

use super::Outline;

/// The version of an object to which an index belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// S3's ETag, with its quotation marks.
    pub etag: String,
    /// Its size in bytes.
    pub size: u64,
    /// Last modification, in seconds since 1970.
    pub modified: i64,
    /// S3's version id, in a versioned bucket.
    pub version: Option<String>,
    /// The sequencer of the event that led to the index: it orders the events of a key.
    pub sequencer: String,
    /// The `Content-Type` of the stored object, which is served if no container gives a better one.
    pub content_type: Option<String>,
}

/// The result of indexing a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It has an index.
    Indexed(Outline),
    /// Its structure is unknown or invalid; the text says why. It is served by bytes.
    Refused(String),
}

/// The head of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The object.
    pub original: Original,
    /// The result.
    pub status: Status,
}
