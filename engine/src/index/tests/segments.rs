//! The segment table divides the samples of a file: each sample is in one segment, and each segment begins at a sync sample.

#![allow(clippy::cast_possible_wrap, clippy::cast_precision_loss)]

use proptest::prelude::*;

use super::hour;
use crate::index::{Builder, Built, Memory, PART_CELLS, PackedPage, Segment, Segments, TARGET, part_at};
use crate::media::{Kind, Private, Run, Ticks, Time, Track};

const PICTURES: u32 = 12_800;
const SOUND: u32 = 44_100;

fn tracks() -> Vec<Track> {
    vec![hour::track(Kind::Audio, SOUND), hour::track(Kind::Video, PICTURES)]
}

fn run(decode: i64, duration: i64, sync: bool) -> Run {
    Run {
        decode: Ticks(decode),
        composition: Ticks::ZERO,
        duration: Ticks(duration),
        offset: 0,
        size: 10,
        count: 1,
        sync,
        disposable: false,
        private: Private::NONE,
    }
}

/// A film with groups of these lengths in pictures of 40 ms each, and sound that begins and ends with it.
fn film(groups: &[usize]) -> (Vec<Run>, Vec<Run>) {
    let pictures = groups.iter().flat_map(|length| (0..*length).map(|at| at == 0));
    let pictures: Vec<Run> = (0_i64..).zip(pictures).map(|(at, sync)| run(at * 512, 512, sync)).collect();
    let length = pictures.len() as i64 * 512 * i64::from(SOUND) / i64::from(PICTURES);
    let sound = (0..=length / 1024).map(|at| run(at * 1024, 1024, true)).collect();
    (pictures, sound)
}

/// The table of a film whose samples come in the order of their times.
fn table(pictures: &[Run], sound: &[Run]) -> (Segments, Vec<Segment>) {
    let mut builder = Builder::new(tracks());
    let mut packed = Vec::new();
    let mut sound_left = sound.iter().peekable();
    for (at, picture) in pictures.iter().enumerate() {
        let until = picture.decode.0 * i64::from(SOUND) / i64::from(PICTURES);
        while let Some(frame) = sound_left.next_if(|frame| frame.decode.0 < until) {
            builder.samples(0, frame.clone()).unwrap();
        }
        builder.samples(1, picture.clone()).unwrap();
        packed.append(&mut builder.take_ready());
        if at.is_power_of_two() {
            builder = postcard::from_bytes(&postcard::to_stdvec(&builder).unwrap()).unwrap();
        }
    }
    for frame in sound_left {
        builder.samples(0, frame.clone()).unwrap();
    }
    let Built { mut pages, segments, .. } = builder.finish().unwrap();
    packed.append(&mut pages);
    let mut memory = Memory::default();
    for page in packed {
        memory.insert(page);
    }
    let segments = segments.unwrap();
    assert_eq!(u32::try_from(memory.packed_parts().count()), Ok(segments.parts));
    let parts = (0..segments.parts).map(|part| memory.part(part).unwrap().unwrap());
    let all: Vec<Segment> = parts.flat_map(|part| part.segments).collect();
    assert_eq!(all.len() as u64, segments.count);
    (segments, all)
}

/// The lengths of the groups of a film of two pictures or more: a single one is a cover.
fn groups() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(1_usize..400, 1..30).prop_filter("a film", |groups| *groups != [1])
}

#[test]
fn one_picture_is_a_cover_and_the_sound_leads() {
    let (pictures, sound) = film(&[1]);
    let (segments, all) = table(&pictures, &sound);
    assert_eq!((segments.tracks.as_slice(), segments.count), ([0].as_slice(), 1));
    assert_eq!(all[0].tracks[0].end, sound.last().unwrap().decode_end());
}

proptest! {
    #[test]
    fn each_sample_is_in_one_segment_and_sound_begins_with_the_pictures(groups in groups()) {
        let (pictures, sound) = film(&groups);
        let (segments, all) = table(&pictures, &sound);
        prop_assert_eq!(&segments.tracks, &[1, 0]);
        prop_assert!(!segments.open_groups);
        for (place, samples) in [(0, &pictures), (1, &sound)] {
            let mut end = Ticks::ZERO;
            for segment in &all {
                let of_track = segment.tracks[place];
                prop_assert_eq!(of_track.start, end);
                end = of_track.end;
                let within: Vec<_> =
                    samples.iter().filter(|run| (of_track.start..of_track.end).contains(&run.decode)).collect();
                prop_assert_eq!(of_track.bytes, within.iter().map(|run| u64::from(run.size)).sum::<u64>());
                prop_assert!(within.first().is_none_or(|run| run.sync));
            }
            prop_assert_eq!(end, samples.last().unwrap().decode_end());
        }
        let mut last = None;
        for segment in &all {
            let [pictures, sound] = segment.tracks.as_slice() else { panic!("two tracks") };
            let begins = pictures.start.0 as f64 / f64::from(PICTURES);
            let heard = sound.start.0 as f64 / f64::from(SOUND);
            prop_assert!((0.0..0.0233).contains(&(heard - begins)), "{} and {}", begins, heard);
            // No two begin in the same interval of six seconds, but for the tolerance.
            let interval = ((begins + 0.1) / 6.0).floor();
            prop_assert!(last.is_none_or(|last| interval > last));
            last = Some(interval);
        }
        let longest = all.iter().map(|segment| segment.tracks[0].duration()).max();
        prop_assert_eq!(Some(segments.longest), longest);
    }
}

#[test]
fn a_part_has_the_segments_of_its_cells_and_twelve_hours_do_not_drift() {
    let groups = vec![50; 12 * 1800];
    let (pictures, sound) = film(&groups);
    let (segments, all) = table(&pictures, &sound);
    assert_eq!((segments.count, segments.parts), (7200, 43_200_u32.div_ceil(PART_CELLS * 10)));
    assert!(all.iter().all(|segment| segment.tracks[0].duration() == Ticks(6 * i64::from(PICTURES))));
    assert_eq!(part_at(TARGET), 0);
    assert_eq!(part_at(Time::from_secs(640)), 1);
}

#[test]
fn pictures_before_a_sync_sample_open_their_group() {
    let pictures: Vec<Run> = (0..500)
        .map(|at| {
            let leads = at % 50 == 1 && at > 1;
            Run { composition: Ticks(if leads { -1024 } else { 0 }), ..run(at * 512, 512, at % 50 == 0) }
        })
        .collect();
    let (segments, _) = table(&pictures, &[]);
    assert!(segments.open_groups);
}

#[test]
fn sound_before_the_first_picture_is_a_segment_of_its_own() {
    let late: Vec<Run> = (0..500).map(|at| run(40 * i64::from(PICTURES) + at * 512, 512, at % 50 == 0)).collect();
    let sound: Vec<Run> = (0..2600).map(|at| run(at * 1024, 1024, true)).collect();
    let (segments, all) = table(&late, &sound);
    assert_eq!(segments.tracks, [1, 0]);
    assert_eq!(all[0].tracks[0].bytes, 0);
    assert_eq!(all.iter().map(|segment| segment.tracks[1].bytes).sum::<u64>(), 26_000);
    assert_eq!(all.iter().map(|segment| segment.tracks[0].bytes).sum::<u64>(), 5_000);
}

#[test]
fn a_page_of_the_table_is_no_page_of_samples() {
    let packed = PackedPage { number: crate::index::FIRST_PART, bytes: bytes::Bytes::new() };
    assert!(!packed.is_page());
}

/// The table of a film of 40 s, with these changes of configuration: of the sound (0) or the pictures (1), by decode time.
fn changed(pictures: &[Run], sound: &[Run], changes: &[(usize, i64, u32)]) -> (Segments, Vec<Segment>) {
    let mut builder = Builder::new(tracks());
    let mut all: Vec<(f64, usize, &Run)> = Vec::new();
    for (track, rate, runs) in [(0, SOUND, sound), (1, PICTURES, pictures)] {
        all.extend(runs.iter().map(|run| (run.decode.0 as f64 / f64::from(rate), track, run)));
    }
    all.sort_by(|one, other| one.0.total_cmp(&other.0));
    for (at, (_, track, run)) in all.into_iter().enumerate() {
        let before = |change: &&(usize, i64, u32)| change.0 == track && change.1 <= run.decode.0;
        let number = changes.iter().rfind(before).map_or(1, |change| change.2);
        builder.configure(track, run.decode, number);
        builder.samples(track, run.clone()).unwrap();
        if at.is_power_of_two() {
            builder = postcard::from_bytes(&postcard::to_stdvec(&builder).unwrap()).unwrap();
        }
    }
    let Built { pages, segments, .. } = builder.finish().unwrap();
    let mut memory = Memory::default();
    for page in pages {
        memory.insert(page);
    }
    let segments = segments.unwrap();
    let parts = (0..segments.parts).map(|part| memory.part(part).unwrap().unwrap());
    (segments.clone(), parts.flat_map(|part| part.segments).collect())
}

proptest! {
    #[test]
    fn a_period_begins_with_a_segment(
        groups in prop::collection::vec(1_usize..120, 2..20),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 1_u32..4, 1_u32..4, -15_i64..15), 0..4),
    ) {
        let (pictures, sound) = film(&groups);
        let syncs: Vec<i64> = pictures.iter().filter(|run| run.sync).map(|run| run.decode.0).collect();
        let mut said: Vec<(usize, i64, u32)> = Vec::new();
        for (at, of_pictures, of_sound, late) in changes {
            let picture = syncs[at.index(syncs.len())];
            // The sound changes up to 15 frames of 23 ms before or after the pictures.
            let frame = picture * i64::from(SOUND) / i64::from(PICTURES) / 1024 + late;
            said.extend([(1, picture, of_pictures), (0, frame.max(0) * 1024, of_sound)]);
        }
        said.sort_by_key(|(track, time, _)| (*track, *time));
        // The last one that is said of a sample counts.
        said.reverse();
        said.dedup_by_key(|(track, time, _)| (*track, *time));
        said.reverse();
        let (segments, all) = changed(&pictures, &sound, &said);
        let numbers = |track: usize, from: i64, to: i64| {
            let at = |time: i64| said.iter().rfind(|change| change.0 == track && change.1 <= time);
            let within = said.iter().filter(move |change| change.0 == track && from < change.1 && change.1 < to);
            let number = at(from).map_or(1, |change| change.2);
            (number, within.scan(number, |last, change| Some(std::mem::replace(last, change.2) != change.2)).any(|is| is))
        };
        let starts: Vec<&Vec<Ticks>> = segments.periods.iter().map(|period| &period.starts).collect();
        for segment in &all {
            let begins: Vec<Ticks> = segment.tracks.iter().map(|of_track| of_track.start).collect();
            let is_period = starts.contains(&&begins);
            for (index, track) in [(0, 1), (1, 0)] {
                let Some(period) = segments.periods.get(segments.period(index, begins[index])) else { continue };
                let of_track = segment.tracks[index];
                if of_track.start == of_track.end {
                    continue;
                }
                // All samples of a segment have the configuration of its period.
                let (number, changes) = numbers(track, of_track.start.0, of_track.end.0);
                prop_assert!(!changes && period.configurations[index] == number, "{:?} {:?} {:?}", segment, segments.periods, said);
            }
            prop_assert!(is_period || segments.periods.is_empty() || begins != *starts[0]);
        }
        // Samples are in one segment each, in order.
        for (place, samples) in [(0, &pictures), (1, &sound)] {
            let mut end = Ticks::ZERO;
            for segment in &all {
                prop_assert_eq!(segment.tracks[place].start, end);
                end = segment.tracks[place].end;
            }
            prop_assert_eq!(end, samples.last().unwrap().decode_end());
        }
    }
}

#[test]
fn configurations_that_change_with_the_groups_make_periods() {
    let (pictures, sound) = film(&[50; 20]);
    let second = i64::from(PICTURES);
    let frame = |seconds: i64| seconds * i64::from(SOUND) / 1024 * 1024 + 1024;
    let starts = |changes: &[(usize, i64, u32)]| {
        let (segments, _) = changed(&pictures, &sound, changes);
        let starts = segments.periods.iter().map(|period| (period.starts[0].0 / second, period.configurations.clone()));
        starts.collect::<Vec<_>>()
    };
    assert_eq!(starts(&[]), []);
    assert_eq!(starts(&[(1, 8 * second, 2)]), [(0, vec![1, 1]), (8, vec![2, 1])]);
    assert_eq!(starts(&[(1, 8 * second, 2), (0, frame(8), 3)]), [(0, vec![1, 1]), (8, vec![2, 3])]);
    // Only the sound changes: the pictures begin a segment at the sync sample that is next to it.
    assert_eq!(starts(&[(0, frame(10), 2)]), [(0, vec![1, 1]), (10, vec![1, 2])]);
    // Behind the end of a cell of the grid.
    assert_eq!(starts(&[(0, frame(20) - 4096, 2)]), [(0, vec![1, 1]), (20, vec![1, 2])]);
    // No picture at which decoding can begin is near.
    assert_eq!(starts(&[(0, frame(11), 2)]), []);
    // The pictures change within a group.
    assert_eq!(starts(&[(1, 9 * second, 2)]), []);
    // Twice a group.
    let often: Vec<_> = (0..20).flat_map(|at| [(1, 2 * at * second, 2), (1, (2 * at + 1) * second, 3)]).collect();
    assert_eq!(starts(&often), []);
}
