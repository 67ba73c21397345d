//! Who is asking: [`reelspan::user::Authenticator`], twice.
//!
//! - [`layer`] goes around routes, and gives each request an `Option<Identity>` as an extension, or answers 401 itself. It is
//!   what runs on one machine, and on AWS where a route is open to everybody in principle, or where clients wait to be asked for
//!   a password: an HTTP API's authorizer can do neither (it answers 401 without `WWW-Authenticate` where there is no
//!   `Authorization` field, and 403 where its function says no).
//! - [`authorize`] is the Lambda function behind such an authorizer, for routes that nobody in particular has any business at.
//!   API Gateway keeps its answers, and gives them to the routes' functions, where the same [`layer`] takes them up.

mod lambda;
mod layer;

use std::time::Duration;

use reelspan::store::Registry;
use reelspan::user::{Authenticator, Settings};

pub use lambda::{Answer, Context, Event, authorize};
pub use layer::{Layer, layer};

/// The authenticator that a function's environment names: `USERS_TABLE`, `ADMIN_SECRET` where there is a first admin, and what
/// the AWS SDKs read. It remembers for so long who was right; none, where API Gateway remembers that already.
pub async fn from_env(
    time_to_live: Duration,
) -> Result<Authenticator, Box<dyn std::error::Error + Send + Sync + 'static>> {
    let settings = Settings { time_to_live, ..Settings::default() };
    Ok(Authenticator::new(Registry::from_env().await?, settings)?)
}
