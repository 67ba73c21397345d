//! Who is asking, by the `Authorization` field of a request (HTTP Basic, RFC 7617).
//!
//! What an unknown user costs and is told is what a wrong password costs and is told. A hash is dear by design, so only few are
//! made at once and only so many wait their turn; and credentials that were right are remembered for a while, which is the
//! longest that someone who was removed, or whose password or rights have changed, goes on as before.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::password::{self, ROUNDS};
use super::remembered::Remembered;
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
}

impl Default for Settings {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            time_to_live: TIME_TO_LIVE,
            rounds: ROUNDS,
            at_once: processors.min(MOST_AT_ONCE),
            waiting: 64,
            remembered: 1024,
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
    /// For those who wait, and those whose turn it is.
    places: Semaphore,
    /// For those whose turn it is.
    turns: Arc<Semaphore>,
    rounds: AtomicU64,
}

impl Authenticator {
    /// One over the users of this directory.
    pub fn new(directory: impl Directory + 'static, settings: Settings) -> Result<Self, NoRandomBytes> {
        Ok(Self(Arc::new(Inner {
            directory: Box::new(directory),
            settings,
            remembered: Remembered::new(settings.remembered)?,
            places: Semaphore::new(settings.at_once.saturating_add(settings.waiting).min(Semaphore::MAX_PERMITS)),
            turns: Arc::new(Semaphore::new(settings.at_once.clamp(1, Semaphore::MAX_PERMITS))),
            rounds: AtomicU64::default(),
        })))
    }

    /// Who sent a request with this `Authorization` field, or with none: `None` is nobody in particular.
    pub async fn authenticate(&self, authorization: Option<&[u8]>) -> Result<Option<Identity>, Denied> {
        match authorization {
            None => Ok(None),
            Some(field) => self.check(Credentials::parse(field)?).await.map(Some),
        }
    }

    /// Whose these credentials are.
    pub async fn check(&self, credentials: Credentials) -> Result<Identity, Denied> {
        let inner = &*self.0;
        let digest = inner.remembered.digest(&credentials);
        if let Some(identity) = inner.remembered.get(&digest) {
            return Ok(identity);
        }
        let _place = inner.places.try_acquire().map_err(|_| Denied::Crowded)?;
        let turn = Arc::clone(&inner.turns).acquire_owned().await.map_err(|_| Denied::Crowded)?;
        // A browser comes with six connections at once: the first has paid for all of them.
        if let Some(identity) = inner.remembered.get(&digest) {
            return Ok(identity);
        }
        // From before the look: what changes after it counts in time.
        let until = Instant::now() + inner.settings.time_to_live;
        let user = match UserName::parse(credentials.name()) {
            Ok(name) => inner.directory.find(&name).await.map_err(Denied::Directory)?,
            Err(_) => None,
        };
        let (account, kept) = user.map(|user| (user.account, user.password)).unzip();
        let rounds = inner.settings.rounds;
        // The turn goes along: it ends with the work, even where nobody waits for that any more; and where somebody does,
        // not before the outcome is remembered.
        let look = move || (password::check(credentials.password(), kept.as_ref(), rounds), turn);
        let failed = |_| Denied::Directory(NotFound::Failed("a hash was not finished".to_owned()));
        let (checked, _turn) = tokio::task::spawn_blocking(look).await.map_err(failed)?;
        inner.rounds.fetch_add(checked.rounds.into(), Ordering::Relaxed);
        let account = account.filter(|_| checked.right).ok_or(Denied::Wrong)?;
        let identity = account.identity();
        inner.remembered.insert(digest, identity.clone(), until);
        Ok(identity)
    }

    /// The rounds of hashing that all looks so far took.
    #[must_use]
    pub fn rounds(&self) -> u64 {
        self.0.rounds.load(Ordering::Relaxed)
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
