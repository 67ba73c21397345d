//! Reading chunks: each is a name, a size and its data. Chunks that are passed over are not read; those that lie near each other
//! come in one read.

use std::ops::Range;

use bytes::Bytes;

use super::dialect::{Dialect, Id, MAX_HEADER};
use crate::container::{ReadError, Source};

/// How many bytes are read at once: the chunks before the sound are seldom more, nor those behind it.
const WINDOW: u64 = 64 << 10;

/// How many chunks are looked at. Broadcast files have a dozen.
const MAX_CHUNKS: usize = 1024;

/// A chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    pub id: Id,
    /// Where it begins, and where its data does.
    pub offset: u64,
    pub body: u64,
    /// How many bytes of data it says to have, which may be more than the file has.
    pub size: u64,
}

/// The chunks of a file, one after the other.
pub struct Chunks<'s, S> {
    source: &'s S,
    dialect: Dialect,
    /// Bytes in hand, and where in the file they begin.
    window: Bytes,
    start: u64,
    /// Where the next chunk begins.
    next: u64,
    seen: usize,
}

impl<'s, S: Source> Chunks<'s, S> {
    /// Of a file of this dialect, which begins with these bytes.
    pub const fn new(source: &'s S, dialect: Dialect, window: Bytes) -> Self {
        Self { source, dialect, window, start: 0, next: dialect.first_chunk(), seen: 0 }
    }

    /// What a file begins with, as far as it is read first.
    pub async fn start(source: &S) -> Result<Bytes, ReadError> {
        source.read(0..source.len().min(WINDOW)).await
    }

    /// The length of the file.
    pub fn len(&self) -> u64 {
        self.source.len()
    }

    /// The next chunk; `None` where no whole header follows, and behind the last that is looked at.
    pub async fn next(&mut self) -> Result<Option<Chunk>, ReadError> {
        let (offset, header) = (self.next, self.dialect.header());
        if self.seen >= MAX_CHUNKS || self.len().saturating_sub(offset) < header {
            return Ok(None);
        }
        self.seen += 1;
        let end = offset.saturating_add(MAX_HEADER as u64).min(self.len());
        let Some((id, size)) = self.dialect.parse(&self.read(offset..end).await?) else { return Ok(None) };
        let body = offset + header;
        self.go_on_behind(body.saturating_add(size));
        Ok(Some(Chunk { id, offset, body, size }))
    }

    /// The next chunk begins where this one ends, or right behind.
    pub const fn go_on_behind(&mut self, end: u64) {
        let alignment = self.dialect.alignment();
        self.next = end.saturating_add(alignment - 1) / alignment * alignment;
    }

    /// The data of a chunk, as far as it is there, of at most so many bytes.
    pub async fn data(&mut self, chunk: &Chunk, most: u64) -> Result<Bytes, ReadError> {
        let end = chunk.body.saturating_add(chunk.size.min(most)).min(self.len());
        self.read(chunk.body..end.max(chunk.body)).await
    }

    /// Bytes that are there.
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
