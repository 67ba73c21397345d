//! Normal play time (Media Fragments URI 1.0 §4.2.1, after RFC 2326 §3.6):
//!
//! ```text
//! npttimedef  = [ "npt:" ] ( npttime [ "," npttime ] ) / ( "," npttime )
//! npttime     = npt-sec / npt-mmss / npt-hhmmss
//! npt-sec     = 1*DIGIT [ "." *DIGIT ]
//! npt-mmss    = npt-mm ":" npt-ss [ "." *DIGIT ]
//! npt-hhmmss  = 1*DIGIT ":" npt-mm ":" npt-ss [ "." *DIGIT ]
//! npt-mm, npt-ss = 2DIGIT    ; 00 to 59
//! ```

use super::{Invalid, Scanner};
use crate::media::{Interval, Time};

const SECOND: i64 = 1_000_000_000;

/// The latest instant that can be written: a start there is behind the end of every file, yet before [`Time::MAX`], which
/// means an open end.
const LATEST: i64 = i64::MAX - 1;

/// Reads the rest of the text as an interval, half-open: `10,20`, `10`, `,20`.
///
/// # Errors
///
/// Where it is not in the grammar, or where its start is not before its end.
pub fn interval(mut scanner: Scanner<'_>) -> Result<Interval, Invalid> {
    let start = if scanner.rest().starts_with(',') { Time::ZERO } else { clock(&mut scanner)? };
    let comma = scanner.invalid("the start is not before the end");
    let end = if scanner.take(",") { clock(&mut scanner)? } else { Time::MAX };
    scanner.end()?;
    Interval::new(start, end).ok_or(comma)
}

/// Reads one instant, to the nanosecond; further digits are dropped. What exceeds the range of [`Time`] saturates.
///
/// # Errors
///
/// Where no `npttime` stands here. What stands behind it is the caller's to judge.
pub fn clock(scanner: &mut Scanner<'_>) -> Result<Time, Invalid> {
    let first = scanner.digits();
    if first.is_empty() {
        return Err(scanner.invalid("a digit is expected"));
    }
    let whole = if scanner.rest().starts_with(':') { sexagesimal(first, scanner)? } else { number(first) };
    let fraction = if scanner.take(".") { nanoseconds(scanner.digits()) } else { 0 };
    Ok(Time(whole.saturating_mul(SECOND).saturating_add(fraction).min(LATEST)))
}

/// Whole seconds of `mm:ss` or `hh:mm:ss`, of which the digits before the first colon have been read.
fn sexagesimal(first: &str, scanner: &mut Scanner<'_>) -> Result<i64, Invalid> {
    let before_colon = *scanner;
    let second = sixty(scanner)?;
    if scanner.rest().starts_with(':') {
        let third = sixty(scanner)?;
        return Ok(number(first).saturating_mul(3600).saturating_add(second * 60 + third));
    }
    if first.len() != 2 {
        return Err(before_colon.invalid_before(first.len(), "minutes have two digits"));
    }
    match number(first) {
        minutes @ 0..60 => Ok(minutes * 60 + second),
        _ => Err(before_colon.invalid_before(2, "minutes are 00 to 59")),
    }
}

/// A colon, and two digits from 00 to 59.
fn sixty(scanner: &mut Scanner<'_>) -> Result<i64, Invalid> {
    scanner.take(":");
    let digits = scanner.digits();
    match number(digits) {
        value @ 0..60 if digits.len() == 2 => Ok(value),
        _ => Err(scanner.invalid_before(digits.len(), "two digits from 00 to 59 are expected")),
    }
}

/// The value of digits, saturating.
fn number(digits: &str) -> i64 {
    digits.bytes().fold(0_i64, |value, digit| value.saturating_mul(10).saturating_add(i64::from(digit - b'0')))
}

/// The digits behind a decimal point as nanoseconds.
fn nanoseconds(digits: &str) -> i64 {
    digits.bytes().chain(std::iter::repeat(b'0')).take(9).fold(0, |value, digit| value * 10 + i64::from(digit - b'0'))
}
