//! A bucket in memory, in the form of an HTTP client with its own answers: HEAD, and GET with `Range` and `If-Match`,
//! with bodies in chunks of 64 KB. Tests can make it fail, and change objects while they are being read.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::ops::Range;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use aws_sdk_s3::config::{self as s3, Credentials, Region};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body::Frame;

/// The bucket's name.
pub const NAME: &str = "media";

/// The size of a body's chunks.
const CHUNK: u64 = 64 << 10;

/// The content of an object.
#[derive(Clone)]
pub enum ObjectContent {
    /// These bytes.
    Bytes(Bytes),
    /// This number of zeros.
    Zeros(u64),
}

impl ObjectContent {
    fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Zeros(length) => *length,
        }
    }
}

/// A wrong answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InjectedFault {
    /// The body ends after this many bytes.
    Ends(u64),
    /// The connection breaks after this many bytes.
    Breaks(u64),
    /// The range is ignored.
    NoRange,
    /// The condition is ignored.
    NoCondition,
}

/// Before or after a call is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Before.
    Before,
    /// After.
    After,
}

type Hook = Box<dyn FnOnce(&MemoryBucket) + Send>;

#[derive(Default)]
struct BucketState {
    objects: BTreeMap<String, (String, ObjectContent)>,
    log: Vec<String>,
    faults: VecDeque<InjectedFault>,
    hooks: BTreeMap<(usize, Moment), Hook>,
    chunks: Arc<LiveChunks>,
}

/// The current and the maximum number of live chunks of bodies.
#[derive(Debug, Default)]
pub struct LiveChunks {
    alive: AtomicUsize,
    peak: AtomicUsize,
}

impl LiveChunks {
    /// The maximum number of live chunks.
    #[must_use]
    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }
}

/// The bucket; clones share it.
#[derive(Clone, Default)]
pub struct MemoryBucket(Arc<Mutex<BucketState>>);

impl fmt::Debug for MemoryBucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bucket")
    }
}

impl MemoryBucket {
    fn state(&self) -> MutexGuard<'_, BucketState> {
        self.0.lock().unwrap()
    }

    /// Stores an object, and returns its ETag.
    pub fn put(&self, key: &str, etag: &str, content: ObjectContent) -> String {
        let etag = format!("\"{etag}\"");
        self.state().objects.insert(key.to_owned(), (etag.clone(), content));
        etag
    }

    /// Removes an object.
    pub fn delete(&self, key: &str) {
        self.state().objects.remove(key);
    }

    /// The current ETag of an object.
    #[must_use]
    pub fn etag(&self, key: &str) -> Option<String> {
        self.state().objects.get(key).map(|(etag, _)| etag.clone())
    }

    /// Answers the next GETs with one fault each.
    pub fn fail(&self, faults: impl IntoIterator<Item = InjectedFault>) {
        self.state().faults.extend(faults);
    }

    /// Runs a hook directly before or after the answer to the call with this number, counted from 0 from now on.
    pub fn at(&self, moment: Moment, call: usize, hook: impl FnOnce(&Self) + Send + 'static) {
        let mut state = self.state();
        let call = state.log.len() + call;
        state.hooks.insert((call, moment), Box::new(hook));
    }

    /// The calls since the previous time: `HEAD` or the range of a GET.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        std::mem::take(&mut self.state().log)
    }

    /// The chunks that it has sent.
    #[must_use]
    pub fn chunks(&self) -> Arc<LiveChunks> {
        Arc::clone(&self.state().chunks)
    }

    /// The configuration of a client for this bucket.
    #[must_use]
    pub fn config(&self) -> s3::Builder {
        let connector = SharedHttpConnector::new(self.clone());
        s3::Builder::new()
            .behavior_version(s3::BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .endpoint_url("http://s3.invalid")
            .force_path_style(true)
            .http_client(http_client_fn(move |_, _| connector.clone()))
    }

    fn reach(&self, call: usize, moment: Moment) {
        let hook = self.state().hooks.remove(&(call, moment));
        if let Some(hook) = hook {
            hook(self);
        }
    }

    fn answer(&self, request: &HttpRequest) -> http::Response<SdkBody> {
        let key = request.uri().split_once("invalid/media/").unwrap().1.split('?').next().unwrap().to_owned();
        let key = percent_encoding::percent_decode_str(&key).decode_utf8().unwrap().into_owned();
        let range = request.headers().get("range").map(str::to_owned);
        let mut state = self.state();
        state.log.push(range.clone().unwrap_or_else(|| request.method().to_owned()));
        let response = http::Response::builder();
        let Some((etag, content)) = state.objects.get(&key).cloned() else {
            return response.status(404).body(SdkBody::empty()).unwrap();
        };
        let response = response.header("etag", &etag).header("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT");
        let response = response.header("content-type", "application/octet-stream");
        if request.method() == "HEAD" {
            return response.header("content-length", content.len()).body(SdkBody::empty()).unwrap();
        }
        let fault = state.faults.pop_front();
        let condition = request.headers().get("if-match").filter(|_| fault != Some(InjectedFault::NoCondition));
        if condition.is_some_and(|condition| condition != etag) {
            return http::Response::builder().status(412).body(SdkBody::empty()).unwrap();
        }
        let range = range.filter(|_| fault != Some(InjectedFault::NoRange)).map(|range| parse(&range));
        let (status, bytes) = range.map_or((200, 0..content.len()), |range| (206, range));
        let body = ObjectBody {
            content: content.clone(),
            at: bytes.start,
            end: bytes.end,
            breaks: match fault {
                Some(InjectedFault::Ends(after)) => Some((bytes.start + after, false)),
                Some(InjectedFault::Breaks(after)) => Some((bytes.start + after, true)),
                _ => None,
            },
            chunks: Arc::clone(&state.chunks),
        };
        let response = if status == 206 {
            response.header("content-range", format!("bytes {}-{}/{}", bytes.start, bytes.end - 1, content.len()))
        } else {
            response
        };
        response.status(status).body(SdkBody::from_body_1_x(body)).unwrap()
    }
}

fn parse(range: &str) -> Range<u64> {
    let (first, last) = range.strip_prefix("bytes=").unwrap().split_once('-').unwrap();
    first.parse().unwrap()..last.parse::<u64>().unwrap() + 1
}

impl HttpConnector for MemoryBucket {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let call = self.state().log.len();
        self.reach(call, Moment::Before);
        let answer = self.answer(&request);
        self.reach(call, Moment::After);
        HttpConnectorFuture::ready(Ok(HttpResponse::try_from(answer).unwrap()))
    }
}

/// The body of a GET.
struct ObjectBody {
    content: ObjectContent,
    at: u64,
    end: u64,
    /// Where it breaks, and whether with an error.
    breaks: Option<(u64, bool)>,
    chunks: Arc<LiveChunks>,
}

impl http_body::Body for ObjectBody {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let end = self.breaks.map_or(self.end, |(at, _)| at.min(self.end)).min(self.at + CHUNK);
        if self.at == end {
            let breaks = self.breaks.take_if(|(at, error)| *error && *at == end);
            return Poll::Ready(breaks.map(|_| Err(std::io::Error::other("connection reset"))));
        }
        let chunk = match &self.content {
            ObjectContent::Bytes(bytes) => {
                bytes.slice(usize::try_from(self.at).unwrap()..usize::try_from(end).unwrap())
            }
            ObjectContent::Zeros(_) => CountedChunk::chunk(usize::try_from(end - self.at).unwrap(), &self.chunks),
        };
        self.at = end;
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }
}

/// The bytes of a chunk that is counted while it is alive.
struct CountedChunk(Vec<u8>, Arc<LiveChunks>);

impl CountedChunk {
    fn chunk(length: usize, chunks: &Arc<LiveChunks>) -> Bytes {
        let alive = chunks.alive.fetch_add(1, Ordering::Relaxed) + 1;
        chunks.peak.fetch_max(alive, Ordering::Relaxed);
        Bytes::from_owner(Self(vec![0; length], Arc::clone(chunks)))
    }
}

impl AsRef<[u8]> for CountedChunk {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for CountedChunk {
    fn drop(&mut self) {
        self.1.alive.fetch_sub(1, Ordering::Relaxed);
    }
}
