//! Both halves together: the index of files made by hand, and cuts of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation)]

use bytes::Bytes;
use futures::executor::block_on;
use proptest::prelude::*;

use super::Flv;
use super::tag::{self, AUDIO, FILE_HEADER, FileHeader, SCRIPT, TAG_HEADER, TRAILER, VIDEO};
use crate::codec::DecoderConfiguration;
use crate::container::indexed::{Indexed, PageList, index as try_index, part};
use crate::container::{Error, Format, Unavailable, Unsupported, pieces};

const AVCC: &[u8] = &[0x17, 0, 0, 0, 0, 1, 0x64, 0, 0x1F, 0xFF];
const OTHER_AVCC: &[u8] = &[0x17, 0, 0, 0, 0, 1, 0x42, 0, 0x1E, 0xFF];
const AAC: &[u8] = &[0xAF, 0, 0x12, 0x10];

fn tag(kind: u8, time: i32, payload: &[u8]) -> Vec<u8> {
    let size = payload.len() as u32;
    [&tag::header(kind, size, time)[..], payload, &tag::trailer(size)].concat()
}

fn file(tags: &[Vec<u8>]) -> Vec<u8> {
    [&FileHeader::write(true, true)[..], &tags.concat()].concat()
}

fn picture(time: i32, key: bool) -> Vec<u8> {
    let payload = [&[if key { 0x17 } else { 0x27 }, 1, 0, 0, 40][..], &time.to_be_bytes(), &[7; 30]].concat();
    tag(VIDEO, time, &payload)
}

fn sound(time: i32) -> Vec<u8> {
    tag(AUDIO, time, &[&[0xAF, 1][..], &time.to_be_bytes()].concat())
}

fn configured() -> Vec<Vec<u8>> {
    let script = b"\x02\0\x0AonMetaData\x08\0\0\0\x02\0\x05width\0\x40\x74\0\0\0\0\0\0\0\x06height\0\x40\x66\x80\0\0\0\0\0\0\0\x09";
    vec![tag(SCRIPT, 0, script), tag(VIDEO, 0, AVCC), tag(AUDIO, 0, AAC)]
}

/// Seconds of pictures, 25 each, the first of which is a keyframe, and of sound.
fn seconds(range: std::ops::Range<i32>) -> Vec<Vec<u8>> {
    let tags = range.flat_map(|second| {
        (0..25).flat_map(move |at| {
            let time = 1000 * second + 40 * at;
            [picture(time, at == 0), sound(time), sound(time + 20)]
        })
    });
    tags.collect()
}

fn ordinary() -> Vec<u8> {
    file(&[configured(), seconds(0..6), vec![tag(VIDEO, 6000, &[0x17, 2, 0, 0, 0])]].concat())
}

/// Indexes a file, and checks that the index is the same for any size of chunks.
fn index(file: &[u8]) -> Indexed {
    let whole = try_index(file).unwrap();
    for chunk in [7, 1000] {
        let mut pages = PageList::default();
        let outline =
            block_on(pieces::index::<super::index::FlvPass>(&Bytes::copy_from_slice(file), &mut pages, chunk)).unwrap();
        let again = Indexed::new(outline, pages);
        assert_eq!((&again.outline, &again.samples), (&whole.outline, &whole.samples), "chunks of {chunk}");
    }
    whole
}

#[test]
fn tags_are_samples_and_what_configures_decoders_is_not() {
    let file = ordinary();
    let indexed = index(&file);
    let outline = &indexed.outline;
    assert_eq!((outline.mime.as_str(), indexed.notes().as_str()), ("video/x-flv", ""));
    let [video, audio] = &outline.tracks[..] else { panic!("{:?}", outline.tracks) };
    assert_eq!((video.id, video.codec.as_str(), video.dimensions), (9, "avc1.64001f", Some((320, 180))));
    assert_eq!((audio.id, audio.codec.as_str(), audio.dimensions), (8, "mp4a.40.2", None));
    assert_eq!(indexed.times(0), (0..150).map(|at| 40 * at + 40).collect::<Vec<_>>());
    assert_eq!(indexed.times(1), (0..300).map(|at| 20 * at).collect::<Vec<_>>());
    assert_eq!(indexed.samples[0].iter().filter(|run| run.sync).count(), 6);
    let first = &indexed.samples[0][0];
    assert_eq!(part(&file, &first.bytes()), picture(0, true));
    assert_eq!(outline.setup_ranges, vec![0..first.offset]);
}

#[test]
fn a_track_is_configured_by_its_sequence_header_unless_that_changes() {
    let configured = |file: &[u8]| {
        let outline = index(file).outline;
        [0, 1].map(|track| Flv.configuration(&outline, &outline.tracks[track]))
    };
    let avc = DecoderConfiguration::Avc(Bytes::from_static(&AVCC[5..]));
    let aac = DecoderConfiguration::Aac(Bytes::from_static(&AAC[2..]));
    assert_eq!(configured(&ordinary()), [Ok(avc), Ok(aac.clone())]);
    let other = file(&[self::configured(), seconds(0..2), vec![tag(VIDEO, 2000, OTHER_AVCC)], seconds(2..4)].concat());
    assert_eq!(configured(&other), [Err(Unavailable::Changes), Ok(aac)]);
}

#[test]
fn a_last_picture_does_not_outlast_the_sound_because_one_stood_long() {
    let sounds = |until| (0..until).map(|at| sound(20 * at));
    for (until, ends) in [(305, 6100), (200, 6078)] {
        let tags: Vec<_> = sounds(until).chain([picture(38, true), picture(6038, true)]).collect();
        let indexed = index(&file(&[configured(), tags].concat()));
        assert_eq!(indexed.outline.tracks.iter().map(|track| track.presented.1.0).max(), Some(ends + 40), "{until}");
    }
    let slides = (0..4).map(|at| picture(6000 * at, true)).collect();
    assert_eq!(index(&file(&[configured(), slides].concat())).outline.tracks[0].presented.1.0, 24_040);
}

#[test]
fn a_cut_is_a_file_of_the_same_payloads_with_times_from_zero() {
    let original = ordinary();
    let indexed = index(&original);
    let cut = indexed.cut(&original, 2040, 4040);
    let again = index(&cut);
    assert_eq!(again.notes(), "");
    assert_eq!(again.times(0), (0..50).map(|at| 40 * at + 40).collect::<Vec<_>>());
    for (track, from) in [(0, 2040), (1, 2040)] {
        let payload = |file, run: &crate::media::Run| part(file, &run.bytes())[TAG_HEADER..].to_vec();
        let before = indexed.samples[track].iter().skip_while(|run| run.presentation().0 < from);
        for (before, after) in before.zip(&again.samples[track]) {
            assert_eq!(payload(&original, before), payload(&cut, after));
        }
    }
    let script = super::amf::MetaData::parse(&cut[FILE_HEADER + TRAILER + TAG_HEADER..]).unwrap();
    assert_eq!(script.duration, Some(2.0));
    // Each PreviousTagSize is that of the tag before it.
    let mut at = FILE_HEADER + TRAILER;
    while at < cut.len() {
        let header = tag::TagHeader::parse(&cut[at..]).unwrap();
        at += header.tag_size() as usize + TRAILER;
        assert_eq!(cut[at - TRAILER..at], header.tag_size().to_be_bytes());
    }
}

#[test]
fn a_cut_has_the_configuration_in_force_and_those_that_follow() {
    let anew = [tag(VIDEO, 3000, AVCC), tag(VIDEO, 3000, OTHER_AVCC)];
    let original = file(&[configured(), seconds(0..3), anew.to_vec(), seconds(3..6)].concat());
    let indexed = index(&original);
    assert_eq!(indexed.notes().matches("configured anew").count(), 1);
    let has = |cut: &[u8], what: &[u8]| cut.windows(what.len()).filter(|window| *window == what).count();
    for (start, end, old, new) in [(0, 1000, 1, 0), (1040, 5040, 1, 1), (3040, 5040, 0, 1), (4040, 5040, 0, 1)] {
        let cut = indexed.cut(&original, start, end);
        assert_eq!((has(&cut, AVCC), has(&cut, OTHER_AVCC)), (old, new), "{start}-{end}");
        assert_eq!(index(&cut).samples[0].len(), indexed.select(&[0], start, end).tracks[0].runs.len());
    }
}

#[test]
fn what_is_not_as_it_should_be_is_told_and_the_rest_is_kept() {
    let garbage = vec![0xEE; 300];
    let wrong_size = |mut tag: Vec<u8>| {
        let at = tag.len() - 1;
        tag[at] ^= 0x55;
        tag
    };
    let cases: [(Vec<Vec<u8>>, &str, usize); 8] = [
        (vec![garbage.clone()], "bytes that are no tag", 150),
        (vec![wrong_size(picture(3000, false))], "", 151),
        (vec![vec![AUDIO, 0, 0x40, 0, 0, 0, 0, 0, 0, 0, 0]], "bytes that are no tag", 150),
        (vec![tag(VIDEO, 3000, &[0x12, 0])], "another codec", 150),
        (vec![tag(AUDIO, 3000, &[])], "without content", 150),
        (vec![tag(SCRIPT, 3000, b"\x02\0\x0AonCuePoint")], "", 150),
        (vec![tag(VIDEO, 3000, b"\x96\x11av01\0\0\0\x01\0")], "several tracks", 150),
        (vec![tag(AUDIO | 0x20, 3000, b"\xAF\x01\0")], "unknown flags", 150),
    ];
    for (between, note, pictures) in cases {
        let indexed = index(&file(&[configured(), seconds(0..3), between, seconds(3..6)].concat()));
        assert!(
            indexed.notes().contains(note) && (note.is_empty() == indexed.notes().is_empty()),
            "{}",
            indexed.notes()
        );
        assert_eq!(indexed.samples[0].len(), pictures, "{note}");
    }
    let protected = [configured(), vec![tag(VIDEO | 0x20, 0, b"\x17\x01\0\0\0\x01Encryption\0\0\0\x10")]].concat();
    assert!(matches!(try_index(&file(&protected)), Err(Error::Unsupported(Unsupported::Encrypted { .. }))));
    for empty in [vec![], configured(), vec![garbage]] {
        assert!(matches!(try_index(&file(&empty)), Err(Error::Malformed { .. })));
    }
}

#[test]
fn a_multitrack_tag_that_names_its_track_is_a_sample_of_it() {
    let other = |time: i32, key: bool| {
        tag(VIDEO, time, &[&[if key { 0x96 } else { 0xA6 }, 0x03][..], b"hvc1\x01", &time.to_be_bytes()].concat())
    };
    let spoken = |time: i32| tag(AUDIO, time, &[b"\x95\x01Opus\x02", &time.to_be_bytes()[..]].concat());
    let hvcc = b"\x96\0hvc1\x01\x01\x01\x60";
    let mut tags = [configured(), vec![tag(VIDEO, 0, hvcc)]].concat();
    for time in (0..6000).step_by(40) {
        tags.extend([picture(time, time % 1000 == 0), other(time, time % 2000 == 0), sound(time), spoken(time)]);
    }
    let original = file(&tags);
    let indexed = index(&original);
    assert_eq!(indexed.notes(), "");
    let tracks: Vec<_> =
        indexed.outline.tracks.iter().map(|track| (track.id, &track.codec[..4], track.samples)).collect();
    assert_eq!(tracks, [(9, "avc1", 150), (9 + 256, "hvc1", 150), (8, "mp4a", 150), (8 + 512, "opus", 150)]);
    assert_eq!(indexed.outline.tracks[1].dimensions, None);
    let cut = indexed.cut(&original, 2000, 4000);
    let again = index(&cut);
    assert_eq!((again.notes().as_str(), again.outline.tracks.len()), ("", 4));
    let place = again.outline.tracks.iter().position(|track| track.id == 9 + 256).unwrap();
    assert_eq!(again.times(place), (1..=50).map(|at| 40 * at).collect::<Vec<_>>());
    let payload = |file, run: &crate::media::Run| part(file, &run.bytes())[TAG_HEADER..].to_vec();
    assert_eq!(payload(&cut, &again.samples[place][0]), payload(&original, &indexed.samples[1][50]));
    assert!(cut.windows(hvcc.len()).any(|window| window == hvcc));
    let several = vec![tag(AUDIO, 0, b"\x95\x11Opus\0\0\0\x01\xF8")];
    assert!(matches!(try_index(&file(&several)), Err(Error::Unsupported(Unsupported::ManyTracks))));
}

#[test]
fn a_file_is_of_the_tracks_that_have_samples() {
    let sounds: Vec<_> = (0..50).map(|at| sound(20 * at)).collect();
    let indexed = index(&file(&[configured(), sounds.clone()].concat()));
    assert_eq!((indexed.outline.mime.as_str(), indexed.outline.tracks.len()), ("audio/x-flv", 1));
    assert_eq!(indexed.times(0).len(), 50);
    // Sound first, and pictures ten minutes later, one for five minutes: none is far from its page.
    let mut slides: Vec<_> = (0..3000).map(|at| sound(300 * at)).collect();
    slides.insert(2000, picture(600_000, true));
    slides.push(picture(900_000, true));
    let indexed = index(&file(&[configured(), slides].concat()));
    assert_eq!(indexed.outline.tracks.iter().map(|track| (track.id, track.late)).collect::<Vec<_>>(), [(8, 0), (9, 0)]);
}

#[test]
fn a_truncated_file_gives_what_is_there() {
    let original = ordinary();
    let whole = index(&original);
    for length in (0..original.len()).step_by(41) {
        let Ok(found) = try_index(&original[..length]) else { continue };
        for (part, whole) in found.samples.iter().zip(&whole.samples) {
            assert!(part.iter().zip(whole).all(|(part, whole)| part.offset == whole.offset));
            assert!(part.iter().all(|run| run.bytes().end <= length as u64), "{length}");
        }
    }
}

proptest! {
    #[test]
    fn damage_never_panics_and_cuts_of_what_is_left_are_sound(flips in prop::collection::vec((0_usize..20_000, 0_u8..8), 1..6)) {
        let mut damaged = ordinary();
        for (at, bit) in flips {
            let at = at % damaged.len();
            damaged[at] ^= 1 << bit;
        }
        if let Ok(found) = try_index(&damaged) {
            prop_assert!(found.samples.iter().flatten().all(|run| run.bytes().end <= damaged.len() as u64));
            let cut = found.cut(&damaged, 0, 100_000);
            let again = try_index(&cut).map(|again| again.samples.iter().map(Vec::len).sum::<usize>());
            let chosen = found.samples.iter().flatten().filter(|run| run.presentation().0 >= 0).count();
            prop_assert!(chosen == 0 || again.is_ok_and(|count| count <= chosen));
        }
    }
}
