//! The tasks behind an HTTP API, and what else the function is invoked for: ending the streaming of a deleted space, and the
//! hourly look at whether the edges agree with the table.

use std::sync::Arc;

use axum::Router;
use lambda_http::LambdaEvent;
use lambda_http::tower::ServiceBuilder;
use lambda_runtime::service_fn;
use reelspan::space::SpaceId;
use reelspan::store::{self, Stores};
use reelspan::streaming::Hosts;
use reelspan_gateway::{answer, observed, with_own_origins};
use reelspan_rest::{EndStreamingEvent, RestError};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{signing_keys, variable};
use crate::edges::CloudFrontStore;
use crate::{PAUSE, Streams};

/// The event of the hourly schedule.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReconcileEvent {
    reconcile: bool,
}

/// Reads the function's environment: `SPACES_TABLE`, `KEY_VALUE_STORE` (its ARN), `OPEN_HOST`, `SECURE_HOST`,
/// `SIGNING_SECRET`, `STREAMING_NAME`, `SECURE_DISTRIBUTION`, and the variables of [`Stores::from_env`].
pub async fn from_env() -> Result<Streams, lambda_http::Error> {
    let (table, arn) = (variable("SPACES_TABLE")?, variable("KEY_VALUE_STORE")?);
    let config = aws_sdk_cloudfrontkeyvaluestore::config::Builder::from(store::aws().await);
    Ok(Streams {
        table: Stores::from_env().await?.spaces(table),
        edges: Arc::new(CloudFrontStore::new(config, arn)),
        keys: signing_keys().await?,
        hosts: Hosts::from_env().ok_or("the environment variables OPEN_HOST and SECURE_HOST are not set")?,
        pause: PAUSE,
    })
}

/// Answers invocations until the process ends. `routes` are those of `streams`, inside a layer that authenticates callers.
pub async fn run(streams: Streams, routes: Router) -> Result<(), lambda_http::Error> {
    let app = observed(Router::new().nest("/durastore", routes).fallback(async || RestError::NoRoute));
    let http = ServiceBuilder::new().map_request(with_own_origins).service(app);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let (streams, http) = (streams.clone(), http.clone());
        async move {
            let LambdaEvent { payload, context } = event;
            if let Ok(event) = serde_json::from_str::<EndStreamingEvent>(payload.get()) {
                streams.end(&SpaceId::parse(&event.end_streaming)?).await?;
                return Ok::<_, lambda_http::Error>(None);
            }
            if let Ok(ReconcileEvent { reconcile: true }) = serde_json::from_str(payload.get()) {
                let changed = streams.reconcile().await?;
                if changed > 0 {
                    tracing::warn!(changed, "the edges did not agree with the table, and do now");
                }
                return Ok(None);
            }
            Ok(Some(answer(http, payload.get(), context).await?))
        }
    }))
    .await
}
