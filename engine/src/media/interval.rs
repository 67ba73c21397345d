//! Time intervals, half-open as in the Media Fragments recommendation.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Time;

/// From `start` up to, not including, `end`, in normal play time. Never empty: [`Interval::new`] refuses that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Interval {
    start: Time,
    end: Time,
}

impl Interval {
    /// All of time, from zero.
    pub const ALL: Self = Self { start: Time::ZERO, end: Time::MAX };

    /// `None` unless `start` is before `end`.
    #[must_use]
    pub fn new(start: Time, end: Time) -> Option<Self> {
        (start < end).then_some(Self { start, end })
    }

    /// The first instant of the interval.
    #[must_use]
    pub const fn start(self) -> Time {
        self.start
    }

    /// The first instant after the interval; [`Time::MAX`] if it is open.
    #[must_use]
    pub const fn end(self) -> Time {
        self.end
    }

    /// Its duration.
    #[must_use]
    pub fn duration(self) -> Time {
        self.end - self.start
    }

    /// The intersection with another interval, if it is not empty.
    #[must_use]
    pub fn intersection(self, other: Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }
}

/// `20,35`, the syntax of a URI; an open end is omitted.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.end {
            Time::MAX => write!(f, "{}", self.start),
            end => write!(f, "{},{end}", self.start),
        }
    }
}
