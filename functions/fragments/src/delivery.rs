//! How much an answer can carry. A streamed one carries anything, but for Lambda's, which are cut off at 200 MB. A buffered one
//! goes back through API Gateway as a JSON event of at most 6 MB, its body in base64.

use std::env;

pub use reelspan_gateway::LARGEST;

/// How many bytes a streamed answer of Lambda may have (*AWS Lambda Developer Guide*, "Lambda quotas"), head and all.
pub const LARGEST_STREAM: u64 = 199_000_000;

/// How answers go back to who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// As they come into being.
    Streamed,
    /// Likewise, by Lambda, with a body of at most [`LARGEST_STREAM`].
    StreamedByLambda,
    /// Whole, with a body of at most [`LARGEST`]. What is larger is to be had where the space streams.
    Buffered,
}

/// `REELSPAN_ANSWER` says something else than `buffered` or `streamed`.
#[derive(Debug, thiserror::Error)]
#[error("REELSPAN_ANSWER is {0:?}, and neither \"buffered\" nor \"streamed\"")]
pub struct UnknownDelivery(String);

impl Delivery {
    /// As the environment of a Lambda function says: `REELSPAN_ANSWER` is `buffered` or `streamed`, which it is where nothing
    /// is said.
    pub fn from_env() -> Result<Self, UnknownDelivery> {
        match env::var("REELSPAN_ANSWER").ok().filter(|value| !value.is_empty()).as_deref() {
            None | Some("streamed") => Ok(Self::StreamedByLambda),
            Some("buffered") => Ok(Self::Buffered),
            Some(other) => Err(UnknownDelivery(other.to_owned())),
        }
    }

    /// How many bytes a body may have.
    #[must_use]
    pub const fn limit(self) -> u64 {
        match self {
            Self::Streamed => u64::MAX,
            Self::StreamedByLambda => LARGEST_STREAM,
            Self::Buffered => LARGEST,
        }
    }
}
