//! The function that signs: URLs of what is streamed, and URLs that set cookies. Its tasks are DuraCloud's, under
//! `/durastore/task`.
//!
//! A user who may read a space may ask for them: they could read the same contents without. To whom they give a URL is their own
//! decision.
//!
//! | file | |
//! | --- | --- |
//! | `routes` | sends requests to what they are for |
//! | `task` | `get-url`, `get-signed-url`, `get-signed-cookies-url`, and what they are told |
//! | `find` | finds the stored file of a name without its extension |
//! | `excerpt` | reads the part of a file that a URL is for |
//! | `keyring` | holds the key that signs |
//! | `token`, `cookies` | the token in a URL that sets cookies, and the answer to that URL |
//! | `redirect` | where such a URL may send the browser |
//! | `audit` | notes for the audit trail what was signed |
//! | `lambda` | all of that as a Lambda function |
//!
//! Ask for the URL of a film. Its space is open, so the URL needs no signature:
//!
//! ```
//! use axum::body::{Body, to_bytes};
//! use http::Request;
//! # use reelspan::space::{SpaceId, record::Space, streaming::{Streaming, StreamingKind}};
//! # use reelspan::store::{CONTAINER_INDEX, SPACES, Stores, create_tables};
//! use reelspan::streaming::{Hosts, SecretsManager, SigningSecret};
//! use reelspan::user::{Identity, Role};
//! use reelspan_signing::{Keyring, Signing};
//! # use reelspan_testkit::aws::{MemoryBucket, ObjectContent, NAME, database};
//! use tower::ServiceExt;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (bucket, tables) = (MemoryBucket::default(), database().await);
//! # create_tables(&tables).await?;
//! # let stores = Stores::new(bucket.config(), tables, NAME, CONTAINER_INDEX.name);
//! # let config = aws_sdk_secretsmanager::config::Builder::new();
//! # let config = config.behavior_version(aws_sdk_secretsmanager::config::BehaviorVersion::latest());
//! # let secret = SigningSecret::new(SecretsManager::new(config, "signing"));
//! bucket.put("films/a talk.mp4", "an etag", ObjectContent::Zeros(1));
//! let table = stores.spaces(SPACES.name);
//! let streaming = Some(Streaming::new(StreamingKind::Open, Vec::new()));
//! table.create(&Space { streaming, ..Space::new(SpaceId::parse("films")?, None, 0) }).await?;
//! let hosts = Hosts::new("open.example", "secure.example");
//! let signing = Signing { stores, table, keyring: Keyring::new(secret), hosts };
//!
//! let alice = Identity { name: "alice".to_owned(), role: Role::Admin, groups: Vec::new() };
//! let body = Body::from(r#"{"spaceId": "films", "contentId": "a talk.mp4"}"#);
//! let request = Request::post("/task/get-url").extension(Some(alice)).body(body)?;
//! let response = signing.router().oneshot(request).await?;
//! let said = String::from_utf8(to_bytes(response.into_body(), 1000).await?.to_vec())?;
//! assert!(said.contains("https://open.example/films/a%20talk.mp4"), "{said}");
//! # Ok(())
//! # }
//! ```

mod audit;
mod cookies;
mod excerpt;
mod find;
pub mod keyring;
pub mod lambda;
mod redirect;
mod routes;
mod task;
mod token;

use std::sync::Arc;

use axum::extract::State;
use reelspan::space::record::Space;
use reelspan::space::streaming::{Streaming, StreamingKind, StreamingStatus};
use reelspan::store::{SpacesTable, Stores};
use reelspan::streaming::Hosts;

pub use keyring::Keyring;
use reelspan_rest::{RestError, Who};

/// What the routes stand on.
#[derive(Clone, Debug)]
pub struct Signing {
    /// The media, and the index of it.
    pub stores: Stores,
    /// The spaces.
    pub table: SpacesTable,
    /// The key that signs.
    pub keyring: Keyring,
    /// Where viewers reach what is streamed.
    pub hosts: Hosts,
}

/// What sets cookies.
#[derive(Clone, Debug)]
pub struct CookieSetter {
    /// The spaces.
    pub table: SpacesTable,
    /// The key that signs.
    pub keyring: Keyring,
}

impl CookieSetter {
    /// `/~/cookies`, at the host of secure spaces. It does not authenticate callers: the token in the URL is enough.
    pub fn router(self) -> axum::Router {
        routes::cookies(Arc::new(self))
    }
}

/// The state of the handlers.
type SigningState = State<Arc<Signing>>;

impl Signing {
    /// The tasks, to be merged with the other routes under `/durastore`; who asks has to be found out around them.
    pub fn router(self) -> axum::Router {
        routes::tasks(Arc::new(self))
    }

    /// The base of the URLs of a space that streams to these; what is wrong where it does not.
    fn base(&self, space: &Space, kind: StreamingKind) -> Result<String, RestError> {
        let id = &space.id;
        let Some(streaming) = on(space) else {
            return Err(RestError::Bad(format!("Streaming is off in space {id}: enable-streaming turns it on")));
        };
        match (kind, streaming.kind) {
            (StreamingKind::Open, StreamingKind::Secure) => {
                Err(RestError::Bad(format!("Space {id} streams to signed URLs only: get-signed-url gives one")))
            }
            (StreamingKind::Secure, StreamingKind::Open) => Err(RestError::Bad(format!(
                "Space {id} streams to anybody: get-url gives the URL, and it needs no signature"
            ))),
            _ => Ok(self.hosts.base(id, streaming)),
        }
    }
}

/// The streaming of a space, if it is on.
fn on(space: &Space) -> Option<&Streaming> {
    space.streaming.as_ref().filter(|streaming| streaming.status == StreamingStatus::On)
}
