//! `/stream/{space}/{content}`, and `/stream/{space}~{generation}/{content}` of a secure space: what viewers reach of a
//! distribution. In the order in which CloudFront does it: the distribution is there and enabled; the signature, where it asks
//! for one; the origin; the header fields of its policy.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, CACHE_CONTROL,
    CONTENT_TYPE, ORIGIN, RANGE, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use reelspan::cloudfront::verify::{Evidence, Refusal, verify, without_signature};
use reelspan::cloudfront::{now, policy};
use reelspan::distribution::Hosts;
use reelspan::http::origin::Origin;
use reelspan::http::problem::{self, Problem};
use reelspan::http::protection::{self, Embedding};
use reelspan::space::streaming::{Distribution, Streaming};
use reelspan::space::{ContentId, MediaKey, SpaceId};
use reelspan::store::SpacesTable;
use reelspan::telemetry;

use super::origins::Asked;
use super::{CloudFront, Origins, edge};
use crate::Error;

/// What pages may read of an answer, beside what every page may.
const EXPOSED: &str =
    "Accept-Ranges, Content-Length, Content-Range, Content-Range-Mapping, ETag, Last-Modified, X-Media-Fragment";

/// How long a viewer's own cache may keep what was signed for them: as `/media/` has it.
const FRESH_TO_ONE: &str = "private, max-age=60";

/// The distributions, as viewers reach them.
#[derive(Clone, Debug)]
pub struct Site {
    /// What was made of them.
    pub cloudfront: CloudFront,
    /// The spaces, which know their distributions.
    pub spaces: SpacesTable,
    /// What answers in the end.
    pub origins: Origins,
    /// Where viewers reach them.
    pub hosts: Hosts,
}

/// Why a viewer is sent away.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("there is no distribution here")]
    Nowhere,
    #[error("the distribution is not enabled")]
    Disabled,
    #[error("the distribution answers GET, HEAD and OPTIONS alone")]
    Method,
    #[error(transparent)]
    Signature(#[from] Refusal),
    #[error("the origin cannot be reached")]
    Origin(#[from] Error),
}

impl Site {
    /// `/{space}/{content}`, to be nested where [`Hosts`] says.
    pub fn router(self) -> Router {
        Router::new().route("/{space}/{*content}", any(answer)).with_state(Arc::new(self))
    }

    async fn found(&self, space: &SpaceId) -> Result<(Streaming, Distribution), Refused> {
        let found = self.spaces.get(space).await.map_err(Error::failed("the spaces"))?;
        let streaming = found.and_then(|space| space.streaming).ok_or(Refused::Nowhere)?;
        let distribution = streaming.distribution.clone().ok_or(Refused::Nowhere)?;
        Ok((streaming, distribution))
    }

    async fn answer(
        &self,
        label: &str,
        media: &MediaKey,
        address: Option<SocketAddr>,
        request: &Viewed<'_>,
    ) -> Result<Response, Refused> {
        let (streaming, distribution) = self.found(media.space()).await?;
        let entrance = self.cloudfront.entrance(&distribution.id).ok_or(Refused::Nowhere)?;
        if !entrance.enabled {
            return Err(Refused::Disabled);
        }
        if ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method) {
            return Err(Refused::Method);
        }
        let query = request.uri.query().unwrap_or_default();
        let is_of_this_setup = label == Hosts::label(media.space(), &streaming);
        let rest = match &entrance.keys {
            None if !is_of_this_setup => return Err(Refused::Nowhere),
            None => without_signature(query),
            // Nothing that is there now was signed for it.
            Some(_) if !is_of_this_setup => return Err(Refusal::Unsigned.into()),
            Some(keys) => {
                let (in_query, rest) = Evidence::from_query(query)?;
                let evidence = match in_query {
                    Some(evidence) => evidence,
                    None => Evidence::from_cookies(request.headers)?.ok_or(Refusal::Unsigned)?,
                };
                let base = self.hosts.base(media.space(), &streaming, &distribution);
                let url = policy::written(&base, request.path(label)?, &rest);
                verify(&evidence, &url, keys, now(), address.map(|address| address.ip().to_canonical()))?;
                rest
            }
        };
        let query = Some(rest.as_str()).filter(|rest| !rest.is_empty());
        let range = request.headers.get(RANGE).and_then(|range| range.to_str().ok());
        let asked = Asked { method: request.method, media, query, headers: request.headers };
        let mut response = match edge::Origin::of(request.method, query, range) {
            edge::Origin::Media => self.origins.media(&asked).await?,
            edge::Origin::Fragments { in_range } => self.origins.fragment(&asked, in_range).await?,
        };
        let headers = response.headers_mut();
        share(&streaming, request.headers.get(ORIGIN), headers);
        if entrance.keys.is_some() {
            keep_for_one(headers);
        }
        protection::stored(headers, Embedding::AnySite);
        Ok(response)
    }
}

/// A request of a viewer, without its body, of which there is none.
struct Viewed<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
}

impl Viewed<'_> {
    /// The path behind its first segment, as the request writes it. The segment itself is written as it is: no character of it
    /// needs to be encoded.
    fn path(&self, label: &str) -> Result<&str, Refusal> {
        let path = self.uri.path().strip_prefix('/').and_then(|path| path.strip_prefix(label));
        path.filter(|path| path.starts_with('/')).ok_or(Refusal::Resource)
    }
}

/// Keeps what was signed for one viewer from caches that others share. An error stays as it is: it is not kept at all.
fn keep_for_one(headers: &mut HeaderMap) {
    let kept = headers.get(CACHE_CONTROL).is_none_or(|value| value != "no-store");
    if kept {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(FRESH_TO_ONE));
    }
}

async fn answer(
    State(site): State<Arc<Site>>,
    Path((label, content)): Path<(String, String)>,
    request: Request,
) -> Response {
    let address = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| *address);
    let viewed = Viewed { method: request.method(), uri: request.uri(), headers: request.headers() };
    let names = Hosts::space(&label).and_then(|space| MediaKey::new(space, ContentId::parse(&content)?));
    let answered = match &names {
        Ok(media) => site.answer(&label, media, address, &viewed).await,
        Err(_) => Err(Refused::Nowhere),
    };
    let space = names.map_or(label, |media| media.space().to_string());
    telemetry::note(|notes| {
        notes.kind = notes.kind.or(Some("stream"));
        (notes.space, notes.content) = (Some(space), Some(content));
        notes.refused_signature |= matches!(answered, Err(Refused::Signature(_)));
    });
    answered.unwrap_or_else(IntoResponse::into_response)
}

/// The header fields of the response headers policy: which pages may read the answer, all of them where none was named. Only
/// those of named origins may come with cookies (Fetch §3.2.5).
fn share(streaming: &Streaming, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    headers.remove(ACCESS_CONTROL_ALLOW_ORIGIN);
    let Some(origin) = origin else { return };
    let allowed = if streaming.origins.is_empty() {
        HeaderValue::from_static("*")
    } else {
        headers.append(VARY, HeaderValue::from_static("Origin"));
        let parsed = origin.to_str().ok().and_then(Origin::parse);
        if !parsed.is_some_and(|parsed| streaming.origins.iter().any(|entry| parsed.is_allowed_by(entry))) {
            return;
        }
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        origin.clone()
    };
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::Nowhere => StatusCode::NOT_FOUND,
            Self::Disabled | Self::Method | Self::Signature(_) => StatusCode::FORBIDDEN,
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

    use reelspan::space::streaming::Kind;

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
            let streaming = Streaming::new(Kind::Open, origins.to_vec());
            let mut headers = HeaderMap::from_iter([(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"))]);
            share(&streaming, origin.map(HeaderValue::from_static).as_ref(), &mut headers);
            let found = headers.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().unwrap());
            assert_eq!(found, allowed, "{origin:?} {origins:?}");
            let credentials = headers.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS);
            assert_eq!(credentials, allowed.is_some_and(|allowed| allowed != "*"), "{origin:?} {origins:?}");
        }
    }
}
