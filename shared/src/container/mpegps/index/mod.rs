//! The index half: the beginning of the file says what it is (`survey`), then all its packets go by once, their data become access
//! units with times (`lane`), and those samples in elements (`samples`).

mod lane;
mod samples;
mod survey;

use self::samples::{Finished, Samples};
use self::survey::{Found, Survey};
use super::CONTAINER;
use super::pack::{self, LONGEST, PACK_AND_CODE, Packet, Unit, unit};
use super::program::{self, Program};
use crate::container::mpeg::clock::SECOND;
use crate::container::notes::Notes;
use crate::container::stream::Stream;
use crate::container::{Error, ReadError, Sink, Source};
use crate::index::{Outline, Packed};
use crate::media::{Setup, Ticks, Time, Timescale, Track};

/// How many bytes are looked at together: some packets.
const WINDOW: usize = 4 * LONGEST;

/// Reads a file's structure, asking for chunks of so many bytes.
pub async fn index<S: Source>(source: &S, sink: &mut (impl Sink + Send), chunk: u64) -> Result<Outline, Error> {
    let mut stream = Stream::new(source, chunk);
    let mut notes = Notes::default();
    let survey = Survey::of(&mut stream, &mut notes).await?;
    let tracks = survey.tracks.iter().filter_map(track).collect();
    let mut reader = Reader { samples: Samples::new(&survey, tracks), survey, notes, ended: false };
    let mut pages = Pages { sink, count: 0 };
    if reader.survey.start > 0 {
        reader.notes.at(0, "the rest of a pack is passed over");
    }
    stream.seek(reader.survey.start);
    loop {
        let offset = stream.position();
        let bytes = stream.peek(WINDOW).await?;
        let read = reader.units(bytes, offset)?;
        stream.seek(offset + read as u64);
        pages.put(reader.samples.take_ready()).await?;
        if read == 0 && !reader.resync(&mut stream).await? {
            break;
        }
    }
    let Reader { survey, samples, mut notes, ended, .. } = reader;
    let Finished { pages: last, tracks, clocks } = samples.finish(stream.len(), &mut notes)?;
    pages.put(last).await?;
    if tracks.iter().all(|track| track.samples == 0) {
        notes.push("it has no samples".to_owned());
    }
    let ends = tracks.iter().map(|track| track.timescale.time(track.presented.1));
    let Survey { start, headers, old, system, map, .. } = survey;
    let program = Program { old, system, map, ended, clocks };
    Ok(Outline {
        container: CONTAINER,
        // RFC 2046 §6; there is no type for sound alone.
        mime: "video/mpeg".to_owned(),
        duration: ends.max().unwrap_or(Time::ZERO),
        tracks,
        setup: vec![Setup::Inline(program::pack(&program).into())],
        setup_ranges: std::iter::once(start..headers).filter(|range| range.start < range.end).collect(),
        elements: true,
        chapters: Vec::new(),
        created: None,
        pages: pages.count,
        notes: notes.into_texts(),
    })
}

/// A track of the outline. Its setup is whose packets are its own.
fn track(found: &Found) -> Option<Track> {
    Some(Track {
        id: found.owner.id(),
        kind: found.codec.kind(),
        codec: found.looks.name.clone(),
        language: None,
        name: None,
        dimensions: found.looks.dimensions,
        timescale: Timescale::per_second(u32::try_from(SECOND).ok()?)?,
        edits: Vec::new(),
        preroll: Ticks::ZERO,
        samples: 0,
        bytes: 0,
        composition: (Ticks::ZERO, Ticks::ZERO),
        presented: (Ticks::ZERO, Ticks::ZERO),
        late: 0,
        setup: Setup::Inline(program::pack(&found.owner).into()),
    })
}

/// The sink, and how many pages the index has.
struct Pages<'a, K> {
    sink: &'a mut K,
    count: u32,
}

impl<K: Sink> Pages<'_, K> {
    async fn put(&mut self, pages: Vec<Packed>) -> Result<(), ReadError> {
        for page in pages {
            self.count = self.count.max(page.number.saturating_add(1));
            self.sink.page(page).await?;
        }
        Ok(())
    }
}

/// The pass through the packets.
struct Reader {
    survey: Survey,
    samples: Samples,
    notes: Notes,
    /// The last unit was an end code.
    ended: bool,
}

impl Reader {
    /// Takes the units that these bytes begin with, as far as they are whole, and says how many bytes they are.
    fn units(&mut self, bytes: &[u8], start: u64) -> Result<usize, Error> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..)
            && let Some((unit, length)) = unit(rest)
            && let Some(whole) = rest.get(..length)
        {
            let offset = start + at as u64;
            let size = u32::try_from(length).unwrap_or(u32::MAX);
            self.ended = unit == Unit::End;
            match unit {
                Unit::Pack => self.samples.pack(offset, size)?,
                Unit::Packet(_) => self.packet(whole, offset)?,
                Unit::System | Unit::Map | Unit::End => self.samples.other(offset, size),
            }
            at += length;
        }
        Ok(at)
    }

    fn packet(&mut self, whole: &[u8], offset: u64) -> Result<(), Error> {
        let packet = Packet::read(whole, self.survey.plain);
        let place = packet.and_then(|packet| self.survey.tracks.iter().position(|found| found.owner == packet.owner));
        if let (Some(packet), Some(track)) = (packet, place)
            && !packet.scrambled
        {
            let data = whole.get(packet.header..).unwrap_or_default();
            let header = u32::try_from(packet.header).unwrap_or(u32::MAX);
            return self.samples.packet(track, offset, (header, data), packet.times, &mut self.notes);
        }
        if packet.is_some_and(|packet| packet.scrambled) {
            self.notes.at(offset, "a packet that is scrambled");
        }
        self.samples.other(offset, u32::try_from(whole.len()).unwrap_or(u32::MAX));
        Ok(())
    }

    /// Passes over what is no unit, up to the next pack. `false` at the end of the file.
    async fn resync<S: Source>(&mut self, stream: &mut Stream<'_, S>) -> Result<bool, Error> {
        let from = stream.position();
        let (mut zeros, mut found) = (true, None);
        while found.is_none() {
            let at = stream.position();
            let bytes = stream.peek(WINDOW).await?;
            let last = bytes.len() < WINDOW;
            found = pack::find(bytes.get(usize::from(at == from)..).unwrap_or_default(), last);
            found = found.map(|found| found + usize::from(at == from));
            let passed = found.unwrap_or(if last { bytes.len() } else { WINDOW - PACK_AND_CODE });
            zeros &= bytes.get(..passed).unwrap_or_default().iter().all(|byte| *byte == 0);
            stream.seek(at + passed as u64);
            if last && found.is_none() {
                break;
            }
        }
        let passed = stream.position() - from;
        if zeros {
            // Some fill up sectors with them.
            self.pass_over(from, passed);
        } else if found.is_some() {
            self.samples.interrupt(&mut self.notes);
            self.pass_over(from, passed);
            self.notes.at(from, "bytes that are no packet are passed over");
        } else if passed > 0 {
            self.notes.at(from, "what follows is no whole packet: the file is truncated or damaged");
        }
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
