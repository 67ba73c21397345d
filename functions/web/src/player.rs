//! The routes below `/player/`, and which media the page there plays: those of this server, since a page that plays anything
//! would lend its name to anybody's media.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use http::{
    HeaderMap, HeaderValue, StatusCode, Uri,
    header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, VARY},
};
use percent_encoding::percent_decode_str;
use reelspan::http::{
    origin::{Origin, OwnOrigins},
    problem::{self, Problem},
    protection::{self, Embedding},
};

use crate::assets::find;

/// What the pages need to know of the server.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    /// Where the pages themselves are loaded from, beside the host that a request names.
    pub own: OwnOrigins,
    /// The hosts from which spaces are streamed.
    pub streaming: Vec<Origin>,
}

const FOREIGN: &str = "this page plays media of this server only";
pub(crate) const NO_FILE: &str = "there is no such file";
pub(crate) const NOT_BUILT: &str =
    "the pages of this server were not built: run `make web`, and build the server again";

/// All routes.
pub fn router(pages: Pages) -> Router {
    Router::new()
        .route("/player", get(|uri: Uri| async move { to_folder(&uri) }))
        .route("/player/", get(page))
        .route("/player/{*name}", get(file))
        .with_state(Arc::new(pages))
}

/// The page's own URLs are relative: it has to be in its folder.
fn to_folder(uri: &Uri) -> Redirect {
    Redirect::permanent(&uri.query().map_or("/player/".to_owned(), |query| format!("/player/?{query}")))
}

async fn file(Path(name): Path<String>, headers: HeaderMap) -> Response {
    match find(&format!("player/{name}")) {
        // The page has its policy from its own route.
        Some(asset) if name != "index.html" => asset.answer(&headers),
        _ if find("player/index.html").is_none() => refused(&headers, StatusCode::NOT_IMPLEMENTED, NOT_BUILT),
        _ => refused(&headers, StatusCode::NOT_FOUND, NO_FILE),
    }
}

async fn page(State(pages): State<Arc<Pages>>, uri: Uri, headers: HeaderMap) -> Response {
    let Some(asset) = find("player/index.html") else {
        return refused(&headers, StatusCode::NOT_IMPLEMENTED, NOT_BUILT);
    };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let parameters = ["src", "poster"].map(|name| parameter(uri.query(), name));
    if !parameters.iter().flatten().all(|url| pages.plays(url, host)) {
        return refused(&headers, StatusCode::FORBIDDEN, FOREIGN);
    }
    let mut response = asset.answer(&headers);
    let fields = response.headers_mut();
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(policy) = HeaderValue::try_from(pages.policy()) {
        fields.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

impl Pages {
    /// Whether a URL is of this server: of the page's own origin, or of a streaming host.
    fn plays(&self, url: &str, host: Option<&str>) -> bool {
        // Browsers skip tabs, line breaks and leading blanks, and read a backslash as a slash: refuse what they read otherwise.
        if url.starts_with(' ') || url.bytes().any(|byte| byte < b' ' || byte == b'\\' || byte == 0x7f) {
            return false;
        }
        if url.starts_with('/') {
            return !url.starts_with("//");
        }
        let Some((scheme, rest)) = url.split_once("://") else { return false };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let origin = Origin::of_url(&format!("{scheme}://{authority}"));
        origin.is_some_and(|origin| self.own.contains(&origin, host) || self.streaming.contains(&origin))
    }

    /// What the page may do: run its own script, and load media and what the server says of them.
    fn policy(&self) -> String {
        let origins = self.own.all().iter().chain(&self.streaming).map(ToString::to_string);
        // The policy's grammar has no addresses of IPv6; a page that is loaded from one has 'self'.
        let origins = origins.filter(|origin| !origin.contains('['));
        let media = std::iter::once("'self'".to_owned()).chain(origins).collect::<Vec<_>>().join(" ");
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src {media} data:; connect-src {media}; \
             media-src {media} blob:; base-uri 'none'; form-action 'none'"
        )
    }
}

/// The decoded value of a parameter, the first one of its name, as `URLSearchParams` reads it.
fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = query?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(key, value)| (decode(key), decode(value))).find(|(key, _)| key == name).map(|(_, value)| value)
}

/// An error, as a page for people and as problem details for programs.
pub(crate) fn refused(request: &HeaderMap, status: StatusCode, detail: &str) -> Response {
    let accepts = request.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let title = status.canonical_reason().unwrap_or("Error");
    let mut response = if accepts.contains("text/html") {
        let page = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
             <main><h1>{title}</h1><p>Sorry, {detail}.</p></main></html>"
        );
        (status, Html(page)).into_response()
    } else {
        let problem = Problem::new(status.as_u16(), title).detail(detail);
        (status, [(CONTENT_TYPE, problem::MEDIA_TYPE)], problem.to_json()).into_response()
    };
    let fields = response.headers_mut();
    fields.insert(VARY, HeaderValue::from_static("Accept"));
    fields.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    fields.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; base-uri 'none'"));
    protection::written(fields, Embedding::AnySite);
    response
}
