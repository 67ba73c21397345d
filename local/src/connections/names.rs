//! The names by which a port may be reached. A request without a `Host`, or with two, is refused (RFC 9112 §3.2). So is
//! one for a name that is not the server's: otherwise a page whose own name was made to resolve to this machine (DNS
//! rebinding) could read the answers as its own.

use std::{collections::BTreeSet, net::IpAddr};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, Version, header, request::Parts, uri::Authority};
use http_body_util::Full;
use reelspan::http::problem::{MEDIA_TYPE, Problem};

/// The names by which a port may be reached.
#[derive(Clone, Debug, Default)]
pub struct ServerNames(Option<BTreeSet<String>>);

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum HostRefusal {
    /// The request has no `Host`, more than one, or an invalid one.
    Invalid(&'static str),
    /// The request is for another server.
    Foreign(String),
}

impl ServerNames {
    /// Any name.
    #[must_use]
    pub const fn any() -> Self {
        Self(None)
    }

    /// These names, in any spelling, besides those that no other server can have: addresses, `localhost` and the names
    /// below it (RFC 6761 §6.3). A page that was loaded from an address comes from the server at that address, so
    /// addresses need no check.
    pub fn only(names: impl IntoIterator<Item = String>) -> Self {
        Self(Some(names.into_iter().map(|name| plain(&name)).collect()))
    }

    /// Refuses a request for another server, or without a server's name.
    pub fn check(&self, request: &Parts) -> Result<(), HostRefusal> {
        let mut fields = request.headers.get_all(header::HOST).iter();
        let field = match (fields.next(), fields.next()) {
            (Some(field), None) => Some(read(field)?),
            (None, _) if request.version == Version::HTTP_10 => None,
            (None, _) => return Err(HostRefusal::Invalid("the request has no Host")),
            (Some(_), Some(_)) => return Err(HostRefusal::Invalid("the request has more than one Host")),
        };
        // If the target has a host, it takes precedence (RFC 9112 §3.2.2).
        let Some(host) = request.uri.authority().cloned().or(field) else { return Ok(()) };
        if self.is_ours(host.host()) { Ok(()) } else { Err(HostRefusal::Foreign(host.host().to_owned())) }
    }

    fn is_ours(&self, host: &str) -> bool {
        let Self(Some(names)) = self else { return true };
        let host = plain(host);
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host);
        address.parse::<IpAddr>().is_ok()
            || host == "localhost"
            || host.ends_with(".localhost")
            || names.contains(&host)
    }
}

fn read(field: &HeaderValue) -> Result<Authority, HostRefusal> {
    let authority = Authority::try_from(field.as_bytes()).ok().filter(|authority| !authority.as_str().contains('@'));
    authority.ok_or(HostRefusal::Invalid("the request's Host cannot be read"))
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

impl HostRefusal {
    /// The answer: 400 (RFC 9112 §3.2), or 421 (RFC 9110 §15.5.20).
    pub fn response(&self) -> Response<Full<Bytes>> {
        let (status, title, detail) = match self {
            Self::Invalid(why) => (StatusCode::BAD_REQUEST, "Bad request", (*why).to_owned()),
            Self::Foreign(host) => (
                StatusCode::MISDIRECTED_REQUEST,
                "Misdirected request",
                format!("this server does not answer for {host}; start it with --host {host} to allow that"),
            ),
        };
        let problem = Problem::new(status.as_u16(), title).detail(detail);
        let mut response = Response::new(Full::from(serde_json::to_vec(&problem).unwrap_or_default()));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

    use http::Request;

    use super::*;

    fn judge(hosts: &ServerNames, version: Version, target: &str, fields: &[&[u8]]) -> u16 {
        let mut request = Request::builder().version(version).uri(target);
        for field in fields {
            request = request.header("host", *field);
        }
        let checked = hosts.check(&request.body(()).unwrap().into_parts().0);
        checked.map_or_else(|refusal| refusal.response().status().as_u16(), |()| 200)
    }

    #[test]
    fn a_request_names_its_host_once_and_that_is_this_server() {
        let ours = ServerNames::only(["media.Example.org".to_owned()]);
        let (new, old) = (Version::HTTP_11, Version::HTTP_10);
        let cases: &[(Version, &str, &[&[u8]], u16)] = &[
            (new, "/", &[b"127.0.0.1:8080"], 200),
            (new, "/", &[b"[::1]:8080"], 200),
            (new, "/", &[b"192.0.2.7"], 200),
            (new, "/", &[b"localhost:8080"], 200),
            (new, "/", &[b"LOCALHOST."], 200),
            (new, "/", &[b"demo.localhost"], 200),
            (new, "/", &[b"media.example.org"], 200),
            (new, "/", &[b"MEDIA.example.ORG:443"], 200),
            (new, "/", &[b"evil.example"], 421),
            (new, "/", &[b"evil.example:8080"], 421),
            (new, "/", &[b"127.0.0.1.evil.example"], 421),
            (new, "/", &[b"localhost.evil.example"], 421),
            (new, "/", &[b"evillocalhost"], 421),
            (new, "/", &[b"media.example.org.evil.example"], 421),
            (new, "http://evil.example/", &[b"127.0.0.1:8080"], 421),
            (new, "http://127.0.0.1/", &[b"127.0.0.1"], 200),
            (new, "/", &[], 400),
            (old, "/", &[], 200),
            (old, "/", &[b"evil.example"], 421),
            (new, "/", &[b"127.0.0.1", b"127.0.0.1"], 400),
            (old, "/", &[b"127.0.0.1", b"evil.example"], 400),
            (new, "/", &[b""], 400),
            (new, "/", &[b"a b"], 400),
            (new, "/", &[b"user@127.0.0.1"], 400),
            (new, "/", &[b"\xFF"], 400),
        ];
        for (version, target, fields, status) in cases {
            let text: Vec<_> = fields.iter().map(|field| String::from_utf8_lossy(field)).collect();
            assert_eq!(judge(&ours, *version, target, fields), *status, "{version:?} {target} {text:?}");
            // If any name is allowed, only an invalid one is refused.
            let expected = if *status == 421 { 200 } else { *status };
            assert_eq!(judge(&ServerNames::any(), *version, target, fields), expected, "{version:?} {target} {text:?}");
        }
    }
}
