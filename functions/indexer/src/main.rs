//! The indexer as a Lambda function: see the library.

// Its futures are nested more deeply than the compiler's default limit.
#![recursion_limit = "256"]

use reelspan::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    reelspan_indexer::lambda::run().await
}
