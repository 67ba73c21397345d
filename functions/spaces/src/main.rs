//! The spaces function on Lambda.

use reelspan::{telemetry, user::TIME_TO_LIVE};
use reelspan_rest::{authentication, session};
use reelspan_spaces::{Spaces, lambda};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    telemetry::init();
    let (authenticator, sessions) = authentication::with_sessions_from_env(TIME_TO_LIVE).await?;
    let spaces = Spaces::from_env().await?;
    let routes = spaces.clone().router().layer(session::layer(sessions));
    lambda::run(spaces, routes.layer(authentication::layer(authenticator))).await
}
