//! Bodies that report their progress.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::progress::ConnectionProgress;

/// The body of a request. The client's time counts while the server waits for it.
#[derive(Debug)]
pub struct Received {
    body: Incoming,
    progress: Arc<ConnectionProgress>,
}

impl Received {
    pub(super) const fn new(body: Incoming, progress: Arc<ConnectionProgress>) -> Self {
        Self { body, progress }
    }
}

impl Body for Received {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        let now = Instant::now();
        match &polled {
            Poll::Pending => self.progress.body_is_awaited(now),
            Poll::Ready(Some(Ok(frame))) => self.progress.body_arrives(now, frame.data_ref().map_or(0, Bytes::len)),
            Poll::Ready(_) => self.progress.body_arrives(now, 0),
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Received {
    fn drop(&mut self) {
        // The server no longer waits for the body.
        self.progress.body_arrives(Instant::now(), 0);
    }
}

/// A request that is being answered; it ends when this is dropped.
#[derive(Debug)]
pub struct Answering(Arc<ConnectionProgress>);

impl Answering {
    pub const fn new(progress: Arc<ConnectionProgress>) -> Self {
        Self(progress)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        self.0.request_ends(Instant::now());
    }
}

/// The body of an answer, with which its request ends.
#[derive(Debug)]
pub struct Answered<B> {
    body: Pin<Box<B>>,
    _part: Answering,
}

impl<B> Answered<B> {
    pub fn new(body: B, part: Answering) -> Self {
        Self { body: Box::pin(body), _part: part }
    }
}

impl<B: Body> Body for Answered<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        self.body.as_mut().poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
