//! From packets to samples, and from stretches of the file to elements. An element goes on to the index once every sample that
//! begins in it has ended, which is when the next one of its stream begins.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::super::layout::{self, Stretch};
use super::super::packet::{NULL, PIDS, Packet, Packing};
use super::OPENING;
use super::survey::Survey;
use crate::container::Error;
use crate::container::mpeg::clock::{Clock, Hand, SECOND, composition};
use crate::container::mpeg::codec::{Codec, Start};
use crate::container::mpeg::elements::{Elements, MAX_ELEMENT, MAX_WAITING, SPACING};
use crate::container::mpeg::pes::Pes;
use crate::container::notes::Notes;
use crate::index::Packed;
use crate::media::{Kind, Run, Ticks, Track};

/// The lane of null packets, which are counted to the lane before them.
const FILLER: u8 = u8::MAX;

/// The samples of all tracks, on their way into the index.
#[derive(Serialize, Deserialize)]
pub struct Samples {
    packing: Packing,
    /// For each PID, its lane.
    pids: Vec<u8>,
    clock: Clock,
    lanes: Vec<Lane>,
    /// The place of the lane whose random access points begin elements.
    leader: usize,
    /// The elements that have not gone on to the index; the last is still being read.
    elements: VecDeque<Element>,
    /// Whose packets lie in these.
    stretches: VecDeque<Stretch>,
    /// How many stretches and samples the last element has.
    weight: usize,
    /// What lies before the next packet is no packet.
    broken: bool,
    given: Elements,
}

/// The beginning of an element.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Element {
    offset: u64,
    time: i64,
    /// M2TS: what stands before its first packet.
    arrival: [u8; 4],
}

/// One track's packets, as they come.
#[derive(Serialize, Deserialize)]
struct Lane {
    codec: Codec,
    hand: Hand,
    open: Option<Open>,
    /// Samples that have ended, and wait for their element.
    done: VecDeque<Run>,
    decode: Ticks,
    /// How long the last sample lasted of which that was known.
    usual: Ticks,
    /// The continuity counter of the last packet with a payload.
    counter: Option<u8>,
    packets: u64,
    /// Another kind of stream has its PID now.
    muted: bool,
}

/// A sample that has not ended.
#[derive(Serialize, Deserialize)]
struct Open {
    run: Run,
    arrival: [u8; 4],
    end: u64,
    /// What was seen of its beginning, until it is known whether decoding can begin there; and its `random_access_indicator`.
    opening: Option<(Vec<u8>, bool)>,
}

impl Samples {
    /// For the packets of these tracks, which are those of the survey.
    pub fn new(survey: &Survey, tracks: Vec<Track>) -> Self {
        let mut pids = vec![layout::OTHER; PIDS];
        let mut assign = |pid: u16, lane: u8| {
            if let Some(slot) = pids.get_mut(usize::from(pid)) {
                *slot = lane;
            }
        };
        if survey.map.has_clock_alone() {
            assign(survey.map.clock, layout::CLOCK);
        }
        for (place, found) in survey.tracks.iter().enumerate() {
            assign(found.entry.pid, layout::lane(place));
        }
        assign(NULL, FILLER);
        let is_video = |track: &Track| track.kind == Kind::Video;
        Self {
            packing: survey.packing,
            pids,
            clock: Clock::new(survey.zero),
            lanes: survey.tracks.iter().map(|found| Lane::new(found.stream.codec)).collect(),
            leader: tracks.iter().position(is_video).unwrap_or(0),
            elements: VecDeque::new(),
            stretches: VecDeque::new(),
            weight: 0,
            broken: true,
            given: Elements::new(tracks),
        }
    }

    /// Takes a packet; `arrival` is what stands before it.
    #[inline]
    pub fn packet(
        &mut self,
        offset: u64,
        packet: Packet<'_>,
        arrival: [u8; 4],
        notes: &mut Notes,
    ) -> Result<(), Error> {
        if self.broken || self.weight > MAX_ELEMENT {
            self.broken = false;
            self.begin(Element { offset, time: self.time(), arrival });
            self.settle()?;
        }
        let mut lane = self.pids.get(usize::from(packet.pid())).copied().unwrap_or(layout::OTHER);
        let last = self.stretches.back_mut();
        if lane == FILLER {
            lane = last.as_ref().map_or(layout::OTHER, |last| last.lane);
        }
        match last {
            Some(last) if last.lane == lane && last.bytes(self.packing.size as u64).end == offset => last.packets += 1,
            _ => {
                self.stretches.push_back(Stretch { offset, packets: 1, lane });
                self.weight += 1;
            }
        }
        match layout::track(lane) {
            Some(track) if packet.pid() != NULL => self.of_track(track, offset, packet, arrival, notes),
            _ => Ok(()),
        }
    }

    fn of_track(
        &mut self,
        track: usize,
        offset: u64,
        packet: Packet<'_>,
        arrival: [u8; 4],
        notes: &mut Notes,
    ) -> Result<(), Error> {
        let Some(lane) = self.lanes.get_mut(track) else { return Ok(()) };
        lane.packets += 1;
        if lane.muted || packet.is_damaged() || packet.is_scrambled() {
            if !lane.muted {
                notes.at(offset, "a packet that is damaged or scrambled");
            }
            return Ok(());
        }
        let mut payload = packet.payload();
        if lane.counter.is_some_and(|last| !packet.follows(last)) {
            notes.at(offset, "packets are missing");
        }
        lane.counter = Some(packet.counter());
        let begins = packet.begins_unit().then(|| Pes::read(payload));
        match begins {
            Some(Some(pes @ Pes { times: Some((presented, decoded)), .. })) => {
                let (decode, anew) = self.clock.read(&mut lane.hand, decoded);
                if anew {
                    notes.at(offset, "the time stamps begin anew: what follows is laid behind what was before");
                }
                self.weight += 1;
                let decode = Ticks(decode).max(lane.decode);
                self.end(track, Some(decode), notes);
                let Some(lane) = self.lanes.get_mut(track) else { return Ok(()) };
                let ahead = composition((presented, decoded));
                let raw = lane.hand.time();
                let run = Run {
                    decode,
                    composition: Ticks(raw + ahead) - decode,
                    duration: Ticks::ZERO,
                    offset,
                    size: 0,
                    count: 1,
                    sync: false,
                    description: 1,
                    header: 0,
                };
                lane.decode = decode;
                let opening = Some((Vec::new(), packet.is_random_access()));
                lane.open = Some(Open { run, arrival, end: offset, opening });
                payload = payload.get(pes.header..).unwrap_or_default();
            }
            // Without times of its own, it goes with the one before.
            Some(Some(pes)) => payload = payload.get(pes.header..).unwrap_or_default(),
            Some(None) => {
                notes.at(offset, "what should begin a PES packet does not");
                self.end(track, None, notes);
            }
            None => {}
        }
        let end = offset + self.packing.size as u64;
        if let Some(open) = self.lanes.get_mut(track).and_then(|lane| lane.open.as_mut()) {
            open.end = end;
            if open.opening.is_some() {
                self.look(track, payload, false);
            }
        }
        if begins.is_some() { self.settle() } else { Ok(()) }
    }

    /// Looks whether decoding can begin at a track's open sample, of which this was seen now.
    fn look(&mut self, track: usize, payload: &[u8], last: bool) {
        let Some(lane) = self.lanes.get_mut(track) else { return };
        let Some(open) = &mut lane.open else { return };
        let Some((bytes, flagged)) = &mut open.opening else { return };
        let found = if bytes.is_empty() {
            lane.codec.access(payload, *flagged, last)
        } else {
            bytes.extend_from_slice(payload);
            lane.codec.access(bytes, *flagged, last || bytes.len() >= OPENING)
        };
        match found {
            Start::Undecided => {
                if bytes.is_empty() {
                    bytes.extend_from_slice(payload);
                }
                return;
            }
            Start::Access(sync) => open.run.sync = sync,
        }
        open.opening = None;
        let element = Element { offset: open.run.offset, time: open.run.decode.0, arrival: open.arrival };
        let spaced = self.elements.back().is_some_and(|last| element.time - last.time >= SPACING);
        if open.run.sync && track == self.leader && spaced {
            self.begin(element);
        }
    }

    /// A track's open sample ends, where the next one is decoded at `next`.
    fn end(&mut self, track: usize, next: Option<Ticks>, notes: &mut Notes) {
        self.look(track, &[], true);
        let Some(lane) = self.lanes.get_mut(track) else { return };
        let Some(Open { mut run, end, .. }) = lane.open.take() else { return };
        let until_next = next.map(|next| next - run.decode).filter(|lasts| (1..10 * SECOND).contains(&lasts.0));
        run.duration = until_next.unwrap_or(lane.usual);
        lane.usual = run.duration;
        match u32::try_from(end - run.offset) {
            Ok(size) => {
                run.size = size;
                lane.done.push_back(run);
            }
            Err(_) => notes.at(run.offset, "a PES packet of more than 4 GiB is passed over"),
        }
    }

    /// The time that the leader has come to.
    fn time(&self) -> i64 {
        self.lanes.get(self.leader).map_or(0, |lane| lane.decode.0)
    }

    /// An element begins. Its first packet may have come some packets ago.
    fn begin(&mut self, element: Element) {
        if self.elements.back().is_some_and(|last| last.offset >= element.offset) {
            return;
        }
        let size = self.packing.size as u64;
        let holding = self.stretches.iter().rposition(|stretch| stretch.offset <= element.offset);
        if let Some((place, stretch)) = holding.and_then(|place| Some((place, self.stretches.get_mut(place)?)))
            && stretch.bytes(size).contains(&element.offset)
            && let before = (element.offset - stretch.offset) / size
            && before > 0
        {
            let rest = Stretch { offset: element.offset, packets: stretch.packets - before, ..*stretch };
            stretch.packets = before;
            self.stretches.insert(place + 1, rest);
        }
        self.weight = 0;
        self.elements.push_back(element);
    }

    /// What follows are no packets: all samples end.
    pub fn broken(&mut self, notes: &mut Notes) {
        for track in 0..self.lanes.len() {
            self.end(track, None, notes);
        }
        self.broken = true;
    }

    /// A stream of another kind has the PID of a track, or one of the same kind again.
    pub fn mute(&mut self, track: usize, muted: bool, notes: &mut Notes) {
        if self.lanes.get(track).is_none_or(|lane| lane.muted == muted) {
            return;
        }
        self.end(track, None, notes);
        if let Some(lane) = self.lanes.get_mut(track) {
            lane.muted = muted;
        }
    }

    /// Gives on the elements whose samples have all ended.
    fn settle(&mut self) -> Result<(), Error> {
        while let (Some(element), Some(next)) = (self.elements.front().copied(), self.elements.get(1).copied()) {
            let waits = |lane: &Lane| lane.open.as_ref().is_some_and(|open| open.run.offset < next.offset);
            if self.lanes.iter().any(waits) {
                if self.elements.len() <= MAX_WAITING {
                    return Ok(());
                }
                let waiting: Vec<usize> =
                    (0..).zip(&self.lanes).filter(|(_, lane)| waits(lane)).map(|(at, _)| at).collect();
                for track in waiting {
                    self.end(track, None, &mut Notes::default());
                }
            }
            self.elements.pop_front();
            self.give(element, next.offset)?;
        }
        Ok(())
    }

    /// Gives on an element, which ends where its last sample does; the one after it begins at `next`.
    fn give(&mut self, element: Element, next: u64) -> Result<(), Error> {
        let size = self.packing.size as u64;
        let mut samples = Vec::new();
        for (track, lane) in self.lanes.iter_mut().enumerate() {
            while let Some(run) = lane.done.pop_front_if(|run| run.offset < next) {
                samples.push((track, run));
            }
        }
        samples.sort_by_key(|(_, run)| run.offset);
        if let Some(end) = samples.iter().map(|(_, run)| run.bytes().end).max() {
            let mut kept = element.arrival.get(..self.packing.before).unwrap_or_default().to_vec();
            let within = self.stretches.iter().take_while(|stretch| stretch.offset < end);
            let within =
                within.map(|stretch| (stretch.packets.min((end - stretch.offset).div_ceil(size)), stretch.lane));
            layout::pack(&mut kept, within, layout::lanes(self.lanes.len()));
            self.given.give((element.offset, end), element.time, kept, samples)?;
        }
        while self.stretches.front().is_some_and(|stretch| stretch.offset < next) {
            self.stretches.pop_front();
        }
        Ok(())
    }

    /// The pages that are complete.
    pub fn take_ready(&mut self) -> Vec<Packed> {
        self.given.take_ready()
    }

    /// The end of the file, at this offset: the remaining pages, and the tracks with the bytes of their own packets.
    pub fn finish(mut self, end: u64, notes: &mut Notes) -> Result<(Vec<Packed>, Vec<Track>), Error> {
        self.broken(notes);
        self.begin(Element { offset: end, time: self.time(), arrival: [0; 4] });
        self.settle()?;
        let size = self.packing.size as u64;
        self.given.finish(self.lanes.iter().map(|lane| lane.packets.saturating_mul(size)))
    }
}

impl Lane {
    fn new(codec: Codec) -> Self {
        Self {
            codec,
            hand: Hand::default(),
            open: None,
            done: VecDeque::new(),
            decode: Ticks(i64::MIN / 4),
            usual: Ticks::ZERO,
            counter: None,
            packets: 0,
            muted: false,
        }
    }
}
