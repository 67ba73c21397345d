//! The `Range` header field (RFC 9110 §14) with the unit of every server, `bytes`, and the dimensions of the W3C
//! *Protocol for Media Fragments 1.0 Resolution in HTTP*: `t:npt=10-20`, `track=audio`, `id=chapter-2`,
//! `include-setup`.
//!
//! A `Range` that matches no known grammar is ignored (RFC 9110 §14.2), so parsing returns an [`Option`]; one that
//! matches, but selects no part of the representation, is [`Unsatisfiable`].

mod bytes;
mod fragment;

use std::fmt;
use std::ops::Range;

pub use bytes::{ByteRanges, Unsatisfiable};
pub use fragment::FragmentRange;

/// A parsed `Range` header field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestedRanges {
    /// Byte ranges.
    Bytes(ByteRanges),
    /// A media fragment.
    Fragment(FragmentRange),
}

impl RequestedRanges {
    /// Parses the field's value; `None` if it matches no known grammar, and so has no effect.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        match value.split_once('=') {
            // Units are case-insensitive (RFC 9110 §14.1); the dimensions of media fragments are not.
            Some((unit, set)) if unit.eq_ignore_ascii_case("bytes") => ByteRanges::parse(set).map(Self::Bytes),
            _ => FragmentRange::parse(value).ok().map(Self::Fragment),
        }
    }
}

/// The normalised header field.
impl fmt::Display for RequestedRanges {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(ranges) => ranges.fmt(out),
            Self::Fragment(range) => range.fmt(out),
        }
    }
}

/// `Content-Range` of one range of a representation (RFC 9110 §14.4): `bytes 19147-22880/4055466`. The range is not empty.
#[must_use]
pub fn content_range(range: &Range<u64>, length: u64) -> String {
    format!("bytes {}-{}/{length}", range.start, range.end.saturating_sub(1))
}

/// `Content-Range` if no range is satisfiable: `bytes */4055466`.
#[must_use]
pub fn no_content_range(length: u64) -> String {
    format!("bytes */{length}")
}

#[cfg(test)]
mod tests;
