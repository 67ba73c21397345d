//! DynamoDB on one machine: `dynoxide` behind a port of its own on loopback, its tables in one SQLite file.

use std::{net::SocketAddr, path::Path, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType, TableStatus},
};
use dynoxide::Database;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::Error;

/// The tables, each with its partition key and, where it has one, its sort key: all are strings.
const TABLES: [(&str, &str, Option<&str>); 2] = [("ContainerIndex", "media", Some("page")), ("Spaces", "space", None)];

/// A running server.
#[derive(Debug)]
pub struct DynamoDb {
    at: SocketAddr,
    server: JoinHandle<Result<(), String>>,
}

impl DynamoDb {
    /// Opens the tables of a file, or makes it, and serves them on loopback until `stop`.
    pub async fn start(file: &Path, stop: CancellationToken) -> Result<Self, Error> {
        let name = file.to_str().ok_or_else(|| Error::Setup(format!("{}: not UTF-8", file.display())))?;
        let database = Database::new(name).map_err(Error::failed(name))?;
        // SQLite waits for the disk at every write unless told otherwise. dynoxide offers that under the name of leaving its
        // bulk mode: write-ahead log with synchronous = NORMAL, which a crash of the process cannot hurt.
        database.disable_bulk_loading().map_err(Error::failed(name))?;

        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(Error::failed("a port for DynamoDB"))?;
        let at = listener.local_addr().map_err(Error::failed("a port for DynamoDB"))?;
        let stopped = stop.cancelled_owned();
        let server = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, stopped));
        Ok(Self { at, server })
    }

    /// Where it answers.
    #[must_use]
    pub const fn at(&self) -> SocketAddr {
        self.at
    }

    /// Waits until it has stopped, with everything written, or until `patience` is at its end.
    pub async fn stopped(self, patience: Duration) {
        match tokio::time::timeout(patience, self.server).await {
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => tracing::error!(error, "DynamoDB ended with an error"),
            Ok(Err(error)) => tracing::error!(%error, "DynamoDB panicked"),
            Err(_) => tracing::warn!("requests to DynamoDB were still running and were dropped"),
        }
    }
}

/// Makes the tables that are not there yet.
pub async fn ensure_tables(client: &Client) -> Result<(), Error> {
    let listed = client.list_tables().send().await;
    let listed =
        listed.map_err(|error| Error::Failed(format!("listing the tables: {}", error.into_service_error())))?;
    let missing = TABLES.into_iter().filter(|(table, ..)| !listed.table_names().iter().any(|name| name == table));
    for (table, partition, sort) in missing {
        let keys = [(Some(partition), KeyType::Hash), (sort, KeyType::Range)];
        let mut create = client.create_table().table_name(table).billing_mode(BillingMode::PayPerRequest);
        for (name, kind) in keys.into_iter().filter_map(|(name, kind)| Some((name?, kind))) {
            let about = Error::failed("a table's key");
            let key = KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
            let attribute = AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S);
            let (key, attribute) = key.and_then(|key| Ok((key, attribute.build()?))).map_err(about)?;
            create = create.key_schema(key).attribute_definitions(attribute);
        }
        let created = create.send().await;
        created.map_err(|error| Error::Failed(format!("making the table {table}: {}", error.into_service_error())))?;
    }
    Ok(())
}
