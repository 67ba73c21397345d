//! What holds of pages and of the builder together.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod building;
mod compact;
mod packing;

/// The synthetic hour that the benches measure by.
#[path = "../../../../benches/hour.rs"]
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]
mod hour;
