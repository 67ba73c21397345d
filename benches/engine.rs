//! How fast files are indexed, and how long a request takes once its pages are at hand.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

mod film;
#[allow(dead_code, reason = "another bench uses the rest")]
mod hour;
mod live;
mod lossless;
mod packets;
mod packs;
mod radio;

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use reelspan::container::{self, Source};
use reelspan::index::Outline;
use reelspan::media::{Interval, Time};
use reelspan::resolve::{self, Ask, Cut, Meaning, Memory};
use tokio::runtime::{Builder, Runtime};

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

async fn index(source: &impl Source) -> (Outline, Memory) {
    let mut pages = Memory::default();
    let outline = container::index(source, &mut pages).await.unwrap();
    (outline, pages)
}

fn index_mp4(criterion: &mut Criterion) {
    let film = film::mp4(true);
    let mut group = criterion.benchmark_group("index");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(film.structure() as u64));
    group.bench_function("an hour's moov", |bench| bench.to_async(runtime()).iter(|| index(black_box(&film))));
}

fn index_webm(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("index");
    group.sample_size(10);
    for (name, picture) in [("WebM, 2 Mbit/s", 10_000), ("WebM, 8 Mbit/s", 40_000)] {
        let file = live::webm(256, picture, 1);
        group.throughput(Throughput::Bytes(file.as_ref().len() as u64));
        group.bench_function(name, |bench| bench.to_async(runtime()).iter(|| index(black_box(&file))));
    }
}

fn index_ogg(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("index");
    group.sample_size(10);
    for (name, packet) in [("Ogg Opus, 64 kbit/s", 160), ("Ogg Opus, 256 kbit/s", 640)] {
        let file = radio::ogg(64, packet);
        group.throughput(Throughput::Bytes(file.as_ref().len() as u64));
        group.bench_function(name, |bench| bench.to_async(runtime()).iter(|| index(black_box(&file))));
    }
}

fn index_flac(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("index");
    group.sample_size(10);
    let file = lossless::flac(64);
    group.throughput(Throughput::Bytes(file.as_ref().len() as u64));
    group.bench_function("FLAC", |bench| bench.to_async(runtime()).iter(|| index(black_box(&file))));
}

fn index_ts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("index");
    group.sample_size(10);
    let file = packets::ts(256, 50);
    group.throughput(Throughput::Bytes(file.as_ref().len() as u64));
    group.bench_function("MPEG-TS, 2 Mbit/s", |bench| bench.to_async(runtime()).iter(|| index(black_box(&file))));
}

fn index_ps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("index");
    group.sample_size(10);
    let file = packs::ps(256, 12);
    group.throughput(Throughput::Bytes(file.as_ref().len() as u64));
    group.bench_function("MPEG-PS, 5 Mbit/s", |bench| bench.to_async(runtime()).iter(|| index(black_box(&file))));
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

/// Frames of ADTS, none as long as the one before.
fn adts(frames: u32) -> Bytes {
    let frame = |at: u32| {
        let size = 200 + at * 37 % 200;
        let mut frame = vec![0xFF, 0xF1, 0x50, 0x80, (size >> 3) as u8, (size << 5) as u8 | 0x1F, 0xFC];
        frame.resize(size as usize, 0);
        frame
    };
    (0..frames).flat_map(frame).collect()
}

fn index_frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("index");
    group.sample_size(10);
    for (name, file) in [("MP3, 128 kbit/s", mp3(300_000)), ("AAC in ADTS, 100 kbit/s", adts(300_000))] {
        group.throughput(Throughput::Bytes(file.as_ref().len() as u64));
        group.bench_function(name, |bench| bench.to_async(runtime()).iter(|| index(black_box(&file))));
    }
}

fn cut_ten_seconds(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("resolve and build the header of 10 s");
    let runtime = runtime();
    let (mp4, mp4_pages) = runtime.block_on(index(&film::mp4(true)));
    let (webm, webm_pages) = runtime.block_on(index(&live::webm(256, 10_000, 1)));
    let (ogg, ogg_pages) = runtime.block_on(index(&radio::ogg(16, 160)));
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

criterion_group!(
    benches,
    index_mp4,
    index_webm,
    index_flac,
    index_ts,
    index_ps,
    index_frames,
    index_ogg,
    cut_ten_seconds
);
criterion_main!(benches);
