//! What the edges know of spaces: a key-value store, which `functions/edge/viewer-request.js` asks before it lets a request
//! through to the cache. A space that streams has an [`EdgeEntry`] there; every other space has none.
//!
//! On AWS it is a CloudFront KeyValueStore, and on one machine it is in memory.

#[cfg(feature = "lambda")]
mod cloudfront;
mod entry;
mod memory;

use std::collections::BTreeMap;
use std::fmt::Debug;

use async_trait::async_trait;

#[cfg(feature = "lambda")]
pub use cloudfront::CloudFrontStore;
pub use entry::{EdgeEntry, LARGEST};
pub use memory::MemoryStore;

use crate::EdgeError;

/// The version of a whole store, which every change replaces (*CloudFront API Reference*, `UpdateKeys`, `If-Match`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreVersion(pub String);

/// Changes by key: a new value, or `None` to remove the key.
pub type KeyChanges = BTreeMap<String, Option<String>>;

/// A key-value store at the edges.
#[async_trait]
pub trait KeyValueStore: Debug + Send + Sync {
    /// The current version of the store.
    async fn version(&self) -> Result<StoreVersion, EdgeError>;

    /// The value of a key.
    async fn get(&self, key: &str) -> Result<Option<String>, EdgeError>;

    /// All keys with their values.
    async fn all(&self) -> Result<BTreeMap<String, String>, EdgeError>;

    /// Makes all of the changes, or none; returns the version after them.
    ///
    /// # Errors
    ///
    /// [`EdgeError::Conflict`] if the store no longer has this version, [`EdgeError::Full`] if there is no room.
    async fn update(&self, version: &StoreVersion, changes: &KeyChanges) -> Result<StoreVersion, EdgeError>;
}
