//! The table `Sessions`: browsers that are signed in. Partition key `user`, sort key `session`: the SHA-256 digest of a random
//! token, so that nothing in the table lets anyone in. The browser keeps the token and the user's name in a cookie.
//!
//! A session ends after [`IDLE`] without a request, after [`LONGEST`] in any case, when it is signed out, and when its user is
//! removed or gets another password. Each request looks at the session and at the user, so all of that counts at once, whatever
//! process answers. DynamoDB deletes items some time after their `expires` (*Amazon DynamoDB Developer Guide*, "Using time to live
//! (TTL)"), so an item that is still there may be over. On one machine the next sign-in of the user deletes such items.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};

use super::database::{Condition, Database, Item, ItemChange, PrimaryKey, Query, TableName, Value, Write};
use super::{DynamoDb, Registry, SESSIONS, StoreError, UnsetVariable, aws};
use crate::user::{Directory, Hash, Identity, NotFound, ROUNDS, User, UserName, check};

/// How many seconds a session lives without a request.
pub const IDLE: u64 = 2 * 60 * 60;
/// How many seconds a session lives at most: a working day.
pub const LONGEST: u64 = 12 * 60 * 60;

/// After how many seconds a request is written down as the latest one: a page sends many in a minute.
const RENEWED_EVERY: u64 = 60;
/// Random bytes of a token: more than can be guessed.
const TOKEN: usize = 32;
/// The most sessions of a user: the one that was used longest ago ends first.
const MOST_OF_A_USER: usize = 16;

const USER: &str = SESSIONS.partition;
const SESSION: &str = "session";
const BEGUN: &str = "begun";
const USED: &str = "used";
const PASSWORD: &str = "password";
const EXPIRES: &str = "expires";

/// The sessions of the users of a directory. Clones are the same ones.
#[derive(Clone)]
pub struct Sessions {
    users: Arc<dyn Directory>,
    database: Arc<dyn Database>,
    table: TableName,
    rounds: NonZeroU32,
}

/// A session that has just begun.
pub struct Session {
    /// What the browser sends from now on.
    pub token: String,
    /// The user.
    pub identity: Identity,
}

impl Sessions {
    /// The sessions in the table of this name.
    #[must_use]
    pub fn new(users: impl Directory + 'static, database: Arc<dyn Database>, table: impl Into<Arc<str>>) -> Self {
        let table = TableName::new(table, SESSIONS.partition, SESSIONS.sort);
        Self { users: Arc::new(users), database, table, rounds: ROUNDS }
    }

    /// The table from a function's environment, `SESSIONS_TABLE`, for these users.
    pub async fn from_env(users: Registry) -> Result<Self, UnsetVariable> {
        let table = super::variable("SESSIONS_TABLE")?;
        Ok(Self::new(users, Arc::new(DynamoDb::new(aws().await.into())), table))
    }

    /// The same sessions, for whose beginning a password is hashed with this many rounds.
    #[must_use]
    pub fn with_rounds(self, rounds: NonZeroU32) -> Self {
        Self { rounds, ..self }
    }

    /// Begins a session of a user whose credentials the authenticator has let in. It remembers those for a minute, which is no
    /// reason for a session of hours: the password is checked again. `None` if it is not, or no longer, that of the user.
    pub async fn begin(&self, name: &UserName, password: String) -> Result<Option<Session>, NotFound> {
        self.begin_at(name, password, now()).await
    }

    /// [`Sessions::begin`] at a time in seconds since 1970.
    pub async fn begin_at(&self, name: &UserName, password: String, now: u64) -> Result<Option<Session>, NotFound> {
        let Some(user) = self.users.find(name).await? else { return Ok(None) };
        let (kept, rounds) = (user.password.clone(), self.rounds);
        let checked = tokio::task::spawn_blocking(move || check(password.as_bytes(), Some(&kept), rounds)).await;
        if !checked.is_ok_and(|checked| checked.right) {
            return Ok(None);
        }
        self.make_room(name, now).await?;
        let token = format!("{}.{name}", random()?);
        let mut item = Item::from([(USER, Value::text(name.as_str())), (SESSION, Value::text(hex(&token)))]);
        item.insert(BEGUN, Value::number(now));
        item.insert(USED, Value::number(now));
        item.insert(EXPIRES, Value::number(now + IDLE));
        item.insert(PASSWORD, Value::text(fingerprint(&user.password)));
        self.database.write(vec![Write::new(&self.table, ItemChange::Put(item))]).await?;
        Ok(Some(Session { token, identity: user.account.identity() }))
    }

    /// Deletes the sessions of a user that are over, and those used longest ago if one more would be too many.
    async fn make_room(&self, name: &UserName, now: u64) -> Result<(), StoreError> {
        let mut kept = self.of(name).await?;
        kept.sort_by_key(|item| (!is_over(item, now), number(item, USED)));
        let over = kept.iter().filter(|item| is_over(item, now)).count();
        let surplus = kept.len().saturating_sub(MOST_OF_A_USER - 1).max(over);
        self.delete(kept.iter().take(surplus)).await
    }

    /// Whose session has this token, if there is one. The session is renewed.
    pub async fn identity(&self, token: &str) -> Result<Option<Identity>, NotFound> {
        self.identity_at(token, now()).await
    }

    /// [`Sessions::identity`] at a time in seconds since 1970.
    pub async fn identity_at(&self, token: &str, now: u64) -> Result<Option<Identity>, NotFound> {
        let Some((name, key)) = key(token) else { return Ok(None) };
        let (kept, user) = futures::join!(self.database.get_one(&self.table, key.clone()), self.users.find(&name));
        let (Some(kept), Some(user)) = (kept?.filter(|item| !is_over(item, now)), user?) else { return Ok(None) };
        if !is_same_password(&kept, &user) {
            return Ok(None);
        }
        if now >= number(&kept, USED).saturating_add(RENEWED_EVERY) {
            let expires = (now + IDLE).min(number(&kept, BEGUN).saturating_add(LONGEST));
            let set = vec![(USED, Some(Value::number(now))), (EXPIRES, Some(Value::number(expires)))];
            let renewed = Write::new(&self.table, ItemChange::Update(key, set)).only_if(Condition::Exists(BEGUN));
            // It may have been signed out meanwhile.
            if !self.database.write(vec![renewed]).await? {
                return Ok(None);
            }
        }
        Ok(Some(user.account.identity()))
    }

    /// Ends the session with this token.
    pub async fn end(&self, token: &str) -> Result<(), NotFound> {
        let Some((_, key)) = key(token) else { return Ok(()) };
        self.database.write(vec![Write::new(&self.table, ItemChange::Delete(key))]).await?;
        Ok(())
    }

    /// Ends all sessions of a user.
    pub async fn end_all(&self, name: &UserName) -> Result<(), NotFound> {
        let kept = self.of(name).await?;
        Ok(self.delete(kept.iter()).await?)
    }

    /// The items of a user's sessions: some twenty at most.
    async fn of(&self, name: &UserName) -> Result<Vec<Arc<Item>>, StoreError> {
        // Digests are hexadecimal digits.
        let sorts = "0".to_owned()..="g".to_owned();
        let (table, partition) = (&self.table, name.to_string());
        self.database.query(&Query { table, partition, sorts, only: None, attributes: None, consistent: true }).await
    }

    async fn delete<'a>(&self, items: impl Iterator<Item = &'a Arc<Item>>) -> Result<(), StoreError> {
        for key in items.filter_map(|item| self.table.key(item)) {
            self.database.write(vec![Write::new(&self.table, ItemChange::Delete(key))]).await?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Sessions {
    /// Without anything of anybody.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Sessions").field("table", &self.table.name).finish_non_exhaustive()
    }
}

fn number(item: &Item, name: &str) -> u64 {
    item.get(name).and_then(Value::as_number).unwrap_or_default()
}

fn is_over(item: &Item, now: u64) -> bool {
    now >= number(item, USED).saturating_add(IDLE) || now >= number(item, BEGUN).saturating_add(LONGEST)
}

fn is_same_password(item: &Item, user: &User) -> bool {
    item.get(PASSWORD).and_then(Value::as_text) == Some(&fingerprint(&user.password))
}

/// What tells one password of a user from the next, without being its hash.
fn fingerprint(password: &Hash) -> String {
    hex(&password.to_phc())
}

/// The user and the key of the session with this token: random characters, a full stop, and the user's name.
fn key(token: &str) -> Option<(UserName, PrimaryKey)> {
    let (_, name) = token.split_once('.')?;
    let name = UserName::parse(name).ok()?;
    Some((name.clone(), PrimaryKey::sorted(name.as_str(), hex(token))))
}

fn random() -> Result<String, NotFound> {
    let mut bytes = [0; TOKEN];
    let failed = |_| NotFound::Failed("the system gives no random bytes".to_owned());
    SystemRandom::new().fill(&mut bytes).map_err(failed)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The SHA-256 digest of a text in hexadecimal digits.
pub(super) fn hex(text: &str) -> String {
    let digits = digest(&SHA256, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>();
    digits.concat()
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
