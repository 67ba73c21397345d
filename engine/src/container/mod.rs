//! Containers: one module a format, each with its two halves side by side: *index* (bytes to model) and *write* (selection
//! to splice). They know nothing of HTTP, of AWS or of where their bytes come from.
//!
//! A format is a [`Format`] in a module of its own and a line in [`FORMATS`]; no other code names one.

#[cfg(feature = "avi")]
pub mod avi;
#[cfg_attr(not(feature = "mp4"), allow(dead_code, reason = "MP4 alone reads files of boxes"))]
pub(crate) mod boxes;
mod checkpoint;
pub mod cmaf;
mod draft;
mod error;
mod extents;
#[cfg(feature = "flac")]
pub mod flac;
#[cfg(feature = "flv")]
pub mod flv;
mod foreign;
mod format;
#[cfg(feature = "frames")]
pub mod frames;
#[cfg(feature = "iff")]
pub mod iff;
#[cfg(test)]
mod indexed;
mod keyframe;
#[cfg(feature = "matroska")]
pub mod matroska;
mod memory;
#[cfg(feature = "mp4")]
pub mod mp4;
#[cfg(any(feature = "mpegps", feature = "mpegts"))]
mod mpeg;
#[cfg(feature = "mpegps")]
pub mod mpegps;
#[cfg(feature = "mpegts")]
pub mod mpegts;
mod notes;
#[cfg(feature = "ogg")]
pub mod ogg;
mod order;
mod pass;
mod payload;
#[cfg(test)]
mod pieces;
mod sample_entry;
mod selection;
mod source;
mod stream;
mod tags;
#[cfg(test)]
mod testing;
mod text;
mod unavailable;

pub use checkpoint::Checkpoint;
pub use draft::{MAX_MADE, MAX_SELECTION};
pub use error::{Error, TooLarge, Unsupported};
pub use extents::Extents;
pub use format::{Format, SegmentFormat, TimeStamp};
pub(crate) use order::Merged;
pub use pass::{IndexFuture, Indexing, Limit, Progress};
pub use payload::{Laced, Lacing, Payload};
pub use selection::{EditSpan, Selected, Selection, Written};
pub use source::{DynSink, DynSource, ReadError, Sink, Source};
pub use text::{TextCoding, TextTrack};
pub use unavailable::Unavailable;

use bytes::Bytes;

use crate::index::Outline;
use crate::media::{Run, Track};

/// How many bytes in a row are searched for the next frame or packet. After more of them, such as zeros after the end,
/// the rest of a file is not read; the head's notes say so.
const MOST_JUNK: u64 = 64 << 20;
/// The note on such a file.
const NOT_READ: &str = "more than 64 MiB without a frame or packet follow: the bytes after them are not read";

/// How many bytes of a file's beginning are used to recognise its format.
const START: u64 = 4096;

/// All formats, in the order in which they are tried.
pub static FORMATS: &[&dyn Format] = &[
    #[cfg(feature = "matroska")]
    &matroska::Matroska,
    #[cfg(feature = "mp4")]
    &mp4::Mp4,
    #[cfg(feature = "flac")]
    &flac::Flac,
    #[cfg(feature = "iff")]
    &iff::Iff,
    #[cfg(feature = "flv")]
    &flv::Flv,
    #[cfg(feature = "avi")]
    &avi::Avi,
    #[cfg(feature = "mpegts")]
    &mpegts::MpegTs,
    #[cfg(feature = "mpegps")]
    &mpegps::MpegPs,
    #[cfg(feature = "ogg")]
    &ogg::Ogg,
    // It accepts any beginning, since its files have no signature; so it comes last.
    #[cfg(feature = "frames")]
    &frames::Frames,
];

/// The format of an indexed file. `None` if the index was made by a program that knew more formats.
#[must_use]
pub fn format_of(outline: &Outline) -> Option<&'static dyn Format> {
    FORMATS.iter().copied().find(|format| format.containers().contains(&outline.container))
}

/// Indexes a file: its pages go to the sink, and the outline is returned.
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

/// Indexes a file as far as the limit allows, beginning at the checkpoint of an earlier call if there is one. The pages
/// of that call are not passed to the sink again.
///
/// Tables (of MP4, WAV and similar formats) are read at once, whatever the limit: they are a few megabytes of any file.
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

/// The beginning of a file after its `ID3v2` tags, if `start` does not show the format by itself.
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
/// [`Error::Unsupported`] if the format is unknown, otherwise the errors of [`Format::write`].
pub fn write(outline: &Outline, selection: &Selection) -> Result<Written, Error> {
    known_format_of(outline)?.write(outline, selection)
}

/// Where the bytes of the samples of a track's run stand, as their codec has them.
///
/// # Errors
///
/// [`Error::Unsupported`] if the format is not known, else as [`Format::payload`].
pub fn payload(outline: &Outline, track: &Track, run: &Run) -> Result<Payload, Error> {
    known_format_of(outline)?.payload(outline, track, run)
}

/// The format of an indexed file that is to be cut.
pub(crate) fn known_format_of(outline: &Outline) -> Result<&'static dyn Format, Error> {
    let unknown = || Unsupported::Format { name: outline.container.name().to_owned() };
    format_of(outline).ok_or_else(|| unknown().into())
}
