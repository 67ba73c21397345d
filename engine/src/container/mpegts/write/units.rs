//! Samples that begin and end within packets. PES packets that are selected completely are copied unchanged. If only a
//! part is selected, as usual for the first and the last of a cut, that part is in a PES packet of no stated length
//! (ISO/IEC 13818-1 §2.4.3.7, `PES_packet_length`): either with a new header, with the time stamps of the first sample,
//! or with the original header if the part begins with the packet's first sample. Transport packets with bytes of other
//! samples are shortened by adaptation fields (§2.4.3.5).

use std::ops::Range;

use bytes::{BufMut, Bytes};

use super::super::layout::{Begins, PacketHead, PacketRun};
use super::super::packet::{PACKET, Packing};
use super::OutputPieces;
use crate::container::mpeg::clock::stamps;
use crate::container::mpeg::outline::beginning;
use crate::container::mpeg::pes;
use crate::index::{RunCursor, Runs};
use crate::media::Run;
use crate::media::splice::Piece;

/// The number of bytes of a packet after its own header.
const ROOM: usize = PACKET - 4;
/// `discontinuity_indicator`: the continuity counter may jump here.
const DISCONTINUITY: u8 = 0x80;
/// `random_access_indicator`.
const RANDOM_ACCESS: u8 = 0x40;
/// `stream_id` of a video stream.
const VIDEO: u8 = 0xE0;
/// The size of a PES packet's header with only the mandatory fields.
const SHORTEST: u8 = 9;

/// The samples of a selected track that are not written yet.
pub struct UnitCursor<'a> {
    pub stream: u8,
    pid: u16,
    packing: Packing,
    clocks: &'a [u64],
    /// The samples that no element was requested for yet.
    ahead: RunCursor<'a>,
    runs: RunCursor<'a>,
    /// The packets of the current PES packet.
    packets: PesPacketRuns,
    /// Something of the track is written, and everything before the current PES packet.
    begun: bool,
    goes_on: bool,
}

/// The packets of a PES packet: runs, each with the number of bytes of data before it.
struct PesPacketRuns {
    packing: Packing,
    packet_runs: Vec<(PacketRun, u64)>,
    data: u64,
}

/// A selected part of a PES packet: a range of its data, and the first sample that begins in it.
struct PesPart {
    data: Range<u64>,
    first: Option<Run>,
}

/// The bytes before the data of a part.
enum Front {
    /// Nothing: the data continue the previous ones.
    Nothing,
    /// The PES packet's header with no stated length.
    Kept,
    /// The same without time stamps.
    Bare,
    /// A new header.
    Own,
}

fn head(packet_run: &PacketRun) -> PacketHead {
    packet_run.head.unwrap_or(PacketHead::plain(0))
}

/// The data of one packet of a run, by its position, as a range of the run's data.
fn data_of(packet_run: &PacketRun, place: u64) -> Range<u64> {
    let first = head(packet_run).data();
    let end = |place: u64| first.saturating_add(place.saturating_mul(ROOM as u64));
    place.checked_sub(1).map_or(0, end)..end(place)
}

impl PesPacketRuns {
    fn push(&mut self, packet_run: PacketRun) {
        self.packet_runs.push((packet_run, self.data));
        self.data = self.data.saturating_add(data_of(&packet_run, packet_run.packets.saturating_sub(1)).end);
    }

    fn bytes(&self) -> Range<u64> {
        let size = self.packing.size as u64;
        let end = self.packet_runs.last().map_or(0, |(last, _)| last.bytes(size).end);
        self.packet_runs.first().map_or(end, |(first, _)| first.offset)..end
    }

    /// The number of bytes of data before this offset of the file.
    fn data_before(&self, offset: u64) -> u64 {
        let size = self.packing.size as u64;
        let behind = self.packet_runs.partition_point(|(packet_run, _)| packet_run.offset <= offset);
        let Some((packet_run, before)) = behind.checked_sub(1).and_then(|at| self.packet_runs.get(at)) else {
            return 0;
        };
        let within = offset - packet_run.offset;
        let place = (within / size).min(packet_run.packets.saturating_sub(1));
        let data = data_of(packet_run, place);
        let start = place * size + self.packing.before as u64 + head(&packet_run.behind(place, size)).before();
        (before + data.start + within.saturating_sub(start)).min(before + data.end)
    }
}

impl<'a> UnitCursor<'a> {
    pub fn new(stream: u8, pid: u16, packing: Packing, clocks: &'a [u64], runs: &'a Runs) -> Self {
        let packets = PesPacketRuns { packing, packet_runs: Vec::new(), data: 0 };
        let (ahead, runs) = (runs.cursor(), runs.cursor());
        Self { stream, pid, packing, clocks, ahead, runs, packets, begun: false, goes_on: true }
    }

    /// The range of the file with the samples that begin in this range.
    pub fn extent(&mut self, within: &Range<u64>) -> Option<Range<u64>> {
        super::extent(&mut self.ahead, within)
    }

    /// The offset of the current PES packet.
    pub fn begun_at(&self) -> Option<u64> {
        self.packets.packet_runs.first().map(|(first, _)| first.offset)
    }

    /// Whether all samples are written.
    pub fn is_done(&mut self) -> bool {
        self.runs.is_done()
    }

    /// Takes the next of the track's packets.
    pub fn packets(&mut self, packet_run: PacketRun, pieces: &mut OutputPieces) {
        if head(&packet_run).begins != Begins::Nothing {
            self.finish(true, pieces);
        }
        self.packets.push(packet_run);
    }

    /// Writes the selected parts of the current PES packet. `whole`: it is complete.
    pub fn finish(&mut self, whole: bool, pieces: &mut OutputPieces) {
        let parts = self.parts();
        let empty = PesPacketRuns { packing: self.packing, packet_runs: Vec::new(), data: 0 };
        let packets = std::mem::replace(&mut self.packets, empty);
        let begins = packets.packet_runs.first().map_or(Begins::Nothing, |(first, _)| head(first).begins);
        let all = |parts: &[PesPart]| matches!(parts, [part] if part.data == (0..packets.data));
        if let (Some((first, _)), Some(PesPart { data: Range { start: 0, .. }, .. })) =
            (packets.packet_runs.first(), parts.first())
            && self.begun
            && !self.goes_on
        {
            self.leap(first, pieces);
        }
        self.goes_on =
            packets.data == 0 && self.goes_on || parts.last().is_some_and(|part| part.data.end == packets.data);
        let timed = begins == Begins::Stamped || self.begun && begins == Begins::Pes;
        if whole && timed && all(&parts) {
            for (packet_run, _) in &packets.packet_runs {
                pieces.source(packet_run.offset, packet_run.bytes(self.packing.size as u64));
            }
            self.begun = true;
            return;
        }
        for part in parts {
            self.part(&packets, &part, begins, pieces);
            self.begun = true;
        }
    }

    /// The selected parts of the current PES packet.
    fn parts(&mut self) -> Vec<PesPart> {
        let within = self.packets.bytes();
        let mut parts: Vec<PesPart> = Vec::new();
        while let Some(run) = self.runs.peek() {
            let bytes = run.bytes();
            if bytes.start >= within.end {
                break;
            }
            let data = self.packets.data_before(bytes.start)..self.packets.data_before(bytes.end);
            let (first, _) = beginning(run, &within);
            match parts.last_mut() {
                _ if data.is_empty() => {}
                Some(last) if last.data.end == data.start => {
                    last.data.end = data.end;
                    last.first = last.first.take().or(first);
                }
                _ => parts.push(PesPart { data, first }),
            }
            if bytes.end > within.end {
                break;
            }
            self.runs.advance();
        }
        parts
    }

    fn part(&self, packets: &PesPacketRuns, part: &PesPart, begins: Begins, pieces: &mut OutputPieces) {
        let size = self.packing.size as u64;
        let mut front = self.front(packets, part, begins);
        for (packet_run, before) in &packets.packet_runs {
            let first = head(packet_run).data();
            let end = before.saturating_add(data_of(packet_run, packet_run.packets.saturating_sub(1)).end);
            let data = part.data.start.max(*before)..part.data.end.min(end);
            if end == *before && part.data.start < end && end < part.data.end {
                // Only an adaptation field.
                pieces.source(packet_run.offset, packet_run.bytes(size));
            }
            if data.is_empty() {
                continue;
            }
            let (start, end) = (data.start - before, data.end - before);
            let place = |data: u64| data.checked_sub(first).map_or(0, |behind| behind / ROOM as u64 + 1);
            let last = place(end - 1);
            // The packets after it are complete up to here.
            let whole = if end == data_of(packet_run, last).end { last + 1 } else { last };
            let mut next = place(start);
            while next <= last {
                let here = data_of(packet_run, next);
                let chosen = start.max(here.start)..end.min(here.end);
                let packet = packet_run.behind(next, size);
                if chosen == here && matches!(front, Front::Nothing) {
                    pieces.source(packet.offset, packet.offset..packet_run.behind(whole, size).offset);
                    next = whole;
                    continue;
                }
                let bytes = packet.offset + self.packing.before as u64 + head(&packet).before();
                let bytes = bytes + chosen.start - here.start..bytes + chosen.end - here.start;
                self.packet(&packet, &std::mem::replace(&mut front, Front::Nothing), part, bytes, pieces);
                next += 1;
            }
        }
    }

    fn front(&self, packets: &PesPacketRuns, part: &PesPart, begins: Begins) -> Front {
        let header = packets.packet_runs.first().map(|(first, _)| head(first));
        let is_whole = header.is_some_and(|head| head.header >= SHORTEST && head.data() > 0);
        match (part.data.start, begins, &part.first) {
            (0, Begins::Nothing, _) if self.begun => Front::Nothing,
            (0, Begins::Stamped, Some(_)) if is_whole => Front::Kept,
            (0, Begins::Pes, Some(_)) if is_whole && self.begun => Front::Kept,
            (0, Begins::Stamped | Begins::Pes, None) if is_whole => Front::Bare,
            _ => Front::Own,
        }
    }

    /// Rewrites a packet with its front and this range of its data.
    fn packet(&self, packet: &PacketRun, front: &Front, part: &PesPart, data: Range<u64>, pieces: &mut OutputPieces) {
        let PacketHead { adaptation, header, counter, .. } = head(packet);
        let at = packet.offset + self.packing.before as u64 + 4;
        let behind = at + u64::from(adaptation);
        // After the length of the field.
        let kept = Some(Piece::Source(at + 1..behind)).filter(|_| adaptation > 1);
        let id = Piece::Source(behind..behind + 4);
        let first = !matches!(front, Front::Nothing);
        let pes = match front {
            Front::Nothing => Vec::new(),
            Front::Kept => {
                vec![id, Piece::Made(vec![0, 0].into()), Piece::Source(behind + 6..behind + u64::from(header))]
            }
            Front::Bare => {
                let stuffing = header.saturating_sub(SHORTEST);
                let mut bytes = vec![0, 0, 0x80, 0, stuffing];
                bytes.resize(bytes.len() + usize::from(stuffing), 0xFF);
                vec![id, Piece::Made(bytes.into())]
            }
            Front::Own => {
                let sync = part.first.as_ref().is_some_and(|run| run.sync);
                let flags = DISCONTINUITY | if sync { RANDOM_ACCESS } else { 0 };
                let flags = Some(Piece::Made(vec![flags].into()));
                let pes = self.own_header(part.first.as_ref());
                let fits = 2 + pes.len() as u64 + (data.end - data.start) <= ROOM as u64;
                let pes = vec![Piece::Made(pes)];
                if fits {
                    return self.put(packet.offset, (counter, true), flags, pes, data, pieces);
                }
                self.put(packet.offset, (counter.wrapping_sub(1), true), flags, pes, 0..0, pieces);
                return self.put(packet.offset, (counter, false), kept, Vec::new(), data, pieces);
            }
        };
        self.put(packet.offset, (counter, first), kept, pes, data, pieces);
    }

    /// The header of a PES packet with the time stamps of this sample.
    fn own_header(&self, run: Option<&Run>) -> Bytes {
        let mut out = vec![0, 0, 1, VIDEO, 0, 0, 0x80];
        match run.and_then(|run| stamps(self.clocks, run)) {
            Some(times) if times.0 == times.1 => out.extend([0x80, 5]),
            Some(_) => out.extend([0xC0, 10]),
            None => out.extend([0, 0]),
        }
        if let Some(times) = run.and_then(|run| stamps(self.clocks, run)) {
            pes::put_times(&mut out, 2, times);
        }
        out.into()
    }

    /// Writes a packet without data before this one, which declares the jump of the counters.
    fn leap(&self, before: &PacketRun, pieces: &mut OutputPieces) {
        let counter = head(before).counter.wrapping_sub(1);
        let flags = Piece::Made(vec![DISCONTINUITY].into());
        self.put(before.offset, (counter, false), Some(flags), Vec::new(), 0..0, pieces);
    }

    /// Writes a packet that replaces the one at an offset: with these adaptation field bytes, a PES packet header, and
    /// data.
    fn put(
        &self,
        offset: u64,
        (counter, first): (u8, bool),
        adaptation: Option<Piece>,
        pes: Vec<Piece>,
        data: Range<u64>,
        pieces: &mut OutputPieces,
    ) {
        let length = pes.iter().map(Piece::len).sum::<u64>() + (data.end - data.start);
        let room = ROOM.saturating_sub(usize::try_from(length).unwrap_or(ROOM));
        pieces.source(offset, offset..offset + self.packing.before as u64);
        let mut made = Vec::with_capacity(PACKET);
        made.put_u8(0x47);
        made.put_u16(u16::from(first) << 14 | self.pid);
        let control = match room {
            0 => 0x10,
            ROOM => 0x20,
            _ => 0x30,
        };
        made.put_u8(control | counter & 0xF);
        if let Some(field) = room.checked_sub(1) {
            made.put_u8(u8::try_from(field).unwrap_or(u8::MAX));
            let flags = adaptation.filter(|_| field > 0).or_else(|| (field > 0).then(|| Piece::Made(vec![0].into())));
            let stuffing =
                field - flags.as_ref().map_or(0, |flags| usize::try_from(flags.len()).unwrap_or(0)).min(field);
            pieces.made(offset, std::mem::take(&mut made));
            pieces.extend(offset, flags);
            made.resize(stuffing, 0xFF);
        }
        pieces.made(offset, made);
        pieces.extend(offset, pes);
        pieces.source(offset, data);
        pieces.made(offset, vec![0; self.packing.size - self.packing.end()]);
    }
}
