//! The index half: headers first, then the positions of the chunks, from `idx1` or from the chunks themselves.

pub mod idx1;
mod samples;
mod shown;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use self::idx1::OldIndex;
use self::samples::ChunkSamples;
use super::CONTAINER;
use super::header::AviHeaders;
use super::opendml::{ChunkEntry, IndexChunk, Indexes, last_movi};
use super::riff::{HEADER, RiffChunk};
use crate::codec::LOOK;
use crate::container::notes::Notes;
use crate::container::pass::PassOutput;
use crate::container::stream::SourceStream;
use crate::container::{DynSource, Error, TooLarge, Unsupported, pass};
use crate::index::{FORMAT, Outline};
use crate::media::{Kind, Setup, Time, Track};

/// The longest accepted `LIST hdrl`, and the maximum size of headers in the outline.
const MAX_HEADERS: u32 = 4 << 20;
const MAX_KEPT: u64 = 128 << 10;

/// How long before the end of the `movi` list an index may end, and still count as complete.
const MAX_REST: u64 = 1 << 20;

/// How many bytes are searched at once for a chunk after damage.
const SEARCH: usize = 1 << 16;

/// A file while its chunks are read.
///
/// # Errors
///
/// [`Error::Malformed`] if there is no header or no `movi` list; [`Error::Unsupported`] if no stream is of a known
/// kind; [`Error::TooLarge`] if the headers exceed the limit for one file. Damage and truncation after the headers are
/// skipped and reported in [`Outline::notes`].
#[derive(Serialize, Deserialize)]
pub struct AviPass {
    main: Bytes,
    /// The offset of the data of the first `movi` list.
    body: u64,
    way: ChunkSearch,
    samples: ChunkSamples,
}

/// How the chunks are found.
#[derive(Serialize, Deserialize)]
enum ChunkSearch {
    /// From an index; the next chunk has to begin at `behind` or later.
    Named { index: AviIndex, behind: u64 },
    /// One after the other; `lost` is the start of bytes without a chunk, up to the position.
    Scanned { lost: Option<u64> },
}

/// The index with the positions of the chunks.
#[derive(Serialize, Deserialize)]
enum AviIndex {
    Old(OldIndex),
    OpenDml(Indexes),
}

impl AviIndex {
    /// The next chunk of data in file order.
    async fn next(&mut self, source: &dyn DynSource) -> Result<Option<ChunkEntry>, Error> {
        match self {
            Self::Old(old) => old.next(source).await,
            Self::OpenDml(indexes) => indexes.next(source).await,
        }
    }
}

impl pass::IndexPass for AviPass {
    async fn begin(stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<Self, Error> {
        let (headers, movi) = preamble(stream, &mut out.notes).await?;
        let inline = headers.tracks.iter().map(|track| track.setup.len()).sum::<u64>();
        if headers.tracks.is_empty() {
            return Err(Unsupported::NoTracks { why: "none of its streams is of a known kind".to_owned() }.into());
        }
        if inline > MAX_KEPT {
            return Err(TooLarge::Header { what: "headers".to_owned(), bytes: inline, bound: MAX_KEPT }.into());
        }
        let AviHeaders { main, streams, indexes, tracks } = headers;
        let index = match OldIndex::of(stream, &movi).await? {
            Some(old) => Some(AviIndex::Old(old)),
            None => opendml(stream, &movi, &streams, &indexes).await?.map(AviIndex::OpenDml),
        };
        let samples = ChunkSamples::new(streams, index.is_none());
        for track in tracks {
            out.builder.add_track(track);
        }
        stream.seek(movi.body);
        let way = if let Some(index) = index {
            ChunkSearch::Named { index, behind: 0 }
        } else {
            out.notes.push("it has no index of all its data: keyframes are known by their first bytes".to_owned());
            ChunkSearch::Scanned { lost: None }
        };
        Ok(Self { main, body: movi.body, way, samples })
    }

    async fn step(&mut self, stream: &mut SourceStream<'_>, out: &mut PassOutput) -> Result<bool, Error> {
        let Self { way, samples, .. } = self;
        match way {
            ChunkSearch::Named { index, behind } => named(stream, index, behind, samples, out).await,
            ChunkSearch::Scanned { lost: lost @ Some(_) } => search(stream, lost, &mut out.notes).await,
            ChunkSearch::Scanned { lost } => scanned(stream, lost, samples, out).await,
        }
    }

    async fn end(&mut self, _: &dyn DynSource, out: &mut PassOutput) -> Result<(), Error> {
        self.samples.end(&mut out.builder)
    }

    fn outline(self, tracks: Vec<Track>, notes: &mut Notes) -> Result<Outline, Error> {
        let Self { main, body, .. } = self;
        if tracks.iter().all(|track| track.samples == 0) {
            notes.push("it has no samples".to_owned());
        }
        let video = tracks.iter().any(|track| track.kind == Kind::Video);
        let ends = tracks.iter().map(|track| track.timescale.time(track.presented.1));
        Ok(Outline {
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
            notes: Vec::new(),
            segments: None,
            format: FORMAT,
        })
    }
}

/// The first `LIST movi`.
pub struct Movi {
    /// The offset of its data, after its type, and its end.
    body: u64,
    end: u64,
}

/// Reads what precedes the first `movi` list.
async fn preamble(stream: &mut SourceStream<'_>, notes: &mut Notes) -> Result<(AviHeaders, Movi), Error> {
    let mut headers = None;
    stream.seek(12);
    loop {
        let offset = stream.position();
        let malformed = |what: &str| Error::Malformed { offset, path: "RIFF".to_owned(), what: what.to_owned() };
        let bytes = stream.peek(12).await?;
        let Some(chunk) = RiffChunk::parse(bytes).filter(|chunk| chunk.plausible()) else {
            return Err(malformed("no chunk, where a list of headers and one of data have to be"));
        };
        let kind = bytes.get(HEADER..12).unwrap_or_default();
        match (&chunk.id, kind) {
            (b"LIST", b"hdrl") if headers.is_none() => {
                if chunk.size > MAX_HEADERS {
                    let bytes = u64::from(chunk.size);
                    return Err(
                        TooLarge::Header { what: "headers".to_owned(), bytes, bound: MAX_HEADERS.into() }.into()
                    );
                }
                let size = usize::try_from(chunk.size).unwrap_or(0);
                let data = stream.peek(HEADER + size).await?;
                headers = Some(AviHeaders::parse(data.get(12..).unwrap_or_default(), notes));
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

/// The indexes of OpenDML, if those of all streams lead to their chunks up to the end of the last RIFF.
async fn opendml(
    stream: &mut SourceStream<'_>,
    movi: &Movi,
    streams: &[super::header::AviStream],
    parts: &[Vec<IndexChunk>],
) -> Result<Option<Indexes>, Error> {
    let tracks = streams.iter().zip(parts).enumerate().filter(|(_, (stream, _))| stream.place.is_some());
    let parts = tracks.map(|(number, (_, parts))| (number, parts.as_slice()));
    let end = last_movi(stream, movi.end).await?;
    Indexes::of(stream.source(), parts, end, MAX_REST).await
}

/// Goes to the next chunk of the index, and reads it only if it has to be examined. `false` after the last.
async fn named(
    stream: &mut SourceStream<'_>,
    index: &mut AviIndex,
    behind: &mut u64,
    samples: &mut ChunkSamples,
    out: &mut PassOutput,
) -> Result<bool, Error> {
    let Some(entry) = index.next(stream.source()).await? else { return Ok(false) };
    if entry.offset < *behind || entry.end() > stream.len() {
        out.notes.at(entry.offset, "an entry of the index that is out of order or outside of the file is passed over");
        return Ok(true);
    }
    *behind = entry.offset + HEADER as u64;
    stream.seek(entry.offset);
    let seen = if samples.looks_at(entry.chunk) { stream.peek(HEADER + LOOK).await? } else { &[] };
    samples.put(entry.offset, entry.chunk, Some(entry.key), opening(seen, entry.chunk), &mut out.builder)?;
    Ok(true)
}

/// The first bytes of a chunk's data, given the bytes from its header on.
fn opening(seen: &[u8], chunk: RiffChunk) -> &[u8] {
    let size = usize::try_from(chunk.size).unwrap_or(usize::MAX).min(LOOK);
    let data = seen.get(HEADER..).unwrap_or_default();
    data.get(..size).unwrap_or(data)
}

/// Takes the chunk at the position, in any `movi` list. `false` at the end of the file.
async fn scanned(
    stream: &mut SourceStream<'_>,
    lost: &mut Option<u64>,
    samples: &mut ChunkSamples,
    out: &mut PassOutput,
) -> Result<bool, Error> {
    let (offset, length) = (stream.position(), stream.len());
    if offset >= length {
        return Ok(false);
    }
    let bytes = stream.peek(HEADER + LOOK).await?;
    let Some(chunk) = RiffChunk::parse(bytes).filter(|chunk| chunk.plausible()) else {
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
        samples.put(offset, chunk, None, opening(bytes, chunk), &mut out.builder)?;
    }
    stream.seek(offset.saturating_add(chunk.length()));
    Ok(true)
}

/// Moves towards the next likely beginning of a data chunk or a list. `false` if no more can follow.
async fn search(stream: &mut SourceStream<'_>, lost: &mut Option<u64>, notes: &mut Notes) -> Result<bool, Error> {
    let Some(from) = *lost else { return Ok(true) };
    let at = stream.position().max(from.saturating_add(1));
    stream.seek(at);
    let left = stream.len().saturating_sub(at);
    let bytes = stream.peek(SEARCH + HEADER).await?;
    let starts = bytes.len().min(SEARCH);
    let begins = |start: &usize| {
        let chunk = bytes.get(*start..).and_then(RiffChunk::parse);
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
