//! Whether the PES packets of a stream begin at its pictures, one each, as is the rule. Some multiplexers put several in one, or
//! fill packets up to a size, whatever that cuts through (ISO/IEC 13818-1 §2.4.3.7, `data_alignment_indicator`, demands neither).

use std::ops::RangeInclusive;

use super::super::layout::Begins;
use super::super::packet::Packet;
use super::place::Place;
use super::units::Units;
use crate::container::mpeg::clock::Clock;
use crate::container::mpeg::codec::Codec;
use crate::container::notes::Notes;

/// How many PES packets are looked at, and how many pictures in them.
const PACKETS: usize = 64;
const PICTURES: usize = 1024;

/// A stream that is looked at.
pub struct Probe {
    units: Units,
    clock: Option<Clock>,
    /// For each PES packet with time stamps: where in the file a picture may begin for it to begin with that.
    begins: Vec<RangeInclusive<u64>>,
    /// Where the data before ended.
    behind: u64,
}

impl Probe {
    /// For a stream of which it is known how its pictures begin.
    pub fn new(codec: Codec) -> Option<Self> {
        let known = matches!(codec, Codec::Mpeg | Codec::Visual | Codec::H264 | Codec::Hevc);
        known.then(|| Self { units: Units::new(codec), clock: None, begins: Vec::new(), behind: 0 })
    }

    /// Takes a packet, in which a PES packet with this time stamp begins if there is one.
    pub fn take(&mut self, place: Place, packet: Packet<'_>, stamp: Option<u64>) {
        if let Some(stamp) = stamp {
            self.clock.get_or_insert(Clock::new(stamp));
        }
        let Some(clock) = &mut self.clock else { return };
        let (head, _) = self.units.packet(place, packet, clock, &mut Notes::default());
        let payload = packet.payload();
        let data = payload.get(payload.len().saturating_sub(usize::try_from(head.data()).unwrap_or(0))..);
        let data = data.unwrap_or_default();
        let start = place.end - data.len() as u64;
        if head.begins == Begins::Stamped {
            // Zeros before a start code belong to what it begins, or to what was before.
            let zeros = data.iter().take_while(|byte| **byte == 0).count() as u64;
            self.begins.push(self.behind.saturating_sub(1).min(start)..=start + zeros);
        }
        if !data.is_empty() {
            self.behind = place.end;
        }
    }

    /// Whether enough was seen.
    pub fn is_full(&self) -> bool {
        self.begins.len() > PACKETS || self.units.lane.waiting() > PICTURES
    }

    /// Whether pictures begin elsewhere than PES packets do.
    pub fn finds_units(mut self) -> bool {
        self.units.lane.interrupt(&mut Notes::default());
        let pictures: Vec<u64> = self.units.lane.done.iter().map(|run| run.offset).collect();
        let Some((_, whole)) = self.begins.split_last() else { return false };
        let aligned = |begin: &RangeInclusive<u64>| pictures.iter().any(|picture| begin.contains(picture));
        let begins = |picture: &u64| self.begins.iter().any(|begin| begin.contains(picture));
        !whole.iter().all(aligned) || !pictures.iter().all(begins)
    }
}
