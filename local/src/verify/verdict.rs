//! The result of a check.

use serde::Serialize;

/// A server violated the standard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The request, as a line for a shell.
    pub request: String,
    /// The answer that the standard requires.
    pub expected: String,
    /// The actual answer.
    pub came: String,
}

/// Why a check stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The server broke a rule.
    Violated(Violation),
    /// The server returned the whole, or said that it does not support the request: no server has to support every
    /// unit.
    Ignored(Violation),
    /// There is nothing to check; the text says why.
    NotRun(String),
}

impl Stop {
    /// Turns an ignored request into a violation: other answers have shown that the server supports the unit.
    pub fn insist(self) -> Self {
        match self {
            Self::Ignored(violation) => Self::Violated(violation),
            stop => stop,
        }
    }

    /// Turns a violation into an ignored request: the server need not support it.
    pub fn forgive(self) -> Self {
        match self {
            Self::Violated(violation) => Self::Ignored(violation),
            stop => stop,
        }
    }
}

/// The result of a check: a few words on what was seen, or why it stopped.
pub type CheckResult = Result<String, Stop>;

/// What is wrong with an answer, found by code that does not know the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerFault {
    /// What the standard requires there.
    pub expected: String,
    /// What is there.
    pub came: String,
}

impl AnswerFault {
    /// A fault with an expected and an actual value.
    pub fn new(expected: impl Into<String>, came: impl Into<String>) -> Self {
        Self { expected: expected.into(), came: came.into() }
    }

    /// The body broke off.
    pub fn broken(why: String) -> Self {
        Self::new("a whole body", why)
    }
}
