//! The routes.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{OriginalUri, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use reelspan_rest::{Error, Who};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{Streams, task};

/// What handlers stand on.
pub type Shared = State<Arc<Streams>>;

/// All routes, within `/durastore`.
pub fn table(streams: Streams) -> Router {
    Router::new()
        .route("/task/enable-streaming", post(task::enable))
        .route("/task/enable-hls", post(task::enable))
        .route("/task/disable-streaming", post(task::disable))
        .route("/task/disable-hls", post(task::disable))
        .route("/task/delete-streaming", post(task::delete))
        .route("/task/delete-hls", post(task::delete))
        .route("/task/rotate-signing-key", post(task::rotate))
        .method_not_allowed_fallback(async || Error::Method)
        .layer(CatchPanicLayer::custom(|_| Error::Internal("a handler panicked".to_owned()).into_response()))
        .layer(from_fn(log))
        .with_state(Arc::new(streams))
}

/// Notes every request with what became of it.
async fn log(OriginalUri(uri): OriginalUri, who: Who, request: Request, next: Next) -> Response {
    let (started, method) = (Instant::now(), request.method().clone());
    let response = next.run(request).await;
    tracing::info!(
        %method,
        path = uri.path(),
        user = who.0.map(|who| who.name),
        status = response.status().as_u16(),
        milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "streaming"
    );
    response
}
