//! The index half: a file's pages are streamed through once, each is checked by its CRC, and their packets go on to the index as
//! samples.

mod lane;
mod reader;
mod streams;

use self::reader::Reader;
use self::streams::Streams;
use super::CONTAINER;
use crate::container::{Error, Sink, Source};
use crate::index::{Outline, Packed};
use crate::media::{Kind, Time};

/// Reads a file's structure, asking for chunks of so many bytes; see [`super::index()`].
pub async fn index<S: Source>(source: &S, sink: &mut (impl Sink + Send), chunk: u64) -> Result<Outline, Error> {
    let mut reader = Reader::new(source, chunk);
    let mut streams = Streams::default();
    let mut count = 0;
    let mut put = async |pages: Vec<Packed>| {
        for page in pages {
            count = count.max(page.number.saturating_add(1));
            sink.page(page).await?;
        }
        Ok::<_, Error>(())
    };
    while let Some(page) = reader.page().await? {
        put(streams.page(&page)?).await?;
    }
    let found = streams.finish(source.len())?;
    put(found.pages).await?;

    let mut notes = found.notes;
    for note in reader.into_notes().into_texts() {
        notes.push(note);
    }
    let tracks = found.tracks;
    if tracks.iter().all(|track| track.samples == 0) {
        notes.push("it has no packets".to_owned());
    }
    let video = tracks.iter().any(|track| track.kind == Kind::Video);
    let duration = tracks.iter().filter(|track| track.samples > 0).map(|track| track.span().1).max();
    let duration = duration.unwrap_or(Time::ZERO).max(Time::ZERO);
    Ok(Outline {
        container: CONTAINER,
        mime: if video { "video/ogg" } else { "audio/ogg" }.to_owned(),
        duration,
        tracks,
        chapters: Vec::new(),
        setup: Vec::new(),
        setup_ranges: found.headers,
        elements: true,
        created: None,
        pages: count,
        notes: notes.into_texts(),
    })
}
