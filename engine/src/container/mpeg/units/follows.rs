//! The decode times of sound and of MPEG video pictures without time stamps.
//!
//! [`FINE`]: crate::container::mpeg::scan::FINE

use serde::{Deserialize, Serialize};

/// The decode time of the next unit if it has no time stamp, in [`FINE`] parts of ticks.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Follows {
    /// The decode time of the last; `None` before the first.
    pub decoded: Option<i64>,
    /// The duration of the last one, whether others may refer to it, and the duration of the last one that others refer
    /// to.
    pub lasts: i64,
    reference: bool,
    before: i64,
    /// Pictures that others refer to are presented when the next of them is decoded.
    pub reorders: bool,
}

impl Follows {
    /// The next decode time: the end of the picture that is presented while the last is decoded.
    pub fn next(&self) -> Option<i64> {
        let shown = if self.reference && self.reorders && self.before > 0 { self.before } else { self.lasts };
        self.decoded.map(|decoded| decoded.saturating_add(shown))
    }

    /// Records a unit that is decoded at this time.
    pub fn goes_on(&mut self, decoded: i64, lasts: i64, reference: bool) {
        if self.reference {
            self.before = self.lasts;
        }
        (self.decoded, self.lasts, self.reference) = (Some(decoded), lasts, reference);
    }
}
