//! The routes as a Lambda function behind an HTTP API, and the deletions that it tells itself to do.

use std::env;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use lambda_http::LambdaEvent;
use lambda_http::tower::ServiceBuilder;
use lambda_runtime::{Context, service_fn};
use reelspan::space::SpaceId;
use reelspan::store::{self, Quotas, Stores};
use reelspan::streaming::Hosts;
use reelspan_gateway::{answer, observed, with_own_origins};
use reelspan_rest::{EndStreaming, Invoker};
use serde_json::value::RawValue;

use crate::deletion::{DeletionEvent, DeletionProgress};
use crate::{Carrier, Deletions, Spaces};

/// How long before its end an invocation hands over to the next.
const RESERVE: Duration = Duration::from_secs(20);

impl Spaces {
    /// What the function's environment names: `SPACES_TABLE`, what [`Stores::from_env`] and [`Hosts::from_env`] read,
    /// `AWS_LAMBDA_FUNCTION_NAME`, by which the function invokes itself, and `STREAMING_FUNCTION`, which ends streaming.
    pub async fn from_env() -> Result<Self, lambda_http::Error> {
        let variable = |name| env::var(name).map_err(|_| format!("the environment variable {name} is not set"));
        let (table, function) = (variable("SPACES_TABLE")?, variable("AWS_LAMBDA_FUNCTION_NAME")?);
        let stores = Stores::from_env().await?;
        let client = aws_sdk_lambda::Client::new(store::aws().await);
        let streams = variable("STREAMING_FUNCTION").ok();
        let streams =
            streams.map(|function| Arc::new(Invoker { client: client.clone(), function }) as Arc<dyn EndStreaming>);
        let deletions = Deletions::Lambda(Invoker { client, function });
        let hosts = Hosts::from_env().ok_or("the environment variables OPEN_HOST and SECURE_HOST are not set")?;
        let table = stores.spaces(table);
        let quotas = Quotas::new(stores.index.clone(), table.clone());
        Ok(Self { table, stores, quotas, carrier: Carrier::Gateway, deletions, hosts, streams })
    }
}

/// Answers invocations until the end: events of the HTTP API by these routes, which are those of `spaces` with whatever finds
/// out who asks around them.
pub async fn run(spaces: Spaces, routes: Router) -> Result<(), lambda_http::Error> {
    let app = observed(Router::new().nest("/durastore", routes));
    let http = ServiceBuilder::new().map_request(with_own_origins).service(app);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let (spaces, http) = (spaces.clone(), http.clone());
        async move {
            let LambdaEvent { payload, context } = event;
            if let Ok(event) = serde_json::from_str::<DeletionEvent>(payload.get()) {
                delete(&spaces, &event, &context).await?;
                return Ok::<_, lambda_http::Error>(None);
            }
            Ok(Some(answer(http, payload.get(), context).await?))
        }
    }))
    .await
}

/// Deletes for as long as the invocation lasts, and invokes the next where that was not long enough.
async fn delete(spaces: &Spaces, event: &DeletionEvent, context: &Context) -> Result<(), lambda_http::Error> {
    let id = SpaceId::parse(&event.delete_space)?;
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    let until = Instant::now() + left.saturating_sub(RESERVE);
    if spaces.delete_contents(&id, Some(until)).await? == DeletionProgress::OutOfTime {
        spaces.begin_deletion(&id).await?;
    }
    Ok(())
}
