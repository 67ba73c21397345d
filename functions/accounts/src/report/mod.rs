//! Checks of a deployment, which `reelspan doctor` and `/admin/report` share: what the stores say, and what to do about it.

mod contents;
mod finding;
mod index;
mod streaming;

pub use contents::{ContentReport, contents};
pub use finding::Finding;
pub use index::{Which, index};
pub use streaming::streaming;
