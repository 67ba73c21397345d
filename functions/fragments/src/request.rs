//! Parsed requests: names that reach a handler are valid, and everything else matches its grammar or is absent.

use std::ops::RangeInclusive;

use axum::extract::{FromRef, FromRequestParts, Path};
use http::header::{COOKIE, IF_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, ORIGIN, RANGE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, Method};
use reelspan::http::conditional::Preconditions;
use reelspan::space::{ContentId, MediaKey, SpaceId};
use reelspan_engine::fragment::range::RequestedRanges;
use reelspan_engine::fragment::resolve::{self, Ask};
use reelspan_engine::fragment::uri::Fragment;

use crate::admission::AccessProof;
use crate::viewers::X_REELSPAN_RANGE;
use crate::{MediaError, Viewers};

/// The redirect that a client accepts instead of a part (W3C *Protocol for Media Fragments*).
pub const ACCEPT_RANGE_REDIRECT: HeaderName = HeaderName::from_static("accept-range-redirect");

/// What streaming hosts do not know of a request, and what a redirect loses: cookies are for one host, and a page that reads another
/// site's answer has no origin once it was redirected (Fetch §4.4).
const NOT_AT_THE_HOST: [HeaderName; 6] =
    [ACCEPT_RANGE_REDIRECT, IF_MATCH, IF_UNMODIFIED_SINCE, IF_RANGE, COOKIE, ORIGIN];

/// A request for media.
#[derive(Debug)]
pub struct MediaRequest {
    /// The content.
    pub media: MediaKey,
    /// Its proof of access.
    pub shown: AccessProof,
    /// The query without the proof, as it was written; `None` if it is empty.
    pub query: Option<String>,
    /// The whole query, with the signature: only for redirects, and never for a log.
    whole_query: SecretText,
    /// The fragment in the query.
    pub fragment: Fragment,
    /// What the fragment asks for; `None` if that is the whole, since `xywh` is left to the player.
    pub ask: Option<Ask>,
    /// The range, if it matches a known grammar.
    pub range: Option<RequestedRanges>,
    /// Whether the client accepts a redirect to byte ranges for a media fragment in its range.
    pub redirect: bool,
    /// Whether the streaming host would give the same answer.
    pub may_be_redirected: bool,
    /// The conditions.
    pub conditions: Preconditions,
    /// Whether only the header fields are requested.
    pub head: bool,
}

impl MediaRequest {
    /// Whether it needs index pages, unless its conditions make that unnecessary.
    #[must_use]
    pub const fn reads_pages(&self) -> bool {
        self.ask.is_some() || matches!(self.range, Some(RequestedRanges::Fragment(_)))
    }

    /// The index pages that this will probably need: for a cut, those of the cut; else those of the `Range`.
    #[must_use]
    pub fn guess(&self) -> RangeInclusive<u32> {
        // Without a fragment the head suffices; and conditions only need the head, whatever is requested.
        if self.conditions.exist() {
            return RangeInclusive::new(1, 0);
        }
        match (&self.ask, &self.range) {
            (Some(ask), _) => resolve::guess(ask),
            (None, Some(RequestedRanges::Fragment(range))) => resolve::guess(&Ask::from(range)),
            _ => RangeInclusive::new(1, 0),
        }
    }

    /// The same resource as a path with its query, percent-encoded, including its signature.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        self.with_query(&format!("/media/{}", self.media.to_path()))
    }

    /// A URL of the same content with the original query, including its signature.
    #[must_use]
    pub fn with_query(&self, url: &str) -> String {
        self.whole_query.0.as_ref().map_or_else(|| url.to_owned(), |query| format!("{url}?{query}"))
    }
}

/// A text that is never logged.
struct SecretText(Option<String>);

impl std::fmt::Debug for SecretText {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("…")
    }
}

/// Whether a client accepts a redirect to byte ranges instead of a fragment.
fn redirects(headers: &HeaderMap) -> bool {
    let units = headers.get_all(ACCEPT_RANGE_REDIRECT).iter().filter_map(|value| value.to_str().ok());
    units.flat_map(|value| value.split(',')).any(|unit| unit.trim().eq_ignore_ascii_case("bytes"))
}

impl<S: Send + Sync> FromRequestParts<S> for MediaRequest
where
    Viewers: FromRef<S>,
{
    type Rejection = MediaError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, MediaError> {
        // Path decodes once, and its result is completely percent-decoded.
        let Path((space, content)) =
            Path::<(String, String)>::from_request_parts(parts, state).await.map_err(|_| MediaError::Path)?;
        let media = MediaKey::new(SpaceId::parse(&space)?, ContentId::parse(&content)?)?;
        let (shown, query) = AccessProof::of(parts);
        let field = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let direct = Viewers::from_ref(state) == Viewers::Direct;
        let range = if direct { field(RANGE) } else { field(X_REELSPAN_RANGE).or_else(|| field(RANGE)) };
        let fragment = query.as_deref().map(Fragment::parse).unwrap_or_default();
        Ok(Self {
            media,
            shown,
            ask: Some(Ask::from(&fragment)).filter(|ask| !ask.is_all()),
            fragment,
            query,
            whole_query: SecretText(parts.uri.query().map(str::to_owned)),
            range: range.and_then(RequestedRanges::parse),
            // CloudFront has removed the signature, and a redirect needs it.
            redirect: direct && redirects(&parts.headers),
            may_be_redirected: direct && !NOT_AT_THE_HOST.iter().any(|name| parts.headers.contains_key(name)),
            conditions: Preconditions::read(&parts.headers),
            head: parts.method == Method::HEAD,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;

    /// The parsed request that a handler gets.
    async fn parsed(method: &str, uri: &str, fields: &[(&str, &str)]) -> MediaRequest {
        parsed_for(Viewers::Direct, method, uri, fields).await
    }

    async fn parsed_for(viewers: Viewers, method: &str, uri: &str, fields: &[(&str, &str)]) -> MediaRequest {
        let (sender, receiver) = std::sync::mpsc::channel();
        let handler = async move |request: MediaRequest| sender.send(request).unwrap();
        let app: Router = Router::new().route("/media/{space}/{*content}", get(handler)).with_state(viewers);
        let mut request = http::Request::builder().method(method).uri(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        receiver.recv().unwrap()
    }

    #[tokio::test]
    async fn a_name_is_decoded_exactly_once() {
        for (uri, content, path) in [
            ("/media/films/1999/a.mp4", "1999/a.mp4", "/media/films/1999/a.mp4"),
            ("/media/films/a%20b%2Fc.mp4", "a b/c.mp4", "/media/films/a%20b/c.mp4"),
            ("/media/films/100%2525.mp4", "100%25.mp4", "/media/films/100%2525.mp4"),
            ("/media/films/%C3%A4+%23.mp4?t=1%2C2", "ä+#.mp4", "/media/films/%C3%A4%2B%23.mp4?t=1%2C2"),
        ] {
            let request = parsed("GET", uri, &[]).await;
            assert_eq!(request.media.space().as_str(), "films");
            assert_eq!(request.media.content().as_str(), content);
            assert_eq!(request.path_and_query(), path);
        }
    }

    #[tokio::test]
    async fn what_means_nothing_is_not_there() {
        for uri in ["/media/films/a", "/media/films/a?", "/media/films/a?t=3,3&xywh=1,1,1,1&utm_source=x"] {
            let request = parsed("GET", uri, &[("range", "lines=1-2")]).await;
            assert_eq!((request.ask, request.range, request.head), (None, None, false), "{uri}");
        }
    }

    #[tokio::test]
    async fn fragments_and_ranges_become_what_the_engine_is_asked() {
        let cases = [
            ("/media/films/a?t=50,65&track=audio&track=2", "bytes=0-99", "t=npt:50,65&track=audio&track=2", 2..=6),
            ("/media/films/a?t=50,65&xywh=1,2,3,4", "t:npt=1-2", "t=npt:50,65&xywh=pixel:1,2,3,4", 2..=6),
            ("/media/films/a", "t:npt=50-65", "", 2..=6),
            ("/media/films/a", "t:smpte-25=0:00:50-0:01:05;include-setup", "", 2..=6),
            ("/media/films/a", "track=audio", "", 0..=29),
        ];
        for (uri, range, fragment, cells) in cases {
            let request = parsed("GET", uri, &[("range", range)]).await;
            assert_eq!((request.fragment.to_string().as_str(), request.guess()), (fragment, cells), "{uri} {range}");
            assert_eq!(request.ask.is_some(), uri.contains('?'));
        }
        for range in ["t:npt=7-3", "id=a", "include-setup", "t:clock=\"2010-10-22T07:33:56Z\"-", "bytes=0-1"] {
            let request = parsed("HEAD", "/media/films/a", &[("range", range)]).await;
            assert!(request.range.is_some() && request.guess().is_empty() && request.head, "{range}");
        }
    }

    #[tokio::test]
    async fn the_head_alone_is_asked_for_where_there_are_conditions() {
        let tag = ("if-none-match", "\"a\"");
        for (uri, range) in [("/media/films/a?t=50,65", "bytes=0-1"), ("/media/films/a", "t:npt=50-65")] {
            assert!(parsed("GET", uri, &[("range", range), tag]).await.guess().is_empty(), "{uri}");
            assert!(!parsed("GET", uri, &[("range", range)]).await.guess().is_empty(), "{uri}");
        }
    }

    #[tokio::test]
    async fn a_client_says_which_redirects_it_takes() {
        for (value, redirect) in [("bytes", true), ("lines, Bytes", true), ("t", false), ("", false)] {
            let request = parsed("GET", "/media/films/a", &[("accept-range-redirect", value)]).await;
            assert_eq!(request.redirect, redirect, "{value}");
        }
    }

    #[tokio::test]
    async fn what_the_streaming_host_would_answer_otherwise_is_not_sent_there() {
        for (name, may) in [
            ("range", true),
            ("if-none-match", true),
            ("if-range", false),
            ("if-match", false),
            ("origin", false),
            ("cookie", false),
            ("accept-range-redirect", false),
        ] {
            let request = parsed("GET", "/media/films/a?t=1,2", &[(name, "bytes=0-1")]).await;
            assert_eq!(request.may_be_redirected, may, "{name}");
        }
    }

    #[tokio::test]
    async fn a_signature_is_no_part_of_the_query_and_goes_along_with_a_redirect() {
        let signed = "t=1,2&Expires=1700000000&Signature=abc-_~&Key-Pair-Id=K1&Hash-Algorithm=SHA256";
        for (query, rest) in [(signed, Some("t=1,2")), (&signed[6..], None), ("t=1,2", Some("t=1,2"))] {
            let uri = format!("/media/films/a?{query}");
            let request = parsed("GET", &uri, &[]).await;
            assert_eq!((request.query.as_deref(), request.path_and_query()), (rest, uri));
            let shown = format!("{request:?}");
            assert!(!shown.contains("abc-_~") && !shown.contains("K1"), "{shown}");
        }
    }

    #[tokio::test]
    async fn a_range_in_a_field_of_ours_counts_behind_cloudfront_alone() {
        let ours = ("x-reelspan-range", "t:npt=10-20");
        let of = |request: MediaRequest| request.range.map(|range| range.to_string());
        for (viewers, fields, range) in [
            (Viewers::Direct, vec![ours], None),
            (Viewers::Direct, vec![ours, ("range", "bytes=0-9")], Some("bytes=0-9")),
            (Viewers::CloudFront, vec![ours], Some("t:npt=10-20")),
            (Viewers::CloudFront, vec![ours, ("range", "bytes=0-9")], Some("t:npt=10-20")),
            (Viewers::CloudFront, vec![("range", "bytes=0-9")], Some("bytes=0-9")),
        ] {
            let request = parsed_for(viewers, "GET", "/media/films/a", &fields).await;
            assert_eq!(of(request).as_deref(), range, "{viewers:?} {fields:?}");
        }
        let accepted = [("range", "t:npt=1-2"), ("accept-range-redirect", "bytes")];
        assert!(!parsed_for(Viewers::CloudFront, "GET", "/media/films/a", &accepted).await.redirect);
    }
}
