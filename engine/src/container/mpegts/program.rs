//! What the writer has to know of the program that a file has: the outline's only setup.

use serde::{Deserialize, Serialize};

/// A program, less its streams: each of them is the setup of its track.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Bytes of a packet as the file has it.
    pub packet: u8,
    /// `transport_stream_id`.
    pub stream: u16,
    /// `program_number`.
    pub number: u16,
    /// The PID of its map.
    pub map: u16,
    /// The PID of its clock references.
    pub clock: u16,
    /// They are in packets of their own, which go with every cut.
    pub alone: bool,
    /// Its descriptors.
    pub descriptors: Vec<u8>,
    /// The lanes of those tracks whose samples are access units, wherever those begin.
    pub units: Vec<u8>,
    /// For each clock that it has one after another, the time stamp that is zero on the timeline.
    pub clocks: Vec<u64>,
}
