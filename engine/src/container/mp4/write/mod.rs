//! From a selection to a splice: `ftyp`, a new `moov`, the header of `mdat`, and then the samples as in the original.
//! Sample descriptions and all other boxes of a track are copied; new are the durations, the sample tables, and an edit
//! list that makes playback begin at exactly the requested instant (ISO/IEC 14496-12 §8.6.6).

mod remux;
mod tables;

pub use self::remux::remux;
use self::tables::{CountedSamples, CutChunks, SampleSummary};
use super::samples::description;
use super::sound::SoundPackets;
use crate::container::boxes::{Box, patch_u32, try_write_box, write_box, write_full_box};
use crate::container::order::Merged;
use crate::container::{EditSpan, Error, Extents, MAX_MADE, Selected, Selection, TooLarge, Written};
use crate::index::{Outline, Runs};
use crate::media::splice::Splice;
use crate::media::{Kind, Run, Setup, Ticks, Timescale, Track};

/// Writes a selection as a complete file.
pub fn write(outline: &Outline, selection: &Selection) -> Result<Written, Error> {
    let [Setup::Inline(brands), Setup::Inline(header)] = outline.setup.as_slice() else {
        return Err(damaged("the outline of an MP4 file has two pieces of setup"));
    };
    let mut tracks = Vec::with_capacity(selection.tracks.len());
    for selected in &selection.tracks {
        let track =
            outline.tracks.get(selected.track).ok_or_else(|| damaged("a track is selected that is not there"))?;
        tracks.push(CutTrack::new(track, selected)?);
    }
    let length = selection.tracks.iter().flat_map(|selected| &selected.runs).map(|run| bytes(&run)).sum::<u64>();
    let wide = is_wide(length);
    let tables = tables_of(&tracks);
    fits(tables)?;
    let MediaDataLayout { data, chunks, .. } = lay_out(&selection.tracks, &tracks, wide)?;
    for (track, chunks) in tracks.iter_mut().zip(chunks) {
        track.chunks = chunks;
    }
    write_movie((brands, header), tracks, tables, &data, wide)
}

/// Whether chunk offsets have 64 bits: only if samples of this many bytes need them. The movie box itself is far smaller
/// than the difference.
const fn is_wide(length: u64) -> bool {
    length > u32::MAX as u64 - (1 << 30)
}

/// The size of the tables of samples in bytes, without those of chunks.
fn tables_of(tracks: &[CutTrack<'_>]) -> u64 {
    tracks.iter().map(|track| track.summary.length()).sum()
}

/// Writes a file with these boxes `ftyp` and `mvhd`, these tracks, whose [tables of samples](tables_of) have this size, and their
/// samples behind them.
fn write_movie(
    (brands, header): (&[u8], &[u8]),
    mut tracks: Vec<CutTrack<'_>>,
    tables: u64,
    data: &Splice,
    wide: bool,
) -> Result<Written, Error> {
    let tables = tables + tracks.iter().map(|track| track.chunks.memory()).sum::<u64>();
    fits(tables + data.memory())?;

    let timescale = movie_timescale(&tracks)?;
    let setup: usize = tracks.iter().map(|track| track.setup.whole.len() + 512 + 24 * track.segments.len()).sum();
    let room = brands.len() + header.len() + setup + usize::try_from(tables).unwrap_or_default() + 64;
    let mut made = Vec::with_capacity(room);
    made.extend_from_slice(brands);
    let mut chunk_tables = Vec::new();
    try_write_box::<Error>(&mut made, *b"moov", |out| {
        let duration = tracks.iter().map(|track| track.duration(timescale)).max().unwrap_or(0);
        write_movie_header(out, header, timescale, duration)?;
        for track in &mut tracks {
            let chunk_tables = &mut chunk_tables;
            let chunks = std::mem::take(&mut track.chunks);
            let setup = track.setup.clone();
            TrakWriter { track, movie: timescale, wide, chunks, chunk_tables }.walk(out, &setup)?;
        }
        Ok(())
    })?;
    let length = data.len() + 8;
    match u32::try_from(length) {
        Ok(length) => made.extend_from_slice(&length.to_be_bytes()),
        Err(_) => made.extend_from_slice(&1u32.to_be_bytes()),
    }
    made.extend_from_slice(b"mdat");
    if u32::try_from(length).is_err() {
        made.extend_from_slice(&(length + 8).to_be_bytes());
    }
    let base = made.len() as u64;
    for table in chunk_tables {
        table.rebase(&mut made, base);
    }
    let mut splice = Splice::new();
    splice.made(made);
    splice.append(data);
    Ok(Written { splice, setup: 0..base, elements: Extents::default() })
}

fn damaged(what: &str) -> Error {
    Error::Index(crate::index::InvalidIndex(what.to_owned()))
}

/// The size of a run's samples in bytes.
fn bytes(run: &Run) -> u64 {
    let bytes = run.bytes();
    bytes.end - bytes.start
}

fn fits(taken: u64) -> Result<(), Error> {
    let bound = MAX_MADE as u64;
    if taken > bound { Err(Error::Memory { taken, bound }) } else { Ok(()) }
}

/// The media data of a file.
struct MediaDataLayout<R> {
    /// The samples of all tracks.
    data: Splice,
    /// Of each track, where they are in it.
    chunks: Vec<CutChunks>,
    /// Of each track, what has changed of its samples.
    runs: Vec<R>,
}

/// One track of a cut.
struct CutTrack<'a> {
    track: &'a Track,
    /// The `trak` box that it copies.
    setup: Box<'a>,
    segments: &'a [EditSpan],
    runs: &'a Runs,
    chunks: CutChunks,
    /// The packets whose frames its tables count, as those of the original do.
    packets: Option<SoundPackets>,
    summary: SampleSummary,
}

impl<'a> CutTrack<'a> {
    fn new(track: &'a Track, Selected { segments, runs, .. }: &'a Selected) -> Result<Self, Error> {
        let Setup::Inline(setup) = &track.setup else {
            return Err(damaged("the setup of an MP4 track is kept in the index"));
        };
        let setup = Box::read(setup, 0, "")?;
        let packets = if track.kind == Kind::Audio { SoundPackets::of_track(&setup)? } else { None };
        let packets = packets.filter(|packets| packets.are(runs));
        let summary = SampleSummary::of(&CountedSamples { runs, packets });
        Ok(Self { track, setup, segments, runs, chunks: CutChunks::default(), packets, summary })
    }

    /// The duration of the track's presentation, in the movie's timescale.
    fn duration(&self, movie: Timescale) -> u64 {
        let total = self.segments.iter().fold(Ticks::ZERO, |total, segment| total + segment.duration);
        ticks(self.track.timescale.rescale(total, movie))
    }

    /// Its samples, as its tables count them.
    const fn counted(&self) -> CountedSamples<'a> {
        CountedSamples { runs: self.runs, packets: self.packets }
    }

    /// Decode time of the first sample, which becomes zero.
    fn origin(&self) -> Ticks {
        self.runs.first().map_or(Ticks::ZERO, |run| run.decode)
    }
}

fn ticks(value: Ticks) -> u64 {
    u64::try_from(value.0).unwrap_or(0)
}

/// Lays out the samples of all tracks in the order of the original, so that they are read in one go, and gives each
/// track its chunks.
fn lay_out(selected: &[Selected], tracks: &[CutTrack<'_>], wide: bool) -> Result<MediaDataLayout<()>, Error> {
    let mut chunks: Vec<CutChunks> = tracks.iter().map(|_| CutChunks::of(wide)).collect();
    let mut data = Splice::new();
    for (place, run) in Merged::new(selected) {
        let (Some(track), Some(chunks)) = (tracks.get(place), chunks.get_mut(place)) else { continue };
        let offset = data.len();
        data.source(run.bytes());
        let samples = track.packets.map_or(run.count, |packets| packets.counted(&run).count);
        chunks.put(offset..data.len(), samples, description(&run))?;
    }
    chunks.iter_mut().for_each(CutChunks::end);
    Ok(MediaDataLayout { data, chunks, runs: Vec::new() })
}

/// The timescale of the movie, in which edits are measured: one in which every track's durations are integers, if it
/// has 31 bits. Some readers treat larger ones as negative, so that a track whose ticks would make it larger has to
/// round.
fn movie_timescale(tracks: &[CutTrack<'_>]) -> Result<Timescale, Error> {
    let mut common = 1u64;
    for scale in tracks.iter().filter_map(|track| track.track.timescale.ticks_per_second()) {
        let whole = common / gcd(common, u64::from(scale)) * u64::from(scale);
        common = if i32::try_from(whole).is_ok() { whole } else { common };
    }
    let candidates = [u32::try_from(common).unwrap_or(90_000), 90_000, 1_000, 1];
    candidates
        .into_iter()
        .filter_map(Timescale::per_second)
        .find(|scale| tracks.iter().all(|track| track.duration(*scale) < u64::from(u32::MAX)))
        .ok_or(TooLarge::Duration.into())
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// `mvhd` (§8.2.2) with the timescale and duration of the cut.
fn write_movie_header(out: &mut Vec<u8>, mvhd: &[u8], timescale: Timescale, duration: u64) -> Result<(), Error> {
    let start = out.len();
    out.extend_from_slice(mvhd);
    let at = start + if mvhd.get(8) == Some(&1) { 28 } else { 20 };
    patch_u32(out, at, timescale.ticks_per_second().unwrap_or(1));
    patch_duration(out, at + 4, mvhd.get(8) == Some(&1), duration)
}

/// Fills in a duration, which has 64 bits in version 1 of a header. One that does not fit into 32 becomes unknown.
fn patch_duration(out: &mut [u8], at: usize, wide: bool, duration: u64) -> Result<(), Error> {
    let eight = duration.to_be_bytes();
    let four = u32::try_from(duration).unwrap_or(u32::MAX).to_be_bytes();
    let field = if wide { eight.as_slice() } else { four.as_slice() };
    let place = out.get_mut(at..at + field.len());
    place.ok_or_else(|| damaged("a header is too short for its duration"))?.copy_from_slice(field);
    Ok(())
}

/// The position of a chunk offset table whose offsets are still relative to the media data.
struct ChunkTable {
    at: usize,
    entries: usize,
    wide: bool,
}

impl ChunkTable {
    /// Adds the offset of the media data to its entries.
    fn rebase(self, out: &mut [u8], base: u64) {
        let width = if self.wide { 8 } else { 4 };
        let Some(table) = out.get_mut(self.at..self.at + self.entries * width) else { return };
        for entry in table.chunks_exact_mut(width) {
            if let Ok(field) = <&mut [u8; 8]>::try_from(&mut *entry) {
                *field = (u64::from_be_bytes(*field) + base).to_be_bytes();
            } else if let Ok(field) = <&mut [u8; 4]>::try_from(entry) {
                let offset = u64::from(u32::from_be_bytes(*field)) + base;
                *field = u32::try_from(offset).unwrap_or(u32::MAX).to_be_bytes();
            }
        }
    }
}

/// Writes a `trak`: the original's, with the durations and the tables of the cut.
struct TrakWriter<'a, 'f> {
    track: &'a CutTrack<'a>,
    movie: Timescale,
    wide: bool,
    chunks: CutChunks,
    chunk_tables: &'f mut Vec<ChunkTable>,
}

impl TrakWriter<'_, '_> {
    /// Copies a box, and replaces what is new in the cut.
    fn walk(&mut self, out: &mut Vec<u8>, parent: &Box<'_>) -> Result<(), Error> {
        try_write_box(out, parent.kind.0, |out| {
            for child in parent.children() {
                let child = child?;
                match &child.kind.0 {
                    b"mdia" | b"minf" | b"stbl" => self.walk(out, &child)?,
                    b"tkhd" => {
                        copy_header(out, &child, (36, 28), self.track.duration(self.movie))?;
                        write_edits(out, self.track, self.movie);
                    }
                    b"mdhd" => {
                        let end = self.track.runs.last().map_or(Ticks::ZERO, Run::decode_end);
                        copy_header(out, &child, (32, 24), ticks(end - self.track.origin()))?;
                    }
                    _ => out.extend_from_slice(child.whole),
                }
            }
            if parent.kind.0 == *b"stbl" {
                self.write_tables(out);
            }
            Ok(())
        })
    }

    fn write_tables(&mut self, out: &mut Vec<u8>) {
        let counted = self.track.counted();
        tables::write_durations(out, &counted);
        tables::write_compositions(out, &counted, &self.track.summary);
        tables::write_syncs(out, &counted, &self.track.summary);
        let chunks = std::mem::take(&mut self.chunks);
        tables::write_chunk_groups(out, &chunks);
        tables::write_sizes(out, &counted, &self.track.summary);
        let kind = if self.wide { *b"co64" } else { *b"stco" };
        write_full_box(out, kind, 0, |out| {
            tables::put_count(out, chunks.count());
            self.chunk_tables.push(ChunkTable { at: out.len(), entries: chunks.count(), wide: self.wide });
            out.extend_from_slice(chunks.offsets());
        });
    }
}

/// Copies `tkhd` (§8.3.2) or `mdhd` (§8.4.2), whose duration is at the first position in version 1, else at the second.
fn copy_header(out: &mut Vec<u8>, header: &Box<'_>, places: (usize, usize), duration: u64) -> Result<(), Error> {
    let start = out.len();
    out.extend_from_slice(header.whole);
    let wide = header.payload.first() == Some(&1);
    let place = if wide { places.0 } else { places.1 };
    patch_duration(out, start + place, wide, duration)
}

/// An edit list with which the presentation of the track begins at the requested instant.
fn write_edits(out: &mut Vec<u8>, track: &CutTrack<'_>, movie: Timescale) {
    let mut edits: Vec<(Ticks, Ticks)> = Vec::new();
    // Durations are rounded at their ends, so that rounding one edit does not shift those after it.
    let mut at = Ticks::ZERO;
    let mut push = |duration: Ticks, media: Ticks| {
        let start = track.track.timescale.rescale(at, movie);
        at += duration;
        let duration = track.track.timescale.rescale(at, movie) - start;
        if duration > Ticks::ZERO {
            edits.push((duration, media));
        }
    };
    for EditSpan { duration, media } in track.segments {
        let Some(media) = media else {
            push(*duration, Ticks(-1));
            continue;
        };
        // Media times before zero contain nothing, and cannot be written, so an empty edit represents them.
        let media = *media - track.origin();
        let missing = (-media).clamp(Ticks::ZERO, *duration);
        push(missing, Ticks(-1));
        push(*duration - missing, media + missing);
    }
    let narrow = edits.iter().all(|(_, media)| i32::try_from(media.0).is_ok());
    write_box(out, *b"edts", |out| {
        write_full_box(out, *b"elst", u8::from(!narrow), |out| {
            tables::put_count(out, edits.len());
            for (duration, media) in edits {
                let duration = ticks(duration);
                if let (true, Ok(media)) = (narrow, i32::try_from(media.0)) {
                    out.extend_from_slice(&u32::try_from(duration).unwrap_or(u32::MAX).to_be_bytes());
                    out.extend_from_slice(&media.to_be_bytes());
                } else {
                    out.extend_from_slice(&duration.to_be_bytes());
                    out.extend_from_slice(&media.0.to_be_bytes());
                }
                out.extend_from_slice(&[0, 1, 0, 0]);
            }
        });
    });
}
