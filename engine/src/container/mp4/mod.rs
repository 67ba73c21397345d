//! ISO base media: MP4, M4A, MOV, 3GP (ISO/IEC 14496-12, ISO/IEC 14496-14, Apple's QuickTime File Format).
//!
//! A file is a sequence of boxes (`boxes`). The movie box (`movie`; `compressed`) describes the tracks. Its tables
//! (`tables`, walked in parallel by `samples`; `sync` and `groups` define where decoding can begin) or movie fragments
//! (`fragment`) place their samples in the file. `index` reads only these boxes, the titles of a chapter track
//! (`chapters`), and the first bytes of pictures if they cannot all be sync samples as marked. `write` creates a new
//! movie box for a selection, followed by the unchanged samples.

mod chapters;
mod codec;
mod compressed;
mod configuration;
mod dependencies;
mod fragment;
mod gapless;
mod groups;
mod index;
mod movie;
mod references;
mod role;
mod samples;
mod shown;
mod sound;
mod sync;
mod tables;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod text;
mod window;
mod write;

pub use write::remux;

use super::{Error, Format, IndexFuture, Indexing, Selection, TextTrack, Unavailable, Written, pass};
use crate::codec::DecoderConfiguration;
use crate::index::{Container, Outline};
use crate::media::{Kind, Run, Track};

/// Its name in the heads of its files.
const CONTAINER: Container = Container::named("mp4");

/// The version of the writer ([`Format::writer`]).
const WRITER: u32 = 5;

/// ISO base media and QuickTime: MP4, M4A, MOV, 3GP.
pub struct Mp4;

impl Format for Mp4 {
    fn containers(&self) -> &'static [Container] {
        const { &[CONTAINER] }
    }

    fn writer(&self) -> u32 {
        WRITER
    }

    fn matrix(&self, _: &Outline, track: &Track) -> Option<[u32; 9]> {
        configuration::matrix(track)
    }

    fn index<'a>(&self, indexing: Indexing<'a>) -> IndexFuture<'a> {
        pass::through::<index::Mp4Pass>(indexing)
    }

    /// By the type of the first box.
    fn recognises(&self, start: &[u8]) -> bool {
        matches!(
            start.get(4..8),
            Some(b"ftyp" | b"moov" | b"mdat" | b"free" | b"skip" | b"wide" | b"pnot" | b"styp" | b"moof" | b"uuid")
        )
    }

    fn write(&self, outline: &Outline, selection: &Selection) -> Result<Written, Error> {
        write::write(outline, selection)
    }

    fn configuration(&self, _: &Outline, track: &Track) -> Result<DecoderConfiguration, Unavailable> {
        configuration::of(track)
    }

    fn configuration_of(&self, _: &Outline, track: &Track, number: u32) -> Result<DecoderConfiguration, Unavailable> {
        configuration::numbered(track, number)
    }

    fn configuration_number(&self, run: &Run) -> u32 {
        samples::description(run).into()
    }

    fn text(&self, track: &Track) -> Option<TextTrack> {
        text::of(track)
    }

    fn describes_pictures(&self, track: &Track) -> bool {
        role::describes_pictures(track)
    }

    fn as_played(&self, outline: &Outline, mut selection: Selection) -> Selection {
        for selected in &mut selection.tracks {
            if let Some(track) = outline.tracks.get(selected.track) {
                shown::begin_with_the_edit(track, selected);
            }
        }
        selection
    }

    fn starts_exactly(&self, _: &Outline, _: &Track) -> bool {
        true
    }

    fn mime(&self, outline: &Outline, kinds: &[Kind]) -> String {
        if kinds.contains(&Kind::Video) {
            outline.mime.clone()
        } else if kinds.contains(&Kind::Audio) {
            // QuickTime has no type for sound.
            outline.mime.replace("video/", "audio/").replace("audio/quicktime", "audio/mp4")
        } else {
            "application/mp4".to_owned()
        }
    }
}
