//! What the routes stand on in tests: an embedded DynamoDB, and an S3 and a Secrets Manager that know what the routes ask of
//! them.

use std::sync::{Arc, Mutex};

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use reelspan::cloudfront::key::SigningKey;
use reelspan::cloudfront::now;
use reelspan::cloudfront::sign::Signer;
use reelspan::cloudfront::verify::{Evidence, SignatureRefusal, verify};
use reelspan::space::SpaceId;
use reelspan::space::acl::{Grantee, Right};
use reelspan::space::commons::{Commons, TrustedKey};
use reelspan::space::record::Space;
use reelspan::space::streaming::{Streaming, StreamingKind, StreamingStatus};
use reelspan::store::{self, CONTAINER_INDEX, Cells, SPACES, Sequencer, Stores, create_tables};
use reelspan::streaming::{Hosts, Keys, SecretsManager, SigningSecret};
use reelspan::user::{Identity, Role, UserName};
use reelspan_engine::container::index;
use reelspan_engine::fragment::resolve::Memory;
use reelspan_engine::index::{Head, Original, Status};
use reelspan_testkit::aws::database;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tower::ServiceExt;

use crate::{CookieSetter, Keyring, Signing};

/// What S3 and Secrets Manager have.
#[derive(Debug, Default)]
pub struct Aws {
    pub keys: Vec<String>,
    pub secret: Option<String>,
    pub secret_read: usize,
}

pub struct World {
    pub signing: Signing,
    pub secret: SigningSecret,
    pub aws: Arc<Mutex<Aws>>,
}

/// The space that streams to anybody, the one that does not, those that do not stream, and one of somebody else's.
pub const SPACES_THERE: [&str; 5] = ["open", "secure", "off", "never", "private"];

/// The hosts of open and of secure spaces.
pub const OPEN: &str = "open.cloudfront.net";
pub const SECURE: &str = "secure.cloudfront.net";

/// The origin whose pages may read what streams.
pub const PAGES: &str = "https://example.org";

impl World {
    pub async fn new() -> Self {
        let aws = Arc::new(Mutex::new(Aws::default()));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let fake = axum::Router::new().fallback(answer).with_state(Arc::clone(&aws));
        tokio::spawn(async move { axum::serve(listener, fake).await });

        let credentials = Credentials::new("test", "test", None, None, "test");
        let config = aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .http_client(store::http_client())
            .credentials_provider(aws_sdk_s3::config::SharedCredentialsProvider::new(credentials))
            .endpoint_url(endpoint)
            .build();
        let s3 = aws_sdk_s3::config::Builder::from(&config).force_path_style(true);
        let database = database().await;
        create_tables(&database).await.unwrap();
        let stores = Stores::new(s3, database, "media", CONTAINER_INDEX.name);
        let secret =
            SigningSecret::new(SecretsManager::new(aws_sdk_secretsmanager::config::Builder::from(&config), "signing"));
        let signing = Signing {
            table: stores.spaces(SPACES.name),
            stores,
            keyring: Keyring::new(secret.clone()),
            hosts: Hosts::new(OPEN, SECURE),
        };
        let world = Self { signing, secret, aws };
        for name in SPACES_THERE {
            world.make(name).await;
        }
        world
    }

    /// A space that alice may read, unless it is private, and that streams as its name says.
    async fn make(&self, name: &str) {
        let mut space = Space::new(SpaceId::parse(name).unwrap(), Some(&UserName::parse("owner").unwrap()), 0);
        if name != "private" {
            space.acl.grant(Grantee::User(UserName::parse("alice").unwrap()), Right::Read).unwrap();
        }
        let kind = if name == "open" { StreamingKind::Open } else { StreamingKind::Secure };
        let status = if name == "off" { StreamingStatus::Off } else { StreamingStatus::On };
        if name != "never" {
            space.streaming = Some(Streaming { status, ..Streaming::new(kind, vec![PAGES.to_owned()]) });
        }
        assert!(self.signing.table.create(&space).await.unwrap());
    }

    /// Another key signs from now on; the one before is trusted until some second since 1970.
    pub async fn rotate(&self, id: &str, until: i64) {
        let mut commons = self.commons().await;
        let key = SigningKey::generate().unwrap();
        for before in &mut commons.keys {
            before.until.get_or_insert(until);
        }
        commons.keys.insert(0, TrustedKey { id: id.to_owned(), public: key.public(), until: None });
        let commons = Commons { version: commons.version + 1, ..commons };
        assert!(self.signing.table.set_commons(&commons).await.unwrap());
        let keys = Keys { signer: Some(Signer::new(id, key)), next: None };
        assert!(self.secret.put(&keys, &format!("{id:-<32}")).await.unwrap());
    }

    /// The beginning of a space's URLs.
    pub async fn base(&self, name: &str) -> String {
        self.signing.hosts.base(&SpaceId::parse(name).unwrap(), &self.streaming(name).await)
    }

    /// The streaming of a space.
    pub async fn streaming(&self, name: &str) -> Streaming {
        self.signing.table.get(&SpaceId::parse(name).unwrap()).await.unwrap().unwrap().streaming.unwrap()
    }

    /// Sets the streaming of a space up anew, as one of the same name has it whose predecessor was deleted.
    pub async fn set_up_anew(&self, name: &str) {
        let (id, was) = (SpaceId::parse(name).unwrap(), self.streaming(name).await);
        let anew = Streaming::new(was.kind, Vec::new());
        assert!(self.signing.table.set_streaming(&id, Some(&was), Some(&anew)).await.unwrap());
    }

    pub async fn commons(&self) -> Commons {
        self.signing.table.commons().await.unwrap()
    }

    /// Stores a content, of a space, without an index.
    pub fn store(&self, key: &str) {
        self.aws.lock().unwrap().keys.push(key.to_owned());
    }

    /// Stores a content with its index: of a second of sound, or of something that is no media.
    pub async fn store_indexed(&self, key: &str, sound: bool) {
        self.store_media(key, if sound { wav() } else { b"no media".to_vec() }).await;
    }

    /// Stores a content with the index of these bytes.
    pub async fn store_media(&self, key: &str, bytes: Vec<u8>) {
        self.store(key);
        let (mut pages, mut cells) = (Memory::default(), Cells::default());
        let status = match index(&Bytes::from(bytes), &mut pages).await {
            Ok(outline) => Status::Indexed(outline),
            Err(_) => Status::Refused("no media".to_owned()),
        };
        let original = Original {
            etag: "\"e\"".to_owned(),
            size: 1,
            modified: 0,
            version: None,
            sequencer: "01".to_owned(),
            content_type: None,
        };
        let (table, key) = (&self.signing.stores.index, &key.parse().unwrap());
        let packed: Vec<_> = pages.packed().cloned().collect();
        assert!(packed.iter().all(|page| cells.insert(page.number)));
        table.put_pages(key, &original.etag, &Sequencer::new(&original.sequencer), packed).await.unwrap();
        assert!(table.put_head(key, &Head { original, status }, &cells).await.unwrap());
    }

    /// What a task answers to somebody of this name.
    pub async fn task(&self, who: Option<&str>, task: &str, body: Value) -> (u16, String) {
        let mut request = Request::post(format!("/task/{task}")).body(Body::from(body.to_string())).unwrap();
        let who = who.map(|name| Identity { name: name.to_owned(), role: Role::User, groups: Vec::new() });
        request.extensions_mut().insert(who);
        let response = self.signing.clone().router().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        assert_eq!(response.headers()["cache-control"], "no-store", "{task} {body}");
        (status, text(response).await)
    }

    /// The URL that a task gives to alice.
    pub async fn given(&self, task: &str, body: Value) -> String {
        let answer = self.answered(task, body).await;
        let mut urls = answer.as_object().unwrap().iter().filter(|(name, _)| name.ends_with("Url"));
        let (Some((_, url)), None) = (urls.next(), urls.next()) else { panic!("{answer}") };
        url.as_str().unwrap().to_owned()
    }

    /// What a task answers to alice.
    pub async fn answered(&self, task: &str, body: Value) -> Value {
        let (status, text) = self.task(Some("alice"), task, body.clone()).await;
        assert_eq!(status, 200, "{body}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// What `/~/cookies` answers.
    pub async fn cookies(&self, query: &str) -> Response {
        let request = Request::get(format!("/~/cookies{query}")).body(Body::empty()).unwrap();
        let setter = CookieSetter { table: self.signing.table.clone(), keyring: self.signing.keyring.clone() };
        setter.router().oneshot(request).await.unwrap()
    }

    /// Whether a signed URL is let in, at some second and from some address.
    pub async fn ask(&self, url: &str, now: i64, address: Option<&str>) -> Result<(), SignatureRefusal> {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let (evidence, rest) = Evidence::from_query(query)?;
        let separator = if rest.is_empty() { "" } else { "?" };
        let address = address.map(|address| address.parse().unwrap());
        let keys = self.commons().await.keys;
        verify(&evidence.ok_or(SignatureRefusal::Unsigned)?, &format!("{path}{separator}{rest}"), &keys, now, address)
    }
}

pub async fn text(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), 10_000).await.unwrap().to_vec()).unwrap()
}

/// A second of silence.
fn wav() -> Vec<u8> {
    let numbers = |numbers: &[u32]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<_>>();
    let format = [&[1, 0, 1, 0][..], &numbers(&[8000, 8000]), &[1, 0, 8, 0]].concat();
    let chunks = [b"WAVEfmt ", &numbers(&[16])[..], &format, b"data", &numbers(&[8000]), &[0x80; 8000]].concat();
    [b"RIFF", &numbers(&[u32::try_from(chunks.len()).unwrap()])[..], &chunks].concat()
}

/// Of S3 and Secrets Manager, what is asked of them.
async fn answer(State(aws): State<Arc<Mutex<Aws>>>, request: Request) -> Response {
    if let Some(target) = request.headers().get("x-amz-target").cloned() {
        let body: Value = serde_json::from_slice(&to_bytes(request.into_body(), 10_000).await.unwrap()).unwrap();
        let mut aws = aws.lock().unwrap();
        if target == "secretsmanager.PutSecretValue" {
            aws.secret = Some(body["SecretString"].as_str().unwrap().to_owned());
            return "{}".into_response();
        }
        aws.secret_read += 1;
        return match &aws.secret {
            Some(secret) => json!({ "SecretString": secret }).to_string().into_response(),
            None => (StatusCode::BAD_REQUEST, r#"{"__type":"ResourceNotFoundException"}"#).into_response(),
        };
    }
    let aws = aws.lock().unwrap();
    let key = reelspan_engine::fragment::uri::decode(request.uri().path().trim_start_matches("/media/"))
        .unwrap()
        .into_owned();
    if request.method() == "HEAD" {
        return if aws.keys.contains(&key) {
            [("etag", "\"e\""), ("content-length", "1"), ("last-modified", "Tue, 05 Apr 2016 17:59:11 GMT")]
                .into_response()
        } else {
            StatusCode::NOT_FOUND.into_response()
        };
    }
    let prefix = request.uri().query().unwrap().split('&').find_map(|pair| pair.strip_prefix("prefix=")).unwrap();
    let prefix = reelspan_engine::fragment::uri::decode(prefix).unwrap().into_owned();
    let found = aws.keys.iter().filter(|key| key.starts_with(&prefix));
    let found: Vec<_> = found.map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
    let found = found.concat();
    format!("<ListBucketResult><IsTruncated>false</IsTruncated>{found}</ListBucketResult>").into_response()
}

/// The end of an interval of this many minutes that begins now.
pub fn in_minutes(minutes: i64) -> i64 {
    now() + minutes * 60
}
