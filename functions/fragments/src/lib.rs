//! The function that serves media: `GET /media/{space}/{content}`, whole or any part of it.
//!
//! A request is one look into the index and one GET from the media bucket, however long the file is; a HEAD, a 304 and an error
//! leave the bucket alone. On its way through the files of this crate it is
//!
//! | file | |
//! | --- | --- |
//! | `request` | parsed: names, fragment, range and conditions, all of them validated |
//! | `routes` | led to the handler of its path |
//! | `serving` | taken from the index to the body |
//! | `resource` | told what it is of: the original, or a cut of it |
//! | `answer` | answered: status, header fields and a splice, decided from values alone |
//! | `delivery` | fitted to what the way back can carry |
//! | `error` | or refused, with problem details |
//! | `lambda` | and all of that as a Lambda function |
//!
//! Beside it stands [`validate`], which says what a URI means rather than serving it.

pub mod answer;
pub mod delivery;
pub mod error;
pub mod lambda;
pub mod request;
pub mod resource;
mod routes;
mod serving;
pub mod validate;

pub use delivery::Delivery;
pub use error::Error;

use reelspan::store::Stores;

/// What the routes stand on.
#[derive(Clone, Debug)]
pub struct Fragments {
    /// The media and the index.
    pub stores: Stores,
    /// How much an answer can carry.
    pub delivery: Delivery,
}

/// The routes over these stores, for a server that streams.
pub fn router(stores: Stores) -> axum::Router {
    Fragments { stores, delivery: Delivery::Streamed }.router()
}

impl Fragments {
    /// The routes.
    pub fn router(self) -> axum::Router {
        routes::table(self)
    }
}
