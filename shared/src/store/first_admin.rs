//! Where users are looked up on AWS: the table, and for the name that is in a secret of Secrets Manager and not in the table,
//! that secret. So there is an admin before there is any user, and one again after the last of them was lost; and a user of
//! that name in the table takes the secret's place.
//!
//! The secret is read along with the table, and kept for [`TIME_TO_LIVE`], so that rotating it takes effect within that time.
//! It is read whichever name is asked for: that a name is not in the table is nothing to be told by how long it takes to say.
//! Those who are in it are found also while the secret cannot be had.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config as secrets;
use futures::future::BoxFuture;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::error::{SECRETS, of_secrets};
use super::{Error, Unset, Users, aws, timeouts};
use crate::user::{Account, Directory, Hash, NotFound, Password, Role, TIME_TO_LIVE, User, UserName};

/// The secret is hashed to be like all other users, and that only in memory: it is as random as what PBKDF2 would make of it.
/// A look at it takes as many rounds as one at anybody.
const ONE_ROUND: NonZeroU32 = NonZeroU32::MIN;

/// How long reading the secret may take, all attempts together: those who do not need it wait for it too.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long it is not tried again once it cannot be read.
const PAUSE: Duration = Duration::from_secs(5);

/// The admin of a secret: JSON with `username` and `password`.
#[derive(Clone, Debug)]
pub struct FirstAdmin {
    client: Client,
    secret: String,
    read: Arc<Mutex<Option<Read>>>,
}

/// What came of reading the secret, and until when that counts.
#[derive(Debug)]
struct Read {
    outcome: Result<User, NotFound>,
    until: Instant,
}

/// The users of the table, and the first admin where there is one.
#[derive(Clone, Debug)]
pub struct Registry {
    /// The table.
    pub users: Users,
    /// The secret.
    pub first_admin: Option<FirstAdmin>,
}

/// What the secret's text is. Without `Debug`, so that it is never shown.
#[derive(Deserialize)]
struct Secret {
    username: String,
    password: String,
}

impl FirstAdmin {
    /// The admin of the secret of this name or ARN, behind a client of this configuration.
    #[must_use]
    pub fn new(config: secrets::Builder, secret: impl Into<String>) -> Self {
        let timeouts = timeouts().to_builder().operation_timeout(PATIENCE).build();
        let client = Client::from_conf(config.timeout_config(timeouts).build());
        Self { client, secret: secret.into(), read: Arc::default() }
    }

    /// As of now, or at most [`TIME_TO_LIVE`] ago.
    async fn get(&self) -> Result<User, NotFound> {
        // Held while it is read: who comes in between would read the same.
        let mut read = self.read.lock().await;
        if let Some(read) = &*read
            && Instant::now() < read.until
        {
            return read.outcome.clone();
        }
        let begun = Instant::now();
        let outcome = self.fetch().await.map_err(NotFound::from);
        let counts = if outcome.is_ok() { TIME_TO_LIVE } else { PAUSE };
        read.insert(Read { outcome, until: begun + counts }).outcome.clone()
    }

    async fn fetch(&self) -> Result<User, Error> {
        let answer = self.client.get_secret_value().secret_id(&self.secret).send().await;
        let answer = answer.map_err(|error| of_secrets(&error))?;
        user(answer.secret_string().unwrap_or_default())
    }
}

impl Registry {
    /// What a function's environment names: `USERS_TABLE`, and `ADMIN_SECRET` where there is one.
    pub async fn from_env() -> Result<Self, Unset> {
        let table = super::variable("USERS_TABLE")?;
        let config = aws().await;
        let first_admin = super::variable("ADMIN_SECRET").ok().filter(|secret| !secret.is_empty());
        Ok(Self {
            users: Users::new(aws_sdk_dynamodb::config::Builder::from(config), table),
            first_admin: first_admin.map(|secret| FirstAdmin::new(secrets::Builder::from(config), secret)),
        })
    }
}

impl Directory for Registry {
    fn find<'a>(&'a self, name: &'a UserName) -> BoxFuture<'a, Result<Option<User>, NotFound>> {
        Box::pin(async move {
            let Some(first_admin) = &self.first_admin else { return self.users.find(name).await };
            let (found, admin) = futures::join!(self.users.find(name), first_admin.get());
            match found? {
                Some(user) => Ok(Some(user)),
                None => Ok(Some(admin?).filter(|admin| admin.account.name == *name)),
            }
        })
    }
}

/// The errors leave out what was found: it is a secret.
fn user(text: &str) -> Result<User, Error> {
    let wrong = |message: &str| Error::Service { service: SECRETS, message: message.to_owned() };
    let secret: Secret = serde_json::from_str(text)
        .map_err(|_| wrong("the first admin's secret is not JSON with username and password"))?;
    let name = UserName::parse(&secret.username).map_err(|_| wrong("the first admin's username cannot be one"))?;
    let password = Password::parse(secret.password).map_err(|_| wrong("the first admin's password cannot be one"))?;
    let password = Hash::of(&password, ONE_ROUND).map_err(|error| wrong(&error.to_string()))?;
    Ok(User { account: Account { name, role: Role::Admin, groups: Vec::new() }, password })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::user::check;

    #[test]
    fn a_secret_is_an_admin() {
        let user = user(r#"{"username":"admin","password":"p:w \"x\""}"#).unwrap();
        assert_eq!((user.account.name.as_str(), user.account.role), ("admin", Role::Admin));
        let looked = check(b"p:w \"x\"", Some(&user.password), NonZeroU32::new(20).unwrap());
        assert_eq!((looked.right, looked.rounds), (true, 20));
    }

    #[test]
    fn a_secret_that_is_none_is_not_told() {
        for text in [
            "",
            "swordfish",
            r#"{"password":"swordfish"}"#,
            r#"{"username":"Sword Fish","password":"swordfish"}"#,
            r#"{"username":"admin","password":""}"#,
        ] {
            let error = user(text).unwrap_err();
            assert!(!format!("{error} {error:?}").to_lowercase().contains("fish"), "{error}");
        }
    }
}
