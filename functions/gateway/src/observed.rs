//! One line a request, once its answer has been sent or given up: what it was understood to ask for, what came of it, and what
//! it cost; and the figures of it ([`reelspan::telemetry::metrics`]).
//!
//! Nothing is written as it came: neither the query nor a header field, in which signatures, passwords and tokens are. If one of
//! these has come into a name, it is left out ([`telemetry::redacted`]).
//!
//! A client that goes away is not a failure of the server: the request has the status 499, as nginx has it ("client closed
//! request"), if no answer had begun, and counts as `ClientClosed`. `BrokenOff` counts answers that the server could not finish.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use http::header::CONTENT_LENGTH;
use http::{Method, StatusCode};
use http_body::{Body as _, Frame, SizeHint};
use lambda_http::RequestExt;
use reelspan::telemetry::audit::{self, AuditEntry, AuditOutcome};
use reelspan::telemetry::metrics::{self, MetricUnit};
use reelspan::telemetry::{self, IndexLookup, Meter, RequestNotes};

use crate::target::PathTarget;
use crate::{act, address};

/// X-Ray's header field, where no Lambda has taken it.
const TRACE: &str = "x-amzn-trace-id";
/// The status of a request whose client went away before there was an answer.
const CLIENT_CLOSED: u16 = 499;

/// Routes that log each request.
pub fn observed(routes: Router) -> Router {
    routes.layer(from_fn(observe))
}

async fn observe(request: Request, next: Next) -> Response {
    let meter = Meter::start();
    let mut line = AccessLine::of(&request, Arc::clone(&meter));
    let response = telemetry::within(meter, next.run(request)).await;
    line.status = Some(response.status());
    let length = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    line.length = length.and_then(|length| length.parse().ok());
    response.map(|body| Body::new(ObservedBody { body, line }))
}

/// What is going to be written of a request; it is written when this is dropped.
#[derive(Debug)]
struct AccessLine {
    meter: Arc<Meter>,
    id: String,
    trace: Option<String>,
    method: Method,
    target: PathTarget,
    /// What it does, where it is an act.
    act: Option<String>,
    address: Option<IpAddr>,
    /// None until there is an answer.
    status: Option<StatusCode>,
    /// How many bytes the answer says that it has.
    length: Option<u64>,
    bytes: u64,
    /// The answer was sent to its end.
    complete: bool,
    /// The body could not be read to its end.
    failed: bool,
}

impl AccessLine {
    fn of(request: &Request, meter: Arc<Meter>) -> Self {
        let lambda = request.lambda_context_ref();
        let id = lambda.map_or_else(|| format!("{:016x}", RandomState::new().hash_one(())), |it| it.request_id.clone());
        let header = request.headers().get(TRACE).and_then(|trace| trace.to_str().ok());
        let target = PathTarget::of(request.uri().path());
        let trace = lambda.and_then(|context| context.xray_trace_id.as_deref()).or(header).and_then(telemetry::root);
        Self {
            meter,
            id,
            trace: trace.map(str::to_owned),
            method: request.method().clone(),
            act: act::of(request.method(), request.uri().path(), &target),
            address: address(request.extensions()),
            target,
            status: None,
            length: None,
            bytes: 0,
            complete: false,
            failed: false,
        }
    }

    /// The status that is logged. A request without an answer was dropped by the server because its client is gone, unless the
    /// handler panics.
    fn status(&self) -> u16 {
        match self.status {
            Some(status) => status.as_u16(),
            None if std::thread::panicking() => StatusCode::INTERNAL_SERVER_ERROR.as_u16(),
            None => CLIENT_CLOSED,
        }
    }

    /// Whether the client went away before the answer's end.
    fn is_client_closed(&self) -> bool {
        self.status() == CLIENT_CLOSED || !(self.complete || self.failed || std::thread::panicking())
    }

    fn write(&self) {
        let notes = self.meter.notes();
        self.audit(&notes);
        let RequestNotes {
            kind, space, content, fragment, range, user, index, refused_signature, failed_sign_in, ..
        } = notes;
        let (target, client_closed) = (&self.target, self.is_client_closed());
        let kind = kind.unwrap_or(target.area);
        let space = space.or_else(|| target.space.as_ref().map(ToString::to_string));
        let content = content.or_else(|| target.content.as_ref().map(ToString::to_string));
        let fragment = fragment.filter(|fragment| !fragment.is_empty());
        let logged = |name: &Option<String>| name.as_deref().map(|name| telemetry::redacted(name).into_owned());
        let (s3, dynamodb, milliseconds) = (self.meter.s3(), self.meter.dynamodb(), self.meter.milliseconds());
        let status = self.status();
        tracing::info!(
            request_id = self.id,
            trace = self.trace,
            method = self.method.as_str(),
            kind,
            space = logged(&space),
            content = logged(&content),
            task = target.task,
            fragment = logged(&fragment),
            range = logged(&range),
            user,
            status,
            bytes = self.bytes,
            complete = self.complete,
            client_closed = client_closed.then_some(true),
            refused_signature = refused_signature.then_some(true),
            dynamodb_calls = dynamodb.calls,
            dynamodb_milliseconds = dynamodb.milliseconds,
            s3_calls = s3.calls,
            s3_milliseconds = s3.milliseconds,
            milliseconds,
            "request"
        );
        let mut figures = vec![
            ("Requests", MetricUnit::Count, 1),
            ("ServerErrors", MetricUnit::Count, u64::from(status >= 500)),
            ("ClientClosed", MetricUnit::Count, u64::from(client_closed)),
            ("BrokenOff", MetricUnit::Count, u64::from(!self.complete && !client_closed)),
            ("Bytes", MetricUnit::Bytes, self.bytes),
            ("RequestTime", MetricUnit::Milliseconds, milliseconds),
            ("DynamoDbCalls", MetricUnit::Count, dynamodb.calls),
            ("S3Calls", MetricUnit::Count, s3.calls),
            ("RefusedSignatures", MetricUnit::Count, u64::from(refused_signature)),
            ("FailedSignIns", MetricUnit::Count, u64::from(failed_sign_in)),
        ];
        figures.extend(index.map(|index| ("IndexHits", MetricUnit::Count, u64::from(index == IndexLookup::Hit))));
        metrics::emit(Some(kind), Some(&self.id), &figures);
    }
}

impl AccessLine {
    /// Writes the act that the request was into the audit trail, if it was one.
    fn audit(&self, notes: &RequestNotes) {
        let act = match notes.act {
            Some(act) => Some(act.to_owned()),
            // A sign-in that failed, and that has been written down before.
            None if notes.failed_sign_in => None,
            None => self.act.clone(),
        };
        let Some(act) = act else { return };
        let status = self.status();
        let target = &self.target;
        audit::write(&AuditEntry {
            status: Some(status),
            user: notes.user.clone(),
            name: notes.name.clone(),
            address: self.address,
            space: notes.space.clone().or_else(|| target.space.as_ref().map(ToString::to_string)),
            content: notes
                .content
                .clone()
                .or_else(|| target.content.as_ref().map(ToString::to_string))
                .map(|content| telemetry::redacted(&content).into_owned()),
            detail: notes.detail.clone(),
            request_id: Some(self.id.clone()),
            ..AuditEntry::new(act, AuditOutcome::of(status))
        });
    }
}

impl Drop for AccessLine {
    fn drop(&mut self) {
        self.write();
    }
}

/// A body that is counted while it is sent, on behalf of its request.
struct ObservedBody {
    body: Body,
    line: AccessLine,
}

impl http_body::Body for ObservedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Self { body, line } = &mut *self;
        let polled = line.meter.inside(|| Pin::new(body).poll_frame(context));
        match &polled {
            Poll::Ready(Some(Ok(frame))) => line.bytes += frame.data_ref().map_or(0, |data| data.len() as u64),
            Poll::Ready(None) => line.complete = true,
            Poll::Ready(Some(Err(_))) => line.failed = true,
            Poll::Pending => {}
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

impl Drop for ObservedBody {
    /// A server need not poll a body for its end where it knows its length.
    fn drop(&mut self) {
        let line = &mut self.line;
        line.complete |= self.body.is_end_stream() || line.length == Some(line.bytes) || line.method == Method::HEAD;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures::stream;

    use super::*;

    fn line() -> AccessLine {
        AccessLine::of(&Request::new(Body::empty()), Meter::start())
    }

    #[test]
    fn a_client_that_goes_away_is_told_from_an_answer_that_breaks_off() {
        let answered = |complete, failed| {
            let mut line = line();
            (line.status, line.complete, line.failed) = (Some(StatusCode::OK), complete, failed);
            line
        };
        for (line, status, client_closed) in [
            (line(), 499, true),
            (answered(true, false), 200, false),
            (answered(false, false), 200, true),
            (answered(false, true), 200, false),
        ] {
            assert_eq!((line.status(), line.is_client_closed()), (status, client_closed));
        }
    }

    #[tokio::test]
    async fn a_body_that_fails_is_known_from_one_that_is_dropped() {
        for (chunks, read, failed) in [
            (vec![Ok(Bytes::from_static(b"half")), Err(std::io::Error::other("gone"))], 2, true),
            (vec![Ok(Bytes::from_static(b"half")), Ok(Bytes::from_static(b"half"))], 1, false),
        ] {
            let mut body = ObservedBody { body: Body::from_stream(stream::iter(chunks)), line: line() };
            for _ in 0..read {
                let _ = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await;
            }
            assert_eq!((body.line.failed, body.line.complete), (failed, false));
        }
    }
}
