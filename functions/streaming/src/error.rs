//! What went wrong with the edges or the signing key, as far as a caller can do something about it.

use reelspan::cloudfront::key::KeyError;
use reelspan::store;
use reelspan_rest as rest;

/// The name under which CloudFront is reported.
pub const CLOUDFRONT: &str = "CloudFront";

/// Why the edges did not do what they were asked.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// Another caller changed it meanwhile.
    #[error("it is being changed")]
    Conflict,
    /// There is no room for more, or a quota is exceeded; the text says which.
    #[error("{0}")]
    Full(String),
    /// The service asks to try later, after all retries.
    #[error("{0} is throttling")]
    Throttled(&'static str),
    /// A table or a secret failed.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// A key is invalid.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Anything else.
    #[error("{CLOUDFRONT}: {0}")]
    Service(String),
}

impl From<EdgeError> for rest::RestError {
    fn from(error: EdgeError) -> Self {
        match error {
            EdgeError::Conflict => Self::Later("the streaming is being changed by others".to_owned()),
            EdgeError::Full(what) => Self::Conflict(what),
            EdgeError::Throttled(service) => Self::Busy(service),
            EdgeError::Store(error) => error.into(),
            EdgeError::Key(_) | EdgeError::Service(_) => Self::Upstream(error.to_string()),
        }
    }
}
