//! What went wrong with S3 or DynamoDB, as far as a caller can do something about it.

use std::fmt;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

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

/// The name under which S3 is reported.
pub(super) const S3: &str = "S3";
/// The name under which DynamoDB is reported.
pub(super) const DYNAMODB: &str = "DynamoDB";
/// The name under which Secrets Manager is reported.
pub(crate) const SECRETS: &str = "Secrets Manager";

impl Error {
    /// Something that S3 should not have said.
    pub(super) fn s3(message: impl fmt::Display) -> Self {
        Self::Service { service: S3, message: message.to_string() }
    }

    /// Something that DynamoDB should not have said, or that should not stand in its table.
    pub(super) fn dynamodb(message: impl fmt::Display) -> Self {
        Self::Service { service: DYNAMODB, message: message.to_string() }
    }
}

/// Of a call to S3: 404 is [`Error::Missing`], a condition that does not hold (412) [`Error::Changed`].
pub(super) fn of_s3<E>(error: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.raw_response().map(|response| response.status().as_u16()) {
        Some(404) => Error::Missing,
        Some(412) => Error::Changed,
        Some(429 | 503) => Error::Throttled(S3),
        _ => Error::s3(chain(error)),
    }
}

/// Of a call to DynamoDB.
pub(super) fn of_dynamodb<E>(error: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    const PATIENCE: [&str; 3] =
        ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"];
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some(code) if PATIENCE.contains(&code) => Error::Throttled(DYNAMODB),
        _ => Error::dynamodb(chain(error)),
    }
}

/// Of a call to Secrets Manager.
pub(crate) fn of_secrets<E>(error: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some("ThrottlingException") => Error::Throttled(SECRETS),
        _ => Error::Service { service: SECRETS, message: chain(error) },
    }
}

/// An error and its causes in one line: what the SDK displays of itself is only "service error".
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
