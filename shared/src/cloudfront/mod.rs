//! CloudFront's signatures: access to spaces with secure streaming. This module makes no calls.
//!
//! | file | what it knows |
//! | --- | --- |
//! | [`key`] | private and public keys |
//! | [`policy`] | what a signature allows |
//! | [`sign`] | signed URLs and cookies |
//! | [`verify`] | whether a request is allowed |
//! | `copy` | a second copy of a signature, for playlists |

mod copy;
pub mod key;
pub mod policy;
pub mod sign;
pub mod verify;

pub use copy::{copied, parameters, with_copy};

use std::time::{SystemTime, UNIX_EPOCH};

/// The current time for signatures, in whole seconds since 1970.
#[must_use]
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
