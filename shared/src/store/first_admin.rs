//! Where users are looked up on AWS: the table, and for the name that is in a secret of Secrets Manager and not in the table, that
//! secret. So there is an admin before there is any user, and one again after the last of them was lost; and a user of that
//! name in the table takes the secret's place.
//!
//! The secret is read when somebody asks for a name that the table has not, and kept for [`TIME_TO_LIVE`]: those who are in the
//! table do not need it, and do not wait for it; rotating it takes effect within that time.

use std::num::NonZeroU32;
use std::sync::Arc;

use aws_config::BehaviorVersion;
use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config as secrets;
use futures::future::BoxFuture;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::error::{SECRETS, of_secrets};
use super::{Error, Unset, Users, http_client, timeouts};
use crate::user::{Account, Directory, Hash, NotFound, Password, Role, TIME_TO_LIVE, User, UserName};

/// The secret is hashed to be like all other users, and that only in memory: it is as random as what PBKDF2 would make of it.
/// A look at it takes as many rounds as one at anybody.
const ONE_ROUND: NonZeroU32 = NonZeroU32::MIN;

/// The admin of a secret: JSON with `username` and `password`.
#[derive(Clone, Debug)]
pub struct FirstAdmin {
    client: Client,
    secret: String,
    read: Arc<Mutex<Option<(User, Instant)>>>,
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
        let client = Client::from_conf(config.timeout_config(timeouts()).build());
        Self { client, secret: secret.into(), read: Arc::default() }
    }

    /// As of now, or at most [`TIME_TO_LIVE`] ago.
    async fn get(&self) -> Result<User, Error> {
        // Held while it is read: who comes in between would read the same.
        let mut read = self.read.lock().await;
        if let Some((user, until)) = &*read
            && Instant::now() < *until
        {
            return Ok(user.clone());
        }
        let until = Instant::now() + TIME_TO_LIVE;
        let answer = self.client.get_secret_value().secret_id(&self.secret).send().await;
        let answer = answer.map_err(|error| of_secrets(&error))?;
        let user = user(answer.secret_string().unwrap_or_default())?;
        Ok(read.insert((user, until)).0.clone())
    }
}

impl Registry {
    /// What a function's environment names: `USERS_TABLE`, and `ADMIN_SECRET` where there is one.
    pub async fn from_env() -> Result<Self, Unset> {
        let table = super::variable("USERS_TABLE")?;
        let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).load().await;
        let first_admin = super::variable("ADMIN_SECRET").ok().filter(|secret| !secret.is_empty());
        Ok(Self {
            users: Users::new(aws_sdk_dynamodb::config::Builder::from(&config), table),
            first_admin: first_admin.map(|secret| FirstAdmin::new(secrets::Builder::from(&config), secret)),
        })
    }
}

impl Directory for Registry {
    fn find<'a>(&'a self, name: &'a UserName) -> BoxFuture<'a, Result<Option<User>, NotFound>> {
        Box::pin(async move {
            let found = self.users.get(name).await?;
            let (None, Some(first_admin)) = (&found, &self.first_admin) else { return Ok(found) };
            Ok(Some(first_admin.get().await?).filter(|admin| admin.account.name == *name))
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
