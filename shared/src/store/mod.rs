//! S3 and DynamoDB: the media, and the index of it. The only room that knows of AWS.
//!
//! The clients are built once, from the usual AWS environment, and everything else of AWS stays behind [`Media`] and
//! [`IndexTable`].

mod index;
mod media;

pub use index::{Found, IndexTable, Reader};
pub use media::{Media, Object, ObjectSource};

/// Why S3 or DynamoDB gave no answer that is of use.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such object.
    #[error("there is no such object")]
    Missing,
    /// The object is no longer the one that was indexed.
    #[error("the object has changed since it was indexed")]
    Changed,
    /// The service asks for patience, after all retries.
    #[error("{0} is throttling")]
    Throttled(&'static str),
    /// Anything else.
    #[error("{service}: {message}")]
    Service {
        /// Which service.
        service: &'static str,
        /// What it said.
        message: String,
    },
}

/// The stores, by name.
#[derive(Clone, Debug)]
pub struct Stores {
    /// The media bucket.
    pub media: Media,
    /// The table of indexes.
    pub index: IndexTable,
}
