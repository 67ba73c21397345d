//! The indexer as a Lambda function: see the library.

// Its futures are nested more deeply than the compiler looks unless told.
#![recursion_limit = "256"]

use lambda_runtime::{LambdaEvent, service_fn};
use reelspan::{store::Stores, telemetry};
use reelspan_indexer::{S3Event, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let stores = Stores::from_env().await?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<S3Event>| {
        handle(&stores, event.payload).await.map_err(lambda_runtime::Error::from)
    }))
    .await
}
