//! Transport streams with several sounds, and such as were joined of recordings with other clocks and other pictures.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use futures::executor::block_on;
use reelspan_engine::media::Kind;
use reelspan_engine::package::Form;
use reelspan_engine::package::hls::Addresses;

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
    assert_eq!(presentation.form(), Form::Packets);
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

#[test]
fn joined_recordings_have_discontinuities_where_they_were_joined() {
    let folder = Folder::new("joined");
    let part = |name: &str, size: &str, rate: u32| {
        let inputs = format!("-f lavfi -i testsrc2=s={size}:r=25:d=4 -f lavfi -i sine=f=440:r={rate}:d=4");
        made(&folder, name, &format!("{inputs} {H264} -c:a aac -shortest"))
    };
    let (one, other) = (part("one.ts", "64x48", 44_100), part("other.ts", "96x64", 22_050));
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
        let playlist = presentation.playlist(&presentation.renditions()[0], &table, ADDRESSES);
        assert_eq!(playlist.matches("#EXT-X-DISCONTINUITY").count(), parts.len() - 1, "{name}: {playlist}");
        for (path, part) in periods(&out, &presentation.renditions()[0].name()).iter().zip(parts) {
            assert_eq!(pictures(path), pictures(part), "{name}");
            let ((given, errors), (expected, _)) = (sound(path), sound(part));
            assert!(errors.is_empty() && given == expected, "{name}: {errors} {} of {}", given.len(), expected.len());
        }
    }
}
