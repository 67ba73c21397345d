//! A file read once from its beginning to its end, in constant memory. Some chunks are always being read ahead, which
//! hides the latency of a store, and skipped parts beyond them are not read.

use bytes::{Buf, Bytes, BytesMut};
use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt};
use futures::stream::FuturesOrdered;

use super::{DynSource, ReadError};

/// How many bytes are requested at once: enough that S3's first-byte latency is a small part of the transfer.
pub const CHUNK: u64 = 4 << 20;

/// The maximum number of chunks being read besides the current one: 16 MiB in all.
const AHEAD: usize = 3;

/// A position in a file, and the bytes that follow it.
pub struct SourceStream<'s> {
    source: &'s dyn DynSource,
    chunk: u64,
    /// The current bytes, and their offset in the file.
    window: Bytes,
    start: u64,
    /// How many bytes of the window are before the position.
    at: usize,
    /// If the window is joined from several chunks: the offset of the last one, and its bytes.
    last: (u64, Bytes),
    /// Reads in progress, in order; their bytes begin at the position or after it.
    ahead: FuturesOrdered<BoxFuture<'s, Result<(u64, Bytes), ReadError>>>,
    /// The offset of the next read.
    next: u64,
    /// How many reads may be in progress: one after a jump, because its target may be skipped too.
    depth: usize,
}

impl<'s> SourceStream<'s> {
    /// Starts at the beginning of the file, with chunks of this size.
    pub fn new(source: &'s dyn DynSource, chunk: u64) -> Self {
        let ahead = FuturesOrdered::new();
        let (window, last) = (Bytes::new(), (0, Bytes::new()));
        Self { source, chunk, window, start: 0, at: 0, last, ahead, next: 0, depth: 1 }
    }

    /// The length of the file.
    pub fn len(&self) -> u64 {
        self.source.len()
    }

    /// How many bytes are requested at once.
    pub const fn chunk(&self) -> u64 {
        self.chunk
    }

    /// The source, for bytes elsewhere.
    pub const fn source(&self) -> &'s dyn DynSource {
        self.source
    }

    /// The offset of the next byte.
    pub const fn position(&self) -> u64 {
        self.start + self.at as u64
    }

    /// The next bytes, at least `wanted` of them unless the file ends before. They are not taken.
    #[inline]
    pub async fn peek(&mut self, wanted: usize) -> Result<&[u8], ReadError> {
        if self.window.len() - self.at < wanted {
            self.grow(wanted).await?;
        }
        Ok(self.window.get(self.at..).unwrap_or_default())
    }

    /// Takes `length` bytes, or fewer at the end of the file. They are copied, so that a few do not keep a whole chunk.
    pub async fn take(&mut self, length: usize) -> Result<Bytes, ReadError> {
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
            // Those that are being read follow the last chunk, so it is of no use for going back.
            _ => match ahead.and_then(|_| self.of_last(offset)) {
                Some(rest) => (self.window, self.start, self.at) = (rest, offset, 0),
                None => self.jump(offset.min(self.source.len())),
            },
        }
    }

    /// The bytes from this offset to the end of the last chunk of a joined window, if it is in that chunk.
    fn of_last(&self, offset: u64) -> Option<Bytes> {
        let (start, chunk) = &self.last;
        let passed = usize::try_from(offset.checked_sub(*start)?).ok()?;
        (passed < chunk.len()).then(|| chunk.slice(passed..))
    }

    /// Goes to an offset outside of the current bytes.
    fn jump(&mut self, offset: u64) {
        let back = offset < self.position();
        (self.window, self.start, self.at) = (Bytes::new(), offset, 0);
        self.last = (0, Bytes::new());
        if back || offset >= self.next {
            self.ahead = FuturesOrdered::new();
            self.next = offset;
            self.depth = 1;
        }
    }

    /// Adds bytes to the rest of the current ones until there are `wanted`, or the file ends. Bytes are copied only if what is
    /// wanted spans two chunks, and then once: as many more are copied as are wanted until the position is in the second one.
    async fn grow(&mut self, wanted: usize) -> Result<(), ReadError> {
        self.start = self.position();
        match self.of_last(self.start) {
            Some(rest) => self.window = rest,
            None => self.window.advance(self.at),
        }
        self.at = 0;
        if self.window.is_empty() {
            self.last = (0, Bytes::new());
            self.window = self.next_chunk(self.start).await?;
        }
        if self.window.len() >= wanted {
            return Ok(());
        }
        // What is wanted may be a length that the file claims.
        let left = usize::try_from(self.source.len().saturating_sub(self.start)).unwrap_or(usize::MAX);
        let most = self.window.len().saturating_add(wanted).min(left);
        let mut joined = BytesMut::with_capacity(most);
        joined.extend_from_slice(&self.window);
        while joined.len() < wanted {
            let end = self.start + joined.len() as u64;
            let chunk = match self.of_last(end) {
                Some(rest) => rest,
                None => self.next_chunk(end).await?,
            };
            if chunk.is_empty() {
                break;
            }
            joined.extend_from_slice(chunk.get(..most - joined.len()).unwrap_or(&chunk));
            self.last = (end, chunk);
        }
        self.window = joined.freeze();
        Ok(())
    }

    /// The bytes from this offset to the end of a chunk, which is the next of those that are read. Empty at the end of the file.
    async fn next_chunk(&mut self, offset: u64) -> Result<Bytes, ReadError> {
        loop {
            self.read_ahead();
            let Some(read) = self.ahead.next().await else { return Ok(Bytes::new()) };
            let (start, mut chunk) = read?;
            self.depth = AHEAD.min(self.depth + 1);
            self.read_ahead();
            // A whole chunk may have been skipped while it was being read.
            if let Ok(passed) = usize::try_from(offset.saturating_sub(start))
                && passed < chunk.len()
            {
                chunk.advance(passed);
                return Ok(chunk);
            }
        }
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::ops::Range;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::executor::block_on;

    use super::*;
    use crate::container::Source;

    /// Bytes 0, 1, 2, …, which come only at the second poll.
    struct Slow {
        length: u64,
        asked: Mutex<Vec<Range<u64>>>,
        under_way: AtomicUsize,
        most: AtomicUsize,
        short: bool,
    }

    impl Slow {
        fn new(length: u64) -> Self {
            let counter = || AtomicUsize::new(0);
            Self { length, asked: Mutex::default(), under_way: counter(), most: counter(), short: false }
        }
    }

    impl Source for Slow {
        fn len(&self) -> u64 {
            self.length
        }

        async fn read(&self, range: Range<u64>) -> Result<Bytes, ReadError> {
            self.asked.lock().unwrap().push(range.clone());
            let under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(under_way, Ordering::SeqCst);
            let mut second = false;
            futures::future::poll_fn(|context| {
                context.waker().wake_by_ref();
                if std::mem::replace(&mut second, true) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            })
            .await;
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            let end = range.end - u64::from(self.short);
            Ok((range.start..end).map(|at| at.to_le_bytes()[0]).collect())
        }
    }

    #[test]
    fn every_byte_comes_once_and_in_order() {
        for chunk in [1, 3, 10, 1000] {
            let source = Slow::new(100);
            let mut stream = SourceStream::new(&source, chunk);
            for at in 0..100 {
                let peeked = block_on(stream.peek(5)).unwrap();
                assert_eq!((peeked[0], peeked.len() >= 5.min(100 - usize::from(at))), (at, true));
                stream.seek(u64::from(at) + 1);
            }
            assert!(block_on(stream.peek(1)).unwrap().is_empty());
            let asked = source.asked.lock().unwrap();
            assert_eq!(asked.first().unwrap().start, 0);
            assert!(asked.windows(2).all(|pair| pair[0].end == pair[1].start), "{asked:?}");
        }
    }

    #[test]
    fn any_way_through_shows_the_bytes_of_the_file() {
        // Steps forward of many lengths, some back, and looks of many lengths, over small chunks.
        let mut random = 1_u64;
        let mut below = |bound: u64| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (random >> 33) % bound
        };
        for chunk in [1, 7, 16, 64] {
            let source = Slow::new(250);
            for _ in 0..200 {
                let mut stream = SourceStream::new(&source, chunk);
                while stream.position() < 250 {
                    let (at, wanted) = (stream.position(), below(40));
                    let seen = block_on(stream.peek(usize::try_from(wanted).unwrap())).unwrap();
                    assert!(seen.len() as u64 >= wanted.min(250 - at));
                    assert!(seen.iter().zip(at..).all(|(byte, at)| u64::from(*byte) == at), "{at} {wanted} {chunk}");
                    stream.seek(if below(9) == 0 { at.saturating_sub(below(30)) } else { at + below(30) });
                }
            }
        }
    }

    #[test]
    fn what_spans_two_chunks_is_copied_once() {
        let source = Slow::new(200);
        let mut stream = SourceStream::new(&source, 100);
        assert_eq!(block_on(stream.peek(1)).unwrap().len(), 100);
        stream.seek(95);
        assert_eq!(block_on(stream.peek(10)).unwrap(), (95..110).collect::<Vec<u8>>());
        stream.seek(100);
        assert_eq!(block_on(stream.peek(10)).unwrap(), (100..110).collect::<Vec<u8>>());
        stream.seek(101);
        assert_eq!(block_on(stream.peek(10)).unwrap(), (101..200).collect::<Vec<u8>>());
    }

    #[test]
    fn no_more_memory_is_taken_than_the_file_has_bytes() {
        let source = Slow::new(200);
        let mut stream = SourceStream::new(&source, 100);
        assert_eq!(block_on(stream.peek(usize::MAX)).unwrap(), (0..200).collect::<Vec<u8>>());
    }

    #[test]
    fn a_few_reads_are_under_way_and_never_more() {
        let source = Slow::new(1000);
        let mut stream = SourceStream::new(&source, 10);
        assert_eq!(block_on(stream.take(1000)).unwrap().len(), 1000);
        assert_eq!(source.most.load(Ordering::SeqCst), AHEAD);
    }

    #[test]
    fn what_is_jumped_over_is_not_asked_for() {
        let source = Slow::new(1000);
        let mut stream = SourceStream::new(&source, 10);
        for (to, expected) in [(0, 0), (7, 7), (38, 38), (500, 244), (505, 249), (20, 20), (999, 231)] {
            stream.seek(to);
            assert_eq!((block_on(stream.peek(1)).unwrap()[0], stream.position()), (expected, to));
        }
        stream.seek(u64::MAX);
        assert_eq!((block_on(stream.take(9)).unwrap(), stream.position()), (Bytes::new(), 1000));
        let asked: u64 = source.asked.lock().unwrap().iter().map(|range| range.end - range.start).sum();
        assert!(asked <= 4 * 40, "{asked} bytes");
    }

    #[test]
    fn a_read_that_comes_short_is_an_error() {
        let source = Slow { short: true, ..Slow::new(1000) };
        assert!(matches!(block_on(SourceStream::new(&source, 10).peek(1)), Err(ReadError::Failed(_))));
    }
}
