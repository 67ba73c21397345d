//! The page for people, `web/validate.html`: it loads nothing else, and its policy tells the browser so.

use std::sync::LazyLock;

use aws_smithy_types::base64;
use axum::response::{Html, IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use ring::digest::{SHA256, digest};

const PAGE: &str = include_str!("../../../../web/validate.html");

/// The only script and the only style, by their digests (W3C *Content Security Policy Level 3* §2.3.1); the page may
/// send requests to this host and play its media.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let source = |element: &str| {
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        let text = PAGE.split_once(&open).and_then(|(_, rest)| rest.split_once(&close)).map_or("", |(text, _)| text);
        format!("'sha256-{}'", base64::encode(digest(&SHA256, text.as_bytes())))
    };
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; media-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'",
        source("script"),
        source("style"),
    )
});

/// The page.
pub fn page() -> Response {
    let fields = [(CONTENT_SECURITY_POLICY, POLICY.as_str()), (CACHE_CONTROL, "no-cache")];
    (fields, Html(PAGE)).into_response()
}
