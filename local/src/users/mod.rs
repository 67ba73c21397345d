//! Users on one machine: the first admin, and `reelspan user`, which manages the users of a data folder and those on
//! AWS.

mod command;
mod first;
mod typed;

pub use command::{UserOptions, run};
pub use first::{GeneratedAdmin, first_admin};
