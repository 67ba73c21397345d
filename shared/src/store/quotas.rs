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

use super::{IndexTable, SpacesTable, StoreError};
use crate::space::quota::{Exceeded, Quota, QuotaUnit, Usage};
use crate::space::record::{Space, SpaceState};
use crate::space::{ContentId, ContentPrefix, MediaKey, SpaceId};

/// How long a count is used again.
pub const FRESH: Duration = Duration::from_secs(10);

/// How long a count takes at most for its bound to be exact.
const LONGEST_COUNT: Duration = Duration::from_mins(2);

/// How many contents are listed at a time.
const AT_A_TIME: usize = 1000;
/// The most spaces whose counts are remembered.
const REMEMBERED: usize = 4096;

/// The quotas of spaces and their owners. Clones share what is counted.
#[derive(Clone, Debug)]
pub struct Quotas {
    index: IndexTable,
    spaces: SpacesTable,
    counts: SpaceCounts,
}

/// What is known of each space, and how many reservations there were.
type SpaceCounts = Arc<Mutex<(HashMap<SpaceId, SpaceCount>, u64)>>;

#[derive(Debug, Default)]
struct SpaceCount {
    /// What there was, and when its counting began.
    known: Option<(Usage, Instant)>,
    /// What this process is storing, and what it has stored lately.
    held: Vec<HeldContent>,
}

/// A content of which a count may have seen what it was before or what it is now.
#[derive(Debug)]
struct HeldContent {
    content: ContentId,
    /// Which reservation it is of.
    number: u64,
    /// What was there before.
    replaced: Usage,
    /// What is more now.
    added: Usage,
    /// When it was in the list; `None` while it is being stored.
    stored: Option<Instant>,
}

impl SpaceCount {
    /// What is not in a count that began at this moment: it is being stored, or was stored afterwards.
    fn since(&self, at: Instant) -> impl Iterator<Item = &HeldContent> {
        self.held.iter().filter(move |held| held.stored.is_none_or(|stored| stored >= at))
    }

    /// What a content in the list takes, of which this entry was read. A count has what was there before of a content that is held,
    /// whichever of both it has read.
    fn listed(&self, content: &ContentId, size: u64, at: Instant) -> Usage {
        let held = self.since(at).find(|held| held.content == *content);
        held.map_or(Usage { bytes: size, objects: 1 }, |held| held.replaced)
    }

    /// What is counted, with what is held. Forgets what no count needs any more.
    fn with_held(&mut self, (counted, at): (Usage, Instant)) -> Usage {
        self.held.retain(|held| held.stored.is_none_or(|stored| stored.elapsed() < LONGEST_COUNT));
        self.since(at).fold(counted, |all, held| all.plus(held.added))
    }
}

/// Why a content may not be stored.
#[derive(Debug, thiserror::Error)]
pub enum QuotaError {
    /// It would exceed a quota.
    #[error(transparent)]
    Exceeded(#[from] Exceeded),
    /// A store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Room for a content that is being stored, which is free again when this is dropped.
#[derive(Debug)]
pub struct Reservation {
    counts: SpaceCounts,
    space: SpaceId,
    number: u64,
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
    pub async fn limit(&self, space: &Space) -> Result<bool, StoreError> {
        Ok(!space.quota.is_off() || !self.of_owner(space).await?.is_off())
    }

    async fn of_owner(&self, space: &Space) -> Result<Quota, StoreError> {
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
            let mut guard = self.counts();
            let (counts, reservations) = &mut *guard;
            for (id, (usage, at)) in &mut used {
                *usage = counts.entry(id.clone()).or_default().with_held((*usage, *at));
            }
            let with_held = |id: &SpaceId| used.get(id).map_or(Usage::default(), |(usage, _)| *usage);
            let here = with_held(&space.id);
            let all = spaces.iter().map(with_held).fold(Usage::default(), Usage::plus);
            let of_space = || format!("space {}", space.id);
            let of_spaces = || format!("the spaces of {}", space.owner.as_deref().unwrap_or_default());
            let judged =
                space.quota.admits(of_space, here, added).and_then(|()| of_owner.admits(of_spaces, all, added));
            match judged {
                Ok(()) => {
                    *reservations += 1;
                    let number = *reservations;
                    let held = HeldContent { content: key.content().clone(), number, replaced, added, stored: None };
                    counts.entry(space.id.clone()).or_default().held.push(held);
                    let left = |quota: Quota, of: String, used: Usage| {
                        let limit = quota.bytes?;
                        let room = limit.saturating_sub(used.bytes).saturating_add(replaced.bytes);
                        let added = room.saturating_add(1);
                        Some((room, Exceeded { of, unit: QuotaUnit::Bytes, limit, used: used.bytes, added }))
                    };
                    let rooms = [left(space.quota, of_space(), here), left(of_owner, of_spaces(), all)];
                    let room = rooms.into_iter().flatten().min_by_key(|(room, _)| *room);
                    let counts = Arc::clone(&self.counts);
                    return Ok(Some(Reservation { counts, space: space.id.clone(), number, room }));
                }
                Err(error) if afresh => return Err(error.into()),
                Err(_) => {}
            }
        }
        Ok(None)
    }

    /// The spaces of the owner of this one.
    async fn spaces_of(&self, space: &Space) -> Result<Vec<SpaceId>, StoreError> {
        let all = self.spaces.all().await?.into_iter();
        Ok(all
            .filter(|other| other.owner == space.owner && other.state == SpaceState::Live)
            .map(|other| other.id)
            .collect())
    }

    /// What a space has without what is held, counted now or lately, and when the count began.
    async fn usage(&self, id: &SpaceId, afresh: bool) -> Result<(Usage, Instant), StoreError> {
        let known = self.counts().0.get(id).and_then(|counted| counted.known);
        if let Some((usage, at)) = known
            && !afresh
            && at.elapsed() < FRESH
        {
            return Ok((usage, at));
        }
        let at = Instant::now();
        let (mut usage, mut after) = (Usage::default(), None);
        loop {
            let page = self.index.contents(id, &ContentPrefix::default(), after.as_ref(), AT_A_TIME).await?;
            let mut counts = self.counts();
            let counted = counts.0.entry(id.clone()).or_default();
            for entry in &page.entries {
                usage = usage.plus(counted.listed(&entry.content, entry.size, at));
            }
            drop(counts);
            let last = page.entries.last().and_then(|entry| ContentPrefix::parse(entry.content.as_str()).ok());
            match last.filter(|_| page.more) {
                Some(last) => after = Some(last),
                None => break,
            }
        }
        let (counts, _) = &mut *self.counts();
        if counts.len() >= REMEMBERED {
            counts.retain(|_, counted| !counted.held.is_empty());
        }
        counts.entry(id.clone()).or_default().known = Some((usage, at));
        Ok((usage, at))
    }

    /// A panic elsewhere leaves the counts as they were.
    fn counts(&self) -> MutexGuard<'_, (HashMap<SpaceId, SpaceCount>, u64)> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reservation {
    /// The content is stored, and in the list. If its size was not known before, counts that were made before do not hold.
    pub fn stored(self, size_was_known: bool) {
        let (counts, _) = &mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(counted) = counts.get_mut(&self.space) else { return };
        if !size_was_known {
            counted.known = None;
        }
        if let Some(held) = counted.held.iter_mut().find(|held| held.number == self.number) {
            held.stored = Some(Instant::now());
        }
    }
}

impl Drop for Reservation {
    /// Nothing is held of a content that was not stored.
    fn drop(&mut self) {
        let (counts, _) = &mut *self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counted) = counts.get_mut(&self.space) {
            counted.held.retain(|held| held.number != self.number || held.stored.is_some());
        }
    }
}
