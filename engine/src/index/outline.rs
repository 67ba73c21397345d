//! The description of a whole file, in the head of an index.

use std::borrow::Cow;
use std::ops::{Range, RangeInclusive};

use serde::{Deserialize, Serialize};

use super::bits::{Input, put_unsigned};
use super::{FORMAT, InvalidIndex, Segments};
use crate::media::{Chapter, Setup, Time, Track};

/// The formats that are read.
pub const FORMATS: RangeInclusive<u32> = 5..=FORMAT;
/// The last format without the periods of a segment table, which end an outline. Format 5 has no table either.
const WITHOUT_PERIODS: u32 = 7;

/// A container format, by the name of its module.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Container(Cow<'static, str>);

impl Container {
    /// The format of this name.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

/// A file's structure without its samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// The format whose module reads and writes it.
    pub container: Container,
    /// The MIME type of the whole file, from its content, without parameters.
    pub mime: String,
    /// Normal play time of the end of the file: of its longest track on the presentation timeline.
    pub duration: Time,
    /// The tracks that can be served, in file order.
    pub tracks: Vec<Track>,
    /// The file-wide bytes that the container's writer copies (each container defines which and in what order).
    pub setup: Vec<Setup>,
    /// The bytes of the original that a player needs before any fragment of it, in order.
    pub setup_ranges: Vec<Range<u64>>,
    /// Whether the samples are in elements that play only as a whole (Matroska's clusters, MP4's movie fragments).
    pub elements: bool,
    /// The chapters, ordered by time; of two with the same start, the longer comes first. Bounded in number and in
    /// text.
    pub chapters: Vec<Chapter>,
    /// The time of recording, in nanoseconds since 1970-01-01T00:00:00Z, without leap seconds, if the file contains it
    /// (`mvhd.creation_time`, `DateUTC`).
    pub created: Option<i64>,
    /// The number of the last page, plus one.
    pub pages: u32,
    /// Notes for a person: skipped tracks, chapters left out, a truncated end.
    pub notes: Vec<String>,
    /// The summary of its segment table; `None` if there is none: its index has a format without one, or it has no
    /// samples, or more tracks than a table can have.
    pub segments: Option<Box<Segments>>,
    /// The format of the index that it is of. A later one may know more of the same file, and make other cuts of it.
    #[serde(skip)]
    pub format: u32,
}

impl Outline {
    /// Packs it: the number of the format, and its fields in `postcard`'s encoding.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        put_unsigned(&mut out, u64::from(FORMAT));
        // Plain data in memory always serialises; if it did not, `unpack` would refuse the empty result.
        postcard::to_extend(self, out).unwrap_or_default()
    }

    /// Unpacks the result of [`Outline::pack`].
    ///
    /// # Errors
    ///
    /// If the bytes are not an outline, or one of a format that is not in [`FORMATS`]: then the file has to be indexed
    /// again.
    pub fn unpack(packed: &[u8]) -> Result<Self, InvalidIndex> {
        let mut input = Input::new(packed);
        let format = input.unsigned().map_err(|InvalidIndex(what)| InvalidIndex(format!("no outline: {what}")))?;
        let format = match u32::try_from(format) {
            Ok(format) if FORMATS.contains(&format) => format,
            _ => return Err(InvalidIndex(format!("an outline of format {format}, not {FORMAT}"))),
        };
        let outline: Result<Self, _> = if format <= WITHOUT_PERIODS {
            // No table, or a table without periods, or a byte behind the end.
            postcard::from_bytes(&[input.rest(), &[0]].concat())
        } else {
            postcard::from_bytes(input.rest())
        };
        outline.map(|outline| Self { format, ..outline }).map_err(|error| InvalidIndex(format!("no outline: {error}")))
    }
}
