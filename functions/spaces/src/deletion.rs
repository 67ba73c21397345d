//! Deleting the contents of a space. A space may have a million of them, and an answer takes 30 s at most: so the space is gone
//! for its users with the answer, as its item says so, and its contents go without anybody waiting. Their indexes go by the
//! events of the bucket, as those of every deleted content do.
//!
//! The streaming function ends the streaming of the space at the same time, and the item goes last of all.
//!
//! Nothing but the item has to be remembered: whatever is left under the space's prefix is to be deleted, and once nothing is,
//! so is the item, and the name is free. So it can be broken off and begun again at any point, and twice at a time does no
//! harm.

use std::time::{Duration, Instant};

use reelspan::space::SpaceId;
use reelspan::space::record::SpaceState;
#[cfg(feature = "lambda")]
use reelspan_rest::Invoker;
use serde::{Deserialize, Serialize};

use crate::{RestError, Spaces};

/// How long to wait before a deletion that failed is tried again on this machine.
const PAUSE: Duration = Duration::from_secs(5);
/// How long between two looks at whether the streaming of a space has ended.
const LOOK: Duration = Duration::from_secs(2);

/// How the contents of a deleted space are deleted.
#[derive(Clone, Debug)]
pub enum Deletions {
    /// By a task of this process. What a process leaves the next one takes up ([`Spaces::resume_deletions`]).
    Here,
    /// By another invocation of this function, without waiting for it.
    #[cfg(feature = "lambda")]
    Lambda(Invoker),
}

/// The event by which the function tells itself to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeletionEvent {
    /// The space whose contents are to go.
    pub delete_space: String,
}

/// How far a deletion came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionProgress {
    /// All is gone.
    Done,
    /// There is more, and no time left.
    OutOfTime,
}

impl Spaces {
    /// Has the contents of a space that is marked as being deleted go.
    pub async fn begin_deletion(&self, id: &SpaceId) -> Result<(), RestError> {
        match &self.deletions {
            Deletions::Here => {
                let (spaces, id) = (self.clone(), id.clone());
                tokio::spawn(async move { spaces.delete_in_the_end(&id).await });
                Ok(())
            }
            #[cfg(feature = "lambda")]
            Deletions::Lambda(invoker) => invoker.invoke(&DeletionEvent { delete_space: id.to_string() }).await,
        }
    }

    /// Deletes the contents of a space that is marked as being deleted, and then its item, as long as there is time.
    pub async fn delete_contents(&self, id: &SpaceId, until: Option<Instant>) -> Result<DeletionProgress, RestError> {
        // An event may be as old as it likes: only what is marked is deleted.
        let Some(space) = self.table.get(id).await?.filter(|space| space.state == SpaceState::Deleting) else {
            return Ok(DeletionProgress::Done);
        };
        if let Some(streaming) = &space.streaming {
            match &self.streams {
                Some(streams) => streams.end_streaming(id).await?,
                None => drop(self.table.set_streaming(id, Some(streaming), None).await?),
            }
        }
        let is_over = || until.is_some_and(|end| Instant::now() >= end);
        while self.stores.media.delete_some(id).await? {
            if is_over() {
                return Ok(DeletionProgress::OutOfTime);
            }
        }
        while !self.table.remove(id).await? && self.table.get(id).await?.is_some() {
            if is_over() {
                return Ok(DeletionProgress::OutOfTime);
            }
            tokio::time::sleep(LOOK).await;
        }
        tracing::info!(space = %id, "the contents of a deleted space are gone");
        Ok(DeletionProgress::Done)
    }

    /// Takes up the deletions that an earlier process left.
    pub async fn resume_deletions(&self) -> Result<(), RestError> {
        for space in self.table.all().await?.into_iter().filter(|space| space.state == SpaceState::Deleting) {
            self.begin_deletion(&space.id).await?;
        }
        Ok(())
    }

    /// Deletes, and tries again for as long as the process lasts.
    async fn delete_in_the_end(&self, id: &SpaceId) {
        while let Err(error) = self.delete_contents(id, None).await {
            tracing::warn!(space = %id, ?error, "a deletion failed; it is tried again");
            tokio::time::sleep(PAUSE).await;
        }
    }
}
