//! What a connection's client is doing, and since when it has made no progress.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// The lowest accepted rate of a client, in bytes a second, on average.
const SLOWEST: u64 = 1024;

/// How long a client may make no progress.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From the first to the last byte of a request's head.
    pub head: Duration,
    /// From the end of an answer, or from the connection's beginning, to the next request.
    pub idle: Duration,
    /// Sending a body: the total time that the server waits, beyond the time that the lowest accepted rate (1 KiB/s)
    /// needs.
    pub body: Duration,
    /// Reading an answer, likewise. A paused player reads nothing, and requests the rest by a `Range` once its
    /// connection is closed.
    pub answer: Duration,
    /// How long a client may read nothing before its connection can be given to another client, if no other can.
    pub stalled: Duration,
}

impl Patience {
    /// Limits that honest clients never notice.
    pub const DEFAULT: Self = Self {
        head: Duration::from_secs(15),
        idle: Duration::from_mins(1),
        body: Duration::from_secs(30),
        answer: Duration::from_mins(5),
        stalled: Duration::from_secs(30),
    };
}

/// What a connection is doing. Shared by the code that reads, writes, and checks limits.
#[derive(Debug)]
pub struct ConnectionProgress(Mutex<ConnectionState>);

#[derive(Debug)]
struct ConnectionState {
    phase: Phase,
    since: Instant,
    patience: Patience,
    /// Waiting for more of a request's body.
    body: ClientWait,
    /// Waiting for the client to take more of an answer.
    answer: ClientWait,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    Head,
    Request,
}

/// Waiting for a client, which has a limited time.
#[derive(Debug)]
struct ClientWait {
    since: Option<Instant>,
    left: Duration,
    most: Duration,
}

impl ClientWait {
    const fn new(most: Duration) -> Self {
        Self { since: None, left: most, most }
    }

    fn begins(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// The client sent or read this many bytes. A client that is not too slow never uses up its time.
    fn ends(&mut self, now: Instant, bytes: usize) {
        if let Some(since) = self.since.take() {
            self.left = self.left.saturating_sub(now.saturating_duration_since(since));
        }
        let earned = Duration::from_millis((bytes as u64).saturating_mul(1000) / SLOWEST);
        self.left = self.left.saturating_add(earned).min(self.most);
    }

    fn is_over(&self, now: Instant) -> bool {
        self.since.is_some_and(|since| now.saturating_duration_since(since) >= self.left)
    }
}

impl ConnectionProgress {
    /// The progress of a connection that begins now.
    pub fn new(patience: Patience, now: Instant) -> Self {
        let (body, answer) = (ClientWait::new(patience.body), ClientWait::new(patience.answer));
        Self(Mutex::new(ConnectionState { phase: Phase::Idle, since: now, patience, body, answer }))
    }

    /// Bytes arrived.
    pub fn bytes_arrive(&self, now: Instant) {
        let mut state = self.lock();
        if state.phase == Phase::Idle {
            (state.phase, state.since) = (Phase::Head, now);
        }
    }

    /// The head of a request is complete.
    pub fn request_begins(&self, now: Instant) {
        let mut state = self.lock();
        (state.phase, state.since) = (Phase::Request, now);
        state.body = ClientWait::new(state.patience.body);
    }

    /// An answer was written, or given up.
    pub fn request_ends(&self, now: Instant) {
        let mut state = self.lock();
        (state.phase, state.since) = (Phase::Idle, now);
        state.body.since = None;
    }

    /// The server has to wait for more of a body.
    pub fn body_is_awaited(&self, now: Instant) {
        self.lock().body.begins(now);
    }

    /// This many bytes of a body arrived.
    pub fn body_arrives(&self, now: Instant, bytes: usize) {
        self.lock().body.ends(now, bytes);
    }

    /// The client reads no more of an answer for now.
    pub fn answer_is_stuck(&self, now: Instant) {
        self.lock().answer.begins(now);
    }

    /// The client read this many bytes.
    pub fn answer_moves(&self, now: Instant, bytes: usize) {
        let mut state = self.lock();
        state.answer.ends(now, bytes);
        if state.phase != Phase::Request {
            state.since = now;
        }
    }

    /// Whether the client has used up its time.
    pub fn is_overdue(&self, now: Instant) -> bool {
        let state = self.lock();
        if state.answer.since.is_some() {
            return state.answer.is_over(now);
        }
        let waited = now.saturating_duration_since(state.since);
        match state.phase {
            Phase::Idle => waited >= state.patience.idle,
            Phase::Head => waited >= state.patience.head,
            Phase::Request => state.body.is_over(now),
        }
    }

    /// How dispensable the connection is if another needs its place; the greatest gives way. `None` if its client is
    /// being served.
    pub fn dispensable(&self, now: Instant) -> Option<(EvictionRank, Duration)> {
        let state = self.lock();
        match (state.answer.since, state.phase) {
            (Some(since), _) => {
                let stuck = now.saturating_duration_since(since);
                (stuck >= state.patience.stalled).then_some((EvictionRank::Stalled, stuck))
            }
            (None, Phase::Request) => None,
            (None, _) => Some((EvictionRank::Waiting, now.saturating_duration_since(state.since))),
        }
    }

    fn lock(&self) -> MutexGuard<'_, ConnectionState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a connection may be given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EvictionRank {
    /// Its client does not read its answer.
    Stalled,
    /// It has no request.
    Waiting,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_head_has_its_time_and_an_idle_connection_its_own() {
        let (patience, begun) = (Patience::DEFAULT, Instant::now());
        let progress = ConnectionProgress::new(patience, begun);
        assert!(!progress.is_overdue(begun + patience.idle - SECOND));
        assert!(progress.is_overdue(begun + patience.idle));
        progress.bytes_arrive(begun + SECOND);
        // A byte now and then is not progress.
        for second in 2..15 {
            progress.bytes_arrive(begun + second * SECOND);
            assert!(!progress.is_overdue(begun + second * SECOND));
        }
        assert!(progress.is_overdue(begun + SECOND + patience.head));
        // The server is responsible for a long request.
        progress.request_begins(begun + 2 * SECOND);
        assert!(!progress.is_overdue(begun + 10_000 * SECOND));
        progress.request_ends(begun + 10_000 * SECOND);
        assert!(!progress.is_overdue(begun + 10_000 * SECOND + patience.head));
        assert!(progress.is_overdue(begun + 10_000 * SECOND + patience.idle));
    }

    #[test]
    fn a_body_that_trickles_is_given_up_and_a_slow_one_is_not() {
        for (bytes_a_second, ends) in [(0, true), (100, true), (2 * SLOWEST, false), (100 * SLOWEST, false)] {
            let begun = Instant::now();
            let progress = ConnectionProgress::new(Patience::DEFAULT, begun);
            progress.request_begins(begun);
            let overdue = (0..600).any(|second| {
                let now = begun + second * SECOND;
                progress.body_is_awaited(now);
                let later = now + SECOND;
                let overdue = progress.is_overdue(later);
                progress.body_arrives(later, usize::try_from(bytes_a_second).unwrap());
                overdue
            });
            assert_eq!(overdue, ends, "{bytes_a_second} bytes a second");
        }
    }

    #[test]
    fn a_paused_player_keeps_its_connection_for_minutes_and_gives_it_up_to_those_who_need_it() {
        let (patience, begun) = (Patience::DEFAULT, Instant::now());
        let progress = ConnectionProgress::new(patience, begun);
        progress.request_begins(begun);
        assert_eq!(progress.dispensable(begun), None);
        progress.answer_is_stuck(begun);
        // The server has the rest of the answer, and still waits for the client.
        progress.request_ends(begun + SECOND);
        assert!(!progress.is_overdue(begun + patience.answer - SECOND));
        assert!(progress.is_overdue(begun + patience.answer));
        assert_eq!(progress.dispensable(begun + patience.stalled - SECOND), None);
        assert_eq!(progress.dispensable(begun + patience.stalled), Some((EvictionRank::Stalled, patience.stalled)));
        // The player resumes.
        progress.answer_moves(begun + 60 * SECOND, 1 << 20);
        assert!(!progress.is_overdue(begun + 61 * SECOND));
        assert_eq!(progress.dispensable(begun + 61 * SECOND), Some((EvictionRank::Waiting, SECOND)));
        assert!(EvictionRank::Waiting > EvictionRank::Stalled);
    }
}
