//! The content as one MP4, whatever it is stored in, or a part of it: the samples of its pictures and sound as they are.

use super::{NoStream, PackageError};
use crate::container::cmaf::{self, SampleEntries};
use crate::container::{Unavailable, mp4};
use crate::fragment::resolve::{self, Cut, Meaning};
use crate::index::{Outline, Pages};
use crate::media::splice::Splice;
use crate::media::{Kind, Track};

/// An MP4 of a content.
#[derive(Clone, Debug)]
pub struct Mp4File {
    /// Its bytes; `None` if they are the content's own: it is an MP4, and nothing of it was selected.
    pub bytes: Option<Splice>,
    /// Its MIME type.
    pub mime: String,
}

/// The MIME type of the MP4 of a content, and the codecs of its tracks (RFC 6381).
///
/// # Errors
///
/// [`NoStream`] says why it has none.
pub fn describe(outline: &Outline) -> Result<(String, Vec<String>), NoStream> {
    if is_stored(outline) {
        let codecs = outline.tracks.iter().map(|track| track.codec.clone());
        return Ok((outline.mime.clone(), codecs.collect()));
    }
    let all: Vec<usize> = (0..outline.tracks.len()).collect();
    let tracks = tracks(outline, &all)?;
    let entries = tracks.iter().flat_map(|(_, entries)| entries);
    let mut codecs: Vec<String> = Vec::new();
    for codec in entries.map(|(_, entry)| cmaf::rfc6381(entry)) {
        if !codecs.contains(&codec) {
            codecs.push(codec);
        }
    }
    Ok((mime_of(outline, &tracks), codecs))
}

/// The MP4 of the part of a content with this meaning. It plays exactly that part.
///
/// # Errors
///
/// [`PackageError::NoStream`] says why the content has none, [`PackageError::Outside`] that it has nothing at that time.
pub async fn file(outline: &Outline, pages: &mut impl Pages, meaning: &Meaning) -> Result<Mp4File, PackageError> {
    if is_stored(outline) {
        return match resolve::cut(outline, pages, meaning).await? {
            Cut::Original => Ok(Mp4File { bytes: None, mime: outline.mime.clone() }),
            Cut::Outside => Err(PackageError::Outside),
            Cut::Part(part) => Ok(Mp4File { bytes: Some(part.file.splice), mime: part.mime }),
        };
    }
    let chosen = tracks(outline, &meaning.places(outline))?;
    let places: Vec<usize> = chosen.iter().map(|(place, _)| *place).collect();
    let selection = resolve::exact(outline, pages, meaning, &places).await?.ok_or(PackageError::Outside)?;
    // Tracks without a sample at that time are gone.
    let is_there = |place: usize| selection.tracks.iter().any(|selected| selected.track == place);
    let chosen: Vec<_> = chosen.into_iter().filter(|(place, _)| is_there(*place)).collect();
    let mime = mime_of(outline, &chosen);
    let entries: Vec<SampleEntries> = chosen.into_iter().map(|(_, entries)| entries).collect();
    let written = mp4::remux(outline, &selection, &entries)?;
    Ok(Mp4File { bytes: Some(written.splice), mime })
}

/// Whether the stored file is an MP4, and not another file of the same family, such as one of `QuickTime`.
fn is_stored(outline: &Outline) -> bool {
    outline.container.name() == "mp4" && outline.mime.ends_with("/mp4")
}

/// The tracks of these that have a place in MP4, each with its sample entries. Sound without one is left out if there is
/// anything else.
fn tracks(outline: &Outline, chosen: &[usize]) -> Result<Vec<(usize, SampleEntries)>, NoStream> {
    let (mut found, mut refused) = (Vec::new(), None);
    for place in chosen {
        let Some(track) = outline.tracks.get(*place).filter(|track| track.kind != Kind::Text && track.samples > 0)
        else {
            continue;
        };
        match cmaf::sample_entries(outline, track) {
            Ok(entries) => found.push((*place, entries)),
            Err(why) if track.kind == Kind::Video => return Err(refusal(track, why)),
            Err(why) => refused = refused.or_else(|| Some(refusal(track, why))),
        }
    }
    match refused {
        _ if !found.is_empty() => Ok(found),
        Some(why) => Err(why),
        None => Err(NoStream::Nothing),
    }
}

fn refusal(track: &Track, why: Unavailable) -> NoStream {
    NoStream::Track { id: track.id, codec: track.codec.clone(), why }
}

fn mime_of(outline: &Outline, tracks: &[(usize, SampleEntries)]) -> String {
    let is_video = |(place, _): &(usize, _)| outline.tracks.get(*place).is_some_and(|track| track.kind == Kind::Video);
    if tracks.iter().any(is_video) { "video/mp4".to_owned() } else { "audio/mp4".to_owned() }
}
