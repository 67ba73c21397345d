//! Whose packets lie in an element, one after the other: how many of one stream, then how many of another. A sample is scattered
//! over the file, and this says which packets between its first and its last are its own. An element of the index keeps it
//! ([`Element::kept`]) in some hundred bytes a second.
//!
//! Of a stream whose samples begin and end within packets, it says too what stands before their data, where that is more than
//! four bytes.
//!
//! Null packets count as those of the stream before them: they harm nobody, and name each of the many stretches that constant bit
//! rates make of a stream would cost more.
//!
//! [`Element::kept`]: crate::index::Element::kept

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::packet::PACKET;
use crate::container::mpeg::number::{put, take};

/// Packets that follow each other, of one lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// Where the first begins.
    pub offset: u64,
    /// How many there are.
    pub packets: u64,
    /// Whose they are: [`OTHER`], or [`CLOCK`], or [`lane`].
    pub lane: u8,
    /// What stands before the data of the first, in a lane of units; that of the others is plain.
    pub head: Option<Head>,
}

/// What stands before the data of a packet, behind its own header of four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Bytes of the adaptation field, its length among them.
    pub adaptation: u8,
    /// Bytes of the header of a PES packet, and of what is passed over.
    pub header: u8,
    /// `continuity_counter`.
    pub counter: u8,
    /// Whether a PES packet begins here, and has time stamps.
    pub begins: Begins,
}

/// What begins in a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Begins {
    Nothing,
    /// A PES packet.
    Pes,
    /// One with time stamps.
    Stamped,
}

impl Head {
    /// Of a packet that has nothing but data.
    pub const fn plain(counter: u8) -> Self {
        Self { adaptation: 0, header: 0, counter: counter & 0xF, begins: Begins::Nothing }
    }

    /// Of a packet whose payload begins behind so many bytes, `header` of which are no data.
    pub fn new(payload: usize, header: usize, counter: u8, begins: Begins) -> Self {
        let byte = |count: usize| u8::try_from(count).unwrap_or(u8::MAX);
        let adaptation = payload.saturating_sub(4).min(PACKET - 4);
        Self { adaptation: byte(adaptation), header: byte(header.min(PACKET - 4 - adaptation)), counter, begins }
    }

    /// How many bytes of its packet stand before the data.
    pub fn before(self) -> u64 {
        4 + u64::from(self.adaptation) + u64::from(self.header)
    }

    /// How many bytes of data its packet has.
    pub fn data(self) -> u64 {
        (PACKET as u64).saturating_sub(self.before())
    }

    /// That of the packet which is so many behind, where those between are plain.
    fn behind(self, packets: u64) -> Self {
        let [low, ..] = packets.to_le_bytes();
        if packets == 0 { self } else { Self::plain(self.counter.wrapping_add(low)) }
    }
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

/// The track of a lane.
pub fn track(lane: u8) -> Option<usize> {
    lane.checked_sub(TRACKS).map(usize::from)
}

impl Stretch {
    /// Its bytes, where packets have so many.
    pub fn bytes(&self, packet: u64) -> Range<u64> {
        self.offset..self.offset.saturating_add(self.packets.saturating_mul(packet))
    }

    /// Takes the next packet, which has so many bytes, if it is another of these.
    pub fn grow(&mut self, next: &Self, packet: u64) -> bool {
        let grows = self.lane == next.lane
            && self.bytes(packet).end == next.offset
            && self.head.map(|head| head.behind(self.packets)) == next.head;
        self.packets += u64::from(grows);
        grows
    }

    /// Those of its packets, of so many bytes, that are behind the first ones.
    pub fn behind(&self, packets: u64, packet: u64) -> Self {
        Self {
            offset: self.offset.saturating_add(packets.saturating_mul(packet)),
            packets: self.packets.saturating_sub(packets),
            head: self.head.map(|head| head.behind(packets)),
            ..*self
        }
    }
}

/// The lanes of a file.
#[derive(Clone, Copy, Debug)]
pub struct Lanes<'a> {
    /// How many tracks it has.
    pub tracks: usize,
    /// Which of the lanes are of units: their packets have heads.
    pub units: &'a [u8],
}

impl Lanes<'_> {
    /// How many there are.
    fn count(self) -> u64 {
        u64::from(lane(self.tracks))
    }

    /// The place of a lane among those of units.
    fn place(self, lane: u8) -> Option<usize> {
        self.units.iter().position(|unit| *unit == lane)
    }
}

/// Packs stretches that follow each other: of each one number, in which the lane is the remainder by the number of lanes. Where a
/// head is not what the packets before it let expect, there is a lane of its own for that, and the head behind the number.
pub fn pack(out: &mut Vec<u8>, stretches: impl Iterator<Item = Stretch>, lanes: Lanes<'_>) {
    let all = lanes.count() + lanes.units.len() as u64;
    let mut expected = vec![None; lanes.units.len()];
    for Stretch { packets, lane, head, .. } in stretches {
        let mut put = |which: u64| put(out, packets.saturating_sub(1).saturating_mul(all).saturating_add(which));
        let place = lanes.place(lane);
        let Some((head, place, expected)) =
            head.zip(place).and_then(|(head, place)| Some((head, place, expected.get_mut(place)?)))
        else {
            put(u64::from(lane));
            continue;
        };
        if *expected == Some(head) {
            put(u64::from(lane));
        } else {
            put(lanes.count() + place as u64);
            let begins = match head.begins {
                Begins::Nothing => 0,
                Begins::Pes => 0x10,
                Begins::Stamped => 0x20,
            };
            out.extend([head.adaptation, head.header, head.counter | begins]);
        }
        *expected = Some(head.behind(packets.max(1)));
    }
}

/// Unpacks what [`pack`] made, of packets of so many bytes from `offset` on, up to where it ends or is no such thing.
pub fn unpack(packed: &[u8], lanes: Lanes<'_>, packet: u64, mut offset: u64) -> impl Iterator<Item = Stretch> {
    let all = (lanes.count() + lanes.units.len() as u64).max(1);
    let mut bytes = packed.iter();
    let mut expected = vec![None; lanes.units.len()];
    std::iter::from_fn(move || {
        let value = take(&mut bytes)?;
        let (packets, which) = ((value / all).saturating_add(1), value % all);
        let own = which.checked_sub(lanes.count()).and_then(|place| usize::try_from(place).ok());
        let lane = own.map_or(Some(which.to_le_bytes()[0]), |place| lanes.units.get(place).copied())?;
        let expected = lanes.place(lane).and_then(|place| expected.get_mut(place));
        let head = if own.is_some() {
            let (adaptation, header, last) = (*bytes.next()?, *bytes.next()?, *bytes.next()?);
            let begins = match last >> 4 {
                0 => Begins::Nothing,
                1 => Begins::Pes,
                _ => Begins::Stamped,
            };
            Some(Head { adaptation, header, counter: last & 0xF, begins })
        } else {
            expected.as_deref().copied().flatten()
        };
        if let Some(expected) = expected {
            *expected = head.map(|head| head.behind(packets));
        }
        let stretch = Stretch { offset, packets, lane, head };
        offset = stretch.bytes(packet).end;
        Some(stretch)
    })
}
