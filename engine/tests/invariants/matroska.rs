//! A small muxer for Matroska (RFC 9559), which uses the elements of the container's own tests.

use std::ops::Range;

use reelspan_engine::media::{Kind, Ticks, Time, Timescale};
use reelspan_testkit::media::matroska::{
    self, block_data, ebml_header, element, ids, master, simple, string, uint, unknown,
};

use super::film::{Layout, Order, Sample, Track, ordered};

/// A cluster that is being written.
#[derive(Default)]
struct Cluster {
    time: Ticks,
    /// The bytes of its blocks so far, and for each block the track, the sample and the offset.
    blocks: Vec<u8>,
    places: Vec<(usize, usize, Range<usize>)>,
}

/// Writes the file, records the locations of its samples, and returns its clusters.
pub fn write(tracks: &mut [Track], layout: Layout) -> (Vec<u8>, Vec<Range<u64>>) {
    let Layout::Matroska { tick, sized, .. } = layout else { unreachable!() };
    let info = master(ids::INFO, &[uint(ids::TIMESTAMP_SCALE, tick)]);
    let entries: Vec<Vec<u8>> = tracks.iter().map(|track| entry(track, layout)).collect();
    let mut body = [info, master(ids::TRACKS, &entries)].concat();
    let clusters = clusters(tracks, layout);
    let mut elements = Vec::with_capacity(clusters.len());
    for cluster in clusters {
        let children = [uint(ids::TIMESTAMP, cluster.time.0 as u64), cluster.blocks];
        let written = if sized { master(ids::CLUSTER, &children) } else { unknown(ids::CLUSTER, &children) };
        let blocks = body.len() + written.len() - children[1].len();
        for (track, sample, place) in cluster.places {
            tracks[track].samples[sample].bytes = (blocks + place.start) as u64..(blocks + place.end) as u64;
        }
        elements.push(body.len() as u64..(body.len() + written.len()) as u64);
        body.extend(written);
    }
    let segment = if sized { element(ids::SEGMENT, &body) } else { unknown(ids::SEGMENT, &[body.clone()]) };
    let file = [ebml_header("matroska", &[]), segment].concat();
    let before = (file.len() - body.len()) as u64;
    let shift = |range: &mut Range<u64>| *range = range.start + before..range.end + before;
    tracks.iter_mut().flat_map(|track| &mut track.samples).for_each(|sample| shift(&mut sample.bytes));
    elements.iter_mut().for_each(shift);
    (file, elements)
}

fn entry(track: &Track, layout: Layout) -> Vec<u8> {
    let Layout::Matroska { timed, .. } = layout else { unreachable!() };
    let (kind, codec, configuration) = match track.kind {
        Kind::Video => (1, "V_VP9", pictures()),
        Kind::Audio => (2, "A_FLAC", sound()),
        Kind::Text => (17, "S_TEXT/UTF8", Vec::new()),
    };
    let name = track.name.iter().map(|name| string(ids::NAME, name));
    let frame = track.frame.filter(|_| timed).into_iter().map(|frame| uint(ids::DEFAULT_DURATION, frame));
    let children: Vec<Vec<u8>> = name.chain(frame).chain(configuration).collect();
    matroska::track(u64::from(track.number), kind, codec, &children)
}

/// 320 by 180 pixels of VP9: profile 0, level 1, 8 bits, 4:2:0.
fn pictures() -> Vec<Vec<u8>> {
    let features = [1, 1, 0, 2, 1, 10, 3, 1, 8, 4, 1, 1];
    let size = [uint(ids::PIXEL_WIDTH, 320), uint(ids::PIXEL_HEIGHT, 180)];
    vec![element(ids::CODEC_PRIVATE, &features), master(ids::VIDEO, &size)]
}

/// Two channels of FLAC with 16 bits at 48 kHz, in blocks of 1024 samples.
fn sound() -> Vec<Vec<u8>> {
    let (rate, channels, bits) = (48_000_u64, 2, 16);
    let packed = rate << 44 | (channels - 1) << 41 | (bits - 1) << 36;
    let info = [&[4, 0, 4, 0, 0, 0, 0, 0, 0, 0][..], &packed.to_be_bytes(), &[0; 16]].concat();
    vec![element(ids::CODEC_PRIVATE, &[b"fLaC\x80\0\0\x22", &info[..]].concat())]
}

/// The blocks in file order. A cluster ends when it is long enough, or cannot express the next block's time.
fn clusters(tracks: &[Track], layout: Layout) -> Vec<Cluster> {
    let Layout::Matroska { tick, length, .. } = layout else { unreachable!() };
    let length = Timescale::of_nanoseconds(tick).unwrap().ticks(Time(length * 1_000_000));
    let mut clusters: Vec<Cluster> = Vec::new();
    let samples = ordered(tracks, Order::Interleaved);
    for (place, number) in samples.into_iter().flat_map(|(place, samples)| samples.map(move |number| (place, number))) {
        let track = &tracks[place];
        let sample = &track.samples[number];
        let fits = |cluster: &Cluster| {
            let relative = sample.presentation - cluster.time;
            relative < length && i16::try_from(relative.0).is_ok()
        };
        if !clusters.last().is_some_and(fits) {
            clusters.push(Cluster { time: sample.presentation, ..Cluster::default() });
        }
        let cluster = clusters.last_mut().unwrap();
        let block = block(track, sample, cluster.time, layout);
        let start = cluster.blocks.len();
        cluster.blocks.extend(block);
        cluster.places.push((place, number, start..cluster.blocks.len()));
    }
    clusters
}

fn block(track: &Track, sample: &Sample, cluster: Ticks, layout: Layout) -> Vec<u8> {
    let Layout::Matroska { groups, timed, .. } = layout else { unreachable!() };
    let relative = i16::try_from((sample.presentation - cluster).0).unwrap();
    // If durations vary, each sample contains its own.
    let lasts = timed && track.frame.is_none();
    if !groups && !lasts {
        return simple(track.number, relative, sample.sync, &sample.data);
    }
    let mut children = vec![element(ids::BLOCK, &block_data(track.number, relative, 0, &sample.data))];
    if lasts {
        children.push(uint(ids::BLOCK_DURATION, sample.duration.0 as u64));
    }
    if !sample.sync {
        children.push(element(ids::REFERENCE_BLOCK, &[0xff]));
    }
    master(ids::BLOCK_GROUP, &children)
}
