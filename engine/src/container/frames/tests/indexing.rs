//! Detecting streams of frames, and indexing them.

use super::super::testing::{MP3, adts, frame, free_frame, id3, id3_frame, index, try_index};
use crate::codec::DecoderConfiguration;
use crate::codec::mpeg_audio::MpegAudioHeader;
use crate::container::frames::Frames;
use crate::container::testing::zeros_behind;
use crate::container::{self, Error, Format, Unavailable, cmaf};
use crate::media::{Kind, Ticks, Time};
use bytes::Bytes;

fn frames(count: u8) -> Vec<u8> {
    (0..count).flat_map(|at| frame(MP3, 0, at)).collect()
}

#[test]
fn a_header_says_how_long_its_frame_is_and_lasts() {
    // Bytes, samples, rate, and bytes before the data; the sizes match those of ffmpeg and LAME.
    for (header, expected) in [
        (MP3, (417, 1152, 44100, 36)),
        (MP3 | 1 << 9, (418, 1152, 44100, 36)),
        (0xFFFA_90C4, (417, 1152, 44100, 23)),
        (0xFFFB_E400, (960, 1152, 48000, 36)),
        (0xFFFB_1800, (144, 1152, 32000, 36)),
        (0xFFF3_4000, (104, 576, 22050, 21)),
        (0xFFE3_18C0, (72, 576, 8000, 13)),
        (0xFFFD_4400, (192, 1152, 48000, 4)),
        (0xFFF5_8400, (384, 1152, 24000, 4)),
        (0xFFFF_1400, (32, 384, 48000, 4)),
        (0xFFF7_1600, (68, 384, 24000, 4)),
    ] {
        let parsed = MpegAudioHeader::parse(&u32::to_be_bytes(header)).unwrap();
        let found = (parsed.size().unwrap(), parsed.duration(), parsed.rate(), parsed.before_data());
        assert_eq!(found, expected, "{header:x}");
    }
    for none in [0xFFEB_9064_u32, 0xFFF9_9064, 0xFFFB_F064, 0xFFFB_9C64, 0xFFDB_9064, 0] {
        assert_eq!(MpegAudioHeader::parse(&none.to_be_bytes()), None, "{none:x}");
    }
}

#[test]
fn zeros_behind_the_frames_are_not_read_to_their_end() {
    zeros_behind(frames(40));
}

#[test]
fn tags_on_either_side_are_passed_over_in_silence() {
    let ape = |flags: u32| {
        [&b"APETAGEX"[..], &[0xD0, 7, 0, 0, 32, 0, 0, 0, 0, 0, 0, 0], &flags.to_le_bytes(), &[0; 8]].concat()
    };
    let footer_only = ape(0);
    let both = [ape(0xA000_0000), ape(0x8000_0000)].concat();
    let id3v1 = [&b"TAG"[..], &[b'x'; 125]].concat();
    let lyrics = b"LYRICSBEGININD00002010000022LYRICS200".to_vec();
    let old_lyrics = b"LYRICSBEGINla la la\xFF\xFB\x90LYRICSEND".to_vec();
    let picture = id3(4, &[id3_frame(b"APIC", &frame(MP3, 0, 0xFF)[..100])]);
    for (before, behind) in [
        (vec![], vec![]),
        (vec![picture.clone(), id3(3, &[])], vec![id3v1.clone()]),
        (vec![both.clone()], vec![footer_only.clone(), id3v1.clone()]),
        (vec![id3(2, &[])], vec![old_lyrics, both, id3v1.clone()]),
        (vec![], vec![lyrics, footer_only, id3v1]),
    ] {
        let (before, behind) = (before.concat(), behind.concat());
        let indexed = index(&[before.clone(), frames(20), behind].concat());
        assert_eq!((&indexed.outline.container, indexed.outline.mime.as_str()), (&super::super::MP3, "audio/mpeg"));
        let found = indexed.frames();
        assert_eq!((found.len(), found[0].offset, indexed.notes().as_str()), (20, before.len() as u64, ""));
    }
}

#[test]
fn frames_are_found_again_behind_junk_and_only_where_others_follow() {
    let junk = [&frame(MP3, 0, 3)[40..200], &[0xFF; 3000], &frame(MP3, 0, 0), b"xxxx"].concat();
    let indexed = index(&[&junk[..], &frames(9), &junk, &frames(8), b"behind"].concat());
    let offsets: Vec<_> = indexed.frames().iter().map(|frame| frame.offset).collect();
    let length = |frames: usize, junk_before: usize| (417 * frames + junk.len() * junk_before) as u64;
    let expected: Vec<_> = (0..9).map(|at| length(at, 1)).chain((9..17).map(|at| length(at, 2))).collect();
    assert_eq!(offsets, expected);
    assert_eq!(indexed.frames()[16].decode.0, 16 * 1152);
    assert!(indexed.notes().starts_with("bytes that are no frame are passed over (3 times"), "{}", indexed.notes());
}

#[test]
fn a_frame_whose_header_is_damaged_costs_no_other() {
    let mut file = frames(20);
    // Another bit rate: the frame would overlap the next.
    file[417 * 9 + 2] = 0xE0;
    let fills: Vec<_> = index(&file).frames().iter().map(|frame| file[frame.offset as usize + 40]).collect();
    assert_eq!(fills, (0..20).filter(|at| *at != 9).collect::<Vec<u8>>());
}

#[test]
fn free_format_is_as_long_as_from_one_header_to_the_next() {
    let header = 0xFFFB_0064;
    for (size, paddings) in [(1100, [0, 0, 0, 0]), (1100, [1, 0, 1, 1]), (320, [0, 1, 0, 0])] {
        let frames = (0..12).map(|at| {
            let padding = paddings[at % 4];
            free_frame(header | (padding as u32) << 9, 0, at as u8, size + padding)
        });
        let frames: Vec<_> = frames.collect();
        let indexed = index(&frames.concat());
        let found: Vec<_> = indexed.frames().iter().map(|frame| frame.size as usize).collect();
        assert_eq!(found, frames.iter().map(Vec::len).collect::<Vec<_>>());
        let (_, cut) = indexed.cut(100_000_000, 200_000_000);
        assert_eq!(index(&cut).outline.tracks[0].edits[0].duration, Some(Ticks(4410)));
    }
}

#[test]
fn bit_rate_and_mode_may_change_and_the_sample_rate_may_not() {
    let all = [0xFFFB_5064, 0xFFFB_90C4, 0xFFFA_E000].map(|header| frame(header, 0, 1)).concat().repeat(4);
    assert_eq!(index(&all).frames().len(), 12);
    for (other, rates) in [(0xFFFB_9464, "from 44100 to 48000 Hz"), (0xFFF3_9064, "from 44100 to 22050 Hz")] {
        let other: Vec<u8> = (0..20).flat_map(|at| frame(other, 0, at)).collect();
        let id3v1 = [&b"TAG"[..], &[b'x'; 125]].concat();
        for between in [vec![], id3(3, &[]), id3v1, vec![0xFF; 300]] {
            let error = try_index(&[frames(9), between, other.clone()].concat()).err().unwrap().to_string();
            assert!(error.starts_with("not supported: a sample rate that changes at byte "), "{error}");
            assert!(error.ends_with(rates), "{error}");
        }
    }
}

#[test]
fn adts_frames_may_have_checksums_and_several_blocks() {
    let file = [adts(100, 1, false), adts(300, 4, true), adts(5000, 1, false), adts(1, 2, false)].concat();
    let indexed = index(&[id3(4, &[]), file].concat());
    let outline = &indexed.outline;
    assert_eq!((&outline.container, outline.mime.as_str()), (&super::super::ADTS, "audio/aac"));
    assert_eq!(outline.tracks[0].codec, "mp4a.40.2");
    let found: Vec<_> = indexed.frames().iter().map(|run| (run.size, run.duration.0, run.private.second())).collect();
    assert_eq!(found, [(107, 1024, 7), (309, 4096, 9), (5007, 1024, 7), (8, 2048, 7)]);
    assert_eq!(outline.duration, Time(8192 * 1_000_000_000 / 44100));
}

#[test]
fn aac_in_adts_is_configured_by_its_headers() {
    let configured = |file: &[Vec<u8>]| {
        let outline = index(&file.concat()).outline;
        cmaf::check(&outline, &outline.tracks[0])?;
        Frames.configuration(&outline, &outline.tracks[0])
    };
    let (plain, checked) = (adts(100, 1, false), adts(100, 1, true));
    let expected = Ok(DecoderConfiguration::Aac(Bytes::from_static(&[0x12, 0x10])));
    assert_eq!(configured(&[plain.clone(), checked.clone(), plain.clone()]), expected);
    let several = [plain.clone(), plain.clone(), plain, adts(300, 4, true)];
    assert!(matches!(configured(&several), Err(Unavailable::Form { .. })));
    // Without a number of channels, which stand in a program config element.
    let mut element = checked;
    (element[2], element[3], element[9]) = (element[2] & !1, element[3] & 0x3F, 0xA0);
    assert!(matches!(configured(&[element.clone(), element.clone(), element]), Err(Unavailable::Form { .. })));
}

#[test]
fn aac_whose_frames_do_not_say_what_channels_they_have_is_refused() {
    let file = |first: u8, others: u8| {
        let mut frames = [adts(100, 1, false), adts(100, 1, false), adts(100, 1, false)];
        for (frame, data) in frames.iter_mut().zip([first, others, others]) {
            (frame[2], frame[3], frame[7]) = (frame[2] & !1, frame[3] & 0x3F, data);
        }
        frames.concat()
    };
    assert_eq!(index(&file(0xA0, 0xA0)).frames().len(), 3);
    assert!(try_index(&file(0xA0, 0x20)).err().unwrap().to_string().contains("a program config element"));
}

#[test]
fn what_is_none_is_unknown_and_latm_has_a_reason() {
    let latm = [&[0x56, 0xE0, 3, 1, 2, 3][..], &[0x56, 0xE0, 2, 1, 2]].concat();
    assert!(try_index(&latm).err().unwrap().to_string().contains("LATM"));
    let program = [&[0, 0, 1, 0xBA][..], &[0; 40], &frames(20)].concat();
    for none in [&b""[..], b"ID3", &[0xFF; 5000], &frame(MP3, 0, 0)[..300], b"plain text", &program] {
        assert!(matches!(try_index(none), Err(Error::Unknown)), "{:?}", none.get(..9));
    }
    for tags in [id3(4, &[]), [id3(3, &[]), vec![0; 300]].concat()] {
        assert!(try_index(&tags).err().unwrap().to_string().contains("tags with no sound"), "{}", tags.len());
    }
}

#[test]
fn two_frames_are_a_file_whatever_ends_it() {
    let old_tag = [b"TAG".to_vec(), vec![b' '; 125]].concat();
    let truncated = frame(MP3, 0, 2)[..100].to_vec();
    for (end, note) in [(vec![], ""), (old_tag, ""), (truncated, "it is truncated: its last frame ends at byte 1251")] {
        let indexed = index(&[frames(2), end].concat());
        assert_eq!((indexed.frames().len(), indexed.notes().as_str()), (2, note));
    }
}

#[test]
fn a_header_of_old_encoders_is_junk_and_no_start_code() {
    let header = [&[0, 0, 1, 0x40, 0, 0, 0, 3, 0, 0, 0xAC, 0x44][..], &[0; 28], b"MACRZ", &[0; 279]].concat();
    assert_eq!(index(&[header, frames(20)].concat()).frames()[0].offset, 324);
}

#[test]
fn a_wave_may_have_frames_in_its_sound_chunk() {
    let chunk = |id: &[u8], data: &[u8]| [id, &(data.len() as u32).to_le_bytes(), data].concat();
    let format = |tag: u8| chunk(b"fmt ", &[&[tag, 0, 2, 0, 0x44, 0xAC][..], &[0; 10]].concat());
    let wave = |tag| {
        let chunks = [chunk(b"LIST", b"INFOx"), vec![0], format(tag), chunk(b"data", &frames(20))].concat();
        chunk(b"RIFF", &[b"WAVE".to_vec(), chunks].concat())
    };
    let indexed = index(&wave(0x55));
    assert_eq!((&indexed.outline.container, indexed.outline.mime.as_str()), (&super::super::MP3, "audio/wav"));
    assert_eq!((indexed.frames().len(), indexed.notes().as_str()), (20, ""));
    let format = container::format_of(&indexed.outline).unwrap();
    assert_eq!(format.mime(&indexed.outline, &[Kind::Audio]), "audio/mpeg");
    assert!(try_index(&wave(2)).err().unwrap().to_string().contains("in blocks of 0 bytes"));
}

#[test]
fn files_of_another_format_are_named_whatever_is_in_them() {
    for (start, name) in [
        (b"PK\x03\x04".to_vec(), "a ZIP archive"),
        ([vec![0; 257], b"ustar".to_vec()].concat(), "a tar archive"),
        (b"caff\0\x01\0\0".to_vec(), "Core Audio Format"),
        (b"ADIF".to_vec(), "AAC in ADIF"),
        (b"FORM\0\0\0\x088SVX".to_vec(), "IFF 8SVX"),
        (b"\0\0\0\x01\x67\x42".to_vec(), "H.264 without a container"),
        (b"\0\0\x01\xB3\x14".to_vec(), "MPEG video without a container"),
    ] {
        for before in [vec![], id3(3, &[])] {
            let file = [before, start.clone(), vec![0; 100], frames(20)].concat();
            let error = try_index(&file).err().unwrap().to_string();
            assert!(error.starts_with(&format!("not supported: {name}")), "{error}");
        }
    }
}

#[test]
fn junk_before_the_frames_may_be_long() {
    for (length, found) in [(0, true), (60_000, true), (65_000, true), (700_000, true), (2 << 20, false)] {
        let file = [vec![0; length], frames(20)].concat();
        match try_index(&file) {
            Ok(indexed) => assert_eq!((indexed.frames().len(), indexed.frames()[0].offset), (20, length as u64)),
            Err(error) => assert!(!found && matches!(error, Error::Unknown), "{length}: {error}"),
        }
    }
}

#[test]
fn chapters_and_the_time_of_recording_come_from_id3() {
    let utf_16 = |text: &str| [vec![1, 0xFF, 0xFE], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
    let chapter = |id: &str, start: u32, end: u32, title: &[u8]| {
        let times = [start, end, u32::MAX, u32::MAX].map(u32::to_be_bytes).concat();
        let picture = id3_frame(b"APIC", &[0; 20]);
        id3_frame(b"CHAP", &[id.as_bytes(), &[0], &times, &picture, &id3_frame(b"TIT2", title)].concat())
    };
    let root = id3_frame(b"CTOC", b"toc\0\x03\x02part\0c\0");
    let part = id3_frame(b"CTOC", &[&b"part\0\x01\x02a\0b\0"[..], &id3_frame(b"TIT2", b"\x03Part")].concat());
    let chapters = [
        chapter("a", 0, 100, b"\x03Pr\xC3\xA4ludium"),
        chapter("b", 100, 250, &utf_16("Fuge")),
        chapter("c", 250, 9000, b"\0Ende"),
    ];
    let dates = [
        (4, vec![id3_frame(b"TDRC", b"\x032010-10-22T07:33:53")], Some(1_287_732_833_000_000_000)),
        (4, vec![id3_frame(b"TDRC", b"\x002010-10-22T07:33")], Some(1_287_732_780_000_000_000)),
        (4, vec![id3_frame(b"TDRC", b"\x032010-10-22")], None),
        (3, ["TYER2010", "TDAT2210", "TIME0733"].map(old_date).to_vec(), Some(1_287_732_780_000_000_000)),
        (3, vec![old_date("TYER2010")], None),
    ];
    for (version, date, created) in dates {
        let tag = id3(version, &[date, vec![root.clone(), part.clone()], chapters.to_vec()].concat());
        let outline = index(&[tag, frames(40)].concat()).outline;
        assert_eq!(outline.created, created);
        let found = outline.chapters.iter().map(|chapter| {
            let names = [&chapter.titles[..], &chapter.ids].concat().join(" ");
            (names, chapter.interval.start().0 / 1_000_000, chapter.interval.end().0 / 1_000_000)
        });
        let expected = [("Part part", 0, 250), ("Präludium a", 0, 100), ("Fuge b", 100, 250), ("Ende c", 250, 1044)];
        assert_eq!(found.collect::<Vec<_>>(), expected.map(|(names, start, end)| (names.to_owned(), start, end)));
    }
}

fn old_date(frame: &str) -> Vec<u8> {
    id3_frame(frame.as_bytes()[..4].try_into().unwrap(), &[b"\0", &frame.as_bytes()[4..]].concat())
}

#[test]
fn frames_of_one_size_are_one_entry() {
    let indexed = index(&frames(200));
    let packed: usize = indexed.pages.packed().map(|page| page.bytes.len()).sum();
    assert!(packed < 60, "{packed} bytes for 200 frames");
}
