//! The temporal dimension, in each of its units.

use std::fmt;

use super::clock::Instant;
use super::smpte::{Format, TimeCode};
use super::{Invalid, Scanner, Stretch, npt};
use crate::media::{Interval, Time};

/// An interval, in the unit in which it was written. It may be empty: a `Range` may contain that, whereas the grammar
/// of URIs does not allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Temporal {
    /// Normal play time.
    Npt(Stretch<Time>),
    /// Frame names.
    Smpte(Format, Stretch<TimeCode>),
    /// Wall-clock time.
    Clock(Stretch<Instant>),
}

impl Temporal {
    /// Parses the value of `t`. Without a prefix it is normal play time.
    ///
    /// # Errors
    ///
    /// If it does not match the grammar, or its start is not before its end.
    pub fn parse(value: &str) -> Result<Self, Invalid> {
        let mut scanner = Scanner::new(value);
        let format = Format::ALL.into_iter().find(|format| {
            let behind = scanner.rest().strip_prefix(format.name());
            behind.is_some_and(|behind| behind.starts_with(':'))
        });
        let (time, comma) = if let Some(format) = format {
            scanner.take(format.name());
            scanner.take(":");
            let (stretch, comma) = between_commas(scanner, |scanner| TimeCode::read(scanner, format))?;
            (Self::Smpte(format, stretch), comma)
        } else if scanner.take("clock:") {
            let (stretch, comma) = between_commas(scanner, Instant::read)?;
            (Self::Clock(stretch), comma)
        } else {
            scanner.take("npt:");
            let (stretch, comma) = between_commas(scanner, npt::instant)?;
            (Self::Npt(stretch), comma)
        };
        if time.holds_any() { Ok(time) } else { Err(comma) }
    }

    /// Whether it is not empty: its start is before its end.
    #[must_use]
    pub fn holds_any(&self) -> bool {
        match self {
            Self::Npt(stretch) => {
                stretch.holds_any(|start, end| start < end) && stretch.end.is_none_or(|end| end > Time::ZERO)
            }
            Self::Smpte(format, stretch) => {
                let stretch = stretch.map(|code| code.position(*format));
                stretch.holds_any(|start, end| start < end) && stretch.end.is_none_or(|end| end > 0)
            }
            Self::Clock(stretch) => stretch.holds_any(|start, end| start < end),
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
        Self::Npt(Stretch { start: Some(interval.start()), end })
    }
}

/// The value of `t` in a URI, with its unit: `npt:10,20`, `smpte-25:,0:00:03`.
impl fmt::Display for Temporal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:", self.unit())?;
        match self {
            Self::Npt(stretch) => write_with_comma(out, stretch),
            Self::Smpte(_, stretch) => write_with_comma(out, stretch),
            Self::Clock(stretch) => write_with_comma(out, stretch),
        }
    }
}

/// Parses the rest of the text as `10,20`, `10` or `,20`, each instant with `read`. Also returns the error for a start
/// that is not before the end.
fn between_commas<T>(
    mut scanner: Scanner<'_>,
    mut read: impl FnMut(&mut Scanner<'_>) -> Result<T, Invalid>,
) -> Result<(Stretch<T>, Invalid), Invalid> {
    let start = if scanner.rest().starts_with(',') { None } else { Some(read(&mut scanner)?) };
    let comma = scanner.invalid("the start is not before the end");
    let end = if scanner.take(",") { Some(read(&mut scanner)?) } else { None };
    scanner.end()?;
    Ok((Stretch { start, end }, comma))
}

fn write_with_comma<T: fmt::Display>(out: &mut fmt::Formatter<'_>, stretch: &Stretch<T>) -> fmt::Result {
    if let Some(start) = &stretch.start {
        write!(out, "{start}")?;
    }
    match &stretch.end {
        Some(end) => write!(out, ",{end}"),
        None => Ok(()),
    }
}
