//! Checks whether the PES packets of a stream begin with its pictures, one each, which is usual. Some multiplexers put
//! several in one, or fill packets up to a size regardless of the pictures' boundaries (ISO/IEC 13818-1 §2.4.3.7,
//! `data_alignment_indicator`, allows both).

use std::ops::RangeInclusive;

use super::super::layout::Begins;
use super::super::packet::TransportPacket;
use super::location::PacketLocation;
use super::units::AccessUnitTrack;
use crate::container::mpeg::clock::ProgramClock;
use crate::container::mpeg::codec::MpegCodec;
use crate::container::notes::Notes;

/// The number of PES packets examined, and the number of pictures in them.
const PACKETS: usize = 64;
const PICTURES: usize = 1024;

/// A stream being examined.
pub struct Probe {
    units: AccessUnitTrack,
    clock: Option<ProgramClock>,
    /// For each PES packet with time stamps: the offsets at which a picture may begin that begins the packet.
    begins: Vec<RangeInclusive<u64>>,
    /// The end of the previous data.
    behind: u64,
}

impl Probe {
    /// For a stream with a known syntax of pictures.
    pub fn new(codec: MpegCodec) -> Option<Self> {
        let known = matches!(codec, MpegCodec::Mpeg | MpegCodec::Visual | MpegCodec::H264 | MpegCodec::Hevc);
        known.then(|| Self { units: AccessUnitTrack::new(codec), clock: None, begins: Vec::new(), behind: 0 })
    }

    /// Takes a packet. If a PES packet begins in it, `stamp` is its time stamp.
    pub fn take(&mut self, place: PacketLocation, packet: TransportPacket<'_>, stamp: Option<u64>) {
        if let Some(stamp) = stamp {
            self.clock.get_or_insert(ProgramClock::new(stamp));
        }
        let Some(clock) = &mut self.clock else { return };
        let (head, _) = self.units.packet(place, packet, clock, &mut Notes::default());
        let payload = packet.payload();
        let data = payload.get(payload.len().saturating_sub(usize::try_from(head.data()).unwrap_or(0))..);
        let data = data.unwrap_or_default();
        let start = place.end - data.len() as u64;
        if head.begins == Begins::Stamped {
            // Zeros before a start code belong either to the unit that it begins, or to the previous one.
            let zeros = data.iter().take_while(|byte| **byte == 0).count() as u64;
            self.begins.push(self.behind.saturating_sub(1).min(start)..=start + zeros);
        }
        if !data.is_empty() {
            self.behind = place.end;
        }
    }

    /// Whether enough has been seen.
    pub fn is_full(&self) -> bool {
        self.begins.len() > PACKETS || self.units.reader.waiting() > PICTURES
    }

    /// Whether pictures begin at other places than PES packets.
    pub fn finds_units(mut self) -> bool {
        self.units.reader.interrupt(&mut Notes::default());
        let pictures: Vec<u64> = self.units.reader.done.iter().map(|run| run.offset).collect();
        let Some((_, whole)) = self.begins.split_last() else { return false };
        let aligned = |begin: &RangeInclusive<u64>| pictures.iter().any(|picture| begin.contains(picture));
        let begins = |picture: &u64| self.begins.iter().any(|begin| begin.contains(picture));
        !whole.iter().all(aligned) || !pictures.iter().all(begins)
    }
}
