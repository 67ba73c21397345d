//! Users: who is asking. What someone may do with a space is for the space's access list to say, except that an admin may do
//! everything, and that only an owner makes spaces.
//!
//! A request is by somebody or by nobody: `Option<Identity>`, where `None` is nobody in particular, who sees what is public. The
//! [`Authenticator`] says which, by HTTP Basic and what a [`Directory`] keeps of its users.

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
pub use basic::{Credentials, Malformed};
pub use limiter::Limits;
pub use name::{GroupName, NameError, UserName};
pub use password::{Checked, Hash, HashError, NoRandomBytes, Password, PasswordError, ROUNDS, check};

/// What a user is, everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// May do what the access lists of spaces say.
    User,
    /// May also make spaces.
    Owner,
    /// May do everything.
    Admin,
}

impl Role {
    /// The word for it, as it is stored and as it is typed.
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

/// A word that is no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is user, owner or admin")]
pub struct NoRole;

impl FromStr for Role {
    type Err = NoRole;

    fn from_str(word: &str) -> Result<Self, NoRole> {
        [Self::User, Self::Owner, Self::Admin].into_iter().find(|role| role.name() == word).ok_or(NoRole)
    }
}

/// A user as the system knows one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The name.
    pub name: UserName,
    /// What the user is.
    pub role: Role,
    /// The groups that the user is in, none twice.
    pub groups: Vec<GroupName>,
}

impl Account {
    /// Somebody who has shown to be this user.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let groups = self.groups.iter().map(ToString::to_string).collect();
        Identity { name: self.name.to_string(), role: self.role, groups }
    }
}

/// A user, with what is kept of the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Who it is.
    pub account: Account,
    /// What is kept of the password.
    pub password: Hash,
}

/// Somebody whose credentials were checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The user's name.
    pub name: String,
    /// What the user is.
    pub role: Role,
    /// The groups that the user is in, without the `group-` that access lists write before them.
    pub groups: Vec<String>,
}
