//! Whether a content may be stored: the quotas of its space and of the space's owner, held against what the lists of contents say.
//!
//! Quotas are off unless an admin sets them, and then cost a look-up of the owner's quota for each content that is stored. What a
//! space has is counted by listing it, a thousand contents at a time, and remembered for [`FRESH`]. A content is refused only by
//! counts that were made for it; a remembered count only lets pass. So:
//!
//! - In one process, contents that are being stored at the same time count before they are stored ([`Reservation`]), so the bounds
//!   hold exactly on one machine.
//! - Processes do not know of each other's reservations, and a list of DynamoDB may be a second behind. So on AWS a space may exceed
//!   its quota by what is stored within [`FRESH`], and by what URLs admit that were given out before it was full.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::{Error, IndexTable, SpacesTable};
use crate::space::quota::{Exceeded, Quota, Unit, Usage};
use crate::space::record::{Space, SpaceState};
use crate::space::{ContentPrefix, MediaKey, SpaceId};

/// How long a count is used again.
pub const FRESH: Duration = Duration::from_secs(10);

/// How many contents are listed at a time.
const AT_A_TIME: usize = 1000;
/// The most spaces whose counts are remembered.
const REMEMBERED: usize = 4096;

/// The quotas of spaces and their owners. Clones share what is counted.
#[derive(Clone, Debug)]
pub struct Quotas {
    index: IndexTable,
    spaces: SpacesTable,
    counts: Arc<Mutex<HashMap<SpaceId, Counted>>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counted {
    /// What there was, and when it was counted.
    known: Option<(Usage, Instant)>,
    /// What is being stored by this process.
    reserved: Usage,
}

/// Why a content may not be stored.
#[derive(Debug, thiserror::Error)]
pub enum QuotaError {
    /// It would exceed a quota.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Room for a content that is being stored, which is free again when this is dropped.
#[derive(Debug)]
pub struct Reservation {
    counts: Arc<Mutex<HashMap<SpaceId, Counted>>>,
    space: SpaceId,
    added: Usage,
    /// How many bytes the content may have at most, and what is exceeded with one more; `None` if no quota limits them.
    pub room: Option<(u64, Exceeded)>,
}

impl Quotas {
    /// Those of the spaces of this table, whose contents this index lists.
    #[must_use]
    pub fn new(index: IndexTable, spaces: SpacesTable) -> Self {
        Self { index, spaces, counts: Arc::default() }
    }

    /// Whether a quota limits what is stored in a space.
    pub async fn limit(&self, space: &Space) -> Result<bool, Error> {
        Ok(!space.quota.is_off() || !self.of_owner(space).await?.is_off())
    }

    async fn of_owner(&self, space: &Space) -> Result<Quota, Error> {
        match &space.owner {
            Some(owner) => self.spaces.user_quota(owner).await,
            None => Ok(Quota::default()),
        }
    }

    /// Room for a content of this many bytes, or more if its size is not known yet; it takes the place of the one of the same key.
    ///
    /// # Errors
    ///
    /// [`QuotaError::Exceeded`] if it does not fit.
    pub async fn admit(&self, space: &Space, key: &MediaKey, bytes: u64) -> Result<Option<Reservation>, QuotaError> {
        let of_owner = self.of_owner(space).await?;
        if space.quota.is_off() && of_owner.is_off() {
            return Ok(None);
        }
        let replaced = self.index.entry(key).await?.entry;
        let replaced = replaced.map_or(Usage::default(), |entry| Usage { bytes: entry.size, objects: 1 });
        let added = Usage { bytes, objects: 1 }.minus(replaced);
        let spaces = if of_owner.is_off() { vec![space.id.clone()] } else { self.spaces_of(space).await? };
        for afresh in [false, true] {
            let mut used = HashMap::new();
            for id in &spaces {
                used.insert(id.clone(), self.usage(id, afresh).await?);
            }
            // Judged and reserved at once, so that of two contents at the same time the second sees the first.
            let mut counts = self.counts();
            let with_reserved = |id: &SpaceId| {
                let reserved = counts.get(id).map_or(Usage::default(), |counted| counted.reserved);
                used.get(id).copied().unwrap_or_default().plus(reserved)
            };
            let here = with_reserved(&space.id);
            let all = spaces.iter().map(with_reserved).fold(Usage::default(), Usage::plus);
            let of_space = || format!("space {}", space.id);
            let of_spaces = || format!("the spaces of {}", space.owner.as_deref().unwrap_or_default());
            let judged =
                space.quota.admits(of_space, here, added).and_then(|()| of_owner.admits(of_spaces, all, added));
            match judged {
                Ok(()) => {
                    let counted = counts.entry(space.id.clone()).or_default();
                    counted.reserved = counted.reserved.plus(added);
                    let left = |quota: Quota, of: String, used: Usage| {
                        let limit = quota.bytes?;
                        let room = limit.saturating_sub(used.bytes).saturating_add(replaced.bytes);
                        let added = room.saturating_add(1);
                        Some((room, Exceeded { of, unit: Unit::Bytes, limit, used: used.bytes, added }))
                    };
                    let rooms = [left(space.quota, of_space(), here), left(of_owner, of_spaces(), all)];
                    let room = rooms.into_iter().flatten().min_by_key(|(room, _)| *room);
                    let counts = Arc::clone(&self.counts);
                    return Ok(Some(Reservation { counts, space: space.id.clone(), added, room }));
                }
                Err(error) if afresh => return Err(error.into()),
                Err(_) => {}
            }
        }
        Ok(None)
    }

    /// The spaces of the owner of this one.
    async fn spaces_of(&self, space: &Space) -> Result<Vec<SpaceId>, Error> {
        let all = self.spaces.all().await?.into_iter();
        Ok(all
            .filter(|other| other.owner == space.owner && other.state == SpaceState::Live)
            .map(|other| other.id)
            .collect())
    }

    /// What a space has, counted now or lately.
    async fn usage(&self, id: &SpaceId, afresh: bool) -> Result<Usage, Error> {
        let known = self.counts().get(id).and_then(|counted| counted.known);
        if let Some((usage, at)) = known
            && !afresh
            && at.elapsed() < FRESH
        {
            return Ok(usage);
        }
        let at = Instant::now();
        let (mut usage, mut after) = (Usage::default(), None);
        loop {
            let page = self.index.contents(id, &ContentPrefix::default(), after.as_ref(), AT_A_TIME).await?;
            for entry in &page.entries {
                usage = usage.plus(Usage { bytes: entry.size, objects: 1 });
            }
            let last = page.entries.last().and_then(|entry| ContentPrefix::parse(entry.content.as_str()).ok());
            match last.filter(|_| page.more) {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        let mut counts = self.counts();
        if counts.len() >= REMEMBERED {
            counts.retain(|_, counted| counted.reserved != Usage::default());
        }
        counts.entry(id.clone()).or_default().known = Some((usage, at));
        Ok(usage)
    }

    /// A panic elsewhere leaves the counts as they were.
    fn counts(&self) -> MutexGuard<'_, HashMap<SpaceId, Counted>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// The content is stored, and in the list: counts that were made before do not have it.
    pub fn stored(self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counted) = counts.get_mut(&self.space) {
            counted.known = None;
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counted) = counts.get_mut(&self.space) {
            counted.reserved = counted.reserved.minus(self.added);
        }
    }
}
