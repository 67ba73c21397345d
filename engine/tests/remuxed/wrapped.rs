//! A track of any file as an MP4 of its own: its sample entry, and its payloads.

use bytes::Bytes;
use reelspan_engine::container::{self, Payload};
use reelspan_engine::index::Outline;
use reelspan_engine::media::{Kind, Run, Ticks, Track};

use crate::payloads::bytes;

/// A sample with its times.
struct Sample {
    bytes: Vec<u8>,
    duration: u32,
    composition: i32,
    sync: bool,
}

/// The samples of a track.
fn samples(file: &Bytes, outline: &Outline, track: &Track, runs: &[Run]) -> Vec<Sample> {
    let (mut samples, mut open) = (Vec::new(), Vec::new());
    for run in runs.iter().flat_map(|run| (0..run.count).filter_map(|sample| run.slice(sample..sample + 1))) {
        match container::payload(outline, track, &run).unwrap() {
            Payload::Part(splice) => {
                assert_eq!(run.duration, Ticks::ZERO);
                open.extend(bytes(file, &splice));
            }
            Payload::Whole(splice) => {
                open.extend(bytes(file, &splice));
                samples.push(Sample {
                    bytes: std::mem::take(&mut open),
                    duration: run.duration.0.try_into().unwrap(),
                    composition: run.composition.0.try_into().unwrap(),
                    sync: run.sync,
                });
            }
            Payload::Laced(_) => panic!("a laced track has a sample entry"),
        }
    }
    samples
}

fn boxed(kind: [u8; 4], body: &[&[u8]]) -> Vec<u8> {
    let body = body.concat();
    [&u32::try_from(body.len() + 8).unwrap().to_be_bytes(), &kind[..], &body].concat()
}

fn numbers(numbers: impl IntoIterator<Item = u32>) -> Vec<u8> {
    numbers.into_iter().flat_map(u32::to_be_bytes).collect()
}

/// An MP4 with this track alone, described by this entry.
pub fn file(file: &Bytes, outline: &Outline, track: &Track, runs: &[Run], entry: &[u8]) -> Vec<u8> {
    let samples = samples(file, outline, track, runs);
    let count = u32::try_from(samples.len()).unwrap();
    let ticks = track.timescale.ticks_per_second().unwrap();
    let ftyp = boxed(*b"ftyp", &[b"isom\0\0\0\0isommp41"]);
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.bytes.iter().copied()).collect();
    let mdat = boxed(*b"mdat", &[&data]);
    let start = u32::try_from(ftyp.len() + 8).unwrap();
    let per_sample = |value: fn(&Sample) -> u32| samples.iter().map(value).collect::<Vec<_>>();
    let table = |kind, version: u8, values: Vec<u32>| {
        let entries = values.into_iter().flat_map(|value| [1, value]);
        boxed(kind, &[&[version, 0, 0, 0], &numbers([count]), &numbers(entries)])
    };
    let syncs: Vec<u32> = (1..).zip(&samples).filter(|(_, sample)| sample.sync).map(|(number, _)| number).collect();
    let sizes = per_sample(|sample| u32::try_from(sample.bytes.len()).unwrap());
    let stbl = [
        boxed(*b"stsd", &[&numbers([0, 1]), entry]),
        table(*b"stts", 0, per_sample(|sample| sample.duration)),
        table(*b"ctts", 1, per_sample(|sample| sample.composition.cast_unsigned())),
        boxed(*b"stss", &[&numbers([0, u32::try_from(syncs.len()).unwrap()]), &numbers(syncs)]),
        boxed(*b"stsz", &[&numbers([0, 0, count]), &numbers(sizes)]),
        boxed(*b"stsc", &[&numbers([0, 1, 1, count, 1])]),
        boxed(*b"stco", &[&numbers([0, 1, start])]),
    ];
    let (handler, header): (&[u8; 4], _) = match track.kind {
        Kind::Video => (b"vide", boxed(*b"vmhd", &[&numbers([1, 0, 0])])),
        _ => (b"soun", boxed(*b"smhd", &[&numbers([0, 0])])),
    };
    let dinf = boxed(*b"dinf", &[&boxed(*b"dref", &[&numbers([0, 1]), &boxed(*b"url ", &[&numbers([1])])])]);
    let minf = boxed(*b"minf", &[&header, &dinf, &boxed(*b"stbl", &[&stbl.concat()])]);
    let length: u32 = samples.iter().map(|sample| sample.duration).sum();
    let matrix = numbers([1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30]);
    let mdhd = boxed(*b"mdhd", &[&numbers([0, 0, 0, ticks, length, 0x55C4_0000])]);
    let hdlr = boxed(*b"hdlr", &[&numbers([0, 0]), handler, &numbers([0, 0, 0]), &[0]]);
    let tkhd = boxed(*b"tkhd", &[&numbers([3, 0, 0, 1, 0, length, 0, 0, 0, 0]), &matrix, &numbers([0, 0])]);
    let trak = boxed(*b"trak", &[&tkhd, &boxed(*b"mdia", &[&mdhd, &hdlr, &minf])]);
    let rest = numbers([0, 0, 0, 0, 0, 0, 2]);
    let mvhd = boxed(*b"mvhd", &[&numbers([0, 0, 0, ticks, length, 1 << 16, 0x0100_0000, 0, 0]), &matrix, &rest]);
    [ftyp, mdat, boxed(*b"moov", &[&mvhd, &trak])].concat()
}
