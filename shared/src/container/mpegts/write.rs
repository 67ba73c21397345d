//! The write half: tables of the chosen tracks (ISO/IEC 13818-1 §2.4.4), and the packets of the chosen samples in the order of
//! the file, as they are. The tables are repeated before each element, so that a player may begin at any of them.
//!
//! Continuity counters of a stream go on from packet to packet, because all of its packets between two samples are taken; only
//! where leading pictures are left out they leap. Those of the tables are our own.

use std::ops::Range;

use bytes::BufMut;

use super::layout::{self, Stretch};
use super::packet::{NULL, Packing};
use super::program::Program;
use super::psi::Tables;
use crate::container::mpeg::outline::{mismatch, unpack};
use crate::container::{Error, Selection, Written};
use crate::index::{Element, Outline};
use crate::media::{Run, Setup, Track};
use crate::splice::Splice;

/// Writes a selection as a complete file; see [`super::write`].
pub fn write(outline: &Outline, selection: &Selection) -> Result<Written, Error> {
    let program: Program = unpack(outline.setup.first())?;
    let packing = Packing::of_size(program.packet).ok_or_else(|| mismatch("packets of no known size"))?;
    let mut tracks = Vec::with_capacity(selection.tracks.len());
    let mut lanes = Vec::with_capacity(selection.tracks.len());
    for selected in &selection.tracks {
        let track = outline.tracks.get(selected.track).ok_or_else(|| mismatch("no such track"))?;
        tracks.push(track);
        lanes.push(Lane { lane: layout::lane(selected.track), runs: &selected.runs });
    }
    let map = map(&program, &tracks)?;
    let mut tables = Tables::new(packing, program.stream, (program.number, program.map), &map);

    let of_all = layout::lanes(outline.tracks.len());
    let mut pieces = Vec::new();
    let mut begins = Vec::with_capacity(selection.elements.len());
    for (place, element) in selection.elements.iter().enumerate() {
        let next = selection.elements.get(place + 1).map_or(u64::MAX, |next| next.offset);
        let before = pieces.len();
        own_packets(packing, element, next, of_all, &mut lanes, &mut pieces);
        if let Some(first) = pieces.get(before..).into_iter().flatten().map(|piece| piece.start).min() {
            begins.push((first, arrival(element)));
        }
    }
    if lanes.iter().any(|lane| !lane.runs.is_empty()) {
        return Err(mismatch("samples that lie in no element"));
    }
    // The last samples of an element may end behind the beginning of the next.
    pieces.sort_unstable_by_key(|piece| piece.start);

    let mut splice = Splice::new();
    let mut starts = Vec::with_capacity(begins.len());
    let mut begins = begins.into_iter().peekable();
    for piece in pieces {
        while let Some((_, arrival)) = begins.next_if(|(first, _)| *first <= piece.start) {
            starts.push(splice.len());
            splice.made(tables.packets(arrival));
        }
        splice.source(piece);
    }
    let setup = 0..tables.packets_len().min(splice.len());
    let ends = starts.iter().skip(1).copied().chain([splice.len()]);
    let elements = starts.iter().zip(ends).map(|(start, end)| (*start).max(setup.end)..end).collect();
    Ok(Written { splice, setup, elements })
}

/// A chosen track's samples that are not written yet.
struct Lane<'a> {
    lane: u8,
    runs: &'a [Run],
}

/// The packets of the chosen samples that begin in an element; the next of which a part is chosen begins at `next`.
fn own_packets(
    packing: Packing,
    element: &Element,
    next: u64,
    of_all: u64,
    lanes: &mut [Lane<'_>],
    pieces: &mut Vec<Range<u64>>,
) {
    let size = packing.size as u64;
    let mut chosen: Vec<(u8, &[Run])> = Vec::with_capacity(lanes.len());
    for lane in lanes.iter_mut() {
        let count = lane.runs.iter().take_while(|run| run.offset >= element.offset && run.offset < next).count();
        let (here, later) = lane.runs.split_at(count);
        lane.runs = later;
        chosen.push((lane.lane, here));
    }
    let runs = || chosen.iter().flat_map(|(_, runs)| *runs);
    let (Some(first), Some(end)) = (runs().map(|run| run.offset).min(), runs().map(|run| run.bytes().end).max()) else {
        return;
    };
    let packed = element.kept.get(packing.before..).unwrap_or_default();
    for stretch in layout::unpack(packed, of_all, size, element.offset) {
        let Range { start, end: behind } = stretch.bytes(size);
        if stretch.lane == layout::CLOCK {
            pieces.push(start.max(first)..behind.min(end).min(next));
        } else if let Some((_, runs)) = chosen.iter_mut().find(|(lane, _)| *lane == stretch.lane) {
            within(&stretch, size, runs, pieces);
        }
    }
    pieces.retain(|piece| piece.start < piece.end);
}

/// The part of a stretch that belongs to samples of its lane; those that it ends are taken off.
fn within(stretch: &Stretch, size: u64, runs: &mut &[Run], pieces: &mut Vec<Range<u64>>) {
    let stretch = stretch.bytes(size);
    while let Some((run, later)) = runs.split_first() {
        let bytes = run.bytes();
        pieces.push(bytes.start.max(stretch.start)..bytes.end.min(stretch.end));
        if bytes.end > stretch.end {
            return;
        }
        *runs = later;
    }
}

/// What the tables before an element have before them in M2TS: the arrival of its first packet.
fn arrival(element: &Element) -> [u8; 4] {
    element.kept.first_chunk().copied().unwrap_or_default()
}

/// The body of the program's map with these tracks. Where the clock is in the packets of another one, there is none.
fn map(program: &Program, tracks: &[&Track]) -> Result<Vec<u8>, Error> {
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
