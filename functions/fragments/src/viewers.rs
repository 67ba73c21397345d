//! What is between a viewer and the function.

use std::env;

use http::HeaderName;

/// A `Range` in a unit that CloudFront does not know. The edge function puts it here so that it reaches the function,
/// and becomes a part of CloudFront's cache key. It is read only behind CloudFront.
pub const X_REELSPAN_RANGE: HeaderName = HeaderName::from_static("x-reelspan-range");

/// What is between a viewer and the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewers {
    /// Nothing that checks signatures: API Gateway, or nothing at all.
    Direct,
    /// CloudFront, and no other client can call the function. CloudFront has checked and removed the signature.
    CloudFront,
}

/// `REELSPAN_VIEWERS` is neither `cloudfront` nor `direct`.
#[derive(Debug, thiserror::Error)]
#[error("REELSPAN_VIEWERS is {0:?}, and neither \"cloudfront\" nor \"direct\"")]
pub struct UnknownViewers(String);

impl Viewers {
    /// From the environment: `REELSPAN_VIEWERS` is `cloudfront` or `direct` (the default).
    pub fn from_env() -> Result<Self, UnknownViewers> {
        match env::var("REELSPAN_VIEWERS").ok().filter(|value| !value.is_empty()).as_deref() {
            None | Some("direct") => Ok(Self::Direct),
            Some("cloudfront") => Ok(Self::CloudFront),
            Some(other) => Err(UnknownViewers(other.to_owned())),
        }
    }
}
