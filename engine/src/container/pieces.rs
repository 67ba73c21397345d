//! For tests: a file indexed in pieces, each by a pass that knows nothing but the checkpoint of the one before.
#![allow(clippy::unwrap_used)]

use super::pass::{Pass, through};
use super::{Checkpoint, Error, Indexing, Limit, Progress, Sink, Source};
use crate::index::Outline;

/// How often a file is stopped at.
const STOPS: u64 = 8;

/// Indexes a source by chunks of so many bytes, and in a few pieces.
pub async fn index<P: Pass>(source: &impl Source, sink: &mut (impl Sink + Send), chunk: u64) -> Result<Outline, Error> {
    let limit = Limit { bytes: Some(chunk.max(source.len() / STOPS)), chunk, ..Limit::default() };
    let mut from = None;
    loop {
        match through::<P>(Indexing { source, sink, from: from.as_ref(), limit: &limit }).await? {
            Progress::Done(outline) => return Ok(*outline),
            Progress::Paused(checkpoint) => from = Some(Checkpoint::unpack(&checkpoint.pack()).unwrap()),
        }
    }
}
