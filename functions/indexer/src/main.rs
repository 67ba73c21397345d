//! The indexer on Lambda.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use reelspan::{store::Stores, telemetry};
use reelspan_indexer::{S3Event, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::init();
    let stores = &Stores::from_env().await?;
    let indexer = |event: LambdaEvent<S3Event>| async { handle(stores, event.payload).await.map_err(Error::from) };
    lambda_runtime::run(service_fn(indexer)).await
}
