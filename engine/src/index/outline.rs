//! What the head of an index says of a whole file.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::bits::{Input, put_unsigned};
use super::{Error, FORMAT};
use crate::media::{Chapter, Setup, Time, Track};

/// A container format, by the name that its module gave it.
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

/// A file's structure, less its samples.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// Which format's module reads and writes it.
    pub container: Container,
    /// The MIME type of the whole file, from its content, without parameters.
    pub mime: String,
    /// Normal play time of the end of the file: the end of its longest track on the presentation timeline.
    pub duration: Time,
    /// The tracks that can be given out, in the order of the file.
    pub tracks: Vec<Track>,
    /// The file-wide bytes that the container's writer takes over (each container says which and in what order).
    pub setup: Vec<Setup>,
    /// Which bytes of the original a player needs before any fragment of it, in order.
    pub setup_ranges: Vec<Range<u64>>,
    /// The samples lie in elements that play only whole (Matroska's clusters, MP4's movie fragments).
    pub elements: bool,
    /// The chapters, in order of time; of two that begin together the longer is first. Bounded in number and in text.
    pub chapters: Vec<Chapter>,
    /// When it was recorded, in nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted, if the file says so
    /// (`mvhd.creation_time`, `DateUTC`).
    pub created: Option<i64>,
    /// One more than the number of the last page.
    pub pages: u32,
    /// What a person should know: tracks passed over, chapters left out, a truncated end.
    pub notes: Vec<String>,
}

impl Outline {
    /// Packs it: the number of the format, and its fields as `postcard` has them.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024);
        put_unsigned(&mut out, u64::from(FORMAT));
        // Plain data in memory always serialises; of nothing at all, `unpack` would say that it is no outline.
        postcard::to_extend(self, out).unwrap_or_default()
    }

    /// Unpacks what [`Outline::pack`] made.
    ///
    /// # Errors
    ///
    /// Where the bytes are not an outline, or one of another [`FORMAT`]: then the file wants to be indexed anew.
    pub fn unpack(packed: &[u8]) -> Result<Self, Error> {
        let mut input = Input::new(packed);
        let format = input.unsigned().map_err(|Error(what)| Error(format!("no outline: {what}")))?;
        if format != u64::from(FORMAT) {
            return Err(Error(format!("an outline of format {format}, not {FORMAT}")));
        }
        postcard::from_bytes(input.rest()).map_err(|error| Error(format!("no outline: {error}")))
    }
}
