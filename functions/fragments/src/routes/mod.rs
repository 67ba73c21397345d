//! The routes.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{FromRef, FromRequestParts, State};
use axum::middleware::{Next, from_fn, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::{
    ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, LOCATION, RANGE, RETRY_AFTER,
};
use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Request, StatusCode, Version};
use reelspan::http::protection::{self, Embedding};
use reelspan::telemetry::{self, IndexLookup};
use reelspan_engine::fragment::range::RequestedRanges;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{Any, CorsLayer};

use crate::answer::{CONTENT_RANGE_MAPPING, RANGE_REDIRECT, X_MEDIA_FRAGMENT};
use crate::request::{self, ACCEPT_RANGE_REDIRECT};
use crate::{Fragments, MediaError, Viewers, derived, playlist, validate};

/// How long a browser may cache a preflight answer.
const PREFLIGHT: Duration = Duration::from_hours(24);

/// All routes.
pub fn table(fragments: Fragments) -> Router {
    let compression = CompressionLayer::new().compress_when(is_playlist);
    Router::new()
        .route("/media/{space}/{*content}", get(media).layer(compression).layer(map_response(weaken)))
        .route("/validate", get(validate::validate))
        .route("/health", get(health))
        .fallback(async || MediaError::NoRoute)
        .method_not_allowed_fallback(async || MediaError::Method)
        .layer(cors())
        .layer(CatchPanicLayer::custom(|_| MediaError::Internal("a handler panicked".to_owned()).into_response()))
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

/// Whether an answer is a playlist or a description: these are compressed if the client accepts it, media are not.
fn is_playlist(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let mime = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    mime.is_some_and(|mime| derived::TEXTS.contains(&mime)) && !headers.contains_key(CONTENT_RANGE)
}

/// A compressed answer has other bytes than its strong validator stands for (RFC 9110 §8.8.1).
async fn weaken(mut response: Response) -> Response {
    let headers = response.headers_mut();
    let strong = headers.get(ETAG).filter(|_| headers.contains_key(CONTENT_ENCODING)).and_then(|tag| tag.to_str().ok());
    let weak = strong.filter(|tag| tag.starts_with('"')).and_then(|tag| format!("W/{tag}").parse().ok());
    if let Some(weak) = weak {
        headers.insert(ETAG, weak);
    }
    response
}

async fn health() -> StatusCode {
    StatusCode::NO_CONTENT
}

impl FromRef<Arc<Fragments>> for Viewers {
    fn from_ref(fragments: &Arc<Fragments>) -> Self {
        fragments.viewers
    }
}

/// What a path of media names.
enum Requested {
    /// A content, or a fragment of it.
    Media(request::MediaRequest),
    /// What is derived from a content.
    Derived(derived::DerivedRequest),
    /// The playlist of a space.
    Playlist(playlist::PlaylistRequest),
}

impl FromRequestParts<Arc<Fragments>> for Requested {
    type Rejection = MediaError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<Fragments>) -> Result<Self, MediaError> {
        if let Some(playlist) = playlist::PlaylistRequest::read(parts) {
            return playlist.map(Self::Playlist);
        }
        if derived::DerivedRequest::split(parts.uri.path()).is_some() {
            return derived::DerivedRequest::from_request_parts(parts, state).await.map(Self::Derived);
        }
        request::MediaRequest::from_request_parts(parts, state).await.map(Self::Media)
    }
}

async fn media(State(fragments): State<Arc<Fragments>>, requested: Requested) -> Response {
    match requested {
        Requested::Media(request) => stored(&fragments, &request).await,
        Requested::Derived(request) => derived(&fragments, &request).await,
        Requested::Playlist(request) => {
            let space = request.space().to_string();
            telemetry::note(|notes| (notes.kind, notes.space) = (Some("playlist"), Some(space)));
            fragments.playlist(&request).await.into_response()
        }
    }
}

async fn derived(fragments: &Fragments, request: &derived::DerivedRequest) -> Response {
    let answer = fragments.derived(request).await;
    telemetry::note(|notes| {
        notes.kind = Some("derived");
        notes.fragment.clone_from(&request.name.fragment);
        notes.index = Some(if matches!(answer, Err(MediaError::Missing | MediaError::Indexing)) {
            IndexLookup::Miss
        } else {
            IndexLookup::Hit
        });
        notes.refused_signature = matches!(answer, Err(MediaError::Unsigned(_)));
    });
    answer.into_response()
}

async fn stored(fragments: &Fragments, request: &request::MediaRequest) -> Response {
    telemetry::note(|notes| {
        notes.kind = Some(kind(request));
        notes.fragment = Some(request.fragment.to_string());
        notes.range = request.range.as_ref().map(ToString::to_string);
    });
    let answer = fragments.stored(request).await;
    telemetry::note(|notes| {
        notes.index = Some(if matches!(answer, Err(MediaError::Missing | MediaError::Indexing)) {
            IndexLookup::Miss
        } else {
            IndexLookup::Hit
        });
        notes.refused_signature = matches!(answer, Err(MediaError::Unsigned(_)));
    });
    answer.into_response()
}

/// The kind of a request for media: a fragment of the file, a byte range, or the whole.
fn kind(request: &request::MediaRequest) -> &'static str {
    match (&request.ask, &request.range) {
        (Some(_), _) => "cut",
        (None, Some(RequestedRanges::Fragment(_))) => "range",
        (None, Some(RequestedRanges::Bytes(_))) => "bytes",
        (None, None) => "original",
    }
}

#[cfg(test)]
mod tests;
