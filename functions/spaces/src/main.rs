//! The spaces function on Lambda.

use reelspan::{telemetry, user::TIME_TO_LIVE};
use reelspan_rest::authentication;
use reelspan_spaces::{Spaces, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let who = authentication::layer(authentication::from_env(TIME_TO_LIVE).await?);
    let spaces = Spaces::from_env().await?;
    lambda::run(spaces.clone(), spaces.router().layer(who)).await
}
