//! What went wrong with CloudFront or Secrets Manager, as far as a caller can do something about it.

use aws_sdk_cloudfront::config::http::HttpResponse;
use aws_sdk_cloudfront::error::{BuildError, DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::cloudfront::key::KeyError;
use crate::store;

/// The name under which CloudFront is reported.
pub(crate) const CLOUDFRONT: &str = "CloudFront";

/// Why CloudFront did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The account has as many of these as it may have.
    #[error("{0}")]
    Quota(String),
    /// The service asks for patience, after all retries.
    #[error("{0} is throttling")]
    Throttled(&'static str),
    /// There is no such thing (any more).
    #[error("CloudFront has no such thing")]
    Gone,
    /// There is one of that name, or of that reference.
    #[error("CloudFront has one already")]
    Exists,
    /// It was changed meanwhile, or is not yet in a state in which this can be done.
    #[error("it is being changed")]
    Changing,
    /// The tables.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Anything else.
    #[error("{service}: {message}")]
    Service {
        /// Which service.
        service: &'static str,
        /// What it said.
        message: String,
    },
}

impl Error {
    /// Something that CloudFront should not have said.
    pub(super) fn cloudfront(message: impl std::fmt::Display) -> Self {
        Self::Service { service: CLOUDFRONT, message: message.to_string() }
    }
}

impl From<BuildError> for Error {
    fn from(error: BuildError) -> Self {
        Self::cloudfront(error)
    }
}

/// Of a call to CloudFront.
pub(super) fn of<E>(error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default() {
        "Throttling" | "ThrottlingException" | "TooManyRequestsException" | "TooManyInvalidationsInProgress" => {
            Error::Throttled(CLOUDFRONT)
        }
        code if code.starts_with("TooMany") => Error::Quota(quota(code)),
        "PreconditionFailed" | "InvalidIfMatchVersion" | "DistributionNotDisabled" => Error::Changing,
        code if code.starts_with("NoSuch") => Error::Gone,
        code if code.ends_with("AlreadyExists") => Error::Exists,
        _ => Error::cloudfront(DisplayErrorContext(error)),
    }
}

/// Which quota of CloudFront's is used up, and what can be done about it.
fn quota(code: &str) -> String {
    let what = match code {
        "TooManyDistributions" => {
            "distributions, and each streamed space takes one: delete the streaming of a space that needs none"
        }
        "TooManyResponseHeadersPolicies" => {
            "response headers policies, and each set of allowedOrigins takes one: use the same set for several spaces"
        }
        "TooManyPublicKeys" | "TooManyPublicKeysInKeyGroup" => {
            "public keys: keys that were rotated count until their last URL has expired"
        }
        other => other,
    };
    format!("the AWS account has as many as its quota of CloudFront allows of {what}, or have the quota raised")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use aws_sdk_cloudfront::error::ErrorMetadata;
    use aws_sdk_cloudfront::operation::create_invalidation::CreateInvalidationError;

    use super::*;

    #[test]
    fn what_cloudfront_says_is_what_can_be_done_about_it() {
        let said = |code| {
            let metadata = ErrorMetadata::builder().code(code).build();
            let response = HttpResponse::new(400.try_into().unwrap(), "".into());
            of(SdkError::service_error(CreateInvalidationError::generic(metadata), response))
        };
        for code in ["Throttling", "TooManyRequestsException", "TooManyInvalidationsInProgress"] {
            assert!(matches!(said(code), Error::Throttled(CLOUDFRONT)), "{code}");
        }
        for code in ["TooManyDistributions", "TooManyPublicKeys", "TooManyOriginRequestPolicies"] {
            assert!(matches!(said(code), Error::Quota(_)), "{code}");
        }
        assert!(matches!(said("NoSuchDistribution"), Error::Gone));
        assert!(matches!(said("FunctionAlreadyExists"), Error::Exists));
        assert!(matches!(said("PreconditionFailed"), Error::Changing));
        assert!(matches!(said("AccessDenied"), Error::Service { service: CLOUDFRONT, .. }));
    }
}
