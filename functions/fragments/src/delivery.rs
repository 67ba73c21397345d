//! The size limits of answers. A streamed answer may have any size, except that Lambda cuts off its own at 200 MB. A
//! buffered one returns through API Gateway as a JSON event of at most 6 MB, with its body in base64.

use std::env;

pub use reelspan_gateway::LARGEST;

/// The largest streamed answer of Lambda in bytes (*AWS Lambda Developer Guide*, "Lambda quotas"), including the head.
pub const LARGEST_STREAM: u64 = 199_000_000;

/// How answers are returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// While they are made.
    Streamed,
    /// The same through Lambda, with a body of at most [`LARGEST_STREAM`].
    StreamedByLambda,
    /// Complete, with a body of at most [`LARGEST`]. Larger answers are redirected to the streaming host.
    Buffered,
    /// The same, and every viewer who can get the same answer at the streaming host is redirected there, whose edges keep it.
    Redirected,
}

/// `REELSPAN_ANSWER` has an unknown value.
#[derive(Debug, thiserror::Error)]
#[error("REELSPAN_ANSWER is {0:?}, and not \"streamed\", \"buffered\" or \"redirected\"")]
pub struct UnknownDelivery(String);

impl Delivery {
    /// From the environment of a Lambda function: `REELSPAN_ANSWER` is `streamed` (the default), `buffered` or
    /// `redirected`.
    pub fn from_env() -> Result<Self, UnknownDelivery> {
        match env::var("REELSPAN_ANSWER").ok().filter(|value| !value.is_empty()).as_deref() {
            None | Some("streamed") => Ok(Self::StreamedByLambda),
            Some("buffered") => Ok(Self::Buffered),
            Some("redirected") => Ok(Self::Redirected),
            Some(other) => Err(UnknownDelivery(other.to_owned())),
        }
    }

    /// The maximum size of a body in bytes.
    #[must_use]
    pub const fn limit(self) -> u64 {
        match self {
            Self::Streamed => u64::MAX,
            Self::StreamedByLambda => LARGEST_STREAM,
            Self::Buffered | Self::Redirected => LARGEST,
        }
    }
}
