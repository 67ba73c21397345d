//! The routes.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{OriginalUri, Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, head};
use tower_http::catch_panic::CatchPanicLayer;

use crate::{Error, Spaces, Who, content, put, space, task};

/// What handlers stand on.
pub type Shared = State<Arc<Spaces>>;

/// All routes, within `/durastore`.
pub fn table(spaces: Spaces) -> Router {
    Router::new()
        .route("/stores", get(space::stores))
        .route("/spaces", get(space::spaces))
        .route("/acl/{space}", head(space::acl).post(space::set_acl))
        .route("/task", get(task::names))
        .route("/task/{name}", axum::routing::post(task::perform))
        .route("/{space}", get(space::list).head(space::properties).put(space::create).delete(space::delete))
        .route(
            "/{space}/{*content}",
            get(content::get).head(content::head).put(put::put).post(content::note).delete(content::delete),
        )
        .fallback(async || Error::NoRoute)
        .method_not_allowed_fallback(async || Error::Method)
        .layer(CatchPanicLayer::custom(|_| Error::Internal("a handler panicked".to_owned()).into_response()))
        .layer(from_fn(log))
        .with_state(Arc::new(spaces))
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
        "durastore"
    );
    response
}

#[cfg(test)]
mod tests;
