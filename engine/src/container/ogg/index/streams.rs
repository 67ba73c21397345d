//! The logical streams of a file: multiplexed ones form a link, and links follow each other in a chain. Each logical
//! stream of a link is a track, whose edit list begins where the previous link ended.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::super::OggSetup;
use super::super::codec::{self, Foreign};
use super::super::page::OggPage;
use super::logical::{LogicalStreamReader, Measured};
use crate::container::notes::Notes;
use crate::container::pass::PassOutput;
use crate::container::{Error, Unsupported};
use crate::index::Builder;
use crate::media::{self, Edit, Kind, Run, Ticks, Time, Track};

/// The maximum number of pages that wait until every logical stream of their link has begun.
const MAX_WAITING: usize = 256;
/// The maximum number of tracks, and of header bytes that cuts copy: each request reads them.
const MAX_TRACKS: usize = 64;
const MAX_SETUP: usize = 192 << 10;
/// The maximum number of logical streams in a link.
const MAX_STREAMS: usize = 256;

/// The logical streams while their pages are read.
#[derive(Default, Serialize, Deserialize)]
pub struct LogicalStreams {
    headers: Vec<Range<u64>>,
    link: ChainLink,
    tracks: usize,
    setup: usize,
    /// The skipped codecs.
    foreign: Vec<String>,
}

/// Multiplexed logical streams.
#[derive(Default, Serialize, Deserialize)]
struct ChainLink {
    /// Its number in the chain.
    number: u32,
    /// Its start on the timeline of the file.
    start: Time,
    readers: Vec<(LogicalStreamReader, Option<TimelineMapping>)>,
    /// Serial numbers of skipped logical streams.
    passed: Vec<u32>,
    /// Whether its first page of packets has been read.
    begun: bool,
    /// Whether the mapping of its positions to the timeline is known.
    settled: bool,
    waiting: Vec<Measured>,
}

/// The conversion of a logical stream's positions to the times of a track.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct TimelineMapping {
    track: usize,
    /// The position that is the track's time zero.
    origin: Ticks,
    /// The position that is presented at the start of the link.
    zero: Ticks,
}

impl LogicalStreams {
    /// Takes the next page of the file, with its [`sums`](OggPage::sums).
    pub fn page(&mut self, (page, sums): (&OggPage<'_>, &[u32]), out: &mut PassOutput) -> Result<(), Error> {
        if page.header.first {
            return self.begin(page, out);
        }
        let Some(place) = self.link.readers.iter().position(|(reader, _)| reader.serial == page.header.serial) else {
            if !self.link.passed.contains(&page.header.serial) {
                out.notes.at(page.offset, "a page of a logical stream that never began");
            }
            return Ok(());
        };
        let Some((reader, _)) = self.link.readers.get_mut(place) else { return Ok(()) };
        let heads = !reader.ready;
        let measured = match reader.page((page, sums), &mut out.notes) {
            Ok(measured) => measured,
            Err(what) => {
                self.link.readers.remove(place);
                self.pass(page.header.serial, &what, &mut out.notes);
                return Ok(());
            }
        };
        if let Some(range) = self.headers.last_mut().filter(|_| heads && !self.link.begun) {
            range.end = page.end();
        }
        if let Some(measured) = measured {
            self.link.begun = true;
            if self.link.settled {
                self.put(&measured, &mut out.builder)?;
            } else {
                self.link.waiting.push(measured);
            }
        }
        let begun = || self.link.readers.iter().all(|(reader, _)| reader.span.is_some());
        if !self.link.settled && self.link.begun && (self.link.waiting.len() >= MAX_WAITING || begun()) {
            self.settle(out)?;
        }
        Ok(())
    }

    /// Begins a logical stream, and a link with the first one after others.
    fn begin(&mut self, page: &OggPage<'_>, out: &mut PassOutput) -> Result<(), Error> {
        if self.link.begun || self.headers.is_empty() {
            self.end_link(out)?;
            self.headers.push(page.offset..page.end());
        }
        if let Some(range) = self.headers.last_mut() {
            range.end = page.end();
        }
        let serial = page.header.serial;
        let known =
            self.link.readers.iter().any(|(reader, _)| reader.serial == serial) || self.link.passed.contains(&serial);
        if known || self.link.readers.len() + self.link.passed.len() >= MAX_STREAMS {
            out.notes.at(page.offset, "a logical stream that begins twice, or beyond 256 of a link");
            return Ok(());
        }
        let first = page.pieces().next().map_or(&[][..], |piece| piece.bytes);
        match codec::recognise(first) {
            Ok(mapping) => self.link.readers.push((LogicalStreamReader::new(page, mapping, first), None)),
            Err(Foreign::Silent) => self.link.passed.push(serial),
            Err(Foreign::Unknown(name)) => {
                self.pass(serial, &format!("it is of a codec that is not known, {name}"), &mut out.notes);
                if self.foreign.len() < 8 {
                    self.foreign.push(name);
                }
            }
            Err(Foreign::Broken(what)) => self.pass(serial, &what, &mut out.notes),
        }
        Ok(())
    }

    fn pass(&mut self, serial: u32, why: &str, notes: &mut Notes) {
        self.link.passed.push(serial);
        notes.push(format!("logical stream {serial} is passed over: {why}"));
    }

    /// Maps the positions of the link to the timeline. It begins with the first packet of the logical stream that
    /// begins first; a recording of a live stream begins at an arbitrary position.
    fn settle(&mut self, out: &mut PassOutput) -> Result<(), Error> {
        self.link.settled = true;
        let begins =
            |reader: &LogicalStreamReader| Some(reader.mapping.timescale().time(reader.span?.0.max(Ticks::ZERO)));
        let base = self.link.readers.iter().filter_map(|(reader, _)| begins(reader)).min().unwrap_or(Time::ZERO);
        let mut broken = Vec::new();
        for (reader, mapped) in &mut self.link.readers {
            if !reader.ready {
                broken.push((reader.serial, "its headers have no end"));
                continue;
            }
            let (mapping, timescale) = (&reader.mapping, reader.mapping.timescale());
            let setup = OggSetup { link: self.link.number, headers: mapping.setup(&reader.headers) }.pack();
            if self.tracks >= MAX_TRACKS || self.setup.saturating_add(setup.len()) > MAX_SETUP {
                broken.push((reader.serial, "there are too many, or with too large headers"));
                continue;
            }
            let zero = timescale.ticks(base) + mapping.skip();
            let origin = reader.span.map_or(zero, |(first, _)| first.min(zero));
            let presented = Edit { duration: None, media: Some(zero - origin) };
            let before = Edit { duration: Some(timescale.ticks(self.link.start)), media: None };
            let edits = match (self.link.start, zero - origin) {
                (Time::ZERO, Ticks::ZERO) => Vec::new(),
                (Time::ZERO, _) => vec![presented],
                _ => vec![before, presented],
            };
            out.builder.add_track(Track {
                dimensions: mapping.dimensions(),
                sample_rate: timescale.ticks_per_second().filter(|_| mapping.kind() == Kind::Audio),
                channels: mapping.channels(),
                edits,
                preroll: mapping.preroll(),
                ..Track::new(
                    u64::from(reader.serial) + (u64::from(self.link.number) << 32),
                    mapping.kind(),
                    mapping.codec().to_owned(),
                    timescale,
                    media::Setup::Inline(setup.clone()),
                )
            });
            *mapped = Some(TimelineMapping { track: self.tracks, origin, zero });
            self.tracks += 1;
            self.setup += setup.len();
        }
        for (serial, why) in broken {
            self.link.readers.retain(|(reader, _)| reader.serial != serial);
            self.pass(serial, why, &mut out.notes);
        }
        for measured in std::mem::take(&mut self.link.waiting) {
            self.put(&measured, &mut out.builder)?;
        }
        Ok(())
    }

    /// Adds the samples of a page to the index.
    fn put(&self, page: &Measured, builder: &mut Builder) -> Result<(), Error> {
        let reader = self.link.readers.iter().find(|(reader, _)| reader.serial == page.serial);
        let Some((_, Some(TimelineMapping { track, origin, .. }))) = reader else { return Ok(()) };
        builder.begin_element_keeping(page.offset, page.header, Ticks::ZERO, page.kept.clone());
        for sample in &page.samples {
            let run = Run {
                decode: sample.position - *origin,
                composition: Ticks::ZERO,
                duration: sample.duration,
                offset: sample.offset,
                size: sample.size,
                count: 1,
                sync: sample.sync,
                disposable: false,
                private: sample.part.kept(sample.place),
            };
            builder.samples(*track, run)?;
        }
        builder.end_element(page.end);
        Ok(())
    }

    /// Ends the link; another one may begin where it ends.
    fn end_link(&mut self, out: &mut PassOutput) -> Result<(), Error> {
        if !self.link.settled {
            self.settle(out)?;
        }
        let end = |(reader, mapped): &(LogicalStreamReader, Option<TimelineMapping>)| {
            let (_, end) = reader.span?;
            Some(self.link.start + reader.mapping.timescale().time(end - (*mapped)?.zero))
        };
        let start =
            self.link.readers.iter().filter_map(end).max().map_or(self.link.start, |end| end.max(self.link.start));
        let number = if self.link.begun { self.link.number.saturating_add(1) } else { self.link.number };
        self.link = ChainLink { number, start, ..ChainLink::default() };
        Ok(())
    }

    /// Ends the file, which has this length in bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Unsupported`] or [`Error::Malformed`] if there is no track.
    pub fn end(&mut self, length: u64, out: &mut PassOutput) -> Result<(), Error> {
        self.end_link(out)?;
        if self.tracks == 0 {
            if !self.foreign.is_empty() {
                let names = self.foreign.join(", ");
                let why = format!("Ogg with no logical stream of a known codec, but {names}");
                return Err(Unsupported::NoTracks { why }.into());
            }
            let what = "no logical stream with sound headers".to_owned();
            return Err(Error::Malformed { offset: length, path: "Ogg".to_owned(), what });
        }
        Ok(())
    }

    /// The ranges of each link's header pages in the file.
    pub fn into_headers(self) -> Vec<Range<u64>> {
        self.headers
    }
}
