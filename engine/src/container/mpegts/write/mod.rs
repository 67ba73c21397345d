//! The write half: tables of the selected tracks (ISO/IEC 13818-1 §2.4.4), and the unchanged packets of the selected
//! samples in file order. If samples begin and end within packets, those at the edges are rewritten (`units`). The
//! tables are repeated before each element, so that a player may begin at any of them.
//!
//! The continuity counters of a stream continue from packet to packet, because all its packets between two samples are
//! included; they jump only where leading pictures are left out. The counters of the tables are generated.

mod units;

use std::collections::VecDeque;
use std::ops::Range;

use bytes::BufMut;

use self::units::UnitCursor;
use super::layout::{self, PacketRun, StreamNumbers};
use super::packet::{NULL, Packing};
use super::program::TsProgram;
use super::psi::CutTables;
use crate::container::draft::Draft;
use crate::container::mpeg::outline::{mismatch, unpack};
use crate::container::{Error, Extents, Selection, Written};
use crate::index::{Element, Elements, Outline, RunCursor};
use crate::media::splice::{Piece, Splice};
use crate::media::{Run, Setup, Track};

/// Writes a selection as a complete file; see [`super::write`].
pub fn write(outline: &Outline, selection: &Selection) -> Result<Written, Error> {
    written(outline, selection, Purpose::File)
}

/// Writes a selection as a segment of a stream.
pub fn write_segment(outline: &Outline, selection: &Selection) -> Result<Splice, Error> {
    Ok(written(outline, selection, Purpose::Segment)?.splice)
}

/// What a selection is written for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// A file of its own, with the packing of the original.
    File,
    /// A segment of a stream: packets of 188 bytes, and tables that are duplicates of each other.
    Segment,
}

fn written(outline: &Outline, selection: &Selection, purpose: Purpose) -> Result<Written, Error> {
    let program: TsProgram = unpack(outline.setup.first())?;
    let packing = Packing::of_size(program.packet).ok_or_else(|| mismatch("packets of no known size"))?;
    let mut tracks = Vec::with_capacity(selection.tracks.len());
    let (mut cursors, mut units) = (Vec::new(), Vec::new());
    for selected in &selection.tracks {
        let track = outline.tracks.get(selected.track).ok_or_else(|| mismatch("no such track"))?;
        tracks.push(track);
        let (stream, runs) = (layout::stream(selected.track), &selected.runs);
        if program.units.contains(&stream) {
            let pid = u16::try_from(track.id).map_err(|_| mismatch("a track that is no PID"))?;
            units.push(UnitCursor::new(stream, pid, packing, &program.clocks, runs));
        } else {
            cursors.push(TsCursor { stream, runs: runs.cursor() });
        }
    }
    let map = map(&program, &tracks)?;
    let is_segment = purpose == Purpose::Segment;
    let of_tables = if is_segment { Packing::PLAIN } else { packing };
    let tables = CutTables::new(of_tables, program.stream, (program.number, program.map), &map);
    let tables = if is_segment { tables.duplicated() } else { tables };

    let of_all = StreamNumbers { tracks: outline.tracks.len(), units: &program.units };
    let mut pieces = OutputPieces::default();
    let mut output = TsOutput::new(tables, (is_segment && packing != Packing::PLAIN).then_some(packing));
    let elements = with_samples(selection);
    let mut elements = elements.iter().peekable();
    while let Some(element) = elements.next() {
        let next = elements.peek().map_or(u64::MAX, |next| next.offset);
        // The rest is after this offset.
        let done = units.iter().filter_map(UnitCursor::begun_at).fold(element.offset, u64::min);
        output.take(&mut pieces, done)?;
        if let Some(first) = own_packets((packing, of_all), &element, next, (&mut cursors, &mut units), &mut pieces) {
            output.begins.push_back((first, arrival(&element)));
        }
    }
    for units in &mut units {
        units.finish(false, &mut pieces);
    }
    if cursors.iter_mut().any(|cursor| !cursor.runs.is_done()) || units.iter_mut().any(|units| !units.is_done()) {
        return Err(mismatch("samples that lie in no element"));
    }
    output.take(&mut pieces, u64::MAX)?;
    Ok(output.written())
}

/// The file being written.
struct TsOutput {
    tables: CutTables,
    draft: Draft,
    /// The elements that have no tables before them yet, and the arrival of their first packets.
    begins: VecDeque<(u64, [u8; 4])>,
    /// The offsets of elements in the cut.
    elements: Extents,
    start: Option<u64>,
    setup: u64,
    /// Removes what is around the packets.
    strip: Option<Strip>,
}

impl TsOutput {
    fn new(tables: CutTables, stripped: Option<Packing>) -> Self {
        let setup = tables.packets_len();
        let elements = Extents::default();
        let strip = stripped.map(|packing| Strip { packing, at: 0 });
        Self { tables, draft: Draft::default(), begins: VecDeque::new(), elements, start: None, setup, strip }
    }

    fn put(&mut self, piece: &Piece) {
        let all = 0..piece.len();
        let kept = match &mut self.strip {
            Some(strip) => strip.kept(all.end),
            None => vec![all],
        };
        for Range { start, end } in kept {
            match piece {
                Piece::Made(bytes) => {
                    let range =
                        usize::try_from(start).unwrap_or(usize::MAX)..usize::try_from(end).unwrap_or(usize::MAX);
                    self.draft.made().extend_from_slice(bytes.get(range).unwrap_or_default());
                }
                Piece::Source(range) => self.draft.source(range.start + start..range.start + end),
            }
        }
    }

    /// Writes the pieces for the file up to this offset, in file order: the last samples of an element may end after
    /// the beginning of the next.
    fn take(&mut self, pieces: &mut OutputPieces, before: u64) -> Result<(), Error> {
        pieces.0.sort_by_key(|(place, _)| *place);
        let behind = pieces.0.partition_point(|(place, _)| *place < before);
        for (place, piece) in pieces.0.drain(..behind) {
            while let Some((_, arrival)) = self.begins.pop_front_if(|(first, _)| *first <= place) {
                self.end_element();
                self.start = Some(self.draft.len());
                self.draft.made().extend(self.tables.packets(arrival));
            }
            self.put(&piece);
        }
        self.draft.fits_beside(pieces.0.len() * size_of::<(u64, Piece)>())
    }

    fn end_element(&mut self) {
        if let Some(start) = self.start.take() {
            self.elements.push(start.max(self.setup)..self.draft.len());
        }
    }

    fn written(mut self) -> Written {
        self.end_element();
        let mut splice = Splice::new();
        self.draft.append_to(&mut splice);
        let setup = 0..self.setup.min(splice.len());
        Written { splice, setup, elements: self.elements }
    }
}

/// Removes the bytes before and after each packet from a sequence of packets.
struct Strip {
    packing: Packing,
    /// The position in the current packet.
    at: u64,
}

impl Strip {
    /// The ranges to be kept of the next bytes.
    fn kept(&mut self, length: u64) -> Vec<Range<u64>> {
        let (before, end, size) = (self.packing.before as u64, self.packing.end() as u64, self.packing.size as u64);
        let mut kept = Vec::new();
        let mut done = 0;
        while done < length {
            let until = if self.at < before {
                before
            } else if self.at < end {
                end
            } else {
                size
            };
            let behind = length.min(done + until - self.at);
            if until == end {
                kept.push(done..behind);
            }
            self.at = (self.at + behind - done) % size;
            done = behind;
        }
        kept
    }
}

/// The samples of a selected track that are not written yet.
struct TsCursor<'a> {
    stream: u8,
    runs: RunCursor<'a>,
}

/// The elements in which selected samples begin.
fn with_samples(selection: &Selection) -> Elements {
    let mut tracks: Vec<RunCursor<'_>> = selection.tracks.iter().map(|track| track.runs.cursor()).collect();
    let mut elements = selection.elements.iter().peekable();
    let mut with_samples = Elements::default();
    while let Some(element) = elements.next() {
        let within = element.offset..elements.peek().map_or(u64::MAX, |next| next.offset);
        let mut begins = false;
        for runs in &mut tracks {
            begins |= extent(runs, &within).is_some();
        }
        if begins {
            with_samples.push(&element);
        }
    }
    with_samples
}

/// The range of the file with the samples that begin in this range; moves past them.
fn extent(runs: &mut RunCursor<'_>, within: &Range<u64>) -> Option<Range<u64>> {
    let mut extent: Option<Range<u64>> = None;
    while let Some(run) = runs.peek().filter(|run| run.offset < within.end) {
        if run.offset >= within.start {
            let end = run.bytes().end;
            extent = Some(extent.map_or(run.offset, |extent| extent.start)..end);
        }
        runs.advance();
    }
    extent
}

/// The output, each piece with the offset of the original that it is or replaces.
#[derive(Default)]
struct OutputPieces(Vec<(u64, Piece)>);

impl OutputPieces {
    fn source(&mut self, place: u64, range: Range<u64>) {
        self.extend(place, (!range.is_empty()).then_some(Piece::Source(range)));
    }

    fn made(&mut self, place: u64, bytes: Vec<u8>) {
        self.extend(place, (!bytes.is_empty()).then(|| Piece::Made(bytes.into())));
    }

    fn extend(&mut self, place: u64, pieces: impl IntoIterator<Item = Piece>) {
        self.0.extend(pieces.into_iter().map(|piece| (place, piece)));
    }
}

/// The packets of the selected samples that begin in an element; the next partly selected element begins at `next`.
/// Returns the offset of the first packet.
fn own_packets(
    (packing, of_all): (Packing, StreamNumbers<'_>),
    element: &Element,
    next: u64,
    (cursors, units): (&mut [TsCursor<'_>], &mut [UnitCursor<'_>]),
    pieces: &mut OutputPieces,
) -> Option<u64> {
    let size = packing.size as u64;
    let mut chosen: Vec<(u8, VecDeque<Run>)> = Vec::with_capacity(cursors.len());
    for cursor in cursors.iter_mut() {
        let mut here = VecDeque::new();
        while let Some(run) = cursor.runs.peek().filter(|run| run.offset >= element.offset && run.offset < next) {
            here.push_back(run.clone());
            cursor.runs.advance();
        }
        chosen.push((cursor.stream, here));
    }
    let in_units: Vec<_> = units.iter_mut().filter_map(|units| units.extent(&(element.offset..next))).collect();
    let of_lanes = chosen.iter().flat_map(|(_, runs)| runs).map(Run::bytes);
    let extents: Vec<Range<u64>> = of_lanes.chain(in_units.iter().cloned()).collect();
    let first = extents.iter().map(|bytes| bytes.start).min()?;
    let end = extents.iter().map(|bytes| bytes.end).max()?;
    let packed = element.kept.get(packing.before..).unwrap_or_default();
    for packet_run in layout::unpack(packed, of_all, size, element.offset) {
        let Range { start, end: behind } = packet_run.bytes(size);
        if packet_run.stream == layout::CLOCK {
            pieces.source(start, start.max(first)..behind.min(end).min(next));
        } else if let Some(units) = units.iter_mut().find(|units| units.stream == packet_run.stream) {
            // Elements overlap, and agree about the packets in both.
            let packets = packet_run.packets.min(next.saturating_sub(start).div_ceil(size));
            if packets > 0 {
                units.packets(PacketRun { packets, ..packet_run }, pieces);
            }
        } else if let Some((_, runs)) = chosen.iter_mut().find(|(stream, _)| *stream == packet_run.stream) {
            within(&packet_run, size, runs, pieces);
        }
    }
    // A picture may begin after the beginning of its PES packet.
    let begins = if in_units.iter().any(|bytes| bytes.start == first) { element.offset } else { first };
    Some(begins)
}

/// The part of a run that belongs to samples of its stream; removes the samples that end in it.
fn within(packet_run: &PacketRun, size: u64, runs: &mut VecDeque<Run>, pieces: &mut OutputPieces) {
    let packet_run = packet_run.bytes(size);
    while let Some(run) = runs.front() {
        let bytes = run.bytes();
        let start = bytes.start.max(packet_run.start);
        pieces.source(start, start..bytes.end.min(packet_run.end));
        if bytes.end > packet_run.end {
            return;
        }
        runs.pop_front();
    }
}

/// The M2TS bytes before the tables of an element: the arrival of its first packet.
fn arrival(element: &Element) -> [u8; 4] {
    element.kept.first_chunk().copied().unwrap_or_default()
}

/// The body of the program's map with these tracks. If the clock is in the packets of another track, it has none.
fn map(program: &TsProgram, tracks: &[&Track]) -> Result<Vec<u8>, Error> {
    let kept = program.alone || tracks.iter().any(|track| track.id == u64::from(program.clock));
    let mut body = Vec::with_capacity(64 + program.descriptors.len());
    body.put_u16(0xE000 | if kept { program.clock } else { NULL });
    body.put_u16(0xF000 | u16::try_from(program.descriptors.len()).unwrap_or(0));
    body.put_slice(&program.descriptors);
    for track in tracks {
        let Setup::Inline(entry) = &track.setup else { return Err(mismatch("a track without its entry")) };
        body.put_slice(entry);
    }
    Ok(body)
}
