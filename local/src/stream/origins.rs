//! The origins of what is streamed: S3, and the fragments function.

use aws_sdk_s3::presigning::PresigningConfig;
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::header::{CONNECTION, DATE, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, RANGE, SERVER, TRANSFER_ENCODING};
use http::{HeaderMap, Method, Request, Uri};
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::rt::TokioExecutor;
use percent_encoding::percent_decode_str;
use reelspan::space::streaming::StreamingKind;
use reelspan_fragments::Fragments;
use reelspan_fragments::edge::{X_REELSPAN_KIND, kind_value, respond, restored};
use reelspan_fragments::viewers::X_REELSPAN_RANGE;
use std::net::SocketAddr;
use std::time::Duration;
use tower::ServiceExt;

use crate::{CommandError, s3::MEDIA_BUCKET};

/// How long the signature of a request to S3 is valid.
const AT_ONCE: Duration = Duration::from_mins(1);

/// The conditions that reach an origin: those that CloudFront itself sets when it asks whether a cached answer is still valid.
const CONDITIONS: [HeaderName; 2] = [IF_MODIFIED_SINCE, IF_NONE_MATCH];

/// Header fields of a connection, which are no part of an answer.
const BETWEEN: [HeaderName; 4] = [CONNECTION, DATE, SERVER, TRANSFER_ENCODING];

/// The origins.
#[derive(Clone, Debug)]
pub struct Origins {
    s3: aws_sdk_s3::Client,
    http: legacy::Client<HttpConnector, Body>,
    fragments: Router,
}

impl Origins {
    /// The bucket behind this client, and this function, which has to take [`reelspan_fragments::Viewers::CloudFront`] for
    /// granted.
    #[must_use]
    pub fn new(s3: aws_sdk_s3::Client, fragments: Fragments) -> Self {
        let http = legacy::Client::builder(TokioExecutor::new()).build_http();
        Self { s3, http, fragments: fragments.router() }
    }

    /// The answer of S3 to a request with this path.
    pub async fn media(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<Response, CommandError> {
        let about = "a request to S3";
        let good = PresigningConfig::expires_in(AT_ONCE).map_err(CommandError::failed(about))?;
        let key =
            percent_decode_str(path.trim_start_matches('/')).decode_utf8().map_err(CommandError::failed(about))?;
        let signed = if method == Method::HEAD {
            let head = self.s3.head_object().bucket(MEDIA_BUCKET).key(key);
            head.presigned(good).await.map_err(CommandError::failed(about))?
        } else {
            let get = self.s3.get_object().bucket(MEDIA_BUCKET).key(key);
            get.presigned(good).await.map_err(CommandError::failed(about))?
        };
        let request = Request::builder().method(method).uri(signed.uri()).body(Body::empty());
        let mut request = request.map_err(CommandError::failed(about))?;
        copy(headers, request.headers_mut());
        if let Some(range) = headers.get(RANGE).filter(|range| is_one_range_of_bytes(range.as_bytes())) {
            request.headers_mut().insert(RANGE, range.clone());
        }
        let response = self.http.request(request).await.map_err(CommandError::failed(about))?;
        Ok(without_what_is_between(response.map(Body::new)))
    }

    /// The answer of the fragments function to a request with this path, and this query as the parameter `q`. The `Range` may
    /// have to go there in a field of ours. `address` is the viewer's.
    pub async fn fragment(
        &self,
        kind: StreamingKind,
        method: &Method,
        target: &str,
        in_range: bool,
        headers: &HeaderMap,
        address: Option<SocketAddr>,
    ) -> Result<Response, CommandError> {
        let about = "a request to the fragments function";
        let uri: Uri = format!("/media{target}").parse().map_err(CommandError::failed(about))?;
        let uri = restored(&uri).unwrap_or_else(|| Uri::from_static("/"));
        let request = Request::builder().method(method).uri(uri).body(Body::empty());
        let mut request = request.map_err(CommandError::failed(about))?;
        copy(headers, request.headers_mut());
        request.headers_mut().insert(X_REELSPAN_KIND, kind_value(kind));
        if let Some(address) = address {
            request.extensions_mut().insert(ConnectInfo(address));
        }
        if let Some(range) = headers.get(RANGE) {
            request.headers_mut().insert(if in_range { X_REELSPAN_RANGE } else { RANGE }, range.clone());
        }
        let answered = self.fragments.clone().oneshot(request).await;
        Ok(respond(answered.unwrap_or_else(|never| match never {})))
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
