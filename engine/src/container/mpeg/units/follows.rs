//! How sound and pictures of MPEG video follow each other.
//!
//! [`FINE`]: crate::container::mpeg::scan::FINE

use serde::{Deserialize, Serialize};

/// When the next unit is decoded, which has no time stamp: in [`FINE`] parts of ticks.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Follows {
    /// When the last was decoded; `None` before the first.
    pub decoded: Option<i64>,
    /// How long the last one lasts, whether others may refer to it, and how long the one lasts that did before.
    pub lasts: i64,
    reference: bool,
    before: i64,
    /// Pictures that others refer to are shown only when the next of them is decoded.
    pub reorders: bool,
}

impl Follows {
    /// When the next is decoded: when the picture ends that is shown while the last is decoded.
    pub fn next(&self) -> Option<i64> {
        let shown = if self.reference && self.reorders && self.before > 0 { self.before } else { self.lasts };
        self.decoded.map(|decoded| decoded.saturating_add(shown))
    }

    /// A unit that is decoded at this time.
    pub fn goes_on(&mut self, decoded: i64, lasts: i64, reference: bool) {
        if self.reference {
            self.before = self.lasts;
        }
        (self.decoded, self.lasts, self.reference) = (Some(decoded), lasts, reference);
    }
}
