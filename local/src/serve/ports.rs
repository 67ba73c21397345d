//! The two ports that a server announces, and their limits. There are no others.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use super::{PublicUrl, ServeOptions};
use crate::{
    CommandError,
    connections::{ConnectionLimits, Patience, Port, ServerNames, open_files},
};

/// The default share of connections for one address: of 512 it is 128, enough for a class behind one address.
const PER_ADDRESS: usize = 4;

/// The ports, already listening.
#[derive(Debug)]
pub struct Ports {
    /// The port of HTTP.
    pub http: Port,
    /// The port of the S3 API.
    pub s3: Port,
}

impl Ports {
    /// Binds the ports, before anything is created or written.
    pub async fn bind(options: &ServeOptions) -> Result<Self, CommandError> {
        let (http, s3) = (bind(options.listen, "--listen").await?, bind(options.s3_listen, "--s3-listen").await?);
        warn_of_plain_text(options);
        // Each port gets half of the files that the process may have open.
        let most = (open_files() / 2).max(1);
        let connections = options.connections.min(most);
        if connections < options.connections {
            tracing::warn!(
                connections,
                "the limit of open files (RLIMIT_NOFILE) allows only this many connections for each port"
            );
        }
        let limits = |per_address| ConnectionLimits { connections, per_address, patience: Patience::DEFAULT };
        let (told, a_part) = (options.connections_per_address, (connections / PER_ADDRESS).max(1));
        // All clients of a proxy share its connections.
        let of_http = told.or(options.url.is_none().then_some(a_part));
        Ok(Self {
            http: Port { name: "HTTP", listener: http, limits: limits(of_http), names: names(options) },
            // S3 accepts signed requests only, so any name will do.
            s3: Port {
                name: "S3",
                listener: s3,
                limits: limits(Some(told.unwrap_or(a_part))),
                names: ServerNames::any(),
            },
        })
    }
}

async fn bind(at: SocketAddr, option: &str) -> Result<TcpListener, CommandError> {
    TcpListener::bind(at)
        .await
        .map_err(|error| CommandError::Setup(format!("cannot listen on {at} ({option}): {error}")))
}

/// The names by which HTTP may be reached. If other machines reach the port, it may have names that only its network
/// knows, as containers do: names are then checked only if some are given.
fn names(options: &ServeOptions) -> ServerNames {
    if options.hosts.is_empty() && !options.listen.ip().is_loopback() {
        return ServerNames::any();
    }
    ServerNames::only(options.url.iter().map(PublicUrl::host).chain(options.hosts.iter().cloned()))
}

fn warn_of_plain_text(options: &ServeOptions) {
    let is_https = options.url.as_ref().is_some_and(PublicUrl::is_https);
    for (option, at) in [("--listen", options.listen), ("--s3-listen", options.s3_listen)] {
        if !at.ip().is_loopback() && !is_https {
            tracing::warn!(
                %at,
                "{option} can be reached by other machines without TLS: passwords, tokens and media cross the network as they \
                 are; put a proxy that speaks TLS before it, and name its URL by --url https://…"
            );
        }
    }
}
