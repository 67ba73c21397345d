//! For tests: indexes a file in pieces, each with a pass that knows only the checkpoint of the previous one.
#![allow(clippy::unwrap_used)]

use super::pass::{IndexPass, through};
use super::{Checkpoint, Error, Indexing, Limit, Progress, Sink, Source};
use crate::index::Outline;

/// How often a pass is stopped in a file.
const STOPS: u64 = 8;

/// Indexes a source with chunks of this many bytes, in a few pieces.
pub async fn index<P: IndexPass>(
    source: &impl Source,
    sink: &mut (impl Sink + Send),
    chunk: u64,
) -> Result<Outline, Error> {
    let limit = Limit { bytes: Some(chunk.max(source.len() / STOPS)), chunk, ..Limit::default() };
    let mut from = None;
    loop {
        match through::<P>(Indexing { source, sink, from: from.as_ref(), limit: &limit }).await? {
            Progress::Done(outline) => return Ok(*outline),
            Progress::Paused(checkpoint) => from = Some(Checkpoint::unpack(&checkpoint.pack()).unwrap()),
        }
    }
}
