//! What streams promise (`docs/packaging.md`), for random films and parts of them, read from the bytes that a player gets:
//! the text of playlists, and the boxes of headers and segments.

use bytes::Bytes;
use futures::executor::block_on;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use reelspan_engine::fragment::resolve::Meaning;
use reelspan_engine::media::{Interval, Kind, Ticks, Time};
use reelspan_engine::package::hls::Addresses;
use reelspan_engine::package::name::{DerivedName, DerivedResource, RenditionItem};
use reelspan_engine::package::{NoStream, PackageError, Presentation};

use super::boxes::{Read, child, read, u32_at};
use super::config;
use super::engine::{Indexed, assemble};
use super::film::{EditPlan, Film, Layout, Order, Pictures, Plan, Sample, Sync, Track, TrackPlan, streamed};
use super::requests::{Point, ask, consecutive, points};

type Checked<T = ()> = Result<T, TestCaseError>;

/// The longest segment in seconds, and the longest that one is planned to be.
const LONGEST: i64 = 60;
const TARGET: i64 = 6;

/// Answers requests below a content's `~`.
struct Server<'a> {
    indexed: &'a Indexed,
    file: &'a Bytes,
    presentation: Presentation<'a>,
}

impl Server<'_> {
    fn get(&self, path: &str) -> Bytes {
        let Self { indexed, presentation, .. } = self;
        let mut pages = &indexed.pages;
        let table = block_on(presentation.table(&mut pages)).unwrap();
        let addresses = Addresses { version: "x", query: "", playlists: "" };
        match DerivedName::parse(path).unwrap_or_else(|| panic!("{path} is no name")).resource {
            DerivedResource::Master => presentation.master(&table, addresses).into(),
            DerivedResource::Of { rendition, item, .. } => {
                let rendition = presentation.rendition(&rendition).unwrap();
                match item {
                    RenditionItem::Playlist => presentation.playlist(rendition, &table, addresses).into(),
                    RenditionItem::Header(number) => presentation.header(rendition, number).unwrap().into(),
                    RenditionItem::Segment(time) => {
                        let segment = block_on(presentation.segment(&mut pages, rendition, time, false));
                        assemble(self.file, &segment.unwrap_or_else(|error| panic!("{path}: {error}")))
                    }
                    _ => panic!("{path} is not asked for"),
                }
            }
            _ => panic!("{path} is not asked for"),
        }
    }

    fn text(&self, path: &str) -> String {
        String::from_utf8(self.get(path).to_vec()).unwrap()
    }

    /// All renditions that the multivariant playlist names, those of variants first.
    fn renditions(&self) -> Vec<Rendition> {
        let master = self.text("master.m3u8");
        let quoted = |line: &str| line.split("URI=\"").nth(1).map(|uri| uri.split('"').next().unwrap().to_owned());
        let variants = master.lines().filter(|line| !line.starts_with('#')).map(str::to_owned);
        let sound = master.lines().filter(|line| line.starts_with("#EXT-X-MEDIA:TYPE=AUDIO")).filter_map(quoted);
        let mut paths: Vec<String> = Vec::new();
        for path in variants.chain(sound) {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        paths.iter().map(|path| self.rendition(path)).collect()
    }

    fn rendition(&self, path: &str) -> Rendition {
        let folder = path.rsplit_once('/').unwrap().0;
        let mut rendition = Rendition { path: path.to_owned(), ..Rendition::default() };
        let mut lasts = 0;
        for line in self.text(path).lines() {
            let (tag, value) = line.split_once(':').unwrap_or((line, ""));
            match tag {
                "#EXT-X-TARGETDURATION" => rendition.target = value.parse().unwrap(),
                "#EXT-X-START" => {
                    let seconds = value.strip_prefix("TIME-OFFSET=").and_then(|rest| rest.split(',').next());
                    rendition.start = Some(seconds.unwrap().parse().unwrap());
                }
                "#EXT-X-MAP" => {
                    let uri = value.strip_prefix("URI=\"").and_then(|rest| rest.strip_suffix('"')).unwrap();
                    rendition.header(&self.get(&format!("{folder}/{uri}")));
                }
                "#EXTINF" => lasts = micros(value.strip_suffix(',').unwrap()),
                _ if !line.starts_with('#') => {
                    let samples = read(&self.get(&format!("{folder}/{line}")));
                    rendition.segments.push(Segment { name: line.to_owned(), lasts, samples });
                }
                _ => {}
            }
        }
        rendition
    }
}

/// Microseconds of a decimal number of seconds.
fn micros(seconds: &str) -> i64 {
    let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    format!("{whole}{fraction:0<6}").parse().unwrap()
}

/// A rendition as a player knows it.
#[derive(Default)]
struct Rendition {
    path: String,
    target: i64,
    /// Where playing begins, in seconds.
    start: Option<f64>,
    timescale: i64,
    /// What the edit list skips.
    media_time: i64,
    segments: Vec<Segment>,
}

struct Segment {
    name: String,
    /// Microseconds, as the playlist says.
    lasts: i64,
    samples: Vec<Read>,
}

impl Rendition {
    fn header(&mut self, header: &[u8]) {
        let track = child(child(header, b"moov"), b"trak");
        let media = child(child(track, b"mdia"), b"mdhd");
        self.timescale = u32_at(media, if media[0] == 1 { 20 } else { 12 }).into();
        if track.windows(4).any(|kind| kind == b"elst") {
            let list = child(child(track, b"edts"), b"elst");
            assert_eq!((list[0], u32_at(list, 4)), (1, 1), "one edit of 64 bits");
            self.media_time = i64::from(u32_at(list, 16)) << 32 | i64::from(u32_at(list, 20));
        }
    }

    fn samples(&self) -> impl Iterator<Item = &Read> {
        self.segments.iter().flat_map(|segment| &segment.samples)
    }

    /// The track of the film that it is of.
    fn track<'a>(&self, film: &'a Film) -> &'a Track {
        let number = self.samples().next().unwrap().bytes[0];
        &film.tracks[usize::from(number) - 1]
    }

    /// When a sample is presented, in ticks.
    fn presented(&self, sample: &Read) -> i64 {
        sample.decode as i64 + sample.composition - self.media_time
    }

    /// The same ticks of the film's timeline.
    fn scaled(&self, track: &Track, ticks: Ticks) -> i64 {
        let (rate, seconds) = track.timescale.as_fraction();
        assert_eq!(self.timescale % i64::from(rate), 0);
        ticks.0 * i64::from(seconds) * (self.timescale / i64::from(rate))
    }

    /// An instant in ticks, rounded.
    fn ticks(&self, time: Time) -> i64 {
        ((i128::from(time.0) * i128::from(self.timescale) + 500_000_000) / 1_000_000_000) as i64
    }

    fn seconds(&self, ticks: i64) -> f64 {
        ticks as f64 / self.timescale as f64
    }
}

/// What holds of every stream, whole or part: a segment begins when the one before ends and with a sync sample, and lasts
/// as long as the playlist says. Sound of a part begins and ends with whole frames, and its playlist counts what the edit
/// list skips.
fn check_lists(film: &Film, renditions: &[Rendition], is_part: bool) -> Checked {
    prop_assert!(!renditions.is_empty());
    let longest = renditions.iter().flat_map(|rendition| &rendition.segments).map(|segment| segment.lasts).max();
    for rendition in renditions {
        let is_leading = rendition.track(film).number == due(film)[0];
        let Rendition { path, target, segments, timescale, .. } = rendition;
        prop_assert!(!segments.is_empty(), "{path} has no segment");
        let rounded = (longest.unwrap() + 500_000) / 1_000_000;
        prop_assert_eq!(*target, rounded.max(1), "{}: the longest segment lasts {:?} µs", path, longest);
        let is_rounded = is_part && rendition.track(film).kind == Kind::Audio;
        let frame = rendition.samples().map(|sample| sample.duration as i64).max().unwrap();
        let slack = if is_rounded { 3 * frame * 1_000_000 / timescale } else { 0 };
        let (mut end, mut listed) = (segments[0].samples[0].decode, 0);
        let begins = if is_rounded && segments[0].name == "0.m4s" { 0 } else { end };
        for (at, Segment { name, lasts, samples }) in segments.iter().enumerate() {
            prop_assert_eq!(samples[0].decode, end, "{} {}: a gap", path, name);
            prop_assert!(samples[0].sync, "{path} {name} begins with no sync sample");
            // Sound before the first picture, or behind the last one, is not divided.
            let is_divided = is_leading || (1..segments.len() - 1).contains(&at);
            prop_assert!(!is_divided || *lasts <= LONGEST * 1_000_000, "{path} {name}: {lasts} µs");
            end += samples.iter().map(|sample| sample.duration).sum::<u64>();
            listed += lasts;
            let exact = i128::from(end - begins) * 1_000_000 / i128::from(*timescale);
            let off = (i128::from(listed) - exact).abs();
            prop_assert!(off <= i128::from(slack) + 1, "{path} {name}: {listed} µs for {exact}");
        }
    }
    Ok(())
}

/// The sample of a track that has these bytes.
fn number(sample: &Read) -> usize {
    usize::from(sample.bytes[1]) << 16 | usize::from(sample.bytes[2]) << 8 | usize::from(sample.bytes[3])
}

/// The tracks that a stream has: pictures of one track, and all sound.
fn due(film: &Film) -> Vec<u8> {
    let of = |kind| film.tracks.iter().filter(move |track| track.kind == kind);
    let pictures = || of(Kind::Video).find(|track| track.samples.len() > 1);
    let cover = || of(Kind::Video).next().filter(|_| of(Kind::Audio).next().is_none());
    let pictures = pictures().or_else(cover);
    pictures.into_iter().chain(of(Kind::Audio)).map(|track| track.number).collect()
}

fn check_whole(film: &Film, renditions: &[Rendition]) -> Checked {
    check_lists(film, renditions, false)?;
    let numbers: Vec<u8> = renditions.iter().map(|rendition| rendition.track(film).number).collect();
    prop_assert!(numbers.iter().all(|number| due(film).contains(number)) && numbers.len() == due(film).len());
    for rendition in renditions {
        let (path, track) = (&rendition.path, rendition.track(film));
        let read: Vec<&Read> = rendition.samples().collect();
        prop_assert_eq!(read.len(), track.samples.len(), "{}", path);
        for (sample, original) in read.iter().zip(&track.samples) {
            prop_assert!(sample.bytes == original.data, "{path}: other bytes at {}", sample.decode);
            prop_assert_eq!(sample.sync, original.sync, "{} at {}", path, sample.decode);
            let expected = rendition.scaled(track, track.on_timeline(original.presentation));
            prop_assert_eq!(rendition.presented(sample), expected, "{}: sample {}", path, number(sample));
        }
    }
    check_aligned(film, renditions)
}

/// The sound of a segment begins with the first frame that is presented when its pictures begin, or later.
fn check_aligned(film: &Film, renditions: &[Rendition]) -> Checked {
    let begins = |rendition: &Rendition| -> Vec<Time> {
        let track = rendition.track(film);
        let first = |segment: &Segment| track.samples[number(&segment.samples[0])].presentation;
        rendition.segments.iter().map(|segment| track.timescale.time(track.on_timeline(first(segment)))).collect()
    };
    let leading = begins(&renditions[0]);
    for rendition in &renditions[1..] {
        let (track, own) = (rendition.track(film), begins(rendition));
        let time = |sample: &Sample| track.timescale.time(track.on_timeline(sample.presentation));
        let longest = track.samples.iter().map(|sample| sample.duration).max().unwrap();
        let tick = track.timescale.time(Ticks(1)).max(film.tick());
        let frame = track.timescale.time(longest) + tick;
        for start in &own[1..] {
            let near = |instant: &Time| (*start - *instant) >= Time(-tick.0) && *start - *instant <= frame;
            let is_behind = *start > *leading.last().unwrap() + frame;
            prop_assert!(is_behind || leading.iter().any(near), "{}: {start} not of {leading:?}", rendition.path);
        }
        for (at, instant) in leading.iter().enumerate().skip(1) {
            let first = track.samples.iter().map(time).find(|time| *time >= *instant);
            let Some(first) = first.filter(|first| leading.get(at + 1).is_none_or(|next| first < next)) else {
                continue;
            };
            let near = |start: &Time| (*start - first).0.abs() <= frame.0;
            let is_first = time(&track.samples[0]) >= *instant;
            prop_assert!(is_first || own.iter().any(near), "{}: none of {own:?} at {instant}", rendition.path);
        }
    }
    Ok(())
}

/// A stream is refused if segments would be too long, and only then.
fn check_refused(film: &Film, why: &NoStream) -> Checked {
    let NoStream::Long { .. } = why else {
        prop_assert_eq!((why, due(film)), (&NoStream::Nothing, Vec::new()));
        return Ok(());
    };
    let leader = &film.tracks[usize::from(due(film)[0]) - 1];
    let syncs = leader.samples.iter().filter(|sample| sample.sync).map(|sample| sample.presentation);
    let instants: Vec<Time> = syncs.chain([leader.media_end()]).map(|ticks| leader.timescale.time(ticks)).collect();
    let apart = instants.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
    prop_assert!(apart > Time::from_secs(LONGEST - TARGET), "refused, but sync samples are at most {apart} s apart");
    Ok(())
}

/// The tracks of a stream that present something in an interval, for more than a tick.
fn in_part(film: &Film, asked: Interval) -> Vec<u8> {
    let is_in = |number: &u8| {
        let track = &film.tracks[usize::from(*number) - 1];
        let at = |ticks| track.timescale.time(track.on_timeline(ticks));
        let begins = track.samples.iter().map(|sample| at(sample.presentation)).min().unwrap();
        let common = at(track.media_end()).min(asked.end()) - begins.max(asked.start());
        common > track.timescale.time(Ticks(1))
    };
    due(film).into_iter().filter(is_in).collect()
}

/// A part begins to be shown at the instant asked for, ends where asked, and has no sample that it does not need.
fn check_part(film: &Film, renditions: &[Rendition], asked: Interval) -> Checked {
    check_lists(film, renditions, true)?;
    let numbers: Vec<u8> = renditions.iter().map(|rendition| rendition.track(film).number).collect();
    let expected = in_part(film, asked);
    prop_assert!(expected.iter().all(|number| numbers.contains(number)), "{numbers:?}, not {expected:?}, in {asked}");
    for rendition in renditions {
        let track = rendition.track(film);
        let numbers: Vec<usize> = rendition.samples().map(number).collect();
        prop_assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]), "{}: {numbers:?}", rendition.path);
        for sample in rendition.samples() {
            prop_assert!(sample.bytes == track.samples[number(sample)].data, "{}: other bytes", rendition.path);
        }
        match track.kind {
            Kind::Video => check_pictures(track, rendition, asked)?,
            _ => check_sound(track, rendition, asked)?,
        }
    }
    Ok(())
}

/// When a sample is presented in the film.
fn whole(rendition: &Rendition, track: &Track, original: &Sample) -> (i64, i64) {
    let begins = rendition.scaled(track, track.on_timeline(original.presentation));
    (begins, begins + rendition.scaled(track, original.duration))
}

fn check_pictures(track: &Track, rendition: &Rendition, asked: Interval) -> Checked {
    let (path, tick) = (&rendition.path, rendition.scaled(track, Ticks(1)));
    let (from, to) = (rendition.ticks(asked.start()), rendition.ticks(asked.end()));
    let lead = (rendition.start.unwrap() * rendition.timescale as f64).round() as i64;
    prop_assert!(rendition.seconds(lead) < 0.001, "{path} begins to be shown after {lead} ticks");
    // The engine rounds the instants to the track's ticks; EXT-X-START has microseconds.
    let slack = tick + rendition.timescale / 1_000_000 + 1;
    let presented = |sample: &Read| rendition.presented(sample) - lead;
    let read: Vec<&Read> = rendition.samples().collect();
    let has = |at: usize| read.iter().find(|sample| number(sample) == at);
    for (at, original) in track.samples.iter().enumerate() {
        let (begins, ends) = whole(rendition, track, original);
        if ends.min(to) - begins.max(from) <= tick {
            continue;
        }
        let Some(sample) = has(at) else {
            return Err(TestCaseError::fail(format!("{path}: picture {at} is missing in {asked}")));
        };
        let expected = (begins - from).max(0);
        let came = presented(sample);
        prop_assert!((came - expected).abs() <= slack, "{path}: picture {at} at {came}, not {expected}, in {asked}");
    }
    // Of those that need not be there, decoding needs all: from the last sync sample before the part, up to the last picture
    // that is shown.
    let may_show = |at: usize| {
        let (begins, ends) = whole(rendition, track, &track.samples[at]);
        ends > from - tick && begins < to + tick
    };
    let last_shown = read.iter().map(|sample| number(sample)).filter(|at| may_show(*at)).max();
    let is_entry = |sample: &Sample| sample.sync && whole(rendition, track, sample).0 <= from - tick;
    let entry = track.samples.iter().rposition(is_entry);
    for sample in read.iter().filter(|sample| !may_show(number(sample))) {
        let at = number(sample);
        let original = &track.samples[at];
        if whole(rendition, track, original).1 <= from {
            let came = presented(sample);
            prop_assert!(came <= slack, "{path}: picture {at}, which is before {asked}, at {came}");
        }
        let is_between = entry.is_none_or(|entry| at >= entry) && last_shown.is_none_or(|last| at <= last);
        prop_assert!(is_between && !original.disposable, "{path}: picture {at} is not needed in {asked}");
    }
    let end = track.samples.iter().map(|sample| whole(rendition, track, sample).1).max().unwrap();
    let lasts = read.iter().map(|sample| sample.duration as i64).sum::<i64>() - lead;
    let expected = to.min(end) - from;
    prop_assert!((lasts - expected).abs() <= slack || end < to, "{path}: {lasts} ticks, not {expected}, of {asked}");
    Ok(())
}

fn check_sound(track: &Track, rendition: &Rendition, asked: Interval) -> Checked {
    let (path, tick) = (&rendition.path, rendition.scaled(track, Ticks(1)));
    let (from, to) = (rendition.ticks(asked.start()), rendition.ticks(asked.end()));
    let read: Vec<&Read> = rendition.samples().collect();
    for (at, original) in track.samples.iter().enumerate() {
        let (begins, ends) = whole(rendition, track, original);
        let found = read.iter().find(|sample| number(sample) == at);
        let Some(sample) = found else {
            let missing = ends.min(to) - begins.max(from);
            prop_assert!(missing <= tick, "{path}: frame {at} is missing in {asked}: {missing} ticks");
            continue;
        };
        let (came, expected) = (rendition.presented(sample), begins - from);
        prop_assert!((came - expected).abs() <= tick, "{path}: frame {at} at {came}, not {expected}, in {asked}");
        // Opus is decoded 80 ms ahead.
        let preroll = rendition.timescale * 80 / 1000;
        prop_assert!(begins < to + tick && ends > from - preroll - tick, "{path}: frame {at} is not needed in {asked}");
    }
    Ok(())
}

fn check(film: &Film, at: &[Point]) -> Checked {
    let indexed = Indexed::of(&film.file);
    let presentation = match Presentation::whole(&indexed.outline) {
        Ok(presentation) => presentation,
        Err(why) => return check_refused(film, &why),
    };
    let server = |presentation| Server { indexed: &indexed, file: &film.file, presentation };
    check_whole(film, &server(presentation).renditions())?;
    let times: Vec<Time> = at.iter().map(|point| point.of(film)).collect();
    let duration = indexed.outline.duration;
    // Nothing is shown in less than a tick.
    let shortest = film.tracks.iter().map(|track| track.timescale.time(Ticks(2))).max().unwrap();
    for asked in consecutive(times, duration) {
        let is_all = asked.start() == Time::ZERO && asked.end() >= duration;
        if is_all || asked.duration() < shortest {
            continue;
        }
        let meaning = Meaning::of(&ask(None, Some(asked)), &indexed.outline);
        match Presentation::part(&indexed.outline, &meaning) {
            Ok(presentation) => check_part(film, &server(presentation).renditions(), asked)?,
            Err(why) => {
                prop_assert!(matches!(why, PackageError::Outside) && in_part(film, asked).is_empty(), "{asked}: {why}");
            }
        }
    }
    Ok(())
}

proptest! {
    // These films are longer than the others.
    #![proptest_config(Config { cases: 150, ..config() })]

    #[test]
    fn streams_keep_their_promises(film in streamed(), at in prop::collection::vec(points(), 1..4)) {
        check(&film, &at)?;
    }
}

/// Films that once broke a promise, each with the millionths of its duration at which a part begins.
#[test]
fn films_that_broke_a_promise_keep_it() {
    let pictures = TrackPlan {
        kind: Kind::Video,
        rate: (600, 24),
        count: 600,
        varying: false,
        sync: Sync::Every(150),
        pictures: Pictures::Open { between: 3 },
        size: None,
        chunk: 10,
        edits: EditPlan { empty: None, skipped: None, trimmed: None },
        named: false,
    };
    let sound = TrackPlan {
        kind: Kind::Audio,
        rate: (44_100, 1024),
        count: 1030,
        sync: Sync::All,
        pictures: Pictures::InOrder,
        ..pictures.clone()
    };
    let frames = TrackPlan { rate: (90_000, 180_000), count: 400, ..sound.clone() };
    let skipped = EditPlan { skipped: Some(22), ..frames.edits };
    let closed = Pictures::Closed { between: 2, late: false };
    let mp4 = Layout::Progressive { movie_first: true, wide: false, order: Order::Interleaved };
    let matroska = Layout::Matroska { tick: 1_000_000, length: 10_000, groups: false, sized: true, timed: true };
    for (what, layout, tracks, at) in [
        ("a part begins with a picture of an open group", mp4, vec![pictures.clone()], 253_744),
        ("a part has only sound", mp4, vec![TrackPlan { count: 100, ..pictures.clone() }, sound.clone()], 500_000),
        ("an edit list skips more than five seconds", mp4, vec![TrackPlan { edits: skipped, ..frames }], 0),
        ("decoding waits for an open group", matroska, vec![pictures.clone()], 253_744),
        ("a part begins with a segment", mp4, vec![TrackPlan { pictures: closed, ..pictures }, sound], 250_000),
    ] {
        let film = Film::new(Plan { layout, tracks, seed: 1 });
        check(&film, &[Point::Anywhere(at)]).unwrap_or_else(|why| panic!("{what}: {why}"));
    }
}
