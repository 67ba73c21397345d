//! An installation whose CloudFront and Secrets Manager are winterbaume's, in this process, and whose DynamoDB is dynoxide's.
//! Any call to one of them can be made to fail: before it arrives, or after it was done and before it was answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_cloudfront::types::{DistributionConfig, PriceClass};
use aws_sdk_dynamodb::config::{Credentials, Region};
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
use reelspan::distribution::{Distributions, Hosts, Installation, SigningSecret};
use reelspan::space::SpaceId;
use reelspan::space::commons::Commons;
use reelspan::space::record::Space;
use reelspan::space::streaming::Streaming;
use reelspan::store::{DynamoDb, SpacesTable, create_tables};
use reelspan::user::{Identity, Role, UserName};
use reelspan_streaming::{Pace, Streams, Work};
use reelspan_testkit::aws::database;
use serde_json::{Value, json};
use tower::ServiceExt;
use winterbaume_cloudfront::CloudFrontService;
use winterbaume_core::MockAws;
use winterbaume_secretsmanager::SecretsManagerService;

/// When a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fails {
    /// It does not arrive.
    Before,
    /// It was done, and nobody heard of it.
    After,
}

/// Which call fails, counted over all services.
#[derive(Debug)]
pub struct Faults {
    count: AtomicUsize,
    at: AtomicUsize,
    fails: Fails,
}

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

pub struct World {
    pub streams: Streams,
    pub cloudfront: aws_sdk_cloudfront::Client,
    pub faults: Arc<Faults>,
}

impl World {
    pub async fn new() -> Self {
        Self::failing(Fails::Before).await
    }

    pub async fn failing(fails: Fails) -> Self {
        let faults = Arc::new(Faults { count: AtomicUsize::new(0), at: AtomicUsize::new(usize::MAX), fails });
        let mock = MockAws::builder()
            .with_service(CloudFrontService::new())
            .with_service(SecretsManagerService::new())
            .build();
        let credentials = Credentials::new("test", "test", None, None, "test");
        let region = Region::from_static("us-east-1");

        let dynamodb = database().await;
        create_tables(&dynamodb).await.unwrap();

        let cloudfront = aws_sdk_cloudfront::config::Builder::new()
            .behavior_version(aws_sdk_cloudfront::config::BehaviorVersion::latest())
            .region(region.clone())
            .credentials_provider(credentials.clone())
            .http_client(mock.http_client());
        let secrets = aws_sdk_secretsmanager::config::Builder::new()
            .behavior_version(aws_sdk_secretsmanager::config::BehaviorVersion::latest())
            .region(region)
            .credentials_provider(credentials)
            .http_client(mock.http_client());
        let settings = Installation {
            name: "reelspan".to_owned(),
            media: "media.s3.eu-west-1.amazonaws.com".to_owned(),
            fragments: "fragments.lambda-url.eu-west-1.on.aws".to_owned(),
            cookies: "signing.lambda-url.eu-west-1.on.aws".to_owned(),
            price: PriceClass::PriceClass100,
        };
        let faulty = Faulty(Arc::clone(&faults));
        let tables = Arc::new(DynamoDb::new(dynamodb.interceptor(faulty.clone())));
        let streams = Streams {
            table: SpacesTable::new(tables, "Spaces"),
            distributions: Distributions::new(cloudfront.clone().interceptor(faulty.clone()), settings),
            secret: SigningSecret::new(secrets.interceptor(faulty), "signing"),
            hosts: Hosts::CloudFront,
            work: Work::Here,
            pace: Pace { patience: Duration::ZERO, glance: Duration::from_millis(5), look: Duration::from_millis(20) },
        };
        let world = Self { streams, cloudfront: aws_sdk_cloudfront::Client::from_conf(cloudfront.build()), faults };
        world.space("films").await;
        world
    }

    /// A space of alice's.
    pub async fn space(&self, name: &str) {
        let alice = UserName::parse("alice").unwrap();
        assert!(self.streams.table.create(&Space::new(id(name), Some(&alice), 0)).await.unwrap());
    }

    /// Has the call of this number fail, counted from now.
    pub fn fail(&self, number: usize) {
        self.faults.at.store(self.faults.count.load(Ordering::SeqCst) + number, Ordering::SeqCst);
    }

    /// From now on none fails; whether the one that was to was made.
    pub fn recover(&self) -> bool {
        self.faults.at.swap(usize::MAX, Ordering::SeqCst) < self.faults.count.load(Ordering::SeqCst)
    }

    pub async fn task(&self, task: &str, body: Value) -> (u16, String) {
        self.task_of("alice", Role::Owner, task, body).await
    }

    pub async fn task_of(&self, name: &str, role: Role, task: &str, body: Value) -> (u16, String) {
        ask(self.streams.clone().router(), name, role, task, body).await
    }

    /// What a task answers that is done.
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

    /// Waits until nothing is left to be done for a space.
    pub async fn settled(&self, name: &str) {
        self.streams.tend(&id(name), None).await.unwrap();
    }

    pub async fn distributions(&self) -> Vec<DistributionConfig> {
        let list = self.cloudfront.list_distributions().send().await.unwrap().distribution_list.unwrap();
        let mut configs = Vec::new();
        for summary in list.items.unwrap_or_default() {
            let found = self.cloudfront.get_distribution_config().id(&summary.id).send().await.unwrap();
            configs.push(found.distribution_config.unwrap());
        }
        configs
    }

    /// Everything that CloudFront, the table and the secret have, by names of our own.
    pub async fn everything(&self) -> Value {
        let client = &self.cloudfront;
        let accesses = client.list_origin_access_controls().send().await.unwrap().origin_access_control_list.unwrap();
        let caches = client.list_cache_policies().send().await.unwrap().cache_policy_list.unwrap();
        let requests = client.list_origin_request_policies().send().await.unwrap().origin_request_policy_list.unwrap();
        let answers = client.list_response_headers_policies().send().await.unwrap();
        let functions = client.list_functions().send().await.unwrap().function_list.unwrap();
        let keys = client.list_public_keys().send().await.unwrap().public_key_list.unwrap();
        let groups = client.list_key_groups().send().await.unwrap().key_group_list.unwrap();
        let commons = self.commons().await;
        let secret = self.streams.secret.keys().await.unwrap();
        let distributions = self.distributions().await;
        let groups: Vec<_> = groups
            .items
            .unwrap_or_default()
            .into_iter()
            .map(|group| group.key_group.unwrap().key_group_config.unwrap().items)
            .collect();
        let trusted: Vec<_> = commons.keys.iter().map(|key| key.id.clone()).collect();
        let public: Vec<_> = keys.items.unwrap_or_default().into_iter().map(|key| key.id).collect();
        json!({
            "accesses": sorted(accesses.items.unwrap_or_default().into_iter().map(|item| item.name)),
            "cache policies": caches.items.unwrap_or_default().len(),
            "request policies": requests.items.unwrap_or_default().len(),
            "answer policies": answers.response_headers_policy_list.unwrap().items.unwrap_or_default().len(),
            "functions": functions.items.unwrap_or_default().len(),
            "public keys": public.len(),
            "the group trusts those of the table": groups.is_empty() || groups == [trusted.clone()],
            "all public keys are trusted": sorted(public.into_iter()) == sorted(trusted.clone().into_iter()),
            "groups": groups.len(),
            "noted": commons.made.keys().cloned().collect::<Vec<_>>(),
            "the first key signs": secret.signer.map(|signer| signer.key_id().to_owned()) == trusted.first().cloned(),
            "no key is on its way": secret.next.is_none(),
            "enabled": distributions.iter().map(|config| config.enabled).collect::<Vec<_>>(),
            "secure": distributions
                .iter()
                .map(|config| config.default_cache_behavior.as_ref().unwrap().trusted_key_groups.as_ref().unwrap().enabled)
                .collect::<Vec<_>>(),
            "streaming": self.streaming("films").await.map(|streaming| json!([
                streaming.kind.name(), streaming.status.name(), streaming.origins,
                streaming.distribution.map(|distribution| distribution.deployed),
            ])),
        })
    }
}

/// A task of one of the functions that there are at a time.
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

fn sorted(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}
