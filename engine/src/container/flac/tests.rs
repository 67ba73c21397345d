//! Both halves together, with handmade frames of arbitrary content, because nothing decodes them here.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

use bytes::Bytes;
use futures::executor::block_on;
use proptest::prelude::*;

use super::Flac;
use crate::codec::flac::{crc8, crc16, put_number};
use crate::container::Format;
use crate::container::testing::{cut, damage, index};
use crate::container::{Error, pieces, stream};
use crate::index::Memory;
use crate::index::{Outline, Page};
use crate::media::{Interval, Run, Time};

const SECOND: i64 = 1_000_000_000;

fn block(kind: u8, data: &[u8]) -> Vec<u8> {
    [&[kind], &(data.len() as u32).to_be_bytes()[1..], data].concat()
}

/// Mono, sixteen bits, 1000 samples a second.
fn stream_info(longest: u16, total: u64) -> Vec<u8> {
    let sizes = [longest.to_be_bytes(), longest.to_be_bytes()].concat();
    let packed = 1000_u64 << 44 | 15 << 36 | total;
    [sizes, vec![0; 6], packed.to_be_bytes().to_vec(), vec![0xAB; 16]].concat()
}

fn head(longest: u16, total: u64) -> Vec<u8> {
    let comments = block(4, b"\x04\0\0\0test\0\0\0\0");
    [b"fLaC".to_vec(), block(0, &stream_info(longest, total)), comments, block(0x83, &[0xFF, 0xF8, 0xC9, 0])].concat()
}

/// A frame with this many samples, whose body is these bytes.
fn frame(variable: bool, number: u64, samples: u16, body: &[u8]) -> Vec<u8> {
    // An uncommon block size in sixteen bits; the rate of STREAMINFO; mono; sixteen bits.
    let mut frame = vec![0xFF, if variable { 0xF9 } else { 0xF8 }, 0x70, 0x08];
    put_number(&mut frame, number, 1);
    frame.extend((samples - 1).to_be_bytes());
    frame.push(crc8(&frame));
    frame.extend_from_slice(body);
    let sum = crc16(0, &frame);
    frame.extend(sum.to_be_bytes());
    frame
}

/// Varying bytes, including a sync code and worse.
fn body(at: u64) -> Vec<u8> {
    let mut body: Vec<u8> = (0..40 + at % 7).map(|byte| (byte * 31 + at * 17) as u8).collect();
    body.extend([0xFF, 0xF8, 0xFF, 0xFF, 0xF8, 0x70, 0x08, 0]);
    body.extend(frame(false, at, 100, &[])[..9].to_vec());
    body
}

/// Ten seconds in frames of 100 samples.
fn fixed() -> Vec<Vec<u8>> {
    (0..100).map(|at| frame(false, at, 100, &body(at))).collect()
}

/// Ten seconds in frames of 50 and of 150 samples.
fn variable() -> Vec<Vec<u8>> {
    let odd = |at: u64| at % 2;
    (0..100).map(|at| frame(true, at * 100 - 50 * odd(at), 50 + 100 * odd(at) as u16, &body(at))).collect()
}

fn file(frames: &[Vec<u8>]) -> Vec<u8> {
    [head(150, 10_000), frames.concat()].concat()
}

/// A file whose blocks all have 100 samples.
fn even(frames: &[Vec<u8>]) -> Vec<u8> {
    [head(100, 10_000), frames.concat()].concat()
}

fn runs((_, pages): &(Outline, Memory)) -> Vec<Run> {
    let pages = pages.packed().map(|page| Page::unpack(page.number, &page.bytes).unwrap());
    let runs = pages.flat_map(|page| page.tracks.into_iter().flat_map(|track| track.runs));
    runs.flat_map(|run| (0..run.count).map(move |at| run.slice(at..at + 1).unwrap())).collect()
}

/// The bytes between the headers and the checksums of a file's frames.
fn bodies(file: &[u8], indexed: &(Outline, Memory)) -> Vec<Vec<u8>> {
    let frame = |run: &Run| file[run.offset as usize..run.bytes().end as usize].to_vec();
    let body = |frame: Vec<u8>| {
        let number = frame[4].leading_ones().max(1) as usize;
        frame[4 + number + 3..frame.len() - 2].to_vec()
    };
    runs(indexed).iter().map(frame).map(body).collect()
}

#[test]
fn every_frame_is_found_by_whatever_chunks_and_none_that_is_none() {
    for (name, file) in [("fixed", even(&fixed())), ("variable", file(&variable()))] {
        assert!(Flac.recognises(&file));
        let whole = index(&file).unwrap();
        assert_eq!(whole.0.notes, Vec::<String>::new(), "{name}");
        assert_eq!((whole.0.duration, whole.0.tracks[0].samples), (Time::from_secs(10), 100), "{name}");
        assert_eq!(bodies(&file, &whole), (0..100).map(body).collect::<Vec<_>>(), "{name}");
        for chunk in [1, 5, 17, 64, 1000, stream::CHUNK] {
            let mut pages = Memory::default();
            let outline =
                block_on(pieces::index::<super::index::FlacPass>(&Bytes::from(file.clone()), &mut pages, chunk))
                    .unwrap();
            let packed = |memory: &Memory| memory.packed().cloned().collect::<Vec<_>>();
            assert_eq!((outline, packed(&pages)), (whole.0.clone(), packed(&whole.1)), "{name} by {chunk}");
        }
    }
}

#[test]
fn a_cut_is_the_frames_of_its_interval_numbered_from_zero() {
    for (name, file) in [("fixed", even(&fixed())), ("variable", file(&variable()))] {
        let indexed = index(&file).unwrap();
        let all = runs(&indexed);
        for (start, end) in [(0, 1000), (1234, 2345), (9950, 10_000), (120, 121)] {
            let (part, bytes) = cut(&file, &indexed, start * SECOND / 1000..end * SECOND / 1000).unwrap();
            let within = |run: &&Run| run.decode.0 < end && run.decode_end().0 > start;
            let chosen: Vec<&Run> = all.iter().filter(within).collect();
            let from = chosen[0].decode.0;
            let given =
                Interval::new(Time(from * SECOND / 1000), Time(chosen.last().unwrap().decode_end().0 * SECOND / 1000));
            assert_eq!(Some(part.given), given, "{name} {start}-{end}");
            let again = index(&bytes).unwrap();
            assert_eq!(again.0.notes, Vec::<String>::new(), "{name} {start}-{end}");
            assert_eq!(again.0.duration, part.given.duration());
            let times: Vec<i64> = runs(&again).iter().map(|run| run.decode.0).collect();
            assert_eq!(times, chosen.iter().map(|run| run.decode.0 - from).collect::<Vec<_>>(), "{name}");
            let first = all.iter().position(|run| run == chosen[0]).unwrap();
            assert_eq!(bodies(&bytes, &again), (first as u64..).take(chosen.len()).map(body).collect::<Vec<_>>());
            assert_eq!(part.file.elements.len(), chosen.len());
            assert_eq!(bytes[26..42], [0; 16], "the MD5");
            assert!(bytes.windows(4).any(|four| four == b"test"));
        }
    }
}

#[test]
fn a_number_may_take_more_bytes_or_fewer() {
    let frames: Vec<_> = (0x7FE..0x802).map(|number| frame(false, number, 100, &body(number))).collect();
    let file = [head(100, 0), frames.concat()].concat();
    let indexed = index(&file).unwrap();
    assert_eq!((indexed.0.duration, indexed.0.notes.len()), (Time(SECOND * 4 / 10), 0));
    let (_, bytes) = cut(&file, &indexed, SECOND / 10..SECOND).unwrap();
    let again = index(&bytes).unwrap();
    assert_eq!(bodies(&bytes, &again), [body(0x7FF), body(0x800), body(0x801)]);
    let size = |range: std::ops::Range<usize>| bytes[range].iter().fold(0, |size, byte| size << 8 | usize::from(*byte));
    let sizes: Vec<_> = runs(&again).iter().map(|run| run.size as usize).collect();
    assert_eq!((size(12..15), size(15..18)), (*sizes.iter().min().unwrap(), *sizes.iter().max().unwrap()));
}

#[test]
fn a_frame_that_is_lost_costs_no_other_and_time_goes_on() {
    let mut frames = fixed();
    frames[20][30] ^= 1;
    frames[50].clear();
    frames[70].truncate(20);
    let file = even(&frames);
    let indexed = index(&file).unwrap();
    let times: Vec<i64> = runs(&indexed).iter().map(|run| run.decode.0 / 100).collect();
    assert_eq!(times, (0..100).filter(|at| ![20, 50, 70].contains(at)).collect::<Vec<_>>());
    for note in ["no whole frame are passed over (2 times", "missing before this one (3 times"] {
        assert!(indexed.0.notes.iter().any(|told| told.contains(note)), "{:?}", indexed.0.notes);
    }
    let (_, bytes) = cut(&file, &indexed, 15 * SECOND / 10..3 * SECOND).unwrap();
    let again = index(&bytes).unwrap();
    let times: Vec<i64> = runs(&again).iter().map(|run| run.decode.0 / 100).collect();
    assert_eq!(times, (0..15).filter(|at| *at != 5).collect::<Vec<_>>());
}

#[test]
fn tags_of_other_formats_around_it_are_no_frames() {
    let ape =
        [b"APETAGEX".to_vec(), 2000_u32.to_le_bytes().to_vec(), 48_u32.to_le_bytes().to_vec(), vec![0; 16]].concat();
    let id3v1 = [b"TAG".to_vec(), vec![0; 125]].concat();
    // A small one, and one with a picture of 40 000 bytes.
    let small = [&b"ID3\x04\0\0\0\0\0\x14"[..], &[0; 20]].concat();
    let id3v2 = [small.as_slice(), b"ID3\x03\0\0\0\x02\x38\x40", &vec![9; 40_000]].concat();
    for behind in [vec![], id3v1.clone(), [vec![7; 16], ape.clone()].concat(), [vec![7; 16], ape, id3v1].concat()] {
        let file = [id3v2.clone(), even(&fixed()), behind].concat();
        let indexed = index(&file).unwrap();
        assert_eq!((indexed.0.tracks[0].samples, indexed.0.notes.len()), (100, 0), "{:?}", indexed.0.notes);
        assert!(file[indexed.0.setup_ranges[0].start as usize..].starts_with(b"fLaC"));
        let (_, bytes) = cut(&file, &indexed, 9 * SECOND..10 * SECOND).unwrap();
        assert!(bytes.starts_with(b"fLaC"));
    }
}

#[test]
fn metadata_that_reaches_beyond_the_end_leaves_no_frames() {
    let file = [b"fLaC".to_vec(), block(0, &stream_info(100, 0)), vec![0x86, 0, 0xFF, 0xFF, 1, 2, 3]].concat();
    assert!(matches!(index(&file), Err(Error::Malformed { .. })));
}

#[test]
fn tracks_of_a_cue_sheet_are_chapters() {
    let track = |number: u8, at: u64, indices: u8| {
        [&at.to_be_bytes()[..], &[number], &[0; 26], &[indices], &vec![0; 12 * usize::from(indices)]].concat()
    };
    let sheet = [vec![0; 395], vec![3], track(1, 0, 2), track(2, 4000, 1), track(170, 10_000, 0)].concat();
    let file = [b"fLaC".to_vec(), block(0, &stream_info(100, 10_000)), block(0x85, &sheet), fixed().concat()].concat();
    let (outline, _) = index(&file).unwrap();
    let chapters: Vec<_> =
        outline.chapters.iter().map(|chapter| (chapter.ids.concat(), chapter.interval.to_string())).collect();
    assert_eq!(chapters, [("1".to_owned(), "0,4".to_owned()), ("2".to_owned(), "4,10".to_owned())]);
}

#[test]
fn what_cannot_be_read_is_refused_with_the_reason() {
    let no_frames = head(100, 0);
    let no_info = [b"fLaC".to_vec(), block(0x81, &[0; 9])].concat();
    for file in [no_frames, no_info, b"fLaC".to_vec(), even(&fixed())[..40].to_vec()] {
        assert!(matches!(index(&file), Err(Error::Malformed { .. })));
    }
}

#[test]
fn damage_never_does_more_than_to_be_told() {
    damage(&even(&fixed()), 80, 400);
    damage(&file(&variable()), 80, 400);
}

proptest! {
    #[test]
    fn any_bytes_behind_a_header_are_read_calmly(bytes in proptest::collection::vec(prop_oneof![Just(0xFF_u8), Just(0xF8), any::<u8>()], 0..400)) {
        index(&[head(100, 0), fixed()[0].clone(), bytes].concat()).ok();
    }
}
