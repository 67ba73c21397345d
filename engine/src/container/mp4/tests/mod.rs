//! Both halves together: the index equals what was written, and a cut is indexed as what was selected.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::items_after_statements,
    clippy::duration_suboptimal_units
)]

mod chapters;
mod gapless;
mod quicktime;
mod syncs;

use std::ops::Range;
use std::time::{Duration, Instant};

use bytes::Bytes;
use proptest::prelude::*;

use super::testing::{FileShape, RandomNumbers, TestTrack, append_to_movie, titles, track, write};
use crate::container::{self, Error};
use crate::fragment::resolve::{self, Ask, Cut, Meaning, Memory};
use crate::index::Outline;
use crate::media::splice::{Piece, Splice};
use crate::media::{Interval, Kind, Run, Ticks, Time};

fn block<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn index(file: &Bytes) -> Result<(Outline, Memory), Error> {
    let mut pages = Memory::default();
    let outline = block(container::index(file, &mut pages))?;
    Ok((outline, pages))
}

/// The samples of a track, one by one.
fn samples(pages: &mut Memory, track: usize) -> Vec<Run> {
    let pages = pages.load(0..=u32::MAX - 1).unwrap();
    let runs = pages.iter().flat_map(|page| &page.tracks[track].runs);
    runs.flat_map(|run| (0..run.count).map(move |sample| run.slice(sample..sample + 1).unwrap())).collect()
}

fn assemble(file: &Bytes, splice: &Splice) -> Bytes {
    let mut out = Vec::new();
    for piece in splice.pieces() {
        match piece {
            Piece::Made(bytes) => out.extend_from_slice(&bytes),
            Piece::Source(range) => out.extend_from_slice(&file[range.start as usize..range.end as usize]),
        }
    }
    assert_eq!(out.len() as u64, splice.len());
    out.into()
}

fn payload(file: &Bytes, run: &Run) -> Bytes {
    file.slice(run.offset as usize..run.bytes().end as usize)
}

/// A hash of a sample's bytes, so that differences are readable.
fn digest(file: &Bytes, run: &Run) -> u64 {
    payload(file, run).iter().fold(0, |digest, byte| digest * 257 % 0xffff_fffb + u64::from(*byte))
}

fn cut(file: &Bytes, outline: &Outline, pages: &mut Memory, ask: &Ask) -> (Bytes, Interval) {
    match block(resolve::cut(outline, pages, &Meaning::of(ask, outline))).unwrap() {
        Cut::Part(part) => (assemble(file, &part.file.splice), part.given),
        other => panic!("{ask:?}: {other:?}"),
    }
}

fn seconds(start: f64, end: f64) -> Interval {
    Interval::new(Time((start * 1e9) as i64), Time((end * 1e9) as i64)).unwrap()
}

/// Video, audio and text, some forty seconds of each.
fn film(random: &mut RandomNumbers) -> Vec<TestTrack> {
    vec![
        track(1, Kind::Video, 600, 24, 31, 1000, random),
        track(2, Kind::Audio, 48_000, 1024, 1, 1870, random),
        track(7, Kind::Text, 1000, 1500, 1, 27, random),
    ]
}

const SHAPES: [FileShape; 4] = [
    FileShape { movie_first: true, wide: false, chunk: 3, fragmented: false },
    FileShape { movie_first: false, wide: true, chunk: 50, fragmented: false },
    FileShape { movie_first: true, wide: false, chunk: 100_000, fragmented: false },
    FileShape { movie_first: true, wide: false, chunk: 25, fragmented: true },
];

#[test]
fn sound_in_fragments_is_decoded_from_the_frame_before() {
    let mut sound = vec![track(1, Kind::Audio, 1000, 100, 1, 60, &mut RandomNumbers(0))];
    for shape in SHAPES {
        let mut file = write(&mut sound, shape, &mut RandomNumbers(7));
        let entry = file.windows(4).position(|bytes| bytes == b"tst2").unwrap();
        file[entry..entry + 4].copy_from_slice(b"mp4a");
        let (outline, _) = index(&file.into()).unwrap();
        assert_eq!(outline.tracks[0].preroll, Ticks(100), "{shape:?}");
    }
}

#[test]
fn what_is_indexed_is_what_was_written() {
    for (seed, shape) in SHAPES.into_iter().enumerate() {
        let mut random = RandomNumbers(seed as u64);
        let mut tracks = film(&mut random);
        let file = Bytes::from(write(&mut tracks, shape, &mut random));
        let (outline, mut pages) = index(&file).unwrap();
        assert_eq!(outline.notes, [""; 0], "{shape:?}");
        assert_eq!(outline.created, Some((3_000_000_000 - 2_082_844_800) * 1_000_000_000));
        assert_eq!(outline.tracks.len(), 3);
        for (place, track) in tracks.iter().enumerate() {
            assert_eq!(samples(&mut pages, place), track.samples, "{shape:?}, track {}", track.id);
            assert_eq!(outline.tracks[place].samples, track.samples.len() as u64);
            assert_eq!(outline.tracks[place].id, u64::from(track.id));
        }
    }
}

/// What a player shows of a track in a cut: presentation time on the cut's timeline, in the track's ticks, and the
/// sample.
fn shown(file: &Bytes, outline: &Outline, pages: &mut Memory, place: usize) -> Vec<(Ticks, u64)> {
    let track = &outline.tracks[place];
    let mut shown = Vec::new();
    let mut at = Ticks::ZERO;
    for edit in &track.edits {
        let duration = edit.duration.unwrap();
        if let Some(media) = edit.media {
            for run in samples(pages, place) {
                let (start, end) = (run.presentation(), run.presentation() + run.duration);
                if end > media && start < media + duration {
                    shown.push((at + start - media, digest(file, &run)));
                }
            }
        }
        at += duration;
    }
    shown.sort();
    shown
}

/// The same for an interval of the original. A sample that is shown when it begins, begins with it; for sound, the part
/// before is left out.
fn expected(file: &Bytes, track: &TestTrack, shift: Ticks, from: Ticks, to: Ticks) -> Vec<(Ticks, u64)> {
    let mut expected: Vec<(Ticks, u64)> = Vec::new();
    for run in &track.samples {
        let start = run.presentation() - shift;
        if start + run.duration > from && start < to {
            let begins = if track.kind == Kind::Audio { start - from } else { (start - from).max(Ticks::ZERO) };
            expected.push((begins, digest(file, run)));
        }
    }
    expected.sort();
    expected
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_cut_shows_just_what_the_original_shows(seed in any::<u64>(), shape in 0..SHAPES.len(), start in 0.0..39.0, length in 0.05..20.0) {
        let mut random = RandomNumbers(seed);
        let mut tracks = film(&mut random);
        tracks[0].edits = vec![(40_000, 48)];
        let file = Bytes::from(write(&mut tracks, SHAPES[shape], &mut random));
        let (outline, mut pages) = index(&file).unwrap();
        let asked = seconds(start, start + length);
        let (cut, given) = cut(&file, &outline, &mut pages, &Ask::from(asked));
        let (new, mut new_pages) = index(&cut).unwrap();
        prop_assert_eq!(&new.notes, &Vec::<String>::new());
        for (place, track) in new.tracks.iter().enumerate() {
            let old = tracks.iter().find(|old| u64::from(old.id) == track.id).unwrap();
            let (from, to) = (track.timescale.ticks(given.start()), track.timescale.ticks(given.end()));
            // The video's edit list begins two pictures in, and ends after forty seconds.
            let (shift, to) = if old.id == 1 { (Ticks(48), to.min(Ticks(40 * 600))) } else { (Ticks::ZERO, to) };
            let (shown, expected) = (shown(&cut, &new, &mut new_pages, place), expected(&file, old, shift, from, to));
            let differs = shown.iter().zip(&expected).position(|(shown, expected)| shown != expected);
            prop_assert_eq!((differs, shown.len()), (None, expected.len()), "track {}", track.id);
            let first = &samples(&mut new_pages, place)[0];
            prop_assert!(first.sync);
        }
    }
}

#[test]
fn a_recording_that_counts_from_1970_begins_at_zero() {
    let tracks = film(&mut RandomNumbers(2));
    let mut late = tracks.clone();
    for track in &mut late {
        for sample in &mut track.samples {
            sample.decode += Ticks(1_726_776_788 * i64::from(track.timescale));
        }
    }
    let [file, late] =
        [tracks, late].map(|mut tracks| Bytes::from(write(&mut tracks, SHAPES[3], &mut RandomNumbers(3))));
    let ((outline, mut pages), (shifted, mut shifted_pages)) = (index(&file).unwrap(), index(&late).unwrap());
    assert_eq!(shifted.notes, ["it begins at 1726776788 seconds, which is taken for zero"]);
    assert_eq!((shifted.duration, shifted.pages), (outline.duration, outline.pages));
    let ask = Ask::from(seconds(11.3, 13.7));
    let (expected, found) = (cut(&file, &outline, &mut pages, &ask), cut(&late, &shifted, &mut shifted_pages, &ask));
    assert!(expected == found, "the cuts differ");
}

#[test]
fn edits_that_jump_are_cut_as_they_play() {
    let mut random = RandomNumbers(11);
    let mut tracks = vec![track(1, Kind::Audio, 1000, 100, 1, 400, &mut random)];
    // Two empty seconds, then from 20 s, then from 5 s.
    tracks[0].edits = vec![(2000, -1), (3000, 20_000), (4000, 5000)];
    let file = Bytes::from(write(&mut tracks, SHAPES[0], &mut random));
    let (outline, mut pages) = index(&file).unwrap();
    assert_eq!(outline.duration, Time::from_secs(9));
    let (cut, _) = cut(&file, &outline, &mut pages, &Ask::from(seconds(1.0, 7.0)));
    let (new, mut new_pages) = index(&cut).unwrap();
    assert_eq!(new.duration, Time::from_secs(6));
    let whole = |from, to, at: i64| {
        expected(&file, &tracks[0], Ticks::ZERO, Ticks(from), Ticks(to))
            .into_iter()
            .map(move |(time, digest)| (time + Ticks(at), digest))
    };
    let played: Vec<_> = whole(20_000, 23_000, 1000).chain(whole(5000, 7000, 4000)).collect();
    let mut played = played;
    played.sort();
    assert_eq!(shown(&cut, &new, &mut new_pages, 0), played);
}

#[test]
fn the_timescale_of_a_cut_is_one_that_is_positive_for_all() {
    let mut random = RandomNumbers(6);
    let kinds = [(1, Kind::Video, 12_800, 512), (2, Kind::Audio, 44_100, 1024), (3, Kind::Text, 1_000_000, 500_000)];
    let mut tracks = kinds.map(|(id, kind, timescale, length)| track(id, kind, timescale, length, 1, 99, &mut random));
    let file = Bytes::from(write(&mut tracks, SHAPES[0], &mut random));
    let (outline, mut pages) = index(&file).unwrap();
    let (cut, _) = cut(&file, &outline, &mut pages, &Ask::from(seconds(0.5, 1.5)));
    let at = cut.windows(4).position(|bytes| bytes == b"mvhd").unwrap() + 4 + 12;
    assert_eq!(cut[at..at + 4], 5_644_800_u32.to_be_bytes(), "whole for pictures and sound");
}

#[test]
fn a_track_alone_has_no_byte_of_the_others() {
    let mut random = RandomNumbers(5);
    let mut tracks = film(&mut random);
    let file = Bytes::from(write(&mut tracks, SHAPES[0], &mut random));
    let (outline, mut pages) = index(&file).unwrap();
    for (name, place) in [("audio", 1), ("2", 1), ("7", 2), ("video", 0)] {
        let (cut, _) = cut(&file, &outline, &mut pages, &Ask { tracks: vec![name.to_owned()], ..Ask::default() });
        let (new, mut new_pages) = index(&cut).unwrap();
        assert_eq!(new.tracks.len(), 1);
        let bytes: Vec<Bytes> = samples(&mut new_pages, 0).iter().map(|run| payload(&cut, run)).collect();
        let whole: Vec<Bytes> = tracks[place].samples.iter().map(|run| payload(&file, run)).collect();
        assert_eq!(bytes, whole);
        let media: u64 = tracks[place].samples.iter().map(|run| u64::from(run.size)).sum();
        let data = cut.len() as u64 - media;
        assert!(data < 40_000, "{data} bytes beside the media");
    }
}

#[test]
fn leading_pictures_of_an_open_group_are_left_out() {
    let mut random = RandomNumbers(3);
    let mut tracks = vec![track(1, Kind::Video, 600, 20, 6, 600, &mut random)];
    // Each group is decoded I B B P P P, and presented B B I P P P: its B-pictures need the previous group.
    for group in tracks[0].samples.chunks_mut(6) {
        for (sample, pictures) in group.iter_mut().zip([2, -1, -1, 0, 0, 0]) {
            sample.composition = Ticks(20 * pictures);
        }
    }
    let file = Bytes::from(write(&mut tracks, SHAPES[0], &mut random));
    let (outline, mut pages) = index(&file).unwrap();
    // From the third picture of group 50, its P-picture, to the end of group 51.
    let (from, to) = (Ticks(20 * 303), Ticks(20 * 312));
    let time = Interval::new(outline.tracks[0].timescale.time(from), outline.tracks[0].timescale.time(to));
    let (cut, _) = cut(&file, &outline, &mut pages, &Ask::from(time.unwrap()));
    let (new, mut new_pages) = index(&cut).unwrap();
    let taken: Vec<u64> = samples(&mut new_pages, 0).iter().map(|run| digest(&cut, run)).collect();
    // Its I-picture, without the two after it; those of group 51 are presented within the cut, and stay.
    let wanted = [300].into_iter().chain(303..312).map(|number| digest(&file, &tracks[0].samples[number]));
    assert_eq!(taken, wanted.collect::<Vec<_>>());
    // The I-picture lasts until the first remaining picture, as far as its table can express it.
    let shown = shown(&cut, &new, &mut new_pages, 0).into_iter().filter(|(time, _)| *time >= Ticks::ZERO);
    assert_eq!(shown.collect::<Vec<_>>(), expected(&file, &tracks[0], Ticks::ZERO, from, to));
}

#[test]
fn what_cannot_be_given_out_is_said() {
    let mut random = RandomNumbers(9);
    let plain = write(&mut film(&mut random), SHAPES[0], &mut random);
    let with = |old: &[u8; 4], new: &[u8; 4]| {
        let mut file = plain.clone();
        let at = file.windows(4).position(|bytes| bytes == old).unwrap();
        file[at..at + 4].copy_from_slice(new);
        index(&file.into())
    };
    let notes = with(b"text", b"meta").unwrap().0.notes;
    assert_eq!(notes, ["track 7 passed over: meta is not given out"]);
    for (old, new, why) in [
        (b"tst1", b"encv", "not supported: encrypted samples (encv, in moov/trak[1]/mdia/minf/stbl/stsd)"),
        (b"stsz", b"free", "expected a box stz2 inside (at byte 352, in moov/trak[1]/mdia/minf/stbl)"),
        (b"moov", b"free", "the file ends, and no movie box (moov) was found"),
        (b"ftyp", b"junk", "not a media file of a known format"),
    ] {
        let error = with(old, new).unwrap_err().to_string();
        assert!(error.starts_with(why), "{error}");
    }
}

#[test]
fn a_file_that_ends_inside_a_fragment_keeps_those_before() {
    let mut random = RandomNumbers(4);
    let whole = write(&mut film(&mut random), SHAPES[3], &mut random);
    let last = whole.windows(4).rposition(|bytes| bytes == b"moof").unwrap();
    let all: u64 = index(&whole.clone().into()).unwrap().0.tracks.iter().map(|track| track.samples).sum();
    let (outline, _) = index(&Bytes::from(whole).slice(..last + 40)).unwrap();
    let kept: u64 = outline.tracks.iter().map(|track| track.samples).sum();
    assert!(kept < all && kept + 50 > all, "{kept} of {all} samples");
    assert!(outline.notes[0].starts_with("ends with a damaged movie fragment: "), "{:?}", outline.notes);
}

#[test]
fn pcm_stays_a_run_from_end_to_end() {
    // An hour of 48 000 samples a second: four bytes each, in one chunk.
    let count = 48_000u32 * 3600;
    let mut random = RandomNumbers(1);
    let mut one = vec![track(1, Kind::Audio, 48_000, 1, 1, 1, &mut random)];
    let mut file = write(&mut one, FileShape { movie_first: true, chunk: 1, ..FileShape::default() }, &mut random);
    let moov = file.windows(4).position(|bytes| bytes == b"stsz").unwrap();
    let set = |file: &mut Vec<u8>, kind: &[u8; 4], at: usize, value: u32| {
        let position = file.windows(4).position(|bytes| bytes == kind).unwrap();
        file[position + at..position + at + 4].copy_from_slice(&value.to_be_bytes());
    };
    assert!(moov > 0);
    // stsz: constant size 4, with the count (the remaining size is ignored); stts, ctts, stsc: one entry for all.
    for (kind, at, value) in
        [(b"stsz", 8, 4), (b"stsz", 12, count), (b"stts", 12, count), (b"ctts", 12, count), (b"stsc", 16, count)]
    {
        set(&mut file, kind, at, value);
    }
    set(&mut file, b"stts", 16, 1);
    set(&mut file, b"stss", 0, u32::from_be_bytes(*b"free"));
    let start = file.len() - one[0].samples[0].size as usize;
    set(&mut file, b"stco", 12, start as u32);
    let length = start as u64 + u64::from(count) * 4;

    struct Sparse(Bytes, u64);
    impl container::Source for Sparse {
        fn len(&self) -> u64 {
            self.1
        }
        async fn read(&self, range: Range<u64>) -> Result<Bytes, container::ReadError> {
            let mut bytes = vec![0; (range.end - range.start) as usize];
            for (at, byte) in bytes.iter_mut().enumerate() {
                *byte = self.0.get(range.start as usize + at).copied().unwrap_or(0);
            }
            Ok(bytes.into())
        }
    }
    let mut pages = Memory::default();
    let outline = block(container::index(&Sparse(file.into(), length), &mut pages)).unwrap();
    assert_eq!(outline.tracks[0].samples, u64::from(count));
    assert_eq!(outline.pages, 360);
    assert!(pages.packed().map(|page| page.bytes.len()).sum::<usize>() < 360 * 40);
    let Cut::Part(part) =
        block(resolve::cut(&outline, &mut pages, &Meaning::of(&Ask::from(seconds(1000.0, 2000.0)), &outline))).unwrap()
    else {
        panic!("no part")
    };
    assert!(part.file.splice.made_len() < 1000);
    assert_eq!(part.file.splice.len() - part.file.splice.made_len(), 1000 * 48_000 * 4);
}

#[test]
fn damage_is_an_error_or_a_note_and_never_a_panic() {
    for (seed, shape) in SHAPES.into_iter().enumerate() {
        let mut random = RandomNumbers(seed as u64);
        let mut tracks = vec![
            track(1, Kind::Video, 600, 24, 10, 60, &mut random),
            track(2, Kind::Audio, 48_000, 1024, 1, 90, &mut random),
            titles(3, &[("Opening", 1), ("song1", 1)]),
        ];
        tracks[0].edits = vec![(2000, 48)];
        tracks[0].chapters = vec![3];
        let mut whole = write(&mut tracks, shape, &mut random);
        if !shape.movie_first {
            append_to_movie(&mut whole, *b"udta", b"\0\0\0\x15chpl\0\0\0\0\x01\0\0\0\0\0\0\0\0\0");
        }
        let started = Instant::now();
        let try_all = |file: Vec<u8>| {
            let file = Bytes::from(file);
            if let Ok((outline, mut pages)) = index(&file) {
                for interval in [seconds(0.3, 1.1), seconds(0.0, 1e6)] {
                    let meaning = Meaning::of(&Ask::from(interval), &outline);
                    if let Ok(Cut::Part(part)) = block(resolve::cut(&outline, &mut pages, &meaning)) {
                        for piece in part.file.splice.pieces() {
                            if let Piece::Source(range) = piece {
                                assert!(range.end <= file.len() as u64, "a piece lies beyond the file");
                            }
                        }
                    }
                    let _ = block(resolve::cover(&outline, &mut pages, &meaning));
                }
            }
        };
        for length in 0..whole.len().min(3000) {
            try_all(whole[..length].to_vec());
        }
        for _ in 0..1000 {
            try_all(whole[..random.below(whole.len() as u64) as usize].to_vec());
            let mut flipped = whole.clone();
            for _ in 0..=random.below(4) {
                let at = random.below(whole.len().min(6000) as u64) as usize;
                flipped[at] = random.below(256) as u8;
            }
            try_all(flipped);
        }
        // Some five thousand files: a hang, or the effort for a claimed count, would take longer.
        assert!(started.elapsed() < Duration::from_secs(120));
    }
}
