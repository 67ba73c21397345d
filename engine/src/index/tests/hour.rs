//! The synthetic hour that the benches measure by, as tracks and runs.

use bytes::Bytes;
use reelspan_testkit::media::hour;

use crate::index::{Builder, PackedPage};
use crate::media::{Kind, Private, Run, Setup, Ticks, Timescale, Track};

/// A track without samples.
pub fn track(kind: Kind, ticks_per_second: u32) -> Track {
    let timescale = Timescale::per_second(ticks_per_second).unwrap();
    Track::new(1, kind, String::new(), timescale, Setup::Inline(Bytes::new()))
}

/// The number of each sample's track, and a run of one sample, in the order of the file.
pub fn samples(group_of_pictures: i64) -> Vec<(usize, Run)> {
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
    hour::samples(group_of_pictures).into_iter().map(run).collect()
}

/// The pages of these samples, in order.
pub fn build(samples: &[(usize, Run)]) -> Vec<PackedPage> {
    let [video, audio] = hour::TIMESCALES;
    let mut builder = Builder::new(vec![track(Kind::Video, video), track(Kind::Audio, audio)]);
    let mut pages = Vec::new();
    for (track, run) in samples {
        builder.samples(*track, run.clone()).unwrap();
        pages.append(&mut builder.take_ready());
    }
    pages.append(&mut builder.finish().unwrap().pages);
    pages.retain(PackedPage::is_page);
    pages
}
