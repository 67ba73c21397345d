//! Error answers, in one place: problem details (RFC 9457) with their status and header fields.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, RETRY_AFTER, VARY};
use http::{HeaderName, StatusCode};
use reelspan::budget::BudgetFull;
use reelspan::cloudfront::verify::SignatureRefusal;
use reelspan::http::problem::{self, Problem};
use reelspan::space::NameError;
use reelspan::store;
use reelspan_engine::caption;
use reelspan_engine::container;
use reelspan_engine::fragment::range;
use reelspan_engine::fragment::resolve;
use reelspan_engine::media::Time;
use reelspan_engine::package;

/// Why a request is not answered with media.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// There is no such route.
    #[error("there is nothing at this path")]
    NoRoute,
    /// The route does not support the method.
    #[error("only GET and HEAD are supported here")]
    Method,
    /// The path contains an invalid name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The path, percent-decoded, is not UTF-8.
    #[error("the path is not percent-encoded UTF-8")]
    Path,
    /// There is nothing to validate.
    #[error("{0}")]
    Validate(&'static str),
    /// The space does not stream.
    #[error("{0}")]
    Closed(&'static str),
    /// The space requires a signature, and the request has no valid one.
    #[error("{0}")]
    Unsigned(#[from] SignatureRefusal),
    /// The content does not exist.
    #[error("there is no such content")]
    Missing,
    /// The request names a part that the file does not have, and the whole may be more than was signed.
    #[error(
        "no such part: {0}; in a space with secure streaming, only a request for the whole file returns the whole file"
    )]
    NoPart(String),
    /// The file exists, but has not been indexed yet.
    #[error("this version of the file is being indexed")]
    Indexing,
    /// The file has no index; the text says why.
    #[error("the file cannot be cut: {0}")]
    Refused(String),
    /// The file has no stream; the text says why.
    #[error("the file has no stream: {0}")]
    NoStream(String),
    /// The name is of a segment of another version of the file.
    #[error("this is of another version of the file; load the playlist again")]
    OtherVersion,
    /// The stream has no such segment.
    #[error("the stream has no such segment")]
    NoSegment,
    /// The content names no such variant.
    #[error("the content names no such rendition")]
    NoVariant,
    /// The content has no captions of this name.
    #[error("the content has no captions of this name")]
    NoCaptions,
    /// The captions cannot be given out as WebVTT; the text says why.
    #[error("{0}")]
    BadCaptions(String),
    /// The captions are larger than captions are.
    #[error("{0}")]
    LargeCaptions(String),
    /// There is nothing at the requested time; usually it is after the end.
    #[error("the file lasts {duration} s, and has nothing at the requested time")]
    Outside {
        /// The duration of the file.
        duration: Time,
    },
    /// A condition of the request does not hold.
    #[error("precondition failed: the resource does not match the request's conditions")]
    Precondition,
    /// The range is not satisfiable.
    #[error("{why}")]
    Unsatisfiable {
        /// The length of the resource.
        length: u64,
        /// What is wrong with the range.
        why: String,
    },
    /// The answer is too large to be buffered.
    #[error("{length} bytes are too many for one answer; request a byte range")]
    TooLarge {
        /// The length of the answer.
        length: u64,
    },
    /// The cut would exceed its memory bound.
    #[error("the cut takes more than {taken} bytes of memory, and the bound is {bound}; request a shorter one")]
    Memory {
        /// The memory in use when it was stopped, in bytes.
        taken: u64,
        /// The bound in bytes.
        bound: u64,
    },
    /// Other answers use all memory for answers.
    #[error("other requests use all memory for answers; try again later")]
    Full,
    /// A store asks to try later.
    #[error("{0} is busy")]
    Busy(&'static str),
    /// A store failed; the text is only for the log.
    #[error("the media or their index could not be read")]
    Upstream(String),
    /// An error in the program; the text is only for the log.
    #[error("internal error")]
    Internal(String),
}

impl MediaError {
    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Path | Self::Validate(_) => StatusCode::BAD_REQUEST,
            Self::Closed(_) | Self::Unsigned(_) => StatusCode::FORBIDDEN,
            Self::NoRoute
            | Self::Name(_)
            | Self::Missing
            | Self::NoPart(_)
            | Self::Outside { .. }
            | Self::OtherVersion
            | Self::NoSegment
            | Self::NoVariant
            | Self::NoCaptions => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Precondition => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge { .. } | Self::Memory { .. } | Self::LargeCaptions(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Refused(_) | Self::NoStream(_) | Self::BadCaptions(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unsatisfiable { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Upstream(_) => StatusCode::BAD_GATEWAY,
            Self::Indexing | Self::Busy(_) | Self::Full => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The problem details.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let title = match self {
            Self::Name(_) => "Invalid name",
            Self::Closed(_) => "Not streamed",
            Self::Unsigned(_) => "Not allowed by the signature",
            Self::Outside { .. } => "Nothing at this time",
            Self::Refused(_) => "Fragments are not supported for this file",
            Self::NoStream(_) => "This file has no stream",
            Self::TooLarge { .. } => "Too large for one answer",
            Self::Memory { .. } => "The cut is too large",
            Self::Indexing => "Being indexed",
            _ => self.status().canonical_reason().unwrap_or("Problem"),
        };
        let problem = Problem::new(self.status().as_u16(), title).detail(self.to_string());
        match self {
            Self::Memory { bound, .. } => problem.member("bound", *bound),
            Self::Outside { duration } => problem.member("duration", duration.as_secs_f64()),
            Self::Unsatisfiable { length, .. } | Self::TooLarge { length } => problem.member("length", *length),
            _ => problem,
        }
    }

    /// The header fields for the status.
    fn fields(&self) -> Vec<(HeaderName, String)> {
        match self {
            Self::Unsatisfiable { length, .. } => {
                vec![(CONTENT_RANGE, range::no_content_range(*length)), (VARY, "Range".to_owned())]
            }
            Self::Indexing | Self::Busy(_) => vec![(RETRY_AFTER, "1".to_owned())],
            Self::Full => vec![(RETRY_AFTER, "2".to_owned())],
            _ => Vec::new(),
        }
    }
}

impl IntoResponse for MediaError {
    fn into_response(self) -> Response {
        if let Self::Internal(message) | Self::Upstream(message) = &self {
            tracing::error!(message, "{self}");
        }
        let fixed = [(CONTENT_TYPE, problem::MEDIA_TYPE), (CACHE_CONTROL, "no-store")];
        let mut response = (self.status(), fixed, self.problem().to_json()).into_response();
        for (name, value) in self.fields() {
            if let Ok(value) = value.parse() {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

impl From<BudgetFull> for MediaError {
    fn from(BudgetFull: BudgetFull) -> Self {
        Self::Full
    }
}

impl From<store::StoreError> for MediaError {
    fn from(error: store::StoreError) -> Self {
        match error {
            store::StoreError::Missing => Self::Missing,
            store::StoreError::Changed => Self::Indexing,
            store::StoreError::Throttled(service) => Self::Busy(service),
            store::StoreError::Service { .. } => Self::Upstream(error.to_string()),
        }
    }
}

impl From<resolve::ResolveError> for MediaError {
    fn from(error: resolve::ResolveError) -> Self {
        match error {
            resolve::ResolveError::Changed => Self::Indexing,
            resolve::ResolveError::Busy(service) => Self::Busy(service),
            resolve::ResolveError::Full => Self::Full,
            resolve::ResolveError::Pages(message) => Self::Upstream(message),
            resolve::ResolveError::Container(error) => error.into(),
        }
    }
}

impl From<package::PackageError> for MediaError {
    fn from(error: package::PackageError) -> Self {
        match error {
            package::PackageError::NoStream(why) => Self::NoStream(why.to_string()),
            package::PackageError::Missing => Self::NoSegment,
            package::PackageError::Outside => Self::NoPart("the file has nothing at the requested time".to_owned()),
            package::PackageError::Container(error) => error.into(),
            package::PackageError::Pages(error) => resolve::ResolveError::from(error).into(),
            package::PackageError::Resolve(error) => error.into(),
        }
    }
}

impl From<caption::CaptionError> for MediaError {
    fn from(error: caption::CaptionError) -> Self {
        match error {
            caption::CaptionError::NotWebVtt => Self::BadCaptions(error.to_string()),
            caption::CaptionError::TooMany | caption::CaptionError::TooLarge { .. } => {
                Self::LargeCaptions(error.to_string())
            }
            caption::CaptionError::Container(error) => error.into(),
            caption::CaptionError::Pages(error) => resolve::ResolveError::from(error).into(),
        }
    }
}

impl From<container::Error> for MediaError {
    fn from(error: container::Error) -> Self {
        match error {
            container::Error::Read(container::ReadError::Changed) => Self::Indexing,
            container::Error::Read(container::ReadError::Failed(message)) => Self::Upstream(message),
            container::Error::Memory { taken, bound } => Self::Memory { taken, bound },
            container::Error::Index(error) => Self::Internal(error.to_string()),
            // Whatever the file contains is not an error of the service.
            error => Self::Refused(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn every_error_is_a_problem_that_keeps_what_is_internal() {
        let cases = [
            (MediaError::Missing, 404, None),
            (MediaError::Outside { duration: Time(38_300_000_000) }, 404, None),
            (MediaError::Refused("not a media file".to_owned()), 415, None),
            (MediaError::Precondition, 412, None),
            (
                MediaError::Unsatisfiable { length: 4_055_466, why: "empty".to_owned() },
                416,
                Some(("content-range", "bytes */4055466")),
            ),
            (MediaError::TooLarge { length: 5_000_000 }, 413, None),
            (MediaError::from(caption::CaptionError::TooLarge { found: 9 << 20 }), 413, None),
            (MediaError::from(caption::CaptionError::NotWebVtt), 415, None),
            (MediaError::from(store::StoreError::Changed), 503, Some(("retry-after", "1"))),
            (MediaError::from(store::StoreError::Throttled("S3")), 503, Some(("retry-after", "1"))),
            (MediaError::from(resolve::ResolveError::Full), 503, Some(("retry-after", "2"))),
            (MediaError::from(container::Error::Memory { taken: 2, bound: 1 }), 413, None),
            (MediaError::from(resolve::ResolveError::Busy("DynamoDB")), 503, Some(("retry-after", "1"))),
            (MediaError::Upstream("secret".to_owned()), 502, None),
            (MediaError::Internal("secret".to_owned()), 500, None),
        ];
        for (error, status, field) in cases {
            let text = error.problem().to_json();
            let json: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(json["status"], status);
            assert!(!text.contains("secret"), "{text}");
            let response = error.into_response();
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            if let Some((name, value)) = field {
                assert_eq!(response.headers()[name], value);
            }
        }
        let outside = MediaError::Outside { duration: Time(38_300_000_000) }.problem();
        assert_eq!(outside.members["duration"], 38.3);
    }
}
