//! The routes.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{OriginalUri, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{Error, Signing, Who, cookies, task};

/// What handlers stand on.
pub type Shared = State<Arc<Signing>>;

/// The tasks, within `/durastore`.
pub fn tasks(signing: Arc<Signing>) -> Router {
    let routes = Router::new()
        .route("/task/get-url", post(task::url))
        .route("/task/get-url-hls", post(task::url))
        .route("/task/get-signed-url", post(task::signed_url))
        .route("/task/get-signed-cookies-url", post(task::signed_cookies_url));
    around(routes, signing)
}

/// What sets cookies, at the hosts of streamed spaces.
pub fn cookies(signing: Arc<Signing>) -> Router {
    around(Router::new().route("/cookies", get(cookies::set)), signing)
}

/// What is around all routes.
fn around(routes: Router<Arc<Signing>>, signing: Arc<Signing>) -> Router {
    routes
        .method_not_allowed_fallback(async || Error::Method)
        .layer(CatchPanicLayer::custom(|_| Error::Internal("a handler panicked".to_owned()).into_response()))
        .layer(from_fn(log))
        .with_state(signing)
}

/// Notes every request with what became of it; of its URL the path alone: behind it there may be a token.
async fn log(OriginalUri(uri): OriginalUri, who: Who, request: Request, next: Next) -> Response {
    let (started, method) = (Instant::now(), request.method().clone());
    let response = next.run(request).await;
    tracing::info!(
        %method,
        path = uri.path(),
        user = who.0.map(|who| who.name),
        status = response.status().as_u16(),
        milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "signing"
    );
    response
}

#[cfg(test)]
mod tests;
