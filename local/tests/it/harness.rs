//! An S3 for each test, on a free port, accessed through the AWS SDK; and a recipient of its events.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use axum::Router;
use reelspan::budget::Budget;
use reelspan::space::SpaceId;
use reelspan::space::record::Space;
use reelspan::space::streaming::{Streaming, StreamingKind};
use reelspan::store::{SPACES, Stores};
use reelspan::streaming::Hosts;
use reelspan_fragments::{Delivery, Fragments, Viewers};
use reelspan_local::aws;
use reelspan_local::connections::{ConnectionLimits, Patience, Port, ServerNames};
use reelspan_local::data::DataFolder;
use reelspan_local::queue::{EventQueue, Handler};
use reelspan_local::s3::{self, Browsers, MEDIA_BUCKET, S3Api, Store};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// More connections than any test needs.
const LIMITS: ConnectionLimits = ConnectionLimits { connections: 1000, per_address: None, patience: Patience::DEFAULT };

/// A running S3. Its folder remains if the caller keeps it.
pub struct Local {
    pub client: Client,
    pub store: Arc<Store>,
    pub endpoint: String,
    data: DataFolder,
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

impl Local {
    pub async fn start(folder: &Path) -> Self {
        let data = DataFolder::open(folder).unwrap();
        let store = Arc::new(Store::open(&data.s3()).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let client = Client::from_conf(aws::s3(at, data.credentials()).build());
        let (stop, mut tasks) = (CancellationToken::new(), JoinSet::new());
        let api = S3Api::new(Arc::clone(&store), data.credentials());
        let port = Port { name: "S3", listener, limits: LIMITS, names: ServerNames::any() };
        tasks.spawn(s3::serve(port, api, Browsers::default(), stop.clone(), Duration::from_secs(1)));
        Self { client, store, endpoint: format!("http://{at}"), data, tasks, stop }
    }

    /// A new one with its folder.
    pub async fn fresh() -> (Self, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (Self::start(folder.path()).await, folder)
    }

    /// Starts delivering events to a handler.
    pub fn deliver_to(&mut self, handler: Handler) {
        let pauses = [10, 20, 30, 40].map(Duration::from_millis).to_vec();
        let queue = EventQueue { catalogue: self.store.catalogue(), handler, pauses };
        self.tasks.spawn(queue.deliver(self.stop.clone(), Duration::ZERO));
    }

    pub async fn stop(mut self) {
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
    }

    pub async fn put(&self, key: &str, body: impl Into<Vec<u8>>) -> String {
        let put = self.client.put_object().bucket(MEDIA_BUCKET).key(key).body(ByteStream::from(body.into()));
        put.send().await.unwrap().e_tag.unwrap()
    }

    pub async fn get(&self, key: &str) -> Option<Vec<u8>> {
        match self.client.get_object().bucket(MEDIA_BUCKET).key(key).send().await {
            Ok(answer) => Some(answer.body.collect().await.unwrap().to_vec()),
            Err(error) if error.code() == Some("NoSuchKey") => None,
            Err(error) => panic!("{error:?}"),
        }
    }

    /// The number of files in the bucket's folder.
    pub fn files(&self) -> usize {
        let folder = self.data.s3().join("objects");
        let beside = std::fs::read_dir(&folder).unwrap().count() - 1;
        beside + std::fs::read_dir(folder.join(MEDIA_BUCKET)).unwrap().count()
    }
}

/// Creates a space with open streaming.
pub async fn make_open(stores: &Stores, space: &str) {
    let streaming = Some(Streaming::new(StreamingKind::Open, Vec::new()));
    let space = Space::new(SpaceId::parse(space).unwrap(), None, 0);
    assert!(stores.spaces(SPACES.name).create(&Space { streaming, ..space }).await.unwrap());
}

/// The fragments function with these stores, as clients outside CloudFront reach it.
pub fn fragments(stores: Stores) -> Router {
    let spaces = stores.spaces(SPACES.name);
    let hosts = Some(Hosts::below("http://localhost/stream"));
    let budget = Budget::default();
    Fragments { stores, spaces, hosts, viewers: Viewers::Direct, delivery: Delivery::Streamed, budget }.router()
}

/// Records events as they are delivered.
#[derive(Clone, Default)]
pub struct Ear {
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Ear {
    /// A handler that accepts all events.
    pub fn handler(&self) -> Handler {
        self.handler_that(|_, _| Ok(()))
    }

    /// A handler that returns the outcome of a function, given the event and the number of earlier events.
    pub fn handler_that(
        &self,
        answer: impl Fn(&Value, usize) -> Result<(), &'static str> + Send + Sync + 'static,
    ) -> Handler {
        let (heard, answer) = (Arc::clone(&self.heard), Arc::new(answer));
        Arc::new(move |event| {
            let (heard, answer) = (Arc::clone(&heard), Arc::clone(&answer));
            Box::pin(async move {
                let before = {
                    let mut heard = heard.lock().unwrap();
                    heard.push(event.clone());
                    heard.len() - 1
                };
                tokio::task::yield_now().await;
                answer(&event, before).map_err(Into::into)
            })
        })
    }

    /// The first record of each event.
    pub fn records(&self) -> Vec<Value> {
        self.heard.lock().unwrap().iter().map(|event| event["Records"][0].clone()).collect()
    }

    /// The name and key of each event.
    pub fn told(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        self.records().iter().map(|it| (text(&it["eventName"]), text(&it["s3"]["object"]["key"]))).collect()
    }
}

/// The code of an error answer.
pub fn code<T, E: ProvideErrorMetadata>(answer: Result<T, E>) -> String {
    match answer {
        Ok(_) => "no error".to_owned(),
        Err(error) => error.code().unwrap_or("no code").to_owned(),
    }
}

/// Bytes without repetition.
pub fn bytes(count: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(count).collect()
}
