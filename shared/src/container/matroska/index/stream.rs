//! A file read once from its beginning to its end, in constant memory: some chunks are always under way, so that the time a
//! store takes to answer is hidden, and what lies behind them is passed over without being read.

use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::FuturesOrdered;

use super::super::ebml::{Header, MAX_HEADER};
use crate::container::{ReadError, Source};

/// How many bytes are asked for at once: enough that S3's first-byte latency is a small part of the transfer.
pub const CHUNK: u64 = 4 << 20;

/// How many chunks are under way at most, besides the one in hand: 16 MiB in all.
const AHEAD: usize = 3;

/// A position in a file, and the bytes that follow it.
pub struct Stream<'s, S> {
    source: &'s S,
    chunk: u64,
    /// Bytes in hand, and where in the file they begin.
    window: Bytes,
    start: u64,
    /// How many bytes of the window lie behind us.
    at: usize,
    /// Reads that are under way, in order; what they give begins at the position or behind it.
    ahead: FuturesOrdered<BoxFuture<'s, Result<(u64, Bytes), ReadError>>>,
    /// Where the next read begins.
    next: u64,
    /// How many reads may be under way: one after a jump, for what lies there may be passed over too.
    depth: usize,
}

impl<'s, S: Source> Stream<'s, S> {
    /// From the beginning of the file, by chunks of so many bytes.
    pub fn new(source: &'s S, chunk: u64) -> Self {
        let ahead = FuturesOrdered::new();
        Self { source, chunk, window: Bytes::new(), start: 0, at: 0, ahead, next: 0, depth: 1 }
    }

    /// The length of the file.
    pub fn len(&self) -> u64 {
        self.source.len()
    }

    /// Where in the file the next byte is.
    pub const fn position(&self) -> u64 {
        self.start + self.at as u64
    }

    /// The bytes that follow, at least `wanted` of them unless the file ends before. They stay.
    #[inline]
    pub async fn peek(&mut self, wanted: usize) -> Result<&[u8], ReadError> {
        while self.window.len() - self.at < wanted && self.grow().await? {}
        Ok(self.window.get(self.at..).unwrap_or_default())
    }

    /// The header of the element that follows; `None` where none does.
    pub async fn header(&mut self) -> Result<Option<Header>, ReadError> {
        Ok(Header::parse(self.peek(MAX_HEADER).await?))
    }

    /// Takes `length` bytes, or what the file has of them.
    pub async fn take(&mut self, length: usize) -> Result<Bytes, ReadError> {
        if self.window.len() - self.at >= length {
            let taken = self.window.slice(self.at..self.at + length);
            self.at += length;
            return Ok(taken);
        }
        let mut taken = BytesMut::new();
        while taken.len() < length {
            let part = match self.peek(1).await? {
                [] => break,
                bytes => bytes.get(..length - taken.len()).unwrap_or(bytes),
            };
            taken.extend_from_slice(part);
            self.at += part.len();
        }
        Ok(taken.freeze())
    }

    /// Goes to an offset of the file, or to its end if that comes first. Going back costs a read.
    #[inline]
    pub fn seek(&mut self, offset: u64) {
        let ahead = offset.checked_sub(self.start).and_then(|ahead| usize::try_from(ahead).ok());
        match ahead {
            Some(ahead) if ahead <= self.window.len() => self.at = ahead,
            _ => self.jump(offset.min(self.source.len())),
        }
    }

    /// Goes where the bytes in hand do not reach.
    fn jump(&mut self, offset: u64) {
        let back = offset < self.position();
        (self.window, self.start, self.at) = (Bytes::new(), offset, 0);
        if back || offset >= self.next {
            self.ahead = FuturesOrdered::new();
            self.next = offset;
            self.depth = 1;
        }
    }

    /// Adds the next chunk to what is left of the bytes in hand. `false` at the end of the file.
    async fn grow(&mut self) -> Result<bool, ReadError> {
        loop {
            self.read_ahead();
            let Some(read) = self.ahead.next().await else { return Ok(false) };
            let (start, mut chunk) = read?;
            self.depth = AHEAD.min(self.depth + 1);
            self.read_ahead();
            let known = self.start + self.window.len() as u64;
            match usize::try_from(known.saturating_sub(start)) {
                // The whole chunk was passed over while it was under way.
                Ok(passed) if passed >= chunk.len() => {}
                Ok(passed) => {
                    drop(chunk.split_to(passed));
                    self.append(chunk);
                    return Ok(true);
                }
                Err(_) => {}
            }
        }
    }

    fn append(&mut self, chunk: Bytes) {
        self.start = self.position();
        // What is left is copied only where an element's header lies across two chunks.
        self.window = match self.window.get(self.at..) {
            None | Some([]) => chunk,
            Some(left) => {
                let mut joined = BytesMut::with_capacity(left.len() + chunk.len());
                joined.extend_from_slice(left);
                joined.extend_from_slice(&chunk);
                joined.freeze()
            }
        };
        self.at = 0;
    }

    fn read_ahead(&mut self) {
        while self.ahead.len() < self.depth && self.next < self.source.len() {
            let range = self.next..self.next.saturating_add(self.chunk).min(self.source.len());
            self.next = range.end;
            let source = self.source;
            let read = async move {
                let bytes = source.read(range.clone()).await?;
                if bytes.len() as u64 == range.end - range.start {
                    Ok((range.start, bytes))
                } else {
                    Err(ReadError::Failed(format!("{} bytes came for {range:?}", bytes.len())))
                }
            };
            self.ahead.push_back(read.boxed());
        }
    }
}
