//! Positions in the file: a `PacketLocation` is the location of a packet; an `Element` is the beginning of an element and its
//! time.

use serde::{Deserialize, Serialize};

use super::super::packet::Packing;

/// The location of a packet.
#[derive(Clone, Copy, Debug)]
pub struct PacketLocation {
    /// Its offset, including the bytes before it.
    pub offset: u64,
    /// The end of its own 188 bytes.
    pub end: u64,
    /// The offset of the next one.
    pub next: u64,
    /// M2TS: the bytes before it.
    pub arrival: [u8; 4],
}

impl PacketLocation {
    /// The location of the packet at this offset, with these bytes before it.
    pub const fn new(packing: Packing, offset: u64, arrival: [u8; 4]) -> Self {
        Self { offset, end: offset + packing.end() as u64, next: offset + packing.size as u64, arrival }
    }
}

/// The beginning of an element.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ElementStart {
    pub offset: u64,
    pub time: i64,
    /// M2TS: the bytes before its first packet.
    pub arrival: [u8; 4],
}
