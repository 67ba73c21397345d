//! Samples that are PES packets with time stamps. A PES packet without one is merged into the previous sample. So is a
//! PES packet of pictures that begins in the middle of a picture, as may happen in joined recordings.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::super::packet::TransportPacket;
use super::OPENING;
use super::configurations::Configurations;
use super::location::{ElementStart, PacketLocation};
use crate::codec::UnitStart;
use crate::container::mpeg::clock::{Hand, ProgramClock, SECOND, composition};
use crate::container::mpeg::codec::MpegCodec;
use crate::container::mpeg::pes::Pes;
use crate::container::notes::Notes;
use crate::media::{Kind, Private, Run, Ticks};

/// A track whose samples are its PES packets.
#[derive(Serialize, Deserialize)]
pub struct PacketTrack {
    codec: MpegCodec,
    hand: Hand,
    open: Option<OpenSample>,
    /// Samples that have ended and wait for their element.
    pub done: VecDeque<Run>,
    decode: Ticks,
    /// The duration and number of packets of the last sample whose duration was known.
    usual: (Ticks, u64),
    pub configurations: Configurations,
}

/// A sample that has not ended.
#[derive(Serialize, Deserialize)]
struct OpenSample {
    run: Run,
    arrival: [u8; 4],
    end: u64,
    /// The number of packets of its stream before it.
    before: u64,
    /// Its beginning, until it is known whether it is a random access point; and its `random_access_indicator`.
    opening: Option<(Vec<u8>, bool)>,
}

impl PacketTrack {
    pub fn new(codec: MpegCodec) -> Self {
        let (decode, usual) = (Ticks(i64::MIN / 4), (Ticks::ZERO, 0));
        let (hand, done) = (Hand::default(), VecDeque::new());
        Self { codec, hand, open: None, done, decode, usual, configurations: Configurations::default() }
    }

    /// Takes a packet; `packets` counts it. Returns whether a PES packet begins, or should. Adds random access points
    /// to `entered`.
    pub fn packet(
        &mut self,
        place: PacketLocation,
        packet: TransportPacket<'_>,
        packets: u64,
        clock: &mut ProgramClock,
        entered: &mut Vec<ElementStart>,
        notes: &mut Notes,
    ) -> bool {
        let offset = place.offset;
        let mut payload = packet.payload();
        let begins = packet.begins_unit().then(|| Pes::read(payload));
        match begins {
            Some(Some(pes))
                if pes.times.is_some() && !self.may_begin(payload.get(pes.header..).unwrap_or_default()) =>
            {
                notes.at(offset, "a PES packet that begins in the middle of a picture goes with the one before");
                payload = payload.get(pes.header..).unwrap_or_default();
            }
            Some(Some(pes @ Pes { times: Some((presented, decoded)), .. })) => {
                let (decode, anew) = clock.read(&mut self.hand, decoded);
                if anew {
                    notes.at(offset, "the time stamps begin anew: what follows is laid behind what was before");
                }
                let decode = Ticks(decode).max(self.decode);
                self.end(Some(decode), packets, entered, notes);
                let ahead = composition((presented, decoded));
                let raw = self.hand.time();
                let run = Run {
                    decode,
                    composition: Ticks(raw + ahead) - decode,
                    duration: Ticks::ZERO,
                    offset,
                    size: 0,
                    count: 1,
                    sync: false,
                    disposable: false,
                    private: Private::NONE,
                };
                self.decode = decode;
                let opening = Some((Vec::new(), packet.is_random_access()));
                self.open = Some(OpenSample { run, arrival: place.arrival, end: offset, before: packets - 1, opening });
                payload = payload.get(pes.header..).unwrap_or_default();
            }
            // Without times of its own, it is merged into the previous one.
            Some(Some(pes)) => payload = payload.get(pes.header..).unwrap_or_default(),
            Some(None) => {
                notes.at(offset, "what should begin a PES packet does not");
                self.end(None, packets, entered, notes);
            }
            None => {}
        }
        if let Some(open) = &mut self.open {
            open.end = place.next;
            if open.opening.is_some() {
                self.look(payload, false, entered);
            }
        }
        begins.is_some()
    }

    /// Whether a sample may begin with these data: pictures begin with a start code.
    fn may_begin(&self, data: &[u8]) -> bool {
        let zeros = data.iter().take_while(|byte| **byte == 0).count();
        self.codec.kind() != Kind::Video || data.get(zeros).is_none_or(|byte| zeros >= 2 && *byte == 1)
    }

    /// Checks whether the open sample is a random access point, using the data seen now.
    fn look(&mut self, payload: &[u8], last: bool, entered: &mut Vec<ElementStart>) {
        let Some(open) = &mut self.open else { return };
        let Some((bytes, flagged)) = &mut open.opening else { return };
        let found = if bytes.is_empty() {
            self.codec.access(payload, *flagged, last)
        } else {
            bytes.extend_from_slice(payload);
            self.codec.access(bytes, *flagged, last || bytes.len() >= OPENING)
        };
        match found {
            UnitStart::Undecided => {
                if bytes.is_empty() {
                    bytes.extend_from_slice(payload);
                }
                return;
            }
            UnitStart::Access(sync) => open.run.sync = sync,
        }
        let says = if bytes.is_empty() { self.codec.properties(payload) } else { self.codec.properties(bytes) };
        open.opening = None;
        if open.run.sync {
            let decode = open.run.decode;
            entered.push(ElementStart { offset: open.run.offset, time: decode.0, arrival: open.arrival });
            self.configurations.note(decode, self.hand.clock().0, says);
        }
    }

    /// Ends the open sample; the next one is decoded at `next`. `packets` counts the stream's packets including the next
    /// sample's first.
    pub fn end(&mut self, next: Option<Ticks>, packets: u64, entered: &mut Vec<ElementStart>, notes: &mut Notes) {
        self.look(&[], true, entered);
        let Some(OpenSample { mut run, end, before, .. }) = self.open.take() else { return };
        let packets = packets.saturating_sub(before + u64::from(next.is_some()));
        let until_next = next.map(|next| next - run.decode).filter(|lasts| (1..10 * SECOND).contains(&lasts.0));
        run.duration = until_next.unwrap_or_else(|| self.as_usual(packets));
        if until_next.is_some() {
            self.usual = (run.duration, packets);
        }
        match u32::try_from(end - run.offset) {
            Ok(size) => {
                run.size = size;
                self.done.push_back(run);
            }
            Err(_) => notes.at(run.offset, "a PES packet of more than 4 GiB is passed over"),
        }
    }

    /// The duration of a sample of this number of packets, derived from the previous one: all pictures have the same
    /// duration, but the last PES packet of sound in a file has only the remaining frames.
    fn as_usual(&self, packets: u64) -> Ticks {
        match (self.codec.kind(), self.usual) {
            (Kind::Audio, (lasted, of)) if packets < of => Ticks(
                lasted.0.saturating_mul(i64::try_from(packets).unwrap_or(i64::MAX))
                    / i64::try_from(of).unwrap_or(i64::MAX),
            ),
            (_, (lasted, _)) => lasted,
        }
    }

    /// The offset of the open sample.
    pub fn waits_from(&self) -> Option<u64> {
        self.open.as_ref().map(|open| open.run.offset)
    }

    /// The current time.
    pub const fn time(&self) -> i64 {
        self.decode.0
    }
}
