//! Byte ranges (RFC 9110 §14.1.2).

use std::fmt;
use std::ops::Range;

/// The maximum number of ranges in a request; a request for more is treated as one for the whole (RFC 9110 §17.15).
pub(super) const MOST_RANGES: usize = 64;

/// No part of the range is in the representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the range is not satisfiable")]
pub struct Unsatisfiable;

/// One requested byte range (RFC 9110 §14.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ByteRange {
    /// `19147-22880`: both inclusive.
    Between(u64, u64),
    /// `19147-`.
    From(u64),
    /// `-500`: the last bytes.
    Last(u64),
}

/// The requested byte ranges, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByteRanges(Vec<ByteRange>);

impl ByteRanges {
    pub(super) fn parse(set: &str) -> Option<Self> {
        let mut ranges = Vec::new();
        for spec in set.split(',').map(|spec| spec.trim_matches([' ', '\t'])).filter(|spec| !spec.is_empty()) {
            if ranges.len() == MOST_RANGES {
                return None;
            }
            ranges.push(ByteRange::parse(spec)?);
        }
        (!ranges.is_empty()).then_some(Self(ranges))
    }

    /// The ranges of a representation of `length` bytes, in the order of the request. Ranges that overlap or touch are
    /// merged, at the position of the first.
    pub fn of(&self, length: u64) -> Result<Vec<Range<u64>>, Unsatisfiable> {
        let mut ranges: Vec<Range<u64>> = Vec::with_capacity(self.0.len());
        for mut range in self.0.iter().filter_map(|range| range.of(length)) {
            // The merged range may touch others in turn: take them all out, and put the union at the position of the
            // first.
            let mut place = ranges.len();
            while let Some(at) = ranges.iter().position(|other| other.start <= range.end && range.start <= other.end) {
                let other = ranges.remove(at);
                range = other.start.min(range.start)..other.end.max(range.end);
                place = place.min(at);
            }
            ranges.insert(place.min(ranges.len()), range);
        }
        if ranges.is_empty() { Err(Unsatisfiable) } else { Ok(ranges) }
    }
}

impl ByteRange {
    fn parse(spec: &str) -> Option<Self> {
        let (first, last) = spec.split_once('-')?;
        match (first.is_empty(), last.is_empty()) {
            (true, true) => None,
            (true, false) => position(last).map(Self::Last),
            (false, true) => position(first).map(Self::From),
            (false, false) => {
                let (first, last) = (position(first)?, position(last)?);
                (first <= last).then_some(Self::Between(first, last))
            }
        }
    }

    /// The range in a representation of this length; `None` if it is empty.
    fn of(self, length: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::Between(first, last) => first..last.saturating_add(1).min(length),
            Self::From(first) => first..length,
            Self::Last(count) => length.saturating_sub(count)..length,
        };
        (range.start < range.end).then_some(range)
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Between(first, last) => write!(out, "{first}-{last}"),
            Self::From(first) => write!(out, "{first}-"),
            Self::Last(count) => write!(out, "-{count}"),
        }
    }
}

/// `1*DIGIT`; more than 64 bits saturate, since that is after any end.
fn position(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().unwrap_or(u64::MAX))
}

/// The normalised header field: `bytes=0-99,-500`.
impl fmt::Display for ByteRanges {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, range) in self.0.iter().enumerate() {
            write!(out, "{}{range}", if at > 0 { "," } else { "bytes=" })?;
        }
        Ok(())
    }
}
