//! The function that serves media: `GET /media/{space}/{content}`, whole or any part of it.
//!
//! A request is one look into the index and one GET from the media bucket, however long the file is; a HEAD, a 304 and an error
//! leave the bucket alone. On its way through the files of this crate it is
//!
//! | file | |
//! | --- | --- |
//! | `request` | parsed: names, fragment, range and conditions, all of them validated |
//! | `routes` | led to the handler of its path |
//! | `admission` | let in, or not: by the streaming of its space, and by a signature |
//! | `serving` | taken from the index to the body |
//! | `resource` | told what it is of: the original, or a cut of it |
//! | `answer` | answered: status, header fields and a splice, decided from values alone |
//! | `delivery` | fitted to what the way back can carry |
//! | `viewers` | whoever stands on that way |
//! | `error` | or refused, with problem details |
//! | `lambda` | and all of that as a Lambda function |
//!
//! Beside it stands [`validate`], which says what a URI means rather than serving it.

mod admission;
pub mod answer;
pub mod delivery;
pub mod error;
pub mod lambda;
pub mod request;
pub mod resource;
mod routes;
mod serving;
pub mod validate;
pub mod viewers;

use std::env;

pub use delivery::Delivery;
pub use error::Error;
use reelspan::budget::Budget;
use reelspan::space::streaming::Hosts;
use reelspan::store::{SpacesTable, Stores};
pub use viewers::Viewers;

/// What the routes stand on.
#[derive(Clone, Debug)]
pub struct Fragments {
    /// The media and the index.
    pub stores: Stores,
    /// The spaces that they are in.
    pub spaces: SpacesTable,
    /// Where a space's media is streamed, and so what signatures are of.
    pub hosts: Hosts,
    /// Who stands between a viewer and here.
    pub viewers: Viewers,
    /// How much an answer can carry.
    pub delivery: Delivery,
    /// How much memory all answers have together.
    pub budget: Budget,
}

/// The environment does not say what is needed.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable SPACES_TABLE is not set")]
pub struct Unset;

impl Fragments {
    /// What the function's environment names: `SPACES_TABLE`, and what [`Stores::from_env`], [`Viewers::from_env`],
    /// [`Delivery::from_env`] and [`Budget::from_env`] read.
    pub async fn from_env() -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let table = env::var("SPACES_TABLE").map_err(|_| Unset)?;
        let stores = Stores::from_env().await?;
        Ok(Self {
            spaces: stores.spaces(table),
            stores,
            hosts: Hosts::from_env(),
            viewers: Viewers::from_env()?,
            delivery: Delivery::from_env()?,
            budget: Budget::from_env(),
        })
    }

    /// The routes.
    pub fn router(self) -> axum::Router {
        routes::table(self)
    }
}
