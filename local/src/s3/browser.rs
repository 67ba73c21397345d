//! The local S3 for browsers: CORS, with the rules of the bucket in template.yaml, so that pages of the server's own
//! origin can upload by the URLs that `get-upload-url` signs (*Amazon S3 User Guide*, "Using cross-origin resource
//! sharing"); and header fields that keep stored content from running. CORS grants no access by itself: every request
//! still needs a signature.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, CONTENT_RANGE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use reelspan::http::{
    origin::{Origin, OwnOrigins},
    protection::{self, Embedding},
};

/// The methods that pages may use, as in template.yaml.
const METHODS: &str = "GET, HEAD, PUT";
/// The fields that pages may read: a multipart upload needs the `ETag` of each part.
const EXPOSED: &str = "ETag";
/// How long a browser may cache a preflight answer, in seconds.
const PREFLIGHT: &str = "3600";

/// The origins whose pages may use presigned URLs.
#[derive(Clone, Debug, Default)]
pub struct Browsers {
    own: OwnOrigins,
}

impl Browsers {
    /// Pages of these origins.
    #[must_use]
    pub const fn of(own: OwnOrigins) -> Self {
        Self { own }
    }

    /// The answer to a preflight request (Fetch §4.8), without a body; `None` if the request is not one. As in S3, it
    /// is 403 if no rule allows the request.
    #[must_use]
    pub fn preflight(&self, method: &Method, headers: &HeaderMap) -> Option<(StatusCode, HeaderMap)> {
        let asked = headers.get(ACCESS_CONTROL_REQUEST_METHOD).filter(|_| method == Method::OPTIONS)?;
        let known = asked.to_str().is_ok_and(|asked| METHODS.split(", ").any(|known| known == asked));
        let Some(origin) = self.allowed(headers).filter(|_| known) else {
            return Some((StatusCode::FORBIDDEN, HeaderMap::new()));
        };
        let mut fields = shared(origin);
        fields.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
        fields.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(PREFLIGHT));
        // The signature determines which of them matter.
        let wanted = headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        fields.extend(wanted.map(|wanted| (ACCESS_CONTROL_ALLOW_HEADERS, wanted)));
        Some((StatusCode::OK, fields))
    }

    /// Adds what browsers need to an answer, given the method and the fields of its request.
    pub fn finish(&self, method: &Method, asked: &HeaderMap, status: &mut StatusCode, headers: &mut HeaderMap) {
        // s3s answers HEAD with 200 and the length of the range; S3 answers 206, as to GET.
        if method == Method::HEAD && *status == StatusCode::OK && headers.contains_key(CONTENT_RANGE) {
            *status = StatusCode::PARTIAL_CONTENT;
        }
        if let Some(origin) = self.allowed(asked) {
            headers.extend(shared(origin));
        }
        protection::stored(headers, Embedding::AnySite);
    }

    /// The origin of the requesting page, if it is allowed.
    fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        let parsed = Origin::parse(origin.to_str().ok()?)?;
        self.own.contains(&parsed, None).then(|| origin.clone())
    }
}

fn shared(origin: HeaderValue) -> HeaderMap {
    HeaderMap::from_iter([
        (ACCESS_CONTROL_ALLOW_ORIGIN, origin),
        (ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED)),
        (VARY, HeaderValue::from_static("Origin")),
    ])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    const OURS: &str = "http://127.0.0.1:8080";

    fn browsers() -> Browsers {
        Browsers::of(OwnOrigins::new(Origin::parse(OURS)))
    }

    fn fields(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn pages_of_the_server_may_upload_and_read_the_etag() {
        for (origin, method, status) in [
            (OURS, "PUT", 200),
            (OURS, "GET", 200),
            (OURS, "DELETE", 403),
            ("http://localhost:8080", "PUT", 403),
            ("https://evil.example", "PUT", 403),
            ("null", "PUT", 403),
        ] {
            let asked = fields(&[
                ("origin", origin),
                ("access-control-request-method", method),
                ("access-control-request-headers", "content-md5, content-type, x-amz-meta-color"),
            ]);
            let (found, headers) = browsers().preflight(&Method::OPTIONS, &asked).unwrap();
            assert_eq!(found.as_u16(), status, "{origin} {method}");
            assert_eq!(headers.contains_key("access-control-allow-origin"), status == 200);
            if status == 200 {
                assert_eq!(headers["access-control-allow-headers"], "content-md5, content-type, x-amz-meta-color");
                assert!(!headers.contains_key("access-control-allow-credentials"));
            }
        }
        assert!(browsers().preflight(&Method::OPTIONS, &fields(&[("origin", OURS)])).is_none());
        assert!(browsers().preflight(&Method::PUT, &fields(&[("access-control-request-method", "PUT")])).is_none());
    }

    #[test]
    fn an_answer_is_shared_with_own_pages_and_what_is_stored_does_not_run() {
        for (origin, shared) in [(Some(OURS), true), (Some("https://evil.example"), false), (None, false)] {
            let asked = fields(&origin.map(|origin| ("origin", origin)).into_iter().collect::<Vec<_>>());
            let (mut status, mut headers) = (StatusCode::OK, fields(&[("content-type", "text/html")]));
            browsers().finish(&Method::GET, &asked, &mut status, &mut headers);
            assert_eq!(headers.get("access-control-expose-headers").is_some_and(|names| names == "ETag"), shared);
            assert!(headers["content-security-policy"].to_str().unwrap().starts_with("sandbox"));
        }
    }

    #[test]
    fn the_head_of_a_range_has_the_status_of_the_range() {
        let range = fields(&[("content-range", "bytes 0-9/100")]);
        for (method, status, headers, expected) in [
            (Method::HEAD, 200, range.clone(), 206),
            (Method::HEAD, 200, HeaderMap::new(), 200),
            (Method::HEAD, 416, range.clone(), 416),
            (Method::GET, 206, range, 206),
        ] {
            let (mut status, mut headers) = (StatusCode::from_u16(status).unwrap(), headers);
            browsers().finish(&method, &HeaderMap::new(), &mut status, &mut headers);
            assert_eq!(status.as_u16(), expected);
        }
    }
}
