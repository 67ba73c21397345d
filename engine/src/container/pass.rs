//! A pass: indexes a file that is streamed once from its beginning to its end. Its whole state is plain data, so it can
//! stop between any two steps, and continue in another process ([`Checkpoint`]) as if nothing had happened.

use std::time::Instant;

use futures::future::{BoxFuture, FutureExt};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::notes::Notes;
use super::stream::{CHUNK, SourceStream};
use super::{Checkpoint, DynSink, DynSource, Error};
use crate::index::{Builder, Built, Outline, PackedPage};
use crate::media::Track;

/// How far a pass may go at once. The default: to the end of the file.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Until this instant, or a few megabytes longer.
    pub until: Option<Instant>,
    /// This many bytes of the file, or one step more.
    pub bytes: Option<u64>,
    /// How many bytes are requested at once.
    pub chunk: u64,
}

impl Default for Limit {
    fn default() -> Self {
        Self { until: None, bytes: None, chunk: CHUNK }
    }
}

impl Limit {
    /// Whether a pass that has read this many bytes has to stop.
    fn is_reached(&self, bytes: u64) -> bool {
        self.bytes.is_some_and(|limit| bytes >= limit) || self.until.is_some_and(|until| Instant::now() >= until)
    }
}

/// The progress of indexing.
#[derive(Clone, Debug)]
pub enum Progress {
    /// To the end of the file.
    Done(Box<Outline>),
    /// To the limit. All complete pages have gone to the sink.
    Paused(Checkpoint),
}

/// The arguments of [`Format::index`](super::Format::index).
pub struct Indexing<'a> {
    /// The file.
    pub source: &'a dyn DynSource,
    /// The destination of its pages.
    pub sink: &'a mut dyn DynSink,
    /// The progress of an earlier pass.
    pub from: Option<&'a Checkpoint>,
    /// The limit of this pass.
    pub limit: &'a Limit,
}

/// What [`Format::index`](super::Format::index) returns.
pub type IndexFuture<'a> = BoxFuture<'a, Result<Progress, Error>>;

/// The results of a pass. The driver keeps them next to the pass, also in checkpoints.
#[derive(Serialize, Deserialize)]
pub struct PassOutput {
    /// Builds the pages from the samples. It knows the length of the file, and gets the tracks from the pass.
    pub builder: Builder,
    /// Notes for the user about the file.
    pub notes: Notes,
}

/// One pass through a file of some format. Its result depends only on the file, and not on where it was stopped.
pub trait IndexPass: Serialize + DeserializeOwned + Send + Sized + 'static {
    /// Reads what precedes the first step, usually the beginning of the file. This cannot be stopped.
    fn begin(stream: &mut SourceStream<'_>, out: &mut PassOutput) -> impl Future<Output = Result<Self, Error>> + Send;

    /// Continues from the position of the stream, by an element, a few packets, or at most some chunks of skipped
    /// bytes. The position is all that it knows of the stream. Returns whether there is more.
    fn step(
        &mut self,
        stream: &mut SourceStream<'_>,
        out: &mut PassOutput,
    ) -> impl Future<Output = Result<bool, Error>> + Send;

    /// The end of the file: adds the samples that have waited for it.
    fn end(&mut self, _: &dyn DynSource, _: &mut PassOutput) -> impl Future<Output = Result<(), Error>> + Send {
        async { Ok(()) }
    }

    /// The outline, with tracks whose totals are complete. The driver fills in its `pages`, `notes` and `segments`.
    fn outline(self, tracks: Vec<Track>, notes: &mut Notes) -> Result<Outline, Error>;
}

/// Runs a pass through a file, continuing an earlier one.
pub fn through<P: IndexPass>(indexing: Indexing<'_>) -> IndexFuture<'_> {
    go_through::<P>(indexing).boxed()
}

async fn go_through<P: IndexPass>(Indexing { source, sink, from, limit }: Indexing<'_>) -> Result<Progress, Error> {
    // No more is requested than may be read.
    let chunk = limit.chunk.min(limit.bytes.unwrap_or(CHUNK)).clamp(1, CHUNK);
    let mut stream = SourceStream::new(source, chunk);
    let (mut pass, mut out, mut count) = match from {
        None => {
            let mut out = PassOutput { builder: Builder::new(Vec::new()), notes: Notes::default() };
            out.builder.within(stream.len());
            (P::begin(&mut stream, &mut out).await?, out, 0)
        }
        Some(checkpoint) => {
            stream.seek(checkpoint.offset());
            let (pass, mut out): (P, PassOutput) = checkpoint.open()?;
            out.builder.within(stream.len());
            (pass, out, checkpoint.pages())
        }
    };
    let (mut through, mut looked) = (0, stream.position());
    loop {
        let more = pass.step(&mut stream, &mut out).await?;
        give(out.builder.take_ready(), sink, &mut count).await?;
        if !more {
            break;
        }
        // The clock is not checked for each of a file's many packets. A pass may go back to what precedes a table.
        looked = looked.min(stream.position());
        let ahead = stream.position() - looked;
        if ahead >= chunk {
            through += ahead;
            looked = stream.position();
            if limit.is_reached(through) {
                return Ok(Progress::Paused(Checkpoint::new(&(&pass, &out), looked, count)?));
            }
        }
    }
    pass.end(source, &mut out).await?;
    let PassOutput { builder, mut notes } = out;
    let Built { pages, tracks, segments } = builder.finish()?;
    let outline = pass.outline(tracks, &mut notes)?;
    let segments = segments.map(Box::new);
    give(pages, sink, &mut count).await?;
    Ok(Progress::Done(Outline { pages: count, notes: notes.into_texts(), segments, ..outline }.into()))
}

async fn give(pages: Vec<PackedPage>, sink: &mut dyn DynSink, count: &mut u32) -> Result<(), Error> {
    for page in pages {
        if page.is_page() {
            *count = (*count).max(page.number.saturating_add(1));
        }
        sink.page(page).await?;
    }
    Ok(())
}
