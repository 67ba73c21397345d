//! The function for spaces and their contents: the part of DuraCloud's REST API under `/durastore` that its clients speak.
//!
//! A space is an item of the table `Spaces`, its contents are the objects under `{space}/` of the media bucket. On its way
//! through the files of this crate a request is
//!
//! | file | |
//! | --- | --- |
//! | `routes` | sent to what it is for |
//! | `request` | parsed: who asks, for what, with which properties |
//! | `space`, `content`, `put`, `task`, `upload` | done, once the access list of the space allows it |
//! | `answer` | answered in DuraCloud's form |
//! | `deletion` | and what takes longer than an answer may goes on without one |
//! | `lambda` | all of that as a Lambda function |
//!
//! Who asks, how a request is refused, and the form of tasks are shared with the functions beside this one: `reelspan_rest`.
//!
//! Create a space:
//!
//! ```
//! use axum::body::Body;
//! use http::{Request, StatusCode};
//! use reelspan::store::{CONTAINER_INDEX, Quotas, SPACES, Stores, create_tables};
//! # use reelspan::{space::SpaceId, streaming::Hosts};
//! use reelspan::user::{Identity, Role};
//! use reelspan_spaces::{Carrier, Deletions, Spaces};
//! # use reelspan_testkit::aws::{MemoryBucket, NAME, database};
//! use tower::ServiceExt;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let tables = database().await;
//! # create_tables(&tables).await?;
//! # let stores = Stores::new(MemoryBucket::default().config(), tables, NAME, CONTAINER_INDEX.name);
//! let table = stores.spaces(SPACES.name);
//! let quotas = Quotas::new(stores.index.clone(), table.clone());
//! let hosts = Hosts::new("open.example", "secure.example");
//! let (carrier, deletions) = (Carrier::Stream, Deletions::Here);
//! let spaces = Spaces { stores, table: table.clone(), quotas, carrier, deletions, hosts, streams: None };
//!
//! let alice = Identity { name: "alice".to_owned(), role: Role::Owner, groups: Vec::new() };
//! let request = Request::put("/films").extension(Some(alice)).body(Body::empty())?;
//! assert_eq!(spaces.router().oneshot(request).await?.status(), StatusCode::CREATED);
//! let films = table.get(&SpaceId::parse("films")?).await?.ok_or("no space")?;
//! assert_eq!(films.owner.as_deref(), Some("alice"));
//! # Ok(())
//! # }
//! ```

mod answer;
mod content;
pub mod deletion;
mod json;
#[cfg(feature = "lambda")]
pub mod lambda;
mod put;
mod request;
mod routes;
mod space;
mod task;
mod upload;

use std::sync::Arc;

use axum::extract::State;
pub use deletion::Deletions;
use reelspan_rest::task::said;
use reelspan_rest::{EndStreaming, RestError, Who};

use reelspan::store::{Quotas, SpacesTable, Stores};
use reelspan::streaming::Hosts;

/// What the routes stand on.
#[derive(Clone, Debug)]
pub struct Spaces {
    /// The media.
    pub stores: Stores,
    /// The spaces.
    pub table: SpacesTable,
    /// How much may be stored.
    pub quotas: Quotas,
    /// How bodies come and go.
    pub carrier: Carrier,
    /// How the contents of a deleted space are deleted.
    pub deletions: Deletions,
    /// Where viewers reach streamed spaces.
    pub hosts: Hosts,
    /// Ends the streaming of deleted spaces; `None` if nothing streams.
    pub streams: Option<Arc<dyn EndStreaming>>,
}

/// How the bodies of requests and answers come and go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// As streams: they may have any size.
    Stream,
    /// Whole, through API Gateway and Lambda: larger ones have to go past both.
    Gateway,
}

impl Carrier {
    /// How many bytes a body may have.
    #[must_use]
    pub const fn limit(self) -> u64 {
        match self {
            Self::Stream => u64::MAX,
            Self::Gateway => reelspan_gateway::LARGEST,
        }
    }
}

/// The state of the handlers.
type SpacesState = State<Arc<Spaces>>;

impl Spaces {
    /// The routes, to be nested under `/durastore`.
    pub fn router(self) -> axum::Router {
        routes::table(self)
    }
}
