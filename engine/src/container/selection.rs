//! The content of a cut: the selected samples, and what of them is presented; and the resulting file.

use std::ops::Range;

use super::Extents;
use crate::index::{Elements, Runs};
use crate::media::splice::Splice;
use crate::media::{Interval, Ticks};

/// A part of a track's presentation in the cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditSpan {
    /// Its duration, in the track's timescale.
    pub duration: Ticks,
    /// The presentation time of the original at which it begins; `None`: nothing is presented.
    pub media: Option<Ticks>,
}

/// The samples of one track that a cut takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// The track's position in the outline.
    pub track: usize,
    /// Its samples, in decode order, from a sync sample on. If samples were left out between two runs, the second
    /// begins with a sync sample (or with a sample that needs none of those left out).
    pub runs: Runs,
    /// What is presented of them, in order; the first segment begins at the beginning of the cut.
    pub segments: Vec<EditSpan>,
}

/// The content of a cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The part of the original's presentation timeline: the instant that becomes zero, and the end.
    pub given: Interval,
    /// The tracks, in the order of the outline; at least one, and each with at least one sample or none at all.
    pub tracks: Vec<Selected>,
    /// The elements that contain their samples, in file order; empty if the container has no elements.
    pub elements: Elements,
}

/// A selection as a complete file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its bytes.
    pub splice: Splice,
    /// The bytes that a player needs before any part of it.
    pub setup: Range<u64>,
    /// The elements of it that play only as a whole, in order; empty if its container has none. Samples outside of
    /// elements play by themselves.
    pub elements: Extents,
}
