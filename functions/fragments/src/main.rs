//! The fragments function on Lambda.

use reelspan::telemetry;
use reelspan_fragments::{Fragments, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    lambda::run(Fragments::from_env().await?).await
}
