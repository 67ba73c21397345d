//! What a container format is: its two halves, and the manner of its cuts.

use super::pass::Pass;
use super::{Error, Selection, Written};
use crate::index::{Container, Outline};
use crate::media::{Kind, Track};

/// A container format. Everything that is particular to one is in its module, behind this.
pub trait Format {
    /// What the heads of its files call it; several where one module knows several.
    const CONTAINERS: &'static [Container];

    /// How the structure of a file is read, in constant memory.
    type Pass: Pass;

    /// Whether `ID3v2` tags may stand before all else in its files: what it is asked to recognise is then what follows them.
    const BEHIND_TAGS: bool = false;

    /// Whether a file that begins with these bytes, some kilobytes of them, is one.
    fn recognises(start: &[u8]) -> bool;

    /// Writes a selection as a complete file.
    fn write(outline: &Outline, selection: &Selection) -> Result<Written, Error>;

    /// Whether a track of a cut begins to play at the very instant asked for, rather than at the sync sample before.
    #[must_use]
    fn starts_exactly(_: &Outline, _: &Track) -> bool {
        false
    }

    /// Whether a cut ends with the end of its last sample, because nothing in it could say that less of that is to be heard.
    #[must_use]
    fn ends_with_a_sample(_: &Outline) -> bool {
        false
    }

    /// Whether a cut plays all samples that it has, those that decoding needs before what was asked for among them, since
    /// nothing in it could say which are not to be heard.
    #[must_use]
    fn plays_lead_in(_: &Outline) -> bool {
        false
    }

    /// Whether each range of the setup is for what follows it up to the next alone, and is of use only where it stands.
    #[must_use]
    fn setup_stands_before(_: &Outline) -> bool {
        false
    }

    /// A selection as a cut of this format has it: with the times at which its samples are shown, and what of the original it
    /// plays, where the format cannot say just what was chosen.
    #[must_use]
    fn as_played(_: &Outline, selection: Selection) -> Selection {
        selection
    }

    /// The MIME type of a cut that has tracks of these kinds: of sound without pictures it is an audio file, of text alone a
    /// video file.
    #[must_use]
    fn mime(outline: &Outline, kinds: &[Kind]) -> String {
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
