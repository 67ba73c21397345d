//! Connections to the hosts of URLs, or to other addresses in their place, as curl's `--connect-to` makes them.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Authority;
use hyper_util::client::legacy::connect::HttpConnector;
use tower::Service;

/// Connects.
#[derive(Clone)]
pub struct Connector {
    http: HttpConnector,
    /// Hosts, with their ports if the URL has one, and the addresses in their place.
    instead: Arc<[(String, Authority)]>,
}

impl Connector {
    /// Connects within this time, and to these addresses instead of those that their names have.
    pub fn new(within: Duration, instead: Arc<[(String, Authority)]>) -> Self {
        let mut http = HttpConnector::new();
        http.set_connect_timeout(Some(within));
        http.set_nodelay(true);
        // What is above this speaks TLS.
        http.enforce_http(false);
        Self { http, instead }
    }

    /// The URL whose address is connected to.
    fn address(&self, url: Uri) -> Uri {
        let authority = url.authority().map(Authority::as_str).unwrap_or_default();
        let Some((_, address)) = self.instead.iter().find(|(name, _)| name == authority) else { return url };
        let mut parts = url.clone().into_parts();
        parts.authority = Some(address.clone());
        Uri::from_parts(parts).unwrap_or(url)
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Connector").field("instead", &self.instead).finish_non_exhaustive()
    }
}

impl Service<Uri> for Connector {
    type Response = <HttpConnector as Service<Uri>>::Response;
    type Error = <HttpConnector as Service<Uri>>::Error;
    type Future = <HttpConnector as Service<Uri>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.http.poll_ready(context)
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        let address = self.address(url);
        self.http.call(address)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_name_stands_for_another_address() {
        let instead = [("media.example.org".to_owned(), Authority::from_static("127.0.0.1:8443"))];
        let connector = Connector::new(Duration::from_secs(1), Arc::from(&instead[..]));
        for (url, address) in [
            ("https://media.example.org/a?b", "https://127.0.0.1:8443/a?b"),
            ("https://media.example.org:444/a", "https://media.example.org:444/a"),
            ("https://example.org/", "https://example.org/"),
        ] {
            assert_eq!(connector.address(url.parse().unwrap()), url.replace(url, address).as_str());
        }
    }
}
