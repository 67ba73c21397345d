//! The function of sessions and users on Lambda.

use reelspan::telemetry;
use reelspan_accounts::lambda;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    lambda::run().await
}
