//! The function of the pages on Lambda: the console and the player.

use reelspan::telemetry;
use reelspan_web::console::{self, Console};
use reelspan_web::{lambda, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let console = Console::from_env().await?;
    lambda::run(router(console.pages.clone()).merge(console::router(console))).await
}
