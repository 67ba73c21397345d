//! A DynamoDB that processes one item of a batch at a time, and now and then none, like a throttled one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::{self as dynamodb, Credentials, Region};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use reelspan::space::MediaKey;
use reelspan::store::{Sequencer, StoreError, Stores};
use reelspan_engine::index::PackedPage;
use reelspan_testkit::aws::MemoryBucket;
use serde_json::{Value, json};

fn key() -> MediaKey {
    "films/a".parse().unwrap()
}

#[derive(Debug, Default)]
struct State {
    items: BTreeMap<String, Value>,
    calls: usize,
}

/// The content of the table; with `generous` false it never processes anything.
#[derive(Clone, Debug)]
struct Stingy {
    state: Arc<Mutex<State>>,
    generous: bool,
}

impl Stingy {
    fn answer(&self, request: &HttpRequest) -> Value {
        let mut state = self.state.lock().unwrap();
        state.calls += 1;
        let nothing = !self.generous || state.calls.is_multiple_of(3);
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let target = request.headers().get("x-amz-target").unwrap();
        if target.ends_with("BatchWriteItem") {
            let mut left = body["RequestItems"]["table"].as_array().unwrap().clone();
            if !nothing {
                let item = left.remove(0)["PutRequest"]["Item"].take();
                state.items.insert(item["page"]["S"].as_str().unwrap().to_owned(), item);
            }
            return if left.is_empty() { json!({}) } else { json!({ "UnprocessedItems": { "table": left } }) };
        }
        assert!(target.ends_with("BatchGetItem"));
        let mut left = body["RequestItems"]["table"]["Keys"].as_array().unwrap().clone();
        let mut got = Vec::new();
        if !nothing {
            let key = left.remove(0);
            got.extend(state.items.get(key["page"]["S"].as_str().unwrap()).cloned());
        }
        let unprocessed = if left.is_empty() { json!({}) } else { json!({ "table": { "Keys": left } }) };
        json!({ "Responses": { "table": got }, "UnprocessedKeys": unprocessed })
    }
}

impl HttpConnector for Stingy {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let response = http::Response::new(SdkBody::from(self.answer(&request).to_string()));
        HttpConnectorFuture::ready(Ok(HttpResponse::try_from(response).unwrap()))
    }
}

fn stores(generous: bool) -> (Arc<Mutex<State>>, Stores) {
    let state = Arc::new(Mutex::new(State::default()));
    let connector = SharedHttpConnector::new(Stingy { state: Arc::clone(&state), generous });
    let dynamodb = dynamodb::Builder::new()
        .behavior_version(dynamodb::BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url("http://dynamodb.invalid")
        .http_client(http_client_fn(move |_, _| connector.clone()));
    (state, Stores::new(MemoryBucket::default().config(), dynamodb, "none", "table"))
}

fn pages(count: u32) -> Vec<PackedPage> {
    (0..count).map(|number| PackedPage { number, bytes: vec![1].into() }).collect()
}

#[tokio::test(start_paused = true)]
async fn what_is_left_unprocessed_is_asked_for_again() {
    let (state, stores) = stores(true);
    stores.index.put_pages(&key(), "\"1\"", &Sequencer::new("1"), pages(60)).await.unwrap();
    assert_eq!(state.lock().unwrap().items.len(), 60);
    // There is no head, but it takes all the calls to find out.
    let before = stores.calls();
    assert!(stores.index.find(&key(), 0..=29).await.unwrap().is_none());
    assert!((stores.calls() - before).dynamodb > 31);
}

#[tokio::test(start_paused = true)]
async fn patience_has_an_end() {
    let (_, stores) = stores(false);
    let put = stores.index.put_pages(&key(), "\"1\"", &Sequencer::new("1"), pages(1)).await;
    assert!(matches!(put, Err(StoreError::Throttled("DynamoDB"))));
    assert!(matches!(stores.index.find(&key(), 0..=0).await, Err(StoreError::Throttled("DynamoDB"))));
}
