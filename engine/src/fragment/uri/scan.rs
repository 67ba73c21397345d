//! Parses a short text from left to right.

use std::fmt;

/// Why a text does not match a grammar, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidText {
    /// The offset of the first wrong byte; the length of the text if it ends too early.
    pub at: usize,
    /// What is expected there, or what is wrong with it.
    pub why: &'static str,
}

impl fmt::Display for InvalidText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} (at {})", self.why, self.at)
    }
}

impl std::error::Error for InvalidText {}

/// A text, and the current position in it.
#[derive(Clone, Copy, Debug)]
pub struct TextScanner<'a> {
    rest: &'a str,
    at: usize,
}

impl<'a> TextScanner<'a> {
    /// Starts at the beginning of a text.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self { rest: text, at: 0 }
    }

    /// The rest of the text.
    #[must_use]
    pub const fn rest(&self) -> &'a str {
        self.rest
    }

    /// Takes `expected` if it comes next. Returns whether it did.
    pub fn take(&mut self, expected: &str) -> bool {
        let rest = self.rest.strip_prefix(expected);
        if let Some(rest) = rest {
            self.rest = rest;
            self.at += expected.len();
        }
        rest.is_some()
    }

    /// Takes one character.
    pub fn character(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.skip(next.len_utf8());
        Some(next)
    }

    /// Takes everything up to one of these characters, or to the end.
    pub fn until(&mut self, ends: &[char]) -> &'a str {
        self.skip(self.rest.find(ends).unwrap_or(self.rest.len()))
    }

    fn skip(&mut self, bytes: usize) -> &'a str {
        let (read, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.at += read.len();
        read
    }

    /// Takes the digits 0 to 9 that come next, if any.
    pub fn digits(&mut self) -> &'a str {
        self.skip(self.rest.bytes().take_while(u8::is_ascii_digit).count())
    }

    /// Takes a number of any length; values beyond 64 bits saturate.
    pub fn number(&mut self) -> Result<i64, InvalidText> {
        match self.digits() {
            "" => Err(self.invalid("a digit is expected")),
            digits => Ok(number(digits)),
        }
    }

    /// Takes two digits, a number below `limit`; `why` is the error otherwise.
    pub fn two_digits(&mut self, limit: u8, why: &'static str) -> Result<u8, InvalidText> {
        let digits = self.digits();
        match u8::try_from(number(digits)) {
            Ok(value) if digits.len() == 2 && value < limit => Ok(value),
            _ => Err(self.invalid_before(digits.len(), why)),
        }
    }

    /// Takes a colon and two digits, as [`TextScanner::two_digits`].
    pub fn behind_colon(&mut self, limit: u8, why: &'static str) -> Result<u8, InvalidText> {
        if !self.take(":") {
            return Err(self.invalid("':' and two digits are expected"));
        }
        self.two_digits(limit, why)
    }

    /// Checks that the text ends here.
    pub fn end(&self) -> Result<(), InvalidText> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.invalid("nothing more is expected")) }
    }

    /// An error at this position.
    #[must_use]
    pub const fn invalid(&self, why: &'static str) -> InvalidText {
        InvalidText { at: self.at, why }
    }

    /// An error `bytes` after this position.
    #[must_use]
    pub const fn invalid_behind(&self, bytes: usize, why: &'static str) -> InvalidText {
        InvalidText { at: self.at.saturating_add(bytes), why }
    }

    /// An error `bytes` before this position.
    #[must_use]
    pub const fn invalid_before(&self, bytes: usize, why: &'static str) -> InvalidText {
        InvalidText { at: self.at.saturating_sub(bytes), why }
    }
}

/// The value of digits, saturating.
fn number(digits: &str) -> i64 {
    digits.bytes().fold(0_i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit - b'0')))
}
