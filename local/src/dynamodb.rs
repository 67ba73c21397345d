//! DynamoDB on one machine: `dynoxide` behind a port of its own on loopback, its tables in one SQLite file.

use std::{
    fs::{OpenOptions, Permissions},
    net::SocketAddr,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    time::Duration,
};

use dynoxide::Database;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::Error;

/// A running server.
#[derive(Debug)]
pub struct DynamoDb {
    at: SocketAddr,
    server: JoinHandle<Result<(), String>>,
}

impl DynamoDb {
    /// Opens the tables of a file, or makes it, and serves them on loopback until `stop`.
    pub async fn start(file: &Path, stop: CancellationToken) -> Result<Self, Error> {
        let name = file.to_str().ok_or_else(|| Error::Setup(format!("{}: not UTF-8", file.display())))?;
        // What is kept of passwords is in there; SQLite gives the files beside it the same permissions.
        let mut private = OpenOptions::new();
        let opened = private.create(true).append(true).mode(0o600).open(file).map_err(Error::failed(name))?;
        // One from before there were users; where it is not ours to change, its owner has seen to it.
        let _ = opened.set_permissions(Permissions::from_mode(0o600));
        // SQLite's locks are the process's, and end with the first of its descriptors that is closed: none is open by now.
        drop(opened);
        let database = Database::new(name).map_err(Error::failed(name))?;
        // SQLite waits for the disk at every write unless told otherwise. dynoxide offers that under the name of leaving its
        // bulk mode: write-ahead log with synchronous = NORMAL, which a crash of the process cannot hurt.
        database.disable_bulk_loading().map_err(Error::failed(name))?;

        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(Error::failed("a port for DynamoDB"))?;
        let at = listener.local_addr().map_err(Error::failed("a port for DynamoDB"))?;
        let stopped = stop.cancelled_owned();
        let server = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, stopped));
        Ok(Self { at, server })
    }

    /// Where it answers.
    #[must_use]
    pub const fn at(&self) -> SocketAddr {
        self.at
    }

    /// Waits until it has stopped, with everything written, or until `patience` is at its end.
    pub async fn stopped(self, patience: Duration) {
        match tokio::time::timeout(patience, self.server).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::error!(error, "DynamoDB ended with an error"),
            Ok(Err(error)) => tracing::error!(%error, "DynamoDB panicked"),
            Err(_) => tracing::warn!("requests to DynamoDB were still running and were dropped"),
        }
    }
}
