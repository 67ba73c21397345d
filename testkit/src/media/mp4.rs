//! The [`hour`](mod@hour) as an MP4 (ISO/IEC 14496-12), whose media data is zeros that take no memory.

use std::ops::Range;

use bytes::Bytes;

use super::hour::{self, DURATIONS, HourSample, SECONDS, TIMESCALES};

/// Ticks a second of the movie, which edit lists are in.
const MOVIE: u32 = 1000;

/// A file that keeps only its structure in memory; everything else is zeros.
#[derive(Debug)]
pub struct SparseFile {
    written: Vec<(u64, Bytes)>,
    length: u64,
}

impl SparseFile {
    /// How many bytes the file has.
    #[must_use]
    pub const fn length(&self) -> u64 {
        self.length
    }

    /// How many bytes of it are not its media data.
    #[must_use]
    pub fn structure(&self) -> usize {
        self.written.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// The bytes of a range that lies within the file.
    #[must_use]
    pub fn slice(&self, range: Range<u64>) -> Bytes {
        if let Some((at, bytes)) =
            self.written.iter().find(|(at, bytes)| *at <= range.start && range.end <= at + bytes.len() as u64)
        {
            return bytes.slice((range.start - at) as usize..(range.end - at) as usize);
        }
        let mut read = vec![0; (range.end - range.start) as usize];
        for (at, bytes) in &self.written {
            let (start, end) = (range.start.max(*at), range.end.min(at + bytes.len() as u64));
            if start < end {
                read[(start - range.start) as usize..(end - range.start) as usize]
                    .copy_from_slice(&bytes[(start - at) as usize..(end - at) as usize]);
            }
        }
        read.into()
    }
}

/// The hour with a sync picture every ten seconds. Its movie box stands before its media data or after it.
#[must_use]
pub fn hour(movie_first: bool) -> SparseFile {
    let samples = hour::samples(250);
    let media: u64 = samples.iter().map(|sample| u64::from(sample.size)).sum();
    let ftyp = boxed(*b"ftyp", &[b"isom\0\0\0\0isommp42"]);
    let mdat = [&u32::try_from(media + 8).unwrap().to_be_bytes()[..], b"mdat"].concat();
    // The length of the movie box does not depend on where the samples are.
    let movie_length = movie(&samples, 0).len();
    let head = ftyp.len() + mdat.len();
    if movie_first {
        let start = [ftyp, movie(&samples, head + movie_length), mdat].concat();
        let length = start.len() as u64 + media;
        return SparseFile { written: vec![(0, start.into())], length };
    }
    let movie_at = head as u64 + media;
    let written = vec![(0, [ftyp, mdat].concat().into()), (movie_at, movie(&samples, head).into())];
    SparseFile { written, length: movie_at + movie_length as u64 }
}

fn boxed(kind: [u8; 4], payload: &[&[u8]]) -> Vec<u8> {
    let payload = payload.concat();
    [&u32::try_from(payload.len() + 8).unwrap().to_be_bytes()[..], &kind, &payload].concat()
}

/// A table of a track: a box of version 0 that counts its entries.
fn table(kind: [u8; 4], before: &[u32], entries: &[Vec<u32>]) -> Vec<u8> {
    let words = [&[0], before, &[u32::try_from(entries.len()).unwrap()], &entries.concat()].concat();
    boxed(kind, &[&words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<u8>>()])
}

/// The movie box of media data that begins at this offset.
fn movie(samples: &[HourSample], media: usize) -> Vec<u8> {
    let mvhd = [&[0; 12][..], &MOVIE.to_be_bytes(), &(MOVIE * SECONDS as u32).to_be_bytes(), &[0; 80]].concat();
    let traks = [trak(0, samples, media), trak(1, samples, media)].concat();
    boxed(*b"moov", &[&boxed(*b"mvhd", &[&mvhd]), &traks])
}

fn trak(track: usize, samples: &[HourSample], media: usize) -> Vec<u8> {
    let (handler, entry) = [(b"vide", b"avc1"), (b"soun", b"mp4a")][track];
    let tkhd = [&[0; 15][..], &[track as u8 + 1], &[0; 68]].concat();
    let mdhd = [&[0; 12][..], &TIMESCALES[track].to_be_bytes(), &[0; 4], &[0x55, 0xc4, 0, 0]].concat();
    let hdlr = [&[0; 8][..], handler, &[0; 13]].concat();
    let stsd = [&[0, 0, 0, 0, 0, 0, 0, 1][..], &boxed(*entry, &[&[0; 78]])].concat();
    let stbl = boxed(*b"stbl", &[&boxed(*b"stsd", &[&stsd]), &tables(track, samples, media)]);
    let minf = boxed(*b"minf", &[&stbl]);
    let mdia = boxed(*b"mdia", &[&boxed(*b"mdhd", &[&mdhd]), &boxed(*b"hdlr", &[&hdlr]), &minf]);
    // All of it is presented, and no more: the last picture is not the last to be decoded.
    let elst = table(*b"elst", &[], &[vec![MOVIE * SECONDS as u32, 0, 0x0001_0000]]);
    boxed(*b"trak", &[&boxed(*b"tkhd", &[&tkhd]), &boxed(*b"edts", &[&elst]), &mdia])
}

/// The sample tables (§8.6, §8.7). Samples of a track that lie side by side are a chunk.
fn tables(track: usize, samples: &[HourSample], media: usize) -> Vec<u8> {
    let first = samples[0].offset;
    let own: Vec<&HourSample> = samples.iter().filter(|sample| sample.track == track).collect();
    let compositions: Vec<Vec<u32>> = own
        .chunk_by(|one, next| one.composition == next.composition)
        .map(|run| vec![run.len() as u32, run[0].composition as u32])
        .collect();
    let syncs: Vec<Vec<u32>> =
        (1..).zip(&own).filter(|(_, sample)| sample.sync).map(|(number, _)| vec![number]).collect();
    let chunks: Vec<&[HourSample]> =
        samples.chunk_by(|one, next| one.track == next.track).filter(|chunk| chunk[0].track == track).collect();
    let mut groups: Vec<Vec<u32>> = Vec::new();
    for (number, chunk) in (1..).zip(&chunks) {
        let count = chunk.len() as u32;
        if groups.last().is_none_or(|group| group[1] != count) {
            groups.push(vec![number, count, 1]);
        }
    }
    let offset = |chunk: &&[HourSample]| vec![u32::try_from(chunk[0].offset - first + media as u64).unwrap()];
    let mut tables = table(*b"stts", &[], &[vec![own.len() as u32, DURATIONS[track] as u32]]);
    if own.iter().any(|sample| sample.composition != 0) {
        tables.extend(table(*b"ctts", &[], &compositions));
    }
    if syncs.len() < own.len() {
        tables.extend(table(*b"stss", &[], &syncs));
    }
    tables.extend(table(*b"stsc", &[], &groups));
    tables.extend(table(*b"stsz", &[0], &own.iter().map(|sample| vec![sample.size]).collect::<Vec<_>>()));
    tables.extend(table(*b"stco", &[], &chunks.iter().map(offset).collect::<Vec<_>>()));
    tables
}
