//! The embedded files, and how they are answered: with their media type, a validator, and how long they may be kept.

use std::{collections::BTreeMap, sync::LazyLock};

use axum::response::{IntoResponse, Response};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH},
};
use reelspan::http::protection::{self, Embedding};
use ring::digest::{SHA256, digest};

/// Names below `web/dist`, and contents.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/files.rs"));

static ASSETS: LazyLock<BTreeMap<&str, Asset>> =
    LazyLock::new(|| FILES.iter().map(|&(name, bytes)| (name, Asset::new(name, bytes))).collect());

/// Names in this folder contain a hash of the content.
const HASHED: &str = "/assets/";
const FOREVER: &str = "public, max-age=31536000, immutable";
/// A name that other sites have in their pages gets a new content with each release: it is asked for again.
const BRIEFLY: &str = "public, max-age=600";

/// An embedded file.
#[derive(Clone, Debug)]
pub struct Asset {
    name: &'static str,
    bytes: &'static [u8],
    etag: HeaderValue,
}

/// The file of this name below `web/dist`: `player/index.html`.
#[must_use]
pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.get(name)
}

impl Asset {
    fn new(name: &'static str, bytes: &'static [u8]) -> Self {
        let hash = digest(&SHA256, bytes);
        let hex: Vec<_> = hash.as_ref().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let etag = HeaderValue::try_from(format!("\"{}\"", hex.concat())).unwrap_or(HeaderValue::from_static("\"\""));
        Self { name, bytes, etag }
    }

    /// The content, if it is text; otherwise empty.
    #[must_use]
    pub fn text(&self) -> &'static str {
        std::str::from_utf8(self.bytes).unwrap_or_default()
    }

    /// The answer to a request with these header fields. Pages of any site may load it.
    #[must_use]
    pub fn answer(&self, request: &HeaderMap) -> Response {
        let kept = if self.name.contains(HASHED) { FOREVER } else { BRIEFLY };
        let mut fields = HeaderMap::new();
        fields.insert(CONTENT_TYPE, HeaderValue::from_static(media_type(self.name)));
        fields.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
        fields.insert(ETAG, self.etag.clone());
        // Module scripts of other origins are loaded with CORS.
        fields.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        protection::written(&mut fields, Embedding::AnySite);
        if self.is_current(request) {
            return (StatusCode::NOT_MODIFIED, fields).into_response();
        }
        (fields, self.bytes).into_response()
    }

    /// Whether `If-None-Match` has this version (RFC 9110 §13.1.2).
    fn is_current(&self, request: &HeaderMap) -> bool {
        let etag = self.etag.to_str().unwrap_or_default();
        let values = request.get_all(IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|one| {
            let one = one.trim();
            one == "*" || one.strip_prefix("W/").unwrap_or(one) == etag
        })
    }
}

/// The media type of a name's extension.
fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "txt" => "text/plain; charset=utf-8",
        "xml" => "application/xml",
        "zip" => "application/zip",
        "mp4" => "video/mp4",
        "mkv" => "video/x-matroska",
        "flac" => "audio/flac",
        _ => "application/octet-stream",
    }
}
