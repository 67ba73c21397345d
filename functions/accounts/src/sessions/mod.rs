//! The sessions of this process. Of a token only the SHA-256 digest is kept, so that nothing in memory lets anyone in.
//!
//! A session ends after [`IDLE`] without a request, after [`LONGEST`] in any case, when it is signed out, and when its user is
//! removed or gets another password. What the user may do is looked up again every [`TIME_TO_LIVE`].

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reelspan::user::{Directory, Hash, Identity, NoRandomBytes, NotFound, ROUNDS, TIME_TO_LIVE, User, UserName, check};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use tokio::task::spawn_blocking;
use tokio::time::Instant;

/// How long a session lives without a request.
pub const IDLE: Duration = Duration::from_hours(2);
/// How long a session lives at most: a working day.
pub const LONGEST: Duration = Duration::from_hours(12);

/// Random bytes of a token: more than can be guessed.
const TOKEN: usize = 32;
/// The most sessions of a user: the one that was used longest ago ends first.
const MOST_OF_A_USER: usize = 16;
/// The most sessions: each takes less than a kilobyte.
const MOST: usize = 4096;

type Key = [u8; 32];

/// The sessions. Clones are the same ones.
#[derive(Clone)]
pub struct Sessions {
    users: Arc<dyn Directory>,
    known: Arc<Mutex<HashMap<Key, Kept>>>,
    /// The rounds of hashing that a look at a password takes.
    rounds: NonZeroU32,
}

/// A session that has just begun.
pub struct Session {
    /// What the browser sends from now on.
    pub token: String,
    /// The user.
    pub identity: Identity,
}

#[derive(Clone)]
struct Kept {
    name: UserName,
    identity: Identity,
    /// The user's password when the session began: with another one, the session is over.
    password: Hash,
    begun: Instant,
    used: Instant,
    /// Until when what is known of the user counts.
    fresh: Instant,
}

impl Kept {
    fn is_over(&self, now: Instant) -> bool {
        now >= self.used + IDLE || now >= self.begun + LONGEST
    }
}

impl Sessions {
    /// None yet, of the users of this directory.
    #[must_use]
    pub fn new(users: impl Directory + 'static) -> Self {
        Self { users: Arc::new(users), known: Arc::default(), rounds: ROUNDS }
    }

    /// Begins a session of a user whose credentials the authenticator has let in. It remembers those for a minute, which is no
    /// reason for a session of hours: the password is checked again. `None` if it is not, or no longer, that of the user.
    pub async fn begin(&self, name: &UserName, password: String) -> Result<Option<Session>, NotFound> {
        let Some(user) = self.users.find(name).await? else { return Ok(None) };
        let (kept, rounds) = (user.password.clone(), self.rounds);
        let checked = spawn_blocking(move || check(password.as_bytes(), Some(&kept), rounds)).await;
        if !checked.is_ok_and(|checked| checked.right) {
            return Ok(None);
        }
        let token = random().map_err(|error| NotFound::Failed(error.to_string()))?;
        let identity = user.account.identity();
        self.insert(key(&token), user);
        Ok(Some(Session { token, identity }))
    }

    fn insert(&self, key: Key, user: User) {
        let now = Instant::now();
        let identity = user.account.identity();
        let (name, password) = (user.account.name, user.password);
        let mut known = self.known();
        known.retain(|_, kept| !kept.is_over(now));
        make_room(&mut known, MOST_OF_A_USER, |kept| kept.name == name);
        make_room(&mut known, MOST, |_| true);
        known.insert(key, Kept { name, identity, password, begun: now, used: now, fresh: now + TIME_TO_LIVE });
    }

    /// Whose session has this token, if there is one. The session is renewed.
    pub async fn identity(&self, token: &str) -> Result<Option<Identity>, NotFound> {
        let key = key(token);
        let now = Instant::now();
        let kept = {
            let mut known = self.known();
            let Some(kept) = known.get_mut(&key) else { return Ok(None) };
            if kept.is_over(now) {
                known.remove(&key);
                return Ok(None);
            }
            kept.used = now;
            if now < kept.fresh {
                return Ok(Some(kept.identity.clone()));
            }
            kept.clone()
        };
        let found = self.users.find(&kept.name).await?;
        let mut known = self.known();
        let Some(user) = found.filter(|user| user.password == kept.password) else {
            known.remove(&key);
            return Ok(None);
        };
        let identity = user.account.identity();
        // It may have been signed out meanwhile.
        let Some(kept) = known.get_mut(&key) else { return Ok(None) };
        kept.identity = identity.clone();
        kept.fresh = now + TIME_TO_LIVE;
        Ok(Some(identity))
    }

    /// Ends the session with this token.
    pub fn end(&self, token: &str) {
        self.known().remove(&key(token));
    }

    /// Ends all sessions of a user.
    pub fn end_all(&self, name: &str) {
        self.known().retain(|_, kept| kept.name.as_str() != name);
    }

    /// Has each session of a user look its user up again before its next request.
    pub fn look_again(&self, name: &UserName) {
        let now = Instant::now();
        self.known().values_mut().filter(|kept| kept.name == *name).for_each(|kept| kept.fresh = now);
    }

    /// A panic elsewhere leaves the map as whole as it was.
    fn known(&self) -> MutexGuard<'_, HashMap<Key, Kept>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Sessions {
    /// Without anything of anybody.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Sessions").finish_non_exhaustive()
    }
}

/// Removes sessions of this kind that were used longest ago, until one more does not exceed the bound.
fn make_room(known: &mut HashMap<Key, Kept>, most: usize, of: impl Fn(&Kept) -> bool) {
    while known.values().filter(|kept| of(kept)).count() >= most {
        let oldest = known.iter().filter(|(_, kept)| of(kept)).min_by_key(|(_, kept)| kept.used).map(|(key, _)| *key);
        let Some(oldest) = oldest else { return };
        known.remove(&oldest);
    }
}

fn random() -> Result<String, NoRandomBytes> {
    let mut bytes = [0; TOKEN];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomBytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The token against cross-site request forgery of a session. It is derived from the session's token, and does not reveal it.
pub fn csrf_token(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(key(&format!("csrf {token}")))
}

/// Whether a token is the one of a session. Digests are compared, so that the time it takes says nothing.
pub fn is_csrf_token(sent: &[u8], token: &str) -> bool {
    digest(&SHA256, sent).as_ref() == digest(&SHA256, csrf_token(token).as_bytes()).as_ref()
}

/// What a session is kept under.
fn key(token: &str) -> Key {
    let mut key = [0; 32];
    let digest = digest(&SHA256, token.as_bytes());
    key.iter_mut().zip(digest.as_ref()).for_each(|(to, from)| *to = *from);
    key
}

#[cfg(test)]
mod tests;
