//! The first admin's secret: when it is read, when it is used, and the errors if it is unavailable.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use reelspan::store::{DynamoDb, FirstAdmin, Registry, Users};
use reelspan::user::{Directory, NotFound, Role, TIME_TO_LIVE, UserName};
use serde_json::{Value, json};

/// A hash of no password.
const HASH: &str = "$pbkdf2-sha256$i=10,l=32$AAECAwQFBgcICQoLDA0ODw$AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDg8";

/// A table with one user, and a secret.
#[derive(Debug, Default)]
struct State {
    user: &'static str,
    secret: Option<Value>,
    read: usize,
}

#[derive(Clone, Debug, Default)]
struct Aws(Arc<Mutex<State>>);

impl HttpConnector for Aws {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let mut state = self.0.lock().unwrap();
        let body: Value = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let target = request.headers().get("x-amz-target").unwrap();
        let (status, answer) = if target.ends_with("GetItem") {
            let item = json!({
                "user": { "S": state.user }, "role": { "S": "owner" }, "groups": { "L": [] }, "password": { "S": HASH },
            });
            let found = body["Key"]["user"]["S"] == state.user;
            (200, if found { json!({ "Item": item }) } else { json!({}) })
        } else {
            assert!(target.ends_with("GetSecretValue"));
            state.read += 1;
            match &state.secret {
                Some(secret) => (200, json!({ "SecretString": secret.to_string() })),
                None => (400, json!({ "__type": "ResourceNotFoundException", "Message": "no such secret" })),
            }
        };
        let response = http::Response::builder().status(status).body(SdkBody::from(answer.to_string())).unwrap();
        HttpConnectorFuture::ready(Ok(HttpResponse::try_from(response).unwrap()))
    }
}

impl Aws {
    fn registry(&self) -> Registry {
        let connector = SharedHttpConnector::new(self.clone());
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
            .endpoint_url("http://aws.invalid")
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Registry {
            users: Users::new(Arc::new(DynamoDb::new((&config).into())), "table"),
            first_admin: Some(FirstAdmin::new((&config).into(), "secret")),
        }
    }

    fn set(&self, user: &'static str, secret: Option<Value>) {
        let mut state = self.0.lock().unwrap();
        (state.user, state.secret) = (user, secret);
    }

    fn read(&self) -> usize {
        self.0.lock().unwrap().read
    }
}

/// The role of the user with this name.
async fn role(registry: &Registry, name: &str) -> Option<Role> {
    let user = registry.find(&UserName::parse(name).unwrap()).await.unwrap()?;
    assert_eq!(user.account.name.as_str(), name);
    Some(user.account.role)
}

#[tokio::test(start_paused = true)]
async fn who_is_in_the_table_needs_no_secret() {
    let aws = Aws::default();
    let registry = aws.registry();
    aws.set("alice", None);
    assert_eq!(role(&registry, "alice").await, Some(Role::Owner));
    // It is unknown whether this is the admin.
    let found = registry.find(&UserName::parse("admin").unwrap()).await;
    assert!(matches!(&found, Err(NotFound::Failed(why)) if why.contains("no such secret")), "{found:?}");
    assert_eq!((role(&registry, "alice").await, aws.read()), (Some(Role::Owner), 1));
    aws.set("alice", Some(json!({ "username": "admin", "password": "one" })));
    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!((role(&registry, "admin").await, aws.read()), (Some(Role::Admin), 2));
}

#[tokio::test(start_paused = true)]
async fn the_secret_is_read_whichever_name_is_asked_for() {
    for name in ["alice", "admin", "nobody"] {
        let aws = Aws::default();
        let registry = aws.registry();
        aws.set("alice", Some(json!({ "username": "admin", "password": "one" })));
        role(&registry, name).await;
        assert_eq!(aws.read(), 1, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_secret_is_read_once_in_its_time_and_gives_way_to_the_table() {
    let aws = Aws::default();
    let registry = aws.registry();
    aws.set("alice", Some(json!({ "username": "admin", "password": "one" })));
    for _ in 0..5 {
        assert_eq!(role(&registry, "admin").await, Some(Role::Admin));
        assert_eq!(role(&registry, "root").await, None);
    }
    assert_eq!(aws.read(), 1);

    aws.set("admin", Some(json!({ "username": "root", "password": "two" })));
    assert_eq!(role(&registry, "admin").await, Some(Role::Owner), "the table's");
    assert_eq!(role(&registry, "root").await, None, "not yet");
    tokio::time::advance(TIME_TO_LIVE).await;
    assert_eq!(role(&registry, "root").await, Some(Role::Admin));
    assert_eq!(aws.read(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_none_is_not_told() {
    let aws = Aws::default();
    for secret in
        [json!("herring"), json!({ "password": "herring" }), json!({ "username": "-", "password": "herring" })]
    {
        aws.set("alice", Some(secret));
        let registry = aws.registry();
        let found = registry.find(&UserName::parse("admin").unwrap()).await;
        assert!(
            matches!(&found, Err(NotFound::Failed(why)) if why.contains("first admin") && !why.contains("herring"))
        );
    }
}
