//! Positions in the file: a `Place` says where a packet lies, and an `Element` says where an element begins, and at what time.

use serde::{Deserialize, Serialize};

use super::super::packet::Packing;

/// Where a packet lies.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// With what stands before it.
    pub offset: u64,
    /// Its own 188 bytes end here.
    pub end: u64,
    /// The next one begins here.
    pub next: u64,
    /// M2TS: what stands before it.
    pub arrival: [u8; 4],
}

impl Place {
    /// Of the packet at this offset, which `arrival` stands before.
    pub const fn new(packing: Packing, offset: u64, arrival: [u8; 4]) -> Self {
        Self { offset, end: offset + packing.end() as u64, next: offset + packing.size as u64, arrival }
    }
}

/// The beginning of an element.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Element {
    pub offset: u64,
    pub time: i64,
    /// M2TS: what stands before its first packet.
    pub arrival: [u8; 4],
}
