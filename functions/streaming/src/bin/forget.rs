//! The function that tells the edges which files were replaced or deleted, on Lambda.

use reelspan::telemetry;
use reelspan_streaming::lambda::forget;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    forget::run().await
}
