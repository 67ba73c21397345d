//! What the API of CloudFront answers when it does not do what it was asked.

use aws_sdk_cloudfront::config::http::HttpResponse;
use aws_sdk_cloudfront::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};

use crate::EdgeError;
use crate::error::CLOUDFRONT;

/// Why CloudFront did not do what it was asked.
#[derive(Debug)]
pub(crate) enum CloudFrontFault {
    /// There is one of that name already.
    Exists,
    /// It does not exist, or not any more.
    Gone,
    /// Anything else.
    Other(EdgeError),
}

impl From<CloudFrontFault> for EdgeError {
    fn from(fault: CloudFrontFault) -> Self {
        match fault {
            CloudFrontFault::Exists => Self::Service("a resource of that name exists, and cannot be found".to_owned()),
            CloudFrontFault::Gone => Self::Service("a resource is missing".to_owned()),
            CloudFrontFault::Other(error) => error,
        }
    }
}

/// A resource that CloudFront returned without its description.
pub(crate) fn unnamed(what: &str) -> EdgeError {
    EdgeError::Service(format!("{what} without an id"))
}

/// The fault of a call to CloudFront.
pub(crate) fn of<E>(error: SdkError<E, HttpResponse>) -> CloudFrontFault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default() {
        "Throttling" | "ThrottlingException" | "TooManyRequestsException" | "TooManyInvalidationsInProgress" => {
            CloudFrontFault::Other(EdgeError::Throttled(CLOUDFRONT))
        }
        "TooManyPublicKeys" | "TooManyPublicKeysInKeyGroup" => CloudFrontFault::Other(EdgeError::Full(
            "CloudFront has as many public keys as its quota allows: a key that was replaced counts for a week"
                .to_owned(),
        )),
        "PreconditionFailed" | "InvalidIfMatchVersion" => CloudFrontFault::Other(EdgeError::Conflict),
        code if code.starts_with("NoSuch") => CloudFrontFault::Gone,
        code if code.ends_with("AlreadyExists") => CloudFrontFault::Exists,
        _ => CloudFrontFault::Other(EdgeError::Service(DisplayErrorContext(error).to_string())),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use aws_sdk_cloudfront::error::ErrorMetadata;
    use aws_sdk_cloudfront::operation::create_invalidation::CreateInvalidationError;

    use super::*;

    #[test]
    fn the_answers_of_cloudfront_are_told_apart() {
        let fault = |code| {
            let metadata = ErrorMetadata::builder().code(code).build();
            let response = HttpResponse::new(400.try_into().unwrap(), "".into());
            of(SdkError::service_error(CreateInvalidationError::generic(metadata), response))
        };
        for code in ["Throttling", "TooManyRequestsException", "TooManyInvalidationsInProgress"] {
            assert!(matches!(fault(code), CloudFrontFault::Other(EdgeError::Throttled(CLOUDFRONT))), "{code}");
        }
        assert!(matches!(fault("TooManyPublicKeys"), CloudFrontFault::Other(EdgeError::Full(_))));
        assert!(matches!(fault("NoSuchPublicKey"), CloudFrontFault::Gone));
        assert!(matches!(fault("KeyGroupAlreadyExists"), CloudFrontFault::Exists));
        assert!(matches!(fault("PreconditionFailed"), CloudFrontFault::Other(EdgeError::Conflict)));
        assert!(matches!(fault("AccessDenied"), CloudFrontFault::Other(EdgeError::Service(_))));
    }
}
