//! The source of a container's bytes: an object on S3, a file, a slice in memory. And the sink for the pages of its
//! index.
//!
//! Callers implement [`Source`] and [`Sink`], whose methods are `async`. Passes use [`DynSource`] and [`DynSink`], so
//! that they are compiled once for all sources.

use std::ops::Range;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt};

use crate::index::PackedPage;

/// Why bytes could not be read, or a page could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file was overwritten or deleted meanwhile.
    #[error("the file changed while it was read")]
    Changed,
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// Random access to the bytes of one file, which does not change meanwhile.
pub trait Source: Sync {
    /// Its length in bytes.
    fn len(&self) -> u64;

    /// Whether it is empty.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All bytes of `range`, which is within the file. Each call is a round trip: request what you need in one.
    fn read(&self, range: Range<u64>) -> impl Future<Output = Result<Bytes, ReadError>> + Send;
}

/// A [`Source`] as a trait object; every source is one. A read costs one more allocation, which is negligible next to a
/// round trip.
pub trait DynSource: Sync {
    /// [`Source::len`].
    fn len(&self) -> u64;

    /// [`Source::is_empty`].
    fn is_empty(&self) -> bool;

    /// [`Source::read`].
    fn read(&self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ReadError>>;
}

impl<S: Source> DynSource for S {
    fn len(&self) -> u64 {
        Source::len(self)
    }

    fn is_empty(&self) -> bool {
        Source::is_empty(self)
    }

    fn read(&self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ReadError>> {
        Source::read(self, range).boxed()
    }
}

/// Receives the pages of an index as they become complete.
pub trait Sink {
    /// Takes a page. Pages come in any order, each once.
    fn page(&mut self, page: PackedPage) -> impl Future<Output = Result<(), ReadError>> + Send;
}

/// A [`Sink`] as a trait object; every sink is one.
pub trait DynSink: Send {
    /// [`Sink::page`].
    fn page(&mut self, page: PackedPage) -> BoxFuture<'_, Result<(), ReadError>>;
}

impl<S: Sink + Send> DynSink for S {
    fn page(&mut self, page: PackedPage) -> BoxFuture<'_, Result<(), ReadError>> {
        Sink::page(self, page).boxed()
    }
}

impl Source for Bytes {
    fn len(&self) -> u64 {
        self.as_ref().len() as u64
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, ReadError> {
        let bounds = (usize::try_from(range.start), usize::try_from(range.end));
        match bounds {
            (Ok(start), Ok(end)) if start <= end && end <= self.as_ref().len() => Ok(self.slice(start..end)),
            _ => Err(ReadError::Failed(format!("no bytes {range:?} in {}", self.as_ref().len()))),
        }
    }
}
