//! Signatures as CloudFront knows them: who is let in to a space that streams to signed requests alone. No call goes out from
//! here; the distributions themselves are in [`distribution`](crate::distribution).
//!
//! | file | what it knows |
//! | --- | --- |
//! | [`commons`] | what all distributions share, and the keys that they trust |
//! | [`key`] | private keys and public ones |
//! | [`policy`] | what a signature lets in |
//! | [`sign`] | signed URLs and cookies |
//! | [`verify`] | whether a request has what lets it in |

pub mod commons;
pub mod key;
pub mod policy;
pub mod sign;
pub mod verify;

use std::time::{SystemTime, UNIX_EPOCH};

/// The clock by which signatures count, in whole seconds since 1970.
#[must_use]
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
