//! The pages that `make web` builds, embedded into the program that serves them.
//!
//! | path | what it is |
//! | --- | --- |
//! | `/console/` | the console, to which `/` leads |
//! | `/player/?src=…` | a page with one player, for a link or a frame |
//! | `/oembed?url=…` | what other sites ask for to embed it (oEmbed) |
//! | `/openapi.json` | the HTTP interface of the server as `OpenAPI` |
//! | `/player/reelspan-player.js` | the player for pages of other sites: one file |
//! | `/player/bundle.zip` | the player with example pages, for any static server |
//! | `/player/assets/…` | what the page loads; the names contain a hash, so that they never change |
//!
//! Without `web/dist` at build time, every page says that the pages were not built.
//!
//! Ask how to embed a film:
//!
//! ```
//! use axum::body::{Body, to_bytes};
//! use http::{Request, header::HOST};
//! # use reelspan::space::{SpaceId, record::Space, streaming::{Streaming, StreamingKind}};
//! # use reelspan::store::{CONTAINER_INDEX, SPACES, Stores, create_tables};
//! # use reelspan::streaming::Hosts;
//! # use reelspan_testkit::aws::{MemoryBucket, ObjectContent, NAME, database};
//! use reelspan_web::{MediaCatalogue, PlayerPages, router};
//! use tower::ServiceExt;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let (bucket, tables) = (MemoryBucket::default(), database().await);
//! # create_tables(&tables).await?;
//! # let stores = Stores::new(bucket.config(), tables, NAME, CONTAINER_INDEX.name);
//! bucket.put("films/talk.mp4", "an etag", ObjectContent::Zeros(1));
//! let spaces = stores.spaces(SPACES.name);
//! let streaming = Some(Streaming::new(StreamingKind::Open, Vec::new()));
//! spaces.create(&Space { streaming, ..Space::new(SpaceId::parse("films")?, None, 0) }).await?;
//! let hosts = Hosts::new("open.example", "secure.example");
//! let pages = PlayerPages { catalogue: Some(MediaCatalogue { stores, spaces, hosts }), ..PlayerPages::default() };
//!
//! let request = Request::get("/oembed?url=http://media.example/media/films/talk.mp4").header(HOST, "media.example");
//! let response = router(pages).oneshot(request.body(Body::empty())?).await?;
//! let embedded: serde_json::Value = serde_json::from_slice(&to_bytes(response.into_body(), 10_000).await?)?;
//! assert_eq!(embedded["title"], "talk.mp4");
//! assert!(embedded["html"].as_str().is_some_and(|html| html.starts_with("<iframe")));
//! # Ok(())
//! # }
//! ```

mod assets;
pub mod catalogue;
pub mod console;
pub mod lambda;
mod markup;
mod oembed;
mod openapi;
mod player;

pub use assets::{Asset, find};
pub use catalogue::MediaCatalogue;
pub use player::{PlayerPages, ViewedAt};

use std::sync::Arc;

use axum::{Router, routing::get};

/// The routes of `/player/`, `/oembed` and `/openapi.json`.
pub fn router(pages: PlayerPages) -> Router {
    player::routes()
        .route("/oembed", get(oembed::oembed))
        .route("/openapi.json", get(openapi::openapi))
        .with_state(Arc::new(pages))
}
