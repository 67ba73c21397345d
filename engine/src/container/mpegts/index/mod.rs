//! The index half: the beginning of the file is surveyed (`survey`); then all packets are read once, and become samples
//! in elements (`samples`) on a timeline (`clock`).

mod configurations;
mod location;
mod pes;
mod probe;
mod samples;
mod survey;
mod units;
mod whole;

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use self::samples::{Finished, PacketSamples};
use self::survey::{TsStream, TsSurvey};
use super::packet::{ENOUGH, Packing, TransportPacket};
use super::program::TsProgram;
use super::psi::{Map, Sections};
use super::{CONTAINER, codec, language};
use crate::container::mpeg::outline::outline;
use crate::container::notes::Notes;
use crate::container::pass::PassOutput;
use crate::container::stream::SourceStream;
use crate::container::{DynSource, Error, MOST_JUNK, NOT_READ, pass};
use crate::index::Outline;
use crate::media::{Setup, Track};

/// How far into a file its first packet may begin; enough packets must then be in the bytes read to recognise it.
pub const REACH: usize = 3072;
/// How much of an access unit is examined to decide whether it is a random access point. Captions may be kilobytes.
const OPENING: usize = 8 << 10;

/// A file while its packets are read; its beginning is read twice.
///
/// # Errors
///
/// [`Error::Unknown`] if there are no packets; [`Error::Unsupported`] if no program has a known stream, or all are
/// scrambled; [`Error::Index`] if the index would exceed its limits. Damage, missing packets, time discontinuities and
/// skipped streams are reported in [`Outline::notes`].
#[derive(Serialize, Deserialize)]
pub struct MpegTsPass {
    packing: Packing,
    survey: TsSurvey,
    samples: PacketSamples,
    /// The packets of the program's map, which may change, and its latest version.
    sections: Sections,
    map: Map,
    /// There was no packet from here to the position.
    lost: Option<u64>,
}

impl pass::IndexPass for MpegTsPass {
    async fn begin(stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<Self, Error> {
        let survey = TsSurvey::of(stream, &mut out.notes).await?;
        let tracks: Vec<Track> = survey.tracks.iter().filter_map(track).collect();
        if survey.start > 0 {
            out.notes.at(0, "bytes that are no packet are passed over");
        }
        stream.seek(survey.start);
        let samples = PacketSamples::new(&survey, &tracks);
        for track in tracks {
            out.builder.add_track(track);
        }
        Ok(Self {
            packing: survey.packing,
            samples,
            map: survey.map.clone(),
            survey,
            sections: Sections::default(),
            lost: None,
        })
    }

    async fn step(&mut self, stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<bool, Error> {
        if self.lost.is_some() {
            return self.search(stream, &mut out.notes).await;
        }
        let offset = stream.position();
        let bytes = stream.peek(self.packing.size * ENOUGH).await?;
        let read = self.packets(bytes, offset, out)?;
        stream.seek(offset + read);
        if read == 0 {
            self.lost = Some(offset);
            if offset < stream.len() {
                self.samples.broken(&mut out.notes);
            }
        }
        Ok(offset < stream.len())
    }

    async fn end(&mut self, source: &dyn DynSource, out: &mut PassOutput) -> Result<(), Error> {
        self.samples.end(source.len(), out)
    }

    fn outline(self, mut tracks: Vec<Track>, notes: &mut Notes) -> Result<Outline, Error> {
        let Self { survey, samples, .. } = self;
        let Finished { units, clocks, codecs } = samples.finish(&mut tracks);
        let program = TsProgram { units, clocks, codecs, ..program(&survey) };
        // RFC 3555 §4.2.10; there is no type for audio only.
        Ok(outline((CONTAINER, "video/mp2t"), tracks, &program, survey.tables, notes))
    }
}

/// A track of the outline. Its setup is its entry in the program's map.
fn track(found: &TsStream) -> Option<Track> {
    let language = language::of(&found.entry);
    let track = found.stream.track(u64::from(found.entry.pid), Setup::Inline(found.entry.write().into()));
    track.map(|track| Track { language, ..track })
}

/// The properties of the program that the writer needs, without what is known of its tracks and clocks at the end.
fn program(survey: &TsSurvey) -> TsProgram {
    TsProgram {
        packet: u8::try_from(survey.packing.size).unwrap_or(0),
        stream: survey.association.stream,
        number: survey.map.program,
        map: survey.map_pid,
        clock: survey.map.clock,
        alone: survey.map.has_clock_alone(),
        descriptors: survey.map.descriptors.clone(),
        units: Vec::new(),
        clocks: Vec::new(),
        codecs: Vec::new(),
    }
}

impl MpegTsPass {
    /// Takes the packets at the beginning of these bytes, and returns their length.
    fn packets(&mut self, bytes: &[u8], mut offset: u64, out: &mut PassOutput) -> Result<u64, Error> {
        let start = offset;
        for bytes in bytes.chunks_exact(self.packing.size) {
            let Some(packet) = self.packing.packet(bytes) else { break };
            let arrival =
                if self.packing.before > 0 { bytes.first_chunk().copied().unwrap_or_default() } else { [0; 4] };
            self.samples.packet(offset, packet, arrival, out)?;
            if packet.pid() == self.survey.map_pid {
                self.take_map(offset, packet, &mut out.notes);
            }
            offset += self.packing.size as u64;
        }
        Ok(offset - start)
    }

    /// Takes a packet of the program's map: streams may have disappeared or appeared.
    fn take_map(&mut self, offset: u64, packet: TransportPacket<'_>, notes: &mut Notes) {
        let section = self.sections.push(packet.payload(), packet.begins_unit());
        let Some(map) = section.and_then(|section| Map::read(&section)) else { return };
        if map == self.map || map.program != self.map.program {
            return;
        }
        for (place, found) in self.survey.tracks.iter().enumerate() {
            let now = map.streams.iter().find(|stream| stream.pid == found.entry.pid);
            let muted = now.is_some_and(|now| codec::of(&map, now) != Ok(found.stream.codec));
            self.samples.mute(place, muted, notes);
        }
        let known = |pid| self.survey.map.streams.iter().any(|stream| stream.pid == pid);
        if map.streams.iter().any(|stream| !known(stream.pid)) {
            notes.at(offset, "the program gets other streams, which are passed over");
        } else {
            notes.at(offset, "the map of the program changes");
        }
        self.map = map;
    }

    /// Skips bytes that are not packets, up to the next consecutive packets or the end of the bytes at hand. `false` at
    /// the end of the file.
    async fn search(&mut self, stream: &mut SourceStream<'_>, notes: &mut Notes) -> Result<bool, Error> {
        let Some(from) = self.lost else { return Ok(true) };
        let wanted = self.packing.size * (ENOUGH + 1);
        let at = stream.position();
        let bytes = stream.peek(wanted).await?;
        let last = bytes.len() < wanted;
        let starts = if last { bytes.len() } else { bytes.len() - wanted + self.packing.size };
        let begins = |start: &usize| bytes.get(*start..).is_some_and(|bytes| self.packing.begins(bytes, ENOUGH));
        let found = (0..starts).find(begins);
        stream.seek(at + found.unwrap_or(starts) as u64);
        if found.is_some() {
            notes.at(from, "bytes that are no packet are passed over");
            self.lost = None;
        } else if last {
            notes.at(from, "what follows is no whole packet: the file is truncated or damaged");
            return Ok(false);
        } else if stream.position().saturating_sub(from) > MOST_JUNK {
            notes.at(from, NOT_READ);
            return Ok(false);
        }
        Ok(true)
    }
}

/// The packing of a file, and the offset of its first packet.
async fn start(stream: &mut SourceStream<'_>) -> Result<Option<(Packing, u64)>, Error> {
    let bytes = stream.peek(REACH + 8 * 204).await?;
    Ok(Packing::find(bytes, REACH).map(|(packing, start)| (packing, start as u64)))
}

/// Calls a function for each packet from the position to `end` at the latest, until it breaks. After bytes that are not
/// a packet, the following packets are expected at the same distances.
async fn each_packet(
    stream: &mut SourceStream<'_>,
    packing: Packing,
    end: u64,
    mut each: impl FnMut(u64, TransportPacket<'_>) -> ControlFlow<()>,
) -> Result<(), Error> {
    while stream.position() < end {
        let mut offset = stream.position();
        let bytes = stream.peek(packing.size).await?;
        if bytes.len() < packing.size {
            return Ok(());
        }
        for bytes in bytes.chunks_exact(packing.size) {
            if let Some(packet) = packing.packet(bytes)
                && each(offset, packet).is_break()
            {
                return Ok(());
            }
            offset += packing.size as u64;
        }
        stream.seek(offset);
    }
    Ok(())
}
