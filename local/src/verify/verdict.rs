//! What comes of a check.

use serde::Serialize;

/// A server did not do what the standard says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The request, as a line for a shell.
    pub request: String,
    /// What the standard has it answer.
    pub expected: String,
    /// What it answered.
    pub came: String,
}

/// Why a check ended before all was well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The server broke a rule.
    Violated(Violation),
    /// The server gave the whole, or said that it does no such thing: nobody has to know every unit.
    Ignored(Violation),
    /// There is nothing to hold the server to: the text says why.
    NotRun(String),
}

impl Stop {
    /// What was ignored must not have been: the server knows the unit, as other answers have shown.
    pub fn insist(self) -> Self {
        match self {
            Self::Ignored(violation) => Self::Violated(violation),
            stop => stop,
        }
    }

    /// Nobody has to know what was not done.
    pub fn forgive(self) -> Self {
        match self {
            Self::Violated(violation) => Self::Ignored(violation),
            stop => stop,
        }
    }
}

/// What a check comes to: a few words on what was seen, or why it ended.
pub type Verdict = Result<String, Stop>;

/// What is wrong with an answer, said where the request is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What the standard has there.
    pub expected: String,
    /// What is there.
    pub came: String,
}

impl Fault {
    /// This instead of that.
    pub fn new(expected: impl Into<String>, came: impl Into<String>) -> Self {
        Self { expected: expected.into(), came: came.into() }
    }

    /// The body broke off.
    pub fn broken(why: String) -> Self {
        Self::new("a whole body", why)
    }
}
