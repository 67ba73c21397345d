//! S3 on one machine: `s3s` implements the protocol, `s3s-fs` stores the bytes, and this module connects them.
//!
//! It adds what s3s-fs 0.14 lacks, or does in a way that does not allow cutting fragments from objects that are being
//! overwritten: names and attributes in a [`catalogue`] that changes atomically; conditional reads; `ETag`s that are
//! never recomputed; reads of 256 KiB instead of 4; checked parts; ordered listings that do not walk the folder; and
//! the [`record`]s of every change, in a queue that survives a restart.

pub mod bodies;
mod browser;
pub mod catalogue;
pub(crate) mod conditions;
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

pub use browser::Browsers;
pub use server::{S3Api, serve};
pub use store::Store;

/// The bucket that holds the media, as `{space}/{content}`. Changes in it raise events; changes in others do not.
pub const MEDIA_BUCKET: &str = "media";

/// The region of all local services.
pub const REGION: &str = "us-east-1";

/// Seconds since 1970 as s3s represents them.
fn timestamp(seconds: i64) -> Timestamp {
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    Timestamp::from(std::time::UNIX_EPOCH + since)
}

/// A number of bytes as the protocol represents it.
fn protocol_size(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// An error of the server itself: logged here, because the client gets no details.
fn internal<E: std::error::Error + Send + Sync + 'static>(error: E) -> S3Error {
    tracing::error!(%error, "the local S3 failed");
    S3Error::internal_error(error)
}
