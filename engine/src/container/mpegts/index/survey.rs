//! The survey of a file before its samples are read: its packing, its program, the program's streams, and their
//! parameters.

use std::ops::{ControlFlow, Range};

use serde::{Deserialize, Serialize};

use super::super::codec;
use super::super::layout::MAX_TRACKS;
use super::super::packet::{Packing, TransportPacket};
use super::super::psi::{Association, ElementaryStream, Map, PAT, Sections};
use super::location::PacketLocation;
use super::probe::Probe;
use super::{OPENING, each_packet, start};
use crate::codec::{StreamProperties, UnitStart};
use crate::container::mpeg::clock::distance;
use crate::container::mpeg::codec::MpegCodec;
use crate::container::mpeg::outline;
use crate::container::mpeg::pes::Pes;
use crate::container::notes::Notes;
use crate::container::stream::SourceStream;
use crate::container::{Error, Unsupported};

/// How far into the file the streams of its program must begin: some seconds of the fastest broadcast.
const SURVEYED: u64 = 16 << 20;

/// The maximum number of ranges for the packets of a table: a section has no more packets.
const MAX_TABLE_RANGES: usize = 6;

/// The result of the survey.
#[derive(Debug, Serialize, Deserialize)]
pub struct TsSurvey {
    pub packing: Packing,
    /// The offset of the first packet.
    pub start: u64,
    pub association: Association,
    /// The PID of the program's map.
    pub map_pid: u16,
    pub map: Map,
    /// The ranges of the packets of both tables.
    pub tables: Vec<Range<u64>>,
    pub tracks: Vec<TsStream>,
    /// The time stamp of the first presentation.
    pub zero: u64,
}

/// A stream with data.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TsStream {
    pub entry: ElementaryStream,
    pub stream: outline::StreamOutline,
    /// Its samples are access units, which begin anywhere in PES packets.
    pub units: bool,
}

/// The tables while they are searched for.
#[derive(Default)]
struct TableSearch {
    association: Option<Association>,
    sections: Sections,
    /// The ranges of the packets of the current section.
    packets: Vec<Range<u64>>,
    /// The same for each program's map.
    maps: Vec<(u16, Sections, Vec<Range<u64>>)>,
    found: Option<(u16, Map)>,
    /// A map of a program without a known stream.
    unknown: Option<Map>,
}

impl TableSearch {
    fn take(&mut self, offset: u64, size: u64, packet: TransportPacket<'_>) -> bool {
        let (pid, begins) = (packet.pid(), packet.begins_unit());
        let note_place = |places: &mut Vec<Range<u64>>| {
            if begins {
                places.clear();
            }
            match places.last_mut() {
                Some(last) if last.end == offset => last.end += size,
                _ => places.push(offset..offset + size),
            }
            places.truncate(MAX_TABLE_RANGES);
        };
        if pid == PAT && self.association.is_none() {
            note_place(&mut self.packets);
            let section = self.sections.push(packet.payload(), begins);
            self.association = section.and_then(|section| Association::read(&section));
            if let Some(association) = &self.association {
                let map = |(_, pid): &(u16, u16)| (*pid, Sections::default(), Vec::new());
                self.maps = association.programs.iter().map(map).collect();
            }
        } else if let Some((_, sections, places)) = self.maps.iter_mut().find(|(map, ..)| *map == pid) {
            note_place(places);
            let map = sections.push(packet.payload(), begins).and_then(|section| Map::read(&section));
            let Some(map) = map else { return false };
            if map.streams.iter().any(|stream| codec::of(&map, stream).is_ok()) {
                for place in places.drain(..) {
                    match self.packets.last_mut() {
                        Some(last) if last.end == place.start => last.end = place.end,
                        _ => self.packets.push(place),
                    }
                }
                self.found = Some((pid, map));
            } else {
                self.unknown = Some(map);
            }
        }
        self.found.is_some()
    }
}

/// A stream that may have data.
struct TsCandidate {
    entry: ElementaryStream,
    codec: MpegCodec,
    first: Option<u64>,
    properties: Option<StreamProperties>,
    /// The beginning of the current access unit, and whether it is flagged.
    opening: Option<(Vec<u8>, bool)>,
    /// Finds where its pictures begin, if that is needed.
    probe: Option<Probe>,
}

impl TsCandidate {
    fn new(entry: ElementaryStream, codec: MpegCodec) -> Self {
        Self { entry, codec, first: None, properties: None, opening: None, probe: Probe::new(codec) }
    }

    fn take(&mut self, place: PacketLocation, packet: TransportPacket<'_>) {
        let pes = if packet.begins_unit() { Pes::read(packet.payload()) } else { None };
        let times = pes.and_then(|pes| pes.times);
        if let Some(probe) = self.probe.as_mut().filter(|probe| !probe.is_full()) {
            probe.take(place, packet, times.map(|(_, decoded)| decoded));
        }
        if self.properties.is_none() {
            self.look(packet, pes);
        }
    }

    /// Reads the stream parameters at the beginning of an access unit.
    fn look(&mut self, packet: TransportPacket<'_>, pes: Option<Pes>) {
        let mut payload = packet.payload();
        if packet.begins_unit() {
            let Some(pes @ Pes { times: Some((presented, _)), .. }) = pes else { return };
            self.first.get_or_insert(presented);
            payload = payload.get(pes.header..).unwrap_or_default();
            self.opening = Some((Vec::new(), packet.is_random_access()));
        }
        let Some((bytes, flagged)) = &mut self.opening else { return };
        bytes.extend_from_slice(payload);
        match self.codec.access(bytes, *flagged, bytes.len() >= OPENING) {
            UnitStart::Access(true) => {
                self.properties = self.properties.take().or_else(|| self.codec.properties(bytes));
            }
            UnitStart::Access(false) => {}
            UnitStart::Undecided => return,
        }
        self.opening = None;
    }

    fn is_known(&self) -> bool {
        let looked = self.first.is_some() && (self.properties.is_some() || !self.codec.has_properties());
        looked && self.probe.as_ref().is_none_or(Probe::is_full)
    }
}

impl TsSurvey {
    /// Surveys the beginning of the file in two passes: for the tables, and for the streams that they name.
    pub async fn of(stream: &mut SourceStream<'_>, notes: &mut Notes) -> Result<Self, Error> {
        let (packing, start) = start(stream).await?.ok_or(Error::Unknown)?;
        let mut tables = TableSearch::default();
        let size = packing.size as u64;
        stream.seek(start);
        each_packet(stream, packing, start + SURVEYED, |offset, packet| {
            if tables.take(offset, size, packet) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .await?;
        let TableSearch { association, found, packets, unknown, .. } = tables;
        let (Some(association), Some((map_pid, map))) = (association, found) else {
            return Err(Unsupported::NoTracks { why: missing(unknown.as_ref()) }.into());
        };
        if association.programs.len() > 1 {
            let count = association.programs.len();
            notes.push(format!("it has {count} programs; only program {} is read", map.program));
        }
        let mut candidates = candidates(&map, notes);
        let mut scrambled = false;
        stream.seek(start);
        each_packet(stream, packing, start + SURVEYED, |offset, packet| {
            let Some(candidate) = candidates.iter_mut().find(|candidate| candidate.entry.pid == packet.pid()) else {
                return ControlFlow::Continue(());
            };
            if packet.is_scrambled() {
                scrambled = true;
            } else if !packet.is_damaged() && !candidate.is_known() {
                candidate.take(PacketLocation::new(packing, offset, [0; 4]), packet);
                if candidates.iter().all(TsCandidate::is_known) {
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        })
        .await?;
        let firsts = candidates.iter().filter_map(|candidate| candidate.first);
        let Some(zero) = firsts.reduce(|zero, first| if distance(zero, first) < 0 { first } else { zero }) else {
            let what =
                if scrambled { "it is scrambled" } else { "no stream of its program has a time stamp" }.to_owned();
            let refused = if scrambled { Unsupported::Encrypted { what } } else { Unsupported::NoTracks { why: what } };
            return Err(refused.into());
        };
        let mut tracks = Vec::with_capacity(candidates.len());
        for TsCandidate { entry, codec, first, properties, probe, .. } in candidates {
            if first.is_none() {
                notes.push(format!("stream 0x{:X} is passed over: nothing of it comes in the first 16 MiB", entry.pid));
                continue;
            }
            let units = probe.is_some_and(Probe::finds_units);
            tracks.push(TsStream { entry, stream: outline::StreamOutline::new(codec, properties), units });
        }
        Ok(Self { packing, start, association, map_pid, map, tables: packets, tracks, zero })
    }
}

fn missing(unknown: Option<&Map>) -> String {
    let Some(map) = unknown else { return "no map of a program in the first 16 MiB".to_owned() };
    let why: Vec<String> = map.streams.iter().filter_map(|stream| codec::of(map, stream).err()).collect();
    format!("no program has a stream that is known: {}", why.join(", "))
}

/// The known streams of a program; notes report the others.
fn candidates(map: &Map, notes: &mut Notes) -> Vec<TsCandidate> {
    let mut candidates: Vec<TsCandidate> = Vec::new();
    for entry in &map.streams {
        let codec = match codec::of(map, entry) {
            Ok(_) if candidates.iter().any(|candidate| candidate.entry.pid == entry.pid) => {
                Err("named twice".to_owned())
            }
            Ok(_) if candidates.len() >= MAX_TRACKS => Err(format!("there are more than {MAX_TRACKS}")),
            codec => codec,
        };
        match codec {
            Ok(codec) => candidates.push(TsCandidate::new(entry.clone(), codec)),
            Err(why) => notes.push(format!("stream 0x{:X} is passed over: {why}", entry.pid)),
        }
    }
    candidates
}
