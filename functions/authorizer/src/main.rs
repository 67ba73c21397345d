//! The authorizer as a Lambda function: see the library.

use lambda_runtime::{LambdaEvent, service_fn};
use reelspan::telemetry;
use reelspan_authorizer::{Event, authorize, from_env};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let authenticator = from_env(std::time::Duration::ZERO).await?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Event>| authorize(&authenticator, event.payload).await))
        .await
}
