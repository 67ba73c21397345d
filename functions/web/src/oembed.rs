//! `/oembed` (oEmbed 1.0, <https://oembed.com/>): what `WordPress`, Drupal and Moodle ask for if somebody posts a link to a content, or to
//! the page that plays it.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use reelspan::http::markup::escaped;
use reelspan::http::protection::{self, Embedding};
use serde_json::{Value, json};

use crate::catalogue::{Access, PictureSize};
use crate::markup::{frame, page_of, size};
use crate::player::{Asking, PlayerPages, parameter, refused};

/// How long an answer may be kept, in seconds: a title may change.
const KEPT: u32 = 300;

/// How an answer is written.
#[derive(Clone, Copy)]
enum OembedFormat {
    Json,
    Xml,
}

/// Answers for a URL of this server.
pub async fn oembed(State(pages): State<Arc<PlayerPages>>, parts: Parts) -> Response {
    let asking = Asking::of(&pages, &parts);
    let refuse = |status, detail| refused(&parts.headers, status, detail);
    let parameter = |name: &str| parameter(parts.uri.query(), name);
    let format = match parameter("format").as_deref() {
        None | Some("json" | "") => OembedFormat::Json,
        Some("xml") => OembedFormat::Xml,
        Some(_) => return refuse(StatusCode::NOT_IMPLEMENTED, "the formats are json and xml"),
    };
    let Some(url) = parameter("url") else { return refuse(StatusCode::BAD_REQUEST, "the parameter url is missing") };
    let none = "there is no such content on this server";
    let Some(src) = asking.played_at(&url) else { return refuse(StatusCode::NOT_FOUND, none) };
    let Some(described) = asking.described(&src).await else { return refuse(StatusCode::NOT_FOUND, none) };
    match described.access {
        Access::Open => {}
        Access::Signed => return refuse(StatusCode::UNAUTHORIZED, "this content needs a signed URL"),
        Access::Closed => return refuse(StatusCode::NOT_FOUND, none),
    }
    let [width, height] = ["maxwidth", "maxheight"].map(|name| parameter(name).and_then(|text| text.parse().ok()));
    let (width, height) = size(described.picture, (width, height));
    let page = page_of(&asking.origin, &src);
    let mut members = vec![
        ("type", json!(if described.picture == PictureSize::Sound { "rich" } else { "video" })),
        ("version", json!("1.0")),
        ("title", json!(described.title)),
    ];
    members.extend(described.creator.map(|creator| ("author_name", json!(creator))));
    members.extend([
        ("provider_name", json!("Reelspan")),
        ("provider_url", json!(asking.origin)),
        ("cache_age", json!(KEPT)),
        ("html", json!(frame(&page, &described.title, (width, height)))),
        ("width", json!(width)),
        ("height", json!(height)),
    ]);
    let (mime, body) = match format {
        OembedFormat::Json => ("application/json", members.into_iter().collect::<Value>().to_string()),
        OembedFormat::Xml => ("text/xml; charset=utf-8", xml(&members)),
    };
    let fields = [
        (CONTENT_TYPE, mime.to_owned()),
        (CACHE_CONTROL, format!("public, max-age={KEPT}")),
        (ACCESS_CONTROL_ALLOW_ORIGIN, "*".to_owned()),
    ];
    let mut response = (fields, body).into_response();
    protection::written(response.headers_mut(), Embedding::AnySite);
    response
}

fn xml(members: &[(&str, Value)]) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\n<oembed>\n".to_owned();
    for (name, value) in members {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        // Writing to a string does not fail.
        let _ = writeln!(out, "  <{name}>{}</{name}>", escaped(&text));
    }
    out.push_str("</oembed>\n");
    out
}
