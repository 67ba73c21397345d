//! One track: turns its packets into samples. A sample is a PES packet (`whole`), or an access unit if those do not
//! begin with PES packets (`units`).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::super::layout::PacketHead;
use super::super::packet::TransportPacket;
use super::location::{ElementStart, PacketLocation};
use super::survey::TsStream;
use super::units::AccessUnitTrack;
use super::whole::PacketTrack;
use crate::container::mpeg::clock::ProgramClock;
use crate::container::notes::Notes;
use crate::media::{Run, Ticks};

/// The kind of packet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    /// The bytes before its data, if samples do not begin with PES packets.
    pub head: Option<PacketHead>,
    /// A PES packet begins, or should.
    pub begins: bool,
}

/// A track while its packets arrive.
#[derive(Serialize, Deserialize)]
pub struct PesReader {
    samples: SampleKind,
    /// The continuity counter of the last packet.
    counter: Option<u8>,
    packets: u64,
    /// A stream of another kind has its PID now.
    muted: bool,
    /// The random access points that were not taken yet.
    entered: Vec<ElementStart>,
}

/// The kind of its samples.
#[derive(Serialize, Deserialize)]
enum SampleKind {
    Whole(Box<PacketTrack>),
    Units(Box<AccessUnitTrack>),
}

impl PesReader {
    /// For a stream of the survey.
    pub fn new(found: &TsStream) -> Self {
        let codec = found.stream.codec;
        let samples = if found.units {
            SampleKind::Units(Box::new(AccessUnitTrack::new(codec)))
        } else {
            SampleKind::Whole(Box::new(PacketTrack::new(codec)))
        };
        Self { samples, counter: None, packets: 0, muted: false, entered: Vec::new() }
    }

    /// Takes the next packet.
    pub fn packet(
        &mut self,
        place: PacketLocation,
        packet: TransportPacket<'_>,
        clock: &mut ProgramClock,
        notes: &mut Notes,
    ) -> Taken {
        self.packets += 1;
        if self.muted || packet.is_damaged() || packet.is_scrambled() {
            if !self.muted {
                notes.at(place.offset, "a packet that is damaged or scrambled");
            }
            let head = matches!(self.samples, SampleKind::Units(_)).then(|| AccessUnitTrack::passed_over(packet));
            return Taken { head, begins: false };
        }
        if self.counter.replace(packet.counter()).is_some_and(|last| !packet.follows(last)) {
            notes.at(place.offset, "packets are missing");
        }
        let entered = &mut self.entered;
        match &mut self.samples {
            SampleKind::Whole(whole) => {
                Taken { head: None, begins: whole.packet(place, packet, self.packets, clock, entered, notes) }
            }
            SampleKind::Units(units) => {
                let (head, entrance) = units.packet(place, packet, clock, notes);
                entered.extend(entrance);
                Taken { head: Some(head), begins: packet.begins_unit() }
            }
        }
    }

    /// What follows does not continue from here: its samples end.
    pub fn interrupt(&mut self, notes: &mut Notes) {
        match &mut self.samples {
            SampleKind::Whole(whole) => whole.end(None, self.packets, &mut self.entered, notes),
            SampleKind::Units(units) => units.reader.interrupt(notes),
        }
    }

    /// A stream of another kind has taken its PID, or one of the same kind has it again.
    pub fn mute(&mut self, muted: bool, notes: &mut Notes) {
        if self.muted != muted {
            self.interrupt(notes);
            self.muted = muted;
        }
    }

    /// The random access points that have become known since the last call.
    pub fn take_entered(&mut self) -> Vec<ElementStart> {
        std::mem::take(&mut self.entered)
    }

    /// The offset of the first sample that is incomplete.
    pub fn waits_from(&self) -> Option<u64> {
        match &self.samples {
            SampleKind::Whole(whole) => whole.waits_from(),
            SampleKind::Units(units) => units.reader.waits_from(),
        }
    }

    /// The number of samples that were not passed on.
    pub fn waiting(&self) -> usize {
        match &self.samples {
            SampleKind::Whole(whole) => whole.done.len(),
            SampleKind::Units(units) => units.reader.waiting(),
        }
    }

    /// Samples that have ended and wait for their element.
    pub fn done(&mut self) -> &mut VecDeque<Run> {
        match &mut self.samples {
            SampleKind::Whole(whole) => &mut whole.done,
            SampleKind::Units(units) => &mut units.reader.done,
        }
    }

    /// The configurations of its samples that have become known since the last call, each with the decode time from which on
    /// they need it.
    pub fn take_configured(&mut self) -> Vec<(Ticks, u32)> {
        match &mut self.samples {
            SampleKind::Whole(whole) => whole.configurations.take(),
            SampleKind::Units(units) => units.take_configured(),
        }
    }

    /// The names of the codecs of its configurations, each once.
    pub fn codecs(&self) -> Vec<String> {
        match &self.samples {
            SampleKind::Whole(whole) => whole.configurations.codecs(),
            SampleKind::Units(units) => units.configurations.codecs(),
        }
    }

    /// The current time.
    pub fn time(&self) -> i64 {
        match &self.samples {
            SampleKind::Whole(whole) => whole.time(),
            SampleKind::Units(units) => units.reader.time(),
        }
    }

    /// The number of its packets so far.
    pub const fn packets(&self) -> u64 {
        self.packets
    }
}
