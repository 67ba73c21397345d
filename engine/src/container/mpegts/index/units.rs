//! Samples that are access units and begin and end anywhere in PES packets.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::super::layout::{Begins, PacketHead};
use super::super::packet::{PACKET, TransportPacket};
use super::configurations::Configurations;
use super::location::{ElementStart, PacketLocation};
use crate::container::mpeg::clock::ProgramClock;
use crate::container::mpeg::codec::MpegCodec;
use crate::container::mpeg::pes::Pes;
use crate::container::mpeg::units::{self, PacketHeaders};
use crate::container::notes::Notes;
use crate::media::Ticks;

/// A track whose samples are access units.
#[derive(Serialize, Deserialize)]
pub struct AccessUnitTrack {
    pub reader: units::UnitReader,
    pub configurations: Configurations,
    /// The decode time of the last random access point whose configuration was noted.
    noted: Ticks,
    /// The offsets of PES packets that an element may still begin with, each with the bytes before it.
    begun: VecDeque<(u64, [u8; 4])>,
    /// The number of bytes of a PES packet's header still to come.
    header: usize,
    /// The next bytes do not belong to a PES packet.
    lost: bool,
}

impl AccessUnitTrack {
    pub fn new(codec: MpegCodec) -> Self {
        Self {
            reader: units::UnitReader::new(codec),
            configurations: Configurations::default(),
            noted: Ticks(i64::MIN),
            begun: VecDeque::new(),
            header: 0,
            lost: true,
        }
    }

    /// The head of a packet whose data are skipped.
    pub fn passed_over(packet: TransportPacket<'_>) -> PacketHead {
        let payload = packet.payload().len();
        PacketHead::new(PACKET - payload, payload, packet.counter(), Begins::Nothing)
    }

    /// The configurations of the units that have ended: the changes since the last call.
    pub fn take_configured(&mut self) -> Vec<(Ticks, u32)> {
        let units::UnitReader { done, said, .. } = &mut self.reader;
        let noted = self.noted;
        for run in done.iter().filter(|run| run.sync && run.decode > noted) {
            let mut says = None;
            while let Some((_, properties)) = said.pop_front_if(|(offset, _)| *offset <= run.offset) {
                says = Some(properties);
            }
            self.configurations.note(run.decode, run.private.first(), says);
            self.noted = run.decode;
        }
        self.configurations.take()
    }

    /// Takes a packet. Returns its head, and a random access point if one has become known.
    pub fn packet(
        &mut self,
        place: PacketLocation,
        packet: TransportPacket<'_>,
        clock: &mut ProgramClock,
        notes: &mut Notes,
    ) -> (PacketHead, Option<ElementStart>) {
        let payload = packet.payload();
        let mut header = None;
        if packet.begins_unit() {
            let pes = Pes::read(payload);
            self.lost = pes.is_none();
            if let Some(Pes { times, header: length }) = pes {
                self.header = length;
                self.begun.push_back((place.offset, place.arrival));
                header = Some(PacketHeaders { pack: place.offset, times });
            } else {
                notes.at(place.offset, "what should begin a PES packet does not");
                self.reader.interrupt(notes);
            }
        }
        let passed = if self.lost { payload.len() } else { self.header.min(payload.len()) };
        self.header -= passed.min(self.header);
        let begins = match header {
            None => Begins::Nothing,
            Some(PacketHeaders { times: None, .. }) => Begins::Pes,
            Some(_) => Begins::Stamped,
        };
        let head = PacketHead::new(PACKET - payload.len(), passed, packet.counter(), begins);
        let data = payload.get(passed..).unwrap_or_default();
        if data.is_empty() && header.is_none() {
            return (head, None);
        }
        let data = units::PacketSlice { header, offset: place.end - data.len() as u64, data };
        let entrance = self.reader.packet(data, clock, notes);
        let element = entrance.and_then(|entrance| {
            let before = self.begun.iter().rev().find(|(offset, _)| *offset <= entrance.pack);
            before.map(|(offset, arrival)| ElementStart { offset: *offset, time: entrance.time, arrival: *arrival })
        });
        let waits = self.reader.waits_from().unwrap_or(u64::MAX);
        while self.begun.get(1).is_some_and(|(next, _)| *next <= waits) {
            self.begun.pop_front();
        }
        (head, element)
    }
}
