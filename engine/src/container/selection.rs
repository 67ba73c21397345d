//! What a cut is made of, the samples that were chosen and what of them is to be presented; and the file that it became.

use std::ops::Range;

use super::Extents;
use crate::index::{Elements, Runs};
use crate::media::splice::Splice;
use crate::media::{Interval, Ticks};

/// A stretch of a track's presentation, in the cut.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// How long it lasts, in the track's timescale.
    pub duration: Ticks,
    /// The presentation time of the original at which it begins; `None`: nothing is presented.
    pub media: Option<Ticks>,
}

/// The samples of one track that a cut takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// The track's place in the outline.
    pub track: usize,
    /// Its samples, in decode order, from a sync sample on. Where samples were left out between two runs, the second begins
    /// with a sync sample (or with a sample that needs none of those left out).
    pub runs: Runs,
    /// What is presented of them, in order; the first begins at the beginning of the cut.
    pub segments: Vec<Segment>,
}

/// What a cut is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// Which part of the original's presentation timeline this is: the instant that becomes zero, and the end.
    pub given: Interval,
    /// The tracks, in the order of the outline; at least one, and each with at least one sample or none at all.
    pub tracks: Vec<Selected>,
    /// The elements in which their samples lie, in the order of the file; none where the container has no elements.
    pub elements: Elements,
}

/// A selection as a complete file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its bytes.
    pub splice: Splice,
    /// Which of them a player needs before any part of it.
    pub setup: Range<u64>,
    /// The elements of it that play only whole, in order; none where its container has none. Samples that lie in none play
    /// by themselves.
    pub elements: Extents,
}
