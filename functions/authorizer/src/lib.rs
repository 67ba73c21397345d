//! Who is asking: [`reelspan::user::Authenticator`], twice.
//!
//! - [`layer`] goes around routes, and gives each request an `Option<Identity>` as an extension, or answers 401 itself. It is
//!   what runs on one machine, and on AWS around all routes, those without an authorizer among them, which are open to everybody
//!   in principle.
//! - [`authorize`] is the Lambda function behind an HTTP API's authorizer, for routes that nobody in particular has any business
//!   at. What it says of a request goes to the routes' functions, where the same [`layer`] takes it up.

mod failed;
mod lambda;
mod layer;

use std::time::Duration;

use reelspan::store::Registry;
use reelspan::user::{Authenticator, Settings};

pub use lambda::{Answer, Context, Event, Refusal, Refused, authorize};
pub use layer::{Layer, layer};

/// The authenticator that a function's environment names: `USERS_TABLE`, `ADMIN_SECRET` where there is a first admin, and what
/// the AWS SDKs read. It remembers for so long who was right.
pub async fn from_env(
    time_to_live: Duration,
) -> Result<Authenticator, Box<dyn std::error::Error + Send + Sync + 'static>> {
    let settings = Settings { time_to_live, ..Settings::default() };
    Ok(Authenticator::new(Registry::from_env().await?, settings)?)
}
