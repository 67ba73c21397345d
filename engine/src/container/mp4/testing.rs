//! A small muxer for tests: files of any shape, with the model from which they were made.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::needless_for_each,
    clippy::needless_pass_by_value
)]

use crate::container::boxes::{Box, write_box, write_full_box};
use crate::media::{Kind, Private, Run, Ticks};

/// A full box of these 32-bit numbers.
pub fn table(kind: [u8; 4], words: &[u32]) -> Vec<u8> {
    let mut out = Vec::new();
    write_full_box(&mut out, kind, 0, |out| words.iter().for_each(|word| out.extend(word.to_be_bytes())));
    out
}

/// The box that begins these bytes.
pub fn read(bytes: &[u8]) -> Box<'_> {
    Box::read(bytes, 0, "").unwrap()
}

/// Pseudo-random numbers (D. E. Knuth, MMIX), the same at every run.
#[derive(Clone, Debug)]
pub struct RandomNumbers(pub u64);

impl RandomNumbers {
    /// From 0 up to, not including, `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// True once in `n` times.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// A track to write.
#[derive(Clone, Debug)]
pub struct TestTrack {
    pub id: u32,
    pub kind: Kind,
    pub timescale: u32,
    /// Duration in the movie's timescale of 1000, media time, as in `elst`.
    pub edits: Vec<(u32, i32)>,
    /// One sample each; offsets are filled in by the writer.
    pub samples: Vec<Run>,
    /// The content of the samples; arbitrary if missing.
    pub payload: Vec<Vec<u8>>,
    /// The flags in `tkhd`.
    pub flags: u32,
    /// The tracks with its chapters.
    pub chapters: Vec<u32>,
}

/// The shape of the file.
#[derive(Clone, Copy, Debug, Default)]
pub struct FileShape {
    pub movie_first: bool,
    pub wide: bool,
    /// How many samples of a track are adjacent; the tracks alternate by time.
    pub chunk: usize,
    pub fragmented: bool,
}

/// A sync sample every `group` samples (for video one more than a multiple of three), with durations and sizes around
/// these.
pub fn track(
    id: u32,
    kind: Kind,
    timescale: u32,
    duration: i64,
    group: usize,
    count: usize,
    random: &mut RandomNumbers,
) -> TestTrack {
    let mut decode = Ticks::ZERO;
    let mut samples = Vec::new();
    for number in 0..count {
        let varies = kind != Kind::Video && random.once_in(5);
        let duration = Ticks(duration + i64::from(varies));
        // Decoded I P B B P B B, presented I B B P B B P, a picture later.
        let composition = match (kind, number % group) {
            (Kind::Video, 0) => 1,
            (Kind::Video, number) if number % 3 == 1 => 3,
            _ => 0,
        };
        samples.push(Run {
            decode,
            composition: Ticks(composition * duration.0),
            duration,
            offset: 0,
            size: 1 + u32::try_from(random.below(90)).unwrap(),
            count: 1,
            sync: number % group == 0,
            disposable: false,
            private: Private::NONE,
        });
        decode += duration;
    }
    TestTrack { id, kind, timescale, edits: Vec::new(), samples, payload: Vec::new(), flags: 0, chapters: Vec::new() }
}

/// A text track with these titles, of a second for each tick of its timescale of 1.
pub fn titles(id: u32, titles: &[(&str, i64)]) -> TestTrack {
    let mut titled = track(id, Kind::Text, 1, 1, 1, 0, &mut RandomNumbers(0));
    let mut decode = Ticks::ZERO;
    for (title, duration) in titles {
        let payload = [&u16::try_from(title.len()).unwrap().to_be_bytes(), title.as_bytes()].concat();
        let (duration, size) = (Ticks(*duration), u32::try_from(payload.len()).unwrap());
        let plain = Run {
            composition: Ticks::ZERO,
            offset: 0,
            count: 1,
            sync: true,
            disposable: false,
            private: Private::NONE,
            decode,
            duration,
            size,
        };
        titled.samples.push(plain);
        titled.payload.push(payload);
        decode += duration;
    }
    titled
}

/// Puts a box at the end of the movie box, with which the file ends.
pub fn append_to_movie(file: &mut Vec<u8>, kind: [u8; 4], payload: &[u8]) {
    let movie = file.windows(4).rposition(|bytes| bytes == b"moov").unwrap() - 4;
    write_box(file, kind, |out| out.extend(payload));
    let size = file.len() - movie;
    crate::container::boxes::patch_u32(file, movie, size as u32);
}

fn words(out: &mut Vec<u8>, words: &[u32]) {
    words.iter().for_each(|word| out.extend(word.to_be_bytes()));
}

/// Writes the file, and fills in the offsets of the samples.
pub fn write(tracks: &mut [TestTrack], shape: FileShape, random: &mut RandomNumbers) -> Vec<u8> {
    let mut file = Vec::new();
    write_box(&mut file, *b"ftyp", |out| out.extend(b"isom\0\0\0\0isommp42"));
    if shape.fragmented {
        write_movie(&mut file, tracks, shape);
        write_fragments(&mut file, tracks, shape, random);
        return file;
    }
    if shape.movie_first {
        // Twice: its length does not depend on the offsets.
        let mut draft = Vec::new();
        write_movie(&mut draft, tracks, shape);
        let start = file.len() + draft.len();
        let mut data = Vec::new();
        write_data(&mut data, start, tracks, shape, random);
        write_movie(&mut file, tracks, shape);
        file.extend(data);
    } else {
        let mut data = Vec::new();
        write_data(&mut data, file.len(), tracks, shape, random);
        file.extend(data);
        write_movie(&mut file, tracks, shape);
    }
    file
}

/// The file order: which samples of which track are adjacent, by decode time.
fn interleaved(tracks: &[TestTrack], chunk: usize) -> Vec<(usize, std::ops::Range<usize>)> {
    let mut chunks: Vec<(u128, usize, std::ops::Range<usize>)> = Vec::new();
    for (place, track) in tracks.iter().enumerate() {
        for start in (0..track.samples.len()).step_by(chunk) {
            let time = u128::try_from(track.samples[start].decode.0).unwrap() * 1_000_000 / u128::from(track.timescale);
            chunks.push((time, place, start..(start + chunk).min(track.samples.len())));
        }
    }
    chunks.sort_by_key(|(time, place, samples)| (*time, *place, samples.start));
    chunks.into_iter().map(|(_, place, samples)| (place, samples)).collect()
}

fn write_data(out: &mut Vec<u8>, start: usize, tracks: &mut [TestTrack], shape: FileShape, random: &mut RandomNumbers) {
    write_box(out, *b"mdat", |out| {
        for (place, samples) in interleaved(tracks, shape.chunk) {
            // Unused bytes here and there.
            if random.once_in(7) {
                out.extend([0xee; 3]);
            }
            let track = &mut tracks[place];
            for (number, sample) in track.samples.iter_mut().enumerate().take(samples.end).skip(samples.start) {
                sample.offset = (start + out.len()) as u64;
                match track.payload.get(number) {
                    Some(payload) => out.extend(payload),
                    None => out.extend((0..sample.size).map(|_| random.below(256) as u8)),
                }
            }
        }
    });
}

fn write_fragments(out: &mut Vec<u8>, tracks: &mut [TestTrack], shape: FileShape, random: &mut RandomNumbers) {
    for (place, range) in interleaved(tracks, shape.chunk) {
        let track = &mut tracks[place];
        let samples = &track.samples[range.clone()];
        let start = out.len();
        write_box(out, *b"moof", |out| {
            write_full_box(out, *b"mfhd", 0, |out| words(out, &[1]));
            write_box(out, *b"traf", |out| {
                // default-base-is-moof, default sample flags
                write_box(out, *b"tfhd", |out| words(out, &[0x02_0020, track.id, 0x0001_0000]));
                out.extend([0, 0, 0, 8]);
                out.extend(b"free");
                write_full_box(out, *b"tfdt", 1, |out| out.extend(samples[0].decode.0.to_be_bytes()));
                write_box(out, *b"trun", |out| {
                    words(out, &[0x0f01, samples.len() as u32, 0]);
                    let at = out.len() - 4;
                    for sample in samples {
                        let flags = if sample.sync { 0 } else { 0x0001_0000 };
                        words(out, &[sample.duration.0 as u32, sample.size, flags, sample.composition.0 as u32]);
                    }
                    crate::container::boxes::patch_u32(out, at, u32::MAX);
                });
            });
        });
        let data = (out.len() - start + 8) as u32;
        let position = out[start..].windows(4).position(|bytes| bytes == [0xff; 4]).unwrap();
        crate::container::boxes::patch_u32(out, start + position, data);
        write_box(out, *b"mdat", |out| {
            for (number, sample) in track.samples.iter_mut().enumerate().take(range.end).skip(range.start) {
                sample.offset = out.len() as u64;
                match track.payload.get(number) {
                    Some(payload) => out.extend(payload),
                    None => out.extend((0..sample.size).map(|_| random.below(255) as u8)),
                }
            }
        });
    }
}

fn write_movie(out: &mut Vec<u8>, tracks: &[TestTrack], shape: FileShape) {
    write_box(out, *b"moov", |out| {
        write_full_box(out, *b"mvhd", 0, |out| {
            words(out, &[3_000_000_000, 0, 1000, 0, 0x0001_0000, 0x0100_0000, 0, 0]);
            words(out, &[0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000, 0, 0, 0, 0, 0, 0, 9]);
        });
        tracks.iter().for_each(|track| write_track(out, track, shape));
        if shape.fragmented {
            write_box(out, *b"mvex", |out| {
                for track in tracks {
                    write_full_box(out, *b"trex", 0, |out| words(out, &[track.id, 1, 0, 0, 0]));
                }
            });
        }
    });
}

fn write_track(out: &mut Vec<u8>, track: &TestTrack, shape: FileShape) {
    let samples: &[Run] = if shape.fragmented { &[] } else { &track.samples };
    let (handler, header, entry) = match track.kind {
        Kind::Video => (b"vide", b"vmhd", b"tst1"),
        Kind::Audio => (b"soun", b"smhd", b"tst2"),
        Kind::Text => (b"text", b"nmhd", b"tx3g"),
    };
    write_box(out, *b"trak", |out| {
        write_box(out, *b"tkhd", |out| {
            words(out, &[track.flags, 0, 0, track.id, 0, 0, 0, 0, 0, 0]);
            words(out, &[0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000, 320 << 16, 180 << 16]);
        });
        if !track.chapters.is_empty() {
            write_box(out, *b"tref", |out| write_box(out, *b"chap", |out| words(out, &track.chapters)));
        }
        if !track.edits.is_empty() {
            write_box(out, *b"edts", |out| {
                write_full_box(out, *b"elst", 0, |out| {
                    words(out, &[track.edits.len() as u32]);
                    track
                        .edits
                        .iter()
                        .for_each(|(duration, media)| words(out, &[*duration, *media as u32, 0x0001_0000]));
                });
            });
        }
        write_box(out, *b"mdia", |out| {
            write_full_box(out, *b"mdhd", 0, |out| words(out, &[0, 0, track.timescale, 0, 0x55c4_0000]));
            write_full_box(out, *b"hdlr", 0, |out| {
                words(out, &[0, u32::from_be_bytes(*handler), 0, 0, 0, 0]);
            });
            write_box(out, *b"minf", |out| {
                write_full_box(out, *header, 0, |out| words(out, &[0, 0]));
                write_box(out, *b"stbl", |out| {
                    write_full_box(out, *b"stsd", 0, |out| {
                        words(out, &[1]);
                        write_box(out, *entry, |out| out.extend([0, 0, 0, 0, 0, 0, 0, 1]));
                    });
                    write_tables(out, samples, shape);
                });
            });
        });
    });
}

fn write_tables(out: &mut Vec<u8>, samples: &[Run], shape: FileShape) {
    let each = |out: &mut Vec<u8>, value: &dyn Fn(&Run) -> u32| {
        words(out, &[samples.len() as u32]);
        samples.iter().for_each(|sample| words(out, &[1, value(sample)]));
    };
    write_full_box(out, *b"stts", 0, |out| each(out, &|sample| sample.duration.0 as u32));
    write_full_box(out, *b"ctts", 1, |out| each(out, &|sample| sample.composition.0 as u32));
    write_full_box(out, *b"stss", 0, |out| {
        let syncs: Vec<u32> = (1..).zip(samples).filter(|(_, sample)| sample.sync).map(|(number, _)| number).collect();
        words(out, &[syncs.len() as u32]);
        words(out, &syncs);
    });
    write_full_box(out, *b"stsz", 0, |out| {
        words(out, &[0, samples.len() as u32]);
        samples.iter().for_each(|sample| words(out, &[sample.size]));
    });
    let chunks: Vec<&[Run]> = samples.chunks(shape.chunk).collect();
    write_full_box(out, *b"stsc", 0, |out| {
        words(out, &[chunks.len() as u32]);
        (1..).zip(&chunks).for_each(|(number, chunk)| words(out, &[number, chunk.len() as u32, 1]));
    });
    write_full_box(out, if shape.wide { *b"co64" } else { *b"stco" }, 0, |out| {
        words(out, &[chunks.len() as u32]);
        for chunk in chunks {
            let offset = chunk[0].offset;
            if shape.wide {
                out.extend(offset.to_be_bytes());
            } else {
                words(out, &[offset as u32]);
            }
        }
    });
}
