//! The spaces function on Lambda.

use reelspan::telemetry;
use reelspan_spaces::{Spaces, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let spaces = Spaces::from_env().await?;
    lambda::run(spaces.clone(), spaces.router()).await
}
