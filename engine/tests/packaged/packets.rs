//! Transport streams stay transport streams: their segments, joined, are what players decode of the file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use futures::executor::block_on;
use reelspan_engine::container;
use reelspan_engine::index::Memory;
use reelspan_engine::media::Kind;
use reelspan_engine::package::SegmentForm;

use crate::streams::{Content, Folder, samples};

/// The samples that are streams of packets, by name.
fn films() -> Vec<(String, PathBuf, Content)> {
    let with_form = samples().into_iter().filter_map(|path| {
        let content = Content::open(&path)?;
        let is = content.presentation("").is_ok_and(|presentation| presentation.form() == SegmentForm::Packets);
        is.then(|| (path.file_name().unwrap().to_string_lossy().into_owned(), path, content))
    });
    with_form.collect()
}

/// Whether a packet has a clock reference.
pub fn has_clock(packet: &[u8]) -> bool {
    packet[3] & 0x20 != 0 && packet[4] > 0 && packet[5] & 0x10 != 0
}

/// What a program complains of, and its output.
fn run(program: &str, input: &Path, before: &[&str], after: &[&str]) -> (String, String) {
    let mut command = Command::new(program);
    command.args(["-v", "warning"]).args(before);
    if input.extension().is_some_and(|extension| extension == "m3u8") {
        command.args(["-allowed_extensions", "ALL"]);
    }
    let output = command.arg("-i").arg(input).args(after).output().expect("ffmpeg has to be installed");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (text(output.stdout), text(output.stderr))
}

/// The digests of decoded frames of a stream, in order, and the complaints.
pub fn decoded(input: &Path, stream: &str) -> (Vec<String>, String) {
    let arguments = ["-map", stream, "-fps_mode", "passthrough", "-f", "framemd5", "-"];
    let (text, errors) = run("ffmpeg", input, &["-nostdin"], &arguments);
    let frames = text.lines().filter(|line| !line.starts_with('#'));
    let digests = frames.filter_map(|line| line.rsplit(',').next().map(|digest| digest.trim().to_owned()));
    (digests.collect(), errors)
}

/// The packets of each segment of a stream.
fn segments(content: &Content, fragment: &str) -> Vec<Vec<u8>> {
    let presentation = content.presentation(fragment).unwrap();
    let rendition = &presentation.renditions()[0];
    let table = block_on(presentation.table(&mut &content.pages)).unwrap();
    let rows = presentation.rows(rendition, &table);
    let segment = |start| block_on(presentation.segment(&mut &content.pages, rendition, start, false)).unwrap();
    rows.iter().map(|row| content.bytes(&segment(row.start))).collect()
}

#[test]
fn ffmpeg_decodes_from_packets_what_it_decodes_from_the_file() {
    let folder = Folder::new("packets");
    let films = films();
    assert!(films.len() > 4, "{} films", films.len());
    for (name, path, content) in films {
        let out = folder.0.join(&name);
        content.write("", &out).unwrap();
        let presentation = content.presentation("").unwrap();
        let has_pictures = presentation.renditions()[0].kind == Kind::Video;
        let has_sound =
            presentation.renditions()[0].codec.contains("mp4a") || presentation.renditions()[0].codec.contains("c-3");
        for (stream, is_there) in [("0:v:0", has_pictures), ("0:a:0", has_sound)] {
            if !is_there {
                continue;
            }
            let ((expected, complaints), (got, errors)) =
                (decoded(&path, stream), decoded(&out.join("master.m3u8"), stream));
            assert!(errors.is_empty() || !complaints.is_empty(), "{name} {stream}: {errors}");
            assert!(
                !got.is_empty() && expected.ends_with(&got) || got == expected,
                "{name} {stream}: {} of {}",
                got.len(),
                expected.len()
            );
            assert!(expected.len() - got.len() <= 2, "{name} {stream}: {} of {}", got.len(), expected.len());
        }
    }
}

#[test]
fn packets_go_on_from_segment_to_segment_and_tables_are_duplicates() {
    for (name, _, content) in films() {
        let mut counters: BTreeMap<u16, u8> = BTreeMap::new();
        let mut tables: BTreeMap<u16, Vec<u8>> = BTreeMap::new();
        let mut jumps = Vec::new();
        for (number, segment) in segments(&content, "").into_iter().enumerate() {
            assert!(segment.len() % 188 == 0 && !segment.is_empty(), "{name}: {}", segment.len());
            assert_eq!(u16::from_be_bytes([segment[1] & 0x1F, segment[2]]), 0, "{name}: the tables come first");
            assert!(segment.chunks(188).any(has_clock), "{name}: no clock in segment {number}");
            for packet in segment.chunks(188) {
                assert_eq!(packet[0], 0x47, "{name}");
                let pid = u16::from_be_bytes([packet[1] & 0x1F, packet[2]]);
                let is_table = !content.outline.tracks.iter().any(|track| track.id == u64::from(pid));
                if pid == 0x1FFF {
                    continue;
                }
                if is_table {
                    let first = tables.entry(pid).or_insert_with(|| packet.to_vec());
                    assert_eq!(first, packet, "{name}: a table that is no duplicate");
                    continue;
                }
                let has_payload = packet[3] & 0x10 != 0;
                let declared = packet[3] & 0x20 != 0 && packet[4] > 0 && packet[5] & 0x80 != 0;
                let counter = packet[3] & 0xF;
                if let Some(last) = counters.insert(pid, counter) {
                    let expected = (last + u8::from(has_payload)) & 0xF;
                    if counter != expected && !declared {
                        jumps.push((number, pid, last, counter));
                    }
                }
            }
        }
        assert!(jumps.is_empty(), "{name}: {jumps:?}");
    }
}

#[test]
fn joined_segments_have_the_samples_of_the_file() {
    for (name, _, content) in films() {
        let joined = bytes::Bytes::from(segments(&content, "").concat());
        let mut pages = Memory::default();
        let outline = block_on(container::index(&joined, &mut pages)).unwrap();
        for track in &outline.tracks {
            let original = content.outline.tracks.iter().find(|original| original.id == track.id).unwrap();
            assert!(original.samples.abs_diff(track.samples) <= 2, "{name}: {} of {}", track.samples, original.samples);
        }
        assert!(outline.notes.iter().all(|note| content.outline.notes.contains(note)), "{name}: {:?}", outline.notes);
    }
}

#[test]
fn a_playlist_says_how_much_there_is() {
    for (name, _, content) in films() {
        let presentation = content.presentation("").unwrap();
        let rendition = &presentation.renditions()[0];
        let table = block_on(presentation.table(&mut &content.pages)).unwrap();
        let rows = presentation.rows(rendition, &table);
        for (row, segment) in rows.iter().zip(segments(&content, "")) {
            let length = segment.len() as u64;
            assert!((length..3 * length + 20_000).contains(&row.bytes), "{name}: {} for {length}", row.bytes);
        }
        let lasts: u64 = rows.iter().map(|row| row.duration).sum();
        let lasts = lasts as f64 / f64::from(rendition.timescale());
        assert!((lasts - content.outline.duration.as_secs_f64()).abs() < 0.2, "{name}: {lasts}");
    }
}

#[test]
fn a_part_begins_with_the_sync_sample_before_it() {
    let folder = Folder::new("packets-part");
    for (name, path, content) in films() {
        let end = content.outline.duration.as_secs_f64();
        for (start, end) in [(0.3, 0.9), (end * 0.4, end * 0.6), (end * 0.7, end)] {
            let fragment = format!("t={start:.3},{end:.3}");
            let out = folder.0.join(format!("{name}-{start:.1}"));
            content.write(&fragment, &out).unwrap();
            let presentation = content.presentation(&fragment).unwrap();
            let rendition = &presentation.renditions()[0];
            let stream = if rendition.kind == Kind::Video { "0:v:0" } else { "0:a:0" };
            let playlist = fs::read_to_string(out.join("v-x").join(rendition.name()).join("index.m3u8")).unwrap();
            let offset = playlist.lines().find_map(|line| line.strip_prefix("#EXT-X-START:TIME-OFFSET="));
            let offset: f64 = offset.unwrap().trim_end_matches(",PRECISE=YES").parse().unwrap();
            let (all, _) = decoded(&path, stream);
            let (given, errors) = decoded(&out.join("master.m3u8"), stream);
            assert!(errors.is_empty(), "{name} {fragment}: {errors}");
            let a_frame = content.outline.duration.as_secs_f64() / all.len() as f64;
            if rendition.kind == Kind::Audio {
                // Decoders of AAC substitute noise by their own state: decoded sound cannot be compared.
                let expected = (end - start + offset) / a_frame;
                assert!(
                    (given.len() as f64 - expected).abs() < 8.0,
                    "{name} {fragment}: {} of {expected}",
                    given.len()
                );
                continue;
            }
            let begins = all.iter().position(|digest| *digest == given[0]);
            let begins = begins.unwrap_or_else(|| panic!("{name} {fragment}: another picture"));
            let mut rest = all[begins..].iter();
            assert!(given.iter().all(|digest| rest.any(|other| other == digest)), "{name} {fragment}");
            let expected = start - begins as f64 * a_frame;
            assert!((offset - expected).abs() < 2.5 * a_frame, "{name} {fragment}: {offset} for {expected}");
            let last = (begins + given.len()) as f64 * a_frame;
            assert!((last - end).abs() < 6.5 * a_frame, "{name} {fragment}: {last} for {end}");
        }
    }
}
