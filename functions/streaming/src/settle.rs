//! Brings the edges to what the table of spaces says. The table is the truth.
//!
//! [`Streams::settle`] reads the version of the store first and the table second, changes the store only if it still has that
//! version, and looks again afterwards. So a slower caller never leaves an older state behind: its change fails if the store
//! was changed after it read the table, and otherwise its second look finds what the table says by then. Only a process that
//! dies between the change and the second look leaves a difference; the hourly [`Streams::reconcile`] finds it.

use std::collections::BTreeMap;

use reelspan::space::SpaceId;
use reelspan::space::record::{Space, SpaceState};
use reelspan::space::streaming::{Streaming, StreamingStatus};
use reelspan_rest as rest;

use crate::edges::{EdgeEntry, KeyChanges, StoreVersion};
use crate::{EdgeError, Streams};

/// How often a change is tried while other callers change the store.
const ATTEMPTS: usize = 50;

/// The most keys in one change of the store (*CloudFront Developer Guide*, "Quotas on key value stores").
const BATCH: usize = 50;

impl Streams {
    /// Brings the edges to what the table says of a space; returns the space as it was when both agreed.
    pub(crate) async fn settle(&self, id: &SpaceId) -> Result<Option<Space>, rest::RestError> {
        for attempt in 0..ATTEMPTS {
            self.pause(attempt).await;
            let version = self.edges.version().await?;
            let space = self.table.get(id).await?;
            let wanted = space.as_ref().and_then(EdgeEntry::of).map(|entry| entry.value());
            if self.edges.get(id.as_str()).await? == wanted {
                return Ok(space);
            }
            self.change(&version, id, wanted).await?;
        }
        Err(EdgeError::Conflict.into())
    }

    /// Removes a space from the edges, whatever the table says.
    pub(crate) async fn close(&self, id: &SpaceId) -> Result<(), rest::RestError> {
        for attempt in 0..ATTEMPTS {
            self.pause(attempt).await;
            let version = self.edges.version().await?;
            if self.edges.get(id.as_str()).await?.is_none() || self.change(&version, id, None).await? {
                return Ok(());
            }
        }
        Err(EdgeError::Conflict.into())
    }

    /// Makes one change; `false` if the store has another version by now.
    async fn change(&self, version: &StoreVersion, id: &SpaceId, value: Option<String>) -> Result<bool, EdgeError> {
        let changes = KeyChanges::from([(id.to_string(), value)]);
        match self.edges.update(version, &changes).await {
            Ok(_) => Ok(true),
            Err(EdgeError::Conflict) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Waits longer after each attempt, and differently in each process.
    async fn pause(&self, attempt: usize) {
        if attempt > 0 {
            let spread = u32::from(uniform()) + 1;
            let longest = self.pause * u32::try_from(attempt.min(8)).unwrap_or(8);
            tokio::time::sleep(longest * spread / 256).await;
        }
    }

    /// Ends the streaming of a space that is being deleted. It does nothing to other spaces.
    pub async fn end(&self, id: &SpaceId) -> Result<(), rest::RestError> {
        let space = self.settle(id).await?;
        if let Some(Space { state: SpaceState::Deleting, streaming: Some(streaming), .. }) = space {
            self.table.set_streaming(id, Some(&streaming), None).await?;
            tracing::info!(space = %id, "the streaming of a deleted space has ended");
        }
        Ok(())
    }

    /// Brings the edges to what the table says of all spaces, and puts right what a crash left. Returns how many keys were
    /// changed.
    pub async fn reconcile(&self) -> Result<usize, rest::RestError> {
        let (mut changed, mut spaces) = (0, Vec::new());
        for attempt in 0..ATTEMPTS {
            self.pause(attempt).await;
            let mut version = self.edges.version().await?;
            spaces = self.table.all().await?;
            let changes = differences(&spaces, self.edges.all().await?);
            if changes.is_empty() {
                break;
            }
            let changes: Vec<_> = changes.into_iter().collect();
            for some in changes.chunks(BATCH) {
                match self.edges.update(&version, &some.iter().cloned().collect()).await {
                    Ok(next) => (version, changed) = (next, changed + some.len()),
                    Err(EdgeError::Conflict) => break,
                    Err(error) => return Err(error.into()),
                }
            }
        }
        for space in &spaces {
            self.note(space).await?;
        }
        self.keys.finish(&self.table).await?;
        Ok(changed)
    }

    /// Records in the table what the edges have been told of a space.
    async fn note(&self, space: &Space) -> Result<(), rest::RestError> {
        let Some(streaming) = &space.streaming else { return Ok(()) };
        if space.state == SpaceState::Deleting {
            self.table.set_streaming(&space.id, Some(streaming), None).await?;
        } else if streaming.status == StreamingStatus::On && !streaming.deployed {
            let deployed = Streaming { deployed: true, ..streaming.clone() };
            self.table.set_streaming(&space.id, Some(streaming), Some(&deployed)).await?;
        }
        Ok(())
    }
}

/// The changes after which the store holds the entries of these spaces and nothing else.
fn differences(spaces: &[Space], mut found: BTreeMap<String, String>) -> KeyChanges {
    let mut changes = KeyChanges::new();
    for space in spaces {
        let wanted = EdgeEntry::of(space).map(|entry| entry.value());
        if found.remove(space.id.as_str()) != wanted {
            changes.insert(space.id.to_string(), wanted);
        }
    }
    changes.extend(found.into_keys().map(|key| (key, None)));
    changes
}

/// A number that differs between processes and calls; it is not a secret.
fn uniform() -> u8 {
    use std::hash::{BuildHasher, RandomState};
    let [byte, ..] = RandomState::new().hash_one(0).to_le_bytes();
    byte
}
