//! The indexer as a Lambda function: see the library.

use reelspan::telemetry;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    telemetry::init();
    reelspan_indexer::lambda::run().await
}
