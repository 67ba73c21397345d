//! Users on one machine: who is the first admin, and `reelspan user`, which manages those of a data folder and those on AWS
//! alike.

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

/// Says who is asking, by the users of the local DynamoDB.
pub fn authenticator(dynamodb: Builder) -> Result<Authenticator, Error> {
    let users = Users::new(dynamodb, USERS.name);
    Authenticator::new(users, Settings::default()).map_err(Error::failed("the users"))
}
