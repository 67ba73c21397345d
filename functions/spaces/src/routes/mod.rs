//! The routes.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, head, post};
use reelspan_rest::guarded;

use crate::{RestError, Spaces, content, put, space, task};

/// All routes, within `/durastore`.
pub fn table(spaces: Spaces) -> Router {
    let routes = Router::new()
        .route("/stores", get(space::stores))
        .route("/spaces", get(space::spaces))
        .route("/acl/{space}", head(space::acl).post(space::set_acl))
        .route("/task", get(task::names))
        .route("/task/{name}", post(task::perform))
        .route(
            "/{space}",
            get(space::list).head(space::properties).put(space::create).post(space::note).delete(space::delete),
        )
        .route(
            "/{space}/{*content}",
            get(content::get).head(content::head).put(put::put).post(content::note).delete(content::delete),
        )
        .fallback(async || RestError::NoRoute);
    guarded(routes).with_state(Arc::new(spaces))
}

#[cfg(test)]
mod tests;
