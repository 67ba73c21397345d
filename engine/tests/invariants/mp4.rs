//! A small muxer for MP4 (ISO/IEC 14496-12), with sample tables or movie fragments. It shares no code with the tested
//! code.

use std::ops::Range;

use reelspan_engine::media::{Kind, Ticks};

use super::film::{Layout, MOVIE, Sample, Track, ordered};

fn boxed(kind: &[u8; 4], payload: &[&[u8]]) -> Vec<u8> {
    let payload = payload.concat();
    [&(payload.len() as u32 + 8).to_be_bytes()[..], kind, &payload].concat()
}

/// A box that begins with version and flags.
fn full(kind: &[u8; 4], version: u8, flags: u32, payload: &[u32]) -> Vec<u8> {
    let head = u32::from(version) << 24 | flags;
    boxed(kind, &[&words(&[head]), &words(payload)])
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// Writes the file, records the locations of its samples, and returns its movie fragments, each with its media data.
pub fn write(tracks: &mut [Track], layout: Layout) -> (Vec<u8>, Vec<Range<u64>>) {
    let mut file = boxed(b"ftyp", &[b"isom\0\0\0\0isommp42"]);
    let Layout::Progressive { movie_first, .. } = layout else {
        file.extend(movie(tracks, layout));
        let elements = fragments(&mut file, tracks, layout);
        return (file, elements);
    };
    // The length of the movie box does not depend on the samples' locations.
    let length = movie(tracks, layout).len();
    let data = place(tracks, layout, file.len() + if movie_first { length } else { 0 });
    let movie = movie(tracks, layout);
    let parts = if movie_first { [movie, data] } else { [data, movie] };
    file.extend(parts.concat());
    (file, Vec::new())
}

/// The media data of a file with sample tables, beginning at this offset.
fn place(tracks: &mut [Track], layout: Layout, start: usize) -> Vec<u8> {
    let Layout::Progressive { order, .. } = layout else { unreachable!() };
    let mut data = Vec::new();
    for (number, (place, samples)) in ordered(tracks, order).into_iter().enumerate() {
        // Unused bytes here and there.
        if number % 7 == 3 {
            data.extend([0xee; 3]);
        }
        for sample in &mut tracks[place].samples[samples] {
            put(&mut data, sample, start + 8);
        }
    }
    boxed(b"mdat", &[&data])
}

/// Appends a sample to data that begins at this offset.
fn put(data: &mut Vec<u8>, sample: &mut Sample, start: usize) {
    let offset = (start + data.len()) as u64;
    sample.bytes = offset..offset + sample.data.len() as u64;
    data.extend(&sample.data);
}

fn movie(tracks: &[Track], layout: Layout) -> Vec<u8> {
    let matrix = [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000];
    let times = [3_000_000_000, 0, MOVIE, 0, 0x0001_0000, 0x0100_0000, 0, 0];
    let mvhd = full(b"mvhd", 0, 0, &[&times[..], &matrix, &[0, 0, 0, 0, 0, 0, 9]].concat());
    let traks: Vec<u8> = tracks.iter().flat_map(|track| trak(track, layout, &matrix)).collect();
    let mut mvex = Vec::new();
    if let Layout::Fragmented { .. } = layout {
        let trex = |track: &Track| full(b"trex", 0, 0, &[u32::from(track.number), 1, 0, 0, 0]);
        mvex = boxed(b"mvex", &[&tracks.iter().flat_map(trex).collect::<Vec<_>>()]);
    }
    boxed(b"moov", &[&mvhd, &traks, &mvex])
}

fn trak(track: &Track, layout: Layout, matrix: &[u32]) -> Vec<u8> {
    let (handler, header, entry, length) = match track.kind {
        Kind::Video => (b"vide", b"vmhd", b"vp09", 78),
        Kind::Audio => (b"soun", b"smhd", b"Opus", 28),
        Kind::Text => (b"text", b"nmhd", b"tx3g", 38),
    };
    let number = u32::from(track.number);
    let tkhd = [&[0, 0, number, 0, 0, 0, 0, 0, 0], matrix, &[320 << 16, 180 << 16]].concat();
    let mut edts = Vec::new();
    if !track.edits.is_empty() {
        let media = |media: Option<Ticks>| media.map_or(u32::MAX, |media| media.0 as u32);
        let edits = track.edits.iter().flat_map(|edit| [edit.duration, media(edit.media), 0x0001_0000]);
        let elst: Vec<u32> = [track.edits.len() as u32].into_iter().chain(edits).collect();
        edts = boxed(b"edts", &[&full(b"elst", 0, 0, &elst)]);
    }
    let udta = track.name.map_or_else(Vec::new, |name| boxed(b"udta", &[&boxed(b"name", &[name.as_bytes()])]));
    let ticks = track.timescale.ticks_per_second().unwrap();
    let mdhd = full(b"mdhd", 0, 0, &[0, 0, ticks, 0, 0x55c4_0000]);
    let hdlr = full(b"hdlr", 0, 0, &[0, u32::from_be_bytes(*handler), 0, 0, 0, 0]);
    // VP9 of level 1 (vpcC), and two channels of Opus at 48 kHz (dOps).
    let configuration = match track.kind {
        Kind::Video => boxed(b"vpcC", &[&[1, 0, 0, 0, 0, 10, 0x82, 2, 2, 2, 0, 0]]),
        Kind::Audio => boxed(b"dOps", &[&[0, 2, 0, 0, 0, 0, 0xbb, 0x80, 0, 0, 0]]),
        Kind::Text => Vec::new(),
    };
    let entry = boxed(entry, &[&[0, 0, 0, 0, 0, 0, 0, 1], &vec![0; length - 8], &configuration]);
    let stsd = boxed(b"stsd", &[&words(&[0, 1]), &entry]);
    let stbl = boxed(b"stbl", &[&stsd, &tables(track, layout)]);
    let minf = boxed(b"minf", &[&full(header, 0, 0, &[0, 0]), &stbl]);
    let mdia = boxed(b"mdia", &[&mdhd, &hdlr, &minf]);
    boxed(b"trak", &[&full(b"tkhd", 0, 0, &tkhd), &edts, &mdia, &udta])
}

fn composition(sample: &Sample) -> i64 {
    (sample.presentation - sample.decode).0
}

/// The sample tables (§8.6, §8.7); empty if samples are in fragments.
fn tables(track: &Track, layout: Layout) -> Vec<u8> {
    let Layout::Progressive { wide, .. } = layout else {
        let empty = |kind| full(kind, 0, 0, &[0]);
        return [empty(b"stts"), full(b"stsz", 0, 0, &[0, 0]), empty(b"stsc"), empty(b"stco")].concat();
    };
    let samples = &track.samples;
    let runs = |kind, version, value: &dyn Fn(&Sample) -> i64| {
        let values: Vec<u32> = samples.iter().map(|sample| value(sample) as u32).collect();
        let runs: Vec<u32> = values.chunk_by(u32::eq).flat_map(|run| [run.len() as u32, run[0]]).collect();
        full(kind, version, 0, &[&[runs.len() as u32 / 2], &runs[..]].concat())
    };
    let stts = runs(b"stts", 0, &|sample| sample.duration.0);
    let negative = samples.iter().any(|sample| composition(sample) < 0);
    let reordered = samples.iter().any(|sample| composition(sample) != 0);
    let ctts = if reordered { runs(b"ctts", u8::from(negative), &composition) } else { Vec::new() };
    let mut stss = Vec::new();
    if samples.iter().any(|sample| !sample.sync) {
        let syncs: Vec<u32> = (1..).zip(samples).filter(|(_, sample)| sample.sync).map(|(number, _)| number).collect();
        stss = full(b"stss", 0, 0, &[&[syncs.len() as u32], &syncs[..]].concat());
    }
    let sizes: Vec<u32> = samples.iter().map(|sample| sample.data.len() as u32).collect();
    let alike = sizes.iter().all(|size| *size == sizes[0]);
    let stsz = if alike {
        full(b"stsz", 0, 0, &[sizes[0], sizes.len() as u32])
    } else {
        full(b"stsz", 0, 0, &[&[0, sizes.len() as u32], &sizes[..]].concat())
    };
    let chunks: Vec<&[Sample]> = samples.chunks(track.chunk).collect();
    let groups = (1..).zip(&chunks).flat_map(|(number, chunk)| [number, chunk.len() as u32, 1]);
    let stsc = full(b"stsc", 0, 0, &[chunks.len() as u32].into_iter().chain(groups).collect::<Vec<_>>());
    let offsets = chunks.iter().map(|chunk| chunk[0].bytes.start);
    let offsets: Vec<u32> = if wide {
        offsets.flat_map(|offset| [(offset >> 32) as u32, offset as u32]).collect()
    } else {
        offsets.map(|offset| offset as u32).collect()
    };
    let stco = full(if wide { b"co64" } else { b"stco" }, 0, 0, &[&[chunks.len() as u32], &offsets[..]].concat());
    let mut sdtp = Vec::new();
    if samples.iter().any(|sample| sample.disposable) {
        // sample_is_depended_on (§8.6.4): 2 if no other sample depends on it, else 1.
        let kinds: Vec<u8> = samples.iter().map(|sample| if sample.disposable { 0b1000 } else { 0b0100 }).collect();
        sdtp = boxed(b"sdtp", &[&[0; 4], &kinds]);
    }
    [stts, ctts, stss, sdtp, stsc, stsz, stco].concat()
}

/// Appends movie fragments (§8.8), each with its media data, and returns their ranges.
fn fragments(file: &mut Vec<u8>, tracks: &mut [Track], layout: Layout) -> Vec<Range<u64>> {
    let Layout::Fragmented { length, together, .. } = layout else { unreachable!() };
    let cell = |track: &Track, sample: &Sample| track.timescale.time(sample.decode).0 / (length * 1_000_000);
    let mut cells: Vec<(i64, usize, Range<usize>)> = Vec::new();
    for (place, track) in tracks.iter().enumerate() {
        let mut at = 0;
        for samples in track.samples.chunk_by(|a, b| cell(track, a) == cell(track, b)) {
            cells.push((cell(track, &samples[0]), place, at..at + samples.len()));
            at += samples.len();
        }
    }
    cells.sort_by_key(|(cell, place, _)| (*cell, *place));
    let mut elements = Vec::new();
    for fragment in cells.chunk_by(|a, b| together && a.0 == b.0) {
        let start = file.len();
        let parts: Vec<(usize, Range<usize>)> =
            fragment.iter().map(|(_, place, samples)| (*place, samples.clone())).collect();
        // The length of its boxes does not depend on the samples' locations.
        let length = moof(tracks, &parts, layout, start).len();
        let mut data = Vec::new();
        for (place, samples) in &parts {
            for sample in &mut tracks[*place].samples[samples.clone()] {
                put(&mut data, sample, start + length + 8);
            }
        }
        file.extend(moof(tracks, &parts, layout, start));
        file.extend(boxed(b"mdat", &[&data]));
        elements.push(start as u64..file.len() as u64);
    }
    elements
}

fn moof(tracks: &[Track], parts: &[(usize, Range<usize>)], layout: Layout, start: usize) -> Vec<u8> {
    let Layout::Fragmented { run, absolute, .. } = layout else { unreachable!() };
    let mut trafs = Vec::new();
    for (place, samples) in parts {
        let track = &tracks[*place];
        let samples = &track.samples[samples.clone()];
        let number = u32::from(track.number);
        // The base of data offsets: explicit, or the beginning of the movie fragment.
        let tfhd = if absolute {
            full(b"tfhd", 0, 0x1, &[number, 0, start as u32])
        } else {
            full(b"tfhd", 0, 0x2_0000, &[number])
        };
        let decode = samples[0].decode.0 as u64;
        let tfdt = full(b"tfdt", 1, 0, &[(decode >> 32) as u32, decode as u32]);
        let mut traf = [tfhd, tfdt].concat();
        for run in samples.chunks(run) {
            let offset = (run[0].bytes.start as u32).wrapping_sub(start as u32);
            let fields = run.iter().flat_map(|sample| {
                let flags = match (sample.sync, sample.disposable) {
                    (true, _) => 0x0200_0000,
                    (false, true) => 0x0181_0000,
                    (false, false) => 0x0101_0000,
                };
                [sample.duration.0 as u32, sample.data.len() as u32, flags, composition(sample) as u32]
            });
            let trun: Vec<u32> = [run.len() as u32, offset].into_iter().chain(fields).collect();
            traf.extend(full(b"trun", 1, 0xf01, &trun));
        }
        trafs.extend(boxed(b"traf", &[&traf]));
    }
    boxed(b"moof", &[&full(b"mfhd", 0, 0, &[1]), &trafs])
}
