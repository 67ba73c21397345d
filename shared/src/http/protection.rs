//! The header fields that tell a browser what it may do with an answer. Only this module decides them, for every route.
//!
//! A stored body is untrusted: it must not act as a page of the server's origin, for which the browser may hold an
//! admin's credentials. So nothing is sniffed, and everything that is not plainly media opens in a sandbox: its own
//! origin, no scripts, no forms, nothing loaded (W3C *Content Security Policy Level 3* §6.3.2; HTML §7.1.5). The kind
//! of an answer determines which sites may show it (Fetch §3.7, `Cross-Origin-Resource-Policy`): media may be embedded
//! anywhere, the REST API and pages may not.

use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::media_type::{MediaType, UNKNOWN};

/// Which sites may load an answer without CORS (Fetch §3.7).
pub const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Which pages may show an answer: as a picture, a video, a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Embedding {
    /// Pages of any site.
    AnySite,
    /// Pages of the server's own origin, and none in a frame.
    OwnOrigin,
}

/// What a stored body may do when it is opened as a document: nothing but be read. Browsers lay out plain text with
/// inline styles.
const SANDBOX: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'";
const FRAMELESS_SANDBOX: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
const FRAMELESS: &str = "frame-ancestors 'none'";
const DATA: &str = "default-src 'none'; frame-ancestors 'none'";

/// Protects an answer with a stored body, which a user has uploaded. A `Content-Type` that is not a media type becomes
/// [`UNKNOWN`].
pub fn stored(headers: &mut HeaderMap, embedding: Embedding) {
    let inert = match one_media_type(headers) {
        Some(Ok(media_type)) => media_type.is_inert(),
        Some(Err(())) => {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(UNKNOWN));
            false
        }
        None => false,
    };
    let policy = match (inert, embedding) {
        (true, Embedding::AnySite) => None,
        (true, Embedding::OwnOrigin) => Some(FRAMELESS),
        (false, Embedding::AnySite) => Some(SANDBOX),
        (false, Embedding::OwnOrigin) => Some(FRAMELESS_SANDBOX),
    };
    headers.remove(CONTENT_SECURITY_POLICY);
    headers.extend(policy.map(|policy| (CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy))));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, embedding.policy());
}

/// Protects an answer that the server itself has written: a list, an error, a page. Existing fields stay.
pub fn written(headers: &mut HeaderMap, embedding: Embedding) {
    headers.entry(X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(DATA));
    headers.entry(CROSS_ORIGIN_RESOURCE_POLICY).or_insert(embedding.policy());
}

/// Whether [`stored`] or [`written`] has protected an answer.
#[must_use]
pub fn is_protected(headers: &HeaderMap) -> bool {
    headers.contains_key(CROSS_ORIGIN_RESOURCE_POLICY)
}

impl Embedding {
    const fn policy(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::AnySite => "cross-origin",
            Self::OwnOrigin => "same-origin",
        })
    }
}

/// The only media type of an answer; an error if it is invalid or there are several, `None` without the field.
fn one_media_type(headers: &HeaderMap) -> Option<Result<MediaType, ()>> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let value = values.next()?;
    let parsed = value.to_str().ok().and_then(|text| MediaType::parse(text).ok());
    Some(parsed.filter(|_| values.next().is_none()).ok_or(()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::*;

    fn with(types: &[&'static str]) -> HeaderMap {
        types.iter().map(|kind| (CONTENT_TYPE, HeaderValue::from_static(kind))).collect()
    }

    #[test]
    fn a_stored_body_is_sandboxed_unless_it_is_media() {
        for (types, kept, sandboxed) in [
            (&["video/mp4"][..], Some("video/mp4"), false),
            (&["image/jpeg"], Some("image/jpeg"), false),
            (&["text/vtt"], Some("text/vtt"), false),
            (&["text/html"], Some("text/html"), true),
            (&["image/svg+xml"], Some("image/svg+xml"), true),
            (&["application/pdf"], Some("application/pdf"), true),
            (&["text/plain"], Some("text/plain"), true),
            (&["text/plain, text/html"], Some(UNKNOWN), true),
            (&["video/mp4, text/html"], Some(UNKNOWN), true),
            (&["video/mp4", "text/html"], Some(UNKNOWN), true),
            (&["video"], Some(UNKNOWN), true),
            (&[], None, true),
        ] {
            for (embedding, policy) in [(Embedding::AnySite, "cross-origin"), (Embedding::OwnOrigin, "same-origin")] {
                let mut headers = with(types);
                stored(&mut headers, embedding);
                assert_eq!(headers.get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap()), kept, "{types:?}");
                assert_eq!(headers.get_all(CONTENT_TYPE).iter().count(), usize::from(kept.is_some()));
                assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
                assert_eq!(headers[CROSS_ORIGIN_RESOURCE_POLICY], policy);
                let csp = headers.get(CONTENT_SECURITY_POLICY).map_or("", |csp| csp.to_str().unwrap());
                assert_eq!(csp.starts_with("sandbox; default-src 'none'"), sandboxed, "{types:?}: {csp}");
                assert_eq!(csp.contains("frame-ancestors 'none'"), embedding == Embedding::OwnOrigin, "{csp}");
                assert!(!csp.contains("allow-"), "{csp}");
            }
        }
    }

    #[test]
    fn a_stored_body_has_no_policy_of_its_own_and_a_written_one_may() {
        let own = || HeaderMap::from_iter([(CONTENT_SECURITY_POLICY, HeaderValue::from_static("script-src *"))]);
        let mut headers = own();
        stored(&mut headers, Embedding::AnySite);
        assert_eq!(headers[CONTENT_SECURITY_POLICY], SANDBOX);
        let mut headers = own();
        written(&mut headers, Embedding::OwnOrigin);
        assert_eq!(headers[CONTENT_SECURITY_POLICY], "script-src *");
        assert_eq!(headers[CROSS_ORIGIN_RESOURCE_POLICY], "same-origin");
        assert!(is_protected(&headers));
        let mut headers = HeaderMap::new();
        written(&mut headers, Embedding::OwnOrigin);
        assert_eq!(headers[CONTENT_SECURITY_POLICY], DATA);
    }
}
