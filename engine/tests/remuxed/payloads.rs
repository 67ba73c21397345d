//! An elementary stream that ffmpeg copies into many containers has the same payloads in all of them.

use std::collections::BTreeMap;
use std::fmt::Write;

use bytes::Bytes;
use futures::executor::block_on;
use reelspan_engine::codec::{avc, hevc, nal};
use reelspan_engine::container::{self, Error, Payload, ReadError, Sink};
use reelspan_engine::index::{Outline, PackedPage, Page};
use reelspan_engine::media::splice::{Piece, Splice};
use reelspan_engine::media::{Run, Ticks, Track};

use crate::ffmpeg::{Folder, parted};

#[derive(Default)]
struct Pages(BTreeMap<u32, Bytes>);

impl Sink for Pages {
    async fn page(&mut self, page: PackedPage) -> Result<(), ReadError> {
        if page.is_page() {
            self.0.insert(page.number, page.bytes);
        }
        Ok(())
    }
}

/// A file, and the runs of its first track.
pub fn indexed(file: &Bytes) -> (Outline, Vec<Run>) {
    let (outline, tracks) = tracks(file).unwrap();
    (outline, tracks.into_iter().next().unwrap())
}

/// A file, and the runs of all its tracks.
pub fn tracks(file: &Bytes) -> Result<(Outline, Vec<Vec<Run>>), Error> {
    let mut pages = Pages::default();
    let outline = block_on(container::index(file, &mut pages))?;
    let mut tracks: Vec<Vec<Run>> = vec![Vec::new(); outline.tracks.len()];
    for (number, packed) in pages.0 {
        for (all, found) in tracks.iter_mut().zip(Page::unpack(number, &packed).unwrap().tracks) {
            all.extend(found.runs);
        }
    }
    Ok((outline, tracks))
}

pub fn bytes(file: &[u8], splice: &Splice) -> Vec<u8> {
    let pieces = splice.pieces().map(|piece| match piece {
        Piece::Made(bytes) => bytes.to_vec(),
        Piece::Source(range) => {
            file[usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap()].to_vec()
        }
    });
    pieces.collect::<Vec<_>>().concat()
}

/// The samples of the first track of a file.
fn payloads(file: &Bytes) -> Result<(Track, Vec<Vec<u8>>), Error> {
    let (outline, runs) = indexed(file);
    let track = outline.tracks[0].clone();
    let (mut samples, mut open) = (Vec::new(), Vec::new());
    for run in runs.iter().flat_map(|run| (0..run.count).filter_map(|sample| run.slice(sample..sample + 1))) {
        match container::payload(&outline, &track, &run)? {
            Payload::Part(splice) => {
                assert_eq!(run.duration, Ticks::ZERO);
                open.extend(bytes(file, &splice));
            }
            Payload::Whole(splice) => {
                open.extend(bytes(file, &splice));
                samples.push(std::mem::take(&mut open));
            }
            Payload::Laced(laced) => {
                let table = laced.table();
                let table = &file[usize::try_from(table.start).unwrap()..usize::try_from(table.end).unwrap()];
                samples.extend(laced.frames(table)?.iter().map(|frame| bytes(file, frame)));
            }
        }
    }
    // AVI has empty chunks where nothing is shown anew.
    samples.retain(|sample| !sample.is_empty());
    Ok((track, samples))
}

/// The NAL units of a sample that are pictures or messages, each behind its length, whatever lay before it.
fn units(sample: &[u8], is_picture: fn(u8) -> bool) -> Vec<u8> {
    let annex_b = sample.starts_with(&[0, 0, 0, 1]) || sample.starts_with(&[0, 0, 1]);
    let units: Vec<&[u8]> =
        if annex_b { nal::units(sample).map(nal::trimmed).collect() } else { nal::by_lengths(sample, 4).collect() };
    let kept = units.into_iter().filter(|unit| is_picture(unit[0]));
    kept.flat_map(|unit| [&u32::try_from(unit.len()).unwrap().to_be_bytes(), unit].concat()).collect()
}

fn same(name: &str, encode: &str, containers: &[&str], is_picture: Option<fn(u8) -> bool>) {
    let folder = Folder::new(name);
    let original = containers[0];
    let first = folder.make(&format!("{encode} first.{original}"));
    let copies = containers[1..].iter().map(|container| match *container {
        "fragmented" => "-c copy -strict -2 -movflags frag_keyframe+empty_moov fragmented.mp4".to_owned(),
        other => format!("-c copy -strict -2 copied.{other}"),
    });
    let copies = folder.make_all(&format!("-i first.{original}"), &copies.collect::<Vec<_>>());
    let mut expected = None;
    for (container, file) in containers.iter().zip([first].iter().chain(&copies)) {
        let (track, samples) = payloads(file).unwrap_or_else(|error| panic!("{name} in {container}: {error}"));
        let samples: Vec<_> = match is_picture {
            Some(is_picture) => samples.iter().map(|sample| units(sample, is_picture)).collect(),
            None => samples,
        };
        let expected = expected.get_or_insert_with(|| samples.clone());
        assert_eq!(samples.len(), expected.len(), "{name} in {container}");
        let differs = samples.iter().zip(expected.iter()).position(|(one, other)| one != other);
        assert_eq!(differs, None, "{name} in {container}: a sample that is another ({})", track.codec);
    }
}

const SECONDS: &str = "-f lavfi -i testsrc2=s=160x120:r=25 -t 3 -pix_fmt yuv420p";
const SOUND: &str = "-f lavfi -i anoisesrc=r=48000:a=0.3 -ac 2 -t 3";

#[test]
fn pictures_are_the_same_in_all_containers() {
    let avc: fn(u8) -> bool = |header| !matches!(header & 0x1F, 7..=9 | 13);
    let containers = ["mp4", "mov", "mkv", "flv", "avi", "fragmented"];
    for options in ["-g 12 -bf 3", "-g 25 -bf 0 -x264-params slices=3", "-g 10 -x264-params aud=1:repeat-headers=1"] {
        same("avc", &format!("{SECONDS} -c:v libx264 {options}"), &containers, Some(avc));
    }
    let hevc: fn(u8) -> bool = |header| !matches!(header >> 1 & 0x3F, 32..=35);
    let x265 = "-c:v libx265 -preset ultrafast -x265-params log-level=none";
    same("hevc", &format!("{SECONDS} {x265}:keyint=20"), &["mp4", "mov", "mkv", "fragmented"], Some(hevc));
    same("av1", &format!("{SECONDS} -t 0.4 -c:v libaom-av1 -cpu-used 8"), &["mp4", "mkv", "webm", "fragmented"], None);
    same("vp8", &format!("{SECONDS} -c:v libvpx -g 20"), &["webm", "mkv", "avi"], None);
    same("vp9", &format!("{SECONDS} -c:v libvpx-vp9 -cpu-used 8 -t 1"), &["webm", "mp4", "mkv"], None);
    same("theora", &format!("{SECONDS} -c:v libtheora -q:v 10"), &["ogv", "mkv"], None);
    same("mpeg4", &format!("{SECONDS} -c:v mpeg4 -q:v 3"), &["mp4", "avi", "mkv", "mov"], None);
    same("mjpeg", &format!("{SECONDS} -c:v mjpeg"), &["avi", "mkv", "mov"], None);
    same("sorenson", &format!("{SECONDS} -c:v flv"), &["flv", "avi", "mkv"], None);
}

#[test]
fn sound_is_the_same_in_all_containers() {
    let cases: [(&str, &str, &[&str]); 9] = [
        ("aac", "-c:a aac", &["m4a", "mov", "mkv", "flv", "aac"]),
        ("mp3", "-ar 44100 -c:a libmp3lame -b:a 160k", &["mp3", "mkv", "mov", "mp4", "flv", "avi"]),
        ("opus", "-c:a libopus", &["opus", "mkv", "webm", "mp4"]),
        (
            "opus in large packets",
            "-c:a libopus -b:a 256k -frame_duration 60 -page_duration 1000",
            &["opus", "mkv", "mp4"],
        ),
        ("vorbis", "-c:a libvorbis -q:a 9", &["ogg", "mkv", "webm"]),
        ("flac", "-c:a flac -strict -2", &["flac", "oga", "mkv", "mp4"]),
        ("ac3", "-c:a ac3", &["mp4", "mov", "mkv"]),
        ("eac3", "-c:a eac3", &["mp4", "mov", "mkv"]),
        ("alac", "-c:a alac", &["m4a", "mov", "mkv"]),
    ];
    for (name, options, containers) in cases {
        same(&name.replace(' ', "-"), &format!("{SOUND} {options}"), containers, None);
    }
}

#[test]
fn plain_samples_are_the_same_in_all_containers() {
    let folder = Folder::new("plain");
    let first = folder.make(&format!("{SOUND} -c:a pcm_s16le first.wav"));
    let joined = |file: &Bytes| payloads(file).unwrap().1.concat();
    let expected = joined(&first);
    for container in ["mov", "mkv", "avi"] {
        let file = folder.make(&format!("-i first.wav -c copy copied.{container}"));
        assert!(joined(&file) == expected, "{container}");
    }
}

#[test]
fn tracks_say_their_sample_rate_and_channels() {
    let folder = Folder::new("rates");
    let mut wrong = String::new();
    let files = [
        ("-c:a aac", "m4a"),
        ("-c:a aac", "mkv"),
        ("-c:a aac", "flv"),
        ("-c:a aac", "aac"),
        ("-c:a aac", "ts"),
        ("-c:a libmp3lame", "mp3"),
        ("-c:a libmp3lame", "flv"),
        ("-c:a libmp3lame", "avi"),
        ("-c:a libmp3lame", "mp4"),
        ("-c:a libmp3lame", "mpg"),
        ("-c:a mp2", "ts"),
        ("-c:a ac3", "ts"),
        ("-c:a ac3", "mp4"),
        ("-c:a ac3", "vob"),
        ("-c:a eac3", "ts"),
        ("-c:a eac3", "mp4"),
        ("-c:a dca -strict -2", "ts"),
        ("-c:a libvorbis", "ogg"),
        ("-c:a libvorbis", "mkv"),
        ("-c:a flac", "flac"),
        ("-c:a flac", "oga"),
        ("-c:a flac", "mkv"),
        ("-c:a alac", "m4a"),
        ("-c:a alac", "mkv"),
        ("-c:a pcm_s16le", "wav"),
        ("-c:a pcm_s16be", "aiff"),
        ("-c:a pcm_s24le", "mov"),
        ("-c:a pcm_s16le", "mkv"),
        ("-c:a pcm_s16le", "avi"),
    ];
    let (input, common) = parted(SOUND);
    for (rate, channels) in [(44_100, 2), (48_000, 1)] {
        // There is no such MP3 in FLV, and in MP4 its description says two channels whatever they are.
        let is_one = |options: &str, container: &str| {
            options == "-c:a libmp3lame" && rate == 48_000 && matches!(container, "flv" | "mp4")
        };
        let cases: Vec<_> = files.iter().filter(|(options, container)| !is_one(options, container)).collect();
        let made = cases.iter().enumerate().map(|(at, (options, container))| {
            format!("{common} -ar {rate} -ac {channels} -t 1 {options} sound-{at}.{container}")
        });
        let made = folder.make_all(input, &made.collect::<Vec<_>>());
        for (file, (options, container)) in made.iter().zip(cases) {
            let track = indexed(file).0.tracks[0].clone();
            if (track.sample_rate, track.channels) != (Some(rate), Some(channels)) {
                let found = (track.sample_rate, track.channels);
                writeln!(wrong, "{options} in {container}: {found:?}, not {:?}", (rate, channels)).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    let file = folder.make(&format!("{SOUND} -t 1 -c:a libopus sound.opus"));
    assert_eq!((indexed(&file).0.tracks[0].sample_rate, indexed(&file).0.tracks[0].channels), (Some(48_000), Some(2)));
}

#[test]
fn of_transport_and_program_streams_there_are_none() {
    let folder = Folder::new("streams");
    for container in ["ts", "mpg"] {
        let file = folder.make(&format!("{SECONDS} -c:v mpeg2video copied.{container}"));
        assert!(matches!(payloads(&file), Err(Error::Unsupported(_))), "{container}");
    }
}

#[test]
fn parameter_sets_are_those_of_the_stream() {
    let folder = Folder::new("looks");
    let file = folder.make(&format!("{SECONDS} -c:v libx264 copied.avi"));
    let (_, samples) = payloads(&file).unwrap();
    let found = avc::AvcConfiguration::of_units(nal::units(&samples[0]).map(nal::trimmed)).unwrap();
    assert_eq!(found.dimensions(), Some((160, 120)));
    assert!(hevc::HevcConfiguration::of_units(nal::units(&samples[0]).map(nal::trimmed)).is_none());
}
