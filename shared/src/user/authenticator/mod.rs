//! Authentication by the `Authorization` field of a request (HTTP Basic, RFC 7617).
//!
//! An unknown user takes the same time and gets the same answer as a wrong password. Hashing is slow by design, so only
//! a few hashes are computed at once, and only a limited number of requests wait ([`Settings::waiting`]). Correct
//! credentials are remembered for a while; for that long, a user who was removed, or whose password or rights have
//! changed, keeps the old access.
//!
//! Guessing is limited before anything is hashed ([`FailureLimits`]). Credentials that were correct within a day are
//! recognised after that while too: they are checked again, but no limit applies to them, and they are first in the
//! queue. So guesses at a user's name, from any address, do not keep out the user who knows the password.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};
use tokio::time::Instant;

use super::limiter::{Attempt, AttemptSource, AttemptWait, FailureLimits, Limiter};
use super::password::{self, ROUNDS};
use super::queue::{AttemptQueue, AttemptRank, Turn};
use super::remembered::{CredentialsDigest, Remembered};
use super::{Credentials, Identity, MalformedCredentials, NoRandomBytes, User, UserName};

/// How long correct credentials remain valid without another check.
pub const TIME_TO_LIVE: Duration = Duration::from_mins(1);

/// The value of `WWW-Authenticate` in a 401 (RFC 7617 §2).
pub const CHALLENGE: &str = "Basic realm=\"Reelspan\"";

/// The maximum number of simultaneous hashes, on any number of processors: blocking threads are needed for other work
/// too.
const MOST_AT_ONCE: usize = 4;

/// The store of users.
pub trait Directory: Send + Sync {
    /// The current user of this name.
    fn find<'a>(&'a self, name: &'a UserName) -> BoxFuture<'a, Result<Option<User>, NotFound>>;
}

/// Why a user could not be looked up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// A service asks to try later.
    #[error("{0} is busy")]
    Busy(&'static str),
    /// A service failed; the text is only for the log.
    #[error("{0}")]
    Failed(String),
}

/// Why a request could not be authenticated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The field is invalid: 401.
    #[error(transparent)]
    Malformed(#[from] MalformedCredentials),
    /// The user does not exist, or the password is wrong; the answer does not say which: 401.
    #[error("user name or password is wrong")]
    Wrong,
    /// Too many passwords were wrong, for this name at this address or at this address: 429.
    #[error("too many failed sign-ins; try again in {seconds} s")]
    Limited {
        /// Seconds until the next attempt is checked.
        seconds: u64,
        /// Whether another attempt was refused since the last failure, so that this one needs no log entry.
        again: bool,
    },
    /// Too many are signing in at once: 503.
    #[error("too many are signing in")]
    Crowded,
    /// The directory does not answer: 503.
    #[error("the users cannot be read")]
    Directory(#[source] NotFound),
}

/// The limits of an [`Authenticator`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long correct credentials remain valid without another check; zero checks every request.
    pub time_to_live: Duration,
    /// The rounds of hashing for each check, also for unknown users.
    pub rounds: NonZeroU32,
    /// How many hashes are computed at once.
    pub at_once: usize,
    /// How many requests may wait; further ones are refused.
    pub waiting: usize,
    /// How many correct credentials are remembered.
    pub remembered: usize,
    /// How often a password may be guessed.
    pub limits: FailureLimits,
}

impl Default for Settings {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            time_to_live: TIME_TO_LIVE,
            rounds: ROUNDS,
            at_once: processors.min(MOST_AT_ONCE),
            waiting: 256,
            remembered: 1024,
            limits: FailureLimits::default(),
        }
    }
}

/// Checks credentials. Clones share their state.
#[derive(Clone)]
pub struct Authenticator(Arc<AuthenticatorState>);

struct AuthenticatorState {
    directory: Box<dyn Directory>,
    settings: Settings,
    remembered: Remembered,
    limiter: Limiter,
    queue: AttemptQueue,
    /// The checks in progress, so that the same credentials are checked only once at a time: a browser opens six
    /// connections.
    looks: Mutex<HashMap<CredentialsDigest, WeakShared<Look>>>,
    rounds: AtomicU64,
}

/// A check of credentials.
type Look = BoxFuture<'static, Result<Identity, Denied>>;

impl Authenticator {
    /// An authenticator for the users of this directory.
    pub fn new(directory: impl Directory + 'static, settings: Settings) -> Result<Self, NoRandomBytes> {
        Ok(Self(Arc::new(AuthenticatorState {
            directory: Box::new(directory),
            settings,
            remembered: Remembered::new(settings.remembered)?,
            limiter: Limiter::new(settings.limits),
            queue: AttemptQueue::new(settings.at_once, settings.waiting),
            looks: Mutex::default(),
            rounds: AtomicU64::default(),
        })))
    }

    /// The caller of a request with this `Authorization` field, if any, from this address: `None` for an anonymous
    /// caller.
    pub async fn authenticate(
        &self,
        authorization: Option<&[u8]>,
        address: Option<IpAddr>,
    ) -> Result<Option<Identity>, Denied> {
        match authorization {
            None => Ok(None),
            Some(field) => self.check(Credentials::parse(field)?, address).await.map(Some),
        }
    }

    /// The owner of these credentials, which came from this address. Unknown addresses count as one.
    pub async fn check(&self, credentials: Credentials, address: Option<IpAddr>) -> Result<Identity, Denied> {
        let digest = self.0.remembered.digest(&credentials);
        if let Some(identity) = self.0.remembered.get(&digest) {
            return Ok(identity);
        }
        self.look(credentials, digest, AttemptSource::of(address))?.await
    }

    /// The check of these credentials: the one in progress, or a new one.
    fn look(
        &self,
        credentials: Credentials,
        digest: CredentialsDigest,
        source: AttemptSource,
    ) -> Result<Shared<Look>, Denied> {
        let inner = &self.0;
        let mut looks = inner.looks();
        if let Some(look) = looks.get(&digest).and_then(WeakShared::upgrade) {
            return Ok(look);
        }
        let attempt = if inner.remembered.recognises(&digest) {
            None
        } else {
            let attempt = inner.limiter.attempt(source, credentials.name());
            let limited = |wait: AttemptWait| Denied::Limited { seconds: wait.time.as_secs() + 1, again: wait.again };
            Some(attempt.map_err(limited)?)
        };
        let under_way = UnderWay { inner: Arc::clone(inner), digest };
        let look = async move { under_way.inner.decide(credentials, digest, source, attempt).await };
        let look = look.boxed().shared();
        // Only a finished check has no weak reference.
        looks.extend(look.downgrade().map(|look| (digest, look)));
        Ok(look)
    }

    /// The total rounds of hashing so far.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        self.0.rounds.load(Ordering::Relaxed)
    }
}

impl AuthenticatorState {
    fn looks(&self) -> MutexGuard<'_, HashMap<CredentialsDigest, WeakShared<Look>>> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks credentials, and counts the result. A cancelled check remains a failure, because its hash may have been
    /// computed.
    async fn decide(
        &self,
        credentials: Credentials,
        digest: CredentialsDigest,
        source: AttemptSource,
        attempt: Option<Attempt>,
    ) -> Result<Identity, Denied> {
        let rank = attempt.as_ref().map_or(AttemptRank::Recognised, |attempt| AttemptRank::Unknown(attempt.suspicion));
        // Measured before the check, so that a later change takes effect in time.
        let until = Instant::now() + self.settings.time_to_live;
        let decided = match self.queue.turn(rank, source).await {
            Ok(turn) => self.verify(credentials, turn).await,
            Err(_) => Err(Denied::Crowded),
        };
        match (&decided, &attempt) {
            (Err(Denied::Wrong), None) => self.remembered.forget(&digest),
            (Err(Denied::Wrong), Some(attempt)) => self.limiter.was_wrong(attempt),
            (Ok(_), Some(attempt)) => self.limiter.was_right(attempt),
            (Err(_), Some(attempt)) => self.limiter.was_nothing(attempt),
            (_, None) => {}
        }
        if let Ok(identity) = &decided {
            self.remembered.insert(digest, identity.clone(), until);
        }
        decided
    }

    /// Compares credentials with the directory.
    async fn verify(&self, credentials: Credentials, turn: Turn) -> Result<Identity, Denied> {
        let user = match UserName::parse(credentials.name()) {
            Ok(name) => self.directory.find(&name).await.map_err(Denied::Directory)?,
            Err(_) => None,
        };
        let (account, kept) = user.map(|user| (user.account, user.password)).unzip();
        let rounds = self.settings.rounds;
        // The turn moves along: it ends with the work, even if the request is gone.
        let look = move || (password::check(credentials.password(), kept.as_ref(), rounds), turn);
        let failed = |_| Denied::Directory(NotFound::Failed("a hash was not finished".to_owned()));
        let (checked, _turn) = tokio::task::spawn_blocking(look).await.map_err(failed)?;
        self.rounds.fetch_add(checked.rounds.into(), Ordering::Relaxed);
        account.filter(|_| checked.right).map(|account| account.identity()).ok_or(Denied::Wrong)
    }
}

/// A check in progress; dropping this ends it.
struct UnderWay {
    inner: Arc<AuthenticatorState>,
    digest: CredentialsDigest,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.inner.looks().remove(&self.digest);
    }
}

impl std::fmt::Debug for Authenticator {
    /// Omits all users.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Authenticator").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
