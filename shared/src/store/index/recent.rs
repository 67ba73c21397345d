//! What was looked up lately, for answers that S3 confirms: while a function is warm, a fragment of a content that it has just
//! served costs one round trip, the GET of its bytes.
//!
//! # Why nothing of it is served beside bytes of another version
//!
//! 1. It is used only for an answer with bytes of the object. Their GET names the version (`If-Match`), and its answer says when the
//!    object was stored. If the object is another by now, the GET is a [`StoreError::Changed`](crate::store::StoreError::Changed): the
//!    function forgets the content and looks it up once more. Every other answer (a playlist, a HEAD, a 304, an error) is made
//!    from the table as it is now.
//! 2. The state of a space is believed for [`BELIEVED`] from the moment at which it was asked for. So a space that was closed stays
//!    open at most that much longer to those who ask a function that is warm.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use lru::LruCache;
use tokio::time::Instant;

use super::Cells;
use crate::space::{MediaKey, SpaceId};
use crate::store::Admission;
use reelspan_engine::index::Head;

/// How long the state of a space is believed.
pub const BELIEVED: Duration = Duration::from_secs(5);

/// How many spaces are remembered.
const SPACES: usize = 1000;

/// About how much memory an entry takes beside its head and its pages, in bytes.
const ENTRY: usize = 512;

/// About how much memory a page takes beside its bytes.
const PAGE: usize = 64;

/// What was looked up lately: the least recently used goes first.
#[derive(Debug)]
pub(super) struct Recent {
    held: Mutex<HeldEntries>,
    /// How many bytes all heads and pages may take.
    most: usize,
}

#[derive(Debug)]
struct HeldEntries {
    contents: LruCache<MediaKey, RecentEntry>,
    bytes: usize,
    /// With the moment at which they were asked for.
    spaces: LruCache<SpaceId, (Instant, Admission)>,
}

/// The head of a content's index, and the pages of the same version that are at hand.
#[derive(Clone, Debug)]
pub(super) struct RecentEntry {
    pub head: Arc<Head>,
    /// About how much memory the head takes, in bytes.
    pub weight: usize,
    pub cells: Cells,
    pub pages: BTreeMap<u32, Bytes>,
}

impl RecentEntry {
    fn memory(&self) -> usize {
        ENTRY + self.weight + self.pages.values().map(|page| PAGE + page.len()).sum::<usize>()
    }
}

impl Recent {
    pub fn new(most: usize) -> Self {
        let held = HeldEntries { contents: LruCache::unbounded(), bytes: 0, spaces: LruCache::unbounded() };
        Self { held: Mutex::new(held), most }
    }

    /// What is held of a content, if the state of its space is believed still.
    pub fn get(&self, media: &MediaKey) -> Option<(Admission, RecentEntry)> {
        let mut held = self.held();
        let (asked, admission) = held.spaces.get(media.space())?;
        let admission = (asked.elapsed() < BELIEVED).then(|| admission.clone())?;
        Some((admission, held.contents.get(media)?.clone()))
    }

    /// Takes the state of a space that was asked for at this moment.
    pub fn admit(&self, space: &SpaceId, asked: Instant, admission: Admission) {
        let mut held = self.held();
        // Two that ask at a time may come back in another order.
        if held.spaces.peek(space).is_none_or(|(before, _)| *before <= asked) {
            held.spaces.put(space.clone(), (asked, admission));
        }
        while held.spaces.len() > SPACES {
            held.spaces.pop_lru();
        }
    }

    /// Takes what was found of a content, with the pages that are known already of the same version.
    pub fn put(&self, media: &MediaKey, mut entry: RecentEntry) {
        let mut held = self.held();
        if let Some(before) = held.take(media)
            && before.head == entry.head
            && before.cells == entry.cells
        {
            entry.pages.extend(before.pages);
        }
        let memory = entry.memory();
        if memory > self.most {
            return;
        }
        held.bytes += memory;
        held.contents.put(media.clone(), entry);
        while held.bytes > self.most {
            let Some((_, entry)) = held.contents.pop_lru() else { break };
            held.bytes -= entry.memory();
        }
    }

    /// Forgets a content.
    pub fn forget(&self, media: &MediaKey) {
        self.held().take(media);
    }

    /// A panic elsewhere leaves nothing half done here.
    fn held(&self) -> MutexGuard<'_, HeldEntries> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl HeldEntries {
    fn take(&mut self, media: &MediaKey) -> Option<RecentEntry> {
        let entry = self.contents.pop(media)?;
        self.bytes -= entry.memory();
        Some(entry)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use reelspan_engine::index::{Original, Status};

    use super::*;

    fn media(name: &str) -> MediaKey {
        format!("space/{name}").parse().unwrap()
    }

    fn entry(etag: &str, pages: &[(u32, usize)]) -> RecentEntry {
        let original = Original {
            etag: etag.to_owned(),
            size: 1,
            modified: 0,
            version: None,
            sequencer: String::new(),
            content_type: None,
        };
        let head = Arc::new(Head { original, status: Status::Refused(String::new()) });
        let pages = pages.iter().map(|(number, size)| (*number, Bytes::from(vec![0; *size]))).collect();
        RecentEntry { head, weight: 100, cells: Cells::default(), pages }
    }

    fn admitted(recent: &Recent) {
        recent.admit(media("a").space(), Instant::now(), Admission::default());
    }

    #[tokio::test(start_paused = true)]
    async fn the_state_of_a_space_is_believed_for_five_seconds() {
        let recent = Recent::new(10_000);
        recent.put(&media("a"), entry("1", &[]));
        assert!(recent.get(&media("a")).is_none(), "the space is not known");
        admitted(&recent);
        tokio::time::advance(Duration::from_millis(4999)).await;
        assert!(recent.get(&media("a")).is_some());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(recent.get(&media("a")).is_none());
        let early = Instant::now().checked_sub(BELIEVED).unwrap();
        admitted(&recent);
        recent.admit(media("a").space(), early, Admission::default());
        assert!(recent.get(&media("a")).is_some(), "an earlier answer replaces no later one");
    }

    #[tokio::test]
    async fn pages_of_one_version_are_kept_together_and_no_others() {
        let recent = Recent::new(10_000);
        admitted(&recent);
        recent.put(&media("a"), entry("1", &[(1, 10), (2, 10)]));
        recent.put(&media("a"), entry("1", &[(2, 10), (3, 10)]));
        let pages = || recent.get(&media("a")).unwrap().1.pages.into_keys().collect::<Vec<_>>();
        assert_eq!(pages(), [1, 2, 3]);
        recent.put(&media("a"), entry("2", &[(4, 10)]));
        assert_eq!(pages(), [4]);
        recent.forget(&media("a"));
        assert!(recent.get(&media("a")).is_none());
        assert_eq!(recent.held().bytes, 0);
    }

    #[tokio::test]
    async fn what_was_used_least_recently_goes_first() {
        let recent = Recent::new(4000);
        admitted(&recent);
        for name in ["a", "b"] {
            recent.put(&media(name), entry("1", &[(0, 1000)]));
        }
        assert!(recent.get(&media("a")).is_some());
        recent.put(&media("c"), entry("1", &[(0, 1000)]));
        assert_eq!(["a", "b", "c"].map(|name| recent.get(&media(name)).is_some()), [true, false, true]);
        recent.put(&media("d"), entry("1", &[(0, 5000)]));
        assert!(
            recent.get(&media("d")).is_none() && recent.get(&media("a")).is_some(),
            "what is too large is not kept"
        );
    }
}
