//! What the writer has to know of the program that a file has: the outline's only setup. That of a track is whose packets are its
//! own ([`Owner`](super::pack::Owner)).

use serde::{Deserialize, Serialize};

/// A program, less its streams.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// It is a system stream of MPEG-1.
    pub old: bool,
    /// Its system header, whole, if it has one.
    pub system: Vec<u8>,
    /// Its program stream map, whole, if it has one.
    pub map: Vec<u8>,
    /// It ends with an end code.
    pub ended: bool,
    /// For each clock that it has one after another, the time stamp that is zero on the timeline.
    pub clocks: Vec<u64>,
}
