//! Origins (RFC 6454 §4, §6.2): a scheme, a host and a port, by which a browser distinguishes pages. Here they
//! determine whose pages may change something, and where a browser may be redirected.

use std::fmt;

use http::Uri;

/// A web origin: `https://media.example.org`, or with a port that is not the scheme's default.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    scheme: &'static str,
    /// In lower case; with the port, unless it is the scheme's default.
    host: String,
}

impl Origin {
    /// Parses the `Origin` field: `http` or `https`, and nothing after the port. `null` is not an origin.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let origin = Self::of_url(text)?;
        (!rest.contains(['/', '?', '#']) && scheme.len() == origin.scheme.len()).then_some(origin)
    }

    /// The origin of an absolute HTTP URL. A URL with user information has none, because people misread its host.
    #[must_use]
    pub fn of_url(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let scheme = match uri.scheme_str()? {
            "http" => "http",
            "https" => "https",
            _ => return None,
        };
        let authority = uri.authority()?.as_str();
        let host = without_default_port(scheme, authority);
        (!host.is_empty() && !authority.contains('@')).then_some(Self { scheme, host })
    }

    /// Whether requests to this `Host` are requests to this origin.
    #[must_use]
    pub fn is_at(&self, host: &str) -> bool {
        self.host == without_default_port(self.scheme, host)
    }

    /// Whether an entry of a space's `allowedOrigins` allows it: the same origin, or `https://*.example.org` for every
    /// subdomain (*CloudFront API Reference*, `ResponseHeadersPolicyAccessControlAllowOrigins`).
    #[must_use]
    pub fn is_allowed_by(&self, entry: &str) -> bool {
        match entry.split_once("://*.") {
            Some((scheme, domain)) => {
                let domain = without_default_port(scheme, domain);
                let below = self.host.strip_suffix(&domain).and_then(|below| below.strip_suffix('.'));
                scheme == self.scheme && below.is_some_and(|below| !below.is_empty())
            }
            None => Self::parse(entry).as_ref() == Some(self),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}://{}", self.scheme, self.host)
    }
}

/// A host with its port in lower case, without a port that the scheme implies.
fn without_default_port(scheme: &str, authority: &str) -> String {
    let port = if scheme == "https" { ":443" } else { ":80" };
    authority.strip_suffix(port).unwrap_or(authority).to_ascii_lowercase()
}

/// The origins of the server itself, in addition to the one that a request's `Host` names. Requests carry it as an
/// extension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnOrigins(Vec<Origin>);

impl OwnOrigins {
    /// These origins.
    pub fn new(origins: impl IntoIterator<Item = Origin>) -> Self {
        Self(origins.into_iter().collect())
    }

    /// The origins in the environment variable `OWN_ORIGINS`, separated by commas; entries that are not origins are
    /// logged and left out.
    #[must_use]
    pub fn from_env() -> Self {
        let text = std::env::var("OWN_ORIGINS").unwrap_or_default();
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        Self::new(entries.filter_map(|entry| {
            let origin = Origin::parse(entry.trim_end_matches('/'));
            if origin.is_none() {
                tracing::warn!(entry, "an entry of OWN_ORIGINS is not an origin, such as https://media.example.org");
            }
            origin
        }))
    }

    /// Adds an origin.
    #[must_use]
    pub fn and(mut self, origin: Option<Origin>) -> Self {
        self.0.extend(origin);
        self
    }

    /// The origins.
    #[must_use]
    pub fn all(&self) -> &[Origin] {
        &self.0
    }

    /// Whether this origin is the server's own, for a request with this `Host`. If the scheme of an origin's host is
    /// known, it has to match.
    #[must_use]
    pub fn contains(&self, origin: &Origin, host: Option<&str>) -> bool {
        let known = self.0.iter().any(|own| own.host == origin.host);
        self.0.contains(origin) || (!known && host.is_some_and(|host| origin.is_at(host)))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_origin_is_a_scheme_a_host_and_a_port() {
        for (text, origin) in [
            ("https://media.example.org", Some("https://media.example.org")),
            ("https://Media.example.ORG:443", Some("https://media.example.org")),
            ("http://127.0.0.1:8080", Some("http://127.0.0.1:8080")),
            ("http://[::1]:80", Some("http://[::1]")),
            ("https://example.org/", None),
            ("https://example.org/path", None),
            ("https://user@example.org", None),
            ("null", None),
            ("", None),
            ("example.org", None),
            ("file://", None),
            ("chrome-extension://abc", None),
        ] {
            assert_eq!(Origin::parse(text).map(|origin| origin.to_string()).as_deref(), origin, "{text}");
        }
        assert_eq!(Origin::of_url("https://a.org:443/b?c").unwrap().to_string(), "https://a.org");
        assert_eq!(Origin::of_url("https://a.org@evil.example/"), None);
    }

    #[test]
    fn an_entry_allows_itself_or_its_subdomains() {
        for (entry, origin, allowed) in [
            ("https://a.org", "https://a.org", true),
            ("https://a.org", "http://a.org", false),
            ("https://a.org", "https://b.a.org", false),
            ("https://*.a.org", "https://b.a.org", true),
            ("https://*.a.org", "https://c.b.a.org", true),
            ("https://*.a.org", "https://a.org", false),
            ("https://*.a.org", "https://ba.org", false),
            ("https://*.a.org", "http://b.a.org", false),
            ("https://*.a.org:8443", "https://b.a.org:8443", true),
            ("https://*.a.org", "https://b.a.org.evil.example", false),
        ] {
            assert_eq!(Origin::parse(origin).unwrap().is_allowed_by(entry), allowed, "{entry} {origin}");
        }
    }

    #[test]
    fn the_server_s_own_are_those_it_knows_and_the_host_that_was_asked() {
        let own = OwnOrigins::new(Origin::parse("https://media.example.org"));
        for (origin, host, is) in [
            ("https://media.example.org", Some("127.0.0.1:8080"), true),
            ("http://media.example.org", Some("media.example.org"), false),
            ("http://127.0.0.1:8080", Some("127.0.0.1:8080"), true),
            ("http://localhost:8080", Some("127.0.0.1:8080"), false),
            ("http://127.0.0.1:8081", Some("127.0.0.1:8080"), false),
            ("https://api.example.org", Some("API.example.org:443"), true),
            ("https://api.example.org", None, false),
        ] {
            assert_eq!(own.contains(&Origin::parse(origin).unwrap(), host), is, "{origin} {host:?}");
        }
    }
}
