//! The temporal dimension, in each of its units.

use std::fmt;

use super::clock::Instant;
use super::smpte::{SmpteFormat, TimeCode};
use super::{InvalidText, TextScanner, WrittenInterval, npt};
use crate::media::{Interval, Time};

/// An interval, in the unit in which it was written. It may be empty: a `Range` may contain that, whereas the grammar
/// of URIs does not allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Temporal {
    /// Normal play time.
    Npt(WrittenInterval<Time>),
    /// Frame names.
    Smpte(SmpteFormat, WrittenInterval<TimeCode>),
    /// Wall-clock time.
    Clock(WrittenInterval<Instant>),
}

impl Temporal {
    /// Parses the value of `t`. Without a prefix it is normal play time.
    ///
    /// # Errors
    ///
    /// If it does not match the grammar, or its start is not before its end.
    pub fn parse(value: &str) -> Result<Self, InvalidText> {
        let mut scanner = TextScanner::new(value);
        let format = SmpteFormat::ALL.into_iter().find(|format| {
            let behind = scanner.rest().strip_prefix(format.name());
            behind.is_some_and(|behind| behind.starts_with(':'))
        });
        let (time, comma) = if let Some(format) = format {
            scanner.take(format.name());
            scanner.take(":");
            let (interval, comma) = between_commas(scanner, |scanner| TimeCode::read(scanner, format))?;
            (Self::Smpte(format, interval), comma)
        } else if scanner.take("clock:") {
            let (interval, comma) = between_commas(scanner, Instant::read)?;
            (Self::Clock(interval), comma)
        } else {
            scanner.take("npt:");
            let (interval, comma) = between_commas(scanner, npt::instant)?;
            (Self::Npt(interval), comma)
        };
        if time.holds_any() { Ok(time) } else { Err(comma) }
    }

    /// Whether it is not empty: its start is before its end.
    #[must_use]
    pub fn holds_any(&self) -> bool {
        match self {
            Self::Npt(interval) => {
                interval.holds_any(|start, end| start < end) && interval.end.is_none_or(|end| end > Time::ZERO)
            }
            Self::Smpte(format, interval) => {
                let interval = interval.map(|code| code.position(*format));
                interval.holds_any(|start, end| start < end) && interval.end.is_none_or(|end| end > 0)
            }
            Self::Clock(interval) => interval.holds_any(|start, end| start < end),
        }
    }

    /// The name of its unit: `npt`, `smpte-25`, `clock`.
    #[must_use]
    pub const fn unit(&self) -> &'static str {
        match self {
            Self::Npt(_) => "npt",
            Self::Smpte(format, _) => format.name(),
            Self::Clock(_) => "clock",
        }
    }
}

impl From<Interval> for Temporal {
    fn from(interval: Interval) -> Self {
        let end = (interval.end() < Time::MAX).then_some(interval.end());
        Self::Npt(WrittenInterval { start: Some(interval.start()), end })
    }
}

/// The value of `t` in a URI, with its unit: `npt:10,20`, `smpte-25:,0:00:03`.
impl fmt::Display for Temporal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:", self.unit())?;
        match self {
            Self::Npt(interval) => write_with_comma(out, interval),
            Self::Smpte(_, interval) => write_with_comma(out, interval),
            Self::Clock(interval) => write_with_comma(out, interval),
        }
    }
}

/// Parses the rest of the text as `10,20`, `10` or `,20`, each instant with `read`. Also returns the error for a start
/// that is not before the end.
fn between_commas<T>(
    mut scanner: TextScanner<'_>,
    mut read: impl FnMut(&mut TextScanner<'_>) -> Result<T, InvalidText>,
) -> Result<(WrittenInterval<T>, InvalidText), InvalidText> {
    let start = if scanner.rest().starts_with(',') { None } else { Some(read(&mut scanner)?) };
    let comma = scanner.invalid("the start is not before the end");
    let end = if scanner.take(",") { Some(read(&mut scanner)?) } else { None };
    scanner.end()?;
    Ok((WrittenInterval { start, end }, comma))
}

fn write_with_comma<T: fmt::Display>(out: &mut fmt::Formatter<'_>, interval: &WrittenInterval<T>) -> fmt::Result {
    if let Some(start) = &interval.start {
        write!(out, "{start}")?;
    }
    match &interval.end {
        Some(end) => write!(out, ",{end}"),
        None => Ok(()),
    }
}
