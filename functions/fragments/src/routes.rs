//! The routes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRef, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, LAST_MODIFIED, LOCATION, RANGE, RETRY_AFTER,
};
use http::{Method, Request, StatusCode};
use reelspan::http::protection::{self, Embedding};
use reelspan::telemetry::{self, Index};
use reelspan_engine::fragment::range::Asked as Range;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{Any, CorsLayer};

use crate::answer::{CONTENT_RANGE_MAPPING, RANGE_REDIRECT, X_MEDIA_FRAGMENT};
use crate::request::{self, ACCEPT_RANGE_REDIRECT};
use crate::{Error, Fragments, Viewers, validate};

/// How long a browser may cache a preflight answer.
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
        .layer(from_fn(protected))
        .with_state(Arc::new(fragments))
}

/// Pages of any site may embed media and the errors about them, and nothing else.
async fn protected(request: Request<Body>, next: Next) -> Response {
    let media = request.uri().path().starts_with("/media/");
    let mut response = next.run(request).await;
    if !protection::is_protected(response.headers()) {
        let embedding = if media { Embedding::AnySite } else { Embedding::OwnOrigin };
        protection::written(response.headers_mut(), embedding);
    }
    response
}

/// Pages of any origin may read media and the errors about them.
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

async fn media(State(fragments): State<Arc<Fragments>>, request: request::Request) -> Response {
    telemetry::note(|notes| {
        notes.kind = Some(kind(&request));
        notes.fragment = Some(request.fragment.to_string());
        notes.range = request.range.as_ref().map(ToString::to_string);
    });
    let answer = fragments.answer(&request).await;
    let hit = !matches!(answer, Err(Error::Missing | Error::Indexing));
    telemetry::note(|notes| {
        notes.index = Some(if hit { Index::Hit } else { Index::Miss });
        notes.refused_signature = matches!(answer, Err(Error::Unsigned(_)));
    });
    match answer {
        Ok(answer) => fragments.respond(&request, answer).await.into_response(),
        Err(error) => error.into_response(),
    }
}

/// The kind of a request for media: a fragment of the file, a byte range, or the whole.
fn kind(request: &request::Request) -> &'static str {
    match (&request.ask, &request.range) {
        (Some(_), _) => "cut",
        (None, Some(Range::Fragment(_))) => "range",
        (None, Some(Range::Bytes(_))) => "bytes",
        (None, None) => "original",
    }
}

#[cfg(test)]
mod tests;
