//! Both halves together: the index of files made by hand, and cuts of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation)]
#![allow(clippy::cast_possible_wrap, clippy::trivially_copy_pass_by_ref)]

mod opendml;

use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::executor::block_on;
use proptest::prelude::*;

use super::riff::{self, FourCc};
use crate::container::indexed::{Indexed, PageList, index as try_index, part};
use crate::container::{Error, Limit, ReadError, Source, Unsupported, index_on, pieces, testing};

/// Ticks of a frame, and of a block.
const TICKS: i64 = 3600;
const SOUND_TICKS: i64 = 11;

fn chunk(id: &FourCc, data: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    riff::put(&mut out, *id, data);
    out
}

fn list(kind: &FourCc, children: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"LIST", &[&kind[..], &children.concat()].concat())
}

fn riff(kind: &FourCc, children: &[Vec<u8>]) -> Vec<u8> {
    chunk(b"RIFF", &[&kind[..], &children.concat()].concat())
}

/// A stream's headers: its type, `dwScale`, `dwRate`, `dwSampleSize` and format.
fn stream(kind: &FourCc, (scale, rate, size): (u32, u32, u32), format: &[u8]) -> Vec<u8> {
    let mut header = vec![0; 56];
    header[..4].copy_from_slice(kind);
    for (at, value) in [(20, scale), (24, rate), (44, size)] {
        riff::set_u32(&mut header, at, value);
    }
    let index = chunk(b"indx", &[0; 24]);
    list(b"strl", &[chunk(b"strh", &header), chunk(b"strf", format), index, chunk(b"strn", b"A name\0")])
}

fn video(compression: &FourCc) -> Vec<u8> {
    let mut format = vec![0; 40];
    riff::set_u32(&mut format, 4, 320);
    riff::set_u32(&mut format, 8, (-180_i32).cast_unsigned());
    format[16..20].copy_from_slice(compression);
    stream(b"vids", (1, 25, 0), &format)
}

/// PCM of 8000 blocks of two bytes a second.
fn plain() -> Vec<u8> {
    stream(b"auds", (1, 8000, 2), &[1, 0, 1, 0, 0x40, 0x1F, 0, 0, 0x80, 0x3E, 0, 0, 2, 0, 16, 0])
}

fn headers(streams: &[Vec<u8>]) -> Vec<u8> {
    list(b"hdrl", &[&[chunk(b"avih", &[0; 56])], streams].concat())
}

/// A frame of MPEG-4, optionally a keyframe.
fn frame(number: u16, key: bool) -> Vec<u8> {
    let [low, high] = number.to_le_bytes();
    chunk(b"00dc", &[0, 0, 1, 0xB6, if key { 0x10 } else { 0x50 }, low, high])
}

/// The sound for the duration of a frame: 320 blocks, counted.
fn sound(number: u16) -> Vec<u8> {
    let blocks: Vec<u8> = (0..320).flat_map(|at| (number * 320 + at).to_le_bytes()).collect();
    chunk(b"01wb", &blocks)
}

/// Seconds of pictures, 25 each, the first of which is a keyframe, and of sound.
fn seconds(range: std::ops::Range<u16>) -> Vec<Vec<u8>> {
    let frames = range.start * 25..range.end * 25;
    frames.flat_map(|number| [frame(number, number % 25 == 0), sound(number)]).collect()
}

/// `idx1` for these chunks, with offsets from `base` and flags for keyframes.
fn old_index(chunks: &[Vec<u8>], base: u32) -> Vec<u8> {
    let mut at = base;
    let mut entries = Vec::new();
    for chunk in chunks {
        let key = chunk[..4] != *b"00dc" || chunk.get(12) == Some(&0x10);
        entries.extend(&chunk[..4]);
        for field in [if key { 0x10 } else { 0 }, at, riff::u32_at(chunk, 4)] {
            entries.extend(field.to_le_bytes());
        }
        at += chunk.len() as u32;
    }
    chunk(b"idx1", &entries)
}

fn ordinary() -> Vec<u8> {
    let chunks = seconds(0..6);
    riff(b"AVI ", &[headers(&[video(b"XVID"), plain()]), list(b"movi", &chunks), old_index(&chunks, 4)])
}

/// Indexes a file, and checks that the index is the same for any size of chunks.
fn index(file: &[u8]) -> Indexed {
    let whole = try_index(file).unwrap();
    for chunk in [64, 1000] {
        let mut pages = PageList::default();
        let outline =
            block_on(pieces::index::<super::index::AviPass>(&Bytes::copy_from_slice(file), &mut pages, chunk)).unwrap();
        let again = Indexed::new(outline, pages);
        assert_eq!((&again.outline, &again.samples), (&whole.outline, &whole.samples), "chunks of {chunk}");
    }
    whole
}

#[test]
fn frames_and_blocks_are_samples_of_the_streams() {
    let file = ordinary();
    let indexed = index(&file);
    let [video, audio] = &indexed.outline.tracks[..] else { panic!("{:?}", indexed.outline.tracks) };
    assert_eq!((video.id, video.codec.as_str(), video.dimensions), (0, "mp4v.20", Some((320, 180))));
    assert_eq!((audio.id, audio.codec.as_str(), audio.name.as_deref()), (1, "pcm", Some("A name")));
    assert_eq!((video.samples, audio.samples, indexed.notes().as_str()), (150, 48_000, ""));
    assert_eq!(indexed.outline.mime, "video/x-msvideo");
    assert_eq!(indexed.outline.duration.as_secs_f64().to_bits(), 6_f64.to_bits());
    let block = &indexed.samples[1][20_000];
    assert_eq!(part(&file, &block.bytes()), 20_000_u16.to_le_bytes());
    let element = indexed.elements.iter().find(|element| element.offset + element.size > block.offset).unwrap();
    assert_eq!(&file[element.offset as usize..][..4], b"01wb");
}

#[test]
fn chunks_are_found_by_whatever_index_there_is() {
    let original = ordinary();
    let whole = index(&original);
    let (chunks, head) = (seconds(0..6), headers(&[video(b"XVID"), plain()]));
    let absolute = 12 + head.len() as u32 + 12;
    let data = |chunks: &[Vec<u8>]| list(b"movi", chunks);
    let (first, second) = chunks.split_at(101);
    let in_records: Vec<_> = chunks.chunks(2).map(|pair| list(b"rec ", pair)).collect();
    let cases = [
        riff(b"AVI ", &[head.clone(), data(&chunks), old_index(&chunks, absolute)]),
        riff(b"AVI ", &[head.clone(), data(&chunks)]),
        riff(b"AVI ", &[head.clone(), data(&chunks), old_index(&chunks, 77)]),
        riff(b"AVI ", &[head.clone(), chunk(b"JUNK", &[0; 99]), data(&in_records)]),
        [riff(b"AVI ", &[head.clone(), data(first), old_index(first, 4)]), riff(b"AVIX", &[data(second)])].concat(),
    ];
    for (case, file) in cases.iter().enumerate() {
        let found = index(file);
        for (track, samples) in found.samples.iter().enumerate() {
            assert_eq!(samples.len(), whole.samples[track].len());
            for (run, expected) in samples.iter().zip(&whole.samples[track]) {
                assert_eq!((run.decode, run.sync), (expected.decode, expected.sync), "case {case}, track {track}");
                assert_eq!(part(file, &run.bytes()), part(&original, &expected.bytes()), "case {case}, track {track}");
            }
        }
    }
}

#[test]
fn a_cut_is_a_file_of_the_same_samples() {
    let original = ordinary();
    let indexed = index(&original);
    let cut = indexed.cut(&original, 2000, 4020);
    let again = index(&cut);
    let ticks = |track: usize, run: &crate::media::Run| run.decode.0 / [TICKS, SOUND_TICKS][track];
    assert_eq!((again.notes().as_str(), again.samples[0].len(), again.samples[1].len()), ("", 51, 16_160));
    for (track, skipped) in [(0, 50), (1, 16_000)] {
        for (before, after) in indexed.samples[track].iter().skip(skipped).zip(&again.samples[track]) {
            assert_eq!(part(&original, &before.bytes()), part(&cut, &after.bytes()));
            assert_eq!((ticks(track, before) - skipped as i64, before.sync), (ticks(track, after), after.sync));
        }
    }
    assert_eq!(cut.len() as u32 - 8, riff::u32_at(&cut, 4));
    let frames = riff::u32_at(&cut, 32 + 16);
    assert_eq!(frames, 51, "dwTotalFrames");
}

#[test]
fn dropped_frames_and_sound_that_begins_later_keep_their_times() {
    let mut chunks = seconds(0..4);
    // Frames 30 and 31 are shown although they repeat the previous one.
    chunks[60] = chunk(b"00dc", &[]);
    chunks[62] = chunk(b"00dc", &[]);
    let streams = [video(b"XVID"), plain()];
    let original = riff(b"AVI ", &[headers(&streams), list(b"movi", &chunks), old_index(&chunks, 4)]);
    let indexed = index(&original);
    assert_eq!(indexed.samples[0].len(), 98);
    assert_eq!(indexed.times(0)[28..32], [28, 29, 32, 33].map(|frame| frame * TICKS));
    let mut selection = indexed.select(&[0, 1], 1000, 3000);
    selection.tracks[1].runs = selection.tracks[1].runs.iter().skip(800).collect();
    let written = crate::container::write(&indexed.outline, &selection).unwrap();
    let again = index(&crate::container::indexed::bytes(&written.splice, &original));
    assert_eq!(again.times(0)[3..7], [3, 4, 7, 8].map(|frame| frame * TICKS));
    assert_eq!(again.times(1)[..2], [800, 801].map(|block| block * SOUND_TICKS));
    assert_eq!(written.elements.len(), 48 + 2 + selection.tracks[1].runs.len());
    let ends_with_them = indexed.cut(&original, 1000, 1280);
    assert_eq!(riff::u32_at(&ends_with_them, 32 + 16), 7, "dwTotalFrames");
}

#[test]
fn a_cut_holds_all_that_it_shows_and_nothing_that_cannot_be_decoded() {
    const MILLISECOND: i64 = 1_000_000;
    // The second group is open.
    let picture = |(number, kind): (u8, char)| {
        chunk(b"00dc", &[0, 0, 1, 0xB6, [0x10, 0x50, 0x90]["IPB".find(kind).unwrap()], number, 7])
    };
    let shown = [0, 3, 1, 2, 6, 4, 5, 9, 7, 8, 12, 10, 11];
    let chunks: Vec<_> = (0..).zip("IPBBPBBIBBPBB".chars()).map(picture).collect();
    let (head, movi) = (headers(&[video(b"XVID")]), list(b"movi", &chunks));
    let indexed = riff(b"AVI ", &[head.clone(), movi.clone(), old_index(&chunks, 4)]);
    for original in [indexed, riff(b"AVI ", &[head, movi])] {
        let found = index(&original);
        assert_eq!(found.times(0), shown.map(|frame| frame * TICKS));
        let held = testing::index(&original).unwrap();
        for (asked, given, numbers) in [
            ((0, 60), (0, 160), &[0, 1, 2, 3][..]),
            ((240, 250), (0, 280), &[0, 1, 2, 3, 4, 5, 6]),
            ((370, 410), (360, 520), &[7, 10, 11, 12]),
        ] {
            let interval = asked.0 * MILLISECOND..asked.1 * MILLISECOND;
            let (answer, cut) = testing::cut(&original, &held, interval).unwrap();
            assert_eq!((answer.given.start().0, answer.given.end().0), (given.0 * MILLISECOND, given.1 * MILLISECOND));
            let again = index(&cut);
            let held: Vec<_> = again.samples[0].iter().map(|run| part(&cut, &run.bytes())[5]).collect();
            assert_eq!(held, numbers);
            let mut times = again.times(0);
            times.sort_unstable();
            assert_eq!(
                times,
                (0..).map(|frame| frame * TICKS).take(numbers.len()).collect::<Vec<_>>(),
                "none is missing"
            );
        }
    }
}

/// Counts the bytes read from a file.
struct CountedBytes(Bytes, AtomicU64);

impl Source for CountedBytes {
    fn len(&self) -> u64 {
        Source::len(&self.0)
    }

    async fn read(&self, range: std::ops::Range<u64>) -> Result<Bytes, ReadError> {
        self.1.fetch_add(range.end - range.start, Ordering::Relaxed);
        self.0.read(range).await
    }
}

#[test]
fn frames_are_read_only_where_they_may_be_reordered() {
    let frame = |number: u16, kind: u8| {
        let [low, high] = number.to_le_bytes();
        chunk(b"00dc", &[&[0, 0, 1, 0xB6, kind, low, high][..], &[9; 3000]].concat())
    };
    for (reordered, share) in [(false, 3), (true, 1)] {
        let kind = |number: u16| [0x10, 0x50, if reordered { 0x90 } else { 0x50 }][usize::from(number % 3)];
        let chunks: Vec<_> = (0..1000).map(|number| frame(number, kind(number))).collect();
        let file = riff(b"AVI ", &[headers(&[video(b"XVID")]), list(b"movi", &chunks), old_index(&chunks, 4)]);
        let length = file.len() as u64;
        let source = CountedBytes(file.into(), AtomicU64::new(0));
        let limit = Limit { chunk: 4096, ..Limit::default() };
        block_on(index_on(&source, &mut PageList::default(), None, &limit)).unwrap();
        let read = source.1.load(Ordering::Relaxed);
        assert_eq!(read > length / 2, reordered, "{read} of {length} bytes");
        assert!(read < length / share + 300_000, "{read} of {length} bytes");
    }
}

/// MP3 with 38.28 frames a second: `dwSampleSize`, nBlockAlign.
fn mp3(size: u16, block: u16) -> Vec<u8> {
    let [low, high] = block.to_le_bytes();
    let format = [0x55, 0, 1, 0, 0x44, 0xAC, 0, 0, 0x80, 0x3E, 0, 0, low, high, 0, 0];
    stream(b"auds", (1152, 44_100, size.into()), &format)
}

#[test]
fn a_chunk_of_frames_lasts_as_many_units_as_it_begins() {
    const FRAME: i64 = 1152 * 2;
    let sizes = [400, 0, 0, 1152, 1153, 9, 0, 100];
    let cases: [(Vec<u8>, &[i64]); 4] = [
        (mp3(0, 1152), &[0, 1, 2, 4, 5]),
        (mp3(1152, 1152), &[0, 1, 2, 4, 5]),
        // This says nothing about the duration of a chunk.
        (mp3(0, 1), &[0, 3, 4, 5, 7]),
        (mp3(0, 0), &[0, 3, 4, 5, 7]),
    ];
    for (audio, expected) in cases {
        let chunks: Vec<_> = sizes.map(|size| chunk(b"00wb", &vec![7; size])).into();
        let file = riff(b"AVI ", &[headers(&[audio]), list(b"movi", &chunks)]);
        assert_eq!(index(&file).times(0), expected.iter().map(|unit| unit * FRAME).collect::<Vec<_>>());
    }
}

#[test]
fn chunks_of_bytes_need_not_end_with_a_unit() {
    let chunks: Vec<_> = [100, 100, 100, 1000].map(|size| chunk(b"00wb", &vec![7; size])).into();
    let file = riff(b"AVI ", &[headers(&[mp3(300, 300)]), list(b"movi", &chunks)]);
    let indexed = index(&file);
    assert_eq!(indexed.times(0), [0, 768, 1536, 2304]);
    assert_eq!(indexed.outline.tracks[0].presented.1.0, 1300 * 768 / 100);
}

#[test]
fn what_is_not_as_it_should_be_is_told_or_refused() {
    let garbage = vec![1; 999];
    let chunks = [seconds(0..2), vec![garbage], seconds(2..4)].concat();
    let found = index(&riff(b"AVI ", &[headers(&[video(b"XVID"), plain()]), list(b"movi", &chunks)]));
    assert!(found.notes().contains("bytes that are no chunk"), "{}", found.notes());
    assert_eq!(found.samples[0].len(), 100);
    let texts = stream(b"txts", (1, 1, 0), &[0]);
    let found = index(&riff(b"AVI ", &[headers(&[texts.clone(), video(b"XVID")]), list(b"movi", &[])]));
    assert!(found.notes().contains("stream 0 of type txts") && found.notes().contains("no samples"));
    let nothing = riff(b"AVI ", &[headers(&[texts, stream(b"vids", (0, 0, 0), &[0; 40])]), list(b"movi", &[])]);
    assert!(matches!(try_index(&nothing), Err(Error::Unsupported(Unsupported::NoTracks { .. }))));
    for broken in [riff(b"AVI ", &[]), riff(b"AVI ", &[list(b"movi", &[])]), riff(b"AVI ", &[headers(&[plain()])])] {
        assert!(matches!(try_index(&broken), Err(Error::Malformed { .. })));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damage_never_panics_and_samples_lie_in_the_file(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..8, any::<bool>()), 0..6),
        length in any::<prop::sample::Index>(),
    ) {
        let mut damaged = ordinary();
        damaged.truncate(damaged.len() / 2 + length.index(damaged.len()) / 2);
        for (at, bit, early) in flips {
            let at = at.index(if early { 500 } else { damaged.len() });
            damaged[at] ^= 1 << bit;
        }
        if let Ok(found) = try_index(&damaged) {
            prop_assert!(found.samples.iter().flatten().all(|run| run.bytes().end <= damaged.len() as u64));
        }
    }
}
