//! The routes.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use reelspan_rest::guarded;

use crate::{CookieSetter, Signing, cookies, task};

/// The tasks, within `/durastore`.
pub fn tasks(signing: Arc<Signing>) -> Router {
    let routes = Router::new()
        .route("/task/get-url", post(task::url))
        .route("/task/get-url-hls", post(task::hls_url))
        .route("/task/get-signed-url", post(task::signed_url))
        .route("/task/get-signed-cookies-url", post(task::signed_cookies_url));
    guarded(routes).with_state(signing)
}

/// What sets cookies, at the host of secure spaces.
pub fn cookies(setter: Arc<CookieSetter>) -> Router {
    guarded(Router::new().route("/~/cookies", get(cookies::set))).with_state(setter)
}

#[cfg(test)]
mod tests;
