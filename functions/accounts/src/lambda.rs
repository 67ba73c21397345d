//! The routes as a Lambda function behind an HTTP API.

use std::env;

use lambda_http::tower::ServiceBuilder;
use reelspan::store::{Guesses, Stores, Users};
use reelspan::user::TIME_TO_LIVE;
use reelspan_gateway::{observed, run_buffered, with_own_origins};
use reelspan_rest::{authentication, session};

use crate::{Accounts, router};

/// Answers invocations until the process ends. The function's environment names `USERS_TABLE`, `SESSIONS_TABLE`,
/// `SPACES_TABLE`, `ADMIN_SECRET` if there is a first admin, and what [`Stores::from_env`] reads.
///
/// # Errors
///
/// If a variable is not set, or the runtime's API cannot be reached.
pub async fn run() -> Result<(), lambda_http::Error> {
    let (authenticator, sessions) = authentication::with_sessions_from_env(TIME_TO_LIVE).await?;
    let (users, guesses) = (Users::from_env().await?, Some(Guesses::from_env().await?));
    let table = env::var("SPACES_TABLE").map_err(|_| "the environment variable SPACES_TABLE is not set")?;
    let stores = Stores::from_env().await?;
    let accounts = Accounts {
        authenticator: authenticator.clone(),
        users,
        sessions: sessions.clone(),
        guesses,
        spaces: stores.spaces(table),
        stores,
    };
    let routes = router(accounts).layer(session::layer(sessions)).layer(authentication::layer(authenticator));
    run_buffered(ServiceBuilder::new().map_request(with_own_origins).service(observed(routes))).await
}
