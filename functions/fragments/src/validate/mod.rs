//! `/validate?uri=…`: whether a URI is a media fragment URI, and what it means; as JSON for programs, and for people as
//! a page that requests the same JSON.
//!
//! Nothing is fetched from elsewhere. If the URI names a media file on this server, the report says what the fragment
//! resolves to, by the file's index alone.

mod link;
mod page;
mod report;

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT, CACHE_CONTROL, HOST, VARY};
use http::{HeaderMap, HeaderName, Uri};

use self::link::Link;
use self::report::{MediaReport, UriReport};
use crate::admission::AccessProof;
use crate::{Fragments, MediaError};

/// The longest accepted URI, in bytes.
const LONGEST: usize = 8_192;

/// The host as the viewer knows it, set by a proxy.
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Answers `/validate`.
pub async fn validate(State(fragments): State<Arc<Fragments>>, headers: HeaderMap, uri: Uri) -> Response {
    let mut response = match asked(uri.query()) {
        _ if wants_page(&headers) => page::page(),
        Err(error) => error.into_response(),
        Ok(asked) => match report(&fragments, &headers, &asked).await {
            Ok(report) => ([(CACHE_CONTROL, "no-cache")], Json(report)).into_response(),
            Err(error) => error.into_response(),
        },
    };
    response.headers_mut().append(VARY, ACCEPT.into());
    response
}

async fn report(fragments: &Fragments, headers: &HeaderMap, asked: &str) -> Result<UriReport, MediaError> {
    let mut link = Link::parse(asked);
    let (shown, rest) = AccessProof::of_url(link.path(), link.query.as_deref());
    link.query = rest;
    let mut report = UriReport::of(&link);
    let host = headers.get(X_FORWARDED_HOST).or_else(|| headers.get(HOST)).and_then(|host| host.to_str().ok());
    if let Some(media) = link.media(host)? {
        let (admission, found) =
            fragments.stores.index.find_in_space(&fragments.spaces, &media, &[report.guess()]).await?;
        match fragments.admit(&admission, &media, link.query.as_deref(), &shown) {
            // The holder of a URL for a part of a file learns only about that part.
            Ok(admitted) if admitted.secure && report.is_of_a_part() => {
                let mut found = fragments.there(&media, found).await?;
                report.resolve_excerpt(&media, &mut found).await?;
            }
            Ok(_) => {
                let mut found = fragments.there(&media, found).await?;
                found.pages.hold(fragments.budget.share().await?);
                report.resolve(&mut found).await?;
                report.media = Some(MediaReport::of(&media, &found.head));
            }
            // Without access, the file is not described; the grammar is no secret.
            Err(refused) => report.withheld = Some(refused.to_string()),
        }
    }
    Ok(report)
}

/// The URI to validate: everything after `uri=`, decoded once, so that a URI without encoding works too.
fn asked(query: Option<&str>) -> Result<String, MediaError> {
    let wrong = |why| MediaError::Validate(why);
    let written = query.and_then(|query| query.strip_prefix("uri=")).filter(|uri| !uri.is_empty());
    let written =
        written.ok_or(wrong("a query such as ?uri=https%3A%2F%2Fexample.org%2Fa.mp4%3Ft%3D3%2C7 is expected"))?;
    if written.len() > LONGEST {
        return Err(wrong("the URI is too long"));
    }
    reelspan_engine::fragment::uri::decode(written)
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| wrong("it is not percent-encoded UTF-8"))
}

/// Whether the answer is for a person: `Accept` names HTML, and not JSON.
fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let types: Vec<_> = accept.flat_map(|value| value.split(',')).filter_map(|range| range.split(';').next()).collect();
    let names = |name: &str| types.iter().any(|range| range.trim().eq_ignore_ascii_case(name));
    names("text/html") && !names("application/json")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_uri_is_all_that_stands_behind_its_name() {
        let cases = [
            (
                "uri=https%3A%2F%2Fa.org%2Fb.mp4%3Ft%3D3%252C7%26track%3D1%23t%3D1",
                "https://a.org/b.mp4?t=3%2C7&track=1#t=1",
            ),
            ("uri=https://a.org/b.mp4?t=3,7&track=1", "https://a.org/b.mp4?t=3,7&track=1"),
            ("uri=a.mp4?t=clock:2010-10-22T07:33:56+01:00", "a.mp4?t=clock:2010-10-22T07:33:56+01:00"),
        ];
        for (query, uri) in cases {
            assert_eq!(asked(Some(query)).unwrap(), uri, "{query}");
        }
        let long = format!("uri={}", "a".repeat(LONGEST + 1));
        for query in [None, Some(""), Some("uri="), Some("url=a"), Some("uri=%ff"), Some("uri=%"), Some(&long)] {
            assert!(matches!(asked(query), Err(MediaError::Validate(_))), "{query:?}");
        }
    }

    #[test]
    fn people_are_told_from_programs_by_what_they_accept() {
        let cases = [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("*/*", false),
            ("application/json", false),
            ("text/html, application/json", false),
            ("", false),
        ];
        for (accept, page) in cases {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            assert_eq!(wants_page(&headers), page, "{accept}");
        }
        assert!(!wants_page(&HeaderMap::new()));
    }
}
