//! The function that turns streaming on and off.
//!
//! The stack has two distributions, for open and for secure spaces, and a key-value store at the edges that says which spaces
//! stream. Turning streaming on is a conditional write in the table of spaces, and a put into that store. The table is the
//! truth: what narrows access is written to the store first, what widens it to the table first.
//!
//! | file | content |
//! | --- | --- |
//! | `routes`, `task` | the tasks of the REST API, and who may call them |
//! | `change` | turns streaming on and off |
//! | `settle` | brings the edges to what the table says |
//! | [`edges`] | the key-value store: CloudFront's, and one in memory |
//! | [`keys`] | the key that signs, and those that the edges trust |
//! | `lambda` | the functions on Lambda |
//!
//! Turn the streaming of a space on:
//!
//! ```
//! # use std::sync::Arc;
//! use reelspan::space::{SpaceId, record::Space, streaming::StreamingKind};
//! use reelspan::store::{DynamoDb, SPACES, SpacesTable, create_tables};
//! use reelspan::streaming::{Hosts, SecretsManager, SigningSecret};
//! use reelspan_streaming::edges::MemoryStore;
//! use reelspan_streaming::keys::{LocalKeys, SigningKeys};
//! use reelspan_streaming::{PAUSE, Streams};
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let tables = reelspan_testkit::aws::database().await;
//! # create_tables(&tables).await?;
//! # let table = SpacesTable::new(Arc::new(DynamoDb::new(tables)), SPACES.name);
//! # let config = aws_sdk_secretsmanager::config::Builder::new();
//! # let config = config.behavior_version(aws_sdk_secretsmanager::config::BehaviorVersion::latest());
//! # let secret = SigningSecret::new(SecretsManager::new(config, "signing"));
//! let films = SpaceId::parse("films")?;
//! table.create(&Space::new(films.clone(), None, 0)).await?;
//!
//! let edges = Arc::new(MemoryStore::default());
//! let keys = SigningKeys::new(LocalKeys, secret);
//! let hosts = Hosts::new("open.example", "secure.example");
//! let streams = Streams { table, edges: edges.clone(), keys, hosts, pause: PAUSE };
//! assert_eq!(streams.on(&films, StreamingKind::Open, None).await?, "open.example/films");
//!
//! let entry = edges.entry("films").ok_or("the edges do not know the space")?;
//! assert_eq!(entry.kind, StreamingKind::Open);
//! # Ok(())
//! # }
//! ```

mod change;
pub mod edges;
pub mod error;
pub mod keys;
#[cfg(feature = "lambda")]
pub mod lambda;
mod routes;
mod settle;
mod task;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::extract::State;
use reelspan::space::SpaceId;
use reelspan::store::SpacesTable;
use reelspan::streaming::Hosts;
use reelspan_rest::{EndStreaming, RestError};

pub use error::EdgeError;

use self::edges::KeyValueStore;
use self::keys::SigningKeys;

/// The pause between two attempts to change a store that other callers change; it grows with each attempt.
pub const PAUSE: Duration = Duration::from_millis(50);

/// What the tasks need.
#[derive(Clone, Debug)]
pub struct Streams {
    /// The spaces.
    pub table: SpacesTable,
    /// What the edges know of them.
    pub edges: Arc<dyn KeyValueStore>,
    /// The signing keys.
    pub keys: SigningKeys,
    /// Where viewers reach what is streamed.
    pub hosts: Hosts,
    /// The pause between two attempts: [`PAUSE`].
    pub pause: Duration,
}

/// The state of the handlers.
type StreamsState = State<Arc<Streams>>;

impl Streams {
    /// The routes, to be merged with the other routes under `/durastore`, inside a layer that authenticates callers.
    pub fn router(self) -> axum::Router {
        routes::table(self)
    }
}

#[async_trait]
impl EndStreaming for Streams {
    async fn end_streaming(&self, id: &SpaceId) -> Result<(), RestError> {
        self.end(id).await
    }
}
