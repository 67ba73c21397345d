//! The function of the player's pages on Lambda.

use reelspan::telemetry;
use reelspan_web::{Pages, lambda, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    lambda::run(router(Pages::from_env().await?)).await
}
