//! The stores, against a bucket in memory and an embedded DynamoDB; and signatures, against OpenSSL. One program, so that the SDKs
//! are linked once.
#![allow(
    clippy::unwrap_used,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::missing_panics_doc,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod first_admin;
mod index;
mod limits;
mod media;
mod openssl;
mod sessions;
mod spaces;
mod stingy;
mod users;

use reelspan::store::{CONTAINER_INDEX, Stores, create_tables};
use reelspan_testkit::aws::{MemoryBucket, NAME, database};

/// An empty bucket and an empty database.
async fn empty_stores() -> (MemoryBucket, Stores) {
    let bucket = MemoryBucket::default();
    let database = database().await;
    create_tables(&database).await.unwrap();
    let stores = Stores::new(bucket.config(), database, NAME, CONTAINER_INDEX.name);
    (bucket, stores)
}
