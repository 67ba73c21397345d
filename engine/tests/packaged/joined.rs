//! Transport streams with several sounds, and such as were joined of recordings with other clocks and other pictures. The times of
//! captions beside them are those of the pictures.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use futures::executor::block_on;
use reelspan_engine::caption::TimestampMap;
use reelspan_engine::media::{Kind, Time};
use reelspan_engine::package::hls::Addresses;
use reelspan_engine::package::name::TextItem;
use reelspan_engine::package::{Presentation, SegmentForm};

use crate::decoded::{pictures, sound};
use crate::packets::{decoded, has_clock};
use crate::streams::{Content, Folder};

const ADDRESSES: Addresses<'_> = Addresses { version: "x", query: "", playlists: "" };

/// A transport stream that ffmpeg makes.
fn made(folder: &Folder, name: &str, arguments: &str) -> PathBuf {
    let path = folder.0.join(name);
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]).args(arguments.split(' ')).args(["-f", "mpegts"]).arg(&path);
    assert!(command.status().expect("ffmpeg has to be installed").success(), "{name}");
    path
}

const H264: &str = "-c:v libx264 -preset ultrafast -bf 2 -g 50 -sc_threshold 0 -pix_fmt yuv420p";

/// The PIDs of the packets of a segment, but those of its tables.
fn pids(segment: &[u8]) -> BTreeSet<u16> {
    let of = |packet: &[u8]| u16::from_be_bytes([packet[1] & 0x1F, packet[2]]);
    segment.chunks(188).map(of).filter(|pid| *pid != 0 && *pid != 0x1000).collect()
}

#[test]
fn each_of_several_sounds_is_a_rendition_of_its_own() {
    let folder = Folder::new("sounds");
    let tone = |hertz: u32, rate: u32| format!("-f lavfi -i sine=f={hertz}:r={rate}:d=13");
    let inputs = format!("-f lavfi -i testsrc2=s=64x48:r=25:d=13 {} {}", tone(440, 44_100), tone(880, 48_000));
    let languages = "-metadata:s:a:0 language=eng -metadata:s:a:1 language=deu";
    let arguments = format!("{inputs} -map 0 -map 1 -map 2 {H264} -c:a:0 aac -c:a:1 ac3 {languages}");
    let path = made(&folder, "sounds.ts", &arguments);
    let content = Content::open(&path).unwrap();
    let out = folder.0.join("out");
    content.write("", &out).unwrap();
    let presentation = content.presentation("").unwrap();
    assert_eq!(presentation.form(), SegmentForm::Packets);
    let master = fs::read_to_string(out.join("master.m3u8")).unwrap();
    for wanted in ["LANGUAGE=\"eng\",DEFAULT=YES", "LANGUAGE=\"deu\",DEFAULT=NO", "mp4a.40.2\"", "ac-3\""] {
        assert!(master.contains(wanted), "{wanted}: {master}");
    }
    assert!(!master.contains("I-FRAME"), "{master}");
    assert_eq!(presentation.renditions().len(), 3);
    let table = block_on(presentation.table(&mut &content.pages)).unwrap();
    for (rendition, stream) in presentation.renditions().iter().zip(["0:v:0", "0:a:0", "0:a:1"]) {
        let playlist = out.join("v-x").join(rendition.name()).join("index.m3u8");
        let ((expected, _), (given, errors)) =
            (decoded(&path, stream), decoded(&playlist, &stream.replace(":1", ":0")));
        assert!(errors.is_empty(), "{stream}: {errors}");
        assert!(given == expected, "{stream}: {} of {}", given.len(), expected.len());
        let id = content.outline.tracks[rendition.place].id;
        for row in presentation.rows(rendition, &table) {
            let segment = block_on(presentation.segment(&mut &content.pages, rendition, row.start, false)).unwrap();
            let segment = content.bytes(&segment);
            assert_eq!(pids(&segment), [u16::try_from(id).unwrap()].into(), "{stream}");
            assert_eq!(segment.chunks(188).any(has_clock), rendition.kind == Kind::Video, "{stream}");
        }
    }
    // Each rendition of a part begins with the picture at which decoding begins.
    let part = folder.0.join("part");
    content.write("t=5,9", &part).unwrap();
    let presentation = content.presentation("t=5,9").unwrap();
    for (rendition, frames) in
        presentation.renditions().iter().zip([125.0, 5.0 * 44_100.0 / 1024.0, 5.0 * 48_000.0 / 1536.0])
    {
        let stream = if rendition.kind == Kind::Video { "0:v:0" } else { "0:a:0" };
        let (given, errors) = decoded(&part.join("v-x").join(rendition.name()).join("index.m3u8"), stream);
        assert!(errors.is_empty(), "{stream}: {errors}");
        assert!((given.len() as f64 - frames).abs() < 16.0, "{stream}: {} of {frames}", given.len());
    }
    // One sound is muxed with the pictures.
    let presentation = content.presentation(&format!("t=0,9&track={}", content.outline.tracks[1].id));
    assert!(presentation.is_err() || presentation.unwrap().renditions().len() == 1);
}

/// The segments up to each discontinuity of a playlist, joined.
fn periods(folder: &Path, rendition: &str) -> Vec<PathBuf> {
    let below = folder.join("v-x").join(rendition);
    let playlist = fs::read_to_string(below.join("index.m3u8")).unwrap();
    let parts = playlist.split("#EXT-X-DISCONTINUITY\n").enumerate().map(|(number, list)| {
        let names = list.lines().filter(|line| !line.starts_with('#'));
        let bytes: Vec<u8> = names.flat_map(|name| fs::read(below.join(name)).unwrap()).collect();
        let path = folder.join(format!("{number}.ts"));
        fs::write(&path, bytes).unwrap();
        path
    });
    parts.collect()
}

/// How the times of the segment of captions that begins at this millisecond fit those of the media.
fn timestamp_map(content: &Content, presentation: &Presentation<'_>, start: u64) -> TimestampMap {
    let anchor = block_on(presentation.anchor(&mut &content.pages, TextItem::Segment(start))).unwrap();
    presentation.timestamp_map(&anchor, &content.bytes(&anchor.packet())).unwrap()
}

/// A cue is at its time too if the time stamps begin at another time, wrap around, or the part begins within the file.
#[test]
fn captions_have_the_time_stamps_of_packets() {
    let folder = Folder::new("stamps");
    let inputs = "-f lavfi -i testsrc2=s=64x48:r=30000/1001:d=40 -f lavfi -i sine=f=440:d=40";
    let plain = made(&folder, "plain.ts", &format!("{inputs} {H264} -c:a aac -shortest"));
    let moved = |name: &str, by: &str| {
        let arguments = format!("-i {} -map 0 -c copy -output_ts_offset {by}", plain.display());
        made(&folder, name, &arguments)
    };
    // 2^33 ticks are 95 443.7 seconds.
    for path in [plain.clone(), moved("late.ts", "5000"), moved("wrapped.ts", "95433")] {
        let (name, content) = (path.display(), Content::open(&path).unwrap());
        for fragment in ["", "t=7.24,38.5"] {
            let presentation = content.presentation(fragment).unwrap();
            let leader = &content.outline.tracks[presentation.renditions()[0].place];
            let starts: Vec<u64> = presentation.caption_segments().into_iter().map(|(start, ..)| start).collect();
            assert_eq!(starts, [0, 30_000]);
            for start in starts {
                let TimestampMap { mpegts, local } = timestamp_map(&content, &presentation, start);
                assert!(mpegts < 1 << 33 && local < Time::from_secs(30), "{name}: {mpegts} at {local}");
                // The time stamp at which the content begins.
                let begins = if fragment.is_empty() { 0 } else { 7_240_000_000 };
                let zero = mpegts.cast_signed() - leader.timescale.ticks(local + Time(begins)).0;
                assert_eq!(zero.rem_euclid(1 << 33), first(&path).rem_euclid(1 << 33), "{name} {fragment} {start}");
            }
        }
        let part = content.presentation("t=7.24,38.5").unwrap();
        let lead = block_on(part.caption_lead(&mut &content.pages)).unwrap();
        assert!((Time::ZERO..Time::from_secs(3)).contains(&lead), "{lead}");
        let table = block_on(part.table(&mut &content.pages)).unwrap();
        let length = |playlist: String| -> f64 {
            let lengths = playlist.lines().filter_map(|line| line.strip_prefix("#EXTINF:")?.strip_suffix(','));
            lengths.map(|length| length.parse::<f64>().unwrap()).sum()
        };
        let (pictures, captions) =
            (part.playlist(&part.renditions()[0], &table, ADDRESSES), part.caption_playlist(lead, ADDRESSES));
        assert!((length(pictures) - length(captions)).abs() < 0.1, "{name}");
    }
}

/// The first time stamp of a file.
fn first(path: &Path) -> i64 {
    let arguments = ["-v", "error", "-show_entries", "packet=pts", "-read_intervals", "%+1", "-of", "csv=p=0"];
    let output = Command::new("ffprobe").args(arguments).arg(path).output().expect("ffmpeg has to be installed");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.trim_end_matches(',').parse().ok()).min().unwrap()
}

/// The codecs of the tracks of these files, those of a track one after the other, each once.
fn codecs(parts: &[&PathBuf]) -> String {
    let parts: Vec<Content> = parts.iter().map(|part| Content::open(part).unwrap()).collect();
    let mut codecs: Vec<&str> = Vec::new();
    for track in 0..parts[0].outline.tracks.len() {
        for codec in parts.iter().map(|part| part.outline.tracks[track].codec.as_str()) {
            if !codecs.contains(&codec) {
                codecs.push(codec);
            }
        }
    }
    codecs.join(",")
}

#[test]
fn joined_recordings_have_discontinuities_where_they_were_joined() {
    let folder = Folder::new("joined");
    let part = |name: &str, size: &str, level: &str, rate: u32| {
        let inputs = format!("-f lavfi -i testsrc2=s={size}:r=25:d=4 -f lavfi -i sine=f=440:r={rate}:d=4");
        made(&folder, name, &format!("{inputs} {H264} -level {level} -c:a aac -shortest"))
    };
    let (one, other) = (part("one.ts", "64x48", "3.0", 44_100), part("other.ts", "96x64", "3.1", 22_050));
    // Pictures of another size; the same pictures, but another clock; and nothing else.
    for (name, parts) in [("sizes", vec![&one, &other]), ("clocks", vec![&one, &one, &one]), ("one", vec![&one])] {
        let path = folder.0.join(format!("{name}.ts"));
        let joined: Vec<u8> = parts.iter().flat_map(|part| fs::read(part).unwrap()).collect();
        fs::write(&path, joined).unwrap();
        let content = Content::open(&path).unwrap();
        let out = folder.0.join(name);
        content.write("", &out).unwrap();
        let presentation = content.presentation("").unwrap();
        let table = block_on(presentation.table(&mut &content.pages)).unwrap();
        assert_eq!(presentation.renditions()[0].codec, codecs(&parts), "{name}");
        let playlist = presentation.playlist(&presentation.renditions()[0], &table, ADDRESSES);
        let captions = presentation.caption_playlist(Time::ZERO, ADDRESSES);
        for playlist in [playlist, captions] {
            assert_eq!(playlist.matches("#EXT-X-DISCONTINUITY").count(), parts.len() - 1, "{name}: {playlist}");
        }
        // ffmpeg begins each file at the same time stamp, so each segment of captions does.
        for (number, (start, ..)) in presentation.caption_segments().into_iter().enumerate() {
            let TimestampMap { mpegts, local } = timestamp_map(&content, &presentation, start);
            let begins = mpegts.cast_signed() + (start.cast_signed() - local.0 / 1_000_000) * 90;
            assert!((begins - 126_000).abs() < 90_000 / 8, "{name} {number}: {mpegts} at {local}");
        }
        for (path, part) in periods(&out, &presentation.renditions()[0].name()).iter().zip(parts) {
            assert_eq!(pictures(path), pictures(part), "{name}");
            let ((given, errors), (expected, _)) = (sound(path), sound(part));
            assert!(errors.is_empty() && given == expected, "{name}: {errors} {} of {}", given.len(), expected.len());
        }
    }
}
