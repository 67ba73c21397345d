//! Events of an HTTP API (payload format 2.0) and of a function URL, read as requests.
//!
//! The adapter of `lambda_http` is not used for this, because it trusts what clients send:
//!
//! - It resolves dot segments, encoded or not. A path that CloudFront takes for one space (`/media/open/../secret/a.mp4`) would
//!   reach another. Here a path stays as it was sent, and names refuse dot segments.
//! - It panics if the query does not go into a URI, and that ends the sandbox. Lambda gives a `+` of a query as a space
//!   ([aws-lambda-web-adapter#491](https://github.com/aws/aws-lambda-web-adapter/issues/491)). Here it becomes a `+` again, and every
//!   other character that a URI does not have is percent-encoded.
//! - A `#` in a path cuts off the rest of the URI. Here it is encoded.

use base64::{DecodeError, Engine as _, engine::general_purpose::STANDARD};
use http::header::COOKIE;
use http::uri::{InvalidUri, PathAndQuery};
use http::{HeaderValue, Uri};
use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpRequestContext};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Context, Request, RequestExt};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use reelspan::space::respelled;

/// The characters that a query cannot have (RFC 3986 §3.4). The percent sign is not among them: the query is encoded already.
const NOT_IN_QUERY: AsciiSet = CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The characters that a path cannot have.
const NOT_IN_PATH: AsciiSet = NOT_IN_QUERY.add(b'?');

/// The domain of function URLs. Every other domain is that of an HTTP API, or one of the operator's in front of it. The function
/// URLs of `cargo lambda watch` have no API id.
const FUNCTION_URL: &str = ".on.aws";

/// Why an event is not a request.
#[derive(Debug, thiserror::Error)]
pub enum EventError {
    /// It is not JSON, or not of the payload format.
    #[error("the event is not of payload format 2.0: {0}")]
    Json(#[from] serde_json::Error),
    /// It has no path.
    #[error("the event has no path")]
    NoPath,
    /// Its body is not base64, though it says so.
    #[error("the body of the event is not base64: {0}")]
    Body(#[from] DecodeError),
    /// Its path and query are too long for a URI.
    #[error("the path and query of the event are not those of a URI: {0}")]
    Uri(#[from] InvalidUri),
}

/// Reads an event. Its request has the path percent-encoded exactly once, however it came: an HTTP API decodes paths, a function
/// URL does not.
///
/// # Errors
///
/// If the event is not one of an HTTP API or a function URL.
pub fn request(event: &[u8], context: Context) -> Result<Request, EventError> {
    let event: ApiGatewayV2httpRequest = serde_json::from_slice(event)?;
    let path = event.raw_path.ok_or(EventError::NoPath)?;
    let query = event.raw_query_string.unwrap_or_default();
    let body = match event.body {
        None => Body::Empty,
        Some(text) if event.is_base64_encoded => Body::Binary(STANDARD.decode(text)?),
        Some(text) => Body::Text(text),
    };
    let mut request = Request::new(body);
    *request.uri_mut() = Uri::from(target(&path, &query, has_decoded_path(&event.request_context))?);
    *request.method_mut() = event.request_context.http.method.clone();
    *request.headers_mut() = event.headers;
    request.headers_mut().values_mut().for_each(restore_utf8);
    let cookies = event.cookies.unwrap_or_default().join("; ");
    if let (false, Ok(cookies)) = (cookies.is_empty(), HeaderValue::from_str(&cookies)) {
        request.headers_mut().insert(COOKIE, cookies);
    }
    request.extensions_mut().insert(RequestContext::ApiGatewayV2(event.request_context));
    Ok(request.with_lambda_context(context))
}

/// Restores a value that was sent as UTF-8 and read as ISO 8859-1: `grÃ¼n` becomes `grün`. AWS does not document as what an HTTP
/// API reads header fields, and JSON has either.
fn restore_utf8(value: &mut HeaderValue) {
    let Ok(text) = std::str::from_utf8(value.as_bytes()) else { return };
    let latin: Option<Vec<u8>> = text.chars().map(|letter| u8::try_from(u32::from(letter)).ok()).collect();
    let restored = latin.filter(|latin| !latin.is_ascii() && std::str::from_utf8(latin).is_ok());
    if let Some(restored) = restored.and_then(|bytes| HeaderValue::from_bytes(&bytes).ok()) {
        *value = restored;
    }
}

/// Whether the path of an event is percent-decoded.
fn has_decoded_path(context: &ApiGatewayV2httpRequestContext) -> bool {
    let is_function_url = context.domain_name.as_deref().is_some_and(|domain| domain.ends_with(FUNCTION_URL));
    context.apiid.is_some() && !is_function_url
}

/// The target of a request: its path and query as a client sends them.
fn target(path: &str, query: &str, is_decoded: bool) -> Result<PathAndQuery, InvalidUri> {
    let slash = if path.starts_with('/') { "" } else { "/" };
    let path = if is_decoded { respelled(path) } else { utf8_percent_encode(path, &NOT_IN_PATH).to_string() };
    let query = query.replace(' ', "+");
    let separator = if query.is_empty() { "" } else { "?" };
    PathAndQuery::try_from(format!("{slash}{path}{separator}{}", utf8_percent_encode(&query, &NOT_IN_QUERY)))
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    const API: &str = "id.execute-api.eu-west-1.amazonaws.com";
    const URL: &str = "id.lambda-url.eu-west-1.on.aws";

    /// An event as an HTTP API has it, and a function URL, and `cargo lambda watch` at `localhost`.
    pub(crate) fn event(domain: &str, path: &str, query: &str) -> serde_json::Value {
        serde_json::json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
            "headers": { "host": domain, "range": "bytes=0-1" },
            "requestContext": {
                "accountId": "123456789012", "apiId": (domain != "localhost").then_some("id"), "requestId": "id",
                "domainName": domain, "domainPrefix": "id",
                "routeKey": "$default", "stage": "$default", "time": "12/Mar/2020:19:03:58 +0000", "timeEpoch": 0,
                "http": { "method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "a" },
            },
            "isBase64Encoded": false,
        })
    }

    fn read(event: &serde_json::Value) -> Result<Request, EventError> {
        request(event.to_string().as_bytes(), Context::default())
    }

    #[test]
    fn a_path_reaches_the_routes_encoded_exactly_once() {
        for (domain, raw, query, expected) in [
            (API, "/media/films/a.mp4", "t=1,2", "/media/films/a.mp4?t=1,2"),
            (API, "/media/films/a.mp4", "", "/media/films/a.mp4"),
            (API, "/media/films/a b.mp4", "t=1%2C2", "/media/films/a%20b.mp4?t=1%2C2"),
            (API, "/media/films/100%25.mp4", "", "/media/films/100%2525.mp4"),
            (API, "/media/films/ä/ö.mp4", "track=%C3%A4", "/media/films/%C3%A4/%C3%B6.mp4?track=%C3%A4"),
            (API, "/media/films/Lecture #3.mp4", "t=1", "/media/films/Lecture%20%233.mp4?t=1"),
            (API, "/media/films/why?.mp4", "t=1", "/media/films/why%3F.mp4?t=1"),
            ("media.example.org", "/media/films/a b.mp4", "", "/media/films/a%20b.mp4"),
            (API, "/media/f/a=b.mp4/~/t=1,2&id=a b/x.m3u8", "", "/media/f/a%3Db.mp4/~/t=1,2&id=a%20b/x.m3u8"),
            ("localhost", "/media/films/a%20b.mp4", "t=1", "/media/films/a%20b.mp4?t=1"),
            (URL, "/media/films/a%20b.mp4", "t=1", "/media/films/a%20b.mp4?t=1"),
            (URL, "/media/films/100%2525.mp4", "", "/media/films/100%2525.mp4"),
            (URL, "/media/films/%C3%A4%23.mp4", "", "/media/films/%C3%A4%23.mp4"),
            (URL, "/media/films/a b?.mp4", "", "/media/films/a%20b%3F.mp4"),
            (URL, "", "", "/"),
        ] {
            let request = read(&event(domain, raw, query)).unwrap();
            assert_eq!(request.uri(), expected, "{domain} {raw}");
            assert_eq!(request.headers()["range"], "bytes=0-1");
        }
    }

    #[test]
    fn dot_segments_are_not_resolved() {
        for path in ["/media/open/../secret/a.mp4", "/media/open/%2e%2e/secret/a.mp4", "/./media/.%2E/a", "/.."] {
            assert_eq!(read(&event(URL, path, "")).unwrap().uri().path(), path);
        }
        assert_eq!(read(&event(API, "/media/open/../secret/a", "")).unwrap().uri().path(), "/media/open/../secret/a");
    }

    #[test]
    fn no_query_and_no_field_ends_the_sandbox() {
        for (query, expected) in [
            ("track=a b", "track=a+b"),
            ("track=%20&t=1", "track=%20&t=1"),
            ("track=\"<ä>\"#x", "track=%22%3C%C3%A4%3E%22%23x"),
            ("a\n=\u{7f}", "a%0A=%7F"),
            ("a={b}|^`[]\\", "a=%7Bb%7D%7C%5E%60%5B%5D%5C"),
            ("%", "%"),
        ] {
            assert_eq!(read(&event(URL, "/a", query)).unwrap().uri().query(), Some(expected));
        }
        let mut odd = event(API, "/a", "");
        odd["headers"] = serde_json::json!({ "host": "not a host", "x-forwarded-proto": "ht tp" });
        assert_eq!(read(&odd).unwrap().uri(), "/a");
    }

    #[test]
    fn bodies_and_cookies_are_those_of_the_event() {
        let mut sent = event(API, "/a", "");
        sent["cookies"] = serde_json::json!(["a=1", "b=2"]);
        sent["body"] = serde_json::json!("AP8=");
        assert_eq!(read(&sent).unwrap().body(), &Body::Text("AP8=".to_owned()));
        sent["isBase64Encoded"] = serde_json::json!(true);
        let request = read(&sent).unwrap();
        assert_eq!(
            (request.body(), &request.headers()["cookie"]),
            (&Body::Binary(vec![0, 255]), &HeaderValue::from_static("a=1; b=2"))
        );
        sent["body"] = serde_json::json!("*");
        assert!(matches!(read(&sent), Err(EventError::Body(_))));
    }

    #[test]
    fn a_field_is_utf8_whatever_the_gateway_took_it_for() {
        for (said, meant) in [
            ("grün", "grün"),
            ("grÃ¼n", "grün"),
            ("\u{e6}\u{97}\u{a5}\u{e6}\u{9c}\u{ac}", "日本"),
            ("日本", "日本"),
            ("Ã", "Ã"),
            ("plain", "plain"),
        ] {
            let mut sent = event(API, "/a", "");
            sent["headers"]["x-dura-meta-color"] = said.into();
            assert_eq!(read(&sent).unwrap().headers()["x-dura-meta-color"].as_bytes(), meant.as_bytes(), "{said}");
        }
    }

    #[test]
    fn what_is_no_request_is_told() {
        assert!(matches!(request(b"{", Context::default()), Err(EventError::Json(_))));
        let mut pathless = event(API, "/a", "");
        pathless.as_object_mut().unwrap().remove("rawPath");
        assert!(matches!(read(&pathless), Err(EventError::NoPath)));
        assert!(matches!(read(&event(API, &"a".repeat(70_000), "")), Err(EventError::Uri(_))));
    }
}
