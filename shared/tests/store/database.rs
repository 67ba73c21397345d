//! An embedded DynamoDB on its own port, with its tables.

#![allow(dead_code, reason = "several tests use it, each another part")]

use aws_sdk_dynamodb::config::{self as dynamodb, Credentials, Region};
use reelspan::store::{CONTAINER_INDEX, Stores, create_tables, http_client};

use super::bucket::{Bucket, NAME};

/// The configuration of a client with its own database.
pub async fn config() -> dynamodb::Builder {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
    dynamodb::Builder::new()
        .behavior_version(dynamodb::BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(format!("http://{address}"))
        .http_client(http_client())
}

/// A bucket and a database, both empty.
pub async fn stores() -> (Bucket, Stores) {
    let bucket = Bucket::default();
    let stores = Stores::new(bucket.config(), config().await, NAME, CONTAINER_INDEX.name);
    create_tables(stores.index.client()).await.unwrap();
    (bucket, stores)
}
