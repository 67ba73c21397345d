//! Requests and their whole answers, and what is expected of them.

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;

use super::film::short_digest;
use crate::verify::client::{Client, ClientRequest};
use crate::verify::verdict::{CheckResult, Stop};

/// The most bytes of an answer that are read: more than any file that is uploaded.
const MOST: usize = 32 << 20;

/// How long to wait before something is asked for again, at first and at most.
const SOON: Duration = Duration::from_millis(50);
const LATER: Duration = Duration::from_secs(2);

/// A client, and how long it waits for what takes time.
#[derive(Debug)]
pub struct Web {
    client: Client,
    patience: Duration,
}

/// A whole answer.
#[derive(Debug)]
pub struct Got {
    /// The request.
    pub request: ClientRequest,
    /// The status.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Web {
    /// This client, with this patience.
    pub const fn new(client: Client, patience: Duration) -> Self {
        Self { client, patience }
    }

    /// Sends a request, and reads the answer to its end.
    pub async fn ask(&self, request: ClientRequest) -> Result<Got, Stop> {
        let mut answer = self.client.send(&request).await?;
        let mut body = BytesMut::new();
        let broken = |why: String| request.violated("a whole body", why);
        while let Some(bytes) = answer.body.some(u64::MAX).await.map_err(broken)? {
            body.extend_from_slice(&bytes);
            if body.len() > MOST {
                return Err(request.violated(format!("at most {MOST} bytes"), "more"));
            }
        }
        Ok(Got { request, status: answer.status, headers: answer.headers, body: body.freeze() })
    }

    /// A GET whose redirects are answers.
    pub async fn get(&self, url: &str) -> Result<Got, Stop> {
        self.ask(ClientRequest::get(url).without_redirects()).await
    }

    /// The same with a `Range`.
    pub async fn range(&self, url: &str, range: &str) -> Result<Got, Stop> {
        self.ask(ClientRequest::get(url).without_redirects().range(range)).await
    }

    /// A HEAD.
    pub async fn head(&self, url: &str) -> Result<Got, Stop> {
        self.ask(ClientRequest::new(Method::HEAD, url).without_redirects()).await
    }

    /// Asks again until it holds, and returns how long that took; after some patience, what was wrong the last time.
    pub async fn eventually(&self, check: impl AsyncFn() -> CheckResult) -> Result<Duration, Stop> {
        let (begun, mut pause) = (Instant::now(), SOON);
        loop {
            let Err(stop) = check().await else { return Ok(begun.elapsed()) };
            if begun.elapsed() + pause > self.patience {
                return Err(stop);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LATER);
        }
    }
}

impl Got {
    /// A header field's value, if it is there and text.
    pub fn field(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.headers.get(name)?.as_bytes()).ok()
    }

    /// The answer is not what was expected.
    pub fn differs(&self, expected: impl Into<String>, came: impl Into<String>) -> Stop {
        self.request.violated(expected, came)
    }

    /// Expects this status.
    pub fn status(&self, expected: u16) -> Result<&Self, Stop> {
        if self.status.as_u16() == expected {
            return Ok(self);
        }
        let said = String::from_utf8_lossy(self.body.get(..300).unwrap_or(&self.body)).into_owned();
        Err(self.differs(expected.to_string(), format!("{} {said}", self.status.as_u16()).trim_end()))
    }

    /// Expects a status of 400 or above, and nothing of the film.
    pub fn refused(&self) -> Result<&Self, Stop> {
        if self.status.is_client_error() && self.body.len() < 10_000 {
            return Ok(self);
        }
        Err(self.differs("a refusal", format!("{} with {} bytes", self.status.as_u16(), self.body.len())))
    }

    /// Expects exactly these bytes.
    pub fn bytes(&self, expected: &[u8]) -> Result<&Self, Stop> {
        if self.body == expected {
            return Ok(self);
        }
        let shown = |bytes: &[u8]| format!("{} bytes ({}…)", bytes.len(), short_digest(bytes));
        Err(self.differs(shown(expected), shown(&self.body)))
    }

    /// Expects a field whose value satisfies this.
    pub fn has(&self, name: &str, wanted: &str, holds: impl FnOnce(&str) -> bool) -> Result<&Self, Stop> {
        let found = self.field(name);
        if found.is_some_and(holds) {
            return Ok(self);
        }
        Err(self.differs(
            format!("{name}: {wanted}"),
            found.map_or(format!("no {name}"), |found| format!("{name}: {found}")),
        ))
    }

    /// Expects a field with this value.
    pub fn says(&self, name: &str, value: &str) -> Result<&Self, Stop> {
        self.has(name, value, |found| found == value)
    }

    /// Expects an MP4.
    pub fn is_mp4(&self) -> Result<&Self, Stop> {
        if self.body.get(4..8) == Some(b"ftyp") {
            return Ok(self);
        }
        Err(self.differs("an MP4 file", format!("{} bytes ({}…)", self.body.len(), short_digest(&self.body))))
    }

    /// A text of the JSON in the body.
    pub fn text(&self, name: &str) -> Result<String, Stop> {
        let json: Option<Value> = serde_json::from_slice(&self.body).ok();
        let found = json.as_ref().and_then(|json| json.get(name)).and_then(Value::as_str);
        found
            .map(str::to_owned)
            .ok_or_else(|| self.differs(format!("JSON with {name}"), String::from_utf8_lossy(&self.body)))
    }
}
