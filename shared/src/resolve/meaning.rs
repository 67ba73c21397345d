//! What was asked, in the terms of one file: which of its tracks, and when.

use std::fmt;

use super::{Ask, tracks};
use crate::http::mapping::Unit;
use crate::index::Outline;
use crate::media::{Interval, Kind, Ticks, Time, Track};
use crate::uri::clock::Instant;
use crate::uri::smpte::Format;
use crate::uri::{Stretch, Temporal};

/// How far a video may be from the frame rate of a time code: half of what lies between 29.97 and 30 frames a second, so that
/// `smpte-30-drop` is for the one and `smpte-30` for the other.
const TOLERANCE_PER_MILLION: i128 = 500;

/// What a fragment means for one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// When.
    pub when: When,
    /// The places in the outline of the tracks that are meant, in order; `None`: all of them.
    pub tracks: Option<Vec<usize>>,
    /// The dimensions that mean nothing for this file, and why.
    pub without: Vec<Meaningless>,
}

/// Which stretch of a file is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// All of it.
    Always,
    /// This part, which may reach beyond the end.
    During(Interval),
    /// None of it: what was asked for is no time, or lies before the beginning, or has nothing in common.
    Never,
}

/// A dimension that means nothing for a file, which is as if it were not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaningless {
    /// Which.
    pub dimension: Dimension,
    /// Why.
    pub why: String,
}

/// A dimension as it was asked for.
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
    /// What `ask` means for the file of this outline. What means nothing is left out, and told.
    #[must_use]
    pub fn of(ask: &Ask, outline: &Outline) -> Self {
        let mut meaning = Self { when: When::Always, tracks: None, without: Vec::new() };
        if let Some(time) = &ask.time {
            match stretch(time, outline) {
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

    /// Whether it is all of the file.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.when == When::Always && self.tracks.is_none()
    }

    /// Whether the tracks and the chapter that were asked for by name are there, all of them: of the other dimensions, what
    /// means nothing is no mistake of whoever asks.
    #[must_use]
    pub fn means_all_it_names(&self) -> bool {
        self.without.iter().all(|without| matches!(without.dimension, Dimension::Time(_)))
    }

    /// Those of the names of tracks that mean something.
    pub fn named<'a>(&self, names: &'a [String]) -> impl Iterator<Item = &'a str> {
        let lacking = |name: &str| {
            self.without.iter().any(|without| matches!(&without.dimension, Dimension::Track(track) if track == name))
        };
        names.iter().map(String::as_str).filter(move |name| !lacking(name))
    }

    /// The places of the tracks that are meant.
    pub(super) fn places(&self, outline: &Outline) -> Vec<usize> {
        self.tracks.clone().unwrap_or_else(|| (0..outline.tracks.len()).collect())
    }

    /// The part of the file that is meant: `None` where it lies wholly outside.
    pub(super) fn interval(&self, outline: &Outline) -> Option<Interval> {
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
pub fn unit(time: Option<&Temporal>, outline: &Outline) -> Unit {
    match (time, outline.created) {
        (Some(Temporal::Smpte(format, _)), _) => Unit::Smpte(*format),
        (Some(Temporal::Clock(_)), Some(created)) => Unit::Clock(Instant(created)),
        _ => Unit::Npt,
    }
}

/// A stretch of time in normal play time; the error says why it means nothing.
fn stretch(time: &Temporal, outline: &Outline) -> Result<When, String> {
    let stretch = match time {
        Temporal::Npt(stretch) => *stretch,
        Temporal::Smpte(format, stretch) => {
            counts_frames(*format, outline)?;
            stretch.map(|code| format.time(code.position(*format)))
        }
        Temporal::Clock(stretch) => {
            let created = outline.created.ok_or("the file does not say when it was recorded")?;
            stretch.map(|instant| Time(instant.0.saturating_sub(created)))
        }
    };
    Ok(during(stretch))
}

fn during(stretch: Stretch<Time>) -> When {
    let (start, end) = (stretch.start.unwrap_or(Time::ZERO).max(Time::ZERO), stretch.end.unwrap_or(Time::MAX));
    Interval::new(start, end).map_or(When::Never, When::During)
}

/// Whether time codes of this format count the frames of the file's video.
fn counts_frames(format: Format, outline: &Outline) -> Result<(), String> {
    let video = outline.tracks.iter().find(|track| track.kind == Kind::Video && track.samples > 0);
    let video = video.ok_or("the file has no video whose frames it could count")?;
    let lasts = video.timescale.time(video.presented.1) - video.timescale.time(video.presented.0);
    let (frames, seconds) = format.rate();
    let expected = i128::from(video.samples) * 1_000_000_000 * i128::from(seconds) / i128::from(frames);
    // Where a track is short, its timescale is not as exact as the tolerance.
    let tick = i128::from(video.timescale.time(Ticks(1)).0);
    let allowed = (expected * TOLERANCE_PER_MILLION / 1_000_000).max(2 * tick);
    if (i128::from(lasts.0) - expected).abs() <= allowed {
        return Ok(());
    }
    let rate = frame_rate(video).map_or_else(|| "another number of".to_owned(), |rate| format!("{rate:.3}"));
    Err(format!("the video has {rate} frames a second"))
}

/// Frames a second, on average; for people.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "for display only")]
pub fn frame_rate(video: &Track) -> Option<f64> {
    let lasts = video.timescale.time(video.presented.1) - video.timescale.time(video.presented.0);
    (lasts > Time::ZERO).then(|| video.samples as f64 / lasts.as_secs_f64())
}

/// The chapter of this title, else the first that the container identifies so.
fn chapter(_id: &str, _outline: &Outline) -> Option<Interval> {
    None
}
