//! The checks, each of which gives its finding whatever happens.

mod access;
mod bucket;
mod index;
mod reach;
mod tables;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

pub use access::credentials;
pub use bucket::bucket;
pub use index::{Which, index};
pub use reach::{health, queue};
pub use tables::tables;

/// What a service said, or why it said nothing, in a few words.
fn said<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    if let Some(code) = error.code() {
        return code.to_owned();
    }
    // The last of its causes is what a person can act on.
    let mut cause: &dyn std::error::Error = match error {
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(error) => error,
            None => return "no connection".to_owned(),
        },
        SdkError::TimeoutError(_) => return "no answer in time".to_owned(),
        SdkError::ConstructionFailure(_) => return "the request could not be made".to_owned(),
        _ => return "an answer that is none of the service's".to_owned(),
    };
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
