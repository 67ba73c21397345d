//! Both halves together, with handmade files.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

use std::ops::Range;
use std::sync::Mutex;

use bytes::Bytes;
use futures::executor::block_on;
use proptest::prelude::*;

use super::Iff;
use super::dialect::{CHUNK_TAIL, RIFF_TAIL};
use crate::container::Format;
use crate::container::testing::{cut, damage, index};
use crate::container::{self, Error, ReadError, Selected, Selection, Source};
use crate::index::Elements;
use crate::index::Memory;
use crate::index::Outline;
use crate::media::splice::Piece;
use crate::media::{Interval, Ticks, Time};

const SECOND: i64 = 1_000_000_000;

fn chunk(id: &[u8], data: &[u8]) -> Vec<u8> {
    let padding = vec![0; data.len() % 2];
    [id, &(data.len() as u32).to_le_bytes(), data, &padding].concat()
}

fn wave(chunks: &[Vec<u8>]) -> Vec<u8> {
    let data = [b"WAVE".to_vec(), chunks.concat()].concat();
    chunk(b"RIFF", &data)
}

/// A format: its tag, channels, samples a second, bytes of a block, bits a sample.
fn fmt(tag: u16, channels: u16, rate: u32, block: u16, bits: u16) -> Vec<u8> {
    let head = [tag.to_le_bytes(), channels.to_le_bytes()].concat();
    let tail = [block.to_le_bytes(), bits.to_le_bytes()].concat();
    [head, rate.to_le_bytes().to_vec(), (rate * u32::from(block)).to_le_bytes().to_vec(), tail].concat()
}

/// Bytes that vary with their position.
fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 7 + at / 251) as u8).collect()
}

/// Three seconds of sixteen bits in stereo at 1000 samples a second.
fn stereo() -> Vec<u8> {
    wave(&[chunk(b"fmt ", &fmt(1, 2, 1000, 4, 16)), chunk(b"data", &noise(12_000))])
}

fn big(id: &[u8], data: &[u8]) -> Vec<u8> {
    let padding = vec![0; data.len() % 2];
    [id, &(data.len() as u32).to_be_bytes(), data, &padding].concat()
}

/// Three seconds of AIFF-C, little-endian, at 1000 samples a second, with two markers.
fn aifc() -> Vec<u8> {
    aifc_of(*b"sowt", 3000, 0)
}

/// The same with this codec, this number of blocks, and this many bytes before the first.
fn aifc_of(codec: [u8; 4], blocks: u32, offset: u8) -> Vec<u8> {
    let rate = [0x40, 0x08, 0xFA, 0, 0, 0, 0, 0, 0, 0];
    let comm = [&[0, 2][..], &blocks.to_be_bytes(), &[0, 16], &rate, &codec, &[0, 0]].concat();
    let mark = [&[0, 2, 0, 1, 0, 0, 0, 0][..], b"\x05First", &[0, 9, 0, 0, 5, 0xDC], b"\x06Second\0"].concat();
    let sound = [vec![0, 0, 0, offset, 0, 0, 0, 0], vec![0xEE; offset.into()], noise(12_000)].concat();
    let chunks =
        [big(b"FVER", &[0xA2, 0x80, 0x51, 0x40]), big(b"COMM", &comm), big(b"MARK", &mark), big(b"SSND", &sound)];
    big(b"FORM", &[b"AIFC".to_vec(), chunks.concat()].concat())
}

fn wave64() -> Vec<u8> {
    let chunk = |id: &[u8], tail: &[u8], data: &[u8]| {
        let padding = vec![0; data.len().wrapping_neg() % 8];
        [id, tail, &(24 + data.len() as u64).to_le_bytes(), data, &padding].concat()
    };
    let chunks = [
        chunk(b"junk", &CHUNK_TAIL, &[0; 3]),
        chunk(b"fmt ", &CHUNK_TAIL, &fmt(1, 2, 1000, 4, 16)),
        chunk(b"data", &CHUNK_TAIL, &noise(12_000)),
    ]
    .concat();
    let total = (40 + chunks.len() as u64).to_le_bytes();
    [&b"riff"[..], &RIFF_TAIL, &total, b"wave", &CHUNK_TAIL, &chunks].concat()
}

/// The bytes of all samples in an index.
fn sound(file: &[u8], (outline, pages): &(Outline, Memory)) -> Vec<u8> {
    let pages = pages.packed().map(|page| crate::index::Page::unpack(page.number, &page.bytes).unwrap());
    let runs: Vec<_> = pages.flat_map(|page| page.tracks.into_iter().flat_map(|track| track.runs)).collect();
    assert_eq!(runs.iter().map(|run| u64::from(run.count)).sum::<u64>(), outline.tracks[0].samples);
    let bytes = |range: Range<u64>| file[range.start as usize..range.end as usize].to_vec();
    runs.iter().flat_map(|run| bytes(run.bytes())).collect()
}

#[test]
fn what_stands_before_and_between_chunks_does_not_hide_them() {
    let tag = [&b"ID3\x03\0\0\0\0\0\x0B"[..], &[0; 11]].concat();
    let unpadded = [&b"LIST\x05\0\0\0"[..], b"INFOx", &b"cue \x03\0\0\0"[..], &[0; 3]].concat();
    let fmt = chunk(b"fmt ", &fmt(1, 2, 1000, 4, 16));
    let odd = wave(&[fmt, unpadded, chunk(b"data", &noise(12_000))]);
    let before = |bytes: &[u8], file: &[u8]| [bytes, file].concat();
    let cases = [
        ("an unpadded chunk", odd.clone(), 0),
        ("a tag", before(&tag, &stereo()), 21),
        ("two tags, and unpadded chunks", before(&tag, &before(&tag, &odd)), 42),
        ("zeros", before(&[0; 999], &stereo()), 999),
        ("a tag and a zero", before(&tag, &before(&[0], &aifc())), 22),
        ("a tag before a Wave64", before(&tag, &wave64()), 21),
    ];
    for (name, file, begin) in cases {
        let indexed = index(&file).unwrap();
        assert_eq!(sound(&file, &indexed), noise(12_000), "{name}");
        assert_eq!((indexed.0.setup_ranges[0].start, &indexed.0.notes[..]), (begin, &[][..]), "{name}");
        let (_, bytes) = cut(&file, &indexed, SECOND..2 * SECOND).unwrap();
        assert_eq!(sound(&bytes, &index(&bytes).unwrap()), noise(12_000)[4000..8000], "{name}");
    }
}

#[test]
fn a_cut_of_any_dialect_is_exact_to_the_sample_and_of_the_same_dialect() {
    for (name, file, mime) in
        [("WAV", stereo(), "audio/wav"), ("AIFF-C", aifc(), "audio/aiff"), ("Wave64", wave64(), "audio/x-w64")]
    {
        assert!(Iff.recognises(&file));
        let indexed = index(&file).unwrap();
        assert_eq!((indexed.0.mime.as_str(), indexed.0.duration), (mime, Time::from_secs(3)), "{name}");
        assert_eq!(sound(&file, &indexed), noise(12_000), "{name}");
        assert!(indexed.0.notes.is_empty(), "{name}: {:?}", indexed.0.notes);
        for (start, end) in [(0, 1), (1, 2), (1500, 2999), (333, 3000), (2999, 9000)] {
            let (part, bytes) = cut(&file, &indexed, start * SECOND / 1000..end * SECOND / 1000).unwrap();
            let end = end.min(3000);
            assert_eq!(part.given, Interval::new(Time(start * SECOND / 1000), Time(end * SECOND / 1000)).unwrap());
            let again = index(&bytes).unwrap();
            assert_eq!(again.0.mime, mime);
            assert_eq!(again.0.duration, part.given.duration(), "{name} {start}-{end}");
            assert_eq!(
                sound(&bytes, &again),
                noise(12_000)[start as usize * 4..end as usize * 4],
                "{name} {start}-{end}"
            );
            assert!(again.0.notes.is_empty(), "{name}: {:?}", again.0.notes);
        }
    }
}

#[test]
fn sound_without_a_length_goes_on_to_the_end_of_the_file() {
    let sizes =
        [(0, 0), (u32::MAX, u32::MAX), (36, 0), (u32::MAX, 0), (0x7FFF_F024, 0x7FFF_F000), (u32::MAX, u32::MAX - 36)];
    for (form, size) in sizes {
        let mut file = stereo();
        file[4..8].copy_from_slice(&form.to_le_bytes());
        file[40..44].copy_from_slice(&size.to_le_bytes());
        let indexed = index(&file).unwrap();
        assert_eq!(sound(&file, &indexed), noise(12_000), "{form} {size}");
        assert_eq!(indexed.0.notes, [""; 0], "{form} {size}");
    }
    // From an interrupted RF64 recorder.
    let mut file =
        wave(&[chunk(b"ds64", &[0; 28]), chunk(b"fmt ", &fmt(1, 2, 1000, 4, 16)), chunk(b"data", &noise(12_000))]);
    file[..8].copy_from_slice(b"RF64\xFF\xFF\xFF\xFF");
    file[76..80].fill(0xFF);
    assert_eq!(sound(&file, &index(&file).unwrap()), noise(12_000));
}

#[test]
fn sound_of_aiff_begins_where_its_chunk_says_and_is_all_that_is_there() {
    for (codec, blocks, offset, bytes) in [
        (b"sowt", 3000, 0, 12_000),
        (b"sowt", 3000, 8, 12_000),
        (b"sowt", 3000, 7, 12_000),
        (b"sowt", 1600, 0, 6400),
        // Never counted, and counted in another way.
        (b"sowt", 0, 0, 12_000),
        (b"ima4", 88, 0, 12_000),
        (b"ima4", 9600, 0, 12_000),
    ] {
        let file = aifc_of(*codec, blocks, offset);
        let indexed = index(&file).unwrap();
        assert_eq!(sound(&file, &indexed), noise(bytes), "{codec:?} {blocks} {offset}");
        assert_eq!(indexed.0.notes, [""; 0]);
    }
}

#[test]
fn what_is_missing_or_left_over_is_told() {
    let whole = stereo();
    let odd = wave(&[chunk(b"fmt ", &fmt(1, 2, 1000, 4, 16)), chunk(b"data", &noise(4003))]);
    for (file, samples, note) in
        [(&whole[..5044], 1250, "truncated"), (&whole[..5046], 1250, "2 bytes"), (&odd[..], 1000, "3 bytes")]
    {
        let (outline, _) = index(file).unwrap();
        assert_eq!(outline.tracks[0].samples, samples);
        assert!(outline.notes.iter().any(|text| text.contains(note)), "{:?}", outline.notes);
    }
    let no_sound = wave(&[chunk(b"fmt ", &fmt(1, 2, 1000, 4, 16))]);
    let no_format = wave(&[chunk(b"data", &noise(100))]);
    for file in [no_sound, no_format, whole[..30].to_vec()] {
        assert!(matches!(index(&file), Err(Error::Malformed { .. })));
    }
}

#[test]
fn formats_are_read_or_refused_with_the_reason() {
    let extensible = |tag: u32, tail: &[u8]| {
        [&fmt(0xFFFE, 1, 1000, 3, 24)[..], &[22, 0, 24, 0, 4, 0, 0, 0], &tag.to_le_bytes(), tail].concat()
    };
    let system = [0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];
    let blocks = |tag: u16, block: u16| [fmt(tag, 1, 1000, block, 4), vec![2, 0, 249, 1]].concat();
    for (format, expected) in [
        (fmt(1, 1, 1000, 1, 8), Ok("1")),
        (fmt(1, 2, 1000, 8, 24), Ok("1")),
        (fmt(3, 1, 1000, 8, 64), Ok("3")),
        (extensible(1, &system), Ok("1")),
        (blocks(0x11, 256), Ok("11")),
        (fmt(1, 2, 1000, 3, 8), Ok("1")),
        (fmt(1, 2, 1000, 2, 16), Ok("1")),
        (fmt(1, 2, 1000, 0, 16), Ok("1")),
        (fmt(1, 2, 0, 4, 16), Err("of 0 samples a second")),
        (fmt(1, 0, 1000, 4, 16), Err("0 channels")),
        (fmt(1, 2, 1000, 0, 0), Err("blocks of 0 bytes")),
        (fmt(0x161, 2, 1000, 1, 0), Err("format 0x0161")),
        (extensible(1, &[7; 12]), Err("GUID is [01, 00, 00, 00, 07")),
        (blocks(0x11, 256)[..18].to_vec(), Err("no number of samples in a block")),
        (vec![1, 0], Err("2 bytes, where at least 16")),
    ] {
        let found = index(&wave(&[chunk(b"fmt ", &format), chunk(b"data", &noise(256 * 4))]));
        let found = found.map(|(outline, _)| outline.tracks[0].codec.clone()).map_err(|error| error.to_string());
        match (&found, expected) {
            (Ok(codec), Ok(expected)) => assert_eq!(codec, expected),
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{error}"),
            _ => panic!("{found:?}, where {expected:?} was expected"),
        }
    }
}

#[test]
fn an_extensible_format_may_be_big_endian() {
    let guid = [0, 0, 0, 1, 0, 0, 0, 0x10, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];
    let format =
        [&[0xFF, 0xFE, 0, 1, 0, 0, 3, 0xE8, 0, 0, 0x0F, 0xA0, 0, 4, 0, 32, 0, 22, 0, 32, 0, 0, 0, 4][..], &guid];
    let chunks = [b"WAVE".to_vec(), big(b"fmt ", &format.concat()), big(b"data", &noise(4000))];
    let (outline, _) = index(&big(b"RIFX", &chunks.concat())).unwrap();
    assert_eq!((outline.tracks[0].codec.as_str(), outline.duration), ("1", Time::from_secs(1)));
}

#[test]
fn blocks_of_several_samples_stay_whole() {
    let format = [fmt(0x11, 1, 1000, 256, 4), vec![2, 0, 249, 1]].concat();
    let chunks = [chunk(b"fmt ", &format), chunk(b"fact", &1200_u32.to_le_bytes()), chunk(b"data", &noise(256 * 3))];
    let file = wave(&chunks);
    let indexed = index(&file).unwrap();
    assert_eq!((indexed.0.tracks[0].samples, indexed.0.duration), (3, Time(SECOND * 1200 / 1000)));
    let (part, bytes) = cut(&file, &indexed, SECOND * 6 / 10..SECOND * 7 / 10).unwrap();
    assert_eq!(part.given, Interval::new(Time(SECOND * 505 / 1000), Time(SECOND * 1010 / 1000)).unwrap());
    assert!(bytes.ends_with(&noise(768)[256..512]));
    let fact = bytes.windows(4).position(|four| four == b"fact").unwrap();
    assert_eq!(bytes[fact + 8..fact + 12], 505_u32.to_le_bytes());
}

#[test]
fn marks_are_chapters_and_the_recording_has_a_date() {
    let cue = |id: u32, at: u32| [id, at, 0x6174_6164, 0, 0, at].map(u32::to_le_bytes).concat();
    let label = |id: u32, text: &[u8]| chunk(b"labl", &[&id.to_le_bytes()[..], text, &[0]].concat());
    let lasts = chunk(b"ltxt", &[7_u32.to_le_bytes(), 500_u32.to_le_bytes(), *b"rgn ", [0; 4], [0; 4]].concat());
    let mut bext = vec![0; 602];
    bext[320..338].copy_from_slice(b"2010-10-2207:33:53");
    bext[338..342].copy_from_slice(&u32::MAX.to_le_bytes());
    bext[346] = 2;
    let file = wave(&[
        chunk(b"bext", &bext),
        chunk(b"fmt ", &fmt(1, 2, 1000, 4, 16)),
        chunk(b"data", &noise(12_000)),
        chunk(b"cue ", &[2_u32.to_le_bytes().to_vec(), cue(3, 2000), cue(7, 1000)].concat()),
        chunk(b"LIST", &[b"adtl".to_vec(), label(3, b"Fuga"), label(7, b"Pr\xe4ludium"), lasts].concat()),
    ]);
    let indexed = index(&file).unwrap();
    let chapters = &indexed.0.chapters;
    assert_eq!(indexed.0.created, Some(1_287_732_833 * SECOND));
    assert_eq!(chapters.iter().map(|chapter| chapter.interval.to_string()).collect::<Vec<_>>(), ["1,1.5", "2,3"]);
    assert!(chapters[0].is_called("Präludium") && chapters[0].is_called("7") && chapters[1].is_called("Fuga"));
    let (_, bytes) = cut(&file, &indexed, SECOND..2 * SECOND).unwrap();
    let bext = bytes.windows(4).position(|four| four == b"bext").unwrap() + 8;
    assert_eq!(bytes[bext + 338..bext + 346], (0xFFFF_FFFF_u64 + 1000).to_le_bytes());
    assert_eq!(bytes[bext + 412..bext + 414], [0xFF, 0x7F]);

    let (outline, _) = index(&aifc()).unwrap();
    let titles: Vec<_> = outline.chapters.iter().map(|chapter| chapter.titles.concat()).collect();
    assert_eq!(titles, ["First", "Second"]);
}

/// Any number of zeros after a beginning, few of which may be read.
struct Large {
    start: Vec<u8>,
    length: u64,
    read: Mutex<u64>,
}

impl Source for Large {
    fn len(&self) -> u64 {
        self.length
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, ReadError> {
        *self.read.lock().unwrap() += range.end - range.start;
        let mut bytes = vec![0; (range.end - range.start) as usize];
        for (at, byte) in range.zip(&mut bytes) {
            *byte = self.start.get(at as usize).copied().unwrap_or(0);
        }
        Ok(bytes.into())
    }
}

#[test]
fn a_file_of_any_length_is_a_few_reads_and_beyond_four_gigabytes_rf64() {
    const BYTES: u64 = 6 << 30;
    let sizes = [BYTES + 72, BYTES, BYTES / 4].map(u64::to_le_bytes).concat();
    let head = [*b"RF64", [0xFF; 4], *b"WAVE", *b"ds64", 28_u32.to_le_bytes()].concat();
    let format = chunk(b"fmt ", &fmt(1, 2, 48_000, 4, 16));
    let start = [head, sizes, vec![0; 4], format, b"data".to_vec(), vec![0xFF; 4]].concat();
    let source = Large { length: start.len() as u64 + BYTES, start, read: Mutex::new(0) };
    let mut pages = Memory::default();
    let outline = block_on(container::index(&source, &mut pages)).unwrap();
    assert_eq!((outline.tracks[0].samples, outline.notes.len()), (BYTES / 4, 0));
    assert!(*source.read.lock().unwrap() < 1 << 20);

    let run = crate::index::Page::unpack(0, &pages.packed().next().unwrap().bytes).unwrap().tracks[0].runs[0].clone();
    for (count, form) in [(1 << 29, b"RIFF"), (1 << 30, b"RF64")] {
        let runs = vec![crate::media::Run { count, decode: Ticks::ZERO, ..run.clone() }];
        let track = Selected { track: 0, runs: runs.into_iter().collect(), segments: Vec::new() };
        let given = Interval::new(Time::ZERO, outline.duration).unwrap();
        let selection = Selection { given, tracks: vec![track], elements: Elements::default() };
        let written = container::write(&outline, &selection).unwrap();
        let pieces: Vec<Piece> = written.splice.pieces().collect();
        let [Piece::Made(head), Piece::Source(_)] = pieces.as_slice() else { panic!("{pieces:?}") };
        assert_eq!(&head[..4], form);
        let again = Large { length: written.splice.len(), start: head.to_vec(), read: Mutex::new(0) };
        let again = block_on(container::index(&again, &mut Memory::default())).unwrap();
        assert_eq!((again.tracks[0].samples, again.notes.len()), (u64::from(count), 0));
    }
}

#[test]
fn damage_never_does_more_than_to_be_told() {
    for file in [stereo(), aifc(), wave64()] {
        damage(&file, 120, 400);
    }
}

proptest! {
    #[test]
    fn hostile_chunks_are_refused_calmly(chunks in proptest::collection::vec((0..14_usize, any::<u32>(), proptest::collection::vec(any::<u8>(), 0..80)), 0..12), aiff: bool) {
        const IDS: [&[u8]; 14] =
            [b"fmt ", b"data", b"fact", b"ds64", b"bext", b"cue ", b"LIST", b"COMM", b"SSND", b"MARK", b"NAME", b"CHAN", b"JUNK", b"adtl"];
        let start = if aiff { [&b"FORM"[..], &[0xFF; 4], b"AIFC"].concat() } else { [&b"RIFF"[..], &[0xFF; 4], b"WAVE"].concat() };
        let body: Vec<u8> = chunks.iter().flat_map(|(id, size, data)| {
            let size = if size % 3 == 0 { *size } else { data.len() as u32 };
            let size = if aiff { size.to_be_bytes() } else { size.to_le_bytes() };
            [IDS[*id], &size, data].concat()
        }).collect();
        let file = [start, body].concat();
        if let Ok(indexed) = index(&file) {
            cut(&file, &indexed, 0..SECOND);
        }
    }
}
