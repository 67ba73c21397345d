//! Requests that a page of another site makes a browser send. The browser adds its stored credentials, so the request
//! looks like its user's. So requests that change state are refused if a browser sends them on behalf of a page that is
//! not the server's own. Browsers say so in two fields that no script can set: `Sec-Fetch-Site` (W3C *Fetch Metadata
//! Request Headers* §2.4) and `Origin` (RFC 6454 §7). Other programs send neither.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{HOST, ORIGIN};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use reelspan::http::origin::{Origin, OwnOrigins};

use crate::RestError;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// The prefix of the fetch metadata fields.
const SEC_FETCH: &str = "sec-fetch-";

/// The methods that change nothing (RFC 9110 §9.2.1).
const SAFE: [Method; 3] = [Method::GET, Method::HEAD, Method::OPTIONS];

/// Passes on requests that change nothing, and those of the server's own pages and of programs; refuses the rest with
/// 403.
pub async fn refuse(request: Request, next: Next) -> Response {
    let own = request.extensions().get::<OwnOrigins>().cloned().unwrap_or_default();
    let authority = request.uri().authority().map(|authority| authority.as_str().to_owned());
    match judge(request.method(), request.headers(), authority.as_deref(), &own) {
        Ok(()) => next.run(request).await,
        Err(why) => RestError::CrossSite(why).into_response(),
    }
}

/// Whether a browser has sent a request.
pub fn is_of_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) || headers.keys().any(|name| name.as_str().starts_with(SEC_FETCH))
}

/// Whether a request is allowed; the error says which field forbids it. The authority is that of the request's target,
/// if it has one, and is used without a `Host` field.
fn judge(method: &Method, headers: &HeaderMap, authority: Option<&str>, own: &OwnOrigins) -> Result<(), String> {
    if SAFE.contains(method) {
        return Ok(());
    }
    let refused = |name: &HeaderName, value: &HeaderValue| Err(format!("{name} is {value:?}"));
    for site in headers.get_all(SEC_FETCH_SITE) {
        // A person who types an address, or uses a tool of the browser, does not act for a site.
        if site != "same-origin" && site != "none" {
            return refused(&SEC_FETCH_SITE, site);
        }
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).or(authority);
    for value in headers.get_all(ORIGIN) {
        let origin = value.to_str().ok().and_then(Origin::parse);
        if !origin.is_some_and(|origin| own.contains(&origin, host)) {
            return refused(&ORIGIN, value);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_changes_state_is_taken_from_own_pages_and_from_programs_alone() {
        let own = OwnOrigins::new(Origin::parse("https://media.example.org"));
        let host = ("host", "127.0.0.1:8080");
        for (fields, allowed) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:8080")], true),
            (&[("origin", "http://127.0.0.1:8080")], true),
            (&[("origin", "https://media.example.org")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("sec-fetch-site", "Same-Origin")], false),
            (&[("sec-fetch-site", "")], false),
            (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")], false),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://media.example.org")], false),
            (&[("origin", "null")], false),
            (&[("origin", "http://localhost:8080")], false),
            (&[("origin", "http://127.0.0.1:9000")], false),
            (&[("origin", "http://media.example.org")], false),
            (&[("origin", "http://127.0.0.1:8080, https://evil.example")], false),
            (&[("origin", "http://127.0.0.1:8080"), ("origin", "https://evil.example")], false),
        ] {
            let headers: HeaderMap = [&host].into_iter().chain(fields).map(field).collect();
            for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
                let judged = judge(&method, &headers, None, &own);
                assert_eq!(judged.is_ok(), allowed, "{method} {fields:?} {judged:?}");
            }
            for method in SAFE {
                assert_eq!(judge(&method, &headers, None, &own), Ok(()), "{method} {fields:?}");
            }
        }
    }

    #[test]
    fn without_a_host_no_origin_is_the_server_s_own() {
        let headers: HeaderMap = [field(&("origin", "http://127.0.0.1:8080"))].into_iter().collect();
        let judged = |authority| judge(&Method::POST, &headers, authority, &OwnOrigins::default());
        assert!(judged(None).is_err());
        assert_eq!(judged(Some("127.0.0.1:8080")), Ok(()));
    }

    fn field(&(name, value): &(&'static str, &'static str)) -> (HeaderName, HeaderValue) {
        (HeaderName::from_static(name), HeaderValue::from_static(value))
    }
}
