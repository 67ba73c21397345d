//! A generated hour: H.264 at 25 pictures a second and AAC at 48 kHz, interleaved like ffmpeg's muxer, some 240 MB, the
//! same at every run. For benches, and for the unit tests on the size of an index.

use bytes::Bytes;
use reelspan_engine::index::{Builder, Packed};
use reelspan_engine::media::{Kind, Private, Run, Setup, Ticks, Timescale, Track};

/// Pseudo-random numbers (D. E. Knuth, MMIX).
struct Random(u64);

impl Random {
    /// From 0 up to, not including, 1.
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / f64::from(1 << 24)
    }

    /// Approximately normal, with mean 0 and standard deviation 1.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// A track without samples.
pub fn track(kind: Kind, ticks_per_second: u32) -> Track {
    let none = (Ticks::ZERO, Ticks::ZERO);
    Track {
        composition: none,
        presented: none,
        ..Track::new(
            1,
            kind,
            String::new(),
            Timescale::per_second(ticks_per_second).unwrap(),
            Setup::Inline(Bytes::new()),
        )
    }
}

/// The pictures' composition offsets, in pictures: groups of up to three B-frames, as x264 chooses and orders them.
fn pictures(random: &mut Random) -> &'static [i64] {
    match random.uniform() {
        x if x < 0.2 => &[2],
        x if x < 0.4 => &[3, 1],
        x if x < 0.6 => &[4, 1, 1],
        _ => &[5, 2, 0, 1],
    }
}

/// The tracks, and their samples in file order: the number of the track, and a run of one sample each.
pub fn samples(group_of_pictures: i64) -> (Vec<Track>, Vec<(usize, Run)>) {
    const SECONDS: i64 = 3600;
    let (frame, packet) = (512, 1024);
    let tracks = vec![track(Kind::Video, 12_800), track(Kind::Audio, 48_000)];
    let mut random = Random(1);
    let mut samples = Vec::new();
    let (mut offset, mut audio) = (4096, 0);
    let mut group: &[i64] = &[];
    for picture in 0..SECONDS * 25 {
        let sync = picture % group_of_pictures == 0;
        if sync {
            group = &[2];
        } else if group.is_empty() {
            group = pictures(&mut random);
        }
        let (composition, rest) = group.split_first().unwrap();
        group = rest;
        let size = (if sync { 15_000.0 } else { 2_000.0 } * (0.5 * random.normal()).exp()) as u32;
        let run = Run {
            decode: Ticks(picture * frame),
            composition: Ticks(composition * frame),
            duration: Ticks(frame),
            offset,
            size,
            count: 1,
            sync,
            private: Private::NONE,
        };
        offset = run.bytes().end;
        samples.push((0, run));
        while audio * packet * 25 < (picture + 1) * 48_000 {
            let size = (341.0 + 60.0 * random.normal()).max(6.0) as u32;
            let run = Run {
                decode: Ticks(audio * packet),
                composition: Ticks::ZERO,
                duration: Ticks(packet),
                offset,
                size,
                count: 1,
                sync: true,
                private: Private::NONE,
            };
            offset = run.bytes().end;
            samples.push((1, run));
            audio += 1;
        }
    }
    (tracks, samples)
}

/// The pages of these samples, in order, and the tracks with their totals.
pub fn build(tracks: Vec<Track>, samples: &[(usize, Run)]) -> (Vec<Packed>, Vec<Track>) {
    let mut builder = Builder::new(tracks);
    let mut pages = Vec::new();
    for (track, run) in samples {
        builder.samples(*track, run.clone()).unwrap();
        pages.append(&mut builder.take_ready());
    }
    let (mut rest, tracks) = builder.finish().unwrap();
    pages.append(&mut rest);
    (pages, tracks)
}
