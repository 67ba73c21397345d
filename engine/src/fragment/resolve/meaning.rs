//! The meaning of a request for one file: which of its tracks, and what time.

use std::fmt;

use super::{Ask, tracks};
use crate::fragment::mapping::MappingUnit;
use crate::fragment::uri::clock::Instant;
use crate::fragment::uri::smpte::SmpteFormat;
use crate::fragment::uri::{Temporal, WrittenInterval};
use crate::index::Outline;
use crate::media::{Interval, Kind, Time, Track};

/// How far a video's frame rate may deviate from that of a time code: half the difference between 29.97 and 30 frames a
/// second, so that `smpte-30-drop` is for the one and `smpte-30` for the other.
const TOLERANCE_PER_MILLION: i128 = 500;
/// How far the length of a video may be off, however short it is: Matroska's times are whole milliseconds.
const ROUNDING: Time = Time(2_000_000);

/// The meaning of a fragment for one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The time.
    pub when: When,
    /// The positions of the selected tracks in the outline, in order; `None` for all.
    pub tracks: Option<Vec<usize>>,
    /// The dimensions that mean nothing for this file, and why.
    pub without: Vec<Meaningless>,
}

/// The selected time of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The whole file.
    Always,
    /// This interval, which may extend beyond the end.
    During(Interval),
    /// Nothing: the requested interval is empty, or before the beginning, or the intersection is empty.
    Never,
}

/// A dimension that means nothing for a file, and so is ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaningless {
    /// The dimension.
    pub dimension: Dimension,
    /// The reason.
    pub why: String,
}

/// A dimension of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// `t`.
    Time(Temporal),
    /// One `track`.
    Track(String),
    /// `id`.
    Id(String),
}

impl fmt::Display for Dimension {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(time) => write!(out, "t={time}"),
            Self::Track(name) => write!(out, "track={name}"),
            Self::Id(name) => write!(out, "id={name}"),
        }
    }
}

impl Meaning {
    /// The meaning of `ask` for the file of this outline. Dimensions without meaning are left out, and listed.
    #[must_use]
    pub fn of(ask: &Ask, outline: &Outline) -> Self {
        let mut meaning = Self { when: When::Always, tracks: None, without: Vec::new() };
        if let Some(time) = &ask.time {
            match interval(time, outline) {
                Ok(when) => meaning.narrow(when),
                Err(why) => meaning.lacks(Dimension::Time(*time), why),
            }
        }
        if let Some(id) = &ask.id {
            match chapter(id, outline) {
                Some(interval) => meaning.narrow(When::During(interval)),
                None => meaning.lacks(Dimension::Id(id.clone()), "the file has no such chapter".to_owned()),
            }
        }
        for name in &ask.tracks {
            let places = tracks::named(outline, name);
            if places.is_empty() {
                meaning.lacks(Dimension::Track(name.clone()), "the file has no such track".to_owned());
            } else {
                meaning.tracks.get_or_insert_default().extend(places);
            }
        }
        if let Some(places) = &mut meaning.tracks {
            places.sort_unstable();
            places.dedup();
        }
        meaning
    }

    /// Whether it is the whole file.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.when == When::Always && self.tracks.is_none()
    }

    /// Whether all tracks and the chapter that the request names exist: for the other dimensions, a lack of meaning is
    /// not an error of the client.
    #[must_use]
    pub fn means_all_it_names(&self) -> bool {
        self.without.iter().all(|without| matches!(without.dimension, Dimension::Time(_)))
    }

    /// The names of tracks that exist.
    pub fn named<'a>(&self, names: &'a [String]) -> impl Iterator<Item = &'a str> {
        let lacking = |name: &str| {
            self.without.iter().any(|without| matches!(&without.dimension, Dimension::Track(track) if track == name))
        };
        names.iter().map(String::as_str).filter(move |name| !lacking(name))
    }

    /// The positions of the selected tracks.
    pub(crate) fn places(&self, outline: &Outline) -> Vec<usize> {
        self.tracks.clone().unwrap_or_else(|| (0..outline.tracks.len()).collect())
    }

    /// The selected part of the file; `None` if it is completely outside.
    #[must_use]
    pub fn interval(&self, outline: &Outline) -> Option<Interval> {
        let all = Interval::new(Time::ZERO, outline.duration)?;
        match self.when {
            When::Always => Some(all),
            When::During(interval) => all.intersection(interval),
            When::Never => None,
        }
    }

    fn narrow(&mut self, by: When) {
        self.when = match (self.when, by) {
            (When::Always, when) | (when, When::Always) => when,
            (When::During(one), When::During(other)) => one.intersection(other).map_or(When::Never, When::During),
            _ => When::Never,
        };
    }

    fn lacks(&mut self, dimension: Dimension, why: String) {
        self.without.push(Meaningless { dimension, why });
    }
}

/// The unit in which an answer to `time` names instants.
#[must_use]
pub fn unit(time: Option<&Temporal>, outline: &Outline) -> MappingUnit {
    match (time, outline.created) {
        (Some(Temporal::Smpte(format, _)), _) => MappingUnit::Smpte(*format),
        (Some(Temporal::Clock(_)), Some(created)) => MappingUnit::Clock(Instant(created)),
        _ => MappingUnit::Npt,
    }
}

/// An interval in normal play time; the error says why it means nothing.
fn interval(time: &Temporal, outline: &Outline) -> Result<When, String> {
    let interval = match time {
        Temporal::Npt(interval) => *interval,
        Temporal::Smpte(format, interval) => {
            counts_frames(*format, outline)?;
            interval.map(|code| format.time(code.position(*format)))
        }
        Temporal::Clock(interval) => {
            let created = outline.created.ok_or("the file does not say when it was recorded")?;
            interval.map(|instant| Time(instant.0.saturating_sub(created)))
        }
    };
    Ok(during(interval))
}

fn during(interval: WrittenInterval<Time>) -> When {
    let (start, end) = (interval.start.unwrap_or(Time::ZERO).max(Time::ZERO), interval.end.unwrap_or(Time::MAX));
    Interval::new(start, end).map_or(When::Never, When::During)
}

/// Checks that time codes of this format count the frames of the file's video.
fn counts_frames(format: SmpteFormat, outline: &Outline) -> Result<(), String> {
    let video = outline.tracks.iter().find(|track| track.kind == Kind::Video && track.samples > 0);
    let video = video.ok_or("the file has no video whose frames it could count")?;
    let lasts = video.timescale.time(video.presented.1) - video.timescale.time(video.presented.0);
    let (frames, seconds) = format.rate();
    let expected = i128::from(video.samples) * 1_000_000_000 * i128::from(seconds) / i128::from(frames);
    let allowed = (expected * TOLERANCE_PER_MILLION / 1_000_000).max(i128::from(ROUNDING.0));
    if (i128::from(lasts.0) - expected).abs() <= allowed {
        return Ok(());
    }
    let rate = frame_rate(video).map_or_else(|| "another number of".to_owned(), |rate| format!("{rate:.3}"));
    Err(format!("the video has {rate} frames a second"))
}

/// The average number of frames a second, for people.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "for display only")]
pub fn frame_rate(video: &Track) -> Option<f64> {
    let lasts = video.timescale.time(video.presented.1) - video.timescale.time(video.presented.0);
    (lasts > Time::ZERO).then(|| video.samples as f64 / lasts.as_secs_f64())
}

/// The chapter of this name. Of several, the first; if there is none, the one with this number, from 1: chapters of MP4
/// only have titles, and those are not unique.
fn chapter(name: &str, outline: &Outline) -> Option<Interval> {
    let called = outline.chapters.iter().find(|chapter| chapter.is_called(name));
    let numbered = || {
        let number: usize = name.strip_prefix("chapter-")?.parse().ok()?;
        outline.chapters.get(number.checked_sub(1)?)
    };
    called.or_else(numbered).map(|chapter| chapter.interval)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::fragment::uri::Fragment;
    use crate::index::{Container, FORMAT};
    use crate::media::{Chapter, Setup, Ticks, Timescale};

    fn track(id: u64, kind: Kind, name: Option<&str>, timescale: u32, frame: i64) -> Track {
        Track {
            name: name.map(str::to_owned),
            samples: 300,
            presented: (Ticks::ZERO, Ticks(300 * frame)),
            ..Track::new(id, kind, String::new(), Timescale::per_second(timescale).unwrap(), Setup::At(0..0))
        }
    }

    /// An outline of about ten seconds, recorded at 2010-10-22T07:33:53Z, with a video of these ticks a second and
    /// ticks a frame.
    fn outline(timescale: u32, frame: i64) -> Outline {
        let chapter = |title: &str, start, end| Chapter {
            titles: vec![title.to_owned()],
            ids: vec![format!("{}00", start + 1)],
            interval: Interval::new(Time::from_secs(start), Time::from_secs(end)).unwrap(),
        };
        Outline {
            container: Container::named("mp4"),
            mime: "video/mp4".to_owned(),
            duration: Time::from_secs(10),
            tracks: vec![
                track(1, Kind::Video, None, timescale, frame),
                track(2, Kind::Audio, Some("audio"), 48_000, 1024),
                track(3, Kind::Audio, Some("1"), 48_000, 1024),
                track(4, Kind::Text, Some("audio"), 1_000, 1_000),
            ],
            chapters: vec![chapter("Opening", 0, 3), chapter("song1", 3, 7), chapter("chapter-1", 7, 10)],
            setup: Vec::new(),
            setup_ranges: Vec::new(),
            elements: false,
            created: Some(1_287_732_833_000_000_000),
            pages: 1,
            notes: Vec::new(),
            segments: None,
            format: FORMAT,
        }
    }

    /// The meaning of a fragment: `when`, tracks, and why other dimensions mean nothing.
    fn meaning(fragment: &str, outline: &Outline) -> (String, Option<Vec<usize>>, Vec<String>) {
        let meaning = Meaning::of(&Ask::from(&Fragment::parse(fragment)), outline);
        let when = match meaning.when {
            When::Always => "always".to_owned(),
            When::During(interval) => interval.to_string(),
            When::Never => "never".to_owned(),
        };
        (when, meaning.tracks, meaning.without.into_iter().map(|without| without.why).collect())
    }

    #[test]
    fn time_means_seconds_of_the_file() {
        let film = outline(25, 1);
        for (fragment, when) in [
            ("t=3,7", "3,7"),
            ("t=,7", "0,7"),
            ("t=3", "3"),
            ("t=15,20", "15,20"),
            ("t=smpte-25:0:00:03:05,0:00:07", "3.2,7"),
            ("t=clock:2010-10-22T07:33:56Z", "3"),
            ("t=clock:2010-10-22T07:33:56.5Z,2010-10-22T09:34:00+02:00", "3.5,7"),
            ("t=clock:,2010-10-22T07:33:56Z", "0,3"),
            ("t=clock:2010-10-22T07:33:50Z,2010-10-22T07:33:56Z", "0,3"),
            ("t=clock:,2010-10-22T07:33:53Z", "never"),
            ("id=song1", "3,7"),
            ("id=400", "3,7"),
            ("id=chapter-2", "3,7"),
            ("id=chapter-1", "7,10"),
            ("id=song1&t=5,9", "5,7"),
            ("id=song1&t=8,9", "never"),
        ] {
            assert_eq!(meaning(fragment, &film), (when.to_owned(), None, Vec::new()), "{fragment}");
        }
    }

    #[test]
    fn tracks_are_named_by_name_then_number_then_kind() {
        let film = outline(25, 1);
        for (fragment, tracks, lacking) in [
            ("track=audio", Some(vec![1, 3]), 0),
            ("track=1", Some(vec![2]), 0),
            ("track=2", Some(vec![1]), 0),
            ("track=text&track=video", Some(vec![0, 3]), 0),
            ("track=audio&track=2&track=nosuch", Some(vec![1, 3]), 1),
            ("track=Audio", None, 1),
        ] {
            let (when, found, without) = meaning(fragment, &film);
            assert_eq!((when.as_str(), found, without.len()), ("always", tracks, lacking), "{fragment}");
        }
    }

    #[test]
    fn a_dimension_that_means_nothing_is_left_out_with_the_reason() {
        let film = outline(25, 1);
        for (fragment, why) in [
            ("t=smpte:0:00:03", "the video has 25.000 frames a second"),
            ("t=smpte-30-drop:0:00:03", "the video has 25.000 frames a second"),
            ("id=nosuch", "the file has no such chapter"),
            ("id=chapter-0", "the file has no such chapter"),
            ("id=chapter-4", "the file has no such chapter"),
            ("track=5", "the file has no such track"),
        ] {
            assert_eq!(meaning(fragment, &film), ("always".to_owned(), None, vec![why.to_owned()]), "{fragment}");
        }
        let mut sound = outline(25, 1);
        sound.tracks.remove(0);
        sound.created = None;
        for (fragment, why) in [
            ("t=smpte-25:0:00:03", "the file has no video whose frames it could count"),
            ("t=clock:2010-10-22T07:33:56Z", "the file does not say when it was recorded"),
        ] {
            assert_eq!(meaning(fragment, &sound), ("always".to_owned(), None, vec![why.to_owned()]), "{fragment}");
        }
    }

    #[test]
    fn time_codes_are_for_videos_of_their_rate() {
        let rates = [(25, 1), (30, 1), (30_000, 1001), (30_000, 1_002), (24_000, 1001), (2997, 100), (1_000, 33)];
        let fitting = |timescale, frame| {
            let film = outline(timescale, frame);
            let fits = |format: &SmpteFormat| counts_frames(*format, &film).is_ok();
            SmpteFormat::ALL.into_iter().filter(fits).map(SmpteFormat::name).collect::<Vec<_>>()
        };
        let found: Vec<_> = rates.into_iter().map(|(timescale, frame)| fitting(timescale, frame)).collect();
        let (drop, thirty, none): (&[_], &[_], &[&str]) = (&["smpte-30-drop"], &["smpte-30", "smpte"], &[]);
        assert_eq!(found, [&["smpte-25"], thirty, drop, none, none, drop, none]);
    }
}
