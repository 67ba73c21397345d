//! The routes below `/console/`, to which `/` leads. The page is one file with its scripts and styles; what it shows is in the
//! fragment of its address, which the server does not see.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY},
};
use reelspan::http::{
    origin::Origin,
    protection::{self, Embedding},
};

use crate::{
    assets::find,
    player::{NO_FILE, NOT_BUILT, PlayerPages, refused},
};

/// What the console needs to know of the server.
#[derive(Clone, Debug, Default)]
pub struct Console {
    /// Where media come from.
    pub pages: PlayerPages,
    /// Where uploads go: S3.
    pub uploads: Vec<Origin>,
}

/// The routes of the console, and of `/`.
pub fn router(console: Console) -> Router {
    Router::new()
        .route("/", get(to_console))
        .route("/console", get(to_console))
        .route("/console/", get(page))
        .route("/console/{*name}", get(file))
        .with_state(Arc::new(console))
}

async fn to_console() -> Response {
    let mut response = Redirect::to("/console/").into_response();
    protection::written(response.headers_mut(), Embedding::OwnOrigin);
    response
}

async fn page(State(console): State<Arc<Console>>, headers: HeaderMap) -> Response {
    let Some(asset) = find("console/index.html") else {
        return refused(&headers, StatusCode::NOT_IMPLEMENTED, NOT_BUILT);
    };
    let mut response = asset.answer(&headers);
    let fields = response.headers_mut();
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    fields.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    // In place of the policy that every written answer has: a browser would enforce both.
    if let Ok(policy) = HeaderValue::try_from(console.policy()) {
        fields.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    match find(&format!("console/{name}")) {
        // The page has its policy from its own route.
        Some(asset) if name != "index.html" => asset.answer(&headers),
        _ if find("console/index.html").is_none() => refused(&headers, StatusCode::NOT_IMPLEMENTED, NOT_BUILT),
        _ => refused(&headers, StatusCode::NOT_FOUND, NO_FILE),
    }
}

impl Console {
    /// What the page may do: run its own scripts and the player, call this server, upload to S3, and play what this server streams.
    fn policy(&self) -> String {
        let list = |origins: &mut dyn Iterator<Item = &Origin>| {
            // The policy's grammar has no addresses of IPv6.
            let named = origins.map(ToString::to_string).filter(|origin| !origin.contains('['));
            named.fold("'self'".to_owned(), |list, origin| format!("{list} {origin}"))
        };
        let media = list(&mut self.pages.own.all().iter().chain(&self.pages.streaming));
        // The player asks what there is of a content, and loads its streams.
        let calls = list(&mut self.pages.own.all().iter().chain(&self.pages.streaming).chain(&self.uploads));
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src {media} data:; media-src {media} blob:; \
             connect-src {calls}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use reelspan::http::origin::OwnOrigins;

    use super::*;

    #[test]
    fn the_page_calls_this_server_and_uploads_to_s3_and_does_nothing_else() {
        let origin = |text: &str| Origin::parse(text).unwrap();
        let own = OwnOrigins::new([origin("http://127.0.0.1:8080")]);
        let pages = PlayerPages { own, streaming: vec![origin("https://d1.cloudfront.net")], catalogue: None };
        let console = Console { pages, uploads: vec![origin("http://127.0.0.1:9000")] };
        assert_eq!(
            console.policy(),
            "default-src 'none'; script-src 'self'; style-src 'self'; \
             img-src 'self' http://127.0.0.1:8080 https://d1.cloudfront.net data:; \
             media-src 'self' http://127.0.0.1:8080 https://d1.cloudfront.net blob:; \
             connect-src 'self' http://127.0.0.1:8080 https://d1.cloudfront.net http://127.0.0.1:9000; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        );
    }
}
