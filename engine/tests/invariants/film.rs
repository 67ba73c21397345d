//! Random films: the writers' own description of them, sample by sample, and the strategies that generate them.

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use proptest::prelude::*;
use reelspan_engine::media::{Kind, Ticks, Time, Timescale};

use super::{matroska, mp4};

/// A file and its contents.
pub struct Film {
    pub plan: Plan,
    pub tracks: Vec<Track>,
    pub file: Bytes,
    /// The ranges of it that play only as a whole, in order; empty if its container has none.
    pub elements: Vec<Range<u64>>,
}

/// A track as it was written.
#[derive(Clone, Debug)]
pub struct Track {
    pub number: u8,
    pub kind: Kind,
    pub name: Option<&'static str>,
    pub timescale: Timescale,
    /// In decode order; at least one.
    pub samples: Vec<Sample>,
    pub edits: Vec<Edit>,
    /// The number of adjacent samples in the file.
    pub chunk: usize,
    /// The duration in nanoseconds of each sample, if it is constant.
    pub frame: Option<u64>,
}

/// A sample as it was written. Times are in the track's timescale.
#[derive(Clone, Debug)]
pub struct Sample {
    pub decode: Ticks,
    pub presentation: Ticks,
    pub duration: Ticks,
    pub sync: bool,
    /// The file says that no other sample refers to it.
    pub disposable: bool,
    pub data: Bytes,
    /// Its location in the file: in Matroska the whole SimpleBlock or BlockGroup.
    pub bytes: Range<u64>,
}

/// An entry of an edit list: its duration in ticks of [`MOVIE`], 0 for the rest of the media; and its first media time
/// in the track's timescale, `None` for an empty edit.
#[derive(Clone, Copy, Debug)]
pub struct Edit {
    pub duration: u32,
    pub media: Option<Ticks>,
}

/// Ticks a second in edit lists.
pub const MOVIE: u32 = 1000;

/// The plan of a film.
#[derive(Clone, Debug)]
pub struct Plan {
    pub layout: Layout,
    pub tracks: Vec<TrackPlan>,
    pub seed: u64,
}

/// How samples are stored in the file.
#[derive(Clone, Copy, Debug)]
pub enum Layout {
    /// MP4, with sample tables.
    Progressive { movie_first: bool, wide: bool, order: Order },
    /// MP4 with movie fragments of this many milliseconds: of all tracks together or of each alone, with `trun`s of
    /// this many samples.
    Fragmented { length: i64, together: bool, run: usize, absolute: bool },
    /// Matroska with ticks of this many nanoseconds and clusters of this many milliseconds. If `timed`, it contains the
    /// durations of samples.
    Matroska { tick: u64, length: i64, groups: bool, sized: bool, timed: bool },
}

/// The order of the tracks in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Interleaved by decode time.
    Interleaved,
    /// One after the other.
    Apart,
}

/// The plan of a track.
#[derive(Clone, Debug)]
pub struct TrackPlan {
    pub kind: Kind,
    /// Ticks a second, and ticks a sample.
    pub rate: (u32, i64),
    pub count: usize,
    /// Durations vary, unless pictures are reordered.
    pub varying: bool,
    pub sync: Sync,
    pub pictures: Pictures,
    /// Bytes a sample; `None`: any.
    pub size: Option<u32>,
    pub chunk: usize,
    pub edits: EditPlan,
    pub named: bool,
}

/// Which samples are sync samples.
#[derive(Clone, Copy, Debug)]
pub enum Sync {
    All,
    First,
    Every(usize),
    /// The first, and on average one in this many.
    Any(u64),
}

/// How the pictures of a group are reordered, with this many B-pictures in a row.
#[derive(Clone, Copy, Debug)]
pub enum Pictures {
    InOrder,
    /// No picture refers to another group. If `late`, all are presented one picture later than decoding requires.
    Closed {
        between: usize,
        late: bool,
    },
    /// The B-pictures that follow a sync sample are presented before it.
    Open {
        between: usize,
    },
}

/// The presented part of a track: the thousandths of its media left out at both ends, and milliseconds of nothing
/// before it.
#[derive(Clone, Copy, Debug)]
pub struct EditPlan {
    pub empty: Option<u32>,
    pub skipped: Option<i64>,
    pub trimmed: Option<i64>,
}

/// Any film.
pub fn films() -> impl Strategy<Value = Film> {
    (layouts(), prop::collection::vec(tracks(1..200), 1..=4), any::<u64>())
        .prop_map(|(layout, tracks, seed)| Film::new(Plan { layout, tracks, seed }))
}

/// Films that last longer, as players of streams take them: sound can be decoded from every frame on, an edit list skips
/// little of a track, and a file that does not say how long frames last shows it by the next ones.
pub fn streamed() -> impl Strategy<Value = Film> {
    (layouts(), prop::collection::vec(tracks(1..700), 1..=3), any::<u64>()).prop_map(
        |(mut layout, mut tracks, seed)| {
            for track in &mut tracks {
                if track.kind == Kind::Audio {
                    track.sync = Sync::All;
                }
                track.edits.skipped = track.edits.skipped.map(|thousandths| thousandths % 50);
            }
            if let Layout::Matroska { tick, length, timed: false, .. } = &mut layout {
                (*tick, *length) = (1_000_000, 10_000);
            }
            Film::new(Plan { layout, tracks, seed })
        },
    )
}

fn layouts() -> impl Strategy<Value = Layout> {
    let order = prop_oneof![3 => Just(Order::Interleaved), 1 => Just(Order::Apart)];
    prop_oneof![
        (any::<bool>(), any::<bool>(), order).prop_map(|(movie_first, wide, order)| Layout::Progressive {
            movie_first,
            wide,
            order
        }),
        (100_i64..9000, any::<bool>(), 1_usize..60, any::<bool>())
            .prop_map(|(length, together, run, absolute)| Layout::Fragmented { length, together, run, absolute }),
        (prop::sample::select(vec![1_000_000, 100_000, 22_675]), 100_i64..9000, any::<[bool; 3]>())
            .prop_map(|(tick, length, [groups, sized, timed])| Layout::Matroska { tick, length, groups, sized, timed }),
    ]
}

fn tracks(counts: Range<usize>) -> impl Strategy<Value = TrackPlan> {
    let rates = vec![
        (600, 24),
        (12_800, 512),
        (30_000, 1001),
        (48_000, 1024),
        (44_100, 1024),
        (1000, 480),
        (10, 7),
        (90_000, 180_000),
    ];
    let sync = prop_oneof![
        Just(Sync::All),
        Just(Sync::First),
        (2_usize..60).prop_map(Sync::Every),
        (2_u64..40).prop_map(Sync::Any)
    ];
    let pictures = prop_oneof![
        Just(Pictures::InOrder),
        (1_usize..4, any::<bool>()).prop_map(|(between, late)| Pictures::Closed { between, late }),
        (1_usize..4).prop_map(|between| Pictures::Open { between }),
    ];
    let edits = (
        prop::option::weighted(0.3, 1_u32..5000),
        prop::option::weighted(0.3, 0_i64..500),
        prop::option::weighted(0.3, 0_i64..400),
    )
        .prop_map(|(empty, skipped, trimmed)| EditPlan { empty, skipped, trimmed });
    let media = (prop::sample::select(rates), counts, any::<bool>(), prop::option::of(4_u32..40));
    let kind = prop::sample::select(vec![Kind::Video, Kind::Video, Kind::Audio, Kind::Audio, Kind::Text]);
    (kind, media, sync, pictures, edits, 1_usize..30, prop::bool::weighted(0.2)).prop_map(
        |(kind, (rate, count, varying, size), sync, pictures, edits, chunk, named)| TrackPlan {
            kind,
            rate,
            count,
            varying,
            sync,
            pictures,
            size,
            chunk,
            edits,
            named,
        },
    )
}

/// A pseudo-random number for each number (G. Steele et al., `SplitMix`).
fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Film {
    pub fn new(plan: Plan) -> Self {
        let tracks = (1..).zip(&plan.tracks);
        let mut tracks: Vec<Track> =
            tracks.map(|(number, track)| track.build(number, plan.layout, plan.seed)).collect();
        let (file, elements) = match plan.layout {
            Layout::Matroska { .. } => matroska::write(&mut tracks, plan.layout),
            _ => mp4::write(&mut tracks, plan.layout),
        };
        Self { plan, tracks, file: file.into(), elements }
    }

    pub fn is_matroska(&self) -> bool {
        matches!(self.plan.layout, Layout::Matroska { .. })
    }

    /// Whether the file contains the durations of its last samples.
    pub fn is_timed(&self) -> bool {
        !matches!(self.plan.layout, Layout::Matroska { timed: false, .. })
    }

    /// The end of the last track.
    pub fn duration(&self) -> Time {
        self.tracks.iter().map(Track::end).max().unwrap()
    }

    /// The longest tick of its tracks; for MP4, where ticks are exact, a nanosecond.
    pub fn tick(&self) -> Time {
        let tick = |track: &Track| track.timescale.time(Ticks(1));
        if self.is_matroska() { self.tracks.iter().map(tick).max().unwrap() } else { Time(1) }
    }

    /// The samples of these tracks.
    pub fn samples_of<'a>(&'a self, places: &'a [usize]) -> impl Iterator<Item = &'a Sample> {
        places.iter().flat_map(|place| &self.tracks[*place].samples)
    }
}

impl fmt::Debug for Film {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.plan.fmt(f)
    }
}

impl TrackPlan {
    fn build(&self, number: u8, layout: Layout, seed: u64) -> Track {
        let seed = mix(seed ^ u64::from(number));
        let any = |what: u64, sample: usize| mix(seed ^ what ^ sample as u64);
        let own = Timescale::per_second(self.rate.0).unwrap();
        let matroska = matches!(layout, Layout::Matroska { .. });
        let timescale = match layout {
            Layout::Matroska { tick, .. } => Timescale::of_nanoseconds(tick).unwrap(),
            _ => own,
        };
        let video = self.kind == Kind::Video;
        let is_sync = |sample: usize| match self.sync {
            _ if matroska && !video => true,
            Sync::All => true,
            Sync::First => sample == 0,
            Sync::Every(group) => sample.is_multiple_of(group),
            Sync::Any(group) => sample == 0 || any(1 << 32, sample).is_multiple_of(group),
        };
        let syncs: Vec<bool> = (0..self.count).map(is_sync).collect();
        let pictures = if video { self.pictures } else { Pictures::InOrder };
        let (order, delay) = pictures.order(&syncs);
        let varies = self.varying && matches!(pictures, Pictures::InOrder);
        let mut decode = Ticks::ZERO;
        let mut latest = Ticks::ZERO;
        // Half of the MP4s say which pictures no other refers to: those between two others.
        let says = !matroska && video && any(4 << 32, 0).is_multiple_of(2);
        let mut farthest = 0;
        let mut samples = Vec::with_capacity(self.count);
        for (at, picture) in order.into_iter().enumerate() {
            let mut duration =
                Ticks(self.rate.1 + if varies { (any(2 << 32, at) % 3) as i64 * self.rate.1 / 2 } else { 0 });
            let mut presentation = if varies { decode } else { Ticks(self.rate.1).times((picture + delay) as i64) };
            let next = decode + duration;
            let mut own_decode = decode;
            if matroska {
                let end = own.rescale(presentation + duration, timescale);
                presentation = own.rescale(presentation, timescale);
                duration = end - presentation;
                latest = latest.max(presentation);
                own_decode = latest;
            }
            let size = self.size.unwrap_or_else(|| 4 + (any(3 << 32, at) % 90) as u32);
            let [.., a, b, c] = at.to_be_bytes();
            let noise = (1..).flat_map(|word: usize| any((word as u64) << 40, at).to_be_bytes());
            let data = [number, a, b, c].into_iter().chain(noise).take(size as usize).collect();
            let sync = syncs[at];
            let disposable = says && !sync && picture < farthest;
            farthest = farthest.max(picture);
            samples.push(Sample { decode: own_decode, presentation, duration, sync, disposable, data, bytes: 0..0 });
            decode = next;
        }
        let name = self.named.then_some("Ton & Bild");
        let frame = (!varies).then(|| own.time(Ticks(self.rate.1)).0 as u64);
        let edits = Vec::new();
        let mut track = Track { number, kind: self.kind, name, timescale, samples, edits, chunk: self.chunk, frame };
        if !matroska {
            track.edits = self.edits.build(&track);
        }
        track
    }
}

impl Pictures {
    /// For each sample in decode order, its position in presentation order, and by how many pictures the presentation
    /// is delayed.
    fn order(self, syncs: &[bool]) -> (Vec<usize>, usize) {
        let starts: Vec<usize> = (0..syncs.len()).filter(|at| syncs[*at]).chain([syncs.len()]).collect();
        let mut order = Vec::with_capacity(syncs.len());
        for group in starts.windows(2) {
            let (start, end) = (group[0], group[1]);
            match self {
                Self::InOrder => order.extend(start..end),
                Self::Closed { between, .. } => {
                    order.push(start);
                    let mut at = start + 1;
                    while at < end {
                        let last = (at + between).min(end - 1);
                        order.push(last);
                        order.extend(at..last);
                        at = last + 1;
                    }
                }
                Self::Open { between } => {
                    let leading = if start == 0 { 0 } else { between.min(end - start - 1) };
                    order.push(start + leading);
                    order.extend(start..start + leading);
                    order.extend(start + leading + 1..end);
                }
            }
        }
        let delay = usize::from(matches!(self, Self::Closed { late: true, .. } | Self::Open { .. }));
        (order, delay)
    }
}

impl EditPlan {
    fn build(self, track: &Track) -> Vec<Edit> {
        if self.empty.is_none() && self.skipped.is_none() && self.trimmed.is_none() {
            return Vec::new();
        }
        let media = track.media_end();
        let part = |thousandths: i64| Ticks(media.0 * thousandths / 1000);
        let movie = Timescale::per_second(MOVIE).unwrap();
        let skipped = part(self.skipped.unwrap_or(0));
        let rest = track.timescale.rescale(media - skipped - part(self.trimmed.unwrap_or(0)), movie);
        let empty = self.empty.map(|duration| Edit { duration, media: None });
        // Zero means the whole rest: writers that do not know the duration yet use it.
        let duration = if self.trimmed.is_none() && self.empty.is_none() { 0 } else { rest.0.max(1) as u32 };
        empty.into_iter().chain([Edit { duration, media: Some(skipped) }]).collect()
    }
}

impl Track {
    /// Presentation time of the end of its last sample.
    pub fn media_end(&self) -> Ticks {
        self.samples.iter().map(|sample| sample.presentation + sample.duration).max().unwrap()
    }

    /// The presented part of its media, and where on the film's timeline it begins, in ticks.
    fn presented(&self) -> (Range<Ticks>, Ticks) {
        let movie = Timescale::per_second(MOVIE).unwrap();
        let mut at = Ticks::ZERO;
        for edit in &self.edits {
            let duration = movie.rescale(Ticks(i64::from(edit.duration)), self.timescale);
            match edit.media {
                None => at += duration,
                Some(media) if duration == Ticks::ZERO => return (media..self.media_end(), at),
                Some(media) => return (media..self.media_end().min(media + duration), at),
            }
        }
        (Ticks::ZERO..self.media_end(), at)
    }

    /// The time on the film's timeline, in ticks, of this presentation time.
    pub fn on_timeline(&self, presentation: Ticks) -> Ticks {
        let (media, at) = self.presented();
        presentation - media.start + at
    }

    /// The end of its presentation.
    pub fn end(&self) -> Time {
        let (media, at) = self.presented();
        self.timescale.time(at + (media.end - media.start))
    }

    /// The samples that are presented, each with its presented ticks and the ticks of its whole presentation on the
    /// timeline.
    pub fn timeline(&self) -> impl Iterator<Item = (usize, Range<Ticks>, Range<Ticks>)> {
        let (media, at) = self.presented();
        self.samples.iter().enumerate().filter_map(move |(number, sample)| {
            let whole = sample.presentation..sample.presentation + sample.duration;
            let (start, end) = (whole.start.max(media.start), whole.end.min(media.end));
            let on_timeline = |time: Ticks| time - media.start + at;
            (start < end).then(|| {
                (number, on_timeline(whole.start)..on_timeline(whole.end), on_timeline(start)..on_timeline(end))
            })
        })
    }
}

/// The chunks of all tracks in file order: a track and a range of its samples.
pub fn ordered(tracks: &[Track], order: Order) -> Vec<(usize, Range<usize>)> {
    let mut chunks = Vec::new();
    for (place, track) in tracks.iter().enumerate() {
        for start in (0..track.samples.len()).step_by(track.chunk) {
            let time = track.timescale.time(track.samples[start].decode);
            chunks.push((time, place, start..(start + track.chunk).min(track.samples.len())));
        }
    }
    if order == Order::Interleaved {
        chunks.sort_by_key(|(time, place, _)| (*time, *place));
    }
    chunks.into_iter().map(|(_, place, samples)| (place, samples)).collect()
}
