//! What the functions behind HTTP share on Lambda. Two things that the runtime's own adapter does would give wrong names and
//! wrong bytes, and are put right here:
//!
//! - An HTTP API gives the path percent-decoded (`rawPath`), a function URL as it was sent. A router decodes what it matches, so
//!   what has been decoded is encoded again, once ([`encoded_once`]).
//! - Of a buffered body the adapter makes text where the media type looks like text, which turns what is not UTF-8 into
//!   something else; and it panics where a body breaks off. Here a body is bytes, and one that breaks off is a 502
//!   ([`Buffered`]).
//!
//! A streamed answer is told to Lambda as it comes into being ([`run_streamed`]), and of each request one line is written
//! ([`observed`]).

mod act;
mod observed;
mod streamed;
mod target;

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use futures::TryStreamExt;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::uri::PathAndQuery;
use http::{Extensions, HeaderValue, Response, StatusCode, Uri};
use lambda_http::request::RequestContext;
use lambda_http::{IntoResponse, RequestExt};
pub use observed::observed;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reelspan::http::origin::{Origin, OwnOrigins};
use reelspan::http::problem::{self, Problem};
pub use streamed::run_streamed;

/// What a path leaves as it is: RFC 3986 §2.3 (unreserved), and the slash.
const PATH: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Where function URLs live; what else names an API is an HTTP API, or a domain of one's own in front of it. The function URLs of
/// `cargo lambda watch` name none.
const FUNCTION_URL: &str = ".on.aws";

/// How many bytes a buffered answer's body may have: of 6 MB (6 291 556 bytes) three quarters, as the body goes in base64, less
/// room for the headers and for how API Gateway counts. The same holds of the body of a request.
pub const LARGEST: u64 = 4_400_000;

/// Where a request comes from: what API Gateway has seen, or whoever opened the connection to us. No header field says it.
#[must_use]
pub fn address(extensions: &Extensions) -> Option<IpAddr> {
    match extensions.get::<RequestContext>() {
        Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref()?.parse().ok(),
        _ => extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip()),
    }
}

/// The request with its path percent-encoded, whichever way it came.
#[must_use]
pub fn encoded_once(mut request: lambda_http::Request) -> lambda_http::Request {
    let decoded = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => {
            context.apiid.is_some()
                && !context.domain_name.as_deref().is_some_and(|domain| domain.ends_with(FUNCTION_URL))
        }
        _ => false,
    };
    if !decoded {
        return request;
    }
    let raw = request.raw_http_path();
    // A '#' in the path has cut the rest of the URI off, its query with it: it is put together again from its parts, of
    // which a '+' for a space is the only thing that is not as a media fragment has it.
    let query = match request.uri().query() {
        None if raw.contains('#') => request.query_string_parameters().to_query_string().replace('+', "%20"),
        query => query.unwrap_or_default().to_owned(),
    };
    let separator = if query.is_empty() { "" } else { "?" };
    let path = format!("{}{separator}{query}", utf8_percent_encode(raw, &PATH));
    if let Ok(path) = PathAndQuery::try_from(path) {
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = Some(path);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

/// The request with the origins under which the server is reached as an extension: those that the environment names, and the
/// domain of the API, which API Gateway says and no client can. An HTTP API is reached by TLS alone.
#[must_use]
pub fn with_own_origins(mut request: lambda_http::Request) -> lambda_http::Request {
    let domain = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.domain_name.as_deref(),
        _ => None,
    };
    let own = OwnOrigins::from_env().and(domain.and_then(|domain| Origin::parse(&format!("https://{domain}"))));
    request.extensions_mut().insert(own);
    request
}

/// A response that is given to Lambda whole.
#[derive(Debug)]
pub struct Buffered(pub Response<Body>);

impl IntoResponse for Buffered {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<lambda_http::Body>> + Send>> {
        Box::pin(async move {
            let (parts, body) = self.0.into_parts();
            match collect(body).await {
                Ok(body) => Response::from_parts(parts, body),
                Err(error) => {
                    tracing::error!(%error, "the body breaks off");
                    broken_off()
                }
            }
        })
    }
}

/// What is said instead of half a body.
fn broken_off() -> Response<lambda_http::Body> {
    let problem = Problem::new(502, "Bad Gateway").detail("the stored bytes could not be read to their end");
    let mut response = Response::new(lambda_http::Body::Text(problem.to_json()));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(problem::MEDIA_TYPE));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// All of a body, as bytes. Whoever made the answer has seen to it that it is not larger than [`LARGEST`].
async fn collect(body: Body) -> Result<lambda_http::Body, axum::Error> {
    let chunks: Vec<Bytes> = body.into_data_stream().try_collect().await?;
    Ok(if chunks.is_empty() { lambda_http::Body::Empty } else { lambda_http::Body::Binary(chunks.concat()) })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use futures::stream;

    use super::*;

    /// A request as API Gateway's payload 2.0 has it, and a function URL's too; and `cargo lambda watch`'s, at `localhost`.
    fn event(domain: &str, path: &str, query: &str) -> lambda_http::Request {
        let event = serde_json::json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
            "headers": { "host": domain, "range": "bytes=0-1" },
            "requestContext": {
                "accountId": "123456789012", "apiId": (domain != "localhost").then_some("id"), "requestId": "id",
                "domainName": domain, "domainPrefix": "id",
                "routeKey": "$default", "stage": "$default", "time": "12/Mar/2020:19:03:58 +0000", "timeEpoch": 0,
                "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "a" },
            },
            "isBase64Encoded": false,
        });
        lambda_http::request::from_str(&event.to_string()).unwrap()
    }

    #[test]
    fn a_path_reaches_the_routes_encoded_exactly_once() {
        let (api, url) = ("id.execute-api.eu-west-1.amazonaws.com", "id.lambda-url.eu-west-1.on.aws");
        for (domain, raw, query, expected) in [
            (api, "/media/films/a.mp4", "t=1,2", "/media/films/a.mp4?t=1,2"),
            (api, "/media/films/a.mp4", "", "/media/films/a.mp4"),
            (api, "/media/films/a b.mp4", "t=1%2C2", "/media/films/a%20b.mp4?t=1%2C2"),
            (api, "/media/films/100%25.mp4", "", "/media/films/100%2525.mp4"),
            (api, "/media/films/ä/ö.mp4", "track=%C3%A4", "/media/films/%C3%A4/%C3%B6.mp4?track=%C3%A4"),
            (api, "/media/films/Lecture #3.mp4", "t=1", "/media/films/Lecture%20%233.mp4?t=1"),
            ("media.example.org", "/media/films/a b.mp4", "", "/media/films/a%20b.mp4"),
            ("localhost", "/media/films/a%20b.mp4", "t=1", "/media/films/a%20b.mp4?t=1"),
            (url, "/media/films/a%20b.mp4", "t=1", "/media/films/a%20b.mp4?t=1"),
            (url, "/media/films/100%2525.mp4", "", "/media/films/100%2525.mp4"),
            (url, "/media/films/%C3%A4%23.mp4", "", "/media/films/%C3%A4%23.mp4"),
        ] {
            let request = encoded_once(event(domain, raw, query));
            assert_eq!(request.uri().path_and_query().unwrap().as_str(), expected, "{domain} {raw}");
            assert_eq!(request.headers()["range"], "bytes=0-1");
        }
    }

    #[test]
    fn the_domain_of_the_api_is_an_origin_of_the_server() {
        let request = with_own_origins(event("id.execute-api.eu-west-1.amazonaws.com", "/", ""));
        let own = request.extensions().get::<OwnOrigins>().unwrap();
        let of = |text: &str| own.contains(&Origin::parse(text).unwrap(), None);
        assert!(of("https://id.execute-api.eu-west-1.amazonaws.com"));
        assert!(
            !of("http://id.execute-api.eu-west-1.amazonaws.com")
                && !of("https://id.execute-api.eu-west-2.amazonaws.com")
        );
    }

    #[tokio::test]
    async fn a_buffered_body_is_bytes_whatever_its_type() {
        let response =
            Response::builder().header("content-type", "text/vtt").body(Body::from(vec![0xff, 0xfe, 0x00])).unwrap();
        let response = Buffered(response).into_response().await;
        assert_eq!(response.body(), &lambda_http::Body::Binary(vec![0xff, 0xfe, 0x00]));
    }

    #[tokio::test]
    async fn a_buffered_body_that_breaks_off_is_no_body() {
        let chunks = stream::iter([Ok(Bytes::from_static(b"half")), Err(std::io::Error::other("gone"))]);
        let response = Buffered(Response::new(Body::from_stream(chunks))).into_response().await;
        assert_eq!(response.status(), 502);
        assert!(!response.headers().contains_key("etag"));
    }
}
