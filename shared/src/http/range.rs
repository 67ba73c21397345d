//! The `Range` header field (RFC 9110 §14) with the unit of every server, `bytes`, and the temporal one of the W3C *Protocol for
//! Media Fragments 1.0 Resolution in HTTP*: `t:npt=10-20`.
//!
//! A `Range` in no known grammar is as if it were not there (RFC 9110 §14.2), so reading one gives an [`Option`]; one that is in
//! the grammar and names no part of the representation is [`Unsatisfiable`].

use std::fmt;
use std::ops::Range;

use crate::media::{Interval, Time};
use crate::uri::{Scanner, npt};

/// How many ranges one request may name; a request for more is read as a request for all (RFC 9110 §17.15).
const MOST_RANGES: usize = 64;

/// What a `Range` header field asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Ranges of bytes.
    Bytes(ByteRanges),
    /// A stretch of time.
    Time(TimeRange),
}

impl Asked {
    /// Reads the field's value; `None` where it is in no grammar that is known, and so has no effect.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let (unit, set) = value.split_once('=')?;
        // Units are case-insensitive (RFC 9110 §14.1); the dimensions of media fragments are not.
        if unit.eq_ignore_ascii_case("bytes") {
            return ByteRanges::parse(set).map(Self::Bytes);
        }
        match unit {
            "t:npt" => TimeRange::parse(set).map(Self::Time),
            // t:smpte, t:smpte-25, t:clock, track, id and include-setup stand here.
            _ => None,
        }
    }
}

/// As the header field has it, normalised.
impl fmt::Display for Asked {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(ranges) => {
                for (at, range) in ranges.0.iter().enumerate() {
                    write!(out, "{}{range}", if at > 0 { "," } else { "bytes=" })?;
                }
                Ok(())
            }
            Self::Time(TimeRange { start, end: Some(end) }) => write!(out, "t:npt={start}-{end}"),
            Self::Time(TimeRange { start, end: None }) => write!(out, "t:npt={start}-"),
        }
    }
}

/// The range names no part of the representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the range names no part of it")]
pub struct Unsatisfiable;

/// One range of bytes as it was asked for (RFC 9110 §14.1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ByteRange {
    /// `19147-22880`: both inclusive.
    Between(u64, u64),
    /// `19147-`.
    From(u64),
    /// `-500`: the last ones.
    Last(u64),
}

/// Ranges of bytes as they were asked for: one at least.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ByteRanges(Vec<ByteRange>);

impl ByteRanges {
    fn parse(set: &str) -> Option<Self> {
        let mut ranges = Vec::new();
        for spec in set.split(',').map(|spec| spec.trim_matches([' ', '\t'])).filter(|spec| !spec.is_empty()) {
            if ranges.len() == MOST_RANGES {
                return None;
            }
            ranges.push(ByteRange::parse(spec)?);
        }
        (!ranges.is_empty()).then_some(Self(ranges))
    }

    /// The ranges that a representation of `length` bytes has of these, in the order in which they were asked for. Those that
    /// overlap or touch are one, at the place of the first.
    pub fn of(&self, length: u64) -> Result<Vec<Range<u64>>, Unsatisfiable> {
        let mut ranges: Vec<Range<u64>> = Vec::with_capacity(self.0.len());
        for mut range in self.0.iter().filter_map(|range| range.of(length)) {
            // What it joins may join others in turn: take them all out, and put the union where the first of them was.
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

    /// What a representation of this many bytes has of it; `None` for nothing.
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

/// `1*DIGIT`; what exceeds 64 bits saturates, for it is behind every end anyway.
fn position(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().unwrap_or(u64::MAX))
}

/// A stretch of time as it was asked for, which may be no time at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// The first instant.
    pub start: Time,
    /// The first instant behind it; `None`: to the end.
    pub end: Option<Time>,
}

impl TimeRange {
    /// Reads `10-20` or `10-`, each instant as in a URI ([`npt::clock`]).
    fn parse(set: &str) -> Option<Self> {
        let mut scanner = Scanner::new(set.trim_matches([' ', '\t']));
        let start = npt::clock(&mut scanner).ok()?;
        if !scanner.take("-") {
            return None;
        }
        let end = if scanner.rest().is_empty() { None } else { Some(npt::clock(&mut scanner).ok()?) };
        scanner.end().ok()?;
        Some(Self { start, end })
    }

    /// The interval, unless it is empty.
    pub fn interval(self) -> Result<Interval, Unsatisfiable> {
        Interval::new(self.start, self.end.unwrap_or(Time::MAX)).ok_or(Unsatisfiable)
    }
}

/// `Content-Range` of one range of a representation (RFC 9110 §14.4): `bytes 19147-22880/4055466`. The range is not empty.
#[must_use]
pub fn content_range(range: &Range<u64>, length: u64) -> String {
    format!("bytes {}-{}/{length}", range.start, range.end.saturating_sub(1))
}

/// `Content-Range` where no range could be given: `bytes */4055466`.
#[must_use]
pub fn no_content_range(length: u64) -> String {
    format!("bytes */{length}")
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::single_range_in_vec_init
    )]

    use proptest::prelude::*;

    use super::*;

    fn bytes(value: &str, length: u64) -> Option<Result<Vec<Range<u64>>, Unsatisfiable>> {
        match Asked::parse(value)? {
            Asked::Bytes(ranges) => Some(ranges.of(length)),
            Asked::Time(_) => panic!("{value} is no range of bytes"),
        }
    }

    #[test]
    fn byte_ranges_are_read_as_rfc_9110_has_them() {
        let cases: &[(&str, &[Range<u64>])] = &[
            ("bytes=0-0", &[0..1]),
            ("bytes=0-99", &[0..100]),
            ("bytes=0-", &[0..1000]),
            ("bytes=999-", &[999..1000]),
            ("bytes=-1", &[999..1000]),
            ("bytes=-500", &[500..1000]),
            ("bytes=-5000", &[0..1000]),
            ("bytes=900-5000", &[900..1000]),
            ("Bytes=1-2", &[1..3]),
            ("bytes=0-99999999999999999999999", &[0..1000]),
            ("bytes=-99999999999999999999999", &[0..1000]),
            ("bytes= 0-0 ,, -1\t,", &[0..1, 999..1000]),
            ("bytes=500-600,0-1", &[500..601, 0..2]),
            ("bytes=0-1,5000-,-0,3-4", &[0..2, 3..5]),
            ("bytes=0-4,5-9", &[0..10]),
            ("bytes=20-29,0-4,3-9", &[20..30, 0..10]),
            ("bytes=0-4,10-14,20-24,3-21", &[0..25]),
            ("bytes=50-,-100,0-60", &[0..1000]),
        ];
        for (value, ranges) in cases {
            assert_eq!(bytes(value, 1000), Some(Ok(ranges.to_vec())), "{value}");
        }
    }

    #[test]
    fn a_range_of_no_byte_is_unsatisfiable() {
        for value in ["bytes=1000-", "bytes=1000-2000", "bytes=-0", "bytes=99999999999999999999999-", "bytes=-0,4444-"]
        {
            assert_eq!(bytes(value, 1000), Some(Err(Unsatisfiable)), "{value}");
        }
        for value in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
            assert_eq!(bytes(value, 0), Some(Err(Unsatisfiable)), "{value} of nothing");
        }
    }

    #[test]
    fn a_range_is_written_as_it_is_read() {
        for value in ["bytes=0-99", "bytes=5-,-3,1-2", "t:npt=10-20", "t:npt=0.5-"] {
            assert_eq!(Asked::parse(value).unwrap().to_string(), value);
        }
    }

    #[test]
    fn what_is_in_no_grammar_is_ignored() {
        let many = format!("bytes={}", "0-0,".repeat(MOST_RANGES + 1));
        for value in [
            "",
            "bytes",
            "bytes=",
            "bytes=,",
            "bytes=-",
            "bytes=a-b",
            "bytes=1",
            "bytes=2-1",
            "bytes=0-1,x",
            "bytes=+1-2",
            "bytes=1 - 2",
            "bytes=--1",
            "bytes 0-1",
            "bytes =0-1",
            "lines=1-2",
            "t=1-2",
            "t:npt=",
            "t:npt=-20",
            "t:npt=10",
            "t:npt=10,20",
            "t:npt=a-b",
            "t:npt=10-20-30",
            "t:npt=10-20s",
            "t:NPT=10-20",
            "T:npt=1-2",
            "t:npt=3:7-",
            "t:npt=10-20;include-setup",
            "include-setup",
            "t:smpte-25=0:00:01-",
            "track=audio",
            "id=a",
            many.as_str(),
        ] {
            assert_eq!(Asked::parse(value), None, "{value}");
        }
    }

    #[test]
    fn time_ranges_have_the_clock_of_the_uri() {
        let seconds = Time::from_secs;
        let cases = [
            ("t:npt=10-20", seconds(10), Some(seconds(20))),
            ("t:npt=10-", seconds(10), None),
            ("t:npt=0-9.97", Time::ZERO, Some(Time(9_970_000_000))),
            ("t:npt=0:02:00-121.5", seconds(120), Some(Time(121_500_000_000))),
            ("t:npt=00:03-00:00:07", seconds(3), Some(seconds(7))),
            ("t:npt=3.-3.5", seconds(3), Some(Time(3_500_000_000))),
        ];
        for (value, start, end) in cases {
            let range = TimeRange { start, end };
            assert_eq!(Asked::parse(value), Some(Asked::Time(range)), "{value}");
            assert_eq!(range.interval(), Ok(Interval::new(start, end.unwrap_or(Time::MAX)).unwrap()));
        }
        for value in ["t:npt=3-3", "t:npt=7-3"] {
            let Some(Asked::Time(range)) = Asked::parse(value) else { panic!("{value}") };
            assert_eq!(range.interval(), Err(Unsatisfiable), "{value}");
        }
    }

    proptest! {
        #[test]
        fn ranges_hold_what_was_asked_and_nothing_else(
            length in 0_u64..200, asked in proptest::collection::vec((0_u64..250, 0_u64..40), 1..20),
        ) {
            let value: Vec<_> = asked.iter().map(|(first, more)| format!("{first}-{}", first + more)).collect();
            let ranges = bytes(&format!("bytes={}", value.join(",")), length).unwrap().unwrap_or_default();
            for at in 0..250 {
                let wanted = at < length && asked.iter().any(|&(first, more)| (first..=first + more).contains(&at));
                prop_assert_eq!(ranges.iter().filter(|range| range.contains(&at)).count(), usize::from(wanted));
            }
        }

        #[test]
        fn whatever_is_asked_is_read_without_a_panic(value in "\\PC*", length: u64) {
            for value in [value.clone(), format!("bytes={value}"), format!("t:npt={value}")] {
                if let Some(Asked::Bytes(ranges)) = Asked::parse(&value) {
                    let _ = ranges.of(length);
                }
            }
        }
    }
}
