//! A proxy in front of S3 or DynamoDB that damages answers: randomly at a given rate, or the next ones as instructed.
//! It uses HTTP over real connections, so a client sees what it would see during a failure of the service.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use futures::StreamExt;
use futures::future::ready;
use futures::stream::once;
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::random::Random;

/// The service behind a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// XML errors, bodies of media.
    S3,
    /// JSON errors, bodies of JSON.
    DynamoDb,
}

/// What happens to an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// 500, the service's own error.
    Internal,
    /// 503: `SlowDown` of S3, `ServiceUnavailable` of DynamoDB.
    Unavailable,
    /// DynamoDB's throttling of a table: 400, `ProvisionedThroughputExceededException`.
    Throttled,
    /// DynamoDB's throttling of an account: 400, `ThrottlingException`.
    AccountThrottled,
    /// The answer is late.
    Late,
    /// The connection closes before the answer.
    Closed,
    /// The connection closes after this many thousandths of the body.
    Cut(u16),
    /// The body arrives slowly.
    Slow,
    /// The body stops for good in the middle; the connection stays open.
    Stalled,
    /// The answer has another `ETag`, as if the object had been overwritten.
    WrongEtag,
    /// The answer has fewer bytes than requested, and says so.
    Short,
    /// `Range` is ignored.
    NoRange,
    /// DynamoDB leaves keys unprocessed: every other one, or all.
    Unprocessed {
        /// All of them.
        all: bool,
    },
    /// A stale replica: the page with the highest number is missing.
    Behind,
}

/// A running proxy.
#[derive(Clone)]
pub struct Proxy {
    /// The address it listens on.
    pub at: SocketAddr,
    state: Arc<State>,
}

struct State {
    service: Service,
    upstream: SocketAddr,
    client: Client<HttpConnector, Body>,
    /// In thousandths of the answers.
    rate: u64,
    random: Mutex<Random>,
    next: Mutex<VecDeque<Fault>>,
    done: Mutex<BTreeMap<&'static str, u64>>,
}

/// The error that breaks a connection.
type Broken = std::io::Error;

impl Proxy {
    /// Starts in front of a service; this many thousandths of the answers are faulty.
    pub async fn start(service: Service, upstream: SocketAddr, rate: u64, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        let state = Arc::new(State {
            service,
            upstream,
            client: Client::builder(TokioExecutor::new()).build(connector),
            rate,
            random: Mutex::new(Random::new(seed)),
            next: Mutex::default(),
            done: Mutex::default(),
        });
        let serving = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let Ok((socket, _)) = listener.accept().await else { continue };
                socket.set_nodelay(true).unwrap();
                let state = Arc::clone(&serving);
                let service = tower::service_fn(move |request: Request<hyper::body::Incoming>| {
                    let state = Arc::clone(&state);
                    async move { state.answer(request.map(Body::new)).await }
                });
                tokio::spawn(async move {
                    let builder = Builder::new(TokioExecutor::new());
                    let service = TowerToHyperService::new(service);
                    // An error is the intended result.
                    let _ = builder.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self { at, state }
    }

    /// Applies these faults to the next answers, before any random ones.
    pub fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.state.next.lock().unwrap().extend(faults);
    }

    /// Cancels the remaining instructed faults.
    pub fn calm(&self) {
        self.state.next.lock().unwrap().clear();
    }

    /// How often each kind of fault occurred, and the total number of answers.
    pub fn done(&self) -> BTreeMap<&'static str, u64> {
        self.state.done.lock().unwrap().clone()
    }
}

impl State {
    async fn answer(&self, request: Request<Body>) -> Result<Response<Body>, Broken> {
        let fault = self.fault();
        *self.done.lock().unwrap().entry("answers").or_default() += 1;
        if let Some(fault) = fault {
            *self.done.lock().unwrap().entry(name(fault)).or_default() += 1;
        }
        match fault {
            Some(Fault::Internal) => return Ok(self.error(500, "InternalError", "InternalServerError")),
            Some(Fault::Unavailable) => return Ok(self.error(503, "SlowDown", "ServiceUnavailable")),
            Some(Fault::Throttled) => return Ok(self.error(400, "", "ProvisionedThroughputExceededException")),
            Some(Fault::AccountThrottled) => return Ok(self.error(400, "", "ThrottlingException")),
            Some(Fault::Closed) => return Err(Broken::other("closed")),
            Some(Fault::Late) => {
                let late = self.random.lock().unwrap().below(200);
                tokio::time::sleep(Duration::from_millis(late)).await;
            }
            _ => {}
        }
        let answer = self.forward(request).await?;
        match fault {
            Some(Fault::Cut(place)) => Ok(cut(answer, place)),
            Some(Fault::Slow) => Ok(answer.map(slow)),
            Some(Fault::Stalled) => Ok(stalled(answer)),
            Some(Fault::WrongEtag) => Ok(wrong_etag(answer)),
            Some(Fault::Short) => Ok(short(answer)),
            Some(Fault::NoRange) => Ok(without_range(answer)),
            Some(Fault::Unprocessed { .. } | Fault::Behind) => spoil(answer, fault).await,
            _ => Ok(answer),
        }
    }

    /// The fault of this answer.
    fn fault(&self) -> Option<Fault> {
        if let Some(next) = self.next.lock().unwrap().pop_front() {
            return Some(next);
        }
        let mut random = self.random.lock().unwrap();
        if random.below(1000) >= self.rate {
            return None;
        }
        let place = u16::try_from(random.below(1000)).unwrap();
        let (which, all) = (random.below(9), random.below(3) == 0);
        Some(match (which, self.service) {
            (0, _) => Fault::Internal,
            (1, _) => Fault::Unavailable,
            (2, _) => Fault::Late,
            (3, _) => Fault::Closed,
            (4, _) => Fault::Cut(place),
            (5, Service::S3) => Fault::Slow,
            (6, Service::S3) => Fault::WrongEtag,
            (7, Service::S3) => Fault::Short,
            (_, Service::S3) => Fault::NoRange,
            (5, Service::DynamoDb) => Fault::Throttled,
            (6, Service::DynamoDb) => Fault::AccountThrottled,
            (7, Service::DynamoDb) => Fault::Unprocessed { all },
            (_, Service::DynamoDb) => Fault::Behind,
        })
    }

    async fn forward(&self, mut request: Request<Body>) -> Result<Response<Body>, Broken> {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        *request.uri_mut() = format!("http://{}{path}", self.upstream).parse::<Uri>().unwrap();
        Ok(self.client.request(request).await.map_err(Broken::other)?.map(Body::new))
    }

    fn error(&self, status: u16, s3: &str, dynamodb: &str) -> Response<Body> {
        let (media_type, body) = match self.service {
            Service::S3 => ("application/xml", format!("<Error><Code>{s3}</Code><Message>planted</Message></Error>")),
            Service::DynamoDb => {
                let code = format!("com.amazonaws.dynamodb.v20120810#{dynamodb}");
                ("application/x-amz-json-1.0", json!({ "__type": code, "message": "planted" }).to_string())
            }
        };
        Response::builder().status(status).header("content-type", media_type).body(Body::from(body)).unwrap()
    }
}

fn name(fault: Fault) -> &'static str {
    match fault {
        Fault::Internal => "500",
        Fault::Unavailable => "503",
        Fault::Throttled => "table throttled",
        Fault::AccountThrottled => "account throttled",
        Fault::Late => "late",
        Fault::Closed => "closed",
        Fault::Cut(_) => "cut in mid-body",
        Fault::Slow => "slow body",
        Fault::Stalled => "stalled",
        Fault::WrongEtag => "wrong ETag",
        Fault::Short => "fewer bytes",
        Fault::NoRange => "Range not heeded",
        Fault::Unprocessed { .. } => "unprocessed keys",
        Fault::Behind => "replica behind",
    }
}

fn length(answer: &Response<Body>) -> u64 {
    let length = answer.headers().get("content-length").and_then(|length| length.to_str().ok());
    length.and_then(|length| length.parse().ok()).unwrap_or_default()
}

fn cut(answer: Response<Body>, place: u16) -> Response<Body> {
    let left = usize::try_from((length(&answer) * u64::from(place)).div_ceil(1000)).unwrap();
    answer.map(|body| {
        let sent = body.into_data_stream().scan(left, |left, chunk| {
            let chunk = chunk.map_err(Broken::other).map(|mut chunk| {
                chunk.truncate(*left);
                *left -= chunk.len();
                chunk
            });
            ready((!chunk.as_ref().is_ok_and(Bytes::is_empty)).then_some(chunk))
        });
        let end = once(async {
            // When a body fails or ends early, hyper drops what it has not sent yet.
            tokio::time::sleep(Duration::from_millis(20)).await;
            Err(Broken::other("cut"))
        });
        Body::from_stream(sent.chain(end))
    })
}

fn slow(body: Body) -> Body {
    Body::from_stream(body.into_data_stream().flat_map(|chunk| {
        let pieces: Vec<Result<Bytes, axum::Error>> = match chunk {
            Ok(chunk) => chunk.chunks(16 << 10).map(|piece| Ok(chunk.slice_ref(piece))).collect(),
            Err(error) => vec![Err(error)],
        };
        futures::stream::iter(pieces).then(|piece| async {
            tokio::time::sleep(Duration::from_millis(3)).await;
            piece
        })
    }))
}

fn stalled(answer: Response<Body>) -> Response<Body> {
    let mut left = usize::try_from(length(&answer) / 2).unwrap();
    answer.map(|body| {
        Body::from_stream(body.into_data_stream().then(move |chunk| {
            let stall = left == 0;
            let chunk = chunk.map(|mut chunk| {
                chunk.truncate(left);
                left -= chunk.len();
                chunk
            });
            async move {
                if stall {
                    std::future::pending::<Infallible>().await;
                }
                chunk
            }
        }))
    })
}

fn wrong_etag(mut answer: Response<Body>) -> Response<Body> {
    if let Some(etag) = answer.headers_mut().get_mut("etag") {
        *etag = HeaderValue::from_static("\"00000000000000000000000000000000\"");
    }
    answer
}

/// The first half of a 206, as a correct answer to half of the request.
fn short(mut answer: Response<Body>) -> Response<Body> {
    let range = answer.headers().get("content-range").and_then(|range| range.to_str().ok());
    let range = range.and_then(|range| range.strip_prefix("bytes ")?.split_once('/')).map(|(range, size)| {
        let (first, last) = range.split_once('-').unwrap();
        (first.parse::<u64>().unwrap(), last.parse::<u64>().unwrap(), size.to_owned())
    });
    let Some((first, last, size)) = range else { return answer };
    let half = (last - first) / 2;
    let headers = answer.headers_mut();
    headers.insert("content-range", format!("bytes {first}-{}/{size}", first + half).parse().unwrap());
    headers.insert("content-length", HeaderValue::from(half + 1));
    let mut left = usize::try_from(half + 1).unwrap();
    answer.map(|body| {
        Body::from_stream(body.into_data_stream().map(move |chunk| {
            chunk.map(|mut chunk| {
                chunk.truncate(left);
                left -= chunk.len();
                chunk
            })
        }))
    })
}

/// Turns a 206 into a 200, which declares that these are all the bytes.
fn without_range(mut answer: Response<Body>) -> Response<Body> {
    if answer.status() == StatusCode::PARTIAL_CONTENT {
        *answer.status_mut() = StatusCode::OK;
        answer.headers_mut().remove("content-range");
    }
    answer
}

/// Changes the answer to a `BatchGetItem`; other answers stay the same.
async fn spoil(answer: Response<Body>, fault: Option<Fault>) -> Result<Response<Body>, Broken> {
    let (mut head, body) = answer.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(Broken::other)?;
    let mut value: Value = serde_json::from_slice(&body).unwrap_or_default();
    let Some(tables) =
        value.get_mut("Responses").and_then(Value::as_object_mut).filter(|_| head.status == StatusCode::OK)
    else {
        return Ok(Response::from_parts(head, Body::from(body)));
    };
    let mut unprocessed = serde_json::Map::new();
    for (table, items) in tables {
        let Some(items) = items.as_array_mut() else { continue };
        if let Some(Fault::Unprocessed { all }) = fault {
            let mut place = 0;
            let mut keys = Vec::new();
            items.retain(|item| {
                place += 1;
                let stays = !all && place % 2 == 0;
                if !stays {
                    let key = ["media", "page", "space"].into_iter().filter_map(|name| Some((name, item.get(name)?)));
                    keys.push(
                        key.map(|(name, value)| (name.to_owned(), value.clone())).collect::<serde_json::Map<_, _>>(),
                    );
                }
                stays
            });
            if !keys.is_empty() {
                unprocessed.insert(table.clone(), json!({ "Keys": keys }));
            }
        } else {
            let last = items.iter().filter_map(|item| item["page"]["S"].as_str()).filter(|page| *page != "HEAD").max();
            let last = last.map(str::to_owned);
            items.retain(|item| last.is_none() || item["page"]["S"].as_str() != last.as_deref());
        }
    }
    value["UnprocessedKeys"] = Value::Object(unprocessed);
    head.headers.remove("content-length");
    head.headers.remove("x-amz-crc32");
    Ok(Response::from_parts(head, Body::from(value.to_string())))
}
