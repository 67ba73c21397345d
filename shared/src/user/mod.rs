//! Users: who is asking. What someone may do with a space is for the space's access list to say, except that an admin may do
//! everything, and that only an owner makes spaces.
//!
//! A request is by somebody or by nobody: `Option<Identity>`, where `None` is nobody in particular, who sees what is public.

use std::fmt;

use serde::{Deserialize, Serialize};

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
