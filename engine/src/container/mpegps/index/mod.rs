//! The index half: the beginning of the file is surveyed (`survey`); then all packets are read once, their data become
//! access units with times (`mpeg::units`), and those become samples in elements (`samples`).

mod content;
mod samples;
mod survey;

use serde::{Deserialize, Serialize};

use self::samples::PackSamples;
use self::survey::{PsStream, PsSurvey};
use super::CONTAINER;
use super::pack::{self, PACK_AND_CODE, PesPacket, PsUnit, unit};
use super::program::PsProgram;
use crate::container::mpeg::outline::{outline, pack};
use crate::container::notes::Notes;
use crate::container::pass::PassOutput;
use crate::container::stream::SourceStream;
use crate::container::{DynSource, Error, MOST_JUNK, NOT_READ, pass};
use crate::index::Outline;
use crate::media::Track;

/// A file while its packets are read; its beginning is read twice.
///
/// # Errors
///
/// [`Error::Unknown`] if there are no packs; [`Error::Unsupported`] if none of its streams is known, or all are
/// scrambled; [`Error::Index`] if the index would exceed its limits. Damage, time discontinuities and skipped streams
/// are reported in [`Outline::notes`].
#[derive(Serialize, Deserialize)]
pub struct MpegPsPass {
    survey: PsSurvey,
    samples: PackSamples,
    /// The last unit was an end code.
    ended: bool,
    lost: Option<Lost>,
}

/// There was no unit from here to the position.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Lost {
    from: u64,
    /// All bytes are zero.
    zeros: bool,
}

impl pass::IndexPass for MpegPsPass {
    async fn begin(stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<Self, Error> {
        let survey = PsSurvey::of(stream, &mut out.notes).await?;
        let track = |found: &PsStream| found.stream.track(found.owner.id(), pack(&found.owner));
        let tracks: Vec<Track> = survey.tracks.iter().filter_map(track).collect();
        if survey.start > 0 {
            out.notes.at(0, "the rest of a pack is passed over");
        }
        stream.seek(survey.start);
        let samples = PackSamples::new(&survey, &tracks);
        for track in tracks {
            out.builder.add_track(track);
        }
        Ok(Self { samples, survey, ended: false, lost: None })
    }

    async fn step(&mut self, stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<bool, Error> {
        if let Some(lost) = self.lost {
            return self.search(stream, lost, &mut out.notes).await;
        }
        let offset = stream.position();
        let length = unit(stream.peek(PACK_AND_CODE).await?).map_or(0, |(_, length)| length);
        let read = self.units(stream.peek(length).await?, offset, out)?;
        stream.seek(offset + read as u64);
        if read == 0 {
            self.lost = Some(Lost { from: offset, zeros: true });
        }
        Ok(offset < stream.len())
    }

    async fn end(&mut self, source: &dyn DynSource, out: &mut PassOutput) -> Result<(), Error> {
        self.samples.end(source.len(), out)
    }

    fn outline(self, mut tracks: Vec<Track>, notes: &mut Notes) -> Result<Outline, Error> {
        let Self { survey, samples, ended, .. } = self;
        let clocks = samples.finish(&mut tracks);
        let PsSurvey { start, headers, old, system, map, .. } = survey;
        let program = PsProgram { old, system, map, ended, clocks };
        let setup = std::iter::once(start..headers).filter(|range| range.start < range.end).collect();
        // RFC 2046 §6; there is no type for audio only.
        Ok(outline((CONTAINER, "video/mpeg"), tracks, &program, setup, notes))
    }
}

impl MpegPsPass {
    /// Takes the complete units at the beginning of these bytes, and returns their length.
    fn units(&mut self, bytes: &[u8], start: u64, out: &mut PassOutput) -> Result<usize, Error> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..)
            && let Some((unit, length)) = unit(rest)
            && let Some(whole) = rest.get(..length)
        {
            let offset = start + at as u64;
            let size = u32::try_from(length).unwrap_or(u32::MAX);
            self.ended = unit == PsUnit::End;
            match unit {
                PsUnit::Pack => self.samples.pack(offset, size, &mut out.builder)?,
                PsUnit::Packet(_) => self.packet(whole, offset, out)?,
                PsUnit::System | PsUnit::Map | PsUnit::End => self.samples.other(offset, size),
            }
            at += length;
        }
        Ok(at)
    }

    fn packet(&mut self, whole: &[u8], offset: u64, out: &mut PassOutput) -> Result<(), Error> {
        let packet = PesPacket::read(whole, self.survey.plain);
        let place = packet.and_then(|packet| self.survey.tracks.iter().position(|found| found.owner == packet.owner));
        if let (Some(packet), Some(track)) = (packet, place)
            && !packet.scrambled
        {
            let data = whole.get(packet.header..).unwrap_or_default();
            let header = u32::try_from(packet.header).unwrap_or(u32::MAX);
            return self.samples.packet(track, offset, (header, data), packet.times, out);
        }
        if packet.is_some_and(|packet| packet.scrambled) {
            out.notes.at(offset, "a packet that is scrambled");
        }
        self.samples.other(offset, u32::try_from(whole.len()).unwrap_or(u32::MAX));
        Ok(())
    }

    /// Skips bytes that are not a unit, up to the next pack or the end of the bytes at hand. `false` at the end of the
    /// file.
    async fn search(&mut self, stream: &mut SourceStream<'_>, lost: Lost, notes: &mut Notes) -> Result<bool, Error> {
        let at = stream.position();
        let bytes = stream.peek(2 * PACK_AND_CODE).await?;
        let last = bytes.len() < 2 * PACK_AND_CODE;
        // The bytes here were not a unit, so they are not a pack either.
        let skipped = usize::from(at == lost.from);
        let found = pack::find(bytes.get(skipped..).unwrap_or_default(), last).map(|found| found + skipped);
        let passed = found.unwrap_or(if last { bytes.len() } else { bytes.len() - PACK_AND_CODE });
        let zeros = lost.zeros && bytes.get(..passed).unwrap_or_default().iter().all(|byte| *byte == 0);
        stream.seek(at + passed as u64);
        if found.is_none() && !last && stream.position() - lost.from > MOST_JUNK {
            notes.at(lost.from, NOT_READ);
            return Ok(false);
        }
        if found.is_none() && !last {
            self.lost = Some(Lost { zeros, ..lost });
            return Ok(true);
        }
        let length = stream.position() - lost.from;
        if zeros {
            // Some multiplexers pad sectors with zeros.
            self.pass_over(lost.from, length);
        } else if found.is_some() {
            self.samples.interrupt(notes);
            self.pass_over(lost.from, length);
            notes.at(lost.from, "bytes that are no packet are passed over");
        } else {
            notes.at(lost.from, "what follows is no whole packet: the file is truncated or damaged");
        }
        self.lost = None;
        Ok(found.is_some())
    }

    fn pass_over(&mut self, from: u64, bytes: u64) {
        let mut from = from;
        let mut left = bytes;
        while left > 0 {
            let now = u32::try_from(left).unwrap_or(u32::MAX);
            self.samples.other(from, now);
            (from, left) = (from + u64::from(now), left - u64::from(now));
        }
    }
}
