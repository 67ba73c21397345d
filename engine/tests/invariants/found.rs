//! Failures that random films have revealed, each as a film of its own.

use reelspan_engine::fragment::resolve::{Cut, MediaPart};
use reelspan_engine::media::{Interval, Kind, Time};

use super::engine::{Indexed, assemble};
use super::film::{EditPlan, Film, Layout, Order, Pictures, Plan, Sync, TrackPlan};
use super::ranges::Covering;
use super::requests::{ask, consecutive};

const PLAIN: Layout = Layout::Progressive { movie_first: true, wide: false, order: Order::Interleaved };
const UNTIMED: Layout = Layout::Matroska { tick: 1_000_000, length: 2000, groups: false, sized: true, timed: false };

/// A track with this many samples, of which only the first is a sync sample; all are presented in order.
fn track(kind: Kind, rate: (u32, i64), count: usize) -> TrackPlan {
    TrackPlan {
        kind,
        rate,
        count,
        varying: false,
        sync: Sync::First,
        pictures: Pictures::InOrder,
        size: None,
        chunk: 1,
        edits: EditPlan { empty: None, skipped: None, trimmed: None },
        named: false,
    }
}

fn film(layout: Layout, tracks: Vec<TrackPlan>) -> (Film, Indexed) {
    let film = Film::new(Plan { layout, tracks, seed: 0 });
    let indexed = Indexed::of(&film.file);
    (film, indexed)
}

fn cut(indexed: &Indexed, name: Option<&str>, start: i64, end: i64) -> MediaPart {
    let time = Interval::new(Time(start * 1_000_000), Time(end * 1_000_000));
    match indexed.cut(&ask(name, time)) {
        Cut::Part(part) => *part,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stretch_too_short_for_a_tick_leaves_no_sample_out() {
    let trimmed = EditPlan { empty: None, skipped: Some(250), trimmed: Some(250) };
    // Ticks of a tenth of a second: an end at 1.96 s is the end at 2 s.
    let (film, indexed) =
        film(PLAIN, vec![TrackPlan { edits: trimmed, sync: Sync::All, ..track(Kind::Video, (10, 5), 8) }]);
    assert_eq!(indexed.outline.duration, Time::from_secs(2));
    let mut laid = Covering::new(film.file.len());
    for interval in consecutive(vec![Time(40_000_000), Time(1_960_000_000)], indexed.outline.duration) {
        if let Ok((ranges, _)) = indexed.cover(&ask(None, Some(interval))) {
            laid.lay(&ranges).unwrap();
        }
    }
    assert!(film.samples_of(&[0]).all(|sample| laid.has(&sample.bytes)));
}

#[test]
fn a_lone_sample_of_unknown_duration_is_given() {
    let (film, indexed) = film(UNTIMED, vec![track(Kind::Audio, (1000, 20), 90), track(Kind::Video, (1000, 40), 1)]);
    let (ranges, _) = indexed.cover(&ask(Some("video"), None)).unwrap();
    let mut laid = Covering::new(film.file.len());
    laid.lay(&ranges).unwrap();
    assert!(film.samples_of(&[1]).all(|sample| laid.has(&sample.bytes)));
}

#[test]
fn each_video_of_a_cut_begins_at_its_own_sync_sample() {
    let videos = [10, 25].map(|group| TrackPlan { sync: Sync::Every(group), ..track(Kind::Video, (1000, 40), 100) });
    let layout = Layout::Matroska { tick: 1_000_000, length: 2000, groups: false, sized: true, timed: true };
    let (film, indexed) = film(layout, videos.to_vec());
    let part = cut(&indexed, None, 1900, 3000);
    // From picture 40 of one, presented at 1.6 s, and from picture 25 of the other, at 1 s.
    assert_eq!(part.given, Interval::new(Time::from_secs(1), Time::from_secs(3)).unwrap());
    let fresh = Indexed::of(&assemble(&film.file, &part.file.splice));
    let counts: Vec<u64> = fresh.outline.tracks.iter().map(|track| track.samples).collect();
    assert_eq!(counts, [75 - 40, 75 - 25]);
}

#[test]
fn pictures_of_an_open_group_need_not_be_placed_before_the_cut() {
    // Its ticks are so short that a cluster's relative times reach back three quarters of a second and no further.
    let layout = Layout::Matroska { tick: 22_675, length: 100, groups: false, sized: true, timed: true };
    let open = Pictures::Open { between: 3 };
    let slow = TrackPlan { pictures: open, sync: Sync::Every(4), ..track(Kind::Video, (1000, 480), 12) };
    let (_, indexed) = film(layout, vec![TrackPlan { sync: Sync::All, ..track(Kind::Video, (1000, 40), 120) }, slow]);
    for start in (0..4800).step_by(120) {
        cut(&indexed, None, start, 5000);
    }
}

#[test]
fn a_cut_promises_no_more_than_its_tracks_have() {
    let (film, indexed) = film(PLAIN, vec![track(Kind::Video, (600, 24), 100), track(Kind::Text, (1000, 500), 3)]);
    let part = cut(&indexed, Some("text"), 1000, 3000);
    assert_eq!(part.given, Interval::new(Time::from_secs(1), Time(1_500_000_000)).unwrap());
    let fresh = Indexed::of(&assemble(&film.file, &part.file.splice));
    assert_eq!(fresh.outline.duration, part.given.duration());
    assert_eq!((part.mime.as_str(), fresh.outline.mime.as_str()), ("application/mp4", "application/mp4"));
}
