//! What went wrong with S3 or DynamoDB, as far as a caller can do something about it.

use std::fmt;

/// Why S3 or DynamoDB gave no answer that is of use.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
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

/// The name under which S3 is reported.
pub(super) const S3: &str = "S3";
/// The name under which DynamoDB is reported.
pub(super) const DYNAMODB: &str = "DynamoDB";
/// The name under which Secrets Manager is reported.
pub(crate) const SECRETS: &str = "Secrets Manager";

impl StoreError {
    /// Something that S3 should not have said.
    pub(super) fn s3(message: impl fmt::Display) -> Self {
        Self::Service { service: S3, message: message.to_string() }
    }

    /// Something that DynamoDB should not have said, or that should not stand in its table.
    pub(super) fn dynamodb(message: impl fmt::Display) -> Self {
        Self::Service { service: DYNAMODB, message: message.to_string() }
    }
}
