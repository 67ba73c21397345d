//! The origin of a request behind a proxy: what the proxy says in `X-Forwarded-For`, if the operator trusts it. Limits,
//! signatures for an address, and the audit trail use it. Without `--trusted-proxy` the field is ignored.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    middleware::{Next, from_fn},
};
use http::{HeaderMap, HeaderName};

/// The origin of a request at each proxy on its way: the proxy nearest to us comes last.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The trusted proxies.
#[derive(Clone, Debug)]
pub struct Proxies(Arc<BTreeSet<IpAddr>>);

impl Proxies {
    /// The proxies at these addresses.
    pub fn new(addresses: &[IpAddr]) -> Self {
        Self(Arc::new(addresses.iter().map(IpAddr::to_canonical).collect()))
    }

    /// Wraps routes so that their `ConnectInfo` is the origin of a request, as if there were no proxy.
    pub fn around(self, routes: Router) -> Router {
        if self.0.is_empty() {
            return routes;
        }
        routes.layer(from_fn(move |mut request: Request, next: Next| {
            let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
            if let Some(address) = peer.map(|peer| self.origin(peer, request.headers())) {
                request.extensions_mut().insert(ConnectInfo(SocketAddr::new(address, 0)));
            }
            next.run(request)
        }))
    }

    /// The last address that is not a trusted proxy: the client may have written anything before it.
    fn origin(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let fields = headers.get_all(X_FORWARDED_FOR).iter().filter_map(|field| field.to_str().ok());
        let said: Vec<&str> = fields.flat_map(|field| field.split(',')).map(str::trim).collect();
        let mut address = peer.to_canonical();
        for before in said.iter().rev() {
            if !self.0.contains(&address) {
                break;
            }
            let Ok(before) = before.parse::<IpAddr>() else { break };
            address = before.to_canonical();
        }
        address
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn only_a_trusted_proxy_says_where_a_request_comes_from() {
        let addresses = |all: &[&str]| all.iter().map(|address| address.parse().unwrap()).collect::<Vec<IpAddr>>();
        for (trusted, peer, fields, origin) in [
            (&[][..], "127.0.0.1", &["203.0.113.7"][..], "127.0.0.1"),
            (&["127.0.0.1"], "127.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            (&["127.0.0.1"], "::ffff:127.0.0.1", &["203.0.113.7"], "203.0.113.7"),
            (&["127.0.0.1"], "198.51.100.1", &["203.0.113.7"], "198.51.100.1"),
            // The client's own values precede what the proxy adds.
            (&["127.0.0.1"], "127.0.0.1", &["192.0.2.1, 203.0.113.7"], "203.0.113.7"),
            (&["127.0.0.1"], "127.0.0.1", &["192.0.2.1", "203.0.113.7"], "203.0.113.7"),
            (&["127.0.0.1", "10.0.0.1"], "127.0.0.1", &["192.0.2.1, 203.0.113.7, 10.0.0.1"], "203.0.113.7"),
            (&["127.0.0.1"], "127.0.0.1", &["192.0.2.1, unknown"], "127.0.0.1"),
            (&["127.0.0.1"], "127.0.0.1", &[], "127.0.0.1"),
            (&["127.0.0.1"], "127.0.0.1", &["2001:db8::1"], "2001:db8::1"),
        ] {
            let mut headers = HeaderMap::new();
            for field in fields {
                headers.append(X_FORWARDED_FOR, field.parse().unwrap());
            }
            let found = Proxies::new(&addresses(trusted)).origin(peer.parse().unwrap(), &headers);
            assert_eq!(found, origin.parse::<IpAddr>().unwrap(), "{trusted:?} {peer} {fields:?}");
        }
    }
}
