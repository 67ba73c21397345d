//! The kinds of streams, as discs, recorders and cameras write them.

use super::muxer::{CINEMA, MuxForm, PICTURES, PLAIN, SAMPLES, SECOND, SOUND, SURROUND, TimedUnit};
use super::muxer::{avc, cinema, film, mux, pack, packet, pictures, sound, surround, system};
use super::writing::assert_cuts_hold;
use super::{Owner, contents, index, packets};
use crate::container::indexed::{self, Indexed, bytes};
use crate::container::mpegps::write::write;

fn times(units: &[TimedUnit]) -> Vec<i64> {
    units.iter().map(|unit| unit.presented).collect()
}

/// The codecs of a file, by track number.
fn codecs(found: &Indexed) -> Vec<(u64, &str)> {
    found.outline.tracks.iter().map(|track| (track.id, track.codec.as_str())).collect()
}

/// A program stream map (ISO/IEC 13818-1 §2.5.4) of streams by type. Its checksum is not used.
fn map(streams: &[(u8, u8)]) -> Vec<u8> {
    let entries: Vec<u8> = streams.iter().flat_map(|(kind, stream)| [*kind, *stream, 0, 0]).collect();
    let length = entries.len() as u8;
    [&[0, 0, 1, 0xBC, 0, length + 10, 0xE0, 0xFF, 0, 0, 0, length][..], &entries, &[0; 4]].concat()
}

/// The beginning of each unit of a disc: a pack with a system header and navigation data.
fn navigation() -> Vec<u8> {
    let part = |length: u16| [&[0, 0, 1, 0xBF][..], &length.to_be_bytes(), &vec![0; length.into()]].concat();
    [pack(false, 0), system(&[0xB9, 0xB8, 0xBD, 0xBF]), part(980), part(1018)].concat()
}

#[test]
fn pictures_without_time_stamps_lie_between_those_that_have_some() {
    for sparse in [false, true] {
        for data in [64, 300, 1999, 30_000] {
            let form = MuxForm { data, sparse, ..PLAIN };
            let units = avc(4);
            let file = mux(form, &[(PICTURES, &units), (SOUND, &sound(4))]);
            let found = index(&file);
            assert_eq!((codecs(&found)[0], found.notes().as_str()), ((0xE0, "avc1.4d401e"), ""), "{form:?}");
            assert_eq!(found.outline.tracks[0].dimensions, Some((320, 180)));
            assert_eq!(found.times(0), times(&units), "{form:?}");
            let syncs = found.samples[0].iter().enumerate().filter(|(_, run)| run.sync);
            assert_eq!(syncs.map(|(at, _)| at).collect::<Vec<_>>(), [0, 25, 50, 75], "{form:?}");
            let expected: Vec<_> = units.into_iter().map(|unit| unit.bytes).collect();
            assert!(contents(&file, PICTURES, &found.samples[0]) == expected, "{form:?}");
        }
    }
}

#[test]
fn a_cut_begins_with_a_picture_that_had_no_time_stamp() {
    let form = MuxForm { data: 1999, ..PLAIN };
    let file = mux(form, &[(PICTURES, &avc(6)), (SOUND, &sound(6))]);
    assert_cuts_hold(&file, SOUND, "H.264");
    let whole = index(&file);
    for second in 1..6 {
        let start = second * 1000;
        let cut = bytes(&write(&whole.outline, &whole.select(&[0], start, start + 500)).unwrap().splice, &file);
        let stamp = form.zero + (second * SECOND) as u64;
        assert_eq!(packets(&cut, PICTURES)[0].0.times, Some((stamp, stamp - 3600)));
    }
}

#[test]
fn dts_and_plain_samples_are_streams_of_a_disc() {
    let units = cinema(3);
    let file = mux(PLAIN, &[(PICTURES, &pictures(3, false)), (CINEMA, &units)]);
    let found = index(&file);
    assert_eq!((codecs(&found)[1], found.notes().as_str()), ((0x88, "dtsc"), ""));
    assert_eq!(found.times(1), times(&units));

    // A packet of 480 samples of four bytes lasts ten milliseconds; every other one has a time stamp.
    let mut file = [pack(false, 0), system(&[0xBD])].concat();
    let data = |at: u64| vec![at as u8; 1920];
    for at in 0..200 {
        let stamp = (at % 2 == 0).then_some((PLAIN.zero + at * 900, PLAIN.zero + at * 900));
        file.extend([pack(false, at * 900), packet(false, SAMPLES, stamp, (6, 4), &data(at))].concat());
    }
    let found = index(&file);
    assert_eq!((codecs(&found).as_slice(), found.notes().as_str()), (&[(0xA0, "pcm")][..], ""));
    assert_eq!(found.times(0), (0..200).map(|at| at * 900).collect::<Vec<_>>());
    assert_eq!(found.outline.duration.0, 2_000_000_000);
    for first in [50, 51] {
        let selection = found.select(&[0], first * 10, 1500);
        let cut = bytes(&write(&found.outline, &selection).unwrap().splice, &file);
        let stamp = PLAIN.zero + first as u64 * 900;
        assert_eq!(packets(&cut, SAMPLES)[0].0.times, Some((stamp, stamp)), "the first says when it is");
        let again = index(&cut);
        assert_eq!(contents(&cut, SAMPLES, &again.samples[0]), (first as u64..150).map(data).collect::<Vec<_>>());
        assert_eq!(again.times(0), (0..150 - first).map(|at| at * 900).collect::<Vec<_>>());
    }
}

#[test]
fn surround_without_a_substreams_header_may_begin_in_the_middle_of_a_frame() {
    let private = Owner { stream: 0xBD, substream: 0 };
    let units = surround(4);
    let film = |frames: &[TimedUnit]| {
        mux(MuxForm { data: 128, ..PLAIN }, &[(PICTURES, &pictures(4, false)), (private, frames)])
    };
    let found = index(&film(&units));
    assert_eq!((codecs(&found)[1], found.notes().as_str()), ((0xBD, "ac-3"), ""));
    assert_eq!(found.times(1), times(&units));
    let rest = packet(false, private, None, (0, 0), &units[0].bytes[20..]);
    let found = index(&[pack(false, 0), rest, film(&units)].concat());
    assert_eq!((codecs(&found)[1], found.notes().as_str()), ((0xBD, "ac-3"), ""));
    assert_eq!(found.times(1), times(&units));
}

#[test]
fn a_map_says_what_streams_are_and_what_it_does_not_know_is_passed_over() {
    let file = film(PLAIN, 2);
    let (first, rest) = file.split_at(14 + 18);
    let with = |streams: &[(u8, u8)]| [first, &map(streams), rest].concat();
    let found = index(&with(&[(2, 0xE0), (4, 0xC0)]));
    assert_eq!(codecs(&found), [(0xE0, "mp4v.61"), (0xC0, "mp4a.6B")]);
    assert_eq!(found.outline.setup_ranges, [0..14 + 18 + 24]);
    for (kind, why) in [(0x90, "stream type 0x90"), (0x11, "LATM")] {
        let found = index(&with(&[(2, 0xE0), (kind, 0xC0)]));
        assert_eq!(codecs(&found), [(0xE0, "mp4v.61")]);
        assert!(found.notes().contains(why), "{}", found.notes());
    }
}

#[test]
fn cells_of_a_disc_follow_each_other() {
    // Each begins at the same time, with navigation before every group, subtitles and padding.
    let subtitle = packet(false, Owner { stream: 0xBD, substream: 0x20 }, Some((0, 0)), (0, 0), &[1, 2, 3]);
    let padding = [&[0, 0, 1, 0xBE, 0, 40][..], &[0xFF; 40]].concat();
    let cell = |second: i64| {
        let (zero, form) = (PLAIN.zero, MuxForm { data: 2000, ..PLAIN });
        let part = mux(
            MuxForm { zero: zero + (second * SECOND) as u64, ..form },
            &[(PICTURES, &pictures(1, false)), (SURROUND, &surround(1))],
        );
        [navigation(), pack(false, 0), part[14 + 18..].to_vec(), subtitle.clone(), padding.clone()].concat()
    };
    let file = (0..12).flat_map(|second| cell(second % 4)).collect::<Vec<_>>();
    let found = index(&file);
    assert_eq!(found.outline.setup_ranges, [0..14 + 24]);
    assert!(
        found.notes().contains("begin anew: what follows is laid behind what was before (2 times"),
        "{}",
        found.notes()
    );
    assert!(found.notes().contains("subtitles of a disc"), "{}", found.notes());
    let mut shown = found.times(0);
    shown.sort_unstable();
    assert_eq!(shown, (0..300).map(|at| at * 3600).collect::<Vec<_>>());
    let syncs: Vec<_> =
        found.samples[0].iter().filter(|run| run.sync).map(|run| run.presentation().0 / SECOND).collect();
    assert_eq!(syncs, (0..12).collect::<Vec<_>>());
    for second in 0..11 {
        let cut = found.cut(&file, second * 1000, second * 1000 + 2000);
        let again = indexed::index(&cut).unwrap();
        assert_eq!((again.samples[0].len(), again.outline.tracks.len()), (50, 2), "from {second}");
        assert!(!packets(&cut, SURROUND).is_empty());
    }
}

#[test]
fn the_sectors_of_a_video_cd_are_refused_with_the_reason() {
    let file = [&b"RIFF\0\0\0\0CDXAfmt \x10\0\0\0"[..], &[0; 48], &film(MuxForm { old: true, ..PLAIN }, 1)].concat();
    let why = indexed::index(&file).map(|found| found.outline).unwrap_err().to_string();
    assert!(why.contains("Video CD"), "{why}");
}
