//! What is around the routes of every function.

use axum::Router;
use axum::response::IntoResponse;
use tower_http::catch_panic::CatchPanicLayer;

use crate::Error;

/// Routes that refuse a method which is none of theirs, and answer although a handler panics.
pub fn guarded<S: Clone + Send + Sync + 'static>(routes: Router<S>) -> Router<S> {
    routes
        .method_not_allowed_fallback(async || Error::Method)
        .layer(CatchPanicLayer::custom(|_| Error::Internal("a handler panicked".to_owned()).into_response()))
}
