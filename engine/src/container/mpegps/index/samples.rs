//! From packets to samples, and from ranges of the file to elements. An element is added to the index once every sample
//! that begins in it has ended, that is, once the next sample of each stream begins.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::survey::PsSurvey;
use crate::container::Error;
use crate::container::mpeg::clock::{ProgramClock, Zeros};
use crate::container::mpeg::elements::{MAX_ELEMENT, MAX_WAITING, PassedElements, SPACING};
use crate::container::mpeg::units::{self, Entrance, PacketHeaders, UnitReader};
use crate::container::mpegps::layout::{self, OTHER, PACK, PacketShape, PesEntry};
use crate::container::notes::Notes;
use crate::container::pass::PassOutput;
use crate::index::Builder;
use crate::media::{Kind, Run, Track};

/// The samples of all tracks on their way into the index.
#[derive(Serialize, Deserialize)]
pub struct PackSamples {
    clock: ProgramClock,
    zeros: Zeros,
    readers: Vec<UnitReader>,
    /// The position of the reader whose random access points begin elements.
    leader: usize,
    /// The elements not yet in the index, by offset and time; the last is still being read.
    elements: VecDeque<(u64, i64)>,
    /// The entries in these elements.
    #[serde(with = "layout::serial")]
    entries: VecDeque<PesEntry>,
    /// The number of entries and samples of the last element.
    weight: usize,
    /// A pack header that does not belong to a packet yet.
    pack: Option<PesEntry>,
    /// The offset of the current pack.
    in_pack: u64,
    /// The next bytes do not continue the previous ones.
    broken: bool,
    given: PassedElements,
}

impl PackSamples {
    /// For these tracks, which are those of the survey.
    pub fn new(survey: &PsSurvey, tracks: &[Track]) -> Self {
        let clock = ProgramClock::new(survey.zero);
        Self {
            zeros: Zeros::of(&clock),
            clock,
            readers: survey.tracks.iter().map(|found| UnitReader::new(found.stream.codec)).collect(),
            leader: tracks.iter().position(|track| track.kind == Kind::Video).unwrap_or(0),
            elements: VecDeque::new(),
            entries: VecDeque::new(),
            weight: 0,
            pack: None,
            in_pack: 0,
            broken: true,
            given: PassedElements::default(),
        }
    }

    /// Takes a pack header of this length.
    pub fn pack(&mut self, offset: u64, length: u32, builder: &mut Builder) -> Result<(), Error> {
        self.settle_pack();
        self.in_pack = offset;
        self.pack = Some(PesEntry { offset, shape: PacketShape { stream: PACK, pack: 0, header: 0, data: length } });
        if self.broken || self.weight > MAX_ELEMENT {
            self.begin(Entrance { pack: offset, time: self.time() });
            return self.settle(builder);
        }
        Ok(())
    }

    /// Takes bytes that are in no cut.
    pub fn other(&mut self, offset: u64, length: u32) {
        self.settle_pack();
        match self.entries.back_mut() {
            Some(PesEntry { shape: PacketShape { stream: OTHER, data, .. }, .. })
                if data.checked_add(length).is_some() =>
            {
                *data += length;
            }
            _ => {
                self.enter(PesEntry { offset, shape: PacketShape { stream: OTHER, pack: 0, header: 0, data: length } });
            }
        }
    }

    /// Takes a track's packet at this offset of the file.
    pub fn packet(
        &mut self,
        track: usize,
        offset: u64,
        (header, data): (u32, &[u8]),
        times: Option<(u64, u64)>,
        out: &mut PassOutput,
    ) -> Result<(), Error> {
        if self.broken || self.weight > MAX_ELEMENT {
            self.in_pack = self.pack.as_ref().map_or(offset, |pack| pack.offset);
            self.begin(Entrance { pack: self.in_pack, time: self.time() });
        }
        let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let (start, pack) = match self.pack.take() {
            Some(pack) => (pack.offset, pack.shape.data),
            None => (offset, 0),
        };
        self.enter(PesEntry {
            offset: start,
            shape: PacketShape { stream: layout::stream(track), pack, header, data: length },
        });
        let Some(reader) = self.readers.get_mut(track) else { return Ok(()) };
        let begins = Some(PacketHeaders { pack: self.in_pack, times });
        let packet = units::PacketSlice { header: begins, offset: offset + u64::from(header), data };
        let before = reader.waiting();
        let entrance = reader.packet(packet, &mut self.clock, &mut out.notes);
        self.weight += reader.waiting().saturating_sub(before);
        self.zeros.note(&self.clock)?;
        if let Some(entrance) = entrance.filter(|_| track == self.leader)
            && self.elements.back().is_some_and(|(_, last)| entrance.time - last >= SPACING)
        {
            self.begin(entrance);
        }
        self.settle(&mut out.builder)
    }

    /// Stores a pack header that is not followed by a track's packet.
    fn settle_pack(&mut self) {
        if let Some(pack) = self.pack.take() {
            self.enter(pack);
        }
    }

    fn enter(&mut self, entry: PesEntry) {
        self.entries.push_back(entry);
        self.weight += 1;
    }

    /// The current time of the leader.
    fn time(&self) -> i64 {
        self.readers.get(self.leader).map_or(0, UnitReader::time)
    }

    /// Begins an element, possibly some packs before the current one.
    fn begin(&mut self, Entrance { pack, time }: Entrance) {
        self.broken = false;
        if self.elements.back().is_none_or(|(last, _)| *last < pack) {
            self.weight = 0;
            self.elements.push_back((pack, time));
        }
    }

    /// What follows does not continue from here: all samples end.
    pub fn interrupt(&mut self, notes: &mut Notes) {
        self.settle_pack();
        for reader in &mut self.readers {
            reader.interrupt(notes);
        }
        self.broken = true;
    }

    /// Passes on the elements whose samples have all ended.
    fn settle(&mut self, builder: &mut Builder) -> Result<(), Error> {
        while let (Some((element, time)), Some((next, _))) =
            (self.elements.front().copied(), self.elements.get(1).copied())
        {
            let waits = |reader: &UnitReader| reader.waits_from().is_some_and(|offset| offset < next);
            if self.readers.iter().any(waits) {
                if self.elements.len() <= MAX_WAITING {
                    return Ok(());
                }
                for reader in self.readers.iter_mut().filter(|reader| waits(reader)) {
                    reader.interrupt(&mut Notes::default());
                }
            }
            self.elements.pop_front();
            self.give(element, time, next, builder)?;
        }
        Ok(())
    }

    /// Passes on an element, which ends with the packet that its last sample ends in; the next element begins at
    /// `next`.
    fn give(&mut self, element: u64, time: i64, next: u64, builder: &mut Builder) -> Result<(), Error> {
        let mut samples: Vec<(usize, Run)> = Vec::new();
        for (track, reader) in self.readers.iter_mut().enumerate() {
            while let Some(run) = reader.done.pop_front_if(|run| run.offset < next) {
                samples.push((track, run));
            }
        }
        samples.sort_by_key(|(_, run)| run.offset);
        if let Some(last) = samples.iter().map(|(_, run)| run.bytes().end).max() {
            let within = self.entries.iter().skip_while(|entry| entry.offset < element);
            let within: Vec<&PesEntry> = within.take_while(|entry| entry.offset < last).collect();
            let end = within.last().map_or(last, |entry| entry.end());
            let mut kept = Vec::with_capacity(64);
            layout::pack(&mut kept, within.into_iter().map(|entry| entry.shape));
            self.given.give((element, end), time, kept, samples, builder)?;
        }
        while self.entries.front().is_some_and(|entry| entry.offset < next) {
            self.entries.pop_front();
        }
        Ok(())
    }

    /// Finishes at the end of the file, which is at this offset.
    pub fn end(&mut self, end: u64, out: &mut PassOutput) -> Result<(), Error> {
        self.interrupt(&mut out.notes);
        self.begin(Entrance { pack: end, time: self.time() });
        self.settle(&mut out.builder)
    }

    /// Sets the number of own bytes of each track. Returns the zero time stamp of each clock.
    pub fn finish(self, tracks: &mut [Track]) -> Vec<u64> {
        for (track, reader) in tracks.iter_mut().zip(&self.readers) {
            track.bytes = reader.bytes;
        }
        self.zeros.into()
    }
}
