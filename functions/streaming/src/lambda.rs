//! The routes as a Lambda function behind an HTTP API, what it tells itself to look after, and what a queue tells it to have
//! forgotten.

use std::env;
use std::time::{Duration, Instant, SystemTime};

use aws_sdk_lambda::Client;
use axum::Router;
use lambda_http::LambdaEvent;
use lambda_http::tower::ServiceBuilder;
use lambda_runtime::{Context, service_fn};
use reelspan::distribution::{Distributions, Hosts, Installation, SigningSecret};
use reelspan::space::SpaceId;
use reelspan::store::{self, Stores};
use reelspan_gateway::{answer, observed, with_own_origins};
use reelspan_rest::{Error, Invoker, TendEvent};
use serde_json::value::RawValue;

use crate::forget::Batch;
use crate::tend::Progress;
use crate::{Pace, Streams, Work};

/// How long before its end an invocation hands over to the next.
const RESERVE: Duration = Duration::from_secs(20);

impl Streams {
    /// What the function's environment names: `SPACES_TABLE`, `SIGNING_SECRET`, what [`Stores::from_env`] and
    /// [`Installation::from_env`] read, and `AWS_LAMBDA_FUNCTION_NAME`, by which the function invokes itself.
    pub async fn from_env() -> Result<Self, lambda_http::Error> {
        let variable = |name| env::var(name).map_err(|_| format!("the environment variable {name} is not set"));
        let (table, secret) = (variable("SPACES_TABLE")?, variable("SIGNING_SECRET")?);
        let (function, settings) = (variable("AWS_LAMBDA_FUNCTION_NAME")?, Installation::from_env()?);
        let config = store::aws().await;
        Ok(Self {
            table: Stores::from_env().await?.spaces(table),
            distributions: Distributions::new(aws_sdk_cloudfront::config::Builder::from(config), settings),
            secret: SigningSecret::new(aws_sdk_secretsmanager::config::Builder::from(config), secret),
            hosts: Hosts::from_env(),
            work: Work::Lambda(Invoker { client: Client::new(config), function }),
            pace: Pace::default(),
        })
    }
}

/// Answers invocations until the end: events of the HTTP API by these routes, which are those of `streams` with whatever finds
/// out who asks around them.
pub async fn run(streams: Streams, routes: Router) -> Result<(), lambda_http::Error> {
    let app = observed(Router::new().nest("/durastore", routes).fallback(async || Error::NoRoute));
    let http = ServiceBuilder::new().map_request(with_own_origins).service(app);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Box<RawValue>>| {
        let (streams, http) = (streams.clone(), http.clone());
        async move {
            let LambdaEvent { payload, context } = event;
            if let Ok(event) = serde_json::from_str::<TendEvent>(payload.get()) {
                Box::pin(tend(&streams, &event, &context)).await?;
                return Ok::<_, lambda_http::Error>(None);
            }
            if let Ok(batch) = serde_json::from_str::<Batch>(payload.get()) {
                streams.forget(&batch).await?;
                return Ok(None);
            }
            Ok(Some(answer(http, payload.get(), context).await?))
        }
    }))
    .await
}

/// Looks after a distribution for as long as the invocation lasts, and invokes the next where that was not long enough.
async fn tend(streams: &Streams, event: &TendEvent, context: &Context) -> Result<(), lambda_http::Error> {
    let id = SpaceId::parse(&event.tend_streaming)?;
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    let until = Instant::now() + left.saturating_sub(RESERVE);
    if streams.tend(&id, Some(until)).await? == Progress::OutOfTime {
        streams.begin(&id).await?;
    }
    Ok(())
}
