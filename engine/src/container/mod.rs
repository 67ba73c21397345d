//! Containers: one module a format, each with its two halves side by side: *index* (bytes to model) and *write* (selection
//! to splice). They know nothing of HTTP, of AWS or of where their bytes come from.
//!
//! A format is a [`Format`] in a module of its own and a line in [`FORMATS`]; no other code names one.

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
pub use format::{Format, IndexFuture, Indexing};
pub(crate) use order::Merged;
pub use pass::{Limit, Progress};
pub use selection::{Segment, Selected, Selection, Written};
pub use source::{DynSink, DynSource, ReadError, Sink, Source};

use bytes::Bytes;

use crate::index::{BuildError, Outline};

/// How many bytes in a row are gone through in search of the next frame or packet. A file that has more of them, such as zeros
/// behind its end, is read no further; the head's notes say so.
const MOST_JUNK: u64 = 64 << 20;
/// What the notes say of such a file.
const NOT_READ: &str = "more than 64 MiB that are no frame or packet follow: what lies behind them is not read";

/// How many bytes of its beginning say of which format a file is.
const START: u64 = 4096;

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

/// All formats, in the order in which they are asked whether a file is theirs.
pub static FORMATS: &[&dyn Format] = &[
    &matroska::Matroska,
    &mp4::Mp4,
    &flac::Flac,
    &iff::Iff,
    &flv::Flv,
    &avi::Avi,
    &mpegts::MpegTs,
    &mpegps::MpegPs,
    &ogg::Ogg,
    // It accepts any beginning, since its files have no signature; so it comes last.
    &frames::Frames,
];

/// The format of an indexed file. `None` if a program that knew more formats has made the index.
#[must_use]
pub fn format_of(outline: &Outline) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.containers().contains(&outline.container))
}

/// Reads the structure of a file: its pages go to the sink, and the outline is returned.
///
/// # Errors
///
/// As [`index_on`].
pub async fn index(source: &impl Source, sink: &mut (impl Sink + Send)) -> Result<Outline, Error> {
    let mut from = None;
    loop {
        match index_on(source, sink, from.as_ref(), &Limit::default()).await? {
            Progress::Done(outline) => return Ok(*outline),
            Progress::Paused(checkpoint) => from = Some(checkpoint),
        }
    }
}

/// Reads the structure of a file as far as the limit allows, beginning at the checkpoint of an earlier call if there is one. The
/// pages that went to the sink in that call are not given again.
///
/// Tables (of MP4, WAV and its likes) are read at once, whatever the limit: they are a few megabytes of any file.
///
/// # Errors
///
/// [`Error::Unknown`] if no format recognises the file. [`Error::Read`] if the source or the sink fails, and [`Error::Checkpoint`]
/// if the checkpoint cannot be read; both say nothing about the file. Any other error means that the file cannot be indexed.
pub async fn index_on(
    source: &impl Source,
    sink: &mut (impl Sink + Send),
    from: Option<&Checkpoint>,
    limit: &Limit,
) -> Result<Progress, Error> {
    let format = recognise(source).await?.ok_or(Error::Unknown)?;
    format.index(Indexing { source, sink, from, limit }).await
}

/// The format of a file, by its first bytes.
async fn recognise(source: &dyn DynSource) -> Result<Option<&'static dyn Format>, ReadError> {
    let start = source.read(0..source.len().min(START)).await?;
    let behind = behind_tags(source, &start).await?;
    let of = |format: &dyn Format| if format.behind_tags() { &behind } else { &start };
    Ok(FORMATS.iter().copied().find(|format| format.recognises(of(*format))))
}

/// What a file begins with behind its `ID3v2` tags, where it has any before `start` says what it is.
async fn behind_tags(source: &dyn DynSource, start: &Bytes) -> Result<Bytes, ReadError> {
    if tags::id3_length(start).is_none() {
        return Ok(start.clone());
    }
    let (_, begins) = tags::before(source).await?;
    source.read(begins..source.len().min(begins.saturating_add(START))).await
}

/// Writes a selection as a complete file of the outline's format.
///
/// # Errors
///
/// [`Error::Unsupported`] if the format is not known, else as [`Format::write`].
pub fn write(outline: &Outline, selection: &Selection) -> Result<Written, Error> {
    known_format_of(outline)?.write(outline, selection)
}

/// The format of an indexed file that is to be cut.
pub(crate) fn known_format_of(outline: &Outline) -> Result<&'static dyn Format, Error> {
    let unknown = || Error::Unsupported(format!("files of the format {:?}", outline.container.name()));
    format_of(outline).ok_or_else(unknown)
}
