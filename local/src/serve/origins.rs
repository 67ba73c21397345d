//! The server's own origins: those under which its own pages are loaded.

use std::net::SocketAddr;

use reelspan::http::origin::{Origin, OwnOrigins};

use super::PublicUrl;

/// The origin of the public URL, and of the listening address. A server on loopback is reached by all names of
/// loopback.
pub fn own(http_at: SocketAddr, url: Option<&PublicUrl>) -> OwnOrigins {
    let (ip, port) = (http_at.ip(), http_at.port());
    let loopback =
        [format!("http://127.0.0.1:{port}"), format!("http://[::1]:{port}"), format!("http://localhost:{port}")];
    let is_loopback = ip.is_loopback() || ip.is_unspecified();
    let here = if is_loopback { loopback.to_vec() } else { vec![format!("http://{http_at}")] };
    let public = url.and_then(|url| Origin::of_url(url.as_str()));
    OwnOrigins::new(here.iter().filter_map(|origin| Origin::parse(origin)).chain(public))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn pages_are_the_server_s_own_by_each_name_that_it_has() {
        for (http_at, url, origins) in [
            ("127.0.0.1:8080", None, &["http://127.0.0.1:8080", "http://[::1]:8080", "http://localhost:8080"][..]),
            ("192.0.2.7:80", Some("https://media.example.org/av"), &["http://192.0.2.7", "https://media.example.org"]),
            ("[2001:db8::1]:8080", None, &["http://[2001:db8::1]:8080"]),
        ] {
            let url: Option<PublicUrl> = url.map(|url| url.parse().unwrap());
            let own = own(http_at.parse().unwrap(), url.as_ref());
            let found: Vec<_> = own.all().iter().map(ToString::to_string).collect();
            assert_eq!(found, origins, "{http_at}");
        }
    }
}
