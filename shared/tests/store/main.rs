//! The stores, against a bucket in memory and an embedded DynamoDB.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod bucket;
mod database;
mod first_admin;
mod index;
mod limits;
mod media;
mod spaces;
mod stingy;
mod users;
