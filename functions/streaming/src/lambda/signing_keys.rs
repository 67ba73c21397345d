//! The custom resource that makes the signing key and its key group at deployment, and deletes them with the stack (*AWS
//! CloudFormation User Guide*, "Custom resource reference"). A key group in the template would be reset by each deployment
//! after a rotation.
//!
//! CloudFormation waits for the answer at a presigned URL. The answer to a repeated event is the same.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::Full;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use lambda_http::LambdaEvent;
use lambda_runtime::service_fn;
use reelspan::store::{SpacesTable, Stores};
use serde::{Deserialize, Serialize};

use super::{signing_keys, variable};
use crate::keys::SigningKeys;

/// How long to wait for the answer's recipient.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often the answer is sent.
const ATTEMPTS: u32 = 5;

/// The longest reason that an answer gives, in bytes: the whole answer may have 4096.
const LONGEST: usize = 1000;

/// What CloudFormation asks for.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CustomResourceEvent {
    request_type: RequestType,
    #[serde(rename = "ResponseURL")]
    response_url: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
    physical_resource_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum RequestType {
    Create,
    Update,
    Delete,
}

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct CustomResourceAnswer {
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    physical_resource_id: String,
    stack_id: String,
    request_id: String,
    logical_resource_id: String,
    data: CustomResourceData,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct CustomResourceData {
    #[serde(skip_serializing_if = "Option::is_none")]
    key_group: Option<String>,
}

/// Answers invocations until the process ends.
pub async fn run() -> Result<(), lambda_http::Error> {
    let table = Stores::from_env().await?.spaces(variable("SPACES_TABLE")?);
    let keys = signing_keys().await?;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<CustomResourceEvent>| {
        let (table, keys) = (table.clone(), keys.clone());
        async move {
            let answer = handle(&table, &keys, &event.payload).await;
            send(&event.payload.response_url, &answer).await
        }
    }))
    .await
}

/// Does what CloudFormation asks for. An error becomes an answer too: without one, CloudFormation would wait for an hour.
async fn handle(table: &SpacesTable, keys: &SigningKeys, event: &CustomResourceEvent) -> CustomResourceAnswer {
    let done = match event.request_type {
        RequestType::Create | RequestType::Update => keys.ensure(table).await.map(Some),
        RequestType::Delete => keys.delete().await.map(|()| None),
    };
    if let Err(error) = &done {
        tracing::error!(?event.request_type, %error, "the signing key");
    }
    let (key_group, reason) = match done {
        Ok(group) => (group, None),
        Err(error) => (None, Some(error.to_string())),
    };
    CustomResourceAnswer {
        status: if reason.is_none() { "SUCCESS" } else { "FAILED" },
        reason: reason.map(|reason| reason.chars().take(LONGEST).collect()),
        // The same for all updates: another id would make CloudFormation delete the resource.
        physical_resource_id: event.physical_resource_id.clone().unwrap_or_else(|| "signing-keys".to_owned()),
        stack_id: event.stack_id.clone(),
        request_id: event.request_id.clone(),
        logical_resource_id: event.logical_resource_id.clone(),
        data: CustomResourceData { key_group },
    }
}

/// Sends the answer to a presigned URL of S3.
async fn send(url: &str, answer: &CustomResourceAnswer) -> Result<(), lambda_http::Error> {
    let (uri, body) = (url.parse::<Uri>()?, Bytes::from(serde_json::to_vec(answer)?));
    let tls = HttpsConnectorBuilder::new().with_native_roots()?.https_or_http().enable_http1().build();
    let client = Client::builder(TokioExecutor::new()).build(tls);
    let mut failed = String::new();
    for attempt in 0..ATTEMPTS {
        tokio::time::sleep(Duration::from_secs(u64::from(attempt))).await;
        // Without a Content-Type, which the URL's signature does not have.
        let request = Request::put(uri.clone()).body(Full::new(body.clone()))?;
        failed = match tokio::time::timeout(PATIENCE, client.request(request)).await {
            Ok(Ok(response)) if response.status().is_success() => return Ok(()),
            Ok(Ok(response)) => format!("status {}", response.status()),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
    }
    Err(format!("CloudFormation did not take the answer: {failed}").into())
}
