//! Limits on guessing passwords, applied before anything is hashed.
//!
//! Every attempt counts as a failure until it turns out right: for the name at the address, for the address, and for
//! the name. The first failures are free; then each doubles the time until the next attempt. The limits of the pair and
//! of the address delay. The limit of the name does not, because otherwise anyone could lock a user out: while a name
//! is being guessed at, other addresses only have fewer free failures for it. NIST SP 800-63B-4 §3.2.2 requires rate
//! limiting, and suggests growing delays and the addresses of earlier sign-ins. It also suggests to disable an account
//! after a fixed number of failures, but that would let an attacker lock it.
//!
//! The state belongs to one process. The number of entries is bounded; the oldest is dropped first.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The longest delay for a name at an address.
const LONGEST_OF_PAIR: Duration = Duration::from_mins(15);
/// The longest delay for an address: others behind the same NAT wait for it too.
const LONGEST_OF_ADDRESS: Duration = Duration::from_mins(1);
/// How long a failure counts.
const COUNTS_FOR: Duration = Duration::from_hours(1);

/// How many failures are free, and how many entries are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureLimits {
    /// Free failures for a name at an address: a person's typing errors.
    pub of_pair: u32,
    /// The same while the name is being guessed at.
    pub of_pair_under_attack: u32,
    /// Free failures for an address, whatever the names: it may belong to a reading room.
    pub of_address: u32,
    /// The number of failures for a name, at all addresses, from which on it counts as being guessed at.
    pub of_name: u32,
    /// The maximum number of remembered pairs, addresses and names, each.
    pub entries: usize,
}

impl Default for FailureLimits {
    fn default() -> Self {
        Self { of_pair: 5, of_pair_under_attack: 1, of_address: 30, of_name: 50, entries: 4096 }
    }
}

impl FailureLimits {
    /// Free failures for a name at an address, after this many failures for the name at all addresses.
    const fn free_of_pair(&self, of_name: u32) -> u32 {
        if of_name >= self.of_name { self.of_pair_under_attack } else { self.of_pair }
    }

    /// The delays after the last failures of a name at an address, and of the address, in seconds.
    pub(crate) fn delays(&self, of_pair: u32, of_address: u32, of_name: u32) -> (u64, u64) {
        let pair = delay(of_pair, self.free_of_pair(of_name), LONGEST_OF_PAIR);
        (pair.as_secs(), delay(of_address, self.of_address, LONGEST_OF_ADDRESS).as_secs())
    }
}

/// The origin of attempts, as far as it is distinguished: an IPv4 address; the first 64 bits of an IPv6 address, since
/// a subscriber has a whole network (RFC 6177); or unknown, which counts as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct AttemptSource(Option<IpAddr>);

impl AttemptSource {
    pub fn of(address: Option<IpAddr>) -> Self {
        Self(address.map(|address| match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
            address @ IpAddr::V4(_) => address,
        }))
    }
}

/// How suspicious an attempt is: the failures of its address, then those of its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Suspicion(u32, u32);

/// An attempt that was allowed, and counts as a failure until [`Limiter::was_right`] or [`Limiter::was_nothing`].
#[derive(Debug)]
pub(super) struct Attempt {
    source: AttemptSource,
    name: NameHash,
    /// The suspicion before it.
    pub suspicion: Suspicion,
}

/// An attempt was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AttemptWait {
    /// The time until the next attempt.
    pub time: Duration,
    /// Whether another attempt was refused since the last failure, so that this one needs no log entry.
    pub again: bool,
}

/// A hash of a name, keyed for this process: eight bytes for any typed text.
type NameHash = u64;

pub(super) struct Limiter {
    limits: FailureLimits,
    hasher: RandomState,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    pairs: Ledger<(AttemptSource, NameHash)>,
    addresses: Ledger<AttemptSource>,
    names: Ledger<NameHash>,
}

impl Limiter {
    pub fn new(limits: FailureLimits) -> Self {
        Self { limits, hasher: RandomState::new(), known: Mutex::default() }
    }

    /// Allows an attempt, or says how long it has to wait.
    pub fn attempt(&self, source: AttemptSource, name: &str) -> Result<Attempt, AttemptWait> {
        let (now, name, limits) = (Instant::now(), self.hasher.hash_one(name), &self.limits);
        let mut known = self.known();
        let suspicion = Suspicion(known.addresses.failures(&source, now), known.names.failures(&name, now));
        let of_pair = limits.free_of_pair(suspicion.1);
        let pair = known.pairs.wait(&(source, name), of_pair, LONGEST_OF_PAIR, now);
        let address = known.addresses.wait(&source, limits.of_address, LONGEST_OF_ADDRESS, now);
        let wait = pair.max(address);
        if !wait.is_zero() {
            // Whichever of the two causes the delay.
            let told_before = known.pairs.tell(&(source, name)) | known.addresses.tell(&source);
            return Err(AttemptWait { time: wait, again: told_before });
        }
        known.pairs.fail((source, name), now, limits.entries);
        known.addresses.fail(source, now, limits.entries);
        known.names.fail(name, now, limits.entries);
        Ok(Attempt { source, name, suspicion })
    }

    /// The attempt was right: earlier failures of this name at this address are forgotten. An attacker who signs in
    /// with their own account in between gains nothing.
    pub fn was_right(&self, attempt: &Attempt) {
        self.was_nothing(attempt);
        self.known().pairs.0.remove(&(attempt.source, attempt.name));
    }

    /// The attempt was wrong: its delay begins now.
    pub fn was_wrong(&self, attempt: &Attempt) {
        let now = Instant::now();
        let mut known = self.known();
        known.pairs.put_off(&(attempt.source, attempt.name), now);
        known.addresses.put_off(&attempt.source, now);
    }

    /// The attempt was not decided.
    pub fn was_nothing(&self, attempt: &Attempt) {
        let mut known = self.known();
        known.pairs.take_back(&(attempt.source, attempt.name));
        known.addresses.take_back(&attempt.source);
        known.names.take_back(&attempt.name);
    }

    /// A panic elsewhere leaves the counts consistent.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Failures by their key.
struct Ledger<K>(HashMap<K, RecentFailures>);

#[derive(Clone, Copy)]
struct RecentFailures {
    count: u32,
    last: Instant,
    /// Whether a wait was reported since the last failure.
    told: bool,
}

impl<K> Default for Ledger<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Copy + Eq + Hash> Ledger<K> {
    fn failures(&self, key: &K, now: Instant) -> u32 {
        self.0.get(key).filter(|failures| failures.counts(now)).map_or(0, |failures| failures.count)
    }

    /// How long the next attempt has to wait.
    fn wait(&self, key: &K, free: u32, longest: Duration, now: Instant) -> Duration {
        let Some(failures) = self.0.get(key).filter(|failures| failures.counts(now)) else { return Duration::ZERO };
        let until = failures.last + delay(failures.count, free, longest);
        until.saturating_duration_since(now)
    }

    fn fail(&mut self, key: K, now: Instant, entries: usize) {
        if self.0.len() >= entries && !self.0.contains_key(&key) {
            self.0.retain(|_, failures| failures.counts(now));
            while self.0.len() >= entries {
                let Some(oldest) = self.0.iter().min_by_key(|(_, failures)| failures.last).map(|(key, _)| *key) else {
                    return;
                };
                self.0.remove(&oldest);
            }
        }
        let count = self.failures(&key, now).saturating_add(1);
        self.0.insert(key, RecentFailures { count, last: now, told: false });
    }

    /// Records that a wait is reported; returns whether one was before.
    fn tell(&mut self, key: &K) -> bool {
        self.0.get_mut(key).is_some_and(|failures| std::mem::replace(&mut failures.told, true))
    }

    fn put_off(&mut self, key: &K, now: Instant) {
        if let Some(failures) = self.0.get_mut(key) {
            failures.last = now;
        }
    }

    fn take_back(&mut self, key: &K) {
        if let Some(failures) = self.0.get_mut(key) {
            failures.count = failures.count.saturating_sub(1);
            if failures.count == 0 {
                self.0.remove(key);
            }
        }
    }
}

impl RecentFailures {
    fn counts(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) < COUNTS_FOR
    }
}

/// The delay after this many failures: one second after the first that is not free, then doubled each time.
fn delay(failures: u32, free: u32, longest: Duration) -> Duration {
    match failures.checked_sub(free) {
        None | Some(0) => Duration::ZERO,
        Some(beyond) => Duration::from_secs(1_u64.checked_shl(beyond - 1).unwrap_or(u64::MAX)).min(longest),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn source(address: &str) -> AttemptSource {
        AttemptSource::of(Some(address.parse().unwrap()))
    }

    /// How many attempts in a row are allowed, at most `most`.
    fn let_through(limiter: &Limiter, address: &str, name: &str, most: u32) -> u32 {
        (0..most).take_while(|_| limiter.attempt(source(address), name).is_ok()).count().try_into().unwrap()
    }

    #[test]
    fn delays_grow_up_to_the_longest() {
        for (failures, seconds) in
            [(0, 0), (5, 0), (6, 1), (7, 2), (8, 4), (15, 512), (16, 900), (69, 900), (70, 900), (u32::MAX, 900)]
        {
            assert_eq!(delay(failures, 5, LONGEST_OF_PAIR).as_secs(), seconds, "{failures}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_at_an_address_waits_longer_each_time() {
        let limiter = Limiter::new(FailureLimits::default());
        assert_eq!(let_through(&limiter, "192.0.2.1", "alice", 100), 6);
        for seconds in [1, 2, 4, 8] {
            assert_eq!(limiter.attempt(source("192.0.2.1"), "alice").unwrap_err().time.as_secs(), seconds);
            tokio::time::advance(Duration::from_millis(1000 * seconds - 1)).await;
            assert!(limiter.attempt(source("192.0.2.1"), "alice").is_err());
            tokio::time::advance(Duration::from_millis(1)).await;
            assert!(limiter.attempt(source("192.0.2.1"), "alice").is_ok());
        }
        // Another name there and the same name elsewhere are not affected.
        assert!(limiter.attempt(source("192.0.2.1"), "bob").is_ok());
        assert!(limiter.attempt(source("192.0.2.2"), "alice").is_ok());
        tokio::time::advance(COUNTS_FOR).await;
        assert_eq!(let_through(&limiter, "192.0.2.1", "alice", 100), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_tries_one_name_after_the_other_waits_too() {
        let limiter = Limiter::new(FailureLimits::default());
        let names: Vec<String> = (0..100).map(|name| name.to_string()).collect();
        let attempts = names.iter().filter(|name| limiter.attempt(source("192.0.2.1"), name).is_ok()).count();
        assert_eq!(attempts, 31);
        // Nor does signing in with one's own account in between help.
        let limiter = Limiter::new(FailureLimits::default());
        let mut guesses = 0;
        for name in &names {
            guesses += u32::from(limiter.attempt(source("192.0.2.1"), name).is_ok());
            if let Ok(own) = limiter.attempt(source("192.0.2.1"), "mallory") {
                limiter.was_right(&own);
            }
        }
        assert_eq!(guesses, 31);
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_is_locked_out_by_guesses_from_elsewhere() {
        let limiter = Limiter::new(FailureLimits::default());
        for address in 0..200 {
            let_through(&limiter, &format!("198.51.100.{address}"), "alice", 100);
        }
        let alice = limiter.attempt(source("192.0.2.1"), "alice").unwrap();
        limiter.was_right(&alice);
        // While it goes on, an address has fewer free failures for this name, and as many as before for others.
        assert_eq!(let_through(&limiter, "192.0.2.2", "alice", 100), 2);
        assert_eq!(let_through(&limiter, "192.0.2.2", "bob", 100), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_right_or_not_decided_leaves_nothing_behind() {
        let limiter = Limiter::new(FailureLimits::default());
        for _ in 0..1000 {
            let attempt = limiter.attempt(source("192.0.2.1"), "alice").unwrap();
            limiter.was_nothing(&attempt);
            let attempt = limiter.attempt(source("192.0.2.1"), "alice").unwrap();
            limiter.was_right(&attempt);
        }
        let known = limiter.known();
        assert!(known.pairs.0.is_empty() && known.addresses.0.is_empty() && known.names.0.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_refused_over_and_over_is_told_of_once() {
        let limiter = Limiter::new(FailureLimits::default());
        let told = |name: &str| {
            let refused = (0..20).filter_map(|_| limiter.attempt(source("192.0.2.1"), name).err());
            refused.filter(|wait| !wait.again).count()
        };
        assert_eq!((told("alice"), told("alice")), (1, 0));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(told("alice"), 1);
        // Once the address itself has to wait, one report for it too, whatever the names.
        let all: usize = (0..100).map(|name: u8| told(&name.to_string())).sum();
        assert!(all <= 10, "{all}");
    }

    #[test]
    fn addresses_of_one_network_of_ipv6_are_one() {
        for (one, other, same) in [
            ("2001:db8::1", "2001:db8::ffff:1", true),
            ("2001:db8::1", "2001:db8:0:1::1", false),
            ("192.0.2.1", "::ffff:192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
        ] {
            assert_eq!(source(one) == source(other), same, "{one} {other}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_remembered_than_was_said() {
        let limiter = Limiter::new(FailureLimits { entries: 10, ..FailureLimits::default() });
        for number in 0..1000_u32 {
            let address = IpAddr::V6(Ipv6Addr::from_bits(u128::from(number) << 64));
            assert!(limiter.attempt(AttemptSource::of(Some(address)), &"a".repeat(number.try_into().unwrap())).is_ok());
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        let known = limiter.known();
        assert_eq!((known.pairs.0.len(), known.addresses.0.len(), known.names.0.len()), (10, 10, 10));
    }
}
