//! Where a container's bytes come from: an object on S3, a file, a slice in memory.

use std::ops::Range;

use bytes::Bytes;

/// Why bytes could not be had, or a page not be stored.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file is no longer the one that is being read: it was overwritten or deleted meanwhile.
    #[error("the file changed while it was read")]
    Changed,
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

/// Random access to the bytes of one file, which does not change meanwhile.
pub trait Source: Sync {
    /// How many bytes it has.
    fn len(&self) -> u64;

    /// Whether it is empty.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All bytes of `range`, which lies within the file. Each call is a round trip: ask for what you need in one.
    fn read(&self, range: Range<u64>) -> impl Future<Output = Result<Bytes, ReadError>> + Send;
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
