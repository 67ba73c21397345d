//! Both halves together: what is indexed of files made by hand, and what of it is written again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::expect_used)]

use std::sync::Mutex;

use bytes::Bytes;
use futures::executor::block_on;

use super::testing::{
    block_data, cluster, ebml_header, element, group, info, master, simple, string, track, uint, unknown,
};
use super::{ids, recognises};
use crate::container::{Error, ReadError, Segment, Selected, Selection, Sink, Source};
use crate::index::{Element, Outline, Packed, Page};
use crate::media::{Interval, Kind, Run, Setup, Ticks, Time};
use crate::splice::{Piece, Splice};

#[derive(Default)]
struct Pages(Vec<Packed>);

impl Sink for Pages {
    async fn page(&mut self, page: Packed) -> Result<(), ReadError> {
        self.0.push(page);
        Ok(())
    }
}

/// An indexed file.
struct Indexed {
    outline: Outline,
    /// The samples of each track, runs of several taken apart.
    samples: Vec<Vec<Run>>,
    elements: Vec<Element>,
}

/// Indexes a source by chunks of so many bytes.
fn try_index(source: &impl Source, chunk: u64) -> Result<Indexed, Error> {
    let mut pages = Pages::default();
    let outline = block_on(super::index::index(source, &mut pages, chunk))?;
    let mut samples = vec![Vec::new(); outline.tracks.len()];
    let mut elements: Vec<Element> = Vec::new();
    pages.0.sort_by_key(|page| page.number);
    assert!(pages.0.iter().all(|page| page.number < outline.pages));
    for page in pages.0 {
        let page = Page::unpack(page.number, &page.bytes).unwrap();
        for (all, track) in samples.iter_mut().zip(page.tracks) {
            all.extend(track.runs.iter().flat_map(|run| (0..run.count).map(|at| run.slice(at..at + 1).unwrap())));
        }
        elements.extend(page.elements);
    }
    elements.sort_by_key(|element| element.offset);
    elements.dedup();
    for (samples, track) in samples.iter().zip(&outline.tracks) {
        assert_eq!(samples.len() as u64, track.samples);
    }
    Ok(Indexed { outline, samples, elements })
}

/// Indexes a file, whose index is the same by whatever chunks it is read.
fn index(file: &[u8]) -> Indexed {
    let file = Bytes::copy_from_slice(file);
    assert!(recognises(&file));
    let whole = try_index(&file, super::index::CHUNK).unwrap();
    for chunk in [1, 7, 64, 1000] {
        let again = try_index(&file, chunk).unwrap();
        assert_eq!((&again.outline, &again.samples), (&whole.outline, &whole.samples), "chunks of {chunk}");
    }
    whole
}

/// A file of a Segment with these children.
fn file(children: &[Vec<u8>]) -> Vec<u8> {
    [ebml_header("webm", &[]), master(ids::SEGMENT, children)].concat()
}

/// VP8 of number 1 and Opus of number 2.
fn tracks() -> Vec<u8> {
    let pixels = master(ids::VIDEO, &[uint(ids::PIXEL_WIDTH, 320), uint(ids::PIXEL_HEIGHT, 180)]);
    let video = track(1, 1, "V_VP8", &[pixels, uint(ids::DEFAULT_DURATION, 40_000_000)]);
    let audio = track(2, 2, "A_OPUS", &[string(ids::NAME, "Ton"), string(ids::LANGUAGE, "ger")]);
    master(ids::TRACKS, &[video, audio])
}

const OPUS: &[u8] = &[0xF8, 1, 2, 3];

/// Blocks of one second from `from` milliseconds on: a keyframe, then 24 frames, and 50 Opus packets between them.
fn second(from: i16) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    for at in 0..50_i16 {
        if at % 2 == 0 {
            blocks.push(simple(1, from + 20 * at, at == 0, &[u8::try_from(at).unwrap(); 30]));
        }
        blocks.push(simple(2, from + 20 * at, false, OPUS));
    }
    blocks
}

/// Five clusters of two seconds each.
fn ordinary() -> Vec<u8> {
    let mut children = vec![master(ids::SEEK_HEAD, &[]), info(), tracks()];
    for at in 0..5 {
        children.push(cluster(2000 * at, &[second(0), second(1000)].concat()));
    }
    file(&children)
}

/// The bytes of a splice.
fn bytes(splice: &Splice, original: &[u8]) -> Vec<u8> {
    let slice = |range: &std::ops::Range<u64>| original[range.start as usize..range.end as usize].to_vec();
    let all: Vec<u8> = splice
        .pieces()
        .iter()
        .flat_map(|piece| match piece {
            Piece::Made(bytes) => bytes.to_vec(),
            Piece::Source(range) => slice(range),
        })
        .collect();
    assert_eq!(all.len() as u64, splice.len());
    all
}

impl Indexed {
    /// What of these tracks is presented from `start` up to `end` milliseconds, all of it whole.
    fn select(&self, tracks: &[usize], start: i64, end: i64) -> Selection {
        let ms = |ms: i64| Time(ms * 1_000_000);
        let within = |run: &&Run| (start..end).contains(&run.presentation().0);
        let tracks = tracks.iter().map(|track| Selected {
            track: *track,
            runs: self.samples[*track].iter().filter(within).cloned().collect(),
            segments: vec![Segment { duration: Ticks(end - start), media: Some(Ticks(start)) }],
        });
        let given = Interval::new(ms(start), ms(end)).unwrap();
        Selection { given, tracks: tracks.collect(), elements: self.elements.clone() }
    }

    fn times(&self, track: usize) -> Vec<i64> {
        self.samples[track].iter().map(|run| run.presentation().0).collect()
    }

    fn notes(&self) -> String {
        self.outline.notes.join("; ")
    }
}

#[test]
fn an_ordinary_file_is_indexed_in_full() {
    let original = ordinary();
    let indexed = index(&original);
    let outline = &indexed.outline;
    assert_eq!((outline.mime.as_str(), outline.duration, outline.elements), ("video/webm", Time::from_secs(10), true));
    assert_eq!(indexed.notes(), "");
    let [video, audio] = outline.tracks.as_slice() else { panic!("{:?}", outline.tracks) };
    assert_eq!((video.id, video.kind, video.codec.as_str()), (1, Kind::Video, "vp8"));
    assert_eq!((video.dimensions, video.language.as_deref()), (Some((320, 180)), Some("eng")));
    assert_eq!((audio.id, audio.kind, audio.codec.as_str()), (2, Kind::Audio, "opus"));
    assert_eq!((audio.name.as_deref(), audio.language.as_deref()), (Some("Ton"), Some("ger")));
    assert_eq!((audio.preroll, audio.dimensions), (Ticks(80), None));

    assert_eq!(indexed.times(0), (0..250).map(|at| 40 * at).collect::<Vec<_>>());
    assert_eq!(indexed.times(1), (0..500).map(|at| 20 * at).collect::<Vec<_>>());
    assert!(indexed.samples[0].iter().enumerate().all(|(at, run)| run.sync == (at % 25 == 0)));
    assert!(indexed.samples[1].iter().all(|run| run.sync && run.duration == Ticks(20)));

    let first = original.windows(4).position(|bytes| bytes == ids::CLUSTER.to_be_bytes()).unwrap() as u64;
    assert_eq!(outline.setup_ranges, [0..first]);
    assert_eq!(indexed.elements.iter().map(|element| element.time.0).collect::<Vec<_>>(), [0, 2000, 4000, 6000, 8000]);
    for element in &indexed.elements {
        let at = element.offset as usize;
        assert_eq!(original[at..at + 4], ids::CLUSTER.to_be_bytes());
        assert_eq!(original[at + element.header as usize], 0xE7);
    }
    for run in indexed.samples.iter().flatten() {
        let at = run.offset as usize;
        assert_eq!(original[at], 0xA3);
        let element = indexed.elements.iter().rfind(|element| element.offset <= run.offset).unwrap();
        let relative = run.presentation() - element.time;
        let timestamp = at + run.header as usize;
        assert_eq!(original[timestamp..timestamp + 2], (relative.0 as i16).to_be_bytes());
    }
}

#[test]
fn the_tracks_of_a_file_decide_its_type() {
    let audio = track(1, 2, "A_VORBIS", &[]);
    let text = track(1, 17, "S_TEXT/UTF8", &[string(ids::LANGUAGE, "und")]);
    let buttons = track(2, 18, "B_VOBBTN", &[]);
    let twin = track(1, 1, "V_VP8", &[]);
    for (doc_type, entries, mime, notes) in [
        ("webm", vec![audio.clone()], "audio/webm", ""),
        (
            "matroska",
            vec![audio.clone(), buttons],
            "audio/x-matroska",
            "track 2 (B_VOBBTN) is passed over: it is neither",
        ),
        ("matroska", vec![text], "video/x-matroska", ""),
        ("webm", vec![audio, twin], "audio/webm", "track 1 (V_VP8) is passed over: another has the same number"),
    ] {
        let segment =
            master(ids::SEGMENT, &[info(), master(ids::TRACKS, &entries), cluster(0, &[simple(1, 0, true, &[])])]);
        let indexed = index(&[ebml_header(doc_type, &[]), segment].concat());
        assert_eq!(indexed.outline.mime, mime);
        assert!(indexed.notes().starts_with(notes), "{}", indexed.notes());
        assert_eq!(indexed.samples[0].len(), 1);
    }
}

#[test]
fn what_is_not_to_be_given_out_is_refused_with_the_reason() {
    let encryption = |inner| master(ids::CONTENT_ENCODINGS, &[master(ids::CONTENT_ENCODING, &[inner])]);
    let segment = |entries: &[Vec<u8>]| file(&[info(), master(ids::TRACKS, entries)]);
    let many: Vec<_> = (1..200).map(|number| track(number, 2, "A_OPUS", &[])).collect();
    let overlong = [element(ids::TRACK_ENTRY, &[])[..1].to_vec(), vec![0xC0]].concat();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (segment(&[track(1, 1, "V_VP9", &[encryption(uint(ids::CONTENT_ENCODING_TYPE, 1))])]), "an encrypted track"),
        (segment(&[track(1, 1, "V_VP9", &[encryption(master(ids::CONTENT_ENCRYPTION, &[]))])]), "an encrypted track"),
        (segment(&[track(1, 18, "B_VOBBTN", &[])]), "none of its 1 tracks is video, audio or text"),
        (segment(&[]), "none of its 0 tracks"),
        (segment(&many), "more than 128 tracks"),
        (segment(&[overlong]), "Segment/Tracks"),
        (segment(&[track(1, 1, "V_VP8", &[]), element(ids::TRACK_ENTRY, &[0xD7])]), "Segment/Tracks/TrackEntry[2]"),
        (file(&[info(), cluster(0, &[simple(1, 0, true, &[])])]), "no Tracks"),
        (file(&[info(), tracks(), cluster(1 << 53, &[])]), "Segment/Cluster/Timestamp"),
        (file(&[master(ids::INFO, &[uint(ids::TIMESTAMP_SCALE, 0)]), tracks()]), "Segment/Info/TimestampScale"),
        (file(&[info(), element(ids::TRACKS, &vec![0; 5 << 20])]), "too large: Segment/Tracks"),
        (ebml_header("webm", &[]), "where a Segment has to be"),
        (ebml_header("docx", &[]), "an EBML document of type \"docx\""),
        (b"\x1A\x45\xDF\xA3".to_vec(), "where an EBML header"),
    ];
    for (file, reason) in cases {
        let error = try_index(&Bytes::from(file), 1000).err().unwrap().to_string();
        assert!(error.contains(reason), "{error:?} has no {reason:?}");
    }
}

#[test]
fn compressed_tracks_pass_through() {
    let compression = master(ids::CONTENT_ENCODINGS, &[master(ids::CONTENT_ENCODING, &[element(0x5034, &[])])]);
    let tracks = master(ids::TRACKS, &[track(1, 1, "V_VP8", &[compression])]);
    assert_eq!(index(&file(&[info(), tracks, cluster(0, &[simple(1, 0, true, &[])])])).samples[0].len(), 1);
}

#[test]
fn clusters_of_unknown_size_end_where_the_next_begins() {
    let clusters: Vec<_> = (0..5)
        .map(|at| {
            unknown(ids::CLUSTER, &[&[uint(ids::TIMESTAMP, 2000 * at)], second(0).as_slice(), &second(1000)].concat())
        })
        .collect();
    let tail = [element(ids::CUES, &[1, 2, 3]), element(ids::TAGS, &[0; 200])];
    let children = [&[info(), tracks()], clusters.as_slice(), &tail].concat();
    let live = index(&[ebml_header("webm", &[]), unknown(ids::SEGMENT, &children)].concat());
    let ordinary = index(&ordinary());
    assert_eq!(live.notes(), "");
    assert_eq!((live.times(0), live.times(1)), (ordinary.times(0), ordinary.times(1)));
    assert_eq!(live.outline.duration, ordinary.outline.duration);
    assert!(live.elements.windows(2).all(|pair| pair[0].offset + pair[0].size == pair[1].offset));
}

#[test]
fn what_is_not_media_is_passed_over() {
    let void = element(ids::VOID, &[0xA3; 300]);
    let crc = element(ids::CRC_32, &[1, 2, 3, 4]);
    let blocks =
        [vec![crc.clone(), void.clone()], second(0), vec![void.clone(), element(ids::POSITION, &[9])], second(1000)];
    let children = [
        crc.clone(),
        void.clone(),
        element(ids::CUES, &[0xFF; 40]),
        element(ids::CHAPTERS, &[0; 10]),
        info(),
        element(ids::ATTACHMENTS, &vec![0x1F; 100_000]),
        tracks(),
        element(0x1234_5678, &[7; 50]),
        cluster(0, &blocks.concat()),
        void,
        cluster(2000, &second(0)),
        element(ids::TAGS, &[0; 10]),
    ];
    let indexed = index(&file(&children));
    assert_eq!(indexed.notes(), "");
    assert_eq!(indexed.times(0).len(), 75);
    assert_eq!(indexed.outline.duration, Time::from_secs(3));
}

#[test]
fn block_groups_say_more_than_simple_blocks() {
    let reference = element(ids::REFERENCE_BLOCK, &[0xD8]);
    let padding = element(0x75A2, &[1, 2]);
    let blocks = [
        group(1, 0, &[1], &[uint(ids::BLOCK_DURATION, 37)]),
        group(1, 120, &[1], &[reference.clone()]),
        group(1, 40, &[1], &[reference.clone(), reference]),
        master(ids::BLOCK_GROUP, &[uint(ids::BLOCK_DURATION, 99), element(ids::BLOCK, &block_data(1, 500, 0, &[]))]),
        group(2, 20, OPUS, &[padding]),
    ];
    let original = file(&[info(), tracks(), cluster(7000, &blocks)]);
    let indexed = index(&original);
    let found: Vec<_> =
        indexed.samples[0].iter().map(|run| (run.decode.0, run.composition.0, run.duration.0, run.sync)).collect();
    assert_eq!(found, [(7000, 0, 37, true), (7120, 0, 40, false), (7120, -80, 40, false), (7500, 0, 99, true)]);
    for run in indexed.samples.iter().flatten() {
        let timestamp = run.offset as usize + run.header as usize;
        let relative = (run.presentation().0 - 7000) as i16;
        assert_eq!(original[timestamp..timestamp + 2], relative.to_be_bytes());
    }
}

#[test]
fn blocks_that_are_not_sound_harm_nothing_else() {
    let blocks = [
        element(ids::SIMPLE_BLOCK, &[0x81, 0]),
        element(ids::BLOCK_GROUP, &[0xA1, 0xC0]),
        master(ids::BLOCK_GROUP, &[uint(ids::BLOCK_DURATION, 1)]),
        element(ids::ENCRYPTED_BLOCK, &[0; 9]),
        master(ids::BLOCK_GROUP, &[element(0x75A1, &[0; 300]), element(ids::BLOCK, &block_data(1, 0, 0, &[]))]),
        simple(9, 0, true, b"of a track that there is not"),
        simple(1, 5, true, b"sound"),
    ];
    let late = master(
        ids::CLUSTER,
        &[simple(1, 0, true, b"before"), uint(ids::TIMESTAMP, 1000), simple(1, 1, true, b"after")],
    );
    let indexed = index(&file(&[info(), tracks(), cluster(0, &blocks), late]));
    assert_eq!(indexed.times(0), [5, 1001]);
    assert_eq!(indexed.outline.notes.len(), 6, "{}", indexed.notes());
}

#[test]
fn garbage_between_clusters_is_passed_over() {
    let good = |at: u64| cluster(1000 * at, &second(0));
    let mut torn = good(1);
    let length = torn.len();
    torn[length / 2..length / 2 + 200].fill(0);
    let children = [info(), tracks(), good(0), torn, vec![0xFF; 5000], good(2), vec![0; 5000], good(3), vec![0x1F; 99]];
    let indexed = index(&file(&children));
    let times = indexed.times(0);
    assert!(times.starts_with(&(0..25).map(|at| 40 * at).collect::<Vec<_>>()));
    assert!(times.ends_with(&(50..100).map(|at| 40 * at).collect::<Vec<_>>()));
    assert!(indexed.notes().contains("bytes that are no element are passed over"), "{}", indexed.notes());
}

#[test]
fn a_cluster_whose_size_is_wrong_costs_no_other() {
    for wrong in [10_u64, 400, 5000, 1 << 40] {
        let mut bad = cluster(1000, &second(0));
        bad[4..12].copy_from_slice(&(1 << 56 | wrong).to_be_bytes());
        let indexed = index(&file(&[info(), tracks(), cluster(0, &second(0)), bad, cluster(2000, &second(0))]));
        assert!(indexed.times(0).len() >= 50, "size {wrong}");
        assert!(indexed.times(0).ends_with(&(50..75).map(|at| 40 * at).collect::<Vec<_>>()), "size {wrong}");
    }
}

#[test]
fn tracks_behind_the_clusters_are_found() {
    let live = |at: u64| unknown(ids::CLUSTER, &[&[uint(ids::TIMESTAMP, 1000 * at)], second(0).as_slice()].concat());
    for clusters in [[cluster(0, &second(0)), cluster(1000, &second(0))], [live(0), live(1)]] {
        let [first, second] = clusters;
        let original = file(&[first, second, info(), tracks()]);
        let indexed = index(&original);
        assert_eq!(indexed.times(0).len(), 50);
        let ranges = &indexed.outline.setup_ranges;
        let whole: Vec<u8> =
            ranges.iter().flat_map(|range| &original[range.start as usize..range.end as usize]).copied().collect();
        assert!(whole.ends_with(&[info(), tracks()].concat()));
        assert!(!whole.windows(4).any(|bytes| bytes == ids::CLUSTER.to_be_bytes()));
    }
}

#[test]
fn only_the_first_segment_is_read() {
    let indexed = index(&[ordinary(), ordinary()].concat());
    // What follows the declared end of a segment is not looked at; of one without an end, it is.
    assert_eq!((indexed.times(0).len(), indexed.notes().as_str()), (250, ""));
    let live = [ebml_header("webm", &[]), unknown(ids::SEGMENT, &[info(), tracks(), cluster(0, &second(0))])].concat();
    let indexed = index(&[live.clone(), live].concat());
    assert_eq!(indexed.times(0).len(), 25);
    assert!(indexed.notes().starts_with("another segment follows"), "{}", indexed.notes());
}

#[test]
fn a_duration_is_taken_from_info_only_where_the_last_block_has_none() {
    let info = master(ids::INFO, &[element(ids::DURATION, &5000_f64.to_be_bytes()), element(ids::DATE_UTC, &[])]);
    let tracks = |more: &[Vec<u8>]| master(ids::TRACKS, &[track(1, 1, "V_VP8", more)]);
    for (tracks, seconds) in [(tracks(&[]), 5), (tracks(&[uint(ids::DEFAULT_DURATION, 1_000_000_000)]), 1)] {
        let indexed = index(&file(&[info.clone(), tracks, cluster(0, &[simple(1, 0, true, &[])])]));
        assert_eq!(indexed.outline.duration, Time::from_secs(seconds));
    }
}

#[test]
fn large_setups_stay_in_the_original() {
    let private = |length| element(ids::CODEC_PRIVATE, &vec![7; length]);
    let entries = [track(1, 1, "V_VP8", &[private(100)]), track(2, 2, "A_VORBIS", &[private(9000)])];
    let original = file(&[info(), master(ids::TRACKS, &entries), cluster(0, &second(0))]);
    let indexed = index(&original);
    assert_eq!(indexed.outline.tracks[0].setup, Setup::Inline(Bytes::from(entries[0].clone())));
    let Setup::At(range) = indexed.outline.tracks[1].setup.clone() else { panic!("inline") };
    assert_eq!(original[range.start as usize..range.end as usize], entries[1]);
    // And are taken from there.
    let cut = bytes(&super::write(&indexed.outline, &indexed.select(&[0, 1], 0, 1000)).unwrap(), &original);
    assert!(cut.windows(entries.concat().len()).any(|bytes| bytes == entries.concat()));
    assert_eq!(index(&cut).times(1).len(), 50);
}

#[test]
fn a_whole_file_written_again_has_the_same_samples() {
    let original = ordinary();
    let before = index(&original);
    let splice = super::write(&before.outline, &before.select(&[0, 1], 0, 10_000)).unwrap();
    let cut = bytes(&splice, &original);
    let after = index(&cut);
    assert_eq!(after.notes(), "");
    assert_eq!((&after.outline.mime, after.outline.duration), (&before.outline.mime, before.outline.duration));
    assert_eq!(after.outline.tracks, before.outline.tracks);
    assert_eq!(after.elements.len(), 5);
    for (before, after) in before.samples.iter().flatten().zip(after.samples.iter().flatten()) {
        assert_eq!(Run { offset: 0, ..after.clone() }, Run { offset: 0, ..before.clone() });
        let block =
            |file: &[u8], run: &Run| file[run.offset as usize..(run.offset + u64::from(run.size)) as usize].to_vec();
        assert_eq!(block(&cut, after), block(&original, before));
    }
}

#[test]
fn a_cut_inside_a_cluster_changes_two_bytes_of_its_blocks() {
    let original = ordinary();
    let before = index(&original);
    let splice = super::write(&before.outline, &before.select(&[0, 1], 3000, 5000)).unwrap();
    let cut = bytes(&splice, &original);
    let after = index(&cut);
    assert_eq!(after.times(0), (0..50).map(|at| 40 * at).collect::<Vec<_>>());
    assert_eq!(after.times(1), (0..100).map(|at| 20 * at).collect::<Vec<_>>());
    assert_eq!(after.outline.duration, Time::from_secs(2));
    assert_eq!(after.elements.iter().map(|element| element.time.0).collect::<Vec<_>>(), [0, 1000]);
    let chosen = |track: usize| before.samples[track].iter().filter(|run| (3000..5000).contains(&run.presentation().0));
    for track in [0, 1] {
        for (before, after) in chosen(track).zip(&after.samples[track]) {
            assert_eq!((before.size, before.header), (after.size, after.header));
            for at in 0..u64::from(before.size) {
                let timestamp = (u64::from(before.header)..u64::from(before.header) + 2).contains(&at);
                let same = original[(before.offset + at) as usize] == cut[(after.offset + at) as usize];
                assert!(same || timestamp, "byte {at} of {before:?}");
            }
        }
    }
}

#[test]
fn a_cut_of_one_track_holds_that_track_alone() {
    let original = ordinary();
    let before = index(&original);
    let splice = super::write(&before.outline, &before.select(&[1], 4000, 8000)).unwrap();
    let after = index(&bytes(&splice, &original));
    assert_eq!((after.outline.mime.as_str(), after.outline.tracks.len()), ("audio/webm", 1));
    assert_eq!(after.times(0), (0..200).map(|at| 20 * at).collect::<Vec<_>>());
}

/// The children of a Segment, as (ID, offset in its data, data).
fn segment(cut: &[u8]) -> Vec<(u32, u64, Vec<u8>)> {
    let top: Vec<_> = super::ebml::Children::new(cut, 0).map(Result::unwrap).collect();
    assert_eq!(top.iter().map(|element| element.id).collect::<Vec<_>>(), [ids::EBML, ids::SEGMENT]);
    let start = (cut.len() - top[1].data.len()) as u64;
    top[1].children().map(Result::unwrap).map(|child| (child.id, child.offset - start, child.data.to_vec())).collect()
}

#[test]
fn a_cut_points_at_its_own_elements_and_keyframes() {
    let original = ordinary();
    let before = index(&original);
    for (tracks, start, keyframes) in
        [(&[0, 1][..], 3000, &[0, 1000, 2000, 3000][..]), (&[1], 4000, &[0]), (&[0, 1], 0, &[0, 1000, 2000, 3000])]
    {
        let cut =
            bytes(&super::write(&before.outline, &before.select(tracks, start, start + 4000)).unwrap(), &original);
        let children = segment(&cut);
        let names: Vec<_> = children.iter().map(|child| child.0).take_while(|id| *id != ids::CLUSTER).collect();
        assert_eq!(names, [ids::SEEK_HEAD, ids::INFO, ids::TRACKS, ids::CUES]);
        let inner = |data: &[u8]| -> Vec<(u32, Vec<u8>)> {
            super::ebml::Children::new(data, 0)
                .map(Result::unwrap)
                .map(|child| (child.id, child.data.to_vec()))
                .collect()
        };
        let value = |data: &[u8]| super::ebml::uint(data).unwrap();
        for (_, seek) in inner(&children[0].2) {
            let [(_, id), (_, position)] = inner(&seek).try_into().unwrap();
            assert!(children.iter().any(|child| child.0.to_be_bytes() == *id && child.1 == value(&position)));
        }
        let mut times = Vec::new();
        for (_, point) in inner(&children[3].2) {
            let [(_, time), (_, positions)] = inner(&point).try_into().unwrap();
            let [(_, number), (_, cluster), (_, relative)] = inner(&positions).try_into().unwrap();
            let (_, _, cluster) = children.iter().find(|child| child.1 == value(&cluster)).unwrap();
            let block = &cluster[value(&relative) as usize..];
            let timestamp = value(&inner(cluster)[0].1);
            assert_eq!((block[0], u64::from(block[2] & 0x7F)), (0xA3, value(&number)));
            assert_eq!(timestamp + u64::from(u16::from_be_bytes([block[3], block[4]])), value(&time));
            times.push(value(&time));
        }
        assert_eq!(times, keyframes);
    }
}

#[test]
fn a_relative_time_that_would_not_fit_begins_another_cluster() {
    // Against zero at 1000, its blocks lie 32768 ticks and more behind the cluster, which may not begin before zero.
    let blocks = [simple(2, -500, true, OPUS), simple(2, 0, true, OPUS), simple(2, 32_767, true, OPUS)];
    let original = file(&[info(), tracks(), cluster(1000, &blocks)]);
    let before = index(&original);
    let mut selection = before.select(&[1], 0, 100_000);
    selection.given = Interval::new(Time::ZERO, Time::MAX).unwrap();
    for (element_time, expected) in [(1000, vec![500, 1000, 33_767]), (-40_000, vec![500, 1000, 33_767])] {
        selection.elements[0].time = Ticks(element_time);
        let cut = bytes(&super::write(&before.outline, &selection).unwrap(), &original);
        assert_eq!(index(&cut).times(0), expected);
    }
}

#[test]
fn an_index_and_a_selection_that_do_not_go_together_are_an_error() {
    let before = index(&ordinary());
    let sound = before.select(&[0, 1], 3000, 5000);
    let spoil: [fn(&mut Selection); 6] = [
        |selection| selection.tracks.clear(),
        |selection| selection.tracks[0].track = 2,
        |selection| selection.elements.clear(),
        |selection| selection.elements[1].size = 50,
        |selection| selection.tracks[0].runs[0].header = 255,
        |selection| selection.tracks[0].runs[0].decode = Ticks(i64::MIN),
    ];
    for spoil in spoil {
        let mut selection = sound.clone();
        spoil(&mut selection);
        assert!(matches!(super::write(&before.outline, &selection), Err(Error::Index(_))));
    }
    let mut outline = before.outline.clone();
    outline.setup.clear();
    assert!(matches!(super::write(&outline, &sound), Err(Error::Index(_))));
}

/// A source that counts what is read of it, with `length` bytes of which only the first are not zero.
struct Counted {
    start: Bytes,
    length: u64,
    read: Mutex<u64>,
}

impl Source for Counted {
    fn len(&self) -> u64 {
        self.length
    }

    async fn read(&self, range: std::ops::Range<u64>) -> Result<Bytes, ReadError> {
        let length = range.end - range.start;
        assert!(length <= super::index::CHUNK);
        *self.read.lock().unwrap() += length;
        let mut bytes = vec![0; length as usize];
        let from = self.start.len().min(range.start as usize);
        let known = &self.start[from..self.start.len().min(range.end as usize)];
        bytes[..known.len()].copy_from_slice(known);
        Ok(bytes.into())
    }
}

#[test]
fn what_is_passed_over_is_not_read() {
    let mut start = [ebml_header("webm", &[]), unknown(ids::SEGMENT, &[info(), tracks()])].concat();
    start.extend([&super::testing::id(ids::VOID)[..], &(1_u64 << 56 | 3 << 40).to_be_bytes()].concat());
    let source = Counted { length: start.len() as u64 + (3 << 40), start: start.into(), read: Mutex::new(0) };
    let indexed = try_index(&source, super::index::CHUNK).unwrap();
    assert_eq!(indexed.notes(), "it has no blocks");
    assert!(*source.read.lock().unwrap() <= 4 * super::index::CHUNK);
}

#[test]
fn a_hostile_size_decides_no_allocation() {
    for id in [ids::INFO, ids::TRACKS, ids::CLUSTER, ids::EBML] {
        for size in [1_u64 << 40, (1 << 56) - 2] {
            let mut start = if id == ids::EBML { Vec::new() } else { file(&[])[..13].to_vec() };
            start = if id == ids::EBML {
                start
            } else {
                [ebml_header("webm", &[]), unknown(ids::SEGMENT, &[tracks()])].concat()
            };
            start.extend([&super::testing::id(id)[..], &(1 << 56 | size).to_be_bytes()].concat());
            let source = Counted { length: 1 << 26, start: start.into(), read: Mutex::new(0) };
            let _ = try_index(&source, super::index::CHUNK);
        }
    }
}

#[test]
fn a_truncated_file_gives_what_is_there_or_a_reason() {
    let original = ordinary();
    let whole = index(&original);
    let header = whole.outline.setup_ranges[0].end as usize;
    let places = (0..header + 200).chain((header..original.len()).step_by(37));
    let mut partial = 0;
    for length in places {
        let file = Bytes::copy_from_slice(&original[..length]);
        match try_index(&file, 512) {
            Err(Error::Malformed { what, .. }) => assert!(!what.is_empty()),
            Err(error) => panic!("{error} of {length} bytes"),
            Ok(part) => {
                partial += 1;
                assert!(part.notes().contains("truncated"), "{length} bytes: {}", part.notes());
                for (part, whole) in part.samples.iter().zip(&whole.samples) {
                    assert!(part.iter().zip(whole).all(|(part, whole)| part.offset == whole.offset));
                    assert!(part.iter().all(|run| run.bytes().end <= length as u64));
                }
                assert!(part.elements.iter().all(|element| element.offset + element.size <= length as u64));
            }
        }
    }
    assert!(partial > 500);
}

#[test]
fn random_damage_gives_an_error_or_a_partial_index() {
    let original = ordinary();
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for round in 0..3000 {
        let mut file = original.clone();
        for _ in 0..=next() % 4 {
            // Half of it where it hurts most.
            let reach = if next() % 2 == 0 { 400 } else { file.len() as u64 };
            let at = (next() % reach) as usize;
            file[at] ^= 1 << (next() % 8);
        }
        let length = file.len() as u64;
        let Ok(found) = try_index(&Bytes::from(file.clone()), 4096) else { continue };
        for run in found.samples.iter().flatten() {
            assert!(run.bytes().end <= length, "round {round}: {run:?}");
        }
        let tracks: Vec<_> = (0..found.samples.len()).collect();
        let selection = found.select(&tracks, 0, 100_000);
        let cut = bytes(&super::write(&found.outline, &selection).unwrap(), &file);
        let again = try_index(&Bytes::from(cut), 4096).unwrap();
        for (before, after) in selection.tracks.iter().zip(&again.samples) {
            assert_eq!(before.runs.len(), after.len(), "round {round}");
        }
    }
}
