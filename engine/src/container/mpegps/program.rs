//! The properties of a file's program that the writer needs: the outline's only setup. A track's setup is the
//! [`Owner`](super::pack::Owner) of its packets.

use serde::{Deserialize, Serialize};

/// A program without its streams.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PsProgram {
    /// It is an MPEG-1 system stream.
    pub old: bool,
    /// Its complete system header, if it has one.
    pub system: Vec<u8>,
    /// Its complete program stream map, if it has one.
    pub map: Vec<u8>,
    /// It ends with an end code.
    pub ended: bool,
    /// The zero time stamp of each of its successive clocks.
    pub clocks: Vec<u64>,
}
