//! Reading a short text from left to right.

use std::fmt;

/// Why a text is not in a grammar, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// The first byte that cannot stand where it stands, counted from 0; the length of the text where it ends too early.
    pub at: usize,
    /// What is expected there, or what is wrong with it.
    pub why: &'static str,
}

impl fmt::Display for Invalid {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} (at {})", self.why, self.at)
    }
}

impl std::error::Error for Invalid {}

/// A text, and how far it has been read.
#[derive(Clone, Copy, Debug)]
pub struct Scanner<'a> {
    rest: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// From the beginning of a text.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self { rest: text, at: 0 }
    }

    /// What has not been read.
    #[must_use]
    pub const fn rest(&self) -> &'a str {
        self.rest
    }

    /// Reads `expected` if it stands here. Says whether it did.
    pub fn take(&mut self, expected: &str) -> bool {
        let rest = self.rest.strip_prefix(expected);
        if let Some(rest) = rest {
            self.rest = rest;
            self.at += expected.len();
        }
        rest.is_some()
    }

    /// Reads the digits 0 to 9 that stand here, if any.
    pub fn digits(&mut self) -> &'a str {
        let end = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        self.at += end;
        digits
    }

    /// Nothing may stand here.
    pub fn end(&self) -> Result<(), Invalid> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.invalid("nothing more is expected")) }
    }

    /// What is wrong at this place.
    #[must_use]
    pub const fn invalid(&self, why: &'static str) -> Invalid {
        Invalid { at: self.at, why }
    }

    /// What is wrong `bytes` before this place.
    #[must_use]
    pub const fn invalid_before(&self, bytes: usize, why: &'static str) -> Invalid {
        Invalid { at: self.at.saturating_sub(bytes), why }
    }
}
