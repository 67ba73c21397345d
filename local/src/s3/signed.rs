//! What a signature has to cover. s3s verifies the headers that a request lists as signed, but then obeys all others
//! too: with a presigned upload URL, an added `x-amz-copy-source` made the server read another object with the signer's
//! rights. S3 refuses such requests, and so does this module, before s3s sees them.
//!
//! Sources: *Amazon S3 API Reference*, Authenticating Requests: Using Query Parameters (AWS Signature Version 4) and
//! Using the Authorization Header: the canonical headers "must include the HTTP host header" and "any x-amz-* headers
//! present in the request". The messages are S3's.

use std::collections::HashSet;

use http::{
    HeaderMap, Method, Response, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST},
    request::Parts,
};
use percent_encoding::percent_decode_str;
use s3s::Body;

/// The prefix of S3's own headers. (`x-amzn-trace-id`, which proxies add, does not have it.)
const AMZ: &str = "x-amz-";

/// The only header that may be unsigned: the canonical request contains its value as the payload's hash. With a
/// presigned URL it can only narrow down which body is accepted.
const PAYLOAD_HASH: &str = "x-amz-content-sha256";

/// Why a request is refused before its signature is verified.
#[derive(Debug, PartialEq, Eq)]
pub enum RequestRefusal {
    /// Headers that the signature must cover and does not, ordered by name.
    Unsigned(Vec<String>),
    /// The request is authenticated in more than one way.
    Ambiguous,
    /// A parameter of a presigned URL is missing or repeated.
    Incomplete,
    /// Signature version 2 in a header, or another scheme: such signatures do not expire.
    Scheme,
    /// A header of S3 whose value is not UTF-8, which no signature covers.
    Encoding(String),
    /// A form: its file would be read into memory before any signature is checked.
    Form,
}

/// Checks that a request is signed in one way, and that the signature covers everything that s3s obeys. Unsigned
/// requests are left to s3s, which refuses them.
pub fn check(request: &Parts) -> Result<(), RequestRefusal> {
    if request.method == Method::POST && is_form(&request.headers) {
        return Err(RequestRefusal::Form);
    }
    if let Some((name, _)) =
        request.headers.iter().find(|(name, value)| is_amz(name.as_str()) && str::from_utf8(value.as_bytes()).is_err())
    {
        return Err(RequestRefusal::Encoding(name.as_str().to_owned()));
    }
    let query = SignedQuery::of(request.uri.query().unwrap_or_default());
    let (version_4, version_2) = (query.count("X-Amz-Signature"), query.count("Signature"));
    let mut fields = request.headers.get_all(AUTHORIZATION).iter();
    match (fields.next(), version_4, version_2) {
        (None, 0, _) => Ok(()),
        (None, 1, 0) => covers(&query.signed_headers()?, &request.headers),
        (Some(field), 0, 0) if fields.next().is_none() => {
            let signed = field.to_str().ok().and_then(of_field).ok_or(RequestRefusal::Scheme)?;
            covers(&signed, &request.headers)
        }
        (None, _, 0) => Err(RequestRefusal::Incomplete),
        _ => Err(RequestRefusal::Ambiguous),
    }
}

/// The names in `SignedHeaders` of an `Authorization: AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
fn of_field(field: &str) -> Option<HashSet<&str>> {
    let parameters = field.strip_prefix("AWS4-HMAC-SHA256")?;
    let mut lists = parameters.split(',').filter_map(|parameter| parameter.trim().strip_prefix("SignedHeaders="));
    let list = lists.next()?;
    lists.next().is_none().then(|| list.split(';').collect())
}

fn covers(
    signed: &HashSet<impl std::borrow::Borrow<str> + std::hash::Hash + Eq>,
    headers: &HeaderMap,
) -> Result<(), RequestRefusal> {
    let needed = headers.keys().map(http::HeaderName::as_str);
    let needed = needed.filter(|name| is_amz(name) && *name != PAYLOAD_HASH).chain([HOST.as_str()]);
    let mut unsigned: Vec<String> = needed.filter(|name| !signed.contains(*name)).map(str::to_owned).collect();
    unsigned.sort_unstable();
    if unsigned.is_empty() { Ok(()) } else { Err(RequestRefusal::Unsigned(unsigned)) }
}

fn is_amz(name: &str) -> bool {
    name.starts_with(AMZ)
}

fn is_form(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    types.any(|value| value.as_bytes().to_ascii_lowercase().trim_ascii_start().starts_with(b"multipart/form-data"))
}

/// The parameters of a query, decoded as s3s decodes them (`application/x-www-form-urlencoded`).
struct SignedQuery(Vec<(String, String)>);

impl SignedQuery {
    fn of(text: &str) -> Self {
        let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = text.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(pairs.map(|(name, value)| (decoded(name), decoded(value))).collect())
    }

    fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    fn count(&self, name: &str) -> usize {
        self.values(name).count()
    }

    fn signed_headers(&self) -> Result<HashSet<&str>, RequestRefusal> {
        let mut lists = self.values("X-Amz-SignedHeaders");
        match (lists.next(), lists.next()) {
            (Some(list), None) => Ok(list.split(';').collect()),
            _ => Err(RequestRefusal::Incomplete),
        }
    }
}

impl RequestRefusal {
    /// The answer, in the format of S3's errors (*Amazon S3 API Reference*, Error responses).
    pub fn response(&self) -> Response<Body> {
        let (status, code, message) = match self {
            Self::Unsigned(_) => (
                StatusCode::FORBIDDEN,
                "AccessDenied",
                "There were headers present in the request which were not signed",
            ),
            Self::Ambiguous => (
                StatusCode::BAD_REQUEST,
                "InvalidArgument",
                "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string \
                 parameter or the Authorization header should be specified",
            ),
            Self::Incomplete => (
                StatusCode::BAD_REQUEST,
                "AuthorizationQueryParametersError",
                "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, \
                 X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
            ),
            Self::Scheme => (
                StatusCode::BAD_REQUEST,
                "InvalidRequest",
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
            ),
            Self::Encoding(_) => (StatusCode::BAD_REQUEST, "InvalidArgument", "The value of a header is not UTF-8"),
            Self::Form => (StatusCode::NOT_IMPLEMENTED, "NotImplemented", "Uploads by HTML forms are not supported"),
        };
        // Header names are tokens, which need no escaping (RFC 9110 §5.6.2).
        let detail = match self {
            Self::Unsigned(names) => format!("<HeadersNotSigned>{}</HeadersNotSigned>", names.join(", ")),
            Self::Encoding(name) => format!("<ArgumentName>{name}</ArgumentName>"),
            _ => String::new(),
        };
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message>{detail}</Error>"
        );
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/xml"));
        response
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

    use http::Request;

    use super::*;

    const PRESIGNED: &str =
        "/media/a?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=k&X-Amz-Signature=s&X-Amz-SignedHeaders=";

    /// A header field: its name and its value.
    type Field<'a> = (&'a str, &'a [u8]);
    /// A method, a target, header fields, and the expected result.
    type Case<'a> = (&'a str, &'a str, &'a [Field<'a>], Result<(), RequestRefusal>);

    fn judge(method: &str, target: &str, headers: &[Field]) -> Result<(), RequestRefusal> {
        let mut request = Request::builder().method(method).uri(target).header("host", "127.0.0.1:9000");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(()).unwrap().into_parts().0)
    }

    fn unsigned(names: &[&str]) -> Result<(), RequestRefusal> {
        Err(RequestRefusal::Unsigned(names.iter().map(|name| (*name).to_owned()).collect()))
    }

    #[test]
    fn a_signature_covers_the_host_and_all_headers_of_s3() {
        let field = |list: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential=k/20260101/us-east-1/s3/aws4_request, SignedHeaders={list}, Signature=s"
            )
        };
        let copy: &[(&str, &[u8])] = &[("x-amz-copy-source", b"media/b")];
        let cases: &[(&str, &[Field], Result<(), RequestRefusal>)] = &[
            ("host", &[], Ok(())),
            ("host", &[("range", b"bytes=0-1"), ("content-type", b"a/b"), ("x-amzn-trace-id", b"1")], Ok(())),
            ("host", &[("x-amz-content-sha256", b"UNSIGNED-PAYLOAD")], Ok(())),
            ("host;x-amz-copy-source", copy, Ok(())),
            ("x-amz-copy-source;host", copy, Ok(())),
            ("host", copy, unsigned(&["x-amz-copy-source"])),
            ("host", &[("X-AMZ-Copy-Source", b"media/b")], unsigned(&["x-amz-copy-source"])),
            ("host", &[("x-amz-copy-source", b""), ("x-amz-acl", b"x")], unsigned(&["x-amz-acl", "x-amz-copy-source"])),
            ("host", &[("x-amz-date", b"20260101T000000Z")], unsigned(&["x-amz-date"])),
            ("host", &[("x-amz-future-header", b"1")], unsigned(&["x-amz-future-header"])),
            // Names are compared whole and case-sensitively.
            ("host;X-Amz-Copy-Source", copy, unsigned(&["x-amz-copy-source"])),
            ("host;x-amz-copy-source-range", copy, unsigned(&["x-amz-copy-source"])),
            ("host; x-amz-copy-source", copy, unsigned(&["x-amz-copy-source"])),
            ("host,x-amz-copy-source", copy, unsigned(&["host", "x-amz-copy-source"])),
            ("content-type", &[], unsigned(&["host"])),
            ("", &[], unsigned(&["host"])),
        ];
        for (list, headers, expected) in cases {
            let target = format!("{PRESIGNED}{}", list.replace(';', "%3B").replace(' ', "%20"));
            assert_eq!(&judge("PUT", &target, headers), expected, "presigned, {list:?}, {headers:?}");
            if list.contains(',') {
                continue;
            }
            let field = field(list);
            let headers: Vec<_> = headers.iter().copied().chain([("authorization", field.as_bytes())]).collect();
            assert_eq!(&judge("PUT", "/media/a", &headers), expected, "in a header, {list:?}, {headers:?}");
        }
    }

    #[test]
    fn a_request_is_signed_in_one_way() {
        let four: (&str, &[u8]) = ("authorization", b"AWS4-HMAC-SHA256 Credential=k,SignedHeaders=host,Signature=s");
        let two: (&str, &[u8]) = ("authorization", b"AWS k:s");
        let url = &format!("{PRESIGNED}host");
        let cases: &[Case] = &[
            ("GET", "/media/a", &[], Ok(())),
            ("GET", "/media/a", &[four], Ok(())),
            ("GET", "/media/a", &[four, four], Err(RequestRefusal::Ambiguous)),
            ("GET", url, &[four], Err(RequestRefusal::Ambiguous)),
            ("GET", "/media/a", &[two], Err(RequestRefusal::Scheme)),
            ("GET", "/media/a", &[("authorization", b"Basic YTpi")], Err(RequestRefusal::Scheme)),
            ("GET", "/media/a?AWSAccessKeyId=k&Expires=1&Signature=s", &[], Ok(())),
            ("GET", "/media/a?AWSAccessKeyId=k&Expires=1&Signature=s", &[two], Err(RequestRefusal::Ambiguous)),
            ("GET", &format!("{url}&Signature=s"), &[], Err(RequestRefusal::Ambiguous)),
            ("GET", &format!("{url}&X-Amz-SignedHeaders=host%3Bx-amz-acl"), &[], Err(RequestRefusal::Incomplete)),
            ("GET", &format!("{url}&X-Amz-Signature=t"), &[], Err(RequestRefusal::Incomplete)),
            ("GET", &format!("{url}&X%2dAmz-SignedHeaders=x"), &[], Err(RequestRefusal::Incomplete)),
            ("GET", "/media/a?X-Amz-Signature=s", &[], Err(RequestRefusal::Incomplete)),
            ("PUT", url, &[("x-amz-acl", b"\xFF")], Err(RequestRefusal::Encoding("x-amz-acl".to_owned()))),
            ("POST", "/media", &[("content-type", b"Multipart/form-data; boundary=x")], Err(RequestRefusal::Form)),
            ("POST", "/media/a?uploads", &[four], Ok(())),
        ];
        for (method, target, headers, expected) in cases {
            assert_eq!(&judge(method, target, headers), expected, "{method} {target} {headers:?}");
        }
    }

    #[tokio::test]
    async fn a_refusal_is_written_as_s3_writes_it() {
        use http_body_util::BodyExt;
        let refusal = RequestRefusal::Unsigned(vec!["x-amz-acl".to_owned(), "x-amz-copy-source".to_owned()]);
        let response = refusal.response();
        assert_eq!(response.status(), 403);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(
            String::from_utf8_lossy(&body),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>There were headers present in \
             the request which were not signed</Message><HeadersNotSigned>x-amz-acl, x-amz-copy-source</HeadersNotSigned></Error>"
        );
    }
}
