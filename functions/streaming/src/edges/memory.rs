//! A key-value store in memory: for one machine, which fills it from the table of spaces at its start, and for tests.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

use async_trait::async_trait;

use super::{EdgeEntry, KeyChanges, KeyValueStore, StoreVersion};
use crate::EdgeError;

/// A key-value store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore(RwLock<StoreState>);

#[derive(Debug, Default)]
struct StoreState {
    version: u64,
    values: BTreeMap<String, String>,
}

impl MemoryStore {
    /// The entry of a space.
    #[must_use]
    pub fn entry(&self, space: &str) -> Option<EdgeEntry> {
        self.read().values.get(space).and_then(|value| EdgeEntry::parse(value))
    }

    fn read(&self) -> RwLockReadGuard<'_, StoreState> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl KeyValueStore for MemoryStore {
    async fn version(&self) -> Result<StoreVersion, EdgeError> {
        Ok(StoreVersion(self.read().version.to_string()))
    }

    async fn get(&self, key: &str) -> Result<Option<String>, EdgeError> {
        Ok(self.read().values.get(key).cloned())
    }

    async fn all(&self) -> Result<BTreeMap<String, String>, EdgeError> {
        Ok(self.read().values.clone())
    }

    async fn update(&self, version: &StoreVersion, changes: &KeyChanges) -> Result<StoreVersion, EdgeError> {
        let mut state = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if state.version.to_string() != version.0 {
            return Err(EdgeError::Conflict);
        }
        for (key, value) in changes {
            match value {
                Some(value) => drop(state.values.insert(key.clone(), value.clone())),
                None => drop(state.values.remove(key)),
            }
        }
        state.version += 1;
        Ok(StoreVersion(state.version.to_string()))
    }
}
