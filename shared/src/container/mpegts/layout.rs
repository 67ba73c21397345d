//! Whose packets lie in an element, one after the other: how many of one stream, then how many of another. A sample is scattered
//! over the file, and this says which packets between its first and its last are its own. An element of the index keeps it
//! ([`Element::kept`]) in some hundred bytes a second.
//!
//! Null packets count as those of the stream before them: they harm nobody, and name each of the many stretches that constant bit
//! rates make of a stream would cost more.
//!
//! [`Element::kept`]: crate::index::Element::kept

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::container::mpeg::number::{put, take};

/// Packets that follow each other, of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// Where the first begins.
    pub offset: u64,
    /// How many there are.
    pub packets: u64,
    /// Whose they are: [`OTHER`], or [`CLOCK`], or [`track`].
    pub lane: u8,
}

/// The lane of packets that no cut takes: of tables, and of streams that are passed over.
pub const OTHER: u8 = 0;
/// The lane of clock references that are in no stream, and go with every cut.
pub const CLOCK: u8 = 1;
/// The lanes of the tracks begin here.
const TRACKS: u8 = 2;
/// How many tracks there may be.
pub const MAX_TRACKS: usize = 32;

/// The lane of a track.
pub fn lane(track: usize) -> u8 {
    u8::try_from(track).unwrap_or(u8::MAX).saturating_add(TRACKS)
}

/// How many lanes there are of so many tracks.
pub fn lanes(tracks: usize) -> u64 {
    u64::from(lane(tracks))
}

/// The track of a lane.
pub fn track(lane: u8) -> Option<usize> {
    lane.checked_sub(TRACKS).map(usize::from)
}

impl Stretch {
    /// Its bytes, where packets have so many.
    pub fn bytes(&self, packet: u64) -> Range<u64> {
        self.offset..self.offset.saturating_add(self.packets.saturating_mul(packet))
    }
}

/// Packs stretches that follow each other: of each one number, in which the lane is the remainder by the number of lanes.
pub fn pack(out: &mut Vec<u8>, stretches: impl Iterator<Item = (u64, u8)>, lanes: u64) {
    for (packets, lane) in stretches {
        let value = packets.saturating_sub(1).saturating_mul(lanes).saturating_add(u64::from(lane));
        put(out, value);
    }
}

/// Unpacks what [`pack`] made, of packets of so many bytes from `offset` on.
pub fn unpack(packed: &[u8], lanes: u64, packet: u64, mut offset: u64) -> impl Iterator<Item = Stretch> {
    let mut bytes = packed.iter();
    std::iter::from_fn(move || {
        let value = take(&mut bytes)?;
        let (packets, lane) = (value / lanes.max(1), value % lanes.max(1));
        let stretch = Stretch { offset, packets: packets.saturating_add(1), lane: lane.to_le_bytes()[0] };
        offset = stretch.bytes(packet).end;
        Some(stretch)
    })
}
