//! Wall-clock time (W3C *Media Fragments URI 1.0 (advanced)* §4.2.1): instants as RFC 3339 writes them, in any time zone.
//!
//! ```text
//! clocktimedef = "clock:" ( clocktime [ "," clocktime ] ) / ( "," clocktime )
//! clocktime    = date-time       ; RFC 3339 §5.6: 2010-10-22T07:33:56.5+02:00
//! ```

use std::fmt;

use chrono::{DateTime, NaiveDate, SecondsFormat};

use super::npt::nanoseconds;
use super::{InvalidText, TextScanner};

const SECOND: i128 = 1_000_000_000;

/// An absolute instant: nanoseconds since 1970-01-01T00:00:00Z, from 1677 to 2262.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub i64);

impl Instant {
    /// Parses a `date-time`, and leaves what follows to the caller. A leap second is the first second of the next
    /// minute.
    ///
    /// # Errors
    ///
    /// If there is no `date-time` here, or the day does not exist.
    pub fn read(scanner: &mut TextScanner<'_>) -> Result<Self, InvalidText> {
        let date = date(scanner)?;
        if !scanner.take("T") && !scanner.take("t") {
            return Err(scanner.invalid("'T' and a time are expected"));
        }
        let hours = scanner.two_digits(24, "hours from 00 to 23 are expected")?;
        let minutes = scanner.behind_colon(60, "minutes from 00 to 59 are expected")?;
        let seconds = scanner.behind_colon(61, "seconds from 00 to 60 are expected")?;
        let fraction = if scanner.take(".") {
            let digits = scanner.digits();
            if digits.is_empty() {
                return Err(scanner.invalid("a digit is expected"));
            }
            nanoseconds(digits)
        } else {
            0
        };
        let offset = offset(scanner)?;
        let days = i64::from(date.to_epoch_days());
        let of_day = (i64::from(hours) * 60 + i64::from(minutes)) * 60 + i64::from(seconds);
        let seconds = days * 86_400 + of_day - offset * 60;
        // Saturated only with the fraction: of the first second in the range, only a part is representable.
        let nanoseconds = i128::from(seconds) * SECOND + i128::from(fraction);
        let least_or_greatest = if nanoseconds < 0 { i64::MIN } else { i64::MAX };
        Ok(Self(i64::try_from(nanoseconds).unwrap_or(least_or_greatest)))
    }
}

/// RFC 3339's `full-date`.
fn date(scanner: &mut TextScanner<'_>) -> Result<NaiveDate, InvalidText> {
    let before = *scanner;
    let year = match scanner.digits() {
        digits if digits.len() == 4 => digits.parse().unwrap_or_default(),
        _ => return Err(before.invalid("a year of four digits is expected")),
    };
    let month = behind_hyphen(scanner, 13, "a month from 01 to 12 is expected")?;
    let day = behind_hyphen(scanner, 32, "a day of the month is expected")?;
    NaiveDate::from_ymd_opt(year, month, day).ok_or_else(|| before.invalid("there is no such day"))
}

fn behind_hyphen(scanner: &mut TextScanner<'_>, limit: u8, why: &'static str) -> Result<u32, InvalidText> {
    if !scanner.take("-") {
        return Err(scanner.invalid("'-' and two digits are expected"));
    }
    scanner.two_digits(limit, why).map(u32::from)
}

/// How many minutes local time is ahead of UTC.
fn offset(scanner: &mut TextScanner<'_>) -> Result<i64, InvalidText> {
    if scanner.take("Z") || scanner.take("z") {
        return Ok(0);
    }
    let sign = if scanner.take("+") {
        1
    } else if scanner.take("-") {
        -1
    } else {
        return Err(scanner.invalid("'Z', or an offset such as +01:00, is expected"));
    };
    let hours = scanner.two_digits(24, "hours from 00 to 23 are expected")?;
    let minutes = scanner.behind_colon(60, "minutes from 00 to 59 are expected")?;
    Ok(sign * (i64::from(hours) * 60 + i64::from(minutes)))
}

/// In UTC, with as many decimals as it needs: 3, 6 or 9.
impl fmt::Display for Instant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&DateTime::from_timestamp_nanos(self.0).to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::super::cases::{assert_wrong, cases};
    use super::*;

    fn read(text: &str) -> Result<Instant, InvalidText> {
        let mut scanner = TextScanner::new(text);
        let instant = Instant::read(&mut scanner)?;
        scanner.end().map(|()| instant)
    }

    #[test]
    fn instants_are_read_as_rfc_3339_has_them() {
        for (text, nanoseconds, written) in cases().instants {
            let instant = Instant(nanoseconds.parse().unwrap());
            assert_eq!(read(&text), Ok(instant), "{text}");
            assert_eq!(instant.to_string(), written);
        }
        assert_eq!(read("9999-12-31T23:59:59Z"), Ok(Instant(i64::MAX)));
        assert_eq!(read("0000-01-01T00:00:00Z"), Ok(Instant(i64::MIN)));
        for ends in [i64::MIN, i64::MIN + 1, i64::MAX] {
            assert_eq!(read(&Instant(ends).to_string()), Ok(Instant(ends)));
        }
    }

    #[test]
    fn what_is_no_instant_is_refused_where_it_ceases_to_be_one() {
        for case in cases().not_instants {
            assert_wrong(read(&case.0), &case);
        }
    }

    proptest! {
        #[test]
        fn an_instant_survives_being_written_and_read(nanoseconds: i64) {
            prop_assert_eq!(read(&Instant(nanoseconds).to_string()), Ok(Instant(nanoseconds)));
        }
    }
}
