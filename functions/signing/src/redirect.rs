//! Where a link that sets cookies may send the browser.

use http::Uri;
use reelspan::http::origin::{Origin, OwnOrigins};

use crate::RestError;

/// The longest URL that a browser is redirected to, in bytes.
const LONGEST: usize = 2048;

/// Whether a browser can be redirected to this: an absolute URL of HTTP as RFC 3986 writes one, without user information, which
/// could be mistaken for the host.
fn leads_somewhere(url: &str) -> bool {
    let written = url.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"<>\\^`{|}".contains(&byte));
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let scheme = matches!(uri.scheme_str(), Some("http" | "https"));
    let host =
        uri.authority().is_some_and(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'));
    written && scheme && host && url.len() <= LONGEST
}

/// Checks that a link which sets the cookies of a space may redirect to this URL: to a page that may read the space's media by
/// script, or to the server itself. A link to anywhere else would abuse the trust that people have in the host it names
/// (CWE-601).
pub fn may_lead_to(url: &str, allowed: &[String], base: &str, own: &OwnOrigins) -> Result<(), RestError> {
    let Some(origin) = Origin::of_url(url).filter(|_| leads_somewhere(url)) else {
        return Err(RestError::Bad(format!("redirectUrl {url:?} is not an absolute URL of http or https")));
    };
    let here = Origin::of_url(base);
    let is_own = own.all().iter().chain(&here).any(|own| *own == origin);
    if is_own || allowed.iter().any(|entry| origin.is_allowed_by(entry)) {
        return Ok(());
    }
    let named = if allowed.is_empty() { "names none".to_owned() } else { format!("names {}", allowed.join(", ")) };
    Err(RestError::Bad(format!(
        "redirectUrl {url:?} leads to {origin}, which is neither this server nor in allowedOrigins of the space, which {named}; \
         enable-streaming sets them"
    )))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_browser_is_sent_on_to_the_server_itself_or_an_allowed_origin() {
        let own = OwnOrigins::new(Origin::parse("https://api.example.org"));
        let named = ["https://www.example.org".to_owned(), "https://*.library.example".to_owned()];
        let base = "https://d111111abcdef8.cloudfront.net";
        for (url, allowed, leads) in [
            ("https://www.example.org/watch?film=1", &named[..], true),
            ("https://maps.library.example/", &named, true),
            ("https://www.example.org/", &[], false),
            ("http://www.example.org/", &named, false),
            ("https://www.example.org.evil.example/", &named, false),
            ("https://www.example.org@evil.example/", &named, false),
            ("https://evil.example/#https://www.example.org", &named, false),
            ("https://api.example.org/validate", &[], true),
            ("https://d111111abcdef8.cloudfront.net/a.mp4", &[], true),
            ("https://d111111abcdef9.cloudfront.net/a.mp4", &[], false),
            ("javascript:alert(1)", &named, false),
            ("//www.example.org/", &named, false),
        ] {
            assert_eq!(may_lead_to(url, allowed, base, &own).is_ok(), leads, "{url} {allowed:?}");
        }
        let refused = may_lead_to("https://evil.example/", &named, base, &own).unwrap_err().to_string();
        assert!(
            refused.contains("https://evil.example") && refused.contains("names https://www.example.org"),
            "{refused}"
        );
    }

    #[test]
    fn a_browser_is_sent_to_absolute_urls_only() {
        for (url, leads) in [
            ("https://example.org", true),
            ("https://example.org/film?id=1&x=%C3%A4#t=20", true),
            ("http://127.0.0.1:8080/watch/", true),
            ("", false),
            ("/watch", false),
            ("//example.org/watch", false),
            ("example.org", false),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("ftp://example.org/", false),
            ("https:///watch", false),
            ("https://example.org@evil.example/", false),
            ("https://example.org\\@evil.example/", false),
            ("https://example.org/a b", false),
            ("https://example.org/\r\nSet-Cookie: a=b", false),
            ("https://example.org/ä", false),
        ] {
            assert_eq!(leads_somewhere(url), leads, "{url}");
        }
        assert!(!leads_somewhere(&format!("https://example.org/{}", "a".repeat(LONGEST))));
    }
}
