//! Random requests: times anywhere or next to the beginning or end of something, and tracks.

use proptest::prelude::*;
use reelspan_engine::fragment::resolve::Ask;
use reelspan_engine::media::{Interval, Time};

use super::film::Film;

/// A time in a film.
#[derive(Clone, Copy, Debug)]
pub enum Point {
    /// This many millionths of its duration.
    Anywhere(i64),
    /// This many nanoseconds from the beginning of a sample's presentation.
    Near { track: prop::sample::Index, sample: prop::sample::Index, off: i64 },
}

pub fn points() -> impl Strategy<Value = Point> {
    let near = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), -1_i64..=1);
    prop_oneof![
        (0..1_000_000_i64).prop_map(Point::Anywhere),
        near.prop_map(|(track, sample, off)| Point::Near { track, sample, off }),
    ]
}

impl Point {
    pub fn of(self, film: &Film) -> Time {
        match self {
            Self::Anywhere(millionths) => {
                Time((i128::from(film.duration().0) * i128::from(millionths) / 1_000_000) as i64)
            }
            Self::Near { track, sample, off } => {
                let track = track.get(&film.tracks);
                let begins: Vec<_> = track.timeline().map(|(_, whole, _)| whole.start).collect();
                Time(track.timescale.time(*sample.get(&begins)).0 + off)
            }
        }
    }
}

/// The intervals between these times, from zero to `end`.
pub fn consecutive(mut points: Vec<Time>, end: Time) -> Vec<Interval> {
    points.extend([Time::ZERO, end]);
    points.retain(|point| (Time::ZERO..=end).contains(point));
    points.sort_unstable();
    points.windows(2).filter_map(|pair| Interval::new(pair[0], pair[1])).collect()
}

/// Each way to name tracks of a film, and the positions of the tracks.
pub fn names(film: &Film) -> Vec<(String, Vec<usize>)> {
    let places = |chosen: &dyn Fn(&super::film::Track) -> bool| -> Vec<usize> {
        (0..film.tracks.len()).filter(|place| chosen(&film.tracks[*place])).collect()
    };
    let mut names = Vec::new();
    for track in &film.tracks {
        names.push((track.number.to_string(), places(&|other| other.number == track.number)));
        names.push((track.kind.name().to_owned(), places(&|other| other.kind == track.kind)));
        names.extend(track.name.map(|name| (name.to_owned(), places(&|other| other.name == Some(name)))));
    }
    names.sort_unstable();
    names.dedup();
    names
}

/// A request for tracks and time.
pub fn ask(name: Option<&str>, time: Option<Interval>) -> Ask {
    Ask { time: time.map(Into::into), tracks: name.into_iter().map(str::to_owned).collect(), id: None }
}
