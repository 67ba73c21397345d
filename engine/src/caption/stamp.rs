//! Time stamps, as WebVTT writes them (§4.1), and as SubRip does.

use std::fmt;

use crate::media::Time;

/// A time stamp (§4.1): hours, minutes, seconds and milliseconds.
pub struct Stamp(pub Time);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Milliseconds(milliseconds(self.0)).fmt(f)
    }
}

/// A time stamp of whole milliseconds.
pub struct Milliseconds(pub i64);

impl fmt::Display for Milliseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, rest) = (self.0 / 1000, self.0 % 1000);
        write!(f, "{:02}:{:02}:{:02}.{rest:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }
}

/// A time in whole milliseconds; those before zero are zero.
pub const fn milliseconds(time: Time) -> i64 {
    let whole = time.0 / 1_000_000;
    if whole < 0 { 0 } else { whole }
}

/// Reads a time stamp at the beginning of a text, as WebVTT writes it and as SubRip does, with a comma: the time, and what
/// follows.
pub fn stamp(text: &str) -> Option<(Time, &str)> {
    let (mut seconds, mut rest) = number(text, 6)?;
    let mut groups = 1;
    while let Some(after) = rest.strip_prefix(':') {
        let (next, behind) = number(after, 2)?;
        if next > 59 || groups > 2 {
            return None;
        }
        seconds = seconds * 60 + next;
        (groups, rest) = (groups + 1, behind);
    }
    let fraction = rest.strip_prefix('.').or_else(|| rest.strip_prefix(','));
    let mut nanoseconds = 0;
    if let Some(after) = fraction {
        let (digits, behind) = number(after, 3)?;
        let written = after.len() - behind.len();
        nanoseconds = [100_000_000, 10_000_000, 1_000_000].get(written.checked_sub(1)?)? * digits;
        rest = behind;
    }
    (groups > 1).then_some((Time(seconds * 1_000_000_000 + nanoseconds), rest))
}

/// A number of at most this many digits.
fn number(text: &str, most: usize) -> Option<(i64, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let digits = text.get(..length).filter(|_| (1..=most).contains(&length))?;
    Some((digits.parse().ok()?, text.get(length..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_read_as_both_formats_write_them() {
        for (text, milliseconds, rest) in [
            ("00:00:01.500", 1500, ""),
            ("00:01.500 --> ", 1500, " --> "),
            ("01:02:03,004x", 3_723_004, "x"),
            ("1:2:3,4", 3_723_400, ""),
            ("999999:00:00", 3_599_996_400_000, ""),
            ("61:00", 3_660_000, ""),
        ] {
            assert_eq!(stamp(text), Some((Time(milliseconds * 1_000_000), rest)), "{text}");
        }
        for text in ["", "1", "1.5", "00:60.000", "00:00:00:01", "9999999:00:00", "00:01.", "00:01.0000", "-1:00"] {
            assert_eq!(stamp(text), None, "{text}");
        }
    }
}
