//! Limits of the services: answers of a megabyte, answers that never arrive, clocks that are wrong.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_sdk_dynamodb::config::{self as dynamodb, Credentials, Region};
use aws_smithy_async::time::StaticTimeSource;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use chrono::{DateTime, NaiveDateTime, Utc};
use reelspan::space::MediaKey;
use reelspan::store::{CONTAINER_INDEX, Cells, Sequencer, StoreError, Stores};
use reelspan_engine::index::PackedPage;
use reelspan_testkit::aws::{MemoryBucket, NAME};

/// API Gateway's timeout, minus the time for the rest of a request.
const GATEWAY: Duration = Duration::from_secs(27);

fn key() -> MediaKey {
    "films/a".parse().unwrap()
}

/// Stores whose services are both answered by this.
fn stores(service: impl HttpConnector + 'static, now: Option<SystemTime>) -> Stores {
    let connector = SharedHttpConnector::new(service);
    let (to_s3, to_dynamodb) = (connector.clone(), connector);
    let mut s3 = MemoryBucket::default().config().http_client(http_client_fn(move |_, _| to_s3.clone()));
    let mut dynamodb = dynamodb::Builder::new()
        .behavior_version(dynamodb::BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url("http://dynamodb.invalid")
        .http_client(http_client_fn(move |_, _| to_dynamodb.clone()));
    if let Some(now) = now {
        s3 = s3.time_source(StaticTimeSource::new(now));
        dynamodb = dynamodb.time_source(StaticTimeSource::new(now));
    }
    Stores::new(s3, dynamodb, NAME, CONTAINER_INDEX.name)
}

/// Never answers.
#[derive(Debug)]
struct Silent;

impl HttpConnector for Silent {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_that_never_answers_is_given_up_before_api_gateway_gives_us_up() {
    let stores = stores(Silent, None);
    let began = tokio::time::Instant::now();
    assert!(matches!(stores.index.find(&key(), 0..=3).await, Err(StoreError::Service { service: "DynamoDB", .. })));
    assert!(matches!(stores.media.object(&key()).await, Err(StoreError::Service { service: "S3", .. })));
    assert!(began.elapsed() < GATEWAY, "{:?}", began.elapsed());
}

/// Refuses requests signed more than a quarter of an hour from now, as both services do.
#[derive(Clone, Debug, Default)]
struct Punctual(Arc<Mutex<Vec<bool>>>);

impl HttpConnector for Punctual {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let now = Utc::now();
        let signed = request.headers().get("x-amz-date").unwrap();
        let signed = NaiveDateTime::parse_from_str(signed, "%Y%m%dT%H%M%SZ").unwrap().and_utc();
        let punctual = (now - signed).num_minutes().abs() < 15;
        self.0.lock().unwrap().push(punctual);
        let is_s3 = request.uri().contains("s3.invalid");
        let (status, body) = match (punctual, is_s3) {
            (false, true) => (403, "<Error><Code>RequestTimeTooSkewed</Code><Message>m</Message></Error>"),
            (false, false) => (400, r#"{"__type":"com.amazon.coral.service#InvalidSignatureException","message":"m"}"#),
            (true, true) => (404, "<Error><Code>NoSuchKey</Code><Message>m</Message></Error>"),
            (true, false) => (200, "{}"),
        };
        // The answer to a HEAD has no body, and so no error code.
        let body = if request.method() == "HEAD" { "" } else { body };
        let date = httpdate::fmt_http_date(DateTime::into(now));
        let response = http::Response::builder().status(status).header("date", date).body(SdkBody::from(body)).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::try_from(response).unwrap()))
    }
}

#[tokio::test]
async fn a_clock_that_is_off_is_made_up_for() {
    for hour in [-1, 1] {
        let off = Duration::from_hours(1);
        let now = if hour > 0 { SystemTime::now() + off } else { SystemTime::now() - off };
        let service = Punctual::default();
        let stores = stores(service.clone(), Some(now));
        let told = || std::mem::take(&mut *service.0.lock().unwrap());
        assert!(stores.index.stored(&key()).await.unwrap().is_none());
        assert_eq!(told(), [false, true], "the second attempt is on time");
        assert!(stores.index.stored(&key()).await.unwrap().is_none());
        assert_eq!(told(), [true], "and so is what comes after it");
        // A body is read with a GET, whose refusal contains the reason.
        let mut splice = reelspan_engine::media::splice::Splice::new();
        splice.source(0..10);
        assert!(matches!(stores.media.body(&key(), "\"1\"", None, splice).await.err(), Some(StoreError::Changed)));
        assert_eq!(told(), [false, true]);
    }
}

#[tokio::test]
async fn an_index_of_more_than_a_megabyte_is_read_in_several_calls() {
    let (_, stores) = super::empty_stores().await;
    let sequencer = Sequencer::new("05");
    // The largest possible pages, and more of them than one BatchGetItem can take.
    let large: Vec<_> = (0..7).map(|number| PackedPage { number, bytes: vec![7; 350 << 10].into() }).collect();
    let small: Vec<_> = (7..150).map(|number| PackedPage { number, bytes: vec![7; 9 << 10].into() }).collect();
    let cells: Cells = (0..150).collect();
    stores.index.put_pages(&key(), "\"1\"", &sequencer, [large, small].concat()).await.unwrap();
    assert_eq!(stores.index.remove_pages(&key(), &sequencer, Some(("\"1\"", &cells))).await.unwrap(), 0);
    let before = stores.calls();
    assert_eq!(stores.index.remove_pages(&key(), &sequencer, None).await.unwrap(), 150);
    let calls = (stores.calls() - before).dynamodb;
    assert!(calls > 150 + 2, "{calls} calls: a query brought more than a megabyte");
}

#[tokio::test]
async fn a_signed_url_says_how_long_it_counts() {
    let stores = stores(Silent, None);
    let key = "films/a.mp4".parse().unwrap();
    let url = stores.media.signed_get(&key, None).await.unwrap().url;
    assert!(url.contains("X-Amz-Expires=3600&"), "{url}");
}
