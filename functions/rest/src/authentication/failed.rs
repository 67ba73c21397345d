//! Sign-ins that failed: which of them are counted and written to the audit trail.

use reelspan::user::{Credentials, Denied};

/// The name of a sign-in in the audit trail.
pub const SIGN_IN: &str = "sign-in";

/// A sign-in with wrong credentials.
pub struct FailedSignIn {
    /// The name in the credentials, which may be unknown.
    pub name: Option<String>,
    /// Whether the same has been recorded since the last failure.
    pub again: bool,
}

impl FailedSignIn {
    /// What was refused, if it was a guess: not what had no credentials in it, nor what could not be looked at.
    #[must_use]
    pub fn of(denied: &Denied, field: Option<&[u8]>) -> Option<Self> {
        let again = match denied {
            Denied::Wrong => false,
            Denied::Limited { again, .. } => *again,
            Denied::Malformed(_) | Denied::Crowded | Denied::Directory(_) => return None,
        };
        let credentials = field.and_then(|field| Credentials::parse(field).ok());
        Some(Self { name: credentials.map(|credentials| credentials.name().to_owned()), again })
    }
}
