//! Answers that are streamed: what a function says to Lambda's Runtime API (*AWS Lambda Developer Guide*, "Building a custom
//! runtime for AWS Lambda", "Response streaming"). That is one POST in chunks: the head of the answer as JSON, eight zeros, the
//! body, and where the body breaks off, trailers that say why.
//!
//! The runtime polls for events as ever; only its way to answer them is replaced, for two reasons:
//!
//! - Its connection has no `TCP_NODELAY`. An answer of less than 64 KB then waits some 40 ms, until the peer acknowledges the
//!   head.
//! - Of a body that breaks off it sends the trailers as a part of the body, and ends it well: a viewer would have wrong bytes.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::{StreamExt, stream};
use http::header::{CONTENT_TYPE, SET_COOKIE, TRAILER, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::StreamBody;
use hyper_util::client::legacy::connect::HttpConnector;
use lambda_http::Error;
use lambda_http::lambda_runtime::layers::TracingLayer;
use lambda_http::lambda_runtime::{Diagnostic, LambdaInvocation, MetadataPrelude};
use lambda_http::tower::{Service, layer::layer_fn};
use lambda_runtime_api_client::{PooledClient, body, build_request};

use crate::event::{self, EventError};
use crate::failure::{self, caught};
use crate::in_a_task;

const RESPONSE_MODE: HeaderName = HeaderName::from_static("lambda-runtime-function-response-mode");
const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");
const ERROR_BODY: HeaderName = HeaderName::from_static("lambda-runtime-function-error-body");
/// Which attempt at an invocation this is; it is said back where Lambda has said it.
const INVOCATION: HeaderName = HeaderName::from_static("lambda-runtime-invocation-id");

/// The media type of a head, zeros, and a body.
const WITH_HEAD: HeaderValue = HeaderValue::from_static("application/vnd.awslambda.http-integration-response");
/// What is between head and body.
static ZEROS: [u8; 8] = [0; 8];

/// Answers invocations until the end, each as a stream.
///
/// # Errors
///
/// The Runtime API cannot be reached, or hangs up.
pub async fn run_streamed<S>(service: S) -> Result<(), Error>
where
    S: Service<lambda_http::Request, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Arc::new(PooledClient::builder().with_connector(connector).build());
    let runtime = lambda_http::streaming_runtime_concurrent(service.clone())
        .layer(layer_fn(move |otherwise| Streamed { service: service.clone(), client: Arc::clone(&client), otherwise }))
        .layer(TracingLayer::new());
    in_a_task(runtime.run()).await
}

struct Streamed<S, R> {
    service: S,
    client: Arc<PooledClient>,
    /// The runtime's own way, which tells Lambda of an event that is no request.
    otherwise: R,
}

impl<S, R> Service<LambdaInvocation> for Streamed<S, R>
where
    S: Service<lambda_http::Request, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    R: Service<LambdaInvocation, Response = (), Error = Error>,
    R::Future: Send + 'static,
{
    type Response = ();
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.service.poll_ready(context) {
            Poll::Ready(Ok(())) => self.otherwise.poll_ready(context),
            Poll::Pending => Poll::Pending,
        }
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let path = format!("/2018-06-01/runtime/invocation/{}/response", invocation.context.request_id);
        let request = match event::request(&invocation.body, invocation.context.clone()) {
            Ok(request) => request,
            Err(EventError::Json(_) | EventError::NoPath) => return Box::pin(self.otherwise.call(invocation)),
            Err(error) => {
                let (head, body) = failure::problem(StatusCode::BAD_REQUEST, &error.to_string());
                let (refused, client) = (Response::from_parts(head, Body::from(body)), Arc::clone(&self.client));
                return Box::pin(async move { tell(&client, &path, &invocation.parts.headers, refused).await });
            }
        };
        let (service, client) = (self.service.clone(), Arc::clone(&self.client));
        Box::pin(async move {
            let answer = caught(service, request).await;
            tell(&client, &path, &invocation.parts.headers, answer).await
        })
    }
}

/// Tells Lambda an answer.
async fn tell(client: &PooledClient, path: &str, invocation: &HeaderMap, answer: Response<Body>) -> Result<(), Error> {
    let taken = client.call(post(path, invocation.get(INVOCATION), answer)?).await?;
    if !taken.status().is_success() {
        tracing::error!(status = taken.status().as_u16(), "Lambda does not take the answer");
    }
    Ok(())
}

/// The request by which Lambda is told of an answer.
fn post(path: &str, invocation: Option<&HeaderValue>, answer: Response<Body>) -> Result<Request<body::Body>, Error> {
    let (mut parts, body) = answer.into_parts();
    let cookies = parts.headers.get_all(SET_COOKIE).iter();
    let cookies = cookies.map(|cookie| String::from_utf8_lossy(cookie.as_bytes()).into_owned()).collect();
    parts.headers.remove(SET_COOKIE);
    // As Lambda's own runtimes have it.
    parts.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/octet-stream"));
    let head = MetadataPrelude { status_code: parts.status, headers: parts.headers, cookies };
    // Each in a chunk of its own: so far the emulator of cargo-lambda goes by chunks.
    let head = [Bytes::from(serde_json::to_vec(&head)?), Bytes::from_static(&ZEROS)].map(Frame::data);
    let body = body.into_data_stream().map(|chunk| chunk.map_or_else(|error| broken_off(&error), Frame::data));
    let frames = stream::iter(head).chain(body).map(Ok::<_, Infallible>);
    let mut request = build_request()
        .method("POST")
        .uri(path)
        .header(TRANSFER_ENCODING, "chunked")
        .header(TRAILER, ERROR_TYPE.as_str())
        .header(TRAILER, ERROR_BODY.as_str())
        .header(RESPONSE_MODE, "streaming")
        .header(CONTENT_TYPE, WITH_HEAD)
        .body(body::Body::new(StreamBody::new(frames)))?;
    if let Some(invocation) = invocation {
        request.headers_mut().insert(INVOCATION, invocation.clone());
    }
    Ok(request)
}

/// What is said where a body breaks off, instead of its end.
fn broken_off(error: &axum::Error) -> Frame<Bytes> {
    tracing::error!(%error, "the body breaks off");
    let why = Diagnostic {
        error_type: "Reelspan.BrokenOff".to_owned(),
        error_message: "the stored bytes could not be read to their end".to_owned(),
    };
    let mut trailers = HeaderMap::new();
    trailers.extend(HeaderValue::try_from(&why.error_type).map(|kind| (ERROR_TYPE, kind)));
    let body = serde_json::to_vec(&why).map(|body| STANDARD.encode(body)).unwrap_or_default();
    trailers.extend(HeaderValue::try_from(body).map(|body| (ERROR_BODY, body)));
    Frame::trailers(trailers)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use http_body_util::BodyExt;

    use super::*;

    /// What Lambda is told: the head, the body, and the trailers.
    async fn told(answer: Response<Body>) -> (serde_json::Value, Bytes, Option<HeaderMap>) {
        let request = post("/path", Some(&HeaderValue::from_static("second")), answer).unwrap();
        assert_eq!(request.headers()[RESPONSE_MODE], "streaming");
        assert_eq!(request.headers()[INVOCATION], "second");
        let said = BodyExt::collect(request.into_body()).await.unwrap();
        let trailers = said.trailers().cloned();
        let said = said.to_bytes();
        let at = said.windows(ZEROS.len()).position(|window| window == ZEROS).unwrap();
        (serde_json::from_slice(&said[..at]).unwrap(), said.slice(at + ZEROS.len()..), trailers)
    }

    #[tokio::test]
    async fn an_answer_is_its_head_eight_zeros_and_its_body() {
        let answer = Response::builder()
            .status(206)
            .header("content-type", "video/mp4")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2")
            .body(Body::from("media"))
            .unwrap();
        let (head, body, trailers) = told(answer).await;
        let expected = serde_json::json!({
            "statusCode": 206, "headers": { "content-type": "video/mp4" }, "cookies": ["a=1", "b=2"],
        });
        assert_eq!((head, &*body, trailers), (expected, &b"media"[..], None));
        let (head, body, trailers) = told(Response::new(Body::empty())).await;
        assert_eq!(head["headers"]["content-type"], "application/octet-stream");
        assert_eq!((&*body, trailers), (&b""[..], None));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_what_there_was_of_it_and_why() {
        let chunks = [Ok(Bytes::from_static(b"half")), Err(std::io::Error::other("gone"))];
        let (_, body, trailers) = told(Response::new(Body::from_stream(stream::iter(chunks)))).await;
        let trailers = trailers.unwrap();
        let why: Diagnostic = serde_json::from_slice(&STANDARD.decode(&trailers[ERROR_BODY]).unwrap()).unwrap();
        assert_eq!(trailers[ERROR_TYPE], *why.error_type);
        assert_eq!(body, "half");
    }
}
