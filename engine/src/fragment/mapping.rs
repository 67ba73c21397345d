//! `Content-Range-Mapping` (W3C *Protocol for Media Fragments 1.0 Resolution in HTTP*): which time and which tracks the
//! bytes of an answer really contain.
//!
//! ```
//! use reelspan_engine::{fragment::mapping::{Mapping, MappingUnit, ResourceKind}, media::{Interval, Time}};
//!
//! let mapping = Mapping {
//!     unit: MappingUnit::Npt,
//!     given: Interval::new(Time::from_secs(10), Time::from_secs(20)),
//!     of: ResourceKind::Original,
//!     duration: Time(38_300_000_000),
//!     tracks: Vec::new(),
//!     id: None,
//!     include_setup: true,
//!     ranges: vec![0..1_651, 1_264_525..2_066_895],
//!     length: 4_055_466,
//! };
//! assert_eq!(
//!     mapping.to_string(),
//!     "{ t:npt 10.0-20.0/0-38.3;include-setup } = { bytes 0-1650,1264525-2066894/4055466 }"
//! );
//! ```

use std::fmt;
use std::ops::Range;

use crate::fragment::uri;
use crate::fragment::uri::clock::Instant;
use crate::fragment::uri::smpte::SmpteFormat;
use crate::media::{Interval, Time};

/// The unit in which a mapping names instants: that of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MappingUnit {
    /// Normal play time.
    Npt,
    /// Frame names of a video.
    Smpte(SmpteFormat),
    /// Wall-clock time; this instant is the beginning of the media.
    Clock(Instant),
}

/// The kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceKind {
    /// The original: its whole time is written `0-38.3`.
    Original,
    /// A cut, whose time always begins at zero: written `38.3`.
    Cut,
}

/// A part of a resource's time and tracks, and the bytes of the resource that contain it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The unit of the times.
    pub unit: MappingUnit,
    /// The time that the bytes contain; `None` for only the setup. An open end is the end of the resource.
    pub given: Option<Interval>,
    /// The kind of resource.
    pub of: ResourceKind,
    /// The resource's duration.
    pub duration: Time,
    /// The tracks, by the requested names; empty for all.
    pub tracks: Vec<String>,
    /// The chapter.
    pub id: Option<String>,
    /// Whether the bytes include what a player needs before any fragment.
    pub include_setup: bool,
    /// The byte ranges, none of them empty.
    pub ranges: Vec<Range<u64>>,
    /// The resource's length in bytes.
    pub length: u64,
}

impl fmt::Display for Mapping {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = self.given.map(|given| self.time(given));
        let tracks: Vec<_> = self.tracks.iter().map(|track| uri::encode(track).to_string()).collect();
        let tracks = (!tracks.is_empty()).then(|| format!("track {}", tracks.join(",")));
        let id = self.id.iter().map(|id| format!("id {}", uri::encode(id)));
        let setup = self.include_setup.then(|| "include-setup".to_owned());
        out.write_str("{ ")?;
        for (at, dimension) in time.into_iter().chain(tracks).chain(id).chain(setup).enumerate() {
            let separator = if at > 0 { ";" } else { "" };
            write!(out, "{separator}{dimension}")?;
        }
        write!(out, " }} = {{ bytes {}/{} }}", ByteList(&self.ranges), self.length)
    }
}

impl Mapping {
    /// `t:npt 10.0-20.0/0-38.3`.
    fn time(&self, given: Interval) -> String {
        let (start, end) = (given.start(), given.end().min(self.duration.max(given.start())));
        let all = match self.of {
            ResourceKind::Original => format!("{}-{}", self.unit.zero(), self.unit.end(self.duration)),
            ResourceKind::Cut => self.unit.end(self.duration),
        };
        match self.unit {
            MappingUnit::Npt => format!("t:npt {}-{}/{all}", Decimal(start), Decimal(end)),
            MappingUnit::Smpte(format) => {
                format!("t:{} {}-{}/{all}", format.name(), self.unit.start(start), self.unit.end(end))
            }
            MappingUnit::Clock(_) => format!("t:clock {}-{}/{all}", self.unit.start(start), self.unit.end(end)),
        }
    }
}

impl MappingUnit {
    fn zero(self) -> String {
        match self {
            Self::Npt => "0".to_owned(),
            Self::Smpte(_) | Self::Clock(_) => self.start(Time::ZERO),
        }
    }

    fn start(self, time: Time) -> String {
        match self {
            Self::Npt => time.to_string(),
            Self::Smpte(format) => format.code(format.frame(time).0).to_string(),
            Self::Clock(zero) => format!("\"{}\"", Instant(zero.0.saturating_add(time.0))),
        }
    }

    /// The same for an end: a partly shown frame counts as a whole.
    fn end(self, time: Time) -> String {
        match self {
            Self::Smpte(format) => {
                let (frame, begins) = format.frame(time);
                format.code(frame.saturating_add(i64::from(!begins))).to_string()
            }
            Self::Npt | Self::Clock(_) => self.start(time),
        }
    }
}

/// Ranges for header fields, with inclusive ends: `0-1650,1264525-2066894`.
#[derive(Clone, Copy, Debug)]
pub struct ByteList<'a>(pub &'a [Range<u64>]);

impl fmt::Display for ByteList<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, range) in self.0.iter().enumerate() {
            let separator = if at > 0 { "," } else { "" };
            write!(out, "{separator}{}-{}", range.start, range.end.saturating_sub(1))?;
        }
        Ok(())
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
    use super::*;

    /// A mapping for an original of 9.97 s and 3050248 bytes.
    fn mapping(start: i64, end: i64, ranges: &[Range<u64>]) -> Mapping {
        Mapping {
            unit: MappingUnit::Npt,
            given: Interval::new(Time(start * 1_000_000), Time(end.saturating_mul(1_000_000))),
            of: ResourceKind::Original,
            duration: Time(9_970_000_000),
            tracks: Vec::new(),
            id: None,
            include_setup: false,
            ranges: ranges.to_vec(),
            length: 3_050_248,
        }
    }

    #[test]
    fn a_mapping_reads_as_the_protocol_writes_it() {
        let cases: &[(i64, i64, &[Range<u64>], &str)] = &[
            (0, 9_970, &[5_466..3_050_248], "{ t:npt 0.0-9.97/0-9.97 } = { bytes 5466-3050247/3050248 }"),
            (2_930, 7_200, &[887_229..2_171_227], "{ t:npt 2.93-7.2/0-9.97 } = { bytes 887229-2171226/3050248 }"),
            (3_000, i64::MAX, &[1..3, 5..6], "{ t:npt 3.0-9.97/0-9.97 } = { bytes 1-2,5-5/3050248 }"),
        ];
        for &(start, end, ranges, text) in cases {
            assert_eq!(mapping(start, end, ranges).to_string(), text);
        }
        let given = Interval::new(Time::from_secs(10), Time(15_200_000_000));
        let (of, duration, ranges) = (ResourceKind::Cut, Time(15_200_000_000), vec![1_144_646..1_689_874]);
        let cut = Mapping { of, given, duration, ranges, length: 1_689_874, ..mapping(0, 1, &[]) };
        assert_eq!(cut.to_string(), "{ t:npt 10.0-15.2/15.2 } = { bytes 1144646-1689873/1689874 }");
    }

    #[test]
    fn a_mapping_names_what_else_was_asked_for() {
        let tracks = vec!["audio".to_owned(), "n@m3, &".to_owned()];
        let named = Mapping { tracks, id: Some("chapter 2".to_owned()), ..mapping(3_000, 7_000, &[1..3]) };
        let text = "{ t:npt 3.0-7.0/0-9.97;track audio,n%40m3%2C%20%26;id chapter%202 } = { bytes 1-2/3050248 }";
        assert_eq!(named.to_string(), text);
        let setup = Mapping { given: None, include_setup: true, ..mapping(0, 1, &[0..5_466]) };
        assert_eq!(setup.to_string(), "{ include-setup } = { bytes 0-5465/3050248 }");
    }

    #[test]
    fn times_are_written_in_the_unit_that_was_asked_in() {
        let in_unit = |unit| {
            let text = Mapping { unit, ..mapping(2_930, 7_200, &[1..3]) }.to_string();
            text.split(" }").next().unwrap_or_default().to_owned()
        };
        assert_eq!(
            in_unit(MappingUnit::Smpte(SmpteFormat::At25)),
            "{ t:smpte-25 0:00:02:23-0:00:07:05/0:00:00-0:00:10"
        );
        assert_eq!(
            in_unit(MappingUnit::Clock(Instant(1_287_732_833_000_000_000))),
            "{ t:clock \"2010-10-22T07:33:55.930Z\"-\"2010-10-22T07:34:00.200Z\"/\"2010-10-22T07:33:53Z\"-\"2010-10-22T07:34:02.970Z\""
        );
    }
}
