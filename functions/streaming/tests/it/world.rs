//! An installation: an embedded DynamoDB, and edges, keys and a secret in memory. Any call to one of them can be made to fail:
//! before it arrives, or after it was done and before it was answered.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use axum::Router;
use axum::body::{Body, to_bytes};
use http::Request;
use reelspan::cloudfront::key::SigningKey;
use reelspan::space::SpaceId;
use reelspan::space::commons::Commons;
use reelspan::space::record::Space;
use reelspan::space::streaming::Streaming;
use reelspan::store::{self, DynamoDb, SpacesTable, create_tables};
use reelspan::streaming::{Hosts, Secret, SigningSecret};
use reelspan::user::{Identity, Role, UserName};
use reelspan_streaming::edges::{EdgeEntry, KeyChanges, KeyValueStore, MemoryStore, StoreVersion};
use reelspan_streaming::keys::{KeyGroup, LocalKeys, SigningKeys};
use reelspan_streaming::{EdgeError, Streams};
use reelspan_testkit::aws::database;
use serde_json::{Value, json};
use tower::ServiceExt;

/// When a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fails {
    /// It does not arrive.
    Before,
    /// It is done, and its answer is lost.
    After,
}

/// Which call fails, counted over all services.
#[derive(Debug)]
pub struct Faults {
    count: AtomicUsize,
    at: AtomicUsize,
    fails: Fails,
}

impl Faults {
    /// Makes a call, or fails in its place.
    async fn call<T>(&self, call: impl Future<Output = Result<T, EdgeError>>) -> Result<T, EdgeError> {
        let killed = || EdgeError::Service("killed".to_owned());
        let fails = self.count.fetch_add(1, Ordering::SeqCst) == self.at.load(Ordering::SeqCst);
        if fails && self.fails == Fails::Before {
            return Err(killed());
        }
        let answer = call.await;
        if fails { Err(killed()) } else { answer }
    }
}

/// Calls of DynamoDB.
#[derive(Clone, Debug)]
struct Faulty(Arc<Faults>);

impl Intercept for Faulty {
    fn name(&self) -> &'static str {
        "Faulty"
    }

    fn modify_before_transmit(
        &self,
        _: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let number = self.0.count.fetch_add(1, Ordering::SeqCst);
        match self.0.fails {
            Fails::Before if number == self.0.at.load(Ordering::SeqCst) => Err("killed".into()),
            _ => Ok(()),
        }
    }

    fn modify_before_deserialization(
        &self,
        _: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let number = self.0.count.load(Ordering::SeqCst).wrapping_sub(1);
        match self.0.fails {
            Fails::After if number == self.0.at.load(Ordering::SeqCst) => Err("killed".into()),
            _ => Ok(()),
        }
    }
}

/// The edges, whose entries are counted as they change: see [`World::seen`].
#[derive(Debug)]
struct Edges {
    store: Arc<MemoryStore>,
    faults: Arc<Faults>,
    seen: Arc<Mutex<Vec<Option<EdgeEntry>>>>,
}

#[async_trait]
impl KeyValueStore for Edges {
    async fn version(&self) -> Result<StoreVersion, EdgeError> {
        self.faults.call(self.store.version()).await
    }

    async fn get(&self, key: &str) -> Result<Option<String>, EdgeError> {
        self.faults.call(self.store.get(key)).await
    }

    async fn all(&self) -> Result<BTreeMap<String, String>, EdgeError> {
        self.faults.call(self.store.all()).await
    }

    async fn update(&self, version: &StoreVersion, changes: &KeyChanges) -> Result<StoreVersion, EdgeError> {
        let updated = self.faults.call(self.store.update(version, changes)).await;
        if updated.is_ok() {
            self.seen.lock().unwrap().push(self.store.entry("films"));
        }
        updated
    }
}

/// A group whose keys reach all edges when a test says so.
#[derive(Debug)]
struct Group {
    faults: Arc<Faults>,
    state: Arc<GroupState>,
}

/// What the edges have of keys.
#[derive(Debug, Default)]
pub struct GroupState {
    pub published: Mutex<Vec<String>>,
    pub trusted: Mutex<Vec<String>>,
    pub is_deploying: AtomicBool,
}

#[async_trait]
impl KeyGroup for Group {
    async fn publish(&self, key: &SigningKey) -> Result<String, EdgeError> {
        let publish = async {
            let id = LocalKeys.publish(key).await?;
            let mut published = self.state.published.lock().unwrap();
            if !published.contains(&id) {
                published.push(id.clone());
            }
            Ok(id)
        };
        self.faults.call(publish).await
    }

    async fn trust(&self, keys: &[String]) -> Result<String, EdgeError> {
        let trust = async {
            *self.state.trusted.lock().unwrap() = keys.to_vec();
            Ok("group".to_owned())
        };
        self.faults.call(trust).await
    }

    async fn is_deployed(&self) -> Result<bool, EdgeError> {
        self.faults.call(async { Ok(!self.state.is_deploying.load(Ordering::SeqCst)) }).await
    }

    async fn keep_only(&self, keys: &[String]) -> Result<(), EdgeError> {
        let keep = async {
            self.state.published.lock().unwrap().retain(|key| keys.contains(key));
            Ok(())
        };
        self.faults.call(keep).await
    }

    async fn delete(&self) -> Result<(), EdgeError> {
        self.state.trusted.lock().unwrap().clear();
        self.keep_only(&[]).await
    }
}

/// A secret in memory.
#[derive(Debug)]
struct MemorySecret {
    faults: Arc<Faults>,
    text: Mutex<Option<String>>,
    tokens: Mutex<Vec<String>>,
}

#[async_trait]
impl Secret for MemorySecret {
    async fn read(&self) -> Result<Option<String>, store::StoreError> {
        self.faults.call(async { Ok(self.text.lock().unwrap().clone()) }).await.map_err(failed)
    }

    async fn write(&self, text: &str, token: &str) -> Result<bool, store::StoreError> {
        let write = async {
            let mut tokens = self.tokens.lock().unwrap();
            if tokens.iter().any(|used| used == token) {
                return Ok(false);
            }
            tokens.push(token.to_owned());
            *self.text.lock().unwrap() = Some(text.to_owned());
            Ok(true)
        };
        self.faults.call(write).await.map_err(failed)
    }
}

#[allow(clippy::needless_pass_by_value)] // as `map_err` calls it
fn failed(error: EdgeError) -> store::StoreError {
    store::StoreError::Service { service: "the secret", message: error.to_string() }
}

pub struct World {
    pub streams: Streams,
    pub edges: Arc<MemoryStore>,
    pub group: Arc<GroupState>,
    pub secret: SigningSecret,
    pub faults: Arc<Faults>,
    /// The entry of `films` after each change of the edges.
    pub seen: Arc<Mutex<Vec<Option<EdgeEntry>>>>,
}

impl World {
    pub async fn new() -> Self {
        Self::failing(Fails::Before).await
    }

    pub async fn failing(fails: Fails) -> Self {
        let faults = Arc::new(Faults { count: AtomicUsize::new(0), at: AtomicUsize::new(usize::MAX), fails });
        let dynamodb = database().await;
        create_tables(&dynamodb).await.unwrap();
        let tables = Arc::new(DynamoDb::new(dynamodb.interceptor(Faulty(Arc::clone(&faults)))));
        let (edges, group, seen) = (Arc::new(MemoryStore::default()), Arc::new(GroupState::default()), Arc::default());
        let (text, tokens) = (Mutex::default(), Mutex::default());
        let secret = SigningSecret::new(MemorySecret { faults: Arc::clone(&faults), text, tokens });
        let keys = Group { faults: Arc::clone(&faults), state: Arc::clone(&group) };
        let store = Edges { store: Arc::clone(&edges), faults: Arc::clone(&faults), seen: Arc::clone(&seen) };
        let streams = Streams {
            table: SpacesTable::new(tables, "Spaces"),
            edges: Arc::new(store),
            keys: SigningKeys::new(keys, secret.clone()),
            hosts: Hosts::new("open.example", "secure.example"),
            pause: Duration::from_millis(1),
        };
        let world = Self { streams, edges, group, secret, faults, seen };
        world.space("films").await;
        world.streams.keys.ensure(&world.streams.table).await.unwrap();
        world
    }

    /// A space of alice's.
    pub async fn space(&self, name: &str) {
        let alice = UserName::parse("alice").unwrap();
        assert!(self.streams.table.create(&Space::new(id(name), Some(&alice), 0)).await.unwrap());
    }

    /// Makes the call of this number fail, counted from now.
    pub fn fail(&self, number: usize) {
        self.faults.at.store(self.faults.count.load(Ordering::SeqCst) + number, Ordering::SeqCst);
    }

    /// From now on none fails; whether the call was made that should fail.
    pub fn recover(&self) -> bool {
        self.faults.at.swap(usize::MAX, Ordering::SeqCst) < self.faults.count.load(Ordering::SeqCst)
    }

    pub async fn task(&self, task: &str, body: Value) -> (u16, String) {
        self.task_of("alice", Role::Owner, task, body).await
    }

    pub async fn task_of(&self, name: &str, role: Role, task: &str, body: Value) -> (u16, String) {
        ask(self.streams.clone().router(), name, role, task, body).await
    }

    /// The answer of a task that succeeds.
    pub async fn done(&self, task: &str, body: Value) -> Value {
        let (status, text) = self.task_of("root", Role::Admin, task, body).await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    pub async fn streaming(&self, name: &str) -> Option<Streaming> {
        self.streams.table.get(&id(name)).await.unwrap().unwrap().streaming
    }

    pub async fn commons(&self) -> Commons {
        self.streams.table.commons().await.unwrap()
    }

    /// The entry that the table says a space has.
    pub async fn wanted(&self, name: &str) -> Option<EdgeEntry> {
        self.streams.table.get(&id(name)).await.unwrap().and_then(|space| EdgeEntry::of(&space))
    }

    /// Everything that the edges, the table and the secret have.
    pub async fn everything(&self) -> Value {
        let (commons, secret) = (self.commons().await, self.secret.keys().await.unwrap());
        let trusted: Vec<_> = commons.keys.iter().map(|key| key.id.clone()).collect();
        let sorted = |mut keys: Vec<String>| {
            keys.sort();
            keys
        };
        let entry = self.edges.entry("films");
        json!({
            "the edges agree with the table": entry == self.wanted("films").await,
            "edges": entry.map(|entry| (entry.kind.name(), entry.origins)),
            "keys": trusted.len(),
            "the group trusts those of the table": sorted(self.group.trusted.lock().unwrap().clone()) == sorted(trusted.clone()),
            "no other key is published": sorted(self.group.published.lock().unwrap().clone()) == sorted(trusted.clone()),
            "the first key signs": secret.signer.map(|signer| signer.key_id().to_owned()) == trusted.first().cloned(),
            "no key is on its way": secret.next.is_none(),
            "streaming": self.streaming("films").await.map(|streaming| json!([
                streaming.kind.name(), streaming.status.name(), streaming.origins, streaming.deployed,
            ])),
        })
    }
}

/// A task of one of several concurrent functions.
pub async fn ask(router: Router, name: &str, role: Role, task: &str, body: Value) -> (u16, String) {
    let mut request = Request::post(format!("/task/{task}")).body(Body::from(body.to_string())).unwrap();
    request.extensions_mut().insert(Some(Identity { name: name.to_owned(), role, groups: Vec::new() }));
    let response = router.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    (status, String::from_utf8(to_bytes(response.into_body(), 100_000).await.unwrap().to_vec()).unwrap())
}

pub fn id(name: &str) -> SpaceId {
    SpaceId::parse(name).unwrap()
}
