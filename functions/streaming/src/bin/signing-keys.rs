//! The custom resource that makes the signing key, on Lambda.

use reelspan::telemetry;
use reelspan_streaming::lambda::signing_keys;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    signing_keys::run().await
}
