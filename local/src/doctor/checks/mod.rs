//! The checks of what only the command line sees. Each returns its finding, even if a service fails. Those of the stores are
//! [`reelspan_accounts::report`].

mod access;
mod bucket;
mod reach;
mod tables;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

pub use access::credentials;
pub use bucket::bucket;
pub use reach::{health, queue};
pub use tables::{TableNames, tables};

/// The answer of a service, or why there was none, in a few words.
fn said<E, R>(error: &SdkError<E, R>) -> String
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    if let Some(code) = error.code() {
        return code.to_owned();
    }
    // The last cause is the one that a person can act on.
    let mut cause: &dyn std::error::Error = match error {
        SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
            Some(error) => error,
            None => return "no connection".to_owned(),
        },
        SdkError::TimeoutError(_) => return "no answer in time".to_owned(),
        SdkError::ConstructionFailure(_) => return "the request could not be made".to_owned(),
        _ => return "an answer that does not come from the service".to_owned(),
    };
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}
