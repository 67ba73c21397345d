//! The indexer as a Lambda function, which invokes itself if an invocation is too short for a file.

use std::env;
use std::time::{Duration, Instant, SystemTime};

use aws_sdk_lambda::Client;
use aws_sdk_lambda::error::DisplayErrorContext;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::InvocationType;
use lambda_runtime::{Context, LambdaEvent, service_fn};
use reelspan::store::{self, Stores};
use reelspan_engine::container::Limit;

use crate::{S3Event, handle_some};

/// How long before its end an invocation hands over to the next: enough to retry reading a chunk a few times, and to
/// store a hundred pages in a throttled table.
const RESERVE: Duration = Duration::from_mins(1);

/// Answers invocations until the process ends. Reads from the environment: the variables of [`Stores::from_env`];
/// `AWS_LAMBDA_FUNCTION_NAME`, to invoke itself; and `REELSPAN_INDEX_BYTES`, the maximum number of bytes of a file that
/// an invocation reads.
pub async fn run() -> Result<(), lambda_runtime::Error> {
    let function = env::var("AWS_LAMBDA_FUNCTION_NAME").map_err(|_| "AWS_LAMBDA_FUNCTION_NAME is not set")?;
    let bytes = env::var("REELSPAN_INDEX_BYTES").ok().map(|bytes| bytes.parse()).transpose()?;
    let stores = Stores::from_env().await?;
    let client = Client::new(store::aws().await);
    lambda_runtime::run(service_fn(async |event: LambdaEvent<S3Event>| {
        let LambdaEvent { payload, context } = event;
        let limit = Limit { bytes, ..until_the_end(&context) };
        let rest = handle_some(&stores, payload, &limit).await?;
        if !rest.records.is_empty() {
            go_on(&client, &function, &rest).await?;
        }
        Ok::<_, lambda_runtime::Error>(())
    }))
    .await
}

/// The limit by the invocation's deadline.
fn until_the_end(context: &Context) -> Limit {
    let left = context.deadline().duration_since(SystemTime::now()).unwrap_or_default();
    Limit { until: Some(Instant::now() + left.saturating_sub(RESERVE)), ..Limit::default() }
}

/// Invokes the function with these events, asynchronously. If that fails, the invocation fails, and is retried.
async fn go_on(client: &Client, function: &str, event: &S3Event) -> Result<(), lambda_runtime::Error> {
    let invoke = client.invoke().function_name(function).invocation_type(InvocationType::Event);
    let invoked = invoke.payload(Blob::new(serde_json::to_vec(event)?)).send().await;
    invoked.map(drop).map_err(|error| format!("Lambda: {}", DisplayErrorContext(error)).into())
}
