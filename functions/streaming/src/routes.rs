//! The routes.

use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use reelspan_rest::guarded;

use crate::{Streams, task};

/// All routes, within `/durastore`.
pub fn table(streams: Streams) -> Router {
    let routes = Router::new()
        .route("/task/enable-streaming", post(task::enable))
        .route("/task/enable-hls", post(task::enable))
        .route("/task/disable-streaming", post(task::disable))
        .route("/task/disable-hls", post(task::disable))
        .route("/task/delete-streaming", post(task::delete))
        .route("/task/delete-hls", post(task::delete))
        .route("/task/rotate-signing-key", post(task::rotate));
    guarded(routes).with_state(Arc::new(streams))
}
