//! The S3 API on a port.

use std::{sync::Arc, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
};
use s3s::{auth::SimpleAuth, service::S3ServiceBuilder};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::store::{Operations, Store};
use crate::data::Credentials;

/// How much of a request is read ahead: enough for a disk to be busy, little enough that many uploads at once stay small.
const READ_AHEAD: usize = 64 * 1024;

/// Answers S3 requests, each signed with the credentials (SigV4, in headers or in a presigned URL), until `stop`; then lets
/// running requests end for as long as `patience` lasts.
pub async fn serve(
    listener: TcpListener,
    store: Arc<Store>,
    credentials: &Credentials,
    stop: CancellationToken,
    patience: Duration,
) {
    let mut builder = S3ServiceBuilder::new(Operations(store));
    let secret = credentials.secret_access_key.clone();
    builder.set_auth(SimpleAuth::from_single(credentials.access_key_id.clone(), secret));
    let service = builder.build();

    let mut http = Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new()).max_buf_size(READ_AHEAD);
    let running = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let socket = match accepted {
            Ok((socket, _)) => socket,
            Err(error) => {
                // Out of file handles, say: it passes, and accepting at once would only spin.
                tracing::warn!(%error, "a connection to S3 was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        // Else the body of a short answer waits until its head is acknowledged, which takes 40 ms.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "a connection to S3 stays slow");
        }
        let connection = http.serve_connection(TokioIo::new(socket), service.clone()).into_owned();
        let connection = running.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection to S3 broke off");
            }
        });
    }
    if tokio::time::timeout(patience, running.shutdown()).await.is_err() {
        tracing::warn!("requests to S3 were still running and were dropped");
    }
}
