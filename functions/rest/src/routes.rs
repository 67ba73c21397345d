//! The layers around the routes of every function.

use axum::Router;
use axum::middleware::{from_fn, map_response};
use axum::response::{IntoResponse, Response};
use reelspan::http::protection::{self, Embedding};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{RestError, cross_site};

/// Wraps routes: refuses requests of other sites' pages and unsupported methods, answers even if a handler panics, and
/// keeps other sites from embedding the answers.
pub fn guarded<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    routes
        .method_not_allowed_fallback(async || RestError::Method)
        .layer(CatchPanicLayer::custom(|_| RestError::Internal("a handler panicked".to_owned()).into_response()))
        .layer(from_fn(cross_site::refuse))
        .layer(map_response(protected))
}

async fn protected(mut response: Response) -> Response {
    protection::written(response.headers_mut(), Embedding::OwnOrigin);
    response
}
