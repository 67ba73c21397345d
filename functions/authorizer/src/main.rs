//! The authorizer as a Lambda function: see the library.

use lambda_runtime::{LambdaEvent, service_fn};
use reelspan::{telemetry, user::TIME_TO_LIVE};
use reelspan_authorizer::{AuthorizerEvent, authorize};
use reelspan_rest::authentication::with_sessions_from_env;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    let (authenticator, sessions) = with_sessions_from_env(TIME_TO_LIVE).await?;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<AuthorizerEvent>| {
        Ok::<_, lambda_runtime::Error>(authorize(&authenticator, &sessions, event.payload).await)
    }))
    .await
}
