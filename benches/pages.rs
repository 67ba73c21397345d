//! How fast the pages of an hour are packed and unpacked, and their size.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

mod hour;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use reelspan_engine::index::{Packed, Page};

fn pages(criterion: &mut Criterion) {
    let (tracks, samples) = hour::samples(250);
    let (packed, _) = hour::build(tracks.clone(), &samples);
    let unpack = |page: &Packed| Page::unpack(page.number, &page.bytes).unwrap();
    let pages: Vec<Page> = packed.iter().map(unpack).collect();
    let bytes: usize = packed.iter().map(|page| page.bytes.len()).sum();
    let per_sample = bytes as f64 / samples.len() as f64;
    println!("an hour: {} samples, {} pages, {bytes} bytes, {per_sample:.3} a sample", samples.len(), pages.len());

    let mut group = criterion.benchmark_group("pages of an hour");
    group.throughput(Throughput::Elements(samples.len() as u64));
    group.bench_function("build", |bench| bench.iter(|| hour::build(tracks.clone(), black_box(&samples))));
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
