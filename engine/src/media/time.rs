//! Time: [`Ticks`] of a [`Timescale`] inside a file, [`Time`] in nanoseconds between files and people.

use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use serde::{Deserialize, Serialize};

const NANOS: i128 = 1_000_000_000;

/// A number of ticks of some [`Timescale`], which the owner of the value knows.
///
/// Sums saturate: times come from files, and a hostile file must neither cause a panic nor a wrap-around.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ticks(pub i64);

impl Ticks {
    /// The instant zero, and an empty duration.
    pub const ZERO: Self = Self(0);

    /// `count` times this duration, saturating.
    #[must_use]
    pub const fn times(self, count: i64) -> Self {
        Self(self.0.saturating_mul(count))
    }
}

impl Add for Ticks {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Ticks {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Ticks {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl AddAssign for Ticks {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Ticks {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

/// An instant or a duration in nanoseconds: the unit of requests, of presentation timelines and of the index's grid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time(pub i64);

impl Time {
    /// The instant zero, and an empty duration.
    pub const ZERO: Self = Self(0);
    /// Later than every instant of a file.
    pub const MAX: Self = Self(i64::MAX);

    /// This many whole seconds, saturating.
    #[must_use]
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000_000))
    }

    /// Seconds as a float, only for people and for JSON, not for arithmetic.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "for display only")]
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

impl Add for Time {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Time {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// Normal play time in seconds with as many decimals as it needs, six at most: `19.77`, `35`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.unsigned_abs().saturating_add(500) / 1_000;
        let (seconds, fraction) = (micros / 1_000_000, micros % 1_000_000);
        if fraction == 0 {
            return write!(f, "{sign}{seconds}");
        }
        let digits = format!("{fraction:06}");
        write!(f, "{sign}{seconds}.{}", digits.trim_end_matches('0'))
    }
}

/// The length of a tick: `ticks` of them last `seconds` seconds. `seconds` is 1 in MP4 (`mdhd.timescale`); Matroska's
/// `TimestampScale` in nanoseconds is the fraction `1e9/scale`, reduced.
///
/// Neither is ever zero: a damaged one is not deserialised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "TimescaleFields")]
pub struct Timescale {
    ticks: u32,
    seconds: u32,
}

/// The fields of a [`Timescale`] that may be damaged.
#[derive(Deserialize)]
struct TimescaleFields {
    ticks: u32,
    seconds: u32,
}

impl TryFrom<TimescaleFields> for Timescale {
    type Error = &'static str;

    fn try_from(fields: TimescaleFields) -> Result<Self, Self::Error> {
        Self::fraction(fields.ticks, fields.seconds).ok_or("a timescale of zero")
    }
}

impl Timescale {
    /// `ticks` ticks a second; `None` for zero.
    #[must_use]
    pub const fn per_second(ticks: u32) -> Option<Self> {
        if ticks == 0 { None } else { Some(Self { ticks, seconds: 1 }) }
    }

    /// Ticks of `nanoseconds` nanoseconds each; `None` for zero and for more than a second.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "both are at most 1e9")]
    pub const fn of_nanoseconds(nanoseconds: u64) -> Option<Self> {
        const SECOND: u64 = 1_000_000_000;
        if nanoseconds == 0 || nanoseconds > SECOND {
            return None;
        }
        let common = gcd(SECOND, nanoseconds);
        Some(Self { ticks: (SECOND / common) as u32, seconds: (nanoseconds / common) as u32 })
    }

    /// `ticks` ticks in `seconds` seconds; `None` if either is zero.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "neither is greater than it was")]
    pub const fn fraction(ticks: u32, seconds: u32) -> Option<Self> {
        if ticks == 0 || seconds == 0 {
            return None;
        }
        let common = gcd(ticks as u64, seconds as u64) as u32;
        Some(Self { ticks: ticks / common, seconds: seconds / common })
    }

    /// Ticks a second if that is an integer, as in MP4.
    #[must_use]
    pub const fn ticks_per_second(self) -> Option<u32> {
        if self.seconds == 1 { Some(self.ticks) } else { None }
    }

    /// Its ticks, and the seconds that these last together.
    #[must_use]
    pub const fn as_fraction(self) -> (u32, u32) {
        (self.ticks, self.seconds)
    }

    /// The instant of a tick, rounded down to a nanosecond.
    #[must_use]
    pub fn time(self, ticks: Ticks) -> Time {
        let nanos = (i128::from(ticks.0) * NANOS * i128::from(self.seconds)).div_euclid(i128::from(self.ticks));
        Time(saturate(nanos))
    }

    /// The tick nearest to an instant. People write `0.033367` and mean the frame at 1001/30000: nearest, not floor.
    #[must_use]
    pub fn ticks(self, time: Time) -> Ticks {
        let unit = NANOS * i128::from(self.seconds);
        Ticks(saturate((i128::from(time.0) * i128::from(self.ticks) + unit / 2).div_euclid(unit)))
    }

    /// The same instant in another timescale, to the nearest tick.
    #[must_use]
    pub fn rescale(self, ticks: Ticks, to: Self) -> Ticks {
        let unit = i128::from(self.ticks) * i128::from(to.seconds);
        let scaled = i128::from(ticks.0) * i128::from(self.seconds) * i128::from(to.ticks);
        Ticks(saturate((scaled + unit / 2).div_euclid(unit)))
    }
}

fn saturate(value: i128) -> i64 {
    i64::try_from(value).unwrap_or(if value < 0 { i64::MIN } else { i64::MAX })
}

const fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timescale_of_zero_is_not_deserialised() {
        let packed = postcard::to_stdvec(&Timescale::per_second(300).unwrap()).unwrap();
        assert_eq!(postcard::from_bytes::<Timescale>(&packed).ok(), Timescale::per_second(300));
        for zero in [[0, 1], [1, 0], [0, 0]] {
            assert!(postcard::from_bytes::<Timescale>(&zero).is_err(), "{zero:?}");
        }
    }

    #[test]
    fn a_decimal_near_a_frame_means_that_frame() {
        let ntsc = Timescale::per_second(30_000).unwrap();
        for frame in 0..10_000 {
            let exact = Ticks(1001 * frame);
            let written = Time(ntsc.time(exact).0 / 1_000 * 1_000);
            assert_eq!(ntsc.ticks(written), exact, "frame {frame}");
        }
    }

    #[test]
    fn a_matroska_scale_is_a_reduced_fraction() {
        let milliseconds = Timescale::of_nanoseconds(1_000_000).unwrap();
        assert_eq!(milliseconds.ticks_per_second(), Some(1000));
        assert_eq!(milliseconds.time(Ticks(12_480)), Time(12_480_000_000));
        let odd = Timescale::of_nanoseconds(22_675).unwrap();
        assert_eq!(odd.ticks_per_second(), None);
        assert_eq!(odd.time(Ticks(44_100)), Time(22_675 * 44_100));
        assert_eq!(odd.ticks(Time(22_675 * 44_100)), Ticks(44_100));
        assert!(Timescale::of_nanoseconds(0).is_none());
        assert!(Timescale::per_second(0).is_none());
    }

    #[test]
    fn extreme_times_saturate() {
        let slow = Timescale::of_nanoseconds(1_000_000_000).unwrap();
        assert_eq!(slow.time(Ticks(i64::MAX)), Time::MAX);
        assert_eq!(Ticks(i64::MAX) + Ticks(1), Ticks(i64::MAX));
        assert_eq!(Ticks(i64::MIN) - Ticks(1), Ticks(i64::MIN));
    }

    #[test]
    fn seconds_are_printed_with_the_decimals_they_need() {
        for (nanos, text) in
            [(0, "0"), (35_000_000_000, "35"), (19_770_000_000, "19.77"), (500, "0.000001"), (-1_500_000_000, "-1.5")]
        {
            assert_eq!(Time(nanos).to_string(), text);
        }
    }
}
