//! Connections of HTTP/1.1 clients, limited so that no client can keep others out: in number, and in how long each may
//! be idle. Both ports of `reelspan serve` use this.
//!
//! The limits apply to the time in which *the client* makes no progress: until it has sent the head of a request, while
//! the server waits for more of a body, and while the client reads no more of an answer. A slow handler never ends a
//! connection.
//!
//! When all connections are taken, a new one replaces the one that has waited longest for a request, or, if all are
//! busy, one whose client has long not read its answer. So half-sent heads never keep an honest client out, even one
//! that shares an address with the attacker.

mod body;
mod files;
mod names;
mod progress;
mod sending;
mod stream;
mod table;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::extract::ConnectInfo;
use bytes::Bytes;
use http::{
    HeaderValue, Request, Response,
    header::{CONTENT_ENCODING, CONTENT_LENGTH},
};
use http_body_util::{Either, Full};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown};
use reelspan::store::FileHandover;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Instant, MissedTickBehavior},
};
use tokio_util::sync::CancellationToken;

pub use body::Received;
pub use files::open_files;
pub use names::ServerNames;
pub use progress::Patience;

use self::{
    body::{Answered, Answering},
    progress::ConnectionProgress,
    sending::FileQueue,
    stream::Watched,
    table::ConnectionTable,
};

/// How much of a request is read ahead, and the longest head of a request, in bytes: enough to keep a disk busy, and
/// small enough for many connections.
const READ_AHEAD: usize = 64 * 1024;

/// How many bytes of an answer the kernel holds for a connection beyond those that it has sent. Without a bound these are up to four
/// megabytes, and it sends so much at once that a busy client has no room for it: what is lost is sent again after a fifth of a second.
/// See `tcp_notsent_lowat` in the kernel's *IP Sysctl*.
const UNSENT: u32 = 256 * 1024;

/// How often connections are checked.
const TICK: Duration = Duration::from_millis(500);

/// How many refused connections get an answer at a time; further ones are closed without one.
const REFUSALS: usize = 32;
/// How long a refused client has to read the answer.
const REFUSAL: Duration = Duration::from_millis(500);

/// The answer to a connection that is one too many for its address.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\n\
    content-type: text/plain\r\ncontent-length: 44\r\n\r\nThere are too many connections from you now\n";

/// How many connections a port has at a time, and how long their clients may be idle.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one IPv4 address, or of one IPv6 network of 64 bits; `None`: as many as in all.
    pub per_address: Option<usize>,
    /// How long clients may be idle.
    pub patience: Patience,
}

/// A port and its limits.
#[derive(Debug)]
pub struct Port {
    /// Its name in logs.
    pub name: &'static str,
    /// Accepts connections.
    pub listener: TcpListener,
    /// The limits of its connections.
    pub limits: ConnectionLimits,
    /// The names by which it may be reached.
    pub names: ServerNames,
}

impl Port {
    /// Answers requests until `stop`, then gives running ones `patience` to end.
    pub async fn serve<A, F, B>(self, answer: A, stop: CancellationToken, patience: Duration)
    where
        A: Fn(Request<Received>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let Self { name, listener, limits, names } = self;
        let (table, names) = (Arc::new(ConnectionTable::new(limits)), Arc::new(names));
        let (running, refusals) = (GracefulShutdown::new(), Arc::new(Semaphore::new(REFUSALS)));
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let accepted = tokio::select! {
                accepted = accept(&listener, name) => accepted,
                _ = ticks.tick() => { table.close_overdue(Instant::now()); continue }
                () = stop.cancelled() => break,
            };
            let Some((socket, peer)) = accepted else { continue };
            let place = tokio::select! {
                place = table.admit(peer.ip()) => place,
                () = stop.cancelled() => break,
            };
            let Ok(place) = place else {
                tracing::debug!(%peer, port = name, "refused: too many connections of one address");
                refuse(socket, &refusals);
                continue;
            };
            let (answer, names) = (answer.clone(), Arc::clone(&names));
            let (progress, files) = (Arc::clone(&place.progress), Arc::new(FileQueue::default()));
            let stream = TokioIo::new(Watched::new(socket, Arc::clone(&progress), Arc::clone(&files)));
            let service = service_fn(move |request| {
                let (progress, answer, names) = (Arc::clone(&progress), answer.clone(), Arc::clone(&names));
                let files = Arc::clone(&files);
                async move {
                    let response = respond(request, peer, &progress, answer, &names).await;
                    hand_over(&response, files);
                    Ok::<_, std::convert::Infallible>(response)
                }
            });
            let mut http = http1::Builder::new();
            // Heads are timed here, because hyper's own timer does not distinguish a late head from an idle connection.
            http.max_buf_size(READ_AHEAD).header_read_timeout(None);
            let connection = running.watch(http.serve_connection(stream, service));
            tokio::spawn(async move {
                tokio::select! {
                    ended = connection => if let Err(error) = ended {
                        tracing::debug!(%error, %peer, port = name, "a connection broke off");
                    },
                    () = place.closed() => tracing::debug!(%peer, port = name, "a connection was closed"),
                }
                drop(place);
            });
        }
        drop(listener);
        if tokio::time::timeout(patience, running.shutdown()).await.is_err() {
            tracing::warn!(port = name, "requests were still running and were dropped");
        }
        table.close_all();
    }
}

/// The next connection; `None` if accepting failed.
async fn accept(listener: &TcpListener, name: &str) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok((socket, peer)) => {
            // The head of an answer and its body are two writes. Without this, the second waits until the first is
            // acknowledged, which clients delay by 40 ms.
            if let Err(error) = socket.set_nodelay(true).and_then(|()| hold_little(&socket)) {
                tracing::debug!(%error, port = name, "a connection stays slow");
            }
            Some((socket, peer))
        }
        Err(error) => {
            // For instance, no file handles are left: that passes, and accepting again at once would only spin.
            tracing::warn!(%error, port = name, "a connection was not accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// Bounds what the kernel holds of an answer that it has not sent.
#[cfg(target_os = "linux")]
fn hold_little(socket: &TcpStream) -> std::io::Result<()> {
    socket2::SockRef::from(socket).set_tcp_notsent_lowat(UNSENT)
}

/// It is not bounded on other systems.
#[cfg(not(target_os = "linux"))]
const fn hold_little(_: &TcpStream) -> std::io::Result<()> {
    Ok(())
}

/// Answers a request, and records whether the server waits for the client or the client for the server.
async fn respond<A, F, B>(
    request: Request<hyper::body::Incoming>,
    peer: SocketAddr,
    progress: &Arc<ConnectionProgress>,
    answer: A,
    names: &ServerNames,
) -> Response<Answered<Either<B, Full<Bytes>>>>
where
    A: Fn(Request<Received>) -> F,
    F: Future<Output = Response<B>>,
    B: http_body::Body<Data = Bytes>,
{
    progress.request_begins(Instant::now());
    let part = Answering::new(Arc::clone(progress));
    let (parts, body) = request.into_parts();
    let response = if let Err(refusal) = names.check(&parts) {
        refusal.response().map(Either::Right)
    } else {
        let mut request = Request::from_parts(parts, Received::new(body, Arc::clone(progress)));
        request.extensions_mut().insert(ConnectInfo(peer));
        answer(request).await.map(Either::Left)
    };
    response.map(|body| Answered::new(body, part))
}

/// Lets the connection send the bytes of files in a body by itself, if nothing has changed the body on its way.
fn hand_over<B>(response: &Response<B>, files: Arc<FileQueue>) {
    let Some(handover) = response.extensions().get::<FileHandover>() else { return };
    let headers = response.headers();
    let is_same = headers.get(CONTENT_LENGTH).is_some_and(|length| *length == HeaderValue::from(handover.length()));
    if is_same && !headers.contains_key(CONTENT_ENCODING) {
        handover.accept(files);
    }
}

/// Tells a client that it has too many connections, if possible.
fn refuse(mut socket: TcpStream, refusals: &Arc<Semaphore>) {
    let Ok(permit) = Arc::clone(refusals).try_acquire_owned() else { return };
    tokio::spawn(async move {
        let told = async {
            socket.write_all(TOO_MANY).await?;
            socket.shutdown().await?;
            // Closing a socket with unread bytes discards the answer.
            let mut dropped = [0; 1024];
            while socket.read(&mut dropped).await? > 0 {}
            std::io::Result::Ok(())
        };
        let _ = tokio::time::timeout(REFUSAL, told).await;
        drop(permit);
    });
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_accepted_connection_sends_at_once_and_holds_little() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (_client, accepted) = tokio::join!(client, accept(&listener, "HTTP"));
        let (socket, _) = accepted.unwrap();
        assert!(socket.nodelay().unwrap());
        assert_eq!(socket2::SockRef::from(&socket).tcp_notsent_lowat().unwrap(), UNSENT);
    }
}
