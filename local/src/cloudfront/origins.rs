//! The two origins of a distribution: S3, and the fragments function.

use aws_sdk_s3::presigning::PresigningConfig;
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use http::header::{
    CONNECTION, DATE, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, ORIGIN,
    RANGE, SERVER, TRANSFER_ENCODING,
};
use http::{HeaderMap, Method, Request};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use reelspan::space::MediaKey;
use reelspan_fragments::Fragments;
use reelspan_fragments::viewers::X_REELSPAN_RANGE;
use std::time::Duration;
use tower::ServiceExt;

use super::edge;
use crate::{Error, s3::MEDIA_BUCKET};

/// How long the signature of a request to S3 is good.
const AT_ONCE: Duration = Duration::from_mins(1);

/// What of a request reaches an origin, beside what it is of.
const CONDITIONS: [HeaderName; 5] = [IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE];

/// What is between two hosts, and no part of an answer.
const BETWEEN: [HeaderName; 4] = [CONNECTION, DATE, SERVER, TRANSFER_ENCODING];

/// The origins.
#[derive(Clone, Debug)]
pub struct Origins {
    s3: aws_sdk_s3::Client,
    http: legacy::Client<HttpConnector, Body>,
    fragments: Router,
}

/// A request as it leaves the edge.
pub struct Asked<'a> {
    /// GET, HEAD or OPTIONS.
    pub method: &'a Method,
    /// Of what.
    pub media: &'a MediaKey,
    /// The query, without a signature.
    pub query: Option<&'a str>,
    /// The header fields.
    pub headers: &'a HeaderMap,
}

impl Origins {
    /// The bucket behind this client, and this function, which has to take [`reelspan_fragments::Viewers::CloudFront`] for
    /// granted.
    #[must_use]
    pub fn new(s3: aws_sdk_s3::Client, fragments: Fragments) -> Self {
        let http = legacy::Client::builder(TokioExecutor::new()).build_http();
        Self { s3, http, fragments: fragments.router() }
    }

    /// Bytes as S3 has them, and its own answer: a request that is signed, as origin access control signs it.
    pub async fn media(&self, asked: &Asked<'_>) -> Result<Response, Error> {
        let about = "a request to S3";
        let good = PresigningConfig::expires_in(AT_ONCE).map_err(Error::failed(about))?;
        let (bucket, key) = (MEDIA_BUCKET, asked.media.to_string());
        let signed = if asked.method == Method::HEAD {
            self.s3.head_object().bucket(bucket).key(key).presigned(good).await.map_err(Error::failed(about))?
        } else {
            self.s3.get_object().bucket(bucket).key(key).presigned(good).await.map_err(Error::failed(about))?
        };
        let request = Request::builder().method(asked.method).uri(signed.uri()).body(Body::empty());
        let mut request = request.map_err(Error::failed(about))?;
        copy(asked.headers, request.headers_mut());
        if let Some(range) = asked.headers.get(RANGE).filter(|range| is_one_range_of_bytes(range.as_bytes())) {
            request.headers_mut().insert(RANGE, range.clone());
        }
        let response = self.http.request(request).await.map_err(Error::failed(about))?;
        Ok(without_what_is_between(response.map(Body::new)))
    }

    /// What the fragments function makes of it. The `Range` may have to go in a field of ours.
    pub async fn fragment(&self, asked: &Asked<'_>, in_range: bool) -> Result<Response, Error> {
        let query = edge::fragment(asked.query.unwrap_or_default()).collect::<Vec<_>>().join("&");
        let separator = if query.is_empty() { "" } else { "?" };
        let uri = format!("/media/{}{separator}{query}", asked.media.to_path());
        let request = Request::builder().method(asked.method).uri(uri).body(Body::empty());
        let mut request = request.map_err(Error::failed("a request to the fragments function"))?;
        copy(asked.headers, request.headers_mut());
        let preflight = ["access-control-request-method", "access-control-request-headers"];
        for name in preflight.map(HeaderName::from_static).into_iter().chain([ORIGIN]) {
            if let Some(value) = asked.headers.get(&name) {
                request.headers_mut().insert(name, value.clone());
            }
        }
        if let Some(range) = asked.headers.get(RANGE) {
            request.headers_mut().insert(if in_range { X_REELSPAN_RANGE } else { RANGE }, range.clone());
        }
        let answered = self.fragments.clone().oneshot(request).await;
        Ok(answered.unwrap_or_else(|never| match never {}))
    }
}

fn copy(from: &HeaderMap, to: &mut HeaderMap) {
    for name in CONDITIONS {
        if let Some(value) = from.get(&name) {
            to.insert(name, value.clone());
        }
    }
}

/// What S3 takes of a `Range`: several ranges, and other units, are to it as if they were not there.
fn is_one_range_of_bytes(range: &[u8]) -> bool {
    range.get(..6).is_some_and(|unit| unit.eq_ignore_ascii_case(b"bytes=")) && !range.contains(&b',')
}

fn without_what_is_between(mut response: Response) -> Response {
    let headers = response.headers_mut();
    for name in BETWEEN {
        headers.remove(name);
    }
    response
}
