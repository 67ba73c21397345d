//! What precedes the tracks: the EBML header (RFC 8794 §11.2), read and written, and the Segment's Info (RFC 9559
//! §5.1.2), read.

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};

use super::super::Error;
use super::ebml::{self, ChildElements};
use super::ids;
use crate::container::Unsupported;
use crate::media::{Ticks, Timescale};

/// The name of the muxing and writing application in cuts.
pub const APP: &str = "Reelspan";

/// The document type version of the newest element that we write (RFC 9559 §5.1.5.1.2.3).
const WRITTEN_VERSION: u64 = 4;

/// The document type in the EBML header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocType {
    /// `webm` or `matroska`.
    pub name: String,
    /// The version in which the file was written.
    pub version: u64,
    /// The version that a reader has to support.
    pub read_version: u64,
}

impl DocType {
    /// Parses the data of an EBML header, which begins at this offset.
    pub fn parse(data: &[u8], offset: u64) -> Result<Self, Error> {
        let mut doc_type = Self { name: String::new(), version: 1, read_version: 1 };
        for child in ChildElements::new(data, offset) {
            let child = child.map_err(|unsound| unsound.within("EBML"))?;
            let value = || ebml::uint(child.data).unwrap_or(u64::MAX);
            match child.id {
                ids::DOC_TYPE => doc_type.name = ebml::string(child.data),
                ids::DOC_TYPE_VERSION => doc_type.version = value(),
                ids::DOC_TYPE_READ_VERSION => doc_type.read_version = value(),
                ids::EBML_READ_VERSION if value() > 1 => return unsupported("EBMLReadVersion", value()),
                ids::EBML_MAX_ID_LENGTH if value() > 4 => return unsupported("EBMLMaxIDLength", value()),
                ids::EBML_MAX_SIZE_LENGTH if value() > 8 => return unsupported("EBMLMaxSizeLength", value()),
                _ => {}
            }
        }
        match doc_type.name.as_str() {
            "webm" | "matroska" => Ok(doc_type),
            other => Err(Unsupported::DocType(other.chars().take(40).collect()).into()),
        }
    }

    /// The second half of the MIME type.
    pub fn subtype(&self) -> &'static str {
        if self.name == "webm" { "webm" } else { "x-matroska" }
    }

    /// The EBML header of a cut: of the same type, for readers of the original. The version is that of the newest
    /// element that we write, CueRelativePosition, unless the original's is newer.
    pub fn write(&self) -> Bytes {
        let mut data = BytesMut::new();
        ebml::put_uint(&mut data, ids::EBML_VERSION, 1);
        ebml::put_uint(&mut data, ids::EBML_READ_VERSION, 1);
        ebml::put_uint(&mut data, ids::EBML_MAX_ID_LENGTH, 4);
        ebml::put_uint(&mut data, ids::EBML_MAX_SIZE_LENGTH, 8);
        ebml::put_bytes(&mut data, ids::DOC_TYPE, self.name.as_bytes());
        ebml::put_uint(&mut data, ids::DOC_TYPE_VERSION, self.version.max(WRITTEN_VERSION));
        ebml::put_uint(&mut data, ids::DOC_TYPE_READ_VERSION, self.read_version);
        let mut whole = BytesMut::new();
        ebml::put_bytes(&mut whole, ids::EBML, &data);
        whole.freeze()
    }
}

fn unsupported<T>(element: &'static str, value: u64) -> Result<T, Error> {
    Err(Unsupported::Ebml { element, value }.into())
}

/// The Segment's Info about the whole file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentInfo {
    /// The length of a tick: TimestampScale.
    pub timescale: Timescale,
    /// The declared duration of the file.
    pub duration: Option<Ticks>,
    /// DateUTC, in nanoseconds since 1970.
    pub created: Option<i64>,
}

/// Nanoseconds from 1970 to 2001, the epoch of DateUTC (RFC 8794 §7.6).
const MILLENNIUM: i64 = 978_307_200_000_000_000;

impl SegmentInfo {
    /// Parses the data of an Info element, which begins at this offset. Empty data give the defaults.
    pub fn parse(data: &[u8], offset: u64) -> Result<Self, Error> {
        let (mut scale, mut duration, mut created) = (1_000_000, None, None);
        for child in ChildElements::new(data, offset) {
            let child = child.map_err(|unsound| unsound.within("Segment/Info"))?;
            match child.id {
                ids::TIMESTAMP_SCALE => scale = ebml::uint(child.data).unwrap_or(0),
                ids::DURATION => duration = ebml::float(child.data).and_then(ticks),
                ids::DATE_UTC if !child.data.is_empty() => {
                    created = ebml::int(child.data).and_then(|nanos| nanos.checked_add(MILLENNIUM));
                }
                _ => {}
            }
        }
        let timescale = Timescale::of_nanoseconds(scale).ok_or_else(|| Error::Malformed {
            offset,
            path: "Segment/Info/TimestampScale".to_owned(),
            what: format!("{scale} nanoseconds, not between 1 and a second"),
        })?;
        Ok(Self { timescale, duration, created })
    }
}

/// A valid Duration: positive, and within the range of ticks.
#[allow(clippy::cast_possible_truncation, reason = "bounded by the line before")]
fn ticks(duration: f64) -> Option<Ticks> {
    (duration > 0.0 && duration < 9e15).then(|| Ticks(duration.round() as i64))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use reelspan_testkit::media::matroska::{ebml_header, element, uint};

    use super::*;

    #[test]
    fn a_header_survives_being_written() {
        let doc_type = DocType { name: "webm".to_owned(), version: 4, read_version: 2 };
        let written = doc_type.write();
        assert_eq!(DocType::parse(&written[5..], 5).unwrap(), doc_type);
    }

    #[test]
    fn documents_that_are_not_for_us_are_refused_with_the_reason() {
        let header = |id, value| ebml_header("matroska", &uint(id, value));
        for (header, reason) in [
            (header(ids::EBML_MAX_ID_LENGTH, 5), "EBMLMaxIDLength of 5"),
            (header(ids::EBML_MAX_SIZE_LENGTH, 9), "EBMLMaxSizeLength of 9"),
            (header(ids::EBML_READ_VERSION, 2), "EBMLReadVersion of 2"),
            (ebml_header("mkv3d\0padding", &[]), "an EBML document of type \"mkv3d\""),
        ] {
            let error = DocType::parse(&header[5..], 5).unwrap_err().to_string();
            assert_eq!(error, format!("not supported: {reason}"));
        }
    }

    #[test]
    fn info_has_defaults_and_bounds() {
        let info = SegmentInfo::parse(&[], 0).unwrap();
        assert_eq!(info.timescale.ticks_per_second(), Some(1000));
        assert_eq!((info.duration, info.created), (None, None));

        let date = element(ids::DATE_UTC, &(-1_500_000_000_i64).to_be_bytes());
        let duration = element(ids::DURATION, &1234.6_f32.to_be_bytes());
        let info = SegmentInfo::parse(&[date, duration].concat(), 0).unwrap();
        assert_eq!((info.duration, info.created), (Some(Ticks(1235)), Some(MILLENNIUM - 1_500_000_000)));

        let far = element(ids::DATE_UTC, &i64::MAX.to_be_bytes());
        assert_eq!(SegmentInfo::parse(&far, 0).unwrap().created, None);

        for duration in [f64::NAN, f64::INFINITY, -1.0, 0.0, 1e300] {
            let info = SegmentInfo::parse(&element(ids::DURATION, &duration.to_be_bytes()), 0).unwrap();
            assert_eq!(info.duration, None, "{duration}");
        }
        for scale in [0, 1_000_000_001] {
            assert!(SegmentInfo::parse(&uint(ids::TIMESTAMP_SCALE, scale), 0).is_err());
        }
    }
}
