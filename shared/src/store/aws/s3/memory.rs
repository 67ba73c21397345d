//! The memory of uploads of unknown length. Each buffers a part of 16 MiB before it can send it, because S3 needs a
//! part's length beforehand. All uploads of a process share room for a few parts; the others wait for it in order, with
//! their clients' bytes still on the way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// How many parts are buffered at a time: with 16 MiB each, 96 MiB.
const AT_A_TIME: usize = 6;
/// How long a part may take to arrive if others wait for its room.
const SLOW: Duration = Duration::from_mins(1);
/// How long to wait for room: longer than a slow part may keep it.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often a slow part checks whether others wait.
const LOOK: Duration = Duration::from_secs(1);

/// The room of this process.
pub(super) static MEMORY: PartMemory = PartMemory::new(AT_A_TIME);

/// Room for parts.
#[derive(Debug)]
pub(super) struct PartMemory {
    free: Semaphore,
    waiting: AtomicUsize,
}

/// There was no room within the waiting time.
#[derive(Debug)]
pub(super) struct Exhausted;

/// The room of a part; dropping this frees it.
#[derive(Debug)]
pub(super) struct Room<'a> {
    memory: &'a PartMemory,
    since: Instant,
    _permit: SemaphorePermit<'a>,
}

impl PartMemory {
    const fn new(parts: usize) -> Self {
        Self { free: Semaphore::const_new(parts), waiting: AtomicUsize::new(0) }
    }

    /// Waits for the room of one part, in order of arrival.
    pub async fn room(&self) -> Result<Room<'_>, Exhausted> {
        let permit = if let Ok(permit) = self.free.try_acquire() {
            permit
        } else {
            let _waits = Waits::begin(&self.waiting);
            let acquired = tokio::time::timeout(PATIENCE, self.free.acquire()).await;
            acquired.map_err(|_| Exhausted)?.map_err(|_| Exhausted)?
        };
        Ok(Room { memory: self, since: Instant::now(), _permit: permit })
    }
}

impl Room<'_> {
    /// Completes once the part has taken too long, and others wait for the room.
    pub async fn is_wanted(&self) {
        tokio::time::sleep_until(self.since + SLOW).await;
        while self.memory.waiting.load(Ordering::Relaxed) == 0 {
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Counts a waiting upload, however its waiting ends.
struct Waits<'a>(&'a AtomicUsize);

impl<'a> Waits<'a> {
    fn begin(waiting: &'a AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn there_is_room_for_so_many_parts_and_the_others_wait_in_their_order() {
        let memory = Arc::new(PartMemory::new(2));
        let held = (memory.room().await.unwrap(), memory.room().await.unwrap());
        let (told, mut order) = tokio::sync::mpsc::unbounded_channel();
        for number in 0..3 {
            let (memory, told) = (Arc::clone(&memory), told.clone());
            tokio::spawn(async move {
                let _room = memory.room().await.unwrap();
                told.send(number).unwrap();
            });
            tokio::time::sleep(LOOK).await;
        }
        assert!(order.try_recv().is_err());
        drop(held.0);
        for expected in 0..3 {
            assert_eq!(order.recv().await, Some(expected));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_told_so_in_the_end() {
        let memory = PartMemory::new(1);
        let _held = memory.room().await.unwrap();
        let begun = Instant::now();
        assert!(memory.room().await.is_err());
        assert_eq!(begun.elapsed(), PATIENCE);
        assert_eq!(memory.waiting.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_part_keeps_its_room_until_others_want_it() {
        let memory = Arc::new(PartMemory::new(1));
        let held = memory.room().await.unwrap();
        assert!(tokio::time::timeout(10 * SLOW, held.is_wanted()).await.is_err());
        let other = Arc::clone(&memory);
        let waits = tokio::spawn(async move { other.room().await.is_ok() });
        tokio::time::timeout(2 * LOOK, held.is_wanted()).await.unwrap();
        drop(held);
        assert!(waits.await.unwrap());
    }
}
