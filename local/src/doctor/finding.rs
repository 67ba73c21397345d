//! What was found, as a line for a person.

use std::fmt;

/// What was found of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    what: String,
    found: String,
    /// What to do about it, where it is wrong.
    remedy: Option<String>,
}

impl Finding {
    /// It is in order.
    pub fn ok(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), found: found.into(), remedy: None }
    }

    /// It is not.
    pub fn wrong(what: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), found: found.into(), remedy: Some(remedy.into()) }
    }

    /// Whether it is not in order.
    pub const fn is_wrong(&self) -> bool {
        self.remedy.is_some()
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, found, remedy } = self;
        match remedy {
            None => write!(out, "ok     {what}: {found}"),
            Some(remedy) => write!(out, "wrong  {what}: {found}; {remedy}"),
        }
    }
}
