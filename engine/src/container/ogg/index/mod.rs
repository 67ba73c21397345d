//! The index half: streams a file's pages once and checks their CRCs; their packets become samples of the index.

mod logical;
mod reader;
mod streams;

use serde::{Deserialize, Serialize};

use self::reader::{PageFound, PageReader};
use self::streams::LogicalStreams;
use super::CONTAINER;
use super::page::{MAX_PAGE, OggPage, Parsed};
use crate::container::notes::Notes;
use crate::container::pass::PassOutput;
use crate::container::stream::SourceStream;
use crate::container::{DynSource, Error, pass, tags};
use crate::index::{FORMAT, Outline};
use crate::media::{Kind, Time, Track};

/// A file while its pages are read.
///
/// # Errors
///
/// [`Error::Unsupported`] if no logical stream has a known codec; [`Error::Malformed`] if more is damaged than not, or
/// there is no page; [`Error::TooLarge`] if headers are too long. Damaged and missing pages are skipped and reported in
/// [`Outline::notes`].
#[derive(Default, Serialize, Deserialize)]
pub struct OggPass {
    reader: PageReader,
    streams: LogicalStreams,
}

impl pass::IndexPass for OggPass {
    async fn begin(stream: &mut SourceStream<'_>, _: &mut PassOutput) -> Result<Self, Error> {
        tags::pass(stream).await?;
        Ok(Self::default())
    }

    async fn step(&mut self, stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<bool, Error> {
        let sums = match self.reader.look(stream, &mut out.notes).await? {
            PageFound::End => return Ok(false),
            PageFound::Nothing => return Ok(true),
            PageFound::Page(sums) => sums,
        };
        let offset = stream.position();
        let Parsed::Page(page) = OggPage::parse(offset, stream.peek(MAX_PAGE).await?) else { return Ok(false) };
        self.streams.page((&page, &sums), out)?;
        let end = page.end();
        stream.seek(end);
        Ok(true)
    }

    async fn end(&mut self, source: &dyn DynSource, out: &mut PassOutput) -> Result<(), Error> {
        self.streams.end(source.len(), out)
    }

    fn outline(self, tracks: Vec<Track>, notes: &mut Notes) -> Result<Outline, Error> {
        if tracks.iter().all(|track| track.samples == 0) {
            notes.push("it has no packets".to_owned());
        }
        let video = tracks.iter().any(|track| track.kind == Kind::Video);
        let duration = tracks.iter().filter(|track| track.samples > 0).map(|track| track.span().1).max();
        Ok(Outline {
            container: CONTAINER,
            mime: if video { "video/ogg" } else { "audio/ogg" }.to_owned(),
            duration: duration.unwrap_or(Time::ZERO).max(Time::ZERO),
            tracks,
            chapters: Vec::new(),
            setup: Vec::new(),
            setup_ranges: self.streams.into_headers(),
            elements: true,
            created: None,
            pages: 0,
            notes: Vec::new(),
            segments: None,
            format: FORMAT,
        })
    }
}
