//! The function that sets cookies, on Lambda.

use reelspan::telemetry;
use reelspan_signing::{CookieSetter, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    lambda::run_cookies(CookieSetter::from_env().await?.router()).await
}
