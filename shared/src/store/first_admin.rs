//! Users on AWS: the table, and the admin of a secret in Secrets Manager, as long as the table has no user of that
//! name. So there is an admin before there is any user, and again after the last one was lost.
//!
//! The secret is read together with the table, and cached for [`TIME_TO_LIVE`], so that rotating it takes effect within
//! that time. It is read for any name, so that the time of an answer does not reveal whether a name is in the table.
//! Users in the table are found even if the secret cannot be read.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::config as secrets;
use futures::future::BoxFuture;
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{DynamoDb, StoreError, UnsetVariable, Users, aws, timeouts};
use super::{SECRETS, of_secrets};
use crate::user::{Account, Directory, Hash, NotFound, Password, Role, TIME_TO_LIVE, User, UserName};

/// The secret is hashed only to be like other users, and only in memory: it is as random as the output of PBKDF2.
/// Checking it still takes as many rounds as for other users.
const ONE_ROUND: NonZeroU32 = NonZeroU32::MIN;

/// How long reading the secret may take, including all attempts: users who do not need it wait too.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long it is not retried after it could not be read.
const PAUSE: Duration = Duration::from_secs(5);

/// The admin of a secret: JSON with `username` and `password`.
#[derive(Clone, Debug)]
pub struct FirstAdmin {
    client: Client,
    secret: String,
    read: Arc<Mutex<Option<SecretReading>>>,
}

/// The result of reading the secret, and how long it is valid.
#[derive(Debug)]
struct SecretReading {
    outcome: Result<User, NotFound>,
    until: Instant,
}

/// The users of the table, and the first admin, if any.
#[derive(Clone, Debug)]
pub struct Registry {
    /// The table.
    pub users: Users,
    /// The secret.
    pub first_admin: Option<FirstAdmin>,
}

/// The content of the secret. Without `Debug`, so that it is never logged.
#[derive(Deserialize)]
struct AdminSecret {
    username: String,
    password: String,
}

impl FirstAdmin {
    /// The admin of the secret with this name or ARN, with a client of this configuration.
    #[must_use]
    pub fn new(config: secrets::Builder, secret: impl Into<String>) -> Self {
        let timeouts = timeouts().to_builder().operation_timeout(PATIENCE).build();
        let client = Client::from_conf(config.timeout_config(timeouts).build());
        Self { client, secret: secret.into(), read: Arc::default() }
    }

    /// The current admin, or that of at most [`TIME_TO_LIVE`] ago.
    async fn get(&self) -> Result<User, NotFound> {
        // Locked while it is read: concurrent requests would read the same.
        let mut read = self.read.lock().await;
        if let Some(read) = &*read
            && Instant::now() < read.until
        {
            return read.outcome.clone();
        }
        let begun = Instant::now();
        let outcome = self.fetch().await.map_err(NotFound::from);
        let counts = if outcome.is_ok() { TIME_TO_LIVE } else { PAUSE };
        read.insert(SecretReading { outcome, until: begun + counts }).outcome.clone()
    }

    async fn fetch(&self) -> Result<User, StoreError> {
        let answer = self.client.get_secret_value().secret_id(&self.secret).send().await;
        let answer = answer.map_err(|error| of_secrets(&error))?;
        user(answer.secret_string().unwrap_or_default())
    }
}

impl Registry {
    /// From a function's environment: `USERS_TABLE`, and `ADMIN_SECRET` if there is one.
    pub async fn from_env() -> Result<Self, UnsetVariable> {
        let table = super::variable("USERS_TABLE")?;
        let config = aws().await;
        let first_admin = super::variable("ADMIN_SECRET").ok().filter(|secret| !secret.is_empty());
        Ok(Self {
            users: Users::new(Arc::new(DynamoDb::new(config.into())), table),
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

/// The errors do not quote the content, which is secret.
fn user(text: &str) -> Result<User, StoreError> {
    let wrong = |message: &str| StoreError::Service { service: SECRETS, message: message.to_owned() };
    let secret: AdminSecret = serde_json::from_str(text)
        .map_err(|_| wrong("the first admin's secret is not JSON with username and password"))?;
    let name = UserName::parse(&secret.username).map_err(|_| wrong("the first admin's username cannot be one"))?;
    let password = Password::parse(secret.password).map_err(|_| wrong("the first admin's password cannot be one"))?;
    // Sessions end with another password: the same one has to look the same each time.
    let password = Hash::repeatable(&password, ONE_ROUND);
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
