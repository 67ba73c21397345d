//! Reads chunks: each is a name, a size and its data. Skipped chunks are not read; those close together come in one
//! read.

use std::ops::Range;

use bytes::{Buf, Bytes};

use super::behind_zeros;
use super::dialect::{Dialect, Id, MAX_HEADER};
use crate::container::{DynSource, ReadError, tags};

/// How many bytes are read at once: the chunks before or after the sound seldom take more.
const WINDOW: u64 = 64 << 10;

/// The maximum number of chunks. Broadcast files have a dozen.
const MAX_CHUNKS: usize = 1024;

/// Chunks that precede the sound, or contain it.
const KNOWN: [&Id; 10] = [b"data", b"SSND", b"fmt ", b"fact", b"LIST", b"bext", b"cue ", b"COMM", b"MARK", b"FVER"];

/// A chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IffChunk {
    pub id: Id,
    /// Its offset, and that of its data.
    pub offset: u64,
    pub body: u64,
    /// The declared size of its data, which may exceed the file.
    pub size: u64,
}

/// The chunks of a file, one after the other.
pub struct IffChunks<'s> {
    source: &'s dyn DynSource,
    dialect: Dialect,
    /// The offset of the form, from which chunks are aligned.
    begin: u64,
    /// Loaded bytes, and their offset in the file.
    window: Bytes,
    start: u64,
    /// The offset of the next chunk, and the end of the previous one.
    next: u64,
    behind: u64,
    seen: usize,
}

impl<'s> IffChunks<'s> {
    /// For a form of this dialect, which begins at `start` with these bytes.
    pub const fn new(source: &'s dyn DynSource, dialect: Dialect, start: u64, window: Bytes) -> Self {
        let next = start + dialect.first_chunk();
        Self { source, dialect, begin: start, window, start, next, behind: next, seen: 0 }
    }

    /// The beginning of a file after tags and zeros, as much as is read at first; and its offset.
    pub async fn start(source: &dyn DynSource) -> Result<(u64, Bytes), ReadError> {
        let mut at = 0;
        let mut bytes = source.read(0..source.len().min(WINDOW)).await?;
        if tags::id3_length(&bytes).is_some() {
            (_, at) = tags::before(source).await?;
            bytes = source.read(at..source.len().min(at.saturating_add(WINDOW))).await?;
        }
        let zeros = bytes.len() - behind_zeros(&bytes).len();
        Ok((at + zeros as u64, bytes.slice(zeros..)))
    }

    /// The length of the file.
    pub fn len(&self) -> u64 {
        self.source.len()
    }

    /// The next chunk; `None` if there is no complete header, or after the maximum number.
    pub async fn next(&mut self) -> Result<Option<IffChunk>, ReadError> {
        let (mut offset, header) = (self.next, self.dialect.header());
        if self.seen >= MAX_CHUNKS || self.len().saturating_sub(self.behind) < header {
            return Ok(None);
        }
        self.seen += 1;
        let end = offset.saturating_add(MAX_HEADER as u64).min(self.len());
        let mut bytes = self.read(self.behind..end).await?;
        // Some writers omit the padding byte after a chunk of odd length.
        if bytes.first_chunk().is_some_and(|id| KNOWN.contains(&id)) {
            offset = self.behind;
        } else {
            bytes.advance(bytes.len().min(usize::try_from(offset - self.behind).unwrap_or(usize::MAX)));
        }
        let Some((id, size)) = self.dialect.parse(&bytes) else { return Ok(None) };
        let body = offset + header;
        self.go_on_behind(body.saturating_add(size));
        Ok(Some(IffChunk { id, offset, body, size }))
    }

    /// Sets the beginning of the next chunk: at this offset, or directly after it.
    pub const fn go_on_behind(&mut self, end: u64) {
        let alignment = self.dialect.alignment();
        self.behind = end;
        self.next = (end - self.begin).saturating_add(alignment - 1) / alignment * alignment + self.begin;
    }

    /// The existing data of a chunk, at most `most` bytes.
    pub async fn data(&mut self, chunk: &IffChunk, most: u64) -> Result<Bytes, ReadError> {
        let end = chunk.body.saturating_add(chunk.size.min(most)).min(self.len());
        self.read(chunk.body..end.max(chunk.body)).await
    }

    /// Reads existing bytes.
    async fn read(&mut self, range: Range<u64>) -> Result<Bytes, ReadError> {
        if range.start < self.start || range.end > self.start.saturating_add(self.window.len() as u64) {
            let end = range.end.max(range.start.saturating_add(WINDOW)).min(self.len());
            self.window = self.source.read(range.start..end).await?;
            self.start = range.start;
        }
        let within = |offset: u64| usize::try_from(offset.saturating_sub(self.start)).unwrap_or(usize::MAX);
        let (start, end) = (within(range.start), within(range.end).min(self.window.len()));
        Ok(if start < end { self.window.slice(start..end) } else { Bytes::new() })
    }
}
