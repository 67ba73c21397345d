//! DynamoDB on one machine: `dynoxide`, with its tables in one SQLite file. Its operations are called in this process.
//! It listens on no port, because its HTTP server verifies no signature and lets every web page read its answers.

use std::{
    fs::{OpenOptions, Permissions},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use aws_sdk_dynamodb::config::http::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::{
    client::{http::SharedHttpClient, result::ConnectorError},
    http::StatusCode,
};
use aws_smithy_types::body::SdkBody;
use dynoxide::{Database, DynoxideError};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, in_process};

/// The beginning of a request's `X-Amz-Target`, before the name of the operation.
const TARGET: &str = "DynamoDB_20120810.";

/// The tables of a data folder. Clones share them.
#[derive(Clone)]
pub struct DynamoDb {
    database: Database,
}

impl DynamoDb {
    /// Opens the tables of a file, or creates the file. Other processes may have it open too.
    pub fn open(file: &Path) -> Result<Self, Error> {
        let name = file.to_str().ok_or_else(|| Error::Setup(format!("{}: not UTF-8", file.display())))?;
        // The file holds password hashes. SQLite creates its other files with the same permissions.
        let mut private = OpenOptions::new();
        let opened = private.create(true).append(true).mode(0o600).open(file).map_err(Error::failed(name))?;
        // An older file may be open to others. If it belongs to another user, its permissions are left alone.
        let _ = opened.set_permissions(Permissions::from_mode(0o600));
        // SQLite's locks belong to the process, and end when it closes any descriptor of the file: close this one first.
        drop(opened);
        let database = Database::new(name).map_err(Error::failed(name))?;
        // SQLite waits for the disk at every write by default. dynoxide's way to change that is to leave its bulk mode:
        // write-ahead log with synchronous = NORMAL, which survives a crash of the process.
        database.disable_bulk_loading().map_err(Error::failed(name))?;
        Ok(Self { database })
    }

    /// An HTTP client for the SDK that calls the tables in this process. It checks no signature: its holder may do
    /// everything.
    #[must_use]
    pub fn client(&self) -> SharedHttpClient {
        let tables = self.clone();
        in_process::client("DynamoDB", move |request| {
            let answer = tables.call(&request);
            async move { answer }
        })
    }

    /// Performs an operation: `target` is the request's `X-Amz-Target` (*DynamoDB Developer Guide*, DynamoDB low-level
    /// API), `body` its JSON. Returns the status and the JSON of the answer.
    ///
    /// It runs on the calling thread, usually for some tens of microseconds.
    #[must_use]
    pub fn answer(&self, target: &str, body: &[u8]) -> (u16, String) {
        let operation = target.strip_prefix(TARGET).unwrap_or_default();
        match self.perform(operation, body) {
            Ok(answer) => (200, answer),
            Err(error) => {
                tracing::debug!(operation, %error, "DynamoDB refused an operation");
                (error.status_code(), error.to_json())
            }
        }
    }

    fn call(&self, request: &HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let body = request.body().bytes().ok_or_else(|| ConnectorError::user("the body is a stream".into()))?;
        let (status, answer) = self.answer(request.headers().get("x-amz-target").unwrap_or_default(), body);
        let status = StatusCode::try_from(status).map_err(|error| ConnectorError::other(error.into(), None))?;
        let mut response = HttpResponse::new(status, SdkBody::from(answer));
        response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
        Ok(response)
    }

    /// All supported operations.
    fn perform(&self, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
        let to = &self.database;
        match operation {
            "CreateTable" => json(body, |request| to.create_table(request)),
            "DeleteTable" => json(body, |request| to.delete_table(request)),
            "DescribeTable" => json(body, |request| to.describe_table(request)),
            "ListTables" => json(body, |request| to.list_tables(request)),
            "UpdateTable" => json(body, |request| to.update_table(request)),
            "DescribeTimeToLive" => json(body, |request| to.describe_time_to_live(request)),
            "UpdateTimeToLive" => json(body, |request| to.update_time_to_live(request)),
            "GetItem" => json(body, |request| to.get_item(request)),
            "PutItem" => json(body, |request| to.put_item(request)),
            "UpdateItem" => json(body, |request| to.update_item(request)),
            "DeleteItem" => json(body, |request| to.delete_item(request)),
            "Query" => json(body, |request| to.query(request)),
            "Scan" => json(body, |request| to.scan(request)),
            "BatchGetItem" => json(body, |request| to.batch_get_item(request)),
            "BatchWriteItem" => json(body, |request| to.batch_write_item(request)),
            "TransactGetItems" => json(body, |request| to.transact_get_items(request)),
            "TransactWriteItems" => json(body, |request| to.transact_write_items(request)),
            _ => Err(DynoxideError::ValidationException(format!("the operation {operation:?} is not supported"))),
        }
    }
}

/// Parses a request, performs it, and writes the answer.
fn json<Q, A>(body: &[u8], perform: impl FnOnce(Q) -> Result<A, DynoxideError>) -> Result<String, DynoxideError>
where
    Q: DeserializeOwned,
    A: Serialize,
{
    let request =
        serde_json::from_slice(body).map_err(|error| DynoxideError::SerializationException(error.to_string()))?;
    let answer = perform(request)?;
    serde_json::to_string(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

impl std::fmt::Debug for DynamoDb {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("DynamoDb").finish_non_exhaustive()
    }
}
