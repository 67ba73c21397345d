//! Generated files: the hour of [`super::hour`] as an MP4, whose media data is zeros that take no memory, and a WebM of
//! any length.

use std::ops::Range;

use bytes::Bytes;
use reelspan_engine::container::{self, ReadError, Segment, Selected, Selection, Source};
use reelspan_engine::index::{Container, Elements, Outline};
use reelspan_engine::media::splice::{Piece, Splice};
use reelspan_engine::media::{Interval, Kind, Setup, Ticks, Time, Track};

use super::hour;

fn mp4_box(kind: [u8; 4], payload: &[&[u8]]) -> Vec<u8> {
    let payload = payload.concat();
    [&u32::try_from(payload.len() + 8).unwrap().to_be_bytes()[..], &kind, &payload].concat()
}

/// A track of MP4: a `trak` without sample tables.
fn trak(id: u8, kind: Kind, timescale: u32) -> Vec<u8> {
    let (handler, entry) = if kind == Kind::Video { (b"vide", b"avc1") } else { (b"soun", b"mp4a") };
    let tkhd = [&[0u8; 15][..], &[id], &[0; 68]].concat();
    let mdhd = [&[0u8; 12][..], &timescale.to_be_bytes(), &[0; 4], &[0x55, 0xc4, 0, 0]].concat();
    let hdlr = [&[0u8; 8][..], handler, &[0; 13]].concat();
    let stsd = [&[0u8, 0, 0, 0, 0, 0, 0, 1][..], &mp4_box(*entry, &[&[0; 78]])].concat();
    let stbl = mp4_box(*b"stbl", &[&mp4_box(*b"stsd", &[&stsd])]);
    let minf = mp4_box(*b"minf", &[&stbl]);
    let mdia = mp4_box(*b"mdia", &[&mp4_box(*b"mdhd", &[&mdhd]), &mp4_box(*b"hdlr", &[&hdlr]), &minf]);
    mp4_box(*b"trak", &[&mp4_box(*b"tkhd", &[&tkhd]), &mdia])
}

/// A file with only its structure in memory; everything else is zeros.
#[derive(Debug)]
pub struct Film {
    made: Vec<(u64, Bytes)>,
    length: u64,
}

impl Film {
    fn new(splice: &Splice) -> Self {
        let (mut made, mut at) = (Vec::new(), 0);
        for piece in splice.pieces() {
            if let Piece::Made(bytes) = &piece {
                made.push((at, bytes.clone()));
            }
            at += piece.len();
        }
        Self { made, length: at }
    }

    /// How many of its bytes describe the rest.
    pub fn structure(&self) -> usize {
        self.made.iter().map(|(_, bytes)| bytes.len()).sum()
    }
}

impl Source for Film {
    fn len(&self) -> u64 {
        self.length
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, ReadError> {
        if let Some((at, bytes)) =
            self.made.iter().find(|(at, bytes)| *at <= range.start && range.end <= at + bytes.len() as u64)
        {
            return Ok(bytes.slice((range.start - at) as usize..(range.end - at) as usize));
        }
        let mut read = vec![0; (range.end - range.start) as usize];
        for (at, bytes) in &self.made {
            let (start, end) = (range.start.max(*at), range.end.min(at + bytes.len() as u64));
            if start < end {
                read[(start - range.start) as usize..(end - range.start) as usize]
                    .copy_from_slice(&bytes[(start - at) as usize..(end - at) as usize]);
            }
        }
        Ok(read.into())
    }
}

/// The hour as an MP4, with the movie box first or last.
pub fn mp4(movie_first: bool) -> Film {
    let (tracks, samples) = hour::samples(250);
    let mvhd = mp4_box(*b"mvhd", &[&[0; 100]]);
    let ftyp = mp4_box(*b"ftyp", &[b"isom\0\0\0\0isommp42"]);
    let setups = [(1, Kind::Video, 12_800), (2, Kind::Audio, 48_000)];
    let tracks: Vec<Track> = tracks
        .into_iter()
        .zip(setups)
        .map(|(track, (id, kind, timescale))| Track { setup: Setup::Inline(trak(id, kind, timescale).into()), ..track })
        .collect();
    let outline = Outline {
        container: Container::named("mp4"),
        mime: "video/mp4".to_owned(),
        duration: Time::from_secs(3600),
        tracks,
        setup: vec![Setup::Inline(ftyp.clone().into()), Setup::Inline(mvhd.into())],
        setup_ranges: Vec::new(),
        elements: false,
        chapters: Vec::new(),
        created: None,
        pages: 0,
        notes: Vec::new(),
    };
    let selected = outline.tracks.iter().enumerate().map(|(place, track)| Selected {
        track: place,
        runs: samples.iter().filter(|(track, _)| *track == place).map(|(_, run)| run.clone()).collect(),
        segments: vec![Segment { duration: track.timescale.ticks(outline.duration), media: Some(Ticks::ZERO) }],
    });
    let given = Interval::new(Time::ZERO, outline.duration).unwrap();
    let selection = Selection { given, tracks: selected.collect(), elements: Elements::default() };
    let film = Film::new(&container::write(&outline, &selection).unwrap().splice);
    if movie_first { film } else { movie_last(&film, ftyp.len()) }
}

/// The same film with its movie box after its media data, and the chunk offsets reduced accordingly.
fn movie_last(film: &Film, ftyp: usize) -> Film {
    let made = film.made[0].1.to_vec();
    let movie_length = u32::from_be_bytes(*made[ftyp..].first_chunk().unwrap());
    let mut movie = made[ftyp..ftyp + movie_length as usize].to_vec();
    let tables: Vec<usize> = (0..movie.len() - 4).filter(|at| &movie[*at..at + 4] == b"stco").collect();
    for table in tables {
        let entries = u32::from_be_bytes(*movie[table + 8..].first_chunk().unwrap()) as usize;
        for entry in movie[table + 12..table + 12 + entries * 4].chunks_exact_mut(4) {
            let offset = u32::from_be_bytes(*entry.first_chunk().unwrap()) - movie_length;
            entry.copy_from_slice(&offset.to_be_bytes());
        }
    }
    let start = [&made[..ftyp], &made[ftyp + movie_length as usize..]].concat();
    let movie_at = film.length - u64::from(movie_length);
    Film { made: vec![(0, start.into()), (movie_at, movie.into())], length: film.length }
}
