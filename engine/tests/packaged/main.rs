//! Streams of files: every sample of a track is in one of its segments, bit for bit, and players decode from them what they
//! decode from the file.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used, missing_docs)]
#![allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]

mod boxes;
mod changes;
mod decoded;
mod edges;
mod file;
mod film;
mod joined;
mod packed;
mod packets;
mod parts;
mod promises;
mod streams;
