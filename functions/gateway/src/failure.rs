//! What is answered if a service fails: problem details.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;

use axum::body::Body;
use futures::FutureExt;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::response::Parts;
use http::{HeaderValue, Response, StatusCode};
use lambda_http::Request;
use lambda_http::tower::{Service, ServiceExt};
use reelspan::http::problem::{self, Problem};

/// The answer of a service, or a 500 if it panics.
pub async fn caught<S>(service: S, request: Request) -> Response<Body>
where
    S: Service<Request, Response = Response<Body>, Error = Infallible>,
{
    match AssertUnwindSafe(service.oneshot(request)).catch_unwind().await {
        Ok(Ok(answer)) => answer,
        Ok(Err(never)) => match never {},
        Err(_) => {
            tracing::error!("a handler panicked");
            let (parts, body) = problem(StatusCode::INTERNAL_SERVER_ERROR, "this should not have happened");
            Response::from_parts(parts, Body::from(body))
        }
    }
}

/// A problem that no cache keeps.
pub fn problem(status: StatusCode, detail: &str) -> (Parts, String) {
    let title = status.canonical_reason().unwrap_or("Problem");
    let problem = Problem::new(status.as_u16(), title).detail(detail);
    let (mut parts, ()) = Response::new(()).into_parts();
    parts.status = status;
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static(problem::MEDIA_TYPE));
    parts.headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (parts, problem.to_json())
}
