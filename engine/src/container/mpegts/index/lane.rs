//! One track: its packets become samples. Those are its PES packets (`whole`); or its access units, where these begin anywhere in
//! them (`units`).

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::super::layout::Head;
use super::super::packet::Packet;
use super::place::{Element, Place};
use super::survey::Found;
use super::units::Units;
use super::whole::Whole;
use crate::container::mpeg::clock::Clock;
use crate::container::notes::Notes;
use crate::media::Run;

/// What a packet was.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    /// What stands before its data, where samples begin anywhere.
    pub head: Option<Head>,
    /// A PES packet begins, or should.
    pub begins: bool,
}

/// A track, as its packets come.
#[derive(Serialize, Deserialize)]
pub struct Lane {
    samples: Samples,
    /// The continuity counter of the last packet.
    counter: Option<u8>,
    packets: u64,
    /// Another kind of stream has its PID now.
    muted: bool,
    /// Where decoding can begin, as far as that was not asked for.
    entered: Vec<Element>,
}

/// What its samples are.
#[derive(Serialize, Deserialize)]
enum Samples {
    Whole(Whole),
    Units(Box<Units>),
}

impl Lane {
    /// Of a stream of the survey.
    pub fn new(found: &Found) -> Self {
        let codec = found.stream.codec;
        let samples =
            if found.units { Samples::Units(Box::new(Units::new(codec))) } else { Samples::Whole(Whole::new(codec)) };
        Self { samples, counter: None, packets: 0, muted: false, entered: Vec::new() }
    }

    /// Takes the next packet.
    pub fn packet(&mut self, place: Place, packet: Packet<'_>, clock: &mut Clock, notes: &mut Notes) -> Taken {
        self.packets += 1;
        if self.muted || packet.is_damaged() || packet.is_scrambled() {
            if !self.muted {
                notes.at(place.offset, "a packet that is damaged or scrambled");
            }
            let head = matches!(self.samples, Samples::Units(_)).then(|| Units::passed_over(packet));
            return Taken { head, begins: false };
        }
        if self.counter.replace(packet.counter()).is_some_and(|last| !packet.follows(last)) {
            notes.at(place.offset, "packets are missing");
        }
        let entered = &mut self.entered;
        match &mut self.samples {
            Samples::Whole(whole) => {
                Taken { head: None, begins: whole.packet(place, packet, self.packets, clock, entered, notes) }
            }
            Samples::Units(units) => {
                let (head, entrance) = units.packet(place, packet, clock, notes);
                entered.extend(entrance);
                Taken { head: Some(head), begins: packet.begins_unit() }
            }
        }
    }

    /// What follows does not go on from here: its samples end.
    pub fn interrupt(&mut self, notes: &mut Notes) {
        match &mut self.samples {
            Samples::Whole(whole) => whole.end(None, self.packets, &mut self.entered, notes),
            Samples::Units(units) => units.lane.interrupt(notes),
        }
    }

    /// A stream of another kind has its PID, or one of the same kind again.
    pub fn mute(&mut self, muted: bool, notes: &mut Notes) {
        if self.muted != muted {
            self.interrupt(notes);
            self.muted = muted;
        }
    }

    /// Where decoding can begin, as far as that has become known since it was last asked.
    pub fn take_entered(&mut self) -> Vec<Element> {
        std::mem::take(&mut self.entered)
    }

    /// Where the first sample begins of which something is still to come.
    pub fn waits_from(&self) -> Option<u64> {
        match &self.samples {
            Samples::Whole(whole) => whole.waits_from(),
            Samples::Units(units) => units.lane.waits_from(),
        }
    }

    /// How many samples are there that are not given on.
    pub fn waiting(&self) -> usize {
        match &self.samples {
            Samples::Whole(whole) => whole.done.len(),
            Samples::Units(units) => units.lane.waiting(),
        }
    }

    /// Samples that have ended, and wait for their element.
    pub fn done(&mut self) -> &mut VecDeque<Run> {
        match &mut self.samples {
            Samples::Whole(whole) => &mut whole.done,
            Samples::Units(units) => &mut units.lane.done,
        }
    }

    /// The time that it has come to.
    pub fn time(&self) -> i64 {
        match &self.samples {
            Samples::Whole(whole) => whole.time(),
            Samples::Units(units) => units.lane.time(),
        }
    }

    /// How many packets it has had.
    pub const fn packets(&self) -> u64 {
        self.packets
    }
}
