//! mp4

use super::{Error, Selection, Sink, Source};
use crate::index::Outline;
use crate::splice::Splice;

/// Whether a file that begins with these bytes is one.
#[must_use]
pub fn recognises(start: &[u8]) -> bool {
    let _ = start;
    todo!()
}

/// Reads the structure of a file.
pub async fn index(source: &impl Source, sink: &mut (impl Sink + Send)) -> Result<Outline, Error> {
    let _ = (source.len(), sink);
    todo!()
}

/// Writes a selection as a complete file.
pub fn write(outline: &Outline, selection: &Selection) -> Result<Splice, Error> {
    let _ = (outline, selection);
    todo!()
}
