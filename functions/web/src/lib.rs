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

mod assets;
pub mod catalogue;
pub mod console;
pub mod lambda;
mod markup;
mod oembed;
mod openapi;
mod player;

pub use assets::{Asset, find};
pub use catalogue::Catalogue;
pub use player::{Pages, ViewedAt};

use std::sync::Arc;

use axum::{Router, routing::get};

/// The routes of `/player/`, `/oembed` and `/openapi.json`.
pub fn router(pages: Pages) -> Router {
    player::routes()
        .route("/oembed", get(oembed::oembed))
        .route("/openapi.json", get(openapi::openapi))
        .with_state(Arc::new(pages))
}
