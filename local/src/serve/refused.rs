//! Bodies of refused requests. A client that sends its body without waiting for `100 Continue` (RFC 9110 §10.1.1) reads
//! the answer only after the whole body. If the connection is closed earlier, with bytes on their way, the answer is
//! lost: the client sees a broken connection instead of the 401 or 409 that says why. So the rest of the body is read
//! and dropped first, within limits.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use http::header::EXPECT;
use http_body::{Body as _, Frame, SizeHint};

/// How many bytes are read and dropped.
const MOST: u64 = 256 << 20;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Reads the rest of a refused request's body.
pub async fn read_to_the_end(request: Request, next: Next) -> Response {
    if request.headers().contains_key(EXPECT) || request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let body = SharedBody(Arc::new(Mutex::new(body)));
    let response = next.run(Request::from_parts(parts, Body::new(body.clone()))).await;
    if !response.status().is_success() && tokio::time::timeout(PATIENCE, drop_all(body)).await.is_err() {
        tracing::debug!("the body of a refused request goes on for too long");
    }
    response
}

async fn drop_all(body: SharedBody) {
    let mut dropped = 0;
    let mut body = Body::new(body);
    while dropped < MOST {
        match std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
            Some(Ok(frame)) => dropped += frame.data_ref().map_or(0, |data| data.len() as u64),
            Some(Err(_)) | None => return,
        }
    }
}

/// A body that its handler reads as far as it likes, and that is still available afterwards.
#[derive(Clone)]
struct SharedBody(Arc<Mutex<Body>>);

impl SharedBody {
    fn lock(&self) -> MutexGuard<'_, Body> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl http_body::Body for SharedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *self.lock()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.lock().size_hint()
    }
}
