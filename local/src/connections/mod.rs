//! Connections of HTTP/1.1 clients, so that no client can keep the others out: how many there may be, and how long each may do
//! nothing. Both ports of `reelspan serve` take their requests here.
//!
//! What is bounded is the time in which *the client* makes no progress: until it has sent the head of a request, while the server
//! waits for more of a body, and while the client takes no more of an answer. A slow handler ends nobody's connection.
//!
//! If there are as many connections as there may be, a new one takes the place of the one that has waited longest for a request,
//! or, if all are busy, of one whose client has long taken nothing of its answer. So half-sent heads never keep an honest client
//! out, even one that shares an address with the attacker.

mod body;
mod files;
mod names;
mod progress;
mod stream;
mod table;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::extract::ConnectInfo;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{Either, Full};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown};
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
    body::{Answered, Part},
    progress::Progress,
    stream::Watched,
    table::Table,
};

/// How much of a request is read ahead, and the longest head that a request may have, in bytes: enough for a disk to be busy,
/// little enough that many connections stay small.
const READ_AHEAD: usize = 64 * 1024;

/// How often connections are looked at.
const TICK: Duration = Duration::from_millis(500);

/// How many refused connections may be told so at a time; the others are closed without a word.
const REFUSALS: usize = 32;
/// How long a refused client has to take the answer.
const REFUSAL: Duration = Duration::from_millis(500);

/// What a connection is told that is one too many for its address.
const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\n\
    content-type: text/plain\r\ncontent-length: 44\r\n\r\nThere are too many connections from you now\n";

/// How many connections a port has at a time, and how long their clients may do nothing.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one IPv4 address, or of one IPv6 network of 64 bits; `None`: as many as in all.
    pub per_address: Option<usize>,
    /// How long clients may do nothing.
    pub patience: Patience,
}

/// A port, and who may use it how.
#[derive(Debug)]
pub struct Port {
    /// What it is called in logs.
    pub name: &'static str,
    /// Where connections come from.
    pub listener: TcpListener,
    /// How many there may be, and how long.
    pub limits: Limits,
    /// By which names it may be asked.
    pub names: ServerNames,
}

impl Port {
    /// Answers requests until `stop`; then lets running ones end for as long as `patience` lasts.
    pub async fn serve<A, F, B>(self, answer: A, stop: CancellationToken, patience: Duration)
    where
        A: Fn(Request<Received>) -> F + Clone + Send + 'static,
        F: Future<Output = Response<B>> + Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let Self { name, listener, limits, names } = self;
        let (table, names) = (Arc::new(Table::new(limits)), Arc::new(names));
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
            let progress = Arc::clone(&place.progress);
            let service = service_fn(move |request| {
                let (progress, answer, names) = (Arc::clone(&progress), answer.clone(), Arc::clone(&names));
                async move { Ok::<_, std::convert::Infallible>(respond(request, peer, &progress, answer, &names).await) }
            });
            let stream = TokioIo::new(Watched::new(socket, Arc::clone(&place.progress)));
            let mut http = http1::Builder::new();
            // Heads are timed here, as hyper's own timer does not tell a head that is late from a connection that is idle.
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

/// The next connection, or nothing if it could not be had.
async fn accept(listener: &TcpListener, name: &str) -> Option<(TcpStream, SocketAddr)> {
    match listener.accept().await {
        Ok((socket, peer)) => {
            // The head of an answer and its body are two writes; without this the second waits for the first to be
            // acknowledged, which clients put off for 40 ms.
            if let Err(error) = socket.set_nodelay(true) {
                tracing::debug!(%error, port = name, "a connection stays slow");
            }
            Some((socket, peer))
        }
        Err(error) => {
            // Out of file handles, for instance: it passes, and accepting at once would only spin.
            tracing::warn!(%error, port = name, "a connection was not accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

/// Answers a request, and notes whose turn it is.
async fn respond<A, F, B>(
    request: Request<hyper::body::Incoming>,
    peer: SocketAddr,
    progress: &Arc<Progress>,
    answer: A,
    names: &ServerNames,
) -> Response<Answered<Either<B, Full<Bytes>>>>
where
    A: Fn(Request<Received>) -> F,
    F: Future<Output = Response<B>>,
    B: http_body::Body<Data = Bytes>,
{
    progress.request_begins(Instant::now());
    let part = Part::new(Arc::clone(progress));
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

/// Tells a client that it has too many connections, as far as that goes.
fn refuse(mut socket: TcpStream, refusals: &Arc<Semaphore>) {
    let Ok(permit) = Arc::clone(refusals).try_acquire_owned() else { return };
    tokio::spawn(async move {
        let told = async {
            socket.write_all(TOO_MANY).await?;
            socket.shutdown().await?;
            // A socket that is closed with unread bytes takes the answer with it.
            let mut dropped = [0; 1024];
            while socket.read(&mut dropped).await? > 0 {}
            std::io::Result::Ok(())
        };
        let _ = tokio::time::timeout(REFUSAL, told).await;
        drop(permit);
    });
}
