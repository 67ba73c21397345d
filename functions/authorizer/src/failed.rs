//! Sign-ins that failed, as far as they are counted and written down.

use reelspan::user::{Credentials, Denied};

/// What a sign-in is called in the audit trail.
pub const SIGN_IN: &str = "sign-in";

/// A sign-in that failed because of what was sent.
pub struct FailedSignIn {
    /// The name that was given; none of ours, perhaps.
    pub name: Option<String>,
    /// The same has been written down since the last failure.
    pub again: bool,
}

impl FailedSignIn {
    /// What was refused, if it was a guess: not what had no credentials in it, nor what could not be looked at.
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
