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

use super::{InvalidText, TextScanner};
use crate::media::Time;

const SECOND: i64 = 1_000_000_000;

/// The latest representable instant: after the end of every file, but before [`Time::MAX`], which means an open end.
const LATEST: i64 = i64::MAX - 1;

/// Parses one instant, to the nanosecond; further digits are dropped. Values beyond the range of [`Time`] saturate.
///
/// # Errors
///
/// If there is no `npttime` here. What follows is left to the caller.
pub fn instant(scanner: &mut TextScanner<'_>) -> Result<Time, InvalidText> {
    let before = *scanner;
    let first = scanner.number()?;
    let whole = if scanner.rest().starts_with(':') { sexagesimal(first, before, scanner)? } else { first };
    let fraction = if scanner.take(".") { nanoseconds(scanner.digits()) } else { 0 };
    Ok(Time(whole.saturating_mul(SECOND).saturating_add(fraction).min(LATEST)))
}

/// The rest of `mm:ss` or `hh:mm:ss` in whole seconds, after the number before the first colon, which is at `before`.
fn sexagesimal(first: i64, before: TextScanner<'_>, scanner: &mut TextScanner<'_>) -> Result<i64, InvalidText> {
    const EXPECTED: &str = "two digits from 00 to 59 are expected";
    let second = i64::from(scanner.behind_colon(60, EXPECTED)?);
    if scanner.rest().starts_with(':') {
        let third = i64::from(scanner.behind_colon(60, EXPECTED)?);
        return Ok(first.saturating_mul(3600).saturating_add(second * 60 + third));
    }
    match { before }.digits() {
        digits if digits.len() != 2 => Err(before.invalid("minutes have two digits")),
        _ if first >= 60 => Err(before.invalid("minutes are 00 to 59")),
        _ => Ok(first * 60 + second),
    }
}

/// The digits after a decimal point as nanoseconds.
pub(super) fn nanoseconds(digits: &str) -> i64 {
    digits.bytes().chain(std::iter::repeat(b'0')).take(9).fold(0, |value, digit| value * 10 + i64::from(digit - b'0'))
}
