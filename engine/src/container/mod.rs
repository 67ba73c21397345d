//! Containers: one module a format, each with its two halves side by side: *index* (bytes to model) and *write* (selection
//! to splice). They know nothing of HTTP, of AWS or of where their bytes come from.
//!
//! A format is a [`Format`] in a module of its own and a line in the table below; nowhere else is one named.

pub mod avi;
mod checkpoint;
mod draft;
mod extents;
pub mod flac;
pub mod flv;
mod foreign;
mod format;
pub mod frames;
pub mod iff;
#[cfg(test)]
mod indexed;
mod keyframe;
pub mod matroska;
pub mod mp4;
mod mpeg;
pub mod mpegps;
pub mod mpegts;
mod notes;
pub mod ogg;
mod order;
mod pass;
#[cfg(test)]
mod pieces;
mod selection;
mod source;
mod stream;
mod tags;
#[cfg(test)]
mod testing;

pub use checkpoint::Checkpoint;
pub use draft::{MAX_MADE, MAX_SELECTION};
pub use extents::Extents;
pub use format::Format;
pub(crate) use order::Merged;
pub use pass::{Limit, Progress};
pub use selection::{Segment, Selected, Selection, Written};
pub use source::{ReadError, Source};

use bytes::Bytes;

use crate::index::{BuildError, Container, Outline, Packed};
use crate::media::{Kind, Track};

/// The version of the writers. One more for every change of what they write for the same selection: a cut's validator
/// depends on it, so that no cache joins the bytes of two of them.
pub const WRITER: u32 = 4;

/// How many bytes in a row are gone through in search of the next frame or packet. A file that has more of them, such as zeros
/// behind its end, is read no further; the head's notes say so.
const MOST_JUNK: u64 = 64 << 20;
/// What the notes say of such a file.
const NOT_READ: &str = "more than 64 MiB that are no frame or packet follow: what lies behind them is not read";

/// How many bytes of its beginning say of which format a file is.
const START: u64 = 4096;

/// Where the pages of an index go as they become complete.
pub trait Sink {
    /// Takes a page. Pages come in any order, each once.
    fn page(&mut self, page: Packed) -> impl Future<Output = Result<(), ReadError>> + Send;
}

/// Why a file could not be indexed, or a cut not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its bytes are not what the format's standard says.
    #[error("{what} (at byte {offset}, in {path})")]
    Malformed {
        /// Where in the file.
        offset: u64,
        /// Which box or element, from the outside in: `moov/trak[2]/mdia`.
        path: String,
        /// What was found, and what was expected.
        what: String,
    },
    /// It is sound, but uses what is not supported; the text says what.
    #[error("not supported: {0}")]
    Unsupported(String),
    /// No format that is known.
    #[error("not a media file of a known format")]
    Unknown,
    /// It exceeds what one file may have; the text says what and how much.
    #[error("too large: {0}")]
    Limit(String),
    /// Its samples claim more bytes than it has, or more pages than a file may have.
    #[error(transparent)]
    Claims(BuildError),
    /// A cut would take more memory than one may.
    #[error(
        "too large a cut: it takes more than {taken} bytes of memory, where one may take {bound}; ask for a shorter one"
    )]
    Memory {
        /// How many bytes it took when it was given up.
        taken: u64,
        /// How many it may take.
        bound: u64,
    },
    /// A checkpoint is not of a pass through such a file: it has to be thrown away.
    #[error("no checkpoint: {0}")]
    Checkpoint(String),
    /// The bytes could not be had, or the pages not be stored.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The index is damaged, or the pages do not go together.
    #[error(transparent)]
    Index(#[from] crate::index::Error),
}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        match error {
            BuildError::Index(error) => Self::Index(error),
            error => Self::Claims(error),
        }
    }
}

/// Makes the table of formats, which are asked in this order whether a file is theirs.
macro_rules! formats {
    ($($format:ty),* $(,)?) => {
        const FORMATS: &[Entry] = &[$(Entry::of::<$format>()),*];

        /// Reads a file's structure as far as the limit allows, from where it came to before: the pages that went to the sink
        /// then are not given again.
        ///
        /// Tables (of MP4, WAV and its likes) are read at once, whatever the limit: a few megabytes of any file.
        pub async fn index_on(
            source: &impl Source,
            sink: &mut (impl Sink + Send),
            from: Option<&Checkpoint>,
            limit: &Limit,
        ) -> Result<Progress, Error> {
            let start = source.read(0..source.len().min(START)).await?;
            let behind = behind_tags(source, &start).await?;
            $(if <$format>::recognises(if <$format>::BEHIND_TAGS { &behind } else { &start }) {
                return pass::through::<<$format as Format>::Pass>(source, sink, from, limit).await;
            })*
            Err(Error::Unknown)
        }
    };
}

formats![
    matroska::Matroska,
    mp4::Mp4,
    flac::Flac,
    iff::Iff,
    flv::Flv,
    avi::Avi,
    mpegts::MpegTs,
    mpegps::MpegPs,
    ogg::Ogg,
    // These have nothing at their beginning that tells them; so they come last.
    frames::Frames,
];

/// What a file begins with behind its `ID3v2` tags, where it has any before `start` says what it is.
async fn behind_tags(source: &impl Source, start: &Bytes) -> Result<Bytes, ReadError> {
    if tags::id3_length(start).is_none() {
        return Ok(start.clone());
    }
    let (_, begins) = tags::before(source).await?;
    source.read(begins..source.len().min(begins.saturating_add(START))).await
}

/// Reads a file's structure: pages go to the sink, the outline comes back.
pub async fn index(source: &impl Source, sink: &mut (impl Sink + Send)) -> Result<Outline, Error> {
    let mut from = None;
    loop {
        match index_on(source, sink, from.as_ref(), &Limit::default()).await? {
            Progress::Done(outline) => return Ok(*outline),
            Progress::Paused(checkpoint) => from = Some(checkpoint),
        }
    }
}

/// A line of the table: what a [`Format`] answers of a file once it is indexed.
struct Entry {
    containers: &'static [Container],
    write: fn(&Outline, &Selection) -> Result<Written, Error>,
    starts_exactly: fn(&Outline, &Track) -> bool,
    ends_with_a_sample: fn(&Outline) -> bool,
    plays_lead_in: fn(&Outline) -> bool,
    setup_stands_before: fn(&Outline) -> bool,
    as_played: fn(&Outline, Selection) -> Selection,
    mime: fn(&Outline, &[Kind]) -> String,
}

impl Entry {
    const fn of<F: Format>() -> Self {
        Self {
            containers: F::CONTAINERS,
            write: F::write,
            starts_exactly: F::starts_exactly,
            ends_with_a_sample: F::ends_with_a_sample,
            plays_lead_in: F::plays_lead_in,
            setup_stands_before: F::setup_stands_before,
            as_played: F::as_played,
            mime: F::mime,
        }
    }

    /// That of the format of an outline; there is none where the index was made by a program that knew more formats.
    fn find(outline: &Outline) -> Option<&'static Self> {
        FORMATS.iter().find(|entry| entry.containers.contains(&outline.container))
    }
}

/// Writes a selection as a complete file.
pub fn write(outline: &Outline, selection: &Selection) -> Result<Written, Error> {
    let unknown = || Error::Unsupported(format!("files of the format {:?}", outline.container.name()));
    (Entry::find(outline).ok_or_else(unknown)?.write)(outline, selection)
}

/// [`Format::starts_exactly`] of the outline's format.
#[must_use]
pub fn starts_exactly(outline: &Outline, track: &Track) -> bool {
    Entry::find(outline).is_some_and(|entry| (entry.starts_exactly)(outline, track))
}

/// [`Format::ends_with_a_sample`] of the outline's format.
#[must_use]
pub fn ends_with_a_sample(outline: &Outline) -> bool {
    Entry::find(outline).is_some_and(|entry| (entry.ends_with_a_sample)(outline))
}

/// [`Format::plays_lead_in`] of the outline's format.
#[must_use]
pub fn plays_lead_in(outline: &Outline) -> bool {
    Entry::find(outline).is_some_and(|entry| (entry.plays_lead_in)(outline))
}

/// [`Format::setup_stands_before`] of the outline's format.
#[must_use]
pub fn setup_stands_before(outline: &Outline) -> bool {
    Entry::find(outline).is_some_and(|entry| (entry.setup_stands_before)(outline))
}

/// [`Format::as_played`] of the outline's format.
#[must_use]
pub fn as_played(outline: &Outline, selection: Selection) -> Selection {
    match Entry::find(outline) {
        Some(entry) => (entry.as_played)(outline, selection),
        None => selection,
    }
}

/// [`Format::mime`] of the outline's format.
#[must_use]
pub fn mime(outline: &Outline, kinds: &[Kind]) -> String {
    Entry::find(outline).map_or_else(|| outline.mime.clone(), |entry| (entry.mime)(outline, kinds))
}
