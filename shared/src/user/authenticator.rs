//! Who is asking, by the `Authorization` field of a request (HTTP Basic, RFC 7617).
//!
//! What an unknown user costs and is told is what a wrong password costs and is told. A hash is dear by design, so only few are
//! made at once and only so many wait their turn ([`Settings::waiting`]); and credentials that were right are remembered for a
//! while, which is the longest that someone who was removed, or whose password or rights have changed, goes on as before.
//!
//! Guessing is limited before anything is hashed ([`Limits`]). Credentials that were right within a day are recognised after that
//! while too: they are checked again, but no limit holds for them, and they are first in the queue. So guesses at somebody's name,
//! from whatever address, do not keep out the one who knows the password.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};
use tokio::time::Instant;

use super::limiter::{Attempt, Limiter, Limits, Source, Wait};
use super::password::{self, ROUNDS};
use super::queue::{Queue, Rank, Turn};
use super::remembered::{Digest, Remembered};
use super::{Credentials, Identity, Malformed, NoRandomBytes, User, UserName};

/// How long credentials that were right count without another look.
pub const TIME_TO_LIVE: Duration = Duration::from_mins(1);

/// What goes with a 401, as the value of `WWW-Authenticate` (RFC 7617 §2).
pub const CHALLENGE: &str = "Basic realm=\"Reelspan\"";

/// The most hashes that are made at once, on however many processors: threads that block are there for others too.
const MOST_AT_ONCE: usize = 4;

/// Where users are kept.
pub trait Directory: Send + Sync {
    /// The user of this name, as of now.
    fn find<'a>(&'a self, name: &'a UserName) -> BoxFuture<'a, Result<Option<User>, NotFound>>;
}

/// Why nobody can say whether there is such a user.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFound {
    /// A service asks for patience.
    #[error("{0} is busy")]
    Busy(&'static str),
    /// A service failed; the text is for the log alone.
    #[error("{0}")]
    Failed(String),
}

/// Why a request is neither by somebody nor by nobody in particular.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The field has no credentials: 401.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// There is no such user, or the password is another; nobody is told which: 401.
    #[error("user name or password is wrong")]
    Wrong,
    /// Too many passwords were wrong, of this name at this address or at this address: 429.
    #[error("too many failed sign-ins; try again in {seconds} s")]
    Limited {
        /// After how many seconds the next attempt is looked at.
        seconds: u64,
        /// Another was refused since the last failure: there is nothing new to be said of it.
        again: bool,
    },
    /// Too many want to be let in at once: 503.
    #[error("too many are signing in")]
    Crowded,
    /// The directory gives no answer: 503.
    #[error("the users cannot be read")]
    Directory(#[source] NotFound),
}

/// How much an [`Authenticator`] takes upon itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long credentials that were right count without another look; none, and every request is looked at.
    pub time_to_live: Duration,
    /// The rounds that a look takes, whoever it is at.
    pub rounds: NonZeroU32,
    /// How many hashes are made at once.
    pub at_once: usize,
    /// How many may wait their turn; more are sent away.
    pub waiting: usize,
    /// How many right credentials are remembered.
    pub remembered: usize,
    /// How often a password may be guessed.
    pub limits: Limits,
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
            limits: Limits::default(),
        }
    }
}

/// Checks credentials. Clones are the same one.
#[derive(Clone)]
pub struct Authenticator(Arc<Inner>);

struct Inner {
    directory: Box<dyn Directory>,
    settings: Settings,
    remembered: Remembered,
    limiter: Limiter,
    queue: Queue,
    /// What is being looked at, so that the same credentials are looked at once: a browser comes with six connections.
    looks: Mutex<HashMap<Digest, WeakShared<Look>>>,
    rounds: AtomicU64,
}

/// A look at credentials.
type Look = BoxFuture<'static, Result<Identity, Denied>>;

impl Authenticator {
    /// One over the users of this directory.
    pub fn new(directory: impl Directory + 'static, settings: Settings) -> Result<Self, NoRandomBytes> {
        Ok(Self(Arc::new(Inner {
            directory: Box::new(directory),
            settings,
            remembered: Remembered::new(settings.remembered)?,
            limiter: Limiter::new(settings.limits),
            queue: Queue::new(settings.at_once, settings.waiting),
            looks: Mutex::default(),
            rounds: AtomicU64::default(),
        })))
    }

    /// Who sent a request with this `Authorization` field, or with none, from this address: `None` is nobody in particular.
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

    /// Whose these credentials are, which came from this address. Addresses that are not known count as one.
    pub async fn check(&self, credentials: Credentials, address: Option<IpAddr>) -> Result<Identity, Denied> {
        let digest = self.0.remembered.digest(&credentials);
        if let Some(identity) = self.0.remembered.get(&digest) {
            return Ok(identity);
        }
        self.look(credentials, digest, Source::of(address))?.await
    }

    /// The look at these credentials: the one that is under way, or a new one.
    fn look(&self, credentials: Credentials, digest: Digest, source: Source) -> Result<Shared<Look>, Denied> {
        let inner = &self.0;
        let mut looks = inner.looks();
        if let Some(look) = looks.get(&digest).and_then(WeakShared::upgrade) {
            return Ok(look);
        }
        let attempt = if inner.remembered.recognises(&digest) {
            None
        } else {
            let attempt = inner.limiter.attempt(source, credentials.name());
            let limited = |wait: Wait| Denied::Limited { seconds: wait.time.as_secs() + 1, again: wait.again };
            Some(attempt.map_err(limited)?)
        };
        let under_way = UnderWay { inner: Arc::clone(inner), digest };
        let look = async move { under_way.inner.decide(credentials, digest, source, attempt).await };
        let look = look.boxed().shared();
        // None but a finished one has no weak reference.
        looks.extend(look.downgrade().map(|look| (digest, look)));
        Ok(look)
    }

    /// The rounds of hashing that all looks so far took.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        self.0.rounds.load(Ordering::Relaxed)
    }
}

impl Inner {
    fn looks(&self) -> MutexGuard<'_, HashMap<Digest, WeakShared<Look>>> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at credentials, and counts what comes of it. A look that is given up goes on counting as a failure: its hash may have
    /// been made.
    async fn decide(
        &self,
        credentials: Credentials,
        digest: Digest,
        source: Source,
        attempt: Option<Attempt>,
    ) -> Result<Identity, Denied> {
        let rank = attempt.as_ref().map_or(Rank::Recognised, |attempt| Rank::Unknown(attempt.suspicion));
        // From before the look: what changes after it counts in time.
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

    /// Holds credentials against what the directory has.
    async fn verify(&self, credentials: Credentials, turn: Turn) -> Result<Identity, Denied> {
        let user = match UserName::parse(credentials.name()) {
            Ok(name) => self.directory.find(&name).await.map_err(Denied::Directory)?,
            Err(_) => None,
        };
        let (account, kept) = user.map(|user| (user.account, user.password)).unzip();
        let rounds = self.settings.rounds;
        // The turn goes along: it ends with the work, even where nobody waits for that any more.
        let look = move || (password::check(credentials.password(), kept.as_ref(), rounds), turn);
        let failed = |_| Denied::Directory(NotFound::Failed("a hash was not finished".to_owned()));
        let (checked, _turn) = tokio::task::spawn_blocking(look).await.map_err(failed)?;
        self.rounds.fetch_add(checked.rounds.into(), Ordering::Relaxed);
        account.filter(|_| checked.right).map(|account| account.identity()).ok_or(Denied::Wrong)
    }
}

/// A look that is under way; it is none any more when this is dropped.
struct UnderWay {
    inner: Arc<Inner>,
    digest: Digest,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.inner.looks().remove(&self.digest);
    }
}

impl std::fmt::Debug for Authenticator {
    /// Without anything of anybody.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Authenticator").field("settings", &self.0.settings).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
