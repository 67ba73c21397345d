//! What ffmpeg makes of one elementary stream in many containers agrees with what the engine makes of it.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

mod entries;
mod ffmpeg;
mod payloads;
mod records;
mod wrapped;
