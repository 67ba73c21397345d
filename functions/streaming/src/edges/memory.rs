//! A key-value store in memory: for one machine, which fills it from the table of spaces at its start, and for tests.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use async_trait::async_trait;

use super::{Changes, EdgeEntry, KeyValueStore, Version};
use crate::Error;

/// A key-value store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(RwLock<State>);

#[derive(Debug, Default)]
struct State {
    version: u64,
    values: BTreeMap<String, String>,
}

impl MemoryStore {
    /// The entry of a space.
    #[must_use]
    pub fn entry(&self, space: &str) -> Option<EdgeEntry> {
        self.read().values.get(space).and_then(|value| EdgeEntry::parse(value))
    }

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl KeyValueStore for MemoryStore {
    async fn version(&self) -> Result<Version, Error> {
        Ok(Version(self.read().version.to_string()))
    }

    async fn get(&self, key: &str) -> Result<Option<String>, Error> {
        Ok(self.read().values.get(key).cloned())
    }

    async fn all(&self) -> Result<BTreeMap<String, String>, Error> {
        Ok(self.read().values.clone())
    }

    async fn update(&self, version: &Version, changes: &Changes) -> Result<Version, Error> {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if state.version.to_string() != version.0 {
            return Err(Error::Conflict);
        }
        for (key, value) in changes {
            match value {
                Some(value) => drop(state.values.insert(key.clone(), value.clone())),
                None => drop(state.values.remove(key)),
            }
        }
        state.version += 1;
        Ok(Version(state.version.to_string()))
    }
}
