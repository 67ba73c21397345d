//! Answers that Lambda is given whole, as payload format 2.0 has them.
//!
//! The adapter of `lambda_http` makes text of a body whose media type looks like text, which changes bytes that are not UTF-8, and
//! it panics if a body breaks off. Here a body is always bytes, and one that breaks off is a 502.

use std::convert::Infallible;

use axum::body::{Body, Bytes};
use futures::TryStreamExt;
use http::header::SET_COOKIE;
use http::{Response, StatusCode};
use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::lambda_runtime::{self, service_fn};
use lambda_http::tower::Service;
use lambda_http::{Context, Error, LambdaEvent, Request};
use serde_json::value::RawValue;

use crate::event::{self, EventError};
use crate::failure::{self, caught};
use crate::in_a_task;

/// The longest body of a buffered answer, in bytes. Lambda takes 6 MB (6 291 556 bytes), of which base64 leaves three quarters; less
/// room for the headers and for how API Gateway counts. The body of a request has the same limit.
pub const LARGEST: u64 = 4_400_000;

/// Answers events of an HTTP API or a function URL until the end, each as a whole.
///
/// # Errors
///
/// If the Runtime API cannot be reached, or hangs up.
pub async fn run_buffered<S>(service: S) -> Result<(), Error>
where
    S: Service<Request, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    in_a_task(lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let service = service.clone();
        async move { answer(service, event.payload.get(), event.context).await.map_err(Error::from) }
    })))
    .await
}

/// Answers one event. A panic of the service becomes a 500, and the sandbox lives.
///
/// # Errors
///
/// If the event is not one of an HTTP API or a function URL.
pub async fn answer<S>(service: S, event: &str, context: Context) -> Result<ApiGatewayV2httpResponse, EventError>
where
    S: Service<Request, Response = Response<Body>, Error = Infallible>,
{
    let request = event::request(event.as_bytes(), context)?;
    Ok(whole(caught(service, request).await).await)
}

/// An answer with all of its body. The service keeps to [`LARGEST`].
async fn whole(answer: Response<Body>) -> ApiGatewayV2httpResponse {
    let (mut parts, body) = answer.into_parts();
    let body = match collect(body).await {
        Ok(body) => body,
        Err(error) => {
            tracing::error!(%error, "the body breaks off");
            let (instead, body) =
                failure::problem(StatusCode::BAD_GATEWAY, "the stored bytes could not be read to their end");
            parts = instead;
            body.into_bytes()
        }
    };
    let cookies = parts.headers.get_all(SET_COOKIE).iter();
    let cookies = cookies.map(|cookie| String::from_utf8_lossy(cookie.as_bytes()).into_owned()).collect();
    parts.headers.remove(SET_COOKIE);
    let mut response = ApiGatewayV2httpResponse::default();
    response.status_code = i64::from(parts.status.as_u16());
    response.headers = parts.headers;
    response.cookies = cookies;
    response.is_base64_encoded = !body.is_empty();
    response.body = (!body.is_empty()).then_some(lambda_http::Body::Binary(body));
    response
}

async fn collect(body: Body) -> Result<Vec<u8>, axum::Error> {
    let chunks: Vec<Bytes> = body.into_data_stream().try_collect().await?;
    Ok(chunks.concat())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

    use futures::stream;
    use lambda_http::Body as Said;

    use super::*;
    use crate::event::tests::event;

    #[tokio::test]
    async fn a_body_is_bytes_whatever_its_type() {
        let answer = Response::builder()
            .header("content-type", "text/vtt")
            .header("set-cookie", "a=1")
            .header("set-cookie", "b=2")
            .body(Body::from(vec![0xff, 0xfe, 0x00]))
            .unwrap();
        let said = whole(answer).await;
        assert_eq!((said.body, said.is_base64_encoded), (Some(Said::Binary(vec![0xff, 0xfe, 0x00])), true));
        assert_eq!((said.cookies, said.headers.len()), (vec!["a=1".to_owned(), "b=2".to_owned()], 1));
        let empty = whole(Response::builder().status(204).body(Body::empty()).unwrap()).await;
        assert_eq!((empty.status_code, empty.body, empty.is_base64_encoded), (204, None, false));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_no_body() {
        let chunks = stream::iter([Ok(Bytes::from_static(b"half")), Err(std::io::Error::other("gone"))]);
        let answer = Response::builder().header("etag", "\"a\"").body(Body::from_stream(chunks)).unwrap();
        let said = whole(answer).await;
        assert_eq!(said.status_code, 502);
        assert!(!said.headers.contains_key("etag"));
    }

    #[tokio::test]
    async fn a_panic_is_a_500_and_the_next_request_is_answered() {
        let service = service_fn(async |request: Request| {
            assert!(request.uri().path() != "/panic", "as the test wants it");
            Ok::<_, Infallible>(Response::new(Body::from("fine")))
        });
        for (path, status) in [("/panic", 500), ("/", 200), ("/panic", 500)] {
            let event = event("id.execute-api.eu-west-1.amazonaws.com", path, "").to_string();
            assert_eq!(answer(service, &event, Context::default()).await.unwrap().status_code, status);
        }
    }
}
