//! The services of one machine and the program `reelspan`, through the AWS SDK and HTTP. One program, so that all of it is linked
//! once. Each test has folders, ports and servers of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod events;
mod fake;
mod faults;
mod harness;
mod ladder;
mod lists;
mod media;
mod multipart;
mod objects;
mod program;
mod recent;
mod round_trips;
mod tables;
mod users;
mod verify;
