//! S3 on one machine: `s3s` speaks the protocol, `s3s-fs` stores the bytes, and what is ours stands between the two.
//!
//! Ours, as s3s-fs 0.14 has none of it or not so that a fragment could be cut from what is being overwritten: names and
//! attributes in a [`catalogue`] that changes in one step; conditional reads; `ETag`s that are never worked out anew; reads
//! of 128 KiB instead of 4; parts that are checked; listings in order that do not walk the folder; and the [`record`]s that
//! tell of every change, in a queue that survives a restart.

pub mod bodies;
pub mod catalogue;
mod conditions;
mod listing;
mod multipart;
mod reading;
pub mod record;
mod server;
mod signed;
mod store;
mod writing;

use std::time::Duration;

use s3s::{S3Error, dto::Timestamp};

pub use server::{Api, serve};
pub use store::Store;

/// The bucket that holds the media, as `{space}/{content}`. Changes in it raise events; changes in others do not.
pub const MEDIA_BUCKET: &str = "media";

/// The region that everything local says it is in.
pub const REGION: &str = "us-east-1";

/// Seconds since 1970 as s3s has them.
fn timestamp(seconds: i64) -> Timestamp {
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    Timestamp::from(std::time::UNIX_EPOCH + since)
}

/// A count of bytes as the protocol has it.
fn protocol_size(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// What is our fault: logged here, as the client is told no more than that.
fn internal<E: std::error::Error + Send + Sync + 'static>(error: E) -> S3Error {
    tracing::error!(%error, "the local S3 failed");
    S3Error::internal_error(error)
}
