//! What CloudFront's edge functions and this function tell each other (`functions/edge/`).
//!
//! CloudFront signs its requests to a function URL (origin access control), and Lambda signs again what it received to compare.
//! The two agree only about characters that both leave alone. So the edge writes the path with `~` for each `%` of its percent-
//! encoding, and the whole query, encoded in the same way, as the only parameter `q`: `/media/films/a~20b.mp4?q=t~3D620~2C655`.
//!
//! The distribution says in a header field of the origin whether it is the open or the secure one. It replaces whatever a viewer
//! sends in that field (*CloudFront Developer Guide*, "Add custom headers to origin requests").

use std::net::IpAddr;

use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, StatusCode, Uri};
use percent_encoding::percent_decode_str;
use reelspan::space::streaming::StreamingKind;

use crate::answer::CONTENT_RANGE_MAPPING;

/// Which of the two distributions asks: `open` or `secure`.
pub const X_REELSPAN_KIND: HeaderName = HeaderName::from_static("x-reelspan-kind");

/// The status that the viewer gets, if CloudFront gets another: see [`respond`].
pub const X_REELSPAN_STATUS: HeaderName = HeaderName::from_static("x-reelspan-status");

/// The viewer's address and port, as CloudFront has seen them. It replaces whatever a viewer sends in that field (*CloudFront
/// Developer Guide*, "Add CloudFront request headers").
pub const VIEWER_ADDRESS: HeaderName = HeaderName::from_static("cloudfront-viewer-address");

/// The parameter with the whole query.
const QUERY: &str = "q=";

/// Reads the value of [`X_REELSPAN_KIND`].
#[must_use]
pub fn kind(value: &HeaderValue) -> Option<StreamingKind> {
    match value.as_bytes() {
        b"open" => Some(StreamingKind::Open),
        b"secure" => Some(StreamingKind::Secure),
        _ => None,
    }
}

/// Reads the address in [`VIEWER_ADDRESS`]: what stands before the last colon.
#[must_use]
pub fn viewer_address(value: &HeaderValue) -> Option<IpAddr> {
    let (address, _) = value.to_str().ok()?.rsplit_once(':')?;
    address.trim_matches(['[', ']']).parse().ok()
}

/// The value of [`X_REELSPAN_KIND`].
#[must_use]
pub const fn kind_value(kind: StreamingKind) -> HeaderValue {
    HeaderValue::from_static(match kind {
        StreamingKind::Open => "open",
        StreamingKind::Secure => "secure",
    })
}

/// The path and query as the viewer has sent them, apart from the host of the space; `None` if the edge cannot have written
/// this.
#[must_use]
pub fn restored(uri: &Uri) -> Option<Uri> {
    let path = uri.path().replace('~', "%");
    let query = match uri.query() {
        None => String::new(),
        Some(query) => {
            let escaped = query.strip_prefix(QUERY)?.replace('~', "%");
            let query = percent_decode_str(&escaped).decode_utf8().ok()?.into_owned();
            format!("?{query}")
        }
    };
    PathAndQuery::try_from(format!("{path}{query}")).ok().map(Uri::from)
}

/// The answer as CloudFront gets it. A part that was asked for in a field of ours is a 200 to CloudFront, which saw no `Range` in
/// the request; the function at viewer-response turns it into the 206 that it is.
#[must_use]
pub fn respond<B>(mut response: http::Response<B>) -> http::Response<B> {
    if response.status() == StatusCode::PARTIAL_CONTENT && response.headers().contains_key(&CONTENT_RANGE_MAPPING) {
        *response.status_mut() = StatusCode::OK;
        response.headers_mut().insert(X_REELSPAN_STATUS, HeaderValue::from_static("206"));
    }
    response
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn a_request_is_restored_to_what_the_viewer_sent() {
        for (escaped, restored) in [
            ("/media/films/a.mp4", Some("/media/films/a.mp4")),
            ("/media/films/a~20b~2Bc/~C3~A4.mp4?q=t~3D620~2C655", Some("/media/films/a%20b%2Bc/%C3%A4.mp4?t=620,655")),
            ("/media/films/~7Eme.mp4?q=track~3D~25C3~25A4~26t~3D1", Some("/media/films/%7Eme.mp4?track=%C3%A4&t=1")),
            ("/media/films/100~2525.mp4?q=", Some("/media/films/100%2525.mp4?")),
            ("/media/films/a.mp4/~7E/master.m3u8", Some("/media/films/a.mp4/%7E/master.m3u8")),
            ("/media/films/a.mp4?t=1", None),
            ("/media/films/a.mp4?q=~FF", None),
            ("/media/films/a.mp4?q=t~3D1~0A", None),
        ] {
            let found = super::restored(&escaped.parse().unwrap()).map(|uri| uri.to_string());
            assert_eq!(found.as_deref(), restored, "{escaped}");
        }
    }

    #[test]
    fn the_address_of_a_viewer_stands_before_its_port() {
        for (value, address) in [
            ("198.51.100.10:46532", Some("198.51.100.10")),
            ("2001:db8::1:46532", Some("2001:db8::1")),
            ("[2001:db8::1]:46532", Some("2001:db8::1")),
            ("198.51.100.10", None),
            ("localhost:1", None),
        ] {
            let found = viewer_address(&HeaderValue::from_static(value));
            assert_eq!(found, address.map(|address| address.parse().unwrap()), "{value}");
        }
    }

    #[test]
    fn only_a_part_in_our_units_is_hidden_from_cloudfront() {
        for (status, mapping, shown) in [(206, true, 200), (206, false, 206), (200, true, 200), (416, true, 416)] {
            let mut response = http::Response::builder().status(status);
            if mapping {
                response = response.header(CONTENT_RANGE_MAPPING, "{ t:npt 0-1 } = { bytes 0-9/10 }");
            }
            let response = respond(response.body(()).unwrap());
            assert_eq!(response.status(), shown);
            assert_eq!(response.headers().contains_key(&X_REELSPAN_STATUS), status == 206 && mapping);
        }
    }
}
