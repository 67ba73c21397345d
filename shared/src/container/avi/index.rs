//! The index half: headers first, then where the chunks are, from `idx1` or from the chunks themselves.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::CONTAINER;
use super::header::{Headers, Unit};
use super::opendml::{Indexes, Part, last_movi};
use super::riff::{self, Chunk, HEADER, u32_at};
use crate::container::keyframe::LOOK;
use crate::container::notes::Notes;
use crate::container::stream::Stream;
use crate::container::{Error, Source, pass};
use crate::index::{Builder, Outline, Packed};
use crate::media::{Kind, Run, Setup, Ticks, Time};

/// The longest `LIST hdrl` that is read, and how much of the outline headers may be.
const MAX_HEADERS: u32 = 4 << 20;
const MAX_KEPT: u64 = 128 << 10;

/// Bytes of an entry of `idx1`, and its flags: a list, a keyframe.
pub const ENTRY: usize = 16;
const IS_LIST: u32 = 0x01;
pub const IS_KEY: u32 = 0x10;

/// By how much `idx1` may end before its `movi` list does, and still be of all of it.
const MAX_REST: u64 = 1 << 20;

/// How many bytes are searched at once for a chunk, behind damage.
const SEARCH: usize = 1 << 16;

/// A file on the way through its chunks.
///
/// # Errors
///
/// [`Error::Malformed`] where there is no header or no `movi` list, [`Error::Unsupported`] where no stream is of a known kind,
/// [`Error::Limit`] for headers that are larger than one file may have. Damage and truncation behind the headers are passed
/// over, and told in [`Outline::notes`].
#[derive(Serialize, Deserialize)]
pub struct Pass {
    main: Bytes,
    /// Where the data of the first `movi` list begins.
    body: u64,
    way: Way,
    samples: Samples,
    notes: Notes,
}

/// How the chunks are found.
#[derive(Serialize, Deserialize)]
enum Way {
    /// By `idx1`; behind this offset the next chunk has to begin.
    Listed { old: OldIndex, behind: u64 },
    /// By the indexes of OpenDML, likewise.
    Named { indexes: Indexes, behind: u64 },
    /// One after the other; from this offset on there was none, up to the position.
    Scanned { lost: Option<u64> },
}

impl pass::Pass for Pass {
    async fn begin<S: Source>(stream: &mut Stream<'_, S>) -> Result<Self, Error> {
        let mut notes = Notes::default();
        let (headers, movi) = preamble(stream, &mut notes).await?;
        let inline = headers.tracks.iter().map(|track| track.setup.len()).sum::<u64>();
        if headers.tracks.is_empty() {
            return Err(Error::Unsupported("none of its streams is of a known kind".to_owned()));
        }
        if inline > MAX_KEPT {
            return Err(Error::Limit(format!("headers of {inline} bytes, where {MAX_KEPT} are allowed")));
        }
        let Headers { main, streams, indexes, tracks } = headers;
        let lanes =
            streams.iter().map(|stream| Lane { stream: *stream, decode: stream.start, empty: true, over: 0 }).collect();
        let samples = Samples { lanes, builder: Builder::new(tracks) };
        let way = if let Some(old) = old_index(stream, &movi).await? {
            stream.seek(old.entries.start);
            Way::Listed { old, behind: 0 }
        } else if let Some(indexes) = opendml(stream, &movi, &streams, &indexes).await? {
            stream.seek(movi.body);
            Way::Named { indexes, behind: 0 }
        } else {
            notes.push("it has no index of all its data: keyframes are known by their first bytes".to_owned());
            stream.seek(movi.body);
            Way::Scanned { lost: None }
        };
        Ok(Self { main, body: movi.body, way, samples, notes })
    }

    async fn step<S: Source>(&mut self, stream: &mut Stream<'_, S>) -> Result<bool, Error> {
        let Self { way, samples, notes, .. } = self;
        match way {
            Way::Listed { old, behind } => listed(stream, old, behind, samples, notes).await,
            Way::Named { indexes, behind } => named(stream, indexes, behind, samples, notes).await,
            Way::Scanned { lost: lost @ Some(_) } => search(stream, lost, notes).await,
            Way::Scanned { lost } => scanned(stream, lost, samples).await,
        }
    }

    fn take_ready(&mut self) -> Vec<Packed> {
        self.samples.builder.take_ready()
    }

    async fn finish<S: Source>(self, _: &S) -> Result<(Vec<Packed>, Outline), Error> {
        let Self { main, body, samples, mut notes, .. } = self;
        let (last, tracks) = samples.builder.finish()?;
        if tracks.iter().all(|track| track.samples == 0) {
            notes.push("it has no samples".to_owned());
        }
        let video = tracks.iter().any(|track| track.kind == Kind::Video);
        let ends = tracks.iter().map(|track| track.timescale.time(track.presented.1));
        let outline = Outline {
            container: CONTAINER,
            mime: format!("{}/x-msvideo", if video { "video" } else { "audio" }),
            duration: ends.max().unwrap_or(Time::ZERO),
            tracks,
            setup: vec![Setup::Inline(main)],
            setup_ranges: std::iter::once(0..body).collect(),
            elements: true,
            chapters: Vec::new(),
            created: None,
            pages: 0,
            notes: notes.into_texts(),
        };
        Ok((last, outline))
    }
}

/// The first `LIST movi`.
struct Movi {
    /// Where its data begins, behind its type, and where it ends.
    body: u64,
    end: u64,
}

/// Reads what stands before the first `movi` list.
async fn preamble<S: Source>(stream: &mut Stream<'_, S>, notes: &mut Notes) -> Result<(Headers, Movi), Error> {
    let mut headers = None;
    stream.seek(12);
    loop {
        let offset = stream.position();
        let malformed = |what: &str| Error::Malformed { offset, path: "RIFF".to_owned(), what: what.to_owned() };
        let bytes = stream.peek(12).await?;
        let Some(chunk) = Chunk::parse(bytes).filter(|chunk| chunk.plausible()) else {
            return Err(malformed("no chunk, where a list of headers and one of data have to be"));
        };
        let kind = bytes.get(HEADER..12).unwrap_or_default();
        match (&chunk.id, kind) {
            (b"LIST", b"hdrl") if headers.is_none() => {
                if chunk.size > MAX_HEADERS {
                    return Err(Error::Limit(format!("headers of {} bytes", chunk.size)));
                }
                let size = usize::try_from(chunk.size).unwrap_or(0);
                let data = stream.peek(HEADER + size).await?;
                headers = Some(Headers::parse(data.get(12..).unwrap_or_default(), notes));
            }
            (b"LIST", b"movi") => {
                let headers = headers.ok_or_else(|| malformed("a list of data before that of headers"))?;
                let end = offset.saturating_add(chunk.length());
                return Ok((headers, Movi { body: offset + 12, end }));
            }
            _ => {}
        }
        stream.seek(offset.saturating_add(chunk.length()));
    }
}

/// An `idx1` that can be believed.
#[derive(Serialize, Deserialize)]
struct OldIndex {
    /// Where its entries begin, and where they end.
    entries: std::ops::Range<u64>,
    /// What is added to an entry's offset.
    base: u64,
}

/// The `idx1` behind the first `movi` list, if it names the chunks that are there, up to the end of the list, and no other RIFF
/// follows.
async fn old_index<S: Source>(stream: &mut Stream<'_, S>, movi: &Movi) -> Result<Option<OldIndex>, Error> {
    let mut at = movi.end;
    let mut found = None;
    while at < stream.len() {
        stream.seek(at);
        let Some(chunk) = Chunk::parse(stream.peek(HEADER).await?) else { break };
        let end = at.saturating_add(chunk.length());
        match &chunk.id {
            b"RIFF" => return Ok(None),
            b"idx1" if found.is_none() && end <= stream.len() => {
                let start = at + HEADER as u64;
                found = Some(start..start + u64::from(chunk.size) / ENTRY as u64 * ENTRY as u64);
            }
            _ if !chunk.plausible() => break,
            _ => {}
        }
        at = end;
    }
    let Some(entries) = found.filter(|entries| entries.start < entries.end) else { return Ok(None) };
    stream.seek(entries.start);
    let first = Entry::parse(stream.peek(ENTRY).await?);
    stream.seek(entries.end - ENTRY as u64);
    let last = Entry::parse(stream.peek(ENTRY).await?);
    let (Some(first), Some(last)) = (first, last) else { return Ok(None) };
    // Offsets count from the type of the list, or from the beginning of the file.
    for base in [movi.body - 4, 0] {
        let mut sound = true;
        for entry in [first, last] {
            let at = base + u64::from(entry.offset);
            stream.seek(at);
            let there = Chunk::parse(stream.peek(HEADER).await?);
            sound &= at >= movi.body && at < movi.end && there.is_some_and(|there| there.id == entry.id);
        }
        let end = base + u64::from(last.offset) + u64::from(last.size);
        if sound && end.saturating_add(MAX_REST) >= movi.end {
            return Ok(Some(OldIndex { entries, base }));
        }
    }
    Ok(None)
}

/// An entry of `idx1` (AVIOLDINDEX).
#[derive(Clone, Copy)]
struct Entry {
    id: riff::FourCc,
    flags: u32,
    offset: u32,
    size: u32,
}

impl Entry {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let id = *bytes.get(..ENTRY)?.first_chunk()?;
        Some(Self { id, flags: u32_at(bytes, 4), offset: u32_at(bytes, 8), size: u32_at(bytes, 12) })
    }
}

/// Takes the chunk of the entry of `idx1` that is at the position. `false` behind the last.
async fn listed<S: Source>(
    stream: &mut Stream<'_, S>,
    old: &OldIndex,
    behind: &mut u64,
    samples: &mut Samples,
    notes: &mut Notes,
) -> Result<bool, Error> {
    let at = stream.position();
    if at >= old.entries.end {
        return Ok(false);
    }
    let Some(entry) = Entry::parse(stream.peek(ENTRY).await?) else { return Ok(false) };
    let chunk = Chunk { id: entry.id, size: entry.size };
    let offset = old.base + u64::from(entry.offset);
    if entry.flags & IS_LIST == 0 && chunk.stream().is_some() {
        if offset < *behind || offset.saturating_add(HEADER as u64) + u64::from(chunk.size) > stream.len() {
            notes.at(at, "an entry of the index that is out of order or outside of the file is passed over");
        } else {
            *behind = offset + HEADER as u64;
            samples.put(offset, chunk, |_, _| entry.flags & IS_KEY != 0)?;
        }
    }
    stream.seek(at + ENTRY as u64);
    Ok(true)
}

/// The indexes of OpenDML, if those of all streams lead to their chunks up to the end of the last RIFF.
async fn opendml<S: Source>(
    stream: &mut Stream<'_, S>,
    movi: &Movi,
    streams: &[super::header::Stream],
    parts: &[Vec<Part>],
) -> Result<Option<Indexes>, Error> {
    let tracks = streams.iter().zip(parts).enumerate().filter(|(_, (stream, _))| stream.place.is_some());
    let parts = tracks.map(|(number, (_, parts))| (number, parts.as_slice()));
    let end = last_movi(stream, movi.end).await?;
    Indexes::of(stream.source(), parts, end, MAX_REST).await
}

/// Takes the next chunk that the indexes of OpenDML name, and goes there, though it does not read it. `false` behind the last.
async fn named<S: Source>(
    stream: &mut Stream<'_, S>,
    indexes: &mut Indexes,
    behind: &mut u64,
    samples: &mut Samples,
    notes: &mut Notes,
) -> Result<bool, Error> {
    let Some(entry) = indexes.next(stream.source()).await? else { return Ok(false) };
    if entry.offset < *behind || entry.end() > stream.len() {
        notes.at(entry.offset, "an entry of the index that is out of order or outside of the file is passed over");
        return Ok(true);
    }
    *behind = entry.offset + HEADER as u64;
    samples.put(entry.offset, entry.chunk, |_, _| entry.key)?;
    stream.seek(entry.offset);
    Ok(true)
}

/// Takes the chunk that is at the position, of whatever `movi` list. `false` at the end of the file.
async fn scanned<S: Source>(
    stream: &mut Stream<'_, S>,
    lost: &mut Option<u64>,
    samples: &mut Samples,
) -> Result<bool, Error> {
    let (offset, length) = (stream.position(), stream.len());
    if offset >= length {
        return Ok(false);
    }
    let bytes = stream.peek(HEADER + LOOK).await?;
    let Some(chunk) = Chunk::parse(bytes).filter(|chunk| chunk.plausible()) else {
        *lost = Some(offset);
        return Ok(true);
    };
    if let (b"RIFF", _) | (b"LIST", Some(b"movi" | b"rec ")) = (&chunk.id, bytes.get(HEADER..12)) {
        stream.seek(offset + 12);
        return Ok(true);
    }
    let end = offset.saturating_add(HEADER as u64) + u64::from(chunk.size);
    if end > length {
        *lost = Some(offset);
        return Ok(true);
    }
    if chunk.stream().is_some() {
        let size = usize::try_from(chunk.size).unwrap_or(usize::MAX).min(LOOK);
        let frame = bytes.get(HEADER..).and_then(|data| data.get(..size)).unwrap_or_default();
        samples.put(offset, chunk, |lane, _| lane.stream.coding.is_key(frame, lane.empty))?;
    }
    stream.seek(offset.saturating_add(chunk.length()));
    Ok(true)
}

/// Goes to the next place where a chunk of data or a list seems to begin, or a bit further towards it. `false` where there is
/// none.
async fn search<S: Source>(
    stream: &mut Stream<'_, S>,
    lost: &mut Option<u64>,
    notes: &mut Notes,
) -> Result<bool, Error> {
    let Some(from) = *lost else { return Ok(true) };
    let at = stream.position().max(from.saturating_add(1));
    stream.seek(at);
    let left = stream.len().saturating_sub(at);
    let bytes = stream.peek(SEARCH + HEADER).await?;
    let starts = bytes.len().min(SEARCH);
    let begins = |start: &usize| {
        let chunk = bytes.get(*start..).and_then(Chunk::parse);
        chunk.is_some_and(|chunk| {
            let named = chunk.stream().is_some() || matches!(&chunk.id, b"LIST" | b"RIFF" | b"idx1");
            named && u64::from(chunk.size) <= left.saturating_sub(*start as u64)
        })
    };
    let found = (0..starts).find(begins);
    let last = bytes.len() <= SEARCH;
    stream.seek(at.saturating_add(found.unwrap_or(starts) as u64));
    if found.is_some() {
        notes.at(from, "bytes that are no chunk are passed over");
        *lost = None;
    } else if last {
        notes.at(from, "what follows is no whole chunk: the file is truncated or damaged");
    }
    Ok(found.is_some() || !last)
}

/// A stream, and where it has got to.
#[derive(Serialize, Deserialize)]
struct Lane {
    stream: super::header::Stream,
    /// The time of the next sample.
    decode: Ticks,
    /// It has no sample yet.
    empty: bool,
    /// How many bytes of the last unit there were, where it is of many: chunks need not end with one.
    over: u32,
}

impl Lane {
    /// How long so many bytes more last, where a unit is of so many.
    fn lasting(&mut self, bytes: u32, unit: u32) -> Ticks {
        let ticks =
            |bytes: u64| self.stream.scale.0.saturating_mul(i64::try_from(bytes).unwrap_or(i64::MAX)) / i64::from(unit);
        let (before, after) = (u64::from(self.over), u64::from(self.over) + u64::from(bytes));
        let lasts = Ticks(ticks(after) - ticks(before));
        self.over = u32::try_from(after % u64::from(unit)).unwrap_or(0);
        lasts
    }
}

/// The samples of all streams, on their way into the index.
#[derive(Serialize, Deserialize)]
struct Samples {
    lanes: Vec<Lane>,
    builder: Builder,
}

impl Samples {
    /// Takes the chunk of data at this offset.
    fn put(&mut self, offset: u64, chunk: Chunk, key: impl Fn(&Lane, Chunk) -> bool) -> Result<(), Error> {
        let lane = chunk.stream().and_then(|number| self.lanes.get_mut(number));
        let Some((lane, place)) =
            lane.and_then(|lane| Some((lane.stream.place?, lane)).map(|(place, lane)| (lane, place)))
        else {
            return Ok(());
        };
        let scale = lane.stream.scale;
        let (size, count, duration) = match lane.stream.unit {
            Unit::Chunk => (chunk.size, 1, scale),
            Unit::Frames(longest) => (chunk.size, 1, scale.times(i64::from(chunk.size.div_ceil(longest)))),
            Unit::Bytes(unit) => (chunk.size, 1, lane.lasting(chunk.size, unit)),
            Unit::Blocks(block) => (block, chunk.size / block, scale),
        };
        // A chunk without data is a frame that was dropped: what is shown before stays.
        if chunk.size > 0 && count > 0 {
            let sync = key(lane, chunk);
            let run = Run {
                decode: lane.decode,
                composition: Ticks::ZERO,
                duration,
                offset: offset + HEADER as u64,
                size,
                count,
                sync,
                description: 1,
                header: 0,
            };
            self.builder.begin_element(offset, riff::HEADER_BYTES, Ticks::ZERO);
            self.builder.samples(place, run)?;
            self.builder.end_element(offset.saturating_add(HEADER as u64) + u64::from(chunk.size));
            lane.empty = false;
        }
        if chunk.size > 0 || lane.stream.unit == Unit::Chunk {
            lane.decode += duration.times(i64::from(count));
        }
        Ok(())
    }
}
