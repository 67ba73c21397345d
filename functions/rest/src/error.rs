//! Error answers, in one place. Errors that DuraCloud defines are plain text with the status; all others are problem
//! details (RFC 9457).

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, StatusCode};
use reelspan::http::problem::{self, Problem};
use reelspan::http::protection::{self, Embedding};
use reelspan::space::acl::AclError;
use reelspan::space::properties::PropertiesError;
use reelspan::space::quota::Exceeded;
use reelspan::space::{MediaKey, NameError, SpaceId};
use reelspan::store::{self, PutError, QuotaError};
use reelspan::user::{CHALLENGE, NotFound};
use serde_json::json;

/// How long a client should wait before it tries again, in seconds.
const PATIENCE: &str = "2";
/// The same for operations that take minutes.
const MORE_PATIENCE: &str = "30";

/// Why a request fails.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// There is no such route.
    #[error("there is nothing at this path")]
    NoRoute,
    /// The route does not support the method.
    #[error("this path does not support the method")]
    Method,
    /// The caller is anonymous, and the request needs a user.
    #[error("Credentials are needed")]
    Unauthorized,
    /// The user has no right to this.
    #[error("{0}")]
    Forbidden(String),
    /// A browser sent it on behalf of another site's page; the text says which field shows that.
    #[error("{0}: the request comes from a page of another site, and only this server's own pages may change anything")]
    CrossSite(String),
    /// A request with a session would change something, and lacks the session's token against forgery.
    #[error("the field X-Reelspan-CSRF does not have the token of this session, which GET /session says")]
    Unproven,
    /// A browser sent a body that a form could have sent.
    #[error("the body is {0}; from a browser it has to be application/json")]
    MediaType(String),
    /// The request is invalid; the text says why.
    #[error("{0}")]
    Bad(String),
    /// The space does not exist.
    #[error("Space {0} does not exist")]
    NoSpace(String),
    /// The content does not exist.
    #[error("Content {content} does not exist in space {space}")]
    NoContent {
        /// The space.
        space: String,
        /// The content.
        content: String,
    },
    /// The upload does not exist.
    #[error("there is no upload {id:?} to {key}: it was completed or aborted, or it is too old")]
    NoUpload {
        /// What S3 called it.
        id: String,
        /// The content.
        key: String,
    },
    /// The body does not match its announcement.
    #[error("{0}")]
    Conflict(String),
    /// A condition of the request does not hold.
    #[error("precondition failed: the resource does not match the request's conditions")]
    Precondition,
    /// A space of that name is being deleted.
    #[error("space {0} is being deleted; its name is free once its contents are gone")]
    Deleting(SpaceId),
    /// It cannot be done yet; the text says why.
    #[error("{0}")]
    Later(String),
    /// The content changes too fast.
    #[error("the content changed meanwhile")]
    Changed,
    /// The gateway cannot carry it.
    #[error("{0}")]
    TooLarge(String),
    /// A quota would be exceeded.
    #[error("{0}")]
    Quota(Exceeded),
    /// A store asks to try later.
    #[error("{0} is busy")]
    Busy(&'static str),
    /// A store failed; the text is only for the log.
    #[error("a required service failed")]
    Upstream(String),
    /// An error in the program; the text is only for the log.
    #[error("internal error")]
    Internal(String),
}

impl RestError {
    /// The content does not exist.
    #[must_use]
    pub fn no_content(key: &MediaKey) -> Self {
        Self::NoContent { space: key.space().to_string(), content: key.content().to_string() }
    }

    /// Converts an error of a call about one content.
    pub fn about(key: &MediaKey) -> impl Fn(store::StoreError) -> Self {
        move |error| match error {
            store::StoreError::Missing => Self::no_content(key),
            other => other.into(),
        }
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Bad(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) | Self::CrossSite(_) | Self::Unproven => StatusCode::FORBIDDEN,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NoRoute | Self::NoSpace(_) | Self::NoContent { .. } | Self::NoUpload { .. } => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Precondition => StatusCode::PRECONDITION_FAILED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Quota(exceeded) if exceeded.never_fits() => StatusCode::PAYLOAD_TOO_LARGE,
            // RFC 4918 §11.5: the condition is temporary, and a client repeats the request only if its user asks for that.
            Self::Quota(_) => StatusCode::INSUFFICIENT_STORAGE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Upstream(_) => StatusCode::BAD_GATEWAY,
            Self::Deleting(_) | Self::Later(_) | Self::Changed | Self::Busy(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Whether DuraCloud defines this answer, so that its clients show the text.
    const fn is_plain(&self) -> bool {
        matches!(
            self,
            Self::Bad(_)
                | Self::Unauthorized
                | Self::Forbidden(_)
                | Self::NoSpace(_)
                | Self::NoContent { .. }
                | Self::NoUpload { .. }
                | Self::Conflict(_)
        )
    }

    /// The problem; that of a quota has its bound.
    fn problem(&self, status: u16, title: &'static str) -> Problem {
        let problem = Problem::new(status, title).detail(self.to_string());
        let Self::Quota(Exceeded { of, unit, limit, used, added }) = self else { return problem };
        let quota = json!({ "of": of, "unit": unit.name(), "limit": limit, "used": used, "added": added });
        problem.member("quota", quota)
    }

    /// The header field for the status.
    const fn field(&self) -> Option<(HeaderName, &'static str)> {
        match self {
            Self::Unauthorized => Some((WWW_AUTHENTICATE, CHALLENGE)),
            Self::Deleting(_) | Self::Changed | Self::Busy(_) => Some((RETRY_AFTER, PATIENCE)),
            Self::Later(_) => Some((RETRY_AFTER, MORE_PATIENCE)),
            _ => None,
        }
    }
}

impl IntoResponse for RestError {
    fn into_response(self) -> Response {
        if let Self::Internal(message) | Self::Upstream(message) = &self {
            tracing::error!(message, "{self}");
        }
        let status = self.status();
        let (kind, body) = if self.is_plain() {
            ("text/plain", self.to_string())
        } else {
            let title = status.canonical_reason().unwrap_or("Problem");
            (problem::MEDIA_TYPE, self.problem(status.as_u16(), title).to_json())
        };
        let mut response = (status, [(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-store")], body).into_response();
        if let Some((name, value)) = self.field() {
            response.headers_mut().insert(name, http::HeaderValue::from_static(value));
        }
        protection::written(response.headers_mut(), Embedding::OwnOrigin);
        response
    }
}

impl From<store::StoreError> for RestError {
    fn from(error: store::StoreError) -> Self {
        match error {
            store::StoreError::Changed => Self::Changed,
            store::StoreError::Throttled(service) => Self::Busy(service),
            store::StoreError::Missing | store::StoreError::Service { .. } => Self::Upstream(error.to_string()),
        }
    }
}

impl From<QuotaError> for RestError {
    fn from(error: QuotaError) -> Self {
        match error {
            QuotaError::Exceeded(exceeded) => Self::Quota(exceeded),
            QuotaError::Store(error) => error.into(),
        }
    }
}

impl From<NotFound> for RestError {
    fn from(error: NotFound) -> Self {
        tracing::error!(%error, "the users or sessions cannot be read");
        Self::Busy("the table of users")
    }
}

impl From<PutError> for RestError {
    fn from(error: PutError) -> Self {
        match error {
            PutError::Digest { .. } => Self::Conflict(error.to_string()),
            PutError::BrokenOff(_) => Self::Bad(error.to_string()),
            PutError::TooLarge => Self::TooLarge(error.to_string()),
            PutError::Busy => Self::Later(error.to_string()),
            PutError::Store(error) => error.into(),
        }
    }
}

impl From<NameError> for RestError {
    fn from(error: NameError) -> Self {
        Self::Bad(error.to_string())
    }
}

impl From<AclError> for RestError {
    fn from(error: AclError) -> Self {
        Self::Bad(error.to_string())
    }
}

impl From<PropertiesError> for RestError {
    fn from(error: PropertiesError) -> Self {
        Self::Bad(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    #[tokio::test]
    async fn what_duracloud_names_is_plain_text_and_all_else_a_problem() {
        let plain = "text/plain";
        let problem = "application/problem+json";
        let space = || SpaceId::parse("films").unwrap();
        for (error, status, kind, field) in [
            (RestError::Unauthorized, 401, plain, Some("www-authenticate")),
            (RestError::Forbidden("no".to_owned()), 403, plain, None),
            (RestError::NoSpace("films".to_owned()), 404, plain, None),
            (RestError::Conflict("the MD5".to_owned()), 409, plain, None),
            (RestError::from(SpaceId::parse("Films").unwrap_err()), 400, plain, None),
            (RestError::from(PutError::BrokenOff("early".to_owned())), 400, plain, None),
            (RestError::from(PutError::Busy), 503, problem, Some("retry-after")),
            (RestError::CrossSite("Origin is \"null\"".to_owned()), 403, problem, None),
            (RestError::MediaType("text/plain".to_owned()), 415, problem, None),
            (RestError::NoRoute, 404, problem, None),
            (RestError::Method, 405, problem, None),
            (RestError::Deleting(space()), 503, problem, Some("retry-after")),
            (RestError::Later("it is being deleted".to_owned()), 503, problem, Some("retry-after")),
            (RestError::from(store::StoreError::Throttled("S3")), 503, problem, Some("retry-after")),
            (RestError::from(store::StoreError::Changed), 503, problem, Some("retry-after")),
            (RestError::Upstream("secret".to_owned()), 502, problem, None),
            (RestError::Internal("secret".to_owned()), 500, problem, None),
        ] {
            let response = error.into_response();
            assert_eq!(
                (response.status().as_u16(), &response.headers()["content-type"]),
                (status, &kind.parse().unwrap())
            );
            assert!(field.is_none_or(|name| response.headers().contains_key(name)));
            let text = axum::body::to_bytes(response.into_body(), 10_000).await.unwrap();
            assert!(!text.is_empty() && !String::from_utf8_lossy(&text).contains("secret"));
        }
    }
}
