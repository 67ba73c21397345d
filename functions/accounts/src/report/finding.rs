//! A finding, as a line for a person and as JSON.

use std::fmt;

use serde::Serialize;

/// The result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    what: String,
    found: String,
    /// What to do about it, if something is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
}

impl Finding {
    /// A finding that the thing is in order.
    pub fn ok(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { what: what.into(), found: found.into(), remedy: None }
    }

    /// A finding that something is wrong.
    pub fn wrong(what: impl Into<String>, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what: what.into(), found: found.into(), remedy: Some(remedy.into()) }
    }

    /// Whether something is wrong.
    #[must_use]
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
