//! The routes below `/player/`, and which media the page there plays: those of this server, since a page that plays anything
//! would lend its name to anybody's media.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State},
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use http::request::Parts;
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

use crate::{
    assets::find,
    catalogue::{Access, Described, MediaCatalogue},
    markup,
};

/// How long the page is kept: caches in front of the server have it for a minute, and browsers ask each time. What it says of a
/// content, and which sites may frame it, may change.
const KEPT: &str = "public, max-age=0, s-maxage=60";

/// What the pages need to know of the server.
#[derive(Clone, Debug, Default)]
pub struct PlayerPages {
    /// Where the pages themselves are loaded from, beside the host that a request names.
    pub own: OwnOrigins,
    /// The hosts from which spaces are streamed.
    pub streaming: Vec<Origin>,
    /// Where contents are looked up. Without it, pages say nothing of them.
    pub catalogue: Option<MediaCatalogue>,
}

const FOREIGN: &str = "this page plays media of this server only";
pub(crate) const NO_FILE: &str = "there is no such file";
pub(crate) const NOT_BUILT: &str =
    "the pages of this server were not built: run `make web`, and build the server again";

/// The routes of the page and of its files.
pub(crate) fn routes() -> Router<Arc<PlayerPages>> {
    Router::new()
        .route("/player", get(|uri: Uri| async move { to_folder(&uri) }))
        .route("/player/", get(page))
        .route("/player/{*name}", get(file))
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

async fn page(State(pages): State<Arc<PlayerPages>>, parts: Parts) -> Response {
    let (headers, query) = (&parts.headers, parts.uri.query());
    let Some(asset) = find("player/index.html") else {
        return refused(headers, StatusCode::NOT_IMPLEMENTED, NOT_BUILT);
    };
    let asking = Asking::of(&pages, &parts);
    let [src, poster] = ["src", "poster"].map(|name| parameter(query, name));
    if ![&src, &poster].into_iter().flatten().all(|url| asking.plays(url)) {
        return refused(headers, StatusCode::FORBIDDEN, FOREIGN);
    }
    let described = match &src {
        Some(src) => asking.described(src).await,
        None => None,
    };
    let policy = asking.policy(described.as_ref());
    let mut response = match (&src, &described) {
        (Some(src), Some(described)) if described.access != Access::Closed => {
            let mut response =
                Html(markup::filled(asset.text(), &markup::tags(&asking.origin, src, described))).into_response();
            protection::written(response.headers_mut(), Embedding::AnySite);
            response
        }
        _ => asset.answer(headers),
    };
    let fields = response.headers_mut();
    fields.insert(CACHE_CONTROL, HeaderValue::from_static(KEPT));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        fields.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The origin that a viewer asked, if that is not the one that the server was asked under: a cache in front of it was.
#[derive(Clone, Debug)]
pub struct ViewedAt(pub Origin);

/// What a request asks of the pages, and of which server.
pub(crate) struct Asking<'a> {
    pages: &'a PlayerPages,
    /// The server's origins: those that it was told, and on Lambda the domain of the API.
    own: OwnOrigins,
    host: Option<&'a str>,
    /// The origin under which it was asked.
    pub(crate) origin: String,
}

impl<'a> Asking<'a> {
    pub(crate) fn of(pages: &'a PlayerPages, parts: &'a Parts) -> Self {
        let viewed = parts.extensions.get::<ViewedAt>().map(|ViewedAt(origin)| origin.clone());
        let own = parts.extensions.get::<OwnOrigins>().unwrap_or(&pages.own).clone().and(viewed.clone());
        let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
        let named = own.all().iter().find(|own| host.is_some_and(|host| own.is_at(host))).cloned();
        let origin = viewed.or(named).or_else(|| Origin::parse(&format!("http://{}", host?)));
        let origin = origin.or_else(|| own.all().first().cloned());
        let origin = origin.map(|origin| origin.to_string()).unwrap_or_default();
        Self { pages, own, host, origin }
    }

    /// What is known of the content at a URL of this server. `None` if nothing can be known.
    pub(crate) async fn described(&self, src: &str) -> Option<Described> {
        let catalogue = self.pages.catalogue.as_ref()?;
        let key = catalogue.key(src)?;
        let described = catalogue.describe(&key).await;
        described.inspect_err(|error| tracing::error!(%error, "a content cannot be described")).ok()
    }

    /// What is played at a URL: what the page of the player says that it plays, or the media themselves.
    pub(crate) fn played_at(&self, url: &str) -> Option<String> {
        let after = |prefix: &str| url.strip_prefix(prefix).map(str::to_owned);
        let of_page = self.own.all().iter().map(ToString::to_string).chain([self.origin.clone()]);
        let of_page = of_page.into_iter().find_map(|own| after(&format!("{own}/player/?")));
        let src = match of_page {
            Some(query) => parameter(query.split('#').next(), "src")?,
            None => url.to_owned(),
        };
        self.plays(&src).then_some(src)
    }

    /// Whether a URL is of this server: of the page's own origin, or of a streaming host.
    fn plays(&self, url: &str) -> bool {
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
        let streaming = &self.pages.streaming;
        origin.is_some_and(|origin| self.own.contains(&origin, self.host) || streaming.contains(&origin))
    }

    /// What the page may do: run its own script, and load media and what the server says of them. Other sites may frame it if they may
    /// play what it plays. Of what cannot be known, only pages of this server may. hls.js begins text tracks with an empty file at
    /// a `data:` URL.
    fn policy(&self, described: Option<&Described>) -> String {
        let origins = self.own.all().iter().chain(&self.pages.streaming).map(ToString::to_string);
        // The policy's grammar has no addresses of IPv6; a page that is loaded from one has 'self'.
        let origins = origins.filter(|origin| !origin.contains('['));
        let media = std::iter::once("'self'".to_owned()).chain(origins).collect::<Vec<_>>().join(" ");
        let framed_by = match described {
            Some(described) => described.framed_by.as_deref(),
            None => self.pages.catalogue.is_some().then_some(&[][..]),
        };
        let frames =
            framed_by.map(|sites| format!("; frame-ancestors {}", [&["'self'".to_owned()], sites].concat().join(" ")));
        let frames = frames.unwrap_or_default();
        format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src {media} data:; connect-src {media}; \
             media-src {media} blob: data:; base-uri 'none'; form-action 'none'{frames}"
        )
    }
}

/// The decoded value of a parameter, the first one of its name, as `URLSearchParams` reads it.
pub(crate) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
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
             <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
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
