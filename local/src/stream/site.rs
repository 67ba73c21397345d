//! `/stream/{space}/{content}`, and `/stream/{space}~{generation}/{content}` of a secure space: what viewers reach of the two
//! distributions. A path with a generation is at the secure host, every other at the open one. In CloudFront's order: the
//! signature, if the host requires one; whether the space streams, and where the request goes; the origin; the header fields of
//! the function at viewer-response (`functions/edge/viewer-response.js`).

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONTENT_TYPE,
    ORIGIN, RANGE, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reelspan::cloudfront::now;
use reelspan::cloudfront::verify::{Evidence, SignatureRefusal, verify};
use reelspan::http::origin::Origin;
use reelspan::http::problem::{self, Problem};
use reelspan::http::protection::{self, Embedding};
use reelspan::space::streaming::StreamingKind;
use reelspan::space::{ContentId, SpaceId};
use reelspan::store::SpacesTable;
use reelspan::streaming::Hosts;
use reelspan::telemetry;
use reelspan_fragments::answer::{FRESH, FRESH_AT_EDGES, FRESH_TO_ONE};
use reelspan_fragments::edge::X_REELSPAN_STATUS;
use reelspan_streaming::edges::{EdgeEntry, MemoryStore};

use super::Origins;
use super::route::{HostRequest, Route, route};
use crate::CommandError;

/// The fields that pages may send, and those that they may read.
const ALLOWED: &str =
    "Accept-Range-Redirect, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range";
const EXPOSED: &str =
    "Accept-Ranges, Content-Length, Content-Range, Content-Range-Mapping, ETag, Last-Modified, X-Media-Fragment";

/// The two hosts.
#[derive(Clone, Debug)]
pub struct Site {
    /// What the edges know of spaces.
    pub edges: Arc<MemoryStore>,
    /// The table with the keys that are trusted.
    pub spaces: SpacesTable,
    /// What answers in the end.
    pub origins: Origins,
    /// The URL below which both hosts are, as signatures name it.
    pub url: String,
}

/// Why a viewer is refused.
#[derive(Debug, thiserror::Error)]
enum ViewerRefused {
    #[error("this space does not stream at this host")]
    Space,
    #[error("no content has this name: it is not UTF-8, or has '.' or '..' between slashes")]
    Name,
    #[error("the host answers GET, HEAD and OPTIONS only")]
    Method,
    #[error(transparent)]
    Signature(#[from] SignatureRefusal),
    #[error("the origin cannot be reached")]
    Origin(#[from] CommandError),
}

impl Site {
    /// All paths, to be nested where the URL says.
    pub fn router(self) -> Router {
        Router::new().route("/{*path}", any(answer)).with_state(Arc::new(self))
    }

    async fn answer(&self, request: &Parts, address: Option<SocketAddr>) -> Result<Response, ViewerRefused> {
        let (method, headers, path) = (&request.method, &request.headers, request.uri.path());
        if ![Method::GET, Method::HEAD, Method::OPTIONS].contains(method) {
            return Err(ViewerRefused::Method);
        }
        let (label, _) = split(path);
        let host = if label.contains('~') { StreamingKind::Secure } else { StreamingKind::Open };
        let query = request.uri.query().unwrap_or_default();
        let query = match host {
            StreamingKind::Open => query.to_owned(),
            StreamingKind::Secure => self.verified(path, query, headers, address).await?,
        };
        let range = headers.get(RANGE).and_then(|range| range.to_str().ok());
        let asked = HostRequest { host, method, path, query: &query, range };
        let entry = self.edges.entry(Hosts::split(label).0);
        let mut response = match route(&asked, |_| entry.clone()) {
            Route::Refused => return Err(ViewerRefused::Space),
            Route::Missing => return Err(ViewerRefused::Name),
            Route::Preflight => preflight(),
            Route::Media { path } => self.origins.media(method, &path, headers).await?,
            // Here every answer is streamed, with its length, and may have any size.
            Route::Fragments { path, query, in_range, whole: _, range: _ } => {
                let target = query.map_or(path.clone(), |query| format!("{path}?q={query}"));
                self.origins.fragment(host, method, &target, in_range, headers, address).await?
            }
        };
        if let Some(entry) = &entry {
            finish(&mut response, entry, headers.get(ORIGIN));
        }
        Ok(response)
    }

    /// The query of a request without its signature, if that is valid.
    async fn verified(
        &self,
        path: &str,
        query: &str,
        headers: &HeaderMap,
        address: Option<SocketAddr>,
    ) -> Result<String, ViewerRefused> {
        let (in_query, rest) = Evidence::from_query(query)?;
        let evidence = match in_query {
            Some(evidence) => evidence,
            None => Evidence::from_cookies(headers)?.ok_or(SignatureRefusal::Unsigned)?,
        };
        let keys = self.spaces.commons().await.map_err(CommandError::failed("the keys"))?.keys;
        let separator = if rest.is_empty() { "" } else { "?" };
        let url = format!("{}{path}{separator}{rest}", self.url);
        verify(&evidence, &url, &keys, now(), address.map(|address| address.ip().to_canonical()))?;
        Ok(rest)
    }
}

/// The first segment of a path, and what follows it.
fn split(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    path.split_once('/').unwrap_or((path, ""))
}

async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    let (request, _) = request.into_parts();
    let address = request.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address);
    let answered = site.answer(&request, address).await;
    let (label, content) = split(request.uri.path());
    let content = percent_encoding::percent_decode_str(content).decode_utf8_lossy().into_owned();
    telemetry::note(|notes| {
        notes.kind = notes.kind.or(Some("stream"));
        notes.space = SpaceId::parse(Hosts::split(label).0).ok().map(|space| space.to_string());
        notes.content = ContentId::parse(&content).ok().map(|content| content.to_string());
        notes.refused_signature |= matches!(answered, Err(ViewerRefused::Signature(_)));
    });
    answered.unwrap_or_else(IntoResponse::into_response)
}

fn preflight() -> Response {
    let fields = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, OPTIONS"),
        (ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED),
        (ACCESS_CONTROL_MAX_AGE, "86400"),
        (CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::NO_CONTENT, fields).into_response()
}

/// What the function at viewer-response does with an answer.
fn finish(response: &mut Response, entry: &EdgeEntry, origin: Option<&HeaderValue>) {
    if let Some(status) = response.headers_mut().remove(X_REELSPAN_STATUS)
        && let Ok(status) = StatusCode::from_bytes(status.as_bytes())
    {
        *response.status_mut() = status;
    }
    let headers = response.headers_mut();
    share(&entry.origins, origin, headers);
    if entry.kind == StreamingKind::Secure && headers.get(CACHE_CONTROL).is_none_or(|value| value != "no-store") {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(FRESH_TO_ONE));
    } else if headers.get(CACHE_CONTROL).is_some_and(|value| value == FRESH_AT_EDGES) {
        // No cache in front of this machine is told what was replaced.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(FRESH));
    }
    protection::stored(headers, Embedding::AnySite);
}

/// The header fields that say which pages may read the answer: all of them if no origins are named. Only pages of named origins
/// may send cookies (Fetch §3.2.5).
fn share(origins: &[String], origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    headers.remove(ACCESS_CONTROL_ALLOW_ORIGIN);
    let Some(origin) = origin else { return };
    let allowed = if origins.is_empty() {
        HeaderValue::from_static("*")
    } else {
        headers.append(VARY, HeaderValue::from_static("Origin"));
        let parsed = origin.to_str().ok().and_then(Origin::parse);
        if !parsed.is_some_and(|parsed| origins.iter().any(|entry| parsed.is_allowed_by(entry))) {
            return;
        }
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        origin.clone()
    };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
}

impl IntoResponse for ViewerRefused {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Name => StatusCode::NOT_FOUND,
            Self::Space | Self::Method | Self::Signature(_) => StatusCode::FORBIDDEN,
            Self::Origin(error) => {
                tracing::error!(%error, "an origin");
                StatusCode::BAD_GATEWAY
            }
        };
        let title = status.canonical_reason().unwrap_or("Problem");
        let body = Problem::new(status.as_u16(), title).detail(self.to_string()).to_json();
        let fields = [(CONTENT_TYPE, problem::MEDIA_TYPE), (CACHE_CONTROL, "no-store")];
        let mut response = (status, fields, body).into_response();
        protection::written(response.headers_mut(), Embedding::AnySite);
        response
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn pages_read_what_they_were_let_to() {
        let (named, below) = (["https://library.example".to_owned()], ["https://*.library.example".to_owned()]);
        for (origins, origin, allowed) in [
            (&named[..], Some("https://library.example"), Some("https://library.example")),
            (&named[..], Some("http://library.example"), None),
            (&named[..], Some("https://library.example.evil.example"), None),
            (&named[..], Some("https://maps.library.example"), None),
            (&below[..], Some("https://maps.library.example"), Some("https://maps.library.example")),
            (&below[..], Some("https://maps.library.example.evil.example"), None),
            (&named[..], Some("null"), None),
            (&named[..], None, None),
            (&[], Some("http://anything.example"), Some("*")),
            (&[], None, None),
        ] {
            let mut headers = HeaderMap::from_iter([(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))]);
            share(origins, origin.map(HeaderValue::from_static).as_ref(), &mut headers);
            let found = headers.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().unwrap());
            assert_eq!(found, allowed, "{origin:?} {origins:?}");
            let credentials = headers.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS);
            assert_eq!(credentials, allowed.is_some_and(|allowed| allowed != "*"), "{origin:?} {origins:?}");
        }
    }
}
