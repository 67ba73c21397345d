//! What a container format is: its two halves, and how its cuts behave.

use futures::future::BoxFuture;

use super::pass::{Limit, Progress};
use super::{Checkpoint, DynSink, DynSource, Error, Payload, Selection, Written};
use crate::index::{Container, Outline};
use crate::media::{Kind, Run, Track};

/// A file on its way into an index: what [`Format::index`] takes.
pub struct Indexing<'a> {
    /// The file.
    pub source: &'a dyn DynSource,
    /// Where its pages go.
    pub sink: &'a mut dyn DynSink,
    /// How far an earlier pass came.
    pub from: Option<&'a Checkpoint>,
    /// How far to go.
    pub limit: &'a Limit,
}

/// What [`Format::index`] returns.
pub type IndexFuture<'a> = BoxFuture<'a, Result<Progress, Error>>;

/// A container format. Its module holds everything that is particular to it; the rest of the engine knows it by this trait alone.
pub trait Format: Send + Sync {
    /// What the heads of its files call it; several names if one module reads several formats.
    fn containers(&self) -> &'static [Container];

    /// The version of its writer. It goes up by one with every change of the bytes that [`Format::write`] makes of the same
    /// selection. The validator of a cut depends on it, so that no cache joins the bytes of two versions.
    fn writer(&self) -> u32;

    /// Whether `ID3v2` tags may stand before all else in its files. If so, [`Format::recognises`] gets what follows them.
    fn behind_tags(&self) -> bool {
        false
    }

    /// Whether a file that begins with these bytes, some kilobytes of them, is of this format.
    fn recognises(&self, start: &[u8]) -> bool;

    /// Reads the structure of a file, in constant memory, as [`index_on`](super::index_on) describes.
    fn index<'a>(&self, indexing: Indexing<'a>) -> IndexFuture<'a>;

    /// Writes a selection as a complete file.
    ///
    /// # Errors
    ///
    /// [`Error::Index`] if the selection does not belong to the outline, [`Error::Memory`] if the cut would take more memory than
    /// a cut may. A format may have limits of its own.
    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error>;

    /// Where the bytes of the samples of a track's run stand, as their codec has them: without what the container puts around each.
    /// As a rule they lie in the file as they are.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] where they cannot be had as a splice, [`Error::Index`] where the run is not of such a file.
    fn payload(&self, _: &Outline, _: &Track, run: &Run) -> Result<Payload, Error> {
        Ok(Payload::stored(run))
    }

    /// Whether a track of a cut begins to play at the very instant asked for, rather than at the sync sample before.
    fn starts_exactly(&self, _: &Outline, _: &Track) -> bool {
        false
    }

    /// Whether a cut ends with the end of its last sample, because nothing in it could say that less of that is to be heard.
    fn ends_with_a_sample(&self, _: &Outline) -> bool {
        false
    }

    /// Whether a cut plays all samples that it has, those that decoding needs before what was asked for among them, since
    /// nothing in it could say which are not to be heard.
    fn plays_lead_in(&self, _: &Outline) -> bool {
        false
    }

    /// Whether each range of the setup is for what follows it up to the next alone, and is of use only where it stands.
    fn setup_stands_before(&self, _: &Outline) -> bool {
        false
    }

    /// A selection as a cut of this format has it: with the times at which its samples are shown, and what of the original it
    /// plays, where the format cannot say just what was chosen.
    fn as_played(&self, _: &Outline, selection: Selection) -> Selection {
        selection
    }

    /// The MIME type of a cut that has tracks of these kinds: of sound without pictures it is an audio file, of text alone a
    /// video file.
    fn mime(&self, outline: &Outline, kinds: &[Kind]) -> String {
        let family = outline.mime.split_once('/').map_or("", |(_, family)| family);
        if kinds.is_empty() || kinds.contains(&Kind::Video) {
            outline.mime.clone()
        } else if kinds.contains(&Kind::Audio) {
            format!("audio/{family}")
        } else {
            format!("video/{family}")
        }
    }
}
