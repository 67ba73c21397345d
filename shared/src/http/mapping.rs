//! `Content-Range-Mapping` (W3C *Protocol for Media Fragments 1.0 Resolution in HTTP*): which time the bytes of an answer
//! really hold.
//!
//! ```
//! use reelspan::{http::mapping::Mapping, media::{Interval, Time}};
//!
//! let mapping = Mapping {
//!     given: Interval::new(Time::from_secs(10), Time::from_secs(20)).unwrap(),
//!     duration: Time(38_300_000_000),
//!     ranges: &[1_264_525..2_066_895],
//!     length: 4_055_466,
//! };
//! assert_eq!(mapping.to_string(), "{ t:npt 10.0-20.0/0-38.3 } = { bytes 1264525-2066894/4055466 }");
//! ```

use std::fmt;
use std::ops::Range;

use crate::media::{Interval, Time};

/// A stretch of the original's time, and the bytes of the original that hold it.
#[derive(Clone, Copy, Debug)]
pub struct Mapping<'a> {
    /// The time that the bytes hold. An open end is the end of the original.
    pub given: Interval,
    /// The original's duration.
    pub duration: Time,
    /// The bytes, none of the ranges empty.
    pub ranges: &'a [Range<u64>],
    /// The original's bytes.
    pub length: u64,
}

impl fmt::Display for Mapping<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (start, end) = (self.given.start(), self.given.end().min(self.duration.max(self.given.start())));
        write!(out, "{{ t:npt {}-{}/0-{} }} = {{ bytes ", Decimal(start), Decimal(end), self.duration)?;
        for (at, range) in self.ranges.iter().enumerate() {
            let separator = if at > 0 { "," } else { "" };
            write!(out, "{separator}{}-{}", range.start, range.end.saturating_sub(1))?;
        }
        write!(out, "/{} }}", self.length)
    }
}

/// Seconds with at least one decimal: `10.0`, `15.226`.
struct Decimal(Time);

impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        let decimal = if text.contains('.') { "" } else { ".0" };
        write!(out, "{text}{decimal}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::single_range_in_vec_init)]

    use super::*;

    #[test]
    fn a_mapping_reads_as_the_protocol_writes_it() {
        let cases: &[(i64, i64, &[Range<u64>], &str)] = &[
            (0, 9_970, &[5_466..3_050_248], "{ t:npt 0.0-9.97/0-9.97 } = { bytes 5466-3050247/3050248 }"),
            (2_930, 7_200, &[887_229..2_171_227], "{ t:npt 2.93-7.2/0-9.97 } = { bytes 887229-2171226/3050248 }"),
            (3_000, i64::MAX, &[1..3, 5..6], "{ t:npt 3.0-9.97/0-9.97 } = { bytes 1-2,5-5/3050248 }"),
        ];
        for &(start, end, ranges, text) in cases {
            let given = Interval::new(Time(start * 1_000_000), Time(end.saturating_mul(1_000_000))).unwrap();
            let mapping = Mapping { given, duration: Time(9_970_000_000), ranges, length: 3_050_248 };
            assert_eq!(mapping.to_string(), text);
        }
    }
}
