//! How fast the pages of an hour are packed and unpacked, and their size.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

use std::hint::black_box;

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use reelspan_engine::index::{Builder, PackedPage, Page};
use reelspan_engine::media::{Kind, Private, Run, Setup, Ticks, Timescale, Track};
use reelspan_testkit::media::hour;

fn tracks() -> Vec<Track> {
    let kinds = [Kind::Video, Kind::Audio].into_iter().zip(hour::TIMESCALES);
    let track = |(kind, scale)| {
        Track::new(1, kind, String::new(), Timescale::per_second(scale).unwrap(), Setup::Inline(Bytes::new()))
    };
    kinds.map(track).collect()
}

fn samples() -> Vec<(usize, Run)> {
    let run = |sample: hour::HourSample| {
        let run = Run {
            decode: Ticks(sample.decode),
            composition: Ticks(sample.composition),
            duration: Ticks(sample.duration),
            offset: sample.offset,
            size: sample.size,
            count: 1,
            sync: sample.sync,
            disposable: false,
            private: Private::NONE,
        };
        (sample.track, run)
    };
    hour::samples(250).into_iter().map(run).collect()
}

/// The pages of these samples, in order.
fn build(samples: &[(usize, Run)]) -> Vec<PackedPage> {
    let mut builder = Builder::new(tracks());
    let mut pages = Vec::new();
    for (track, run) in samples {
        builder.samples(*track, run.clone()).unwrap();
        pages.append(&mut builder.take_ready());
    }
    pages.append(&mut builder.finish().unwrap().pages);
    pages.retain(PackedPage::is_page);
    pages
}

fn pages(criterion: &mut Criterion) {
    let samples = samples();
    let packed = build(&samples);
    let unpack = |page: &PackedPage| Page::unpack(page.number, &page.bytes).unwrap();
    let pages: Vec<Page> = packed.iter().map(unpack).collect();
    let bytes: usize = packed.iter().map(|page| page.bytes.len()).sum();
    let per_sample = bytes as f64 / samples.len() as f64;
    println!("an hour: {} samples, {} pages, {bytes} bytes, {per_sample:.3} a sample", samples.len(), pages.len());

    let mut group = criterion.benchmark_group("pages of an hour");
    group.throughput(Throughput::Elements(samples.len() as u64));
    group.bench_function("build", |bench| bench.iter(|| build(black_box(&samples))));
    group.bench_function("pack", |bench| {
        bench.iter(|| pages.iter().map(|page| black_box(page).pack().len()).sum::<usize>());
    });
    group.bench_function("unpack", |bench| {
        bench.iter(|| packed.iter().map(|page| unpack(black_box(page)).tracks.len()).sum::<usize>());
    });
    group.finish();

    let page = &packed[packed.len() / 2];
    criterion.bench_function("unpack one page", |bench| bench.iter(|| unpack(black_box(page))));
}

criterion_group!(benches, pages);
criterion_main!(benches);
