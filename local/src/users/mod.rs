//! Users on one machine: the first admin, and `reelspan user`, which manages the users of a data folder and those on
//! AWS.

mod command;
mod first;
mod typed;

use aws_sdk_dynamodb::config::Builder;
use reelspan::{
    store::{USERS, Users},
    user::{Authenticator, Settings},
};

pub use command::{Options, run};
pub use first::{FirstAdmin, first_admin};

use crate::Error;

/// Creates the authenticator for the users of the local DynamoDB.
pub fn authenticator(dynamodb: Builder) -> Result<Authenticator, Error> {
    let users = Users::new(dynamodb, USERS.name);
    Authenticator::new(users, Settings::default()).map_err(Error::failed("the users"))
}
