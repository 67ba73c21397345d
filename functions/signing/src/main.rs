//! The signing function on Lambda.

use reelspan::{telemetry, user::TIME_TO_LIVE};
use reelspan_rest::authentication;
use reelspan_signing::{Signing, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let who = authentication::layer(authentication::from_env(TIME_TO_LIVE).await?);
    lambda::run(Signing::from_env().await?.router().layer(who)).await
}
