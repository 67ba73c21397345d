//! A film of any length with one group of pictures over and over: indexed, and not encoded.

use reelspan_engine::index::{Builder, Memory, Outline};
use reelspan_engine::media::{Kind, Private, Run, Ticks, Time, Timescale, Track};

/// Pictures of 29.97 Hz in groups of 60, of which the first is a sync sample, and sound of 44.1 kHz. `like` is a film with one track
/// of each: its tracks, of which the first has the pictures, say how the samples are decoded.
pub fn repeated(like: &Outline, hours: u64) -> (Outline, Memory) {
    written(like, hours, false)
}

/// The same with samples of different sizes, as encoders make them.
#[allow(dead_code, reason = "a bench of segments needs it")]
pub fn varied(like: &Outline, hours: u64) -> (Outline, Memory) {
    written(like, hours, true)
}

fn written(like: &Outline, hours: u64, varied: bool) -> (Outline, Memory) {
    const RATES: [(u32, i64); 2] = [(30_000, 1001), (44_100, 1024)];
    let tracks: Vec<Track> = like
        .tracks
        .iter()
        .filter(|track| track.kind != Kind::Text)
        .zip(RATES)
        .map(|(track, (rate, _))| {
            let timescale = Timescale::per_second(rate).unwrap();
            Track {
                timescale,
                edits: Vec::new(),
                samples: 0,
                bytes: 0,
                presented: Default::default(),
                late: 0,
                ..track.clone()
            }
        })
        .collect();
    let end = Time::from_secs(i64::try_from(hours * 3600).unwrap());
    let mut builder = Builder::new(tracks.clone());
    let mut pages = Memory::default();
    let mut next = [Ticks::ZERO; 2];
    let mut offset = 1000;
    loop {
        let time = |track: usize| tracks[track].timescale.time(next[track]);
        let track = usize::from(time(1) < time(0));
        if time(track) >= end {
            break;
        }
        let (duration, size) = (Ticks(RATES[track].1), [3000, 300][track]);
        let runs: &[(bool, u32)] = if track == 0 { &[(true, 1), (false, 59)] } else { &[(true, 43)] };
        let one_by_one = runs.iter().flat_map(|&(sync, count)| (0..count).map(move |_| (sync, 1)));
        let runs: Vec<(bool, u32)> = if varied { one_by_one.collect() } else { runs.to_vec() };
        for (sync, count) in runs {
            // Three quarters of the size to five quarters of it.
            let size = if varied { size * 3 / 4 + (offset * 7919 % u64::from(size / 2)) as u32 } else { size };
            let run = Run {
                decode: next[track],
                composition: Ticks::ZERO,
                duration,
                offset,
                size: if sync { size * 3 } else { size },
                count,
                sync,
                disposable: false,
                private: Private::NONE,
            };
            offset += u64::from(run.size * count);
            next[track] += duration.times(i64::from(count));
            builder.samples(track, run).unwrap();
        }
        builder.take_ready().into_iter().for_each(|page| pages.insert(page));
    }
    let built = builder.finish().unwrap();
    let count = built.pages.iter().filter(|page| page.is_page()).map(|page| page.number + 1).max();
    built.pages.into_iter().for_each(|page| pages.insert(page));
    let duration = built.tracks.iter().map(|track| track.span().1).max().unwrap();
    let segments = built.segments.map(Box::new);
    let outline = Outline {
        duration,
        tracks: built.tracks,
        pages: count.unwrap(),
        segments,
        chapters: Vec::new(),
        ..like.clone()
    };
    (outline, pages)
}
