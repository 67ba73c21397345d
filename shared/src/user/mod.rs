//! Users and authentication. A space's access list says what a user may do with it, except that an admin may do
//! everything, and only an owner creates spaces.
//!
//! The caller of a request is an `Option<Identity>`: `None` is an anonymous caller, who sees only what is public. The
//! [`Authenticator`] determines the caller, by HTTP Basic and the users of a [`Directory`].

mod authenticator;
mod basic;
mod chosen;
mod limiter;
mod name;
mod password;
mod queue;
mod remembered;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use authenticator::{Authenticator, CHALLENGE, Denied, Directory, NotFound, Settings, TIME_TO_LIVE};
pub use basic::{Credentials, MalformedCredentials};
pub(crate) use limiter::AttemptSource;
pub use limiter::FailureLimits;
pub use name::{GroupName, UserName, UserNameError};
pub use password::{Hash, HashError, NoRandomBytes, Password, PasswordCheck, PasswordError, ROUNDS, check};

/// A user's role, in all spaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May do what the access lists of spaces allow.
    User,
    /// May also create spaces.
    Owner,
    /// May do everything.
    Admin,
}

impl Role {
    /// The name of the role, as stored and typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Owner => "owner",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// A word that is not a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is user, owner or admin")]
pub struct NoRole;

impl FromStr for Role {
    type Err = NoRole;

    fn from_str(word: &str) -> Result<Self, NoRole> {
        [Self::User, Self::Owner, Self::Admin].into_iter().find(|role| role.name() == word).ok_or(NoRole)
    }
}

/// A user without the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name.
    pub name: UserName,
    /// The role.
    pub role: Role,
    /// The groups of the user, without duplicates.
    pub groups: Vec<GroupName>,
}

impl Account {
    /// The identity of this user, once authenticated.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let groups = self.groups.iter().map(ToString::to_string).collect();
        Identity { name: self.name.to_string(), role: self.role, groups }
    }
}

/// A user with the password's hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user.
    pub account: Account,
    /// The password's hash.
    pub password: Hash,
}

/// The authenticated user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The user's name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The groups of the user, without the prefix `group-` of access lists.
    pub groups: Vec<String>,
}
