//! Who stands between a viewer and the function.

use std::env;

use http::HeaderName;

/// A `Range` in a unit that CloudFront does not know, which the edge function has put here so that it reaches the function, and
/// is part of what CloudFront's cache tells answers apart by. It is read behind CloudFront alone.
pub const X_REELSPAN_RANGE: HeaderName = HeaderName::from_static("x-reelspan-range");

/// Who stands between a viewer and the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Viewers {
    /// Nobody who looks at signatures: API Gateway, or nothing at all.
    Direct,
    /// CloudFront, and the function answers nobody else. It has looked at the signature, and taken it away.
    CloudFront,
}

/// `REELSPAN_VIEWERS` says something else than `cloudfront` or `direct`.
#[derive(Debug, thiserror::Error)]
#[error("REELSPAN_VIEWERS is {0:?}, and neither \"cloudfront\" nor \"direct\"")]
pub struct UnknownViewers(String);

impl Viewers {
    /// As the environment says: `REELSPAN_VIEWERS` is `cloudfront` or `direct`, which it is where nothing is said.
    pub fn from_env() -> Result<Self, UnknownViewers> {
        match env::var("REELSPAN_VIEWERS").ok().filter(|value| !value.is_empty()).as_deref() {
            None | Some("direct") => Ok(Self::Direct),
            Some("cloudfront") => Ok(Self::CloudFront),
            Some(other) => Err(UnknownViewers(other.to_owned())),
        }
    }
}
