//! Cues, and files of them.

use std::fmt::Write;

use super::stamp::{Milliseconds, Stamp, milliseconds, stamp};
use super::text;
use crate::media::{Interval, Time};

/// Ticks of time stamps in a millisecond.
const TICKS: i128 = 90;

/// The nanoseconds of a millisecond.
const NANOS: i128 = 1_000_000;

/// How the times of cues fit those of the media: the two are the same instant (RFC 8216 §3.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimestampMap {
    /// A time stamp in the media, at 90 000 ticks a second.
    pub mpegts: u64,
    /// The time of cues at that instant.
    pub local: Time,
}

impl TimestampMap {
    /// The map of cues whose times are `begins` earlier than those of the content, by the time stamp that is at this time of the
    /// content. It is the same for all time stamps of one clock: a player knows a cue that is in two segments by its time, and
    /// would otherwise show it twice. A clock that began, or wrapped around, after `begins` is mapped by its time stamp zero: no
    /// player has to think of negative ones.
    #[must_use]
    pub fn new(stamp: u64, time: Time, begins: Time) -> Self {
        let ticks = |time: Time| (i128::from(time.0) * TICKS + NANOS / 2).div_euclid(NANOS);
        // The time stamp at which the times of cues are zero.
        let zero = i128::from(stamp) - ticks(time) + ticks(begins);
        let milliseconds = (-zero).max(0).div_euclid(TICKS) + i128::from((-zero).max(0) % TICKS > 0);
        Self {
            mpegts: u64::try_from(zero + milliseconds * TICKS).unwrap_or(0),
            local: Time(i64::try_from(milliseconds * NANOS).unwrap_or(i64::MAX)),
        }
    }
}

/// A text, and when it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cue {
    /// When it is shown.
    pub interval: Interval,
    /// Its identifier: one line, or empty.
    pub identifier: String,
    /// Where it is shown, as WebVTT writes it (§4.4): one line, or empty.
    pub settings: String,
    /// Its text, which is clean.
    text: String,
}

impl Cue {
    /// A cue with this text, which [`text::clean`] made; `None` if it shows nothing.
    pub(super) fn new(interval: Interval, text: &str) -> Option<Self> {
        let text = text::timed(text, Time::ZERO, interval);
        (!text.is_empty()).then(|| Self { interval, identifier: String::new(), settings: String::new(), text })
    }

    /// Its text, in WebVTT's markup (§4.2.2): no empty line, every tag closed.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What an excerpt shows of it, with times from the beginning of the excerpt; `None` if that is nothing.
    #[must_use]
    pub fn within(&self, excerpt: Interval) -> Option<Self> {
        let part = self.interval.intersection(excerpt)?;
        let interval = Interval::new(part.start() - excerpt.start(), part.end() - excerpt.start())?;
        let text = text::timed(&self.text, excerpt.start(), interval);
        Some(Self { interval, text, ..self.clone() })
    }
}

/// A WebVTT file of these cues, in the order of their times.
#[must_use]
pub fn write(cues: &[Cue]) -> String {
    file(String::from("WEBVTT\n"), cues)
}

/// The same as a segment of HLS (RFC 8216bis §3.1.4), with how the times of the cues fit those of the media. It ends with an empty
/// line, since ffmpeg reads segments as one file.
#[must_use]
pub fn write_segment(cues: &[Cue], TimestampMap { mpegts, local }: TimestampMap) -> String {
    let mut segment = file(format!("WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:{mpegts},LOCAL:{}\n", Stamp(local)), cues);
    segment.push('\n');
    segment
}

fn file(mut out: String, cues: &[Cue]) -> String {
    let mut cues: Vec<&Cue> = cues.iter().collect();
    cues.sort_by_key(|cue| cue.interval.start());
    for cue in cues {
        out.push('\n');
        if !cue.identifier.is_empty() {
            let _ = writeln!(out, "{}", cue.identifier);
        }
        // A cue that is shorter than a millisecond is shown for one: its end has to be after its start (§4.1).
        let start = milliseconds(cue.interval.start());
        let end = milliseconds(cue.interval.end()).max(start + 1);
        let _ = write!(out, "{} --> {}", Milliseconds(start), Milliseconds(end));
        if !cue.settings.is_empty() {
            let _ = write!(out, " {}", cue.settings);
        }
        let _ = writeln!(out, "\n{}", cue.text);
    }
    out
}

/// Reads a line of times, `00:01.000 --> 00:02.000 align:start`: when a cue is shown, and its settings.
pub fn times(line: &str) -> Option<(Interval, &str)> {
    let (start, rest) = stamp(line.trim_start())?;
    let (end, settings) = stamp(rest.trim_start().strip_prefix("-->")?.trim_start())?;
    Some((Interval::new(start, end)?, settings))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn interval(start: i64, end: i64) -> Interval {
        Interval::new(Time(start * 1_000_000), Time(end * 1_000_000)).unwrap()
    }

    fn cue(start: i64, end: i64, text: &str) -> Cue {
        Cue::new(interval(start, end), text).unwrap()
    }

    #[test]
    fn cues_that_overlap_an_excerpt_are_clipped_and_moved() {
        let cue = cue(1000, 5000, "a<00:00:02.000>b<00:00:04.000>c");
        let within = cue.within(interval(3000, 4500)).unwrap();
        assert_eq!((within.interval, within.text()), (interval(0, 1500), "ab<00:00:01.000>c"));
        assert_eq!(cue.within(interval(5000, 6000)), None);
        assert_eq!(cue.within(interval(0, 1000)), None);
        assert_eq!(cue.within(Interval::ALL).unwrap(), cue);
    }

    #[test]
    fn a_file_has_its_cues_in_order() {
        let mut first = cue(1000, 1000 + 1, "first");
        first.interval = Interval::new(Time(1_000_100_000), Time(1_000_200_000)).unwrap();
        first.settings = "align:start".to_owned();
        let mut second = cue(3_600_000, 3_601_000, "second\nline");
        second.identifier = "x".to_owned();
        let cues =
            "\n00:00:01.000 --> 00:00:01.001 align:start\nfirst\n\nx\n01:00:00.000 --> 01:00:01.000\nsecond\nline\n";
        assert_eq!(write(&[second.clone(), first.clone()]), format!("WEBVTT\n{cues}"));
        let map = "WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:126000,LOCAL:00:00:01.500\n";
        let given = TimestampMap { mpegts: 126_000, local: Time(1_500_000_000) };
        assert_eq!(write_segment(&[first, second], given), format!("{map}{cues}\n"));
    }

    #[test]
    fn time_stamps_of_one_clock_have_one_map() {
        let film = |zero: i64, begins: i64| {
            let maps = [0, 3003, 2_700_000, 2_703_003].map(|ticks: i64| {
                let time = Time((ticks * 1_000_000 + 45) / 90);
                TimestampMap::new((zero + ticks).cast_unsigned(), time, Time(begins))
            });
            assert!(maps.iter().all(|map| *map == maps[0]), "{maps:?}");
            (maps[0].mpegts, maps[0].local)
        };
        assert_eq!(film(126_000, 0), (126_000, Time::ZERO));
        // Times of a part are earlier.
        assert_eq!(film(126_000, 7_240_000_000), (126_000 + 651_600, Time::ZERO));
        // The clock began at ten seconds, and at about ten seconds.
        let map = |stamp, seconds: i64| TimestampMap::new(stamp, Time::from_secs(seconds), Time::ZERO);
        assert_eq!(map(0, 10), TimestampMap { mpegts: 0, local: Time::from_secs(10) });
        assert_eq!(map(90_001, 11), TimestampMap { mpegts: 1, local: Time::from_secs(10) });
        assert_eq!(map(89_999, 11), TimestampMap { mpegts: 89, local: Time(10_001_000_000) });
    }
}
