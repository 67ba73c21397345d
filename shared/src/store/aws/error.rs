//! The errors of the SDKs as errors of the stores.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::store::error::{DYNAMODB, S3, SECRETS, StoreError};

/// Of a call to S3: 404 is [`StoreError::Missing`], a condition that does not hold (412) [`StoreError::Changed`].
pub(in crate::store) fn of_s3<E>(error: &SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.raw_response().map(|response| response.status().as_u16()) {
        Some(404) => StoreError::Missing,
        Some(412) => StoreError::Changed,
        Some(429 | 503) => StoreError::Throttled(S3),
        _ => StoreError::s3(chain(error)),
    }
}

/// Of a call to DynamoDB.
pub(in crate::store) fn of_dynamodb<E>(error: &SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    const PATIENCE: [&str; 3] =
        ["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"];
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some(code) if PATIENCE.contains(&code) => StoreError::Throttled(DYNAMODB),
        _ => StoreError::dynamodb(chain(error)),
    }
}

/// Of a call to Secrets Manager.
pub(crate) fn of_secrets<E>(error: &SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some("ThrottlingException") => StoreError::Throttled(SECRETS),
        _ => StoreError::Service { service: SECRETS, message: chain(error) },
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
