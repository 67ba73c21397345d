//! What the tests and benches of several crates share.
//!
//! | module | what it makes |
//! | --- | --- |
//! | [`media`] | synthetic media files of most containers, as plain bytes |
//! | `aws` (with the feature of that name) | a bucket in memory, and an embedded DynamoDB |
//!
//! This crate imports no other crate of the workspace. So a writer shares no code with what it tests. Unit tests can use it too: a
//! test kit that imported the engine would give them a second copy of the engine's types. And a change in `shared/` does not make
//! the engine's tests be built again. Helpers that need the types of one crate stand in that crate's own `tests/`.
//!
//! ```
//! let film = reelspan_testkit::media::webm(1, 1500, 1);
//! assert!(film.len() >= 1 << 20);
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a test fails by panicking, and the files are small"
)]

#[cfg(feature = "aws")]
pub mod aws;
pub mod media;
