//! What the writer has to know of the program that a file has: the outline's only setup. That of a track is whose packets are its
//! own ([`Owner`](super::pack::Owner)).

use serde::de::DeserializeOwned;
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

/// As bytes.
pub fn pack(what: &impl Serialize) -> Vec<u8> {
    // Plain data in memory always serialises; of nothing at all, `unpack` would say that it is none.
    postcard::to_stdvec(what).unwrap_or_default()
}

/// What [`pack`] made.
pub fn unpack<T: DeserializeOwned>(packed: &[u8]) -> Option<T> {
    postcard::from_bytes(packed).ok()
}
