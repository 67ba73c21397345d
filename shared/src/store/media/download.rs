//! One ranged GET of one version of an object, resumed if its connection breaks.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use crate::store::Error;
use crate::store::error::of_s3;
use crate::store::retry::Backoff;

/// How many GETs in a row may break off without a byte.
const BREAKS: u32 = 4;

/// One version of one object.
#[derive(Debug)]
pub(super) struct Version {
    pub client: aws_sdk_s3::Client,
    pub bucket: String,
    pub key: String,
    pub etag: String,
    /// The number of answered GETs.
    pub gets: AtomicU64,
    /// The number of bytes that they brought.
    pub bytes: AtomicU64,
}

impl Version {
    /// A GET of `range`, on condition that the object is still this version. S3 answers 412, or 404 if the object was
    /// deleted; if another implementation of S3 ignores the condition, the ETag of its answer shows it.
    async fn get(&self, range: &Range<u64>) -> Result<ByteStream, Error> {
        let request = self.client.get_object().bucket(&self.bucket).key(&self.key).if_match(&self.etag);
        let last = range.end.saturating_sub(1);
        let answer = request.range(format!("bytes={}-{last}", range.start)).send().await;
        let answer = answer.map_err(|error| match of_s3(&error) {
            Error::Missing => Error::Changed,
            other => other,
        })?;
        if answer.e_tag().is_some_and(|etag| etag != self.etag) {
            return Err(Error::Changed);
        }
        if !begins_at(&answer, range.start) {
            let found = answer.content_range().unwrap_or("the whole object");
            return Err(Error::s3(format!("answered {found:?} to a request for bytes {}-{last}", range.start)));
        }
        self.gets.fetch_add(1, Ordering::Relaxed);
        Ok(answer.body)
    }
}

/// Whether an answer's Content-Range (RFC 9110 §14.4) begins at this byte.
fn begins_at(answer: &GetObjectOutput, start: u64) -> bool {
    let range = answer.content_range().and_then(|range| range.strip_prefix("bytes "));
    range.and_then(|range| range.split_once('-')).and_then(|(first, _)| first.parse().ok()) == Some(start)
}

/// The bytes of a range as they arrive.
#[derive(Debug)]
pub(super) struct Download {
    version: Arc<Version>,
    stream: ByteStream,
    /// Received bytes that were not taken yet; they end at `at`.
    chunk: Bytes,
    at: u64,
    end: u64,
}

impl Download {
    /// Requests the bytes of `range`, which is not empty, and waits for the answer to begin.
    pub async fn open(version: Arc<Version>, range: Range<u64>) -> Result<Self, Error> {
        let stream = version.get(&range).await?;
        Ok(Self { version, stream, chunk: Bytes::new(), at: range.start, end: range.end })
    }

    /// How many bytes of the range have not been taken yet.
    pub fn remaining(&self) -> u64 {
        self.end - self.at + self.chunk.len() as u64
    }

    /// The next bytes of `wanted`, which is not empty and within the remaining range: at least one, and never more than
    /// arrived together. Bytes before `wanted` are dropped. No byte is copied.
    pub async fn read(&mut self, wanted: Range<u64>) -> Result<Bytes, Error> {
        loop {
            let start = self.at - self.chunk.len() as u64;
            drop(self.chunk.split_to(within(&self.chunk, wanted.start.saturating_sub(start))));
            if !self.chunk.is_empty() {
                let start = self.at - self.chunk.len() as u64;
                return Ok(self.chunk.split_to(within(&self.chunk, wanted.end.saturating_sub(start))));
            }
            self.receive().await?;
        }
    }

    /// Waits for the next bytes.
    async fn receive(&mut self) -> Result<(), Error> {
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
                Some(Err(error)) => error.to_string(),
                None => "it ended early".to_owned(),
            };
            tracing::warn!(key = self.version.key, at = self.at, end = self.end, reason, "a GET broke off");
            if !backoff.pause().await {
                return Err(Error::s3(format!("the body broke off {left} bytes early: {reason}")));
            }
            self.stream = self.version.get(&(self.at..self.end)).await?;
        }
        Err(Error::s3("more bytes were wanted of a GET than it asked for"))
    }
}

/// `count`, but at most the length of `chunk`.
fn within(chunk: &Bytes, count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX).min(chunk.len())
}
