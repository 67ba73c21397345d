//! One ranged GET of one version of an object, resumed if its connection breaks.

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Buf, Bytes};
use futures::StreamExt;

use crate::space::MediaKey;
use crate::store::StoreError;
use crate::store::bucket::{ObjectVersion, ReadCost, ReadStream};
use crate::store::retry::Backoff;

/// How many GETs in a row may break off without a byte.
const BREAKS: u32 = 4;

/// One version of one object, and the count of its reads.
#[derive(Debug)]
pub(super) struct DownloadVersion {
    object: Arc<dyn ObjectVersion>,
    key: MediaKey,
    gets: AtomicU64,
    bytes: AtomicU64,
}

impl DownloadVersion {
    pub fn new(object: Arc<dyn ObjectVersion>, key: &MediaKey) -> Self {
        Self { object, key: key.clone(), gets: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    /// The number of answered GETs.
    pub fn gets(&self) -> u64 {
        self.gets.load(Ordering::Relaxed)
    }

    /// The number of bytes that they brought.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// How reads pay.
    pub fn reading(&self) -> ReadCost {
        self.object.reading()
    }

    /// The file that it is, if there is one.
    pub fn file(&self) -> Option<Arc<File>> {
        self.object.file()
    }

    async fn get(&self, range: &Range<u64>) -> Result<ReadStream, StoreError> {
        let chunks = self.object.read(range.clone()).await?;
        self.gets.fetch_add(1, Ordering::Relaxed);
        Ok(chunks)
    }
}

/// The bytes of a range as they arrive.
pub(super) struct Download {
    version: Arc<DownloadVersion>,
    stream: ReadStream,
    /// Received bytes that were not taken yet; they end at `at`.
    chunk: Bytes,
    at: u64,
    end: u64,
}

impl Download {
    /// Requests the bytes of `range`, which is not empty, and waits for the answer to begin.
    pub async fn open(version: Arc<DownloadVersion>, range: Range<u64>) -> Result<Self, StoreError> {
        let stream = version.get(&range).await?;
        Ok(Self { version, stream, chunk: Bytes::new(), at: range.start, end: range.end })
    }

    /// How many bytes of the range have not been taken yet.
    pub fn remaining(&self) -> u64 {
        self.end - self.at + self.chunk.len() as u64
    }

    /// The next bytes of `wanted`, which is not empty and within the remaining range: at least one, and never more than
    /// arrived together. Bytes before `wanted` are dropped. No byte is copied.
    pub async fn read(&mut self, wanted: Range<u64>) -> Result<Bytes, StoreError> {
        loop {
            self.chunk.advance(within(&self.chunk, self.before(wanted.start)));
            if !self.chunk.is_empty() {
                return Ok(self.chunk.split_to(within(&self.chunk, self.before(wanted.end))));
            }
            self.receive().await?;
        }
    }

    /// All of `wanted`, if it has arrived and was not dropped.
    pub fn at_hand(&mut self, wanted: Range<u64>) -> Option<Bytes> {
        let (start, end) = (self.at - self.chunk.len() as u64, self.at);
        if wanted.start < start || wanted.end > end {
            return None;
        }
        self.chunk.advance(within(&self.chunk, self.before(wanted.start)));
        let length = within(&self.chunk, self.before(wanted.end));
        Some(self.chunk.split_to(length))
    }

    /// How many of the bytes that have not been taken yet come before a position.
    const fn before(&self, position: u64) -> u64 {
        position.saturating_sub(self.at - self.chunk.len() as u64)
    }

    /// Waits for the next bytes.
    async fn receive(&mut self) -> Result<(), StoreError> {
        let mut backoff = Backoff::new(BREAKS);
        while self.at < self.end {
            let left = self.end - self.at;
            let reason = match self.stream.next().await {
                Some(Ok(mut chunk)) => {
                    chunk.truncate(within(&chunk, left));
                    self.at += chunk.len() as u64;
                    self.version.bytes.fetch_add(chunk.len() as u64, Ordering::Relaxed);
                    self.chunk = chunk;
                    return Ok(());
                }
                Some(Err(reason)) => reason,
                None => "it ended early".to_owned(),
            };
            tracing::warn!(key = %self.version.key, at = self.at, end = self.end, reason, "a GET broke off");
            if !backoff.pause().await {
                return Err(StoreError::s3(format!("the body broke off {left} bytes early: {reason}")));
            }
            self.stream = self.version.get(&(self.at..self.end)).await?;
        }
        Err(StoreError::s3("more bytes were wanted of a GET than it asked for"))
    }
}

/// `count`, but at most the length of `chunk`.
fn within(chunk: &Bytes, count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX).min(chunk.len())
}
