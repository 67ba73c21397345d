//! Indexing of files of every kind.

use bytes::Bytes;
use reelspan_testkit::media::matroska::{
    block_data, cluster, ebml_header, element, group, info, master, simple, string, track, uint, unknown,
};

use super::super::ids;
use super::{OPUS, file, index, ordinary, second, tracks, try_index};
use crate::media::{Kind, Ticks, Time};

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
    assert_eq!(outline.setup_ranges, vec![0..first]);
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
        let timestamp = at + run.private.second() as usize;
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
        (b"\x1A\x45\xDF\xA3".to_vec(), "an EBML header of no length"),
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
        element(ids::CHAPTERS, &element(ids::VOID, &[0; 10])),
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
        group(1, 0, &[0], &[uint(ids::BLOCK_DURATION, 37)]),
        group(1, 120, &[1], std::slice::from_ref(&reference)),
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
        let timestamp = run.offset as usize + run.private.second() as usize;
        let relative = (run.presentation().0 - 7000) as i16;
        assert_eq!(original[timestamp..timestamp + 2], relative.to_be_bytes());
    }
}

#[test]
fn keyframes_that_are_none_are_known_by_their_pictures() {
    // In VP8 the first bit shows it: each third is a keyframe, and all are marked as such.
    let picture = |at: i16| [u8::from(at % 3 != 0), 7, 7];
    let simples = |from| (0..9).map(move |at| simple(1, from + 40 * at, true, &picture(at))).collect::<Vec<_>>();
    let groups = |from| (0..9).map(move |at| group(1, from + 40 * at, &picture(at), &[])).collect::<Vec<_>>();
    for blocks in [simples(0), groups(0), [simples(0), groups(400)].concat()] {
        let count = blocks.len();
        let indexed = index(&file(&[info(), tracks(), cluster(0, &blocks)]));
        let found: Vec<_> = indexed.samples[0].iter().map(|run| run.sync).collect();
        assert_eq!(found, (0..count).map(|at| at % 9 % 3 == 0).collect::<Vec<_>>());
        assert!(indexed.notes().contains("sync samples are marked wrongly"), "{}", indexed.notes());
    }
}

#[test]
fn what_begins_before_zero_begins_at_zero() {
    let blocks = [simple(1, -40, true, &[0]), simple(2, -20, true, OPUS), simple(1, 0, false, &[1])];
    let indexed = index(&file(&[info(), tracks(), cluster(0, &blocks), cluster(100, &[simple(1, 20, true, &[0])])]));
    assert_eq!((indexed.times(0), indexed.times(1)), (vec![0, 40, 160], vec![20]));
    assert_eq!(indexed.elements.iter().map(|element| element.time.0).collect::<Vec<_>>(), [40, 140]);
    assert!(indexed.notes().contains("0.04 seconds before zero"), "{}", indexed.notes());
}

#[test]
fn the_last_block_of_sound_ends_with_the_file() {
    let sound = |more: &[Vec<u8>]| master(ids::TRACKS, &[track(1, 2, "A_ALAC", more)]);
    let blocks = |last| [simple(1, 0, true, &[1]), simple(1, 93, true, &[1]), simple(1, last, true, &[1])];
    let lasting = element(ids::DURATION, &200.0_f32.to_be_bytes());
    let declared = master(ids::INFO, &[uint(ids::TIMESTAMP_SCALE, 1_000_000), lasting]);
    for (header, last, expected) in [(&declared, 186, 14), (&info(), 186, 93), (&declared, 400, 93)] {
        let frames = uint(ids::DEFAULT_DURATION, 93_000_000);
        let indexed = index(&file(&[header.clone(), sound(&[frames]), cluster(0, &blocks(last))]));
        assert_eq!(indexed.samples[0].last().unwrap().duration, Ticks(expected), "{last}");
    }
    let padding = element(ids::DISCARD_PADDING, &13_500_000_u32.to_be_bytes());
    for more in [vec![padding.clone()], vec![uint(ids::BLOCK_DURATION, 20), padding.clone()]] {
        let indexed = index(&file(&[info(), tracks(), cluster(0, &[group(2, 0, OPUS, &more)])]));
        assert_eq!(indexed.samples[1][0].duration, Ticks(7));
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
    // What follows the declared end of a segment is not read; without a declared end, it is.
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
