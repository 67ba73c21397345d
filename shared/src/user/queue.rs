//! The queue for hashing passwords. A hash takes a processor most of a second, so few are computed at once, and the
//! others wait: first those whose credentials were right before, then those with the fewest failures at their address
//! and name. When the queue is full, a newcomer replaces an attempt that is more suspicious, or whose source has more
//! attempts waiting.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::limiter::{AttemptSource, Suspicion};

/// The order in which attempts are served, the lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AttemptRank {
    /// Its credentials were right before.
    Recognised,
    /// Its credentials are not recognised.
    Unknown(Suspicion),
}

/// The queue is full.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct QueueFull;

/// A queue. Clones share their state.
#[derive(Clone)]
pub(super) struct AttemptQueue(Arc<SharedQueue>);

struct SharedQueue {
    at_once: usize,
    waiting: usize,
    state: Mutex<QueueState>,
}

#[derive(Default)]
struct QueueState {
    running: usize,
    waiters: Vec<Waiter>,
    arrivals: u64,
}

struct Waiter {
    rank: AttemptRank,
    source: AttemptSource,
    arrival: u64,
    turn: oneshot::Sender<Turn>,
}

/// A turn; dropping it ends it, and the next begins.
pub(super) struct Turn(AttemptQueue);

impl AttemptQueue {
    /// A queue with `at_once` simultaneous turns and `waiting` places.
    pub fn new(at_once: usize, waiting: usize) -> Self {
        Self(Arc::new(SharedQueue { at_once: at_once.max(1), waiting, state: Mutex::default() }))
    }

    /// Waits for a turn.
    pub async fn turn(&self, rank: AttemptRank, source: AttemptSource) -> Result<Turn, QueueFull> {
        let turn = {
            let mut state = self.state();
            if state.running < self.0.at_once {
                state.running += 1;
                return Ok(Turn(self.clone()));
            }
            state.line_up(rank, source, self.0.waiting)?
        };
        // A dropped sender made room for another attempt.
        turn.await.map_err(|_| QueueFull)
    }

    fn state(&self) -> MutexGuard<'_, QueueState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl QueueState {
    fn line_up(
        &mut self,
        rank: AttemptRank,
        source: AttemptSource,
        most: usize,
    ) -> Result<oneshot::Receiver<Turn>, QueueFull> {
        self.waiters.retain(|waiter| !waiter.turn.is_closed());
        if self.waiters.len() >= most {
            let last = self.last().ok_or(QueueFull)?;
            if (rank, self.waiting(source) + 1) >= last.1 {
                return Err(QueueFull);
            }
            self.waiters.swap_remove(last.0);
        }
        let (turn, waits) = oneshot::channel();
        self.arrivals += 1;
        self.waiters.push(Waiter { rank, source, arrival: self.arrivals, turn });
        Ok(waits)
    }

    /// How many attempts of a source are waiting.
    fn waiting(&self, source: AttemptSource) -> usize {
        self.waiters.iter().filter(|waiter| waiter.source == source).count()
    }

    /// The attempt that would be served last: its position, and its rank and number.
    fn last(&self) -> Option<(usize, (AttemptRank, usize))> {
        let judged = self.waiters.iter().enumerate();
        let judged = judged.map(|(at, waiter)| (at, (waiter.rank, self.waiting(waiter.source)), waiter.arrival));
        judged.max_by_key(|(_, judged, arrival)| (*judged, *arrival)).map(|(at, judged, _)| (at, judged))
    }

    /// Removes the attempt that is served next.
    fn next(&mut self) -> Option<Waiter> {
        self.waiters.retain(|waiter| !waiter.turn.is_closed());
        let waiters = self.waiters.iter().enumerate();
        let next = waiters.min_by_key(|(_, waiter)| (waiter.rank, self.waiting(waiter.source), waiter.arrival));
        let (at, _) = next?;
        Some(self.waiters.swap_remove(at))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let next = {
            let mut state = self.0.state();
            let next = state.next();
            if next.is_none() {
                state.running = state.running.saturating_sub(1);
            }
            next
        };
        if let Some(waiter) = next {
            // If the attempt has just been cancelled, sending returns the turn, which is dropped here.
            let _ = waiter.turn.send(Turn(self.0.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures::future::join_all;
    use futures::poll;

    use super::*;
    use crate::user::limiter::{FailureLimits, Limiter};

    fn source(number: u8) -> AttemptSource {
        AttemptSource::of(Some([192, 0, 2, number].into()))
    }

    /// The rank of an attempt from an address with this many failures.
    fn rank(failures: u8) -> AttemptRank {
        let limiter = Limiter::new(FailureLimits::default());
        for name in 0..failures {
            limiter.attempt(source(1), &name.to_string()).unwrap();
        }
        AttemptRank::Unknown(limiter.attempt(source(1), "a").unwrap().suspicion)
    }

    #[tokio::test]
    async fn the_least_suspicious_is_served_first_and_then_the_first_to_come() {
        let queue = AttemptQueue::new(1, 10);
        let first = queue.turn(rank(0), source(0)).await.unwrap();
        let served = Arc::new(Mutex::new(Vec::new()));
        let asked = [("c", rank(3)), ("d", rank(3)), ("b", rank(0)), ("a", AttemptRank::Recognised), ("e", rank(9))];
        let waiting = asked.into_iter().enumerate().map(|(at, (name, rank))| {
            let (queue, served) = (queue.clone(), Arc::clone(&served));
            async move {
                let turn = queue.turn(rank, source(at.try_into().unwrap())).await.unwrap();
                served.lock().unwrap().push(name);
                drop(turn);
            }
        });
        let mut waiting = Box::pin(join_all(waiting));
        assert!(poll!(&mut waiting).is_pending());
        drop(first);
        waiting.await;
        assert_eq!(*served.lock().unwrap(), ["a", "b", "c", "d", "e"]);
    }

    #[tokio::test]
    async fn a_full_queue_turns_away_who_crowds_it() {
        let queue = AttemptQueue::new(1, 3);
        let first = queue.turn(rank(0), source(0)).await.unwrap();
        let mut crowd: Vec<_> = (0..3).map(|_| Box::pin(queue.turn(rank(0), source(1)))).collect();
        for one in &mut crowd {
            assert!(poll!(one).is_pending());
        }
        assert_eq!(queue.turn(rank(0), source(1)).await.err(), Some(QueueFull));
        assert_eq!(queue.turn(rank(1), source(2)).await.err(), Some(QueueFull));
        let mut honest = Box::pin(queue.turn(rank(0), source(2)));
        assert!(poll!(&mut honest).is_pending());
        assert_eq!(crowd.pop().unwrap().await.err(), Some(QueueFull));
        drop(first);
        drop(honest.await.unwrap());
        for one in crowd {
            drop(one.await.unwrap());
        }
        assert_eq!(queue.state().running, 0);
    }

    #[tokio::test]
    async fn a_turn_that_nobody_waits_for_any_more_is_the_next_one_s() {
        let queue = AttemptQueue::new(1, 10);
        let first = queue.turn(rank(0), source(0)).await.unwrap();
        let (mut gone, mut left) = (Box::pin(queue.turn(rank(0), source(1))), Box::pin(queue.turn(rank(0), source(2))));
        assert!(poll!(&mut gone).is_pending() && poll!(&mut left).is_pending());
        drop(first);
        // It already has the turn.
        drop(gone);
        drop(left.await.unwrap());
        assert_eq!(queue.state().running, 0);
    }
}
