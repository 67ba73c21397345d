//! Files that change the size of their pictures and the rate of their sound: each period of their stream has a header of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use futures::executor::block_on;
use reelspan_engine::package::hls::Addresses;
use reelspan_engine::package::name::RenditionItem;
use reelspan_engine::package::{NoStream, Presentation};

use crate::decoded::{pictures, sound};
use crate::file::mp4;
use crate::promises::assert_originals;
use crate::streams::{Content, Folder};

/// How long each of the joined parts is, in milliseconds.
const LASTS: u32 = 4000;

/// Pictures of two sizes, with sound of two rates.
const PARTS: [&str; 2] = ["64x48:44100", "96x64:22050"];

/// A part, as ffmpeg writes it.
pub fn part(folder: &Folder, number: usize) -> PathBuf {
    let (size, rate) = PARTS[number].split_once(':').unwrap();
    let path = folder.0.join(format!("part-{number}.flv"));
    if path.exists() {
        return path;
    }
    let seconds = LASTS / 1000;
    let inputs = format!("-f lavfi -i testsrc2=s={size}:r=25:d={seconds} -f lavfi -i sine=f=440:r={rate}:d={seconds}");
    let codecs = "-c:v libx264 -preset ultrafast -bf 2 -g 50 -sc_threshold 0 -pix_fmt yuv420p -c:a aac -shortest";
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]).args(inputs.split(' ')).args(codecs.split(' ')).arg(&path);
    assert!(command.status().expect("ffmpeg has to be installed").success());
    path
}

/// The tags of an FLV file.
fn tags(file: &[u8]) -> Vec<&[u8]> {
    let (mut tags, mut rest) = (Vec::new(), &file[13..]);
    while rest.len() > 15 {
        let size = 15 + u32::from_be_bytes([0, rest[1], rest[2], rest[3]]) as usize;
        tags.push(&rest[..size]);
        rest = &rest[size..];
    }
    tags
}

/// The tags of these parts one after the other. `late`: by how many milliseconds the sound of each part is later than its pictures.
pub fn joined(folder: &Folder, name: &str, parts: &[usize], late: u32) -> PathBuf {
    let mut all: Vec<u8> = Vec::new();
    for (number, begins) in parts.iter().zip((0_u32..).step_by(LASTS as usize)) {
        let file = fs::read(part(folder, *number)).unwrap();
        if all.is_empty() {
            all.extend(&file[..13]);
        }
        let mut moved: Vec<(u32, Vec<u8>)> = Vec::new();
        for tag in tags(&file).into_iter().filter(|tag| tag[0] != 18) {
            let time = u32::from_be_bytes([tag[7], tag[4], tag[5], tag[6]]);
            let time = time + begins + if tag[0] == 8 { late } else { 0 };
            let [high, low @ ..] = time.to_be_bytes();
            let mut tag = tag.to_vec();
            tag[4..7].copy_from_slice(&low);
            tag[7] = high;
            moved.push((time, tag));
        }
        moved.sort_by_key(|(time, _)| *time);
        all.extend(moved.into_iter().flat_map(|(_, tag)| tag));
    }
    let path = folder.0.join(name);
    fs::write(&path, all).unwrap();
    path
}

/// The header and the segments of each period of a rendition, joined, as a playlist says which they are.
fn periods(folder: &Path, rendition: &str) -> Vec<PathBuf> {
    let below = folder.join("v-x").join(rendition);
    let playlist = fs::read_to_string(below.join("index.m3u8")).unwrap();
    let (mut header, mut all) = (Vec::new(), Vec::<Vec<u8>>::new());
    let mut begins = true;
    for line in playlist.lines() {
        if let Some(uri) = line.strip_prefix("#EXT-X-MAP:URI=\"").and_then(|rest| rest.strip_suffix('"')) {
            header = fs::read(below.join(uri)).unwrap();
        } else if line == "#EXT-X-DISCONTINUITY" {
            begins = true;
        } else if !line.starts_with('#') {
            if std::mem::take(&mut begins) {
                all.push(header.clone());
            }
            all.last_mut().unwrap().extend(fs::read(below.join(line)).unwrap());
        }
    }
    let paths = (0..all.len()).map(|number| folder.join(format!("{rendition}-{number}.mp4")));
    let paths: Vec<PathBuf> = paths.collect();
    for (path, bytes) in paths.iter().zip(all) {
        fs::write(path, bytes).unwrap();
    }
    paths
}

/// Checks that each period of a content decodes to one of these parts.
fn assert_periods(folder: &Folder, content: &Content, name: &str, parts: &[usize]) {
    let out = folder.0.join(format!("{name}.out"));
    content.write("", &out).unwrap();
    let presentation = content.presentation("").unwrap();
    assert_eq!(presentation.renditions().len(), 2);
    for rendition in presentation.renditions() {
        assert_eq!(rendition.headers(), 2, "{name}");
        let paths = periods(&out, &rendition.name());
        assert_eq!(paths.len(), parts.len(), "{name}");
        for (path, number) in paths.iter().zip(parts) {
            let part = part(folder, *number);
            let is_video = rendition.kind == reelspan_engine::media::Kind::Video;
            if is_video {
                assert_eq!(pictures(path), pictures(&part), "{name} {}", path.display());
            } else {
                let ((given, errors), (expected, _)) = (sound(path), sound(&part));
                assert!(errors.is_empty(), "{name}: {errors}");
                // The stream says how long the last frame lasts.
                let common = given.len().min(expected.len());
                assert!(given.len().abs_diff(expected.len()) <= 4096, "{name}: {} of {}", given.len(), expected.len());
                assert!(given[..common] == expected[..common], "{name} {}: other sound", path.display());
            }
        }
    }
    let manifest = fs::read_to_string(out.join("manifest.mpd")).unwrap();
    assert_eq!(manifest.matches("<Period ").count(), parts.len(), "{manifest}");
    let second = manifest.split("<Period ").nth(2).unwrap();
    assert!(second.contains("start=\"PT4.000000S\"") || second.contains("start=\"PT4S\""), "{second}");
    assert!(
        second.contains("width=\"96\" height=\"64\"") && second.contains("audioSamplingRate=\"22050\""),
        "{second}"
    );
    let offsets = presentation.renditions().iter().map(|rendition| u64::from(rendition.timescale()) * 4);
    for offset in offsets {
        assert!(second.contains(&format!("presentationTimeOffset=\"{offset}\"")), "{offset}: {second}");
    }
}

#[test]
fn each_period_has_its_header_and_decodes_to_the_part_that_it_is_of() {
    let folder = Folder::new("changes");
    let parts = [0, 1, 0];
    let path = joined(&folder, "joined.flv", &parts, 0);
    let content = Content::open(&path).unwrap();
    assert_originals(&content, "joined.flv");
    assert_periods(&folder, &content, "joined.flv", &parts);
    // An MP4 has a sample entry for each configuration.
    let stored = mp4(&content, "").unwrap();
    assert_eq!(stored.outline.container.name(), "mp4");
    assert_originals(&stored, "joined.mp4");
    assert_periods(&folder, &stored, "joined.mp4", &parts);
}

/// Where a box of this type has its type, behind this position.
fn of_type(bytes: &[u8], kind: &[u8], from: usize) -> usize {
    from + bytes[from..].windows(kind.len()).position(|window| window == kind).unwrap()
}

/// Inserts bytes into the last of these boxes, this far behind its type. Each box is in the one before it.
fn insert(bytes: &mut Vec<u8>, boxes: &[&[u8]], behind: usize, inserted: &[u8]) {
    let mut at = 0;
    for kind in boxes {
        at = of_type(bytes, kind, at);
        add(bytes, at - 4, inserted.len());
    }
    bytes.splice(at + behind..at + behind, inserted.iter().copied());
}

fn add(bytes: &mut [u8], at: usize, more: usize) {
    let field = u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) + more as u32;
    bytes[at..at + 4].copy_from_slice(&field.to_be_bytes());
}

/// The pictures of a content as one fragmented MP4 with two sample entries. `otherwise`: the one that fragments have that do not say
/// which (`trex`), counted from 1.
fn fragmented(content: &Content, otherwise: u8) -> Vec<u8> {
    let presentation = content.presentation("").unwrap();
    let rendition = &presentation.renditions()[0];
    let [mut file, second] = [0, 1].map(|number| presentation.header(rendition, number).unwrap());
    let entries = |header: &[u8]| of_type(header, b"stsd", 0) + 12;
    let length = |header: &[u8]| {
        let at = entries(header);
        u32::from_be_bytes(header[at..at + 4].try_into().unwrap()) as usize
    };
    let entry = second[entries(&second)..entries(&second) + length(&second)].to_vec();
    let behind = 12 + length(&file);
    insert(&mut file, &[b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"], behind, &entry);
    let count = entries(&file) - 4;
    add(&mut file, count, 1);
    let default = of_type(&file, b"trex", 0) + 12;
    file[default + 3] = otherwise;
    let table = block_on(presentation.table(&mut &content.pages)).unwrap();
    for row in presentation.rows(rendition, &table) {
        let segment = block_on(presentation.segment(&mut &content.pages, rendition, row.start, false)).unwrap();
        let mut segment = content.bytes(&segment);
        // The middle one of the three parts has the second entry.
        let begins = row.start * 1000 / u64::from(rendition.timescale());
        let own = if (4000..8000).contains(&begins) { 2 } else { 1 };
        if own != otherwise {
            insert(&mut segment, &[b"moof", b"traf", b"tfhd"], 12, &[0, 0, 0, own]);
            // The description index (ISO/IEC 14496-12 §8.8.7.1).
            let flags = of_type(&segment, b"tfhd", 0) + 7;
            segment[flags] |= 2;
            let data = of_type(&segment, b"trun", 0) + 12;
            add(&mut segment, data, 4);
        }
        file.extend(segment);
    }
    file
}

#[test]
fn fragments_say_which_of_several_sample_entries_they_have() {
    let folder = Folder::new("changes-fragmented");
    let parts = [0, 1, 0];
    let content = Content::open(&joined(&folder, "joined.flv", &parts, 0)).unwrap();
    for otherwise in [1, 2] {
        let name = format!("fragmented-{otherwise}");
        let path = folder.0.join(format!("{name}.mp4"));
        fs::write(&path, fragmented(&content, otherwise)).unwrap();
        let stored = Content::open(&path).unwrap();
        assert_originals(&stored, &name);
        let out = folder.0.join(&name);
        stored.write("", &out).unwrap();
        let presentation = stored.presentation("").unwrap();
        let rendition = &presentation.renditions()[0];
        assert_eq!(rendition.headers(), 2, "{name}");
        let paths = periods(&out, &rendition.name());
        assert_eq!(paths.len(), parts.len(), "{name}");
        for (path, number) in paths.iter().zip(parts) {
            assert_eq!(pictures(path), pictures(&part(&folder, number)), "{name} {}", path.display());
        }
    }
}

#[test]
fn a_part_has_the_periods_that_it_needs() {
    let folder = Folder::new("changes-part");
    let content = Content::open(&joined(&folder, "joined.flv", &[0, 1, 0], 0)).unwrap();
    for (fragment, maps, discontinuities) in
        [("t=1,3.5", vec![0], 0), ("t=3,6.5", vec![0, 1], 1), ("t=4.5,7", vec![1], 0), ("t=3,9", vec![0, 1, 0], 2)]
    {
        let presentation = content.presentation(fragment).unwrap();
        let table = block_on(presentation.table(&mut &content.pages)).unwrap();
        let addresses = Addresses { version: "x", query: "", playlists: "" };
        for rendition in presentation.renditions() {
            let playlist = presentation.playlist(rendition, &table, addresses);
            let named =
                |line: &str| line.strip_prefix("#EXT-X-MAP:URI=\"").map(|uri| uri.trim_end_matches('"').to_owned());
            let found: Vec<String> = playlist.lines().filter_map(named).collect();
            let expected: Vec<String> = maps.iter().map(|number| RenditionItem::Header(*number).to_string()).collect();
            assert_eq!(found, expected, "{fragment}: {playlist}");
            assert_eq!(playlist.matches("#EXT-X-DISCONTINUITY").count(), discontinuities, "{fragment}: {playlist}");
        }
        let manifest = presentation.manifest(&table, addresses);
        assert_eq!(manifest.matches("<Period ").count(), discontinuities + 1, "{fragment}: {manifest}");
    }
}

#[test]
fn sound_may_change_a_little_later_than_pictures_but_not_anywhere() {
    let folder = Folder::new("changes-late");
    let content = Content::open(&joined(&folder, "late.flv", &[0, 1], 300)).unwrap();
    assert_originals(&content, "late.flv");
    assert_eq!(content.outline.segments.as_ref().unwrap().periods.len(), 2);
    // Pictures begin a group each two seconds.
    let content = Content::open(&joined(&folder, "later.flv", &[0, 1], 900)).unwrap();
    assert!(content.outline.segments.as_ref().unwrap().periods.is_empty());
    let refused = Presentation::whole(&content.outline).map(drop).unwrap_err();
    assert!(matches!(refused, NoStream::Track { .. }), "{refused}");
    assert!(refused.to_string().ends_with("the file changes its configuration"), "{refused}");
}
