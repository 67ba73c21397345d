//! The write half: headers with new counts, the selected data in new chunks, and an `idx1` for them.

use std::ops::Range;

use super::header::{AVIH, INITIAL_FRAMES, LENGTH, START, units};
use super::index::idx1::{ENTRY, IS_KEY};
use super::riff::{self, HEADER, set_u32};
use crate::container::draft::Draft;
use crate::container::order::Merged;
use crate::container::{Error, Extents, Selected, Selection, Unsupported, Written};
use crate::index::{self, Outline};
use crate::media::splice::Splice;
use crate::media::{Kind, Run, Setup, Ticks, Time, Track};

/// The largest cut: many programs read larger lengths in one RIFF as negative.
const MAX_BYTES: u64 = 2 << 30;

/// AVIF_HASINDEX and AVIF_ISINTERLEAVED.
const FLAGS: u32 = 0x10 | 0x100;

/// How many frames may be missing in a row in a cut: each is an empty chunk.
const MAX_MISSING: i64 = 100_000;

/// Writes a selection as a complete file; see [`super::write`].
pub fn write(outline: &Outline, selection: &Selection) -> Result<Written, Error> {
    let mut writers = Vec::with_capacity(selection.tracks.len());
    for (number, selected) in selection.tracks.iter().enumerate() {
        let track = outline.tracks.get(selected.track);
        let track = track.ok_or_else(|| mismatch(format!("no track {}", selected.track)))?;
        writers.push(StreamWriter::new(number, track, selected, selection.given.start())?);
    }
    let mut chunks = MoviList::default();
    // No run extends over the end of its chunk.
    for (place, run) in Merged::new(&selection.tracks) {
        if let Some(writer) = writers.get_mut(place) {
            writer.put(&run, &mut chunks)?;
        }
    }
    for writer in &mut writers {
        writer.end(selection.given.end(), &mut chunks)?;
    }
    let headers = headers(outline, &writers)?;
    let movi = headers.len() as u64 + 12 + 12;
    let (data, entries) = (chunks.draft.len(), chunks.entries.len() as u64);
    let total = movi + data + HEADER as u64 + entries;
    if total > MAX_BYTES {
        return Err(Unsupported::AviSize { bytes: total, whole: true, bound: MAX_BYTES }.into());
    }
    let length = |length: u64| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    let mut head = Vec::with_capacity(headers.len() + 24);
    head.extend(b"RIFF");
    head.extend(length(total - HEADER as u64));
    head.extend(b"AVI ");
    head.extend(headers);
    head.extend(b"LIST");
    head.extend(length(4 + data));
    head.extend(b"movi");
    let mut splice = Splice::new();
    splice.made(head);
    chunks.draft.append_to(&mut splice);
    let mut tail = Vec::with_capacity(HEADER);
    tail.extend(b"idx1");
    tail.extend(length(entries));
    splice.made(tail);
    splice.made(chunks.entries);
    let elements = chunks.places.iter().map(|place| movi + place.start..movi + place.end).collect();
    Ok(Written { splice, setup: 0..movi, elements })
}

/// One stream of the cut.
struct StreamWriter<'a> {
    track: &'a Track,
    headers: &'a [u8],
    /// The name of its chunks.
    id: riff::FourCc,
    /// The length of a unit of `dwScale/dwRate` in ticks, and the number of units before its first sample.
    scale: i64,
    start: u32,
    /// The time of the next sample, if it has frames.
    next: Option<Ticks>,
    /// Its duration so far, and the longest chunk.
    lasts: Ticks,
    largest: u32,
}

impl<'a> StreamWriter<'a> {
    fn new(number: usize, track: &'a Track, selected: &Selected, zero: Time) -> Result<Self, Error> {
        let Setup::Inline(headers) = &track.setup else { return Err(mismatch("no headers of a stream".to_owned())) };
        let header = strh(headers).ok_or_else(|| mismatch("no header of a stream".to_owned()))?;
        let scale = units(header).map_or(1, |(_, scale)| scale.0).max(1);
        let (tens, ones) = (digit(number / 10), digit(number));
        let kind = if track.kind == Kind::Video { *b"dc" } else { *b"wb" };
        let [first, second] = kind;
        let begins = selected.runs.first().map_or(Ticks::ZERO, |run| run.presentation() - track.timescale.ticks(zero));
        let start = u32::try_from((begins.0.max(0) + scale / 2) / scale).unwrap_or(0);
        Ok(Self {
            track,
            headers,
            id: [tens, ones, first, second],
            scale,
            start,
            next: None,
            lasts: Ticks::ZERO,
            largest: 0,
        })
    }

    /// Appends a run as a chunk, after an empty one for each missing frame before it.
    fn put(&mut self, run: &Run, chunks: &mut MoviList) -> Result<(), Error> {
        self.put_missing(run.decode, chunks)?;
        let bytes = run.bytes();
        self.largest = self.largest.max(u32::try_from(bytes.end - bytes.start).unwrap_or(u32::MAX));
        chunks.put(self.id, run.sync, bytes)?;
        self.lasts += run.decode_end() - run.decode;
        // Pictures that are shown before the first are left out, not missing.
        let left_out = if self.next.is_none() { run.composition.max(Ticks::ZERO) } else { Ticks::ZERO };
        self.next = Some(run.decode_end() + left_out);
        Ok(())
    }

    /// Appends empty chunks for the missing frames up to the end.
    fn end(&mut self, end: Time, chunks: &mut MoviList) -> Result<(), Error> {
        let end = self.track.timescale.ticks(end).min(self.track.presented.1);
        self.put_missing(end, chunks)
    }

    fn put_missing(&mut self, until: Ticks, chunks: &mut MoviList) -> Result<(), Error> {
        let (Kind::Video, Some(next)) = (self.track.kind, self.next) else { return Ok(()) };
        for _ in 0..((until - next).0 / self.scale).clamp(0, MAX_MISSING) {
            chunks.put(self.id, false, 0..0)?;
            self.lasts += Ticks(self.scale);
        }
        Ok(())
    }

    /// Its duration in units.
    fn units(&self) -> u32 {
        u32::try_from(self.lasts.0 / self.scale).unwrap_or(u32::MAX)
    }

    /// Its `LIST strl`.
    fn list(&self) -> Vec<u8> {
        let mut list = b"strl".to_vec();
        for (id, body) in riff::chunks(self.headers) {
            let mut body = body.to_vec();
            if &id == b"strh" {
                set_u32(&mut body, INITIAL_FRAMES, 0);
                set_u32(&mut body, START, self.start);
                set_u32(&mut body, LENGTH, self.units());
            }
            riff::put(&mut list, id, &body);
        }
        list
    }
}

/// A stream's AVISTREAMHEADER.
fn strh(headers: &[u8]) -> Option<&[u8]> {
    riff::chunks(headers).find_map(|(id, body)| (&id == b"strh").then_some(body))
}

fn digit(number: usize) -> u8 {
    b'0' + u8::try_from(number % 10).unwrap_or(0)
}

/// The data so far, and the entries of `idx1`.
#[derive(Default)]
struct MoviList {
    draft: Draft,
    entries: Vec<u8>,
    places: Extents,
}

impl MoviList {
    /// Appends these bytes of the original as a chunk.
    fn put(&mut self, id: riff::FourCc, key: bool, data: Range<u64>) -> Result<(), Error> {
        let (at, size) = (self.draft.len(), data.end.saturating_sub(data.start));
        // Offsets are relative to the type of the list.
        let (Ok(offset), Ok(length)) = (u32::try_from(at + 4), u32::try_from(size)) else {
            return Err(Unsupported::AviSize { bytes: at, whole: false, bound: MAX_BYTES }.into());
        };
        self.draft.made().extend(id);
        self.draft.made().extend_from_slice(&length.to_le_bytes());
        self.draft.source(data);
        if length % 2 == 1 {
            self.draft.made().push(0);
        }
        self.entries.reserve(ENTRY);
        self.entries.extend(id);
        for field in [if key { IS_KEY } else { 0 }, offset, length] {
            self.entries.extend_from_slice(&field.to_le_bytes());
        }
        self.places.push(at..self.draft.len());
        self.draft.fits_beside(self.entries.len())
    }
}

/// `LIST hdrl` with the counts of the cut.
fn headers(outline: &Outline, writers: &[StreamWriter<'_>]) -> Result<Vec<u8>, Error> {
    let Some(Setup::Inline(main)) = outline.setup.first() else { return Err(mismatch("no AVIMAINHEADER".to_owned())) };
    let mut main = main.to_vec();
    main.resize(AVIH.max(main.len()), 0);
    let video = writers.iter().find(|writer| writer.track.kind == Kind::Video);
    let frames = video.or(writers.first()).map_or(0, StreamWriter::units);
    let largest = writers.iter().map(|writer| writer.largest).max().unwrap_or(0);
    let counts = [
        (12, FLAGS),
        (16, frames),
        (20, 0),
        (24, u32::try_from(writers.len()).unwrap_or(u32::MAX)),
        (28, largest.saturating_add(riff::HEADER_BYTES)),
    ];
    for (at, value) in counts {
        set_u32(&mut main, at, value);
    }
    let mut list = b"hdrl".to_vec();
    riff::put(&mut list, *b"avih", &main);
    for writer in writers {
        riff::put(&mut list, *b"LIST", &writer.list());
    }
    let mut out = Vec::with_capacity(list.len() + HEADER);
    riff::put(&mut out, *b"LIST", &list);
    Ok(out)
}

/// The pages, the outline and the selection are inconsistent.
fn mismatch(what: String) -> Error {
    Error::Index(index::InvalidIndex(what))
}
