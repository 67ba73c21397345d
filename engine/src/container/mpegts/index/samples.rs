//! From packets to samples, and from ranges of the file to elements. An element is added to the index once every sample
//! that begins in it has ended, that is, once the next sample of each stream begins.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::super::layout::{self, OTHER, PacketRun, StreamNumbers};
use super::super::packet::{NULL, PIDS, Packing, TransportPacket};
use super::location::{ElementStart, PacketLocation};
use super::pes::{PesReader, Taken};
use super::survey::TsSurvey;
use crate::container::Error;
use crate::container::mpeg::clock::{ProgramClock, Zeros};
use crate::container::mpeg::elements::{MAX_ELEMENT, MAX_WAITING, PassedElements, SPACING};
use crate::container::notes::Notes;
use crate::container::pass::PassOutput;
use crate::index::Builder;
use crate::media::{Kind, Run, Track};

/// The stream of null packets, which are counted with the stream before them.
const FILLER: u8 = u8::MAX;

/// The samples of all tracks on their way into the index.
#[derive(Serialize, Deserialize)]
pub struct PacketSamples {
    packing: Packing,
    /// The stream of each PID.
    pids: Vec<u8>,
    clock: ProgramClock,
    zeros: Zeros,
    readers: Vec<PesReader>,
    /// The streams with access units that begin anywhere.
    units: Vec<u8>,
    /// The position of the reader whose random access points begin elements.
    leader: usize,
    /// The elements not yet in the index; the last is still being read.
    elements: VecDeque<ElementStart>,
    /// The runs in these elements.
    packet_runs: VecDeque<PacketRun>,
    /// The number of runs and samples of the last element.
    weight: usize,
    /// The bytes before the next packet are not a packet.
    broken: bool,
    given: PassedElements,
}

/// The results at the end of a file.
pub struct Finished {
    /// The streams with access units as samples.
    pub units: Vec<u8>,
    /// For each clock, its zero time stamp; empty if these are not needed.
    pub clocks: Vec<u64>,
    /// For each track, the names of the codecs of its configurations.
    pub codecs: Vec<Vec<String>>,
}

impl PacketSamples {
    /// For these tracks, which are those of the survey.
    pub fn new(survey: &TsSurvey, tracks: &[Track]) -> Self {
        let mut pids = vec![OTHER; PIDS];
        let mut assign = |pid: u16, stream: u8| {
            if let Some(slot) = pids.get_mut(usize::from(pid)) {
                *slot = stream;
            }
        };
        if survey.map.has_clock_alone() {
            assign(survey.map.clock, layout::CLOCK);
        }
        for (place, found) in survey.tracks.iter().enumerate() {
            assign(found.entry.pid, layout::stream(place));
        }
        assign(NULL, FILLER);
        let units = survey.tracks.iter().enumerate().filter(|(_, found)| found.units);
        let clock = ProgramClock::new(survey.zero);
        Self {
            packing: survey.packing,
            pids,
            zeros: Zeros::of(&clock),
            clock,
            readers: survey.tracks.iter().map(PesReader::new).collect(),
            units: units.map(|(place, _)| layout::stream(place)).collect(),
            leader: tracks.iter().position(|track| track.kind == Kind::Video).unwrap_or(0),
            elements: VecDeque::new(),
            packet_runs: VecDeque::new(),
            weight: 0,
            broken: true,
            given: PassedElements::default(),
        }
    }

    /// Takes a packet; `arrival` is the bytes before it.
    #[inline]
    pub fn packet(
        &mut self,
        offset: u64,
        packet: TransportPacket<'_>,
        arrival: [u8; 4],
        out: &mut PassOutput,
    ) -> Result<(), Error> {
        if self.broken || self.weight > MAX_ELEMENT {
            self.broken = false;
            self.begin(ElementStart { offset, time: self.time(), arrival });
            self.settle(&mut out.builder)?;
        }
        let mut stream = self.pids.get(usize::from(packet.pid())).copied().unwrap_or(OTHER);
        let (mut track, mut taken) = (None, Taken::default());
        if stream == FILLER {
            // Between packets of units, each null packet counts.
            stream = self.packet_runs.back().filter(|last| last.head.is_none()).map_or(OTHER, |last| last.stream);
        } else {
            track = layout::track(stream);
        }
        if let Some(reader) = track.and_then(|track| self.readers.get_mut(track)) {
            let before = reader.waiting();
            taken = reader.packet(
                PacketLocation::new(self.packing, offset, arrival),
                packet,
                &mut self.clock,
                &mut out.notes,
            );
            self.weight += reader.waiting().saturating_sub(before);
            if !self.units.is_empty() {
                self.zeros.note(&self.clock)?;
            }
        }
        let packet_run = PacketRun { offset, packets: 1, stream, head: taken.head };
        let begins = self.elements.back().is_some_and(|element| element.offset == offset);
        let last = self.packet_runs.back_mut().filter(|_| !begins);
        if !last.is_some_and(|last| last.grow(&packet_run, self.packing.size as u64)) {
            self.packet_runs.push_back(packet_run);
            self.weight += 1;
        }
        if let Some(track) = track {
            self.enter(track);
        }
        if taken.begins { self.settle(&mut out.builder) } else { Ok(()) }
    }

    /// Begins elements at the leader's random access points.
    fn enter(&mut self, track: usize) {
        let entered = self.readers.get_mut(track).map(PesReader::take_entered).unwrap_or_default();
        for element in entered {
            let spaced = self.elements.back().is_some_and(|last| element.time - last.time >= SPACING);
            if spaced && track == self.leader {
                self.begin(element);
            }
        }
    }

    /// The current time of the leader.
    fn time(&self) -> i64 {
        self.readers.get(self.leader).map_or(0, PesReader::time)
    }

    /// Begins an element. Its first packet may be some packets ago.
    fn begin(&mut self, element: ElementStart) {
        if self.elements.back().is_some_and(|last| last.offset >= element.offset) {
            return;
        }
        let size = self.packing.size as u64;
        let holding = self.packet_runs.iter().rposition(|packet_run| packet_run.offset <= element.offset);
        if let Some((place, packet_run)) = holding.and_then(|place| Some((place, self.packet_runs.get_mut(place)?)))
            && packet_run.bytes(size).contains(&element.offset)
            && let before = (element.offset - packet_run.offset) / size
            && before > 0
        {
            let rest = packet_run.behind(before, size);
            packet_run.packets = before;
            self.packet_runs.insert(place + 1, rest);
        }
        self.weight = 0;
        self.elements.push_back(element);
    }

    /// Ends a track's samples.
    fn interrupt(&mut self, track: usize, notes: &mut Notes) {
        if let Some(reader) = self.readers.get_mut(track) {
            reader.interrupt(notes);
        }
        self.enter(track);
    }

    /// The following bytes are not packets: all samples end.
    pub fn broken(&mut self, notes: &mut Notes) {
        for track in 0..self.readers.len() {
            self.interrupt(track, notes);
        }
        self.broken = true;
    }

    /// A stream of another kind has taken the PID of a track, or one of the same kind has it again.
    pub fn mute(&mut self, track: usize, muted: bool, notes: &mut Notes) {
        if let Some(reader) = self.readers.get_mut(track) {
            reader.mute(muted, notes);
        }
        self.enter(track);
    }

    /// Passes on the elements whose samples have all ended.
    fn settle(&mut self, builder: &mut Builder) -> Result<(), Error> {
        while let (Some(element), Some(next)) = (self.elements.front().copied(), self.elements.get(1).copied()) {
            let waits = |reader: &PesReader| reader.waits_from().is_some_and(|offset| offset < next.offset);
            if self.readers.iter().any(waits) {
                if self.elements.len() <= MAX_WAITING {
                    return Ok(());
                }
                let waiting: Vec<usize> =
                    (0..).zip(&self.readers).filter(|(_, reader)| waits(reader)).map(|(at, _)| at).collect();
                for track in waiting {
                    self.interrupt(track, &mut Notes::default());
                }
            }
            self.elements.pop_front();
            self.give(element, next.offset, builder)?;
        }
        Ok(())
    }

    /// Passes on an element, which ends with the packet that its last sample ends in; the next element begins at
    /// `next`.
    fn give(&mut self, element: ElementStart, next: u64, builder: &mut Builder) -> Result<(), Error> {
        let size = self.packing.size as u64;
        let mut samples: Vec<(usize, Run)> = Vec::new();
        for (track, reader) in self.readers.iter_mut().enumerate() {
            for (decode, number) in reader.take_configured() {
                builder.configure(track, decode, number);
            }
            while let Some(run) = reader.done().pop_front_if(|run| run.offset < next) {
                samples.push((track, run));
            }
        }
        samples.sort_by_key(|(_, run)| run.offset);
        if let Some(last) = samples.iter().map(|(_, run)| run.bytes().end).max() {
            let mut kept = element.arrival.get(..self.packing.before).unwrap_or_default().to_vec();
            let mut end = last;
            let within = self.packet_runs.iter().take_while(|packet_run| packet_run.offset < last).map(|packet_run| {
                let packets = packet_run.packets.min((last - packet_run.offset).div_ceil(size));
                let within = PacketRun { packets, ..*packet_run };
                end = within.bytes(size).end;
                within
            });
            layout::pack(&mut kept, within, StreamNumbers { tracks: self.readers.len(), units: &self.units });
            self.given.give((element.offset, end), element.time, kept, samples, builder)?;
        }
        while self.packet_runs.front().is_some_and(|packet_run| packet_run.offset < next) {
            self.packet_runs.pop_front();
        }
        Ok(())
    }

    /// Finishes at the end of the file, which is at this offset.
    pub fn end(&mut self, end: u64, out: &mut PassOutput) -> Result<(), Error> {
        self.broken(&mut out.notes);
        self.begin(ElementStart { offset: end, time: self.time(), arrival: [0; 4] });
        self.settle(&mut out.builder)
    }

    /// Sets the number of bytes in each track's own packets. Returns the properties that the writer needs.
    pub fn finish(self, tracks: &mut [Track]) -> Finished {
        let size = self.packing.size as u64;
        for (track, reader) in tracks.iter_mut().zip(&self.readers) {
            track.bytes = reader.packets().saturating_mul(size);
        }
        let clocks = if self.units.is_empty() { Vec::new() } else { self.zeros.into() };
        let codecs = self.readers.iter().map(PesReader::codecs).collect();
        Finished { units: self.units, clocks, codecs }
    }
}
