//! What holds of pages and of the builder together.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod building;
mod compact;
mod hour;
mod packing;
mod segments;
