//! Containers: one module a format, each with its two halves side by side: *index* (bytes to model) and *write* (selection
//! to splice). They know nothing of HTTP, of AWS or of where their bytes come from.

pub mod avi;
mod checkpoint;
mod draft;
pub mod flac;
pub mod flv;
pub mod frames;
pub mod iff;
#[cfg(test)]
mod indexed;
pub mod matroska;
pub mod mp4;
pub mod mpegts;
mod notes;
pub mod ogg;
mod opus;
mod order;
mod pass;
#[cfg(test)]
mod pieces;
mod selection;
mod source;
mod stream;
#[cfg(test)]
mod testing;

pub use checkpoint::Checkpoint;
pub use pass::{Limit, Progress};
pub use selection::{Segment, Selected, Selection, Written};
pub use source::{ReadError, Source};

use crate::index::{Container, Outline, Packed};
use crate::media::Track;

/// The version of the writers. One more for every change of what they write for the same selection: a cut's validator
/// depends on it, so that no cache joins the bytes of two of them.
pub const WRITER: u32 = 2;

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

/// The same as far as the limit allows, from where it came to before: the pages that went to the sink then are not given again.
///
/// What has tables (MP4, WAV and its likes) is read at once, whatever the limit: movie fragments one after the other, and else
/// a few megabytes of any file.
pub async fn index_on(
    source: &impl Source,
    sink: &mut (impl Sink + Send),
    from: Option<&Checkpoint>,
    limit: &Limit,
) -> Result<Progress, Error> {
    let start = source.read(0..source.len().min(4096)).await?;
    if matroska::recognises(&start) {
        pass::through::<matroska::Pass>(source, sink, from, limit).await
    } else if mp4::recognises(&start) {
        mp4::index(source, sink).await.map(Progress::done)
    } else if flac::recognises(&start) {
        pass::through::<flac::Pass>(source, sink, from, limit).await
    } else if iff::recognises(&start) {
        iff::index(source, sink).await.map(Progress::done)
    } else if flv::recognises(&start) {
        pass::through::<flv::Pass>(source, sink, from, limit).await
    } else if avi::recognises(&start) {
        pass::through::<avi::Pass>(source, sink, from, limit).await
    } else if mpegts::recognises(&start) {
        pass::through::<mpegts::Pass>(source, sink, from, limit).await
    } else if ogg::recognises(&start) {
        pass::through::<ogg::Pass>(source, sink, from, limit).await
    } else {
        // These have nothing at their beginning that tells them; so they come last.
        pass::through::<frames::Pass>(source, sink, from, limit).await
    }
}

/// Writes a selection as a complete file.
pub fn write(outline: &Outline, selection: &Selection) -> Result<Written, Error> {
    match outline.container {
        Container::Mp4 => mp4::write(outline, selection),
        Container::Matroska => matroska::write(outline, selection),
        Container::Iff => iff::write(outline, selection),
        Container::Flac => flac::write(outline, selection),
        Container::Flv => flv::write(outline, selection),
        Container::Avi => avi::write(outline, selection),
        Container::MpegTs => mpegts::write(outline, selection),
        Container::Mp3 | Container::Mp2 | Container::Adts => frames::write(outline, selection),
        Container::Ogg => ogg::write(outline, selection),
    }
}

/// Whether a track of a cut begins to play at the very instant asked for, rather than at the sync sample before.
#[must_use]
pub fn starts_exactly(container: Container, track: &Track) -> bool {
    match container {
        Container::Mp4 | Container::Mp3 => true,
        Container::Ogg => ogg::starts_exactly(track),
        _ => false,
    }
}

/// Whether a cut of this container ends with the end of its last sample, because nothing in it could say that less of that is
/// to be heard.
#[must_use]
pub const fn ends_with_a_sample(container: Container) -> bool {
    matches!(
        container,
        Container::Iff | Container::Flac | Container::Avi | Container::MpegTs | Container::Mp2 | Container::Adts
    )
}

/// Whether a cut of this container plays all samples that it has, those that decoding needs before what was asked for among
/// them, since nothing in it could say which are not to be heard.
#[must_use]
pub const fn plays_lead_in(container: Container) -> bool {
    matches!(container, Container::Mp2 | Container::Adts)
}
