//! How fast files are indexed, and how long a request takes once its pages are in memory.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

use std::hint::black_box;
use std::ops::Range;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use reelspan_engine::container::{self, Limit, Progress, ReadError, Source};
use reelspan_engine::fragment::resolve::{self, Ask, Cut, Meaning, Memory};
use reelspan_engine::index::Outline;
use reelspan_engine::media::splice::Piece;
use reelspan_engine::media::{Interval, Time};
use reelspan_engine::package::Presentation;
use reelspan_engine::package::hls::Addresses;
use reelspan_testkit::media::{self, mp4};
use tokio::runtime::{Builder, Runtime};

/// Films of any length.
#[path = "../engine/tests/packaged/film.rs"]
mod film;

/// A film that takes little memory.
struct Film(mp4::SparseFile);

impl Source for Film {
    fn len(&self) -> u64 {
        self.0.length()
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, ReadError> {
        Ok(self.0.slice(range))
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

async fn index(source: &impl Source) -> (Outline, Memory) {
    let mut pages = Memory::default();
    let outline = container::index(source, &mut pages).await.unwrap();
    (outline, pages)
}

fn index_mp4(criterion: &mut Criterion) {
    let film = Film(mp4::hour(true));
    let mut group = criterion.benchmark_group("index");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(film.0.structure() as u64));
    group.bench_function("an hour's moov", |bench| bench.to_async(runtime()).iter(|| index(black_box(&film))));
}

/// The name of a file, and the function that makes it.
type BenchFile = (&'static str, fn() -> Bytes);

/// Formats that are streamed once: the speed, the size of the index, and the largest of ten checkpoints.
fn index_streams(criterion: &mut Criterion) {
    let files: [BenchFile; 14] = [
        ("WebM, 2 Mbit/s", || media::webm(256, 10_000, 1)),
        ("WebM, 8 Mbit/s", || media::webm(256, 40_000, 1)),
        ("MPEG-TS, 2 Mbit/s", || media::ts(256, 50)),
        ("MPEG-TS, two pictures a PES packet, 5 Mbit/s", || media::pairs(256, 136)),
        ("MPEG-PS, 5 Mbit/s", || media::ps(256, 12)),
        ("AVI without an index, 2 Mbit/s", || media::avi(256, 10_000)),
        ("FLV, 2 Mbit/s", || media::flv(256, 10_000)),
        ("FLV, 300 kbit/s", || media::flv(128, 1_500)),
        ("Ogg Opus, 64 kbit/s", || media::ogg(64, 160)),
        ("Ogg Opus, 256 kbit/s", || media::ogg(64, 640)),
        ("FLAC", || media::flac(64)),
        ("MP3, 128 kbit/s", || mp3(300_000)),
        ("AAC in ADTS, 100 kbit/s", || adts(300_000)),
        ("MP3, variable bit rate", || variable(300_000)),
    ];
    let mut group = criterion.benchmark_group("index");
    group.sample_size(10);
    for (name, make) in files {
        let file = make();
        group.throughput(Throughput::Bytes(file.as_ref().len() as u64));
        group.bench_function(name, |bench| bench.to_async(runtime()).iter(|| index(black_box(&file))));
        println!("{name}: {}", runtime().block_on(sizes(&file)));
    }
}

async fn sizes(file: &Bytes) -> String {
    let limit = Limit { bytes: Some(file.as_ref().len() as u64 / 10), ..Limit::default() };
    let (mut pages, mut from, mut largest) = (Memory::default(), None, 0);
    loop {
        match container::index_on(file, &mut pages, from.as_ref(), &limit).await.unwrap() {
            Progress::Paused(checkpoint) => {
                largest = largest.max(checkpoint.pack().as_ref().len());
                from = Some(checkpoint);
            }
            Progress::Done(outline) => {
                let bytes: usize = pages.packed().map(|page| page.bytes.as_ref().len()).sum();
                let samples: u64 = outline.tracks.iter().map(|track| track.samples).sum();
                return format!(
                    "{:.2} bytes of index a sample, checkpoints of {largest}",
                    bytes as f64 / samples as f64
                );
            }
        }
    }
}

/// Frames of 128 kbit/s at 44.1 kHz, as an encoder of constant bit rate pads them.
fn mp3(frames: u32) -> Bytes {
    let frame = |at: u32| {
        let padded = u32::from(at % 50 != 49);
        let mut frame = (0xFFFB_9064 | padded << 9).to_be_bytes().to_vec();
        frame.resize(417 + padded as usize, 0);
        frame
    };
    (0..frames).flat_map(frame).collect()
}

/// Frames of ADTS, each longer or shorter than the one before.
fn adts(frames: u32) -> Bytes {
    let frame = |at: u32| {
        let size = 200 + at * 37 % 200;
        let mut frame = vec![0xFF, 0xF1, 0x50, 0x80, (size >> 3) as u8, (size << 5) as u8 | 0x1F, 0xFC];
        frame.resize(size as usize, 0);
        frame
    };
    (0..frames).flat_map(frame).collect()
}

/// Alternating frames of 128 and of 160 kbit/s.
fn variable(frames: u32) -> Bytes {
    let frame = |at: u32| {
        let (bits, size) = if at * 37 % 5 < 2 { (0xFFFB_A064_u32, 522) } else { (0xFFFB_9064, 417) };
        let mut frame = bits.to_be_bytes().to_vec();
        frame.resize(size, 0);
        frame
    };
    (0..frames).flat_map(frame).collect()
}

fn cut_ten_seconds(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resolve and build the header of 10 s");
    let runtime = runtime();
    let (mp4, mp4_pages) = runtime.block_on(index(&Film(mp4::hour(true))));
    let (webm, webm_pages) = runtime.block_on(index(&media::webm(256, 10_000, 1)));
    let (ogg, ogg_pages) = runtime.block_on(index(&media::ogg(16, 160)));
    for (name, outline, pages) in [("MP4", mp4, mp4_pages), ("WebM", webm, webm_pages), ("Ogg", ogg, ogg_pages)] {
        let asked = Interval::new(Time::from_secs(612), Time::from_secs(622)).unwrap();
        let meaning = Meaning::of(&Ask::from(asked), &outline);
        group.bench_function(name, |bench| {
            bench.to_async(&runtime).iter(|| async {
                let Cut::Part(part) = resolve::cut(&outline, &mut &pages, black_box(&meaning)).await.unwrap() else {
                    panic!("no part")
                };
                part.file.splice.len()
            });
        });
    }
}

/// Playlists from the segment table, and a segment from its pages; both are in memory.
fn streams(criterion: &mut Criterion) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../samples/counter.mp4");
    let (like, _) = runtime().block_on(index(&Bytes::from(std::fs::read(path).unwrap())));
    let addresses = Addresses { version: "0123456789ab", query: "", playlists: "" };
    let mut group = criterion.benchmark_group("stream");
    for hours in [1, 8, 12] {
        let (outline, pages) = film::repeated(&like, hours);
        let playlist = async || {
            let presentation = Presentation::whole(&outline).unwrap();
            let table = presentation.table(&mut &pages).await.unwrap();
            presentation.playlist(&presentation.renditions()[0], &table, addresses)
        };
        let manifest = async || {
            let presentation = Presentation::whole(&outline).unwrap();
            presentation.manifest(&presentation.table(&mut &pages).await.unwrap(), addresses)
        };
        let bytes = runtime().block_on(async { (playlist().await.len(), manifest().await.len()) });
        println!("{hours} h: a playlist of {} bytes, a manifest of {}", bytes.0, bytes.1);
        group.bench_function(format!("a playlist of {hours} h"), |bench| bench.to_async(runtime()).iter(playlist));
        group.bench_function(format!("a manifest of {hours} h"), |bench| bench.to_async(runtime()).iter(manifest));
    }
    let (outline, pages) = film::repeated(&like, 1);
    let presentation = Presentation::whole(&outline).unwrap();
    let rendition = &presentation.renditions()[0];
    let table = runtime().block_on(presentation.table(&mut &pages)).unwrap();
    let start = presentation.rows(rendition, &table)[300].start;
    overhead(&like);
    group.bench_function("a segment", |bench| {
        bench
            .to_async(runtime())
            .iter(async || presentation.segment(&mut &pages, rendition, start, false).await.unwrap());
    });
}

/// Prints how many bytes segments have beside those of samples.
fn overhead(like: &Outline) {
    let (outline, pages) = film::varied(like, 1);
    let presentation = Presentation::whole(&outline).unwrap();
    let table = runtime().block_on(presentation.table(&mut &pages)).unwrap();
    for rendition in presentation.renditions() {
        let (mut made, mut taken) = (0, 0);
        for row in presentation.rows(rendition, &table) {
            let segment = runtime().block_on(presentation.segment(&mut &pages, rendition, row.start, false)).unwrap();
            for piece in segment.pieces() {
                match piece {
                    Piece::Made(bytes) => made += bytes.len() as u64,
                    Piece::Source(range) => taken += range.end - range.start,
                }
            }
        }
        let (name, percent) = (rendition.kind.name(), 100.0 * made as f64 / taken as f64);
        println!("{name}: segments of {taken} bytes of samples have {made} bytes more, {percent:.2} %");
    }
}

criterion_group!(benches, index_mp4, index_streams, cut_ten_seconds, streams);
criterion_main!(benches);
