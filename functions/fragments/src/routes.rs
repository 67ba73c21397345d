//! The routes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, LAST_MODIFIED, LOCATION, RANGE, RETRY_AFTER,
};
use http::{Method, StatusCode};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any, CorsLayer};

use crate::answer::{CONTENT_RANGE_MAPPING, RANGE_REDIRECT, X_MEDIA_FRAGMENT};
use crate::request::{ACCEPT_RANGE_REDIRECT, Request};
use crate::{Error, Fragments, Viewers, validate};

/// How long a browser may remember what it may send.
const PREFLIGHT: Duration = Duration::from_hours(24);

/// All routes.
pub fn table(fragments: Fragments) -> Router {
    Router::new()
        .route("/media/{space}/{*content}", get(media))
        .route("/validate", get(validate::validate))
        .route("/health", get(health))
        .fallback(async || Error::NoRoute)
        .method_not_allowed_fallback(async || Error::Method)
        .layer(cors())
        .layer(CatchPanicLayer::custom(|_| Error::Internal("a handler panicked".to_owned()).into_response()))
        .with_state(Arc::new(fragments))
}

/// Pages of any origin may read media, and all that is said of them.
fn cors() -> CorsLayer {
    let conditions = [IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, IF_RANGE];
    let allowed: Vec<_> = [RANGE, ACCEPT_RANGE_REDIRECT].into_iter().chain(conditions).collect();
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::OPTIONS])
        .allow_headers(allowed)
        .expose_headers([
            ACCEPT_RANGES,
            CONTENT_LENGTH,
            CONTENT_RANGE,
            CONTENT_RANGE_MAPPING,
            ETAG,
            LAST_MODIFIED,
            LOCATION,
            RANGE_REDIRECT,
            RETRY_AFTER,
            X_MEDIA_FRAGMENT,
        ])
        .max_age(PREFLIGHT)
        // The answers are the same for all origins.
        .vary([])
}

async fn health() -> StatusCode {
    StatusCode::NO_CONTENT
}

impl FromRef<Arc<Fragments>> for Viewers {
    fn from_ref(fragments: &Arc<Fragments>) -> Self {
        fragments.viewers
    }
}

async fn media(State(fragments): State<Arc<Fragments>>, request: Request) -> Response {
    let mut refused = None;
    let response = match fragments.answer(&request).await {
        Ok(answer) => fragments.respond(&request, answer).await.into_response(),
        Err(error) => {
            // What a metric counts: who keeps trying is seen by it.
            refused = matches!(error, Error::Unsigned(_)).then(|| error.to_string());
            error.into_response()
        }
    };
    let length = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    let bytes: Option<u64> = length.and_then(|length| length.parse().ok());
    tracing::info!(
        space = %request.media.space(),
        content = %request.media.content(),
        fragment = %request.fragment,
        range = request.range.as_ref().map(tracing::field::display),
        head = request.head,
        status = response.status().as_u16(),
        bytes,
        refused,
        "media"
    );
    response
}

#[cfg(test)]
mod tests;
