//! What is answered: JSON, or problem details (RFC 9457).

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use reelspan::http::problem::{self, Problem};
use reelspan::store::{self, UsersError};
use reelspan::user::{Denied, NotFound};
use reelspan_rest::session::CHALLENGE;
use serde_json::Value;

/// Why a request is not done.
#[derive(Debug)]
pub struct AccountRefusal {
    status: StatusCode,
    why: String,
    retry_after: Option<u64>,
}

impl AccountRefusal {
    /// One with a status and a text.
    pub fn new(status: StatusCode, why: impl Into<String>) -> Self {
        Self { status, why: why.into(), retry_after: None }
    }

    /// Credentials are needed.
    pub fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not signed in")
    }
}

impl From<Denied> for AccountRefusal {
    fn from(denied: Denied) -> Self {
        let why = denied.to_string();
        let (status, retry_after) = match denied {
            Denied::Malformed(_) | Denied::Wrong => (StatusCode::UNAUTHORIZED, None),
            Denied::Limited { seconds, .. } => (StatusCode::TOO_MANY_REQUESTS, Some(seconds)),
            Denied::Crowded => (StatusCode::SERVICE_UNAVAILABLE, Some(1)),
            Denied::Directory(cause) => return cause.into(),
        };
        Self { status, why, retry_after }
    }
}

impl From<NotFound> for AccountRefusal {
    fn from(cause: NotFound) -> Self {
        tracing::error!(%cause, "the users cannot be read");
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            why: "the users cannot be read".to_owned(),
            retry_after: Some(1),
        }
    }
}

impl From<reelspan_rest::RestError> for AccountRefusal {
    fn from(error: reelspan_rest::RestError) -> Self {
        Self::new(error.status(), error.to_string())
    }
}

impl From<store::StoreError> for AccountRefusal {
    fn from(error: store::StoreError) -> Self {
        tracing::error!(%error, "a store failed");
        let why = "the tables cannot be read or written".to_owned();
        Self { status: StatusCode::SERVICE_UNAVAILABLE, why, retry_after: Some(1) }
    }
}

impl From<UsersError> for AccountRefusal {
    fn from(error: UsersError) -> Self {
        let status = match error {
            UsersError::Taken(_) | UsersError::OnlyAdmin(_) => StatusCode::CONFLICT,
            UsersError::Unknown(_) => StatusCode::NOT_FOUND,
            UsersError::Contended(_) => StatusCode::SERVICE_UNAVAILABLE,
            UsersError::Store(error) => return NotFound::from(error).into(),
        };
        Self {
            retry_after: (status == StatusCode::SERVICE_UNAVAILABLE).then_some(1),
            ..Self::new(status, error.to_string())
        }
    }
}

impl IntoResponse for AccountRefusal {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("Refused");
        let problem = Problem::new(self.status.as_u16(), title).detail(self.why);
        let fields = [(CONTENT_TYPE, problem::MEDIA_TYPE), (CACHE_CONTROL, "no-store")];
        let mut response = (self.status, fields, problem.to_json()).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
        }
        response
    }
}

/// JSON with a status.
pub fn json(status: StatusCode, value: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], value.to_string()).into_response()
}
