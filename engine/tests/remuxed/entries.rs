//! The sample entry of a track of any container is the one that ffmpeg writes for it, and an MP4 of it with the track's
//! payloads is decoded without a complaint.

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use reelspan_engine::codec::descriptor::{Descriptor, MPEG1_AUDIO};
use reelspan_engine::codec::hevc;
use reelspan_engine::container::{Unavailable, cmaf};
use reelspan_engine::index::Outline;
use reelspan_engine::media::{Kind, Track};

use crate::ffmpeg::{Folder, parted};
use crate::payloads::{indexed, tracks};
use crate::wrapped;

const PICTURES: &str = "-f lavfi -i testsrc2=s=160x120:r=25 -t 1 -pix_fmt yuv420p";
const SOUND: &str = "-f lavfi -i anoisesrc=r=48000:a=0.3 -ac 2 -t 1";

/// The boxes one behind the other in these bytes: their types and their payloads.
fn boxes(mut bytes: &[u8]) -> Vec<([u8; 4], &[u8])> {
    let mut found = Vec::new();
    while bytes.len() >= 8 {
        let size = u32::from_be_bytes(*bytes.first_chunk().unwrap()) as usize;
        found.push((*bytes[4..].first_chunk().unwrap(), &bytes[8..size]));
        bytes = &bytes[size..];
    }
    found
}

fn within<'a>(bytes: &'a [u8], path: &[&[u8; 4]]) -> Option<&'a [u8]> {
    let Some((first, path)) = path.split_first() else { return Some(bytes) };
    let (_, payload) = boxes(bytes).into_iter().find(|(kind, _)| kind == *first)?;
    within(payload, path)
}

/// The first sample entry of an MP4.
fn stored(file: &[u8]) -> Vec<u8> {
    let stsd = within(file, &[b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"]).unwrap();
    stsd[8..].to_vec()
}

/// What an entry says: its type, its fixed fields without the name of the compressor, and the box that configures the
/// decoder, with bit rates and NAL units of messages left out.
fn said(entry: &[u8], kind: Kind) -> String {
    let (name, payload) = boxes(entry)[0];
    let (mut fields, behind) = payload.split_at(if kind == Kind::Video { 78 } else { 28 });
    let mut kept = fields.to_vec();
    match &name {
        _ if kind == Kind::Video => drop(kept.drain(42..74)),
        // Of these ffmpeg always says that there are two channels.
        b"mp4a" | b"ac-3" | b"ec-3" => drop(kept.drain(16..18)),
        _ => {}
    }
    fields = &kept;
    let mut said = format!("{} {fields:x?}", name.escape_ascii());
    for (name, payload) in boxes(behind) {
        match &name {
            b"esds" => {
                let found = Descriptor::parse(&payload[4..]).unwrap();
                // Of MP3 ffmpeg keeps what AVI has.
                let specific = if found.object_type == MPEG1_AUDIO { &[] } else { found.specific };
                write!(said, " esds {:x} {specific:x?}", found.object_type).unwrap();
            }
            b"hvcC" => {
                let found = hevc::HevcConfiguration::parse(payload).unwrap().completed().unwrap().without_messages();
                write!(said, " hvcC {:x?}", found.to_bytes()).unwrap();
            }
            b"avcC" | b"av1C" | b"vpcC" | b"dOps" | b"dfLa" | b"alac" | b"dac3" | b"dec3" => {
                write!(said, " {} {payload:x?}", name.escape_ascii()).unwrap();
            }
            b"pasp" if payload[..4] != payload[4..] => write!(said, " pasp {payload:x?}").unwrap(),
            _ => {}
        }
    }
    said
}

/// The sample entries of the first tracks of files in these containers, made of `first`.
fn check(folder: &Folder, first: &str, containers: &[&str], codecs: &str, wrong: &mut String) {
    let copies = containers.iter().map(|container| match *container {
        "stored" => "-c copy -map 0 -movflags frag_keyframe+empty_moov stored.mp4".to_owned(),
        other => format!("-c copy -strict -2 copied.{other}"),
    });
    let files = folder.make_all(&format!("-i {first}"), &copies.collect::<Vec<_>>());
    let originals = containers.iter().map(|container| match *container {
        "stored" => "-i stored.mp4".to_owned(),
        other => format!("-i copied.{other}"),
    });
    let tag = if codecs.starts_with("hvc1") { "-tag:v hvc1" } else { "" };
    let theirs = (0..containers.len()).map(|at| format!("-map {at} -c copy -strict -2 {tag} theirs-{at}.mp4"));
    let theirs = folder.make_all(&originals.collect::<Vec<_>>().join(" "), &theirs.collect::<Vec<_>>());
    for ((container, file), theirs) in containers.iter().zip(&files).zip(&theirs) {
        if let Err(error) = check_one(folder, container, (file, theirs), codecs) {
            writeln!(wrong, "{first} in {container}: {error}").unwrap();
        }
    }
}

/// The sample entry of the first track of a file in this container is that of ffmpeg's MP4 of it.
fn check_one(
    folder: &Folder,
    container: &str,
    (file, theirs): (&Bytes, &Bytes),
    codecs: &str,
) -> Result<(), Box<dyn Error>> {
    let (outline, runs) = indexed(file);
    let track = &outline.tracks[0];
    let entry = cmaf::sample_entry(&outline, track)?;
    assert_eq!(cmaf::check(&outline, track), Ok(()));
    // ffmpeg's MP4 has its own number.
    let made = track.kind == Kind::Audio && !matches!(container, "mp4" | "m4a");
    if made && entry[24..26] != track.channels.unwrap().to_be_bytes() {
        return Err("the number of channels".into());
    }
    if cmaf::rfc6381(&entry) != codecs {
        return Err(format!("{} is not {codecs}", cmaf::rfc6381(&entry)).into());
    }
    let (ours, theirs) = (said(&entry, track.kind), said(&stored(theirs), track.kind));
    if ours != theirs {
        return Err(format!("\n  {ours}\n  {theirs}").into());
    }
    let made = wrapped::file(file, &outline, track, &runs, &entry);
    folder.decodes("wrapped.mp4", &made, track.samples)?;
    Ok(())
}

#[test]
fn a_track_has_the_sample_entry_that_ffmpeg_writes() {
    let folder = Folder::new("entries");
    let x265 = "-c:v libx265 -preset ultrafast -x265-params log-level=none:keyint=20 -tag:v hvc1";
    let cases: [(&str, &str, &str, &[&str]); 13] = [
        (
            &format!("{PICTURES} -c:v libx264 -g 10 -profile:v high"),
            "avc.mp4",
            "avc1.64000b",
            &["mp4", "stored", "mov", "mkv", "flv"],
        ),
        (&format!("{PICTURES} {x265}"), "hevc.mp4", "hvc1.1.6.L30.90", &["mp4", "mkv"]),
        (
            &format!("{PICTURES} -t 0.2 -c:v libaom-av1 -cpu-used 8"),
            "av1.mp4",
            "av01.0.00M.08",
            &["mp4", "mkv", "webm", "stored"],
        ),
        (
            &format!("{PICTURES} -t 0.4 -c:v libvpx-vp9 -cpu-used 8"),
            "vp9.mp4",
            "vp09.00.10.08",
            &["mp4", "webm", "mkv"],
        ),
        (
            &format!("{PICTURES} -vf setsar=4/3 -t 0.4 -c:v libvpx-vp9 -cpu-used 8"),
            "wide.webm",
            "vp09.00.10.08",
            &["webm", "mkv", "mp4"],
        ),
        (&format!("{PICTURES} -c:v mpeg4 -q:v 3"), "mpeg4.mp4", "mp4v.20", &["mp4", "mov", "mkv"]),
        (&format!("{SOUND} -c:a aac"), "aac.m4a", "mp4a.40.2", &["m4a", "mov", "mkv", "flv", "aac"]),
        (
            &format!("{SOUND} -ar 44100 -c:a libmp3lame -b:a 160k"),
            "mp3.mp3",
            "mp4a.6B",
            &["mp3", "mkv", "mov", "mp4", "flv", "avi"],
        ),
        (&format!("{SOUND} -c:a libopus"), "opus.opus", "opus", &["opus", "mkv", "webm", "mp4"]),
        (&format!("{SOUND} -c:a flac -strict -2"), "flac.flac", "fLaC", &["flac", "oga", "mkv", "mp4"]),
        (&format!("{SOUND} -c:a alac"), "alac.m4a", "alac", &["m4a", "mov", "mkv"]),
        (&format!("{SOUND} -c:a ac3"), "ac3.mp4", "ac-3", &["mp4", "mov", "mkv"]),
        (&format!("{SOUND} -ac 6 -c:a eac3"), "eac3.mp4", "ec-3", &["mp4", "mov", "mkv"]),
    ];
    let mut wrong = String::new();
    for (encode, first, codecs, containers) in cases {
        folder.make(&format!("{encode} {first}"));
        check(&folder, first, containers, codecs, &mut wrong);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_tracks_of_all_samples_are_decoded_with_their_sample_entries() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../samples");
    let folder = Folder::new("samples");
    let (mut wrong, mut decoded) = (String::new(), 0);
    for path in [samples.clone(), samples.join("formats")].iter().flat_map(|folder| fs::read_dir(folder).unwrap()) {
        let path = path.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(file) = fs::read(&path).ok().map(Bytes::from) else { continue };
        let Ok((outline, tracks)) = tracks(&file) else { continue };
        for (track, runs) in outline.tracks.iter().zip(tracks).filter(|(track, _)| track.kind != Kind::Text) {
            let entry = match cmaf::sample_entry(&outline, track) {
                Ok(entry) => entry,
                Err(error) => {
                    println!("{name} ({}): {error}", track.codec);
                    continue;
                }
            };
            println!("{name} ({}): {}", track.codec, cmaf::rfc6381(&entry));
            // ffmpeg has learnt of these later.
            if entry[4..8] == *b"ipcm" || entry[4..8] == *b"fpcm" {
                continue;
            }
            let made = wrapped::file(&file, &outline, track, &runs, &entry);
            match folder.decodes("wrapped.mp4", &made, track.samples) {
                Err(error) => writeln!(wrong, "{name}: {error}").unwrap(),
                Ok(()) => decoded += 1,
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(decoded > 20, "{decoded}");
}

#[test]
fn what_mp4_has_no_place_for_is_refused_with_the_reason() {
    let folder = Folder::new("refused");
    let pictures = [
        ("-c:v libx264 a.avi", "H.264 lies behind start codes in this AVI, and MP4 needs lengths there"),
        ("-c:v libx264 a.ts", "the samples lie in packets, between those of other streams, in a transport stream"),
        ("-c:v mpeg2video a.mpg", "the samples lie in packets, between those of other streams, in a program stream"),
        ("-c:v libvpx a.webm", "VP8 has no place in MP4 that players read"),
        ("-c:v mpeg4 b.avi", "what a decoder of MPEG-4 part 2 has to know first is not in the index of this file"),
        ("-c:v flv a.flv", "Sorenson H.263 has no place in MP4 that players read"),
        ("-c:v mjpeg a.mov", "JPEG has no place in MP4 that players read"),
        ("-c:v libtheora a.ogv", "Theora has no place in MP4 that players read"),
    ];
    let sound = [
        ("-c:a libvorbis a.ogg", "Vorbis has no place in MP4 that players read"),
        ("-c:a pcm_alaw a.wav", "A-law has no place in MP4 that players read"),
        ("-c:a pcm_u8 b.wav", "MP4 has no place for uncompressed sound in unsigned integers of 8 bits"),
        ("-c:a adpcm_ima_wav c.wav", "ADPCM has no place in MP4 that players read"),
    ];
    for (source, cases) in [(PICTURES, &pictures[..]), (SOUND, &sound)] {
        let (input, options) = parted(source);
        let files: Vec<_> = cases.iter().map(|(file, _)| format!("{options} {file}")).collect();
        for (file, (arguments, expected)) in folder.make_all(input, &files).iter().zip(cases) {
            let (outline, _) = indexed(file);
            let reason: Unavailable = cmaf::sample_entry(&outline, &outline.tracks[0]).unwrap_err();
            assert_eq!(reason.to_string(), *expected, "{arguments}");
        }
    }
}

#[test]
fn uncompressed_sound_says_how_its_numbers_are_stored() {
    let folder = Folder::new("uncompressed");
    let (ipcm, fpcm) = (*b"ipcm", *b"fpcm");
    for (codec, containers, kind, little, bits) in [
        ("pcm_s16le", &["wav", "w64", "mov", "mkv", "avi"][..], ipcm, 1, 16),
        ("pcm_s16be", &["aiff", "mov", "mkv"], ipcm, 0, 16),
        ("pcm_s24le", &["wav", "mov", "mkv"], ipcm, 1, 24),
        ("pcm_s24be", &["aiff", "mov"], ipcm, 0, 24),
        ("pcm_s32le", &["wav", "mov"], ipcm, 1, 32),
        ("pcm_f32le", &["wav", "mov", "mkv"], fpcm, 1, 32),
        ("pcm_f64be", &["mov"], fpcm, 0, 64),
    ] {
        let (input, options) = parted(SOUND);
        let files = containers.iter().map(|container| format!("{options} -ar 32000 -c:a {codec} sound.{container}"));
        let files = folder.make_all(input, &files.collect::<Vec<_>>());
        for (container, file) in containers.iter().zip(&files) {
            let (outline, _) = indexed(file);
            let entry = cmaf::sample_entry(&outline, &outline.tracks[0]).unwrap();
            let (found, payload) = boxes(&entry)[0];
            let fields = [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, bits, 0, 0, 0, 0, 0x7D, 0, 0, 0];
            assert_eq!((found, &payload[..28]), (kind, &fields[..]), "{codec} in {container}");
            assert_eq!(boxes(&payload[28..]), [(*b"pcmC", &[0, 0, 0, 0, little, bits][..])], "{codec} in {container}");
        }
    }
}

#[test]
fn a_damaged_configuration_is_an_error() {
    let folder = Folder::new("damaged");
    for (arguments, container) in [
        (format!("{PICTURES} -c:v libx264"), "mkv"),
        (format!("{PICTURES} -c:v libx264"), "flv"),
        (format!("{PICTURES} -c:v libx264"), "mov"),
        (format!("{SOUND} -c:a aac"), "mov"),
        (format!("{SOUND} -c:a alac"), "mov"),
        (format!("{SOUND} -c:a libopus"), "opus"),
        (format!("{SOUND} -c:a flac"), "flac"),
        (format!("{SOUND} -c:a pcm_s24le"), "wav"),
        (format!("{SOUND} -c:a libmp3lame"), "avi"),
    ] {
        let (outline, _) = indexed(&folder.make(&format!("{arguments} whole.{container}")));
        for damaged in damaged(&outline) {
            for track in &damaged.tracks {
                if let Ok(entry) = cmaf::sample_entry(&damaged, track) {
                    assert!(!cmaf::rfc6381(&entry).is_empty());
                }
            }
        }
    }
}

/// The same outline with each byte of what is kept of the file inverted, and with each beginning of it alone.
fn damaged(outline: &Outline) -> Vec<Outline> {
    use reelspan_engine::media::Setup;
    let kept = |setup: &Setup| match setup {
        Setup::Inline(bytes) => bytes.clone(),
        Setup::At(_) => bytes::Bytes::new(),
    };
    let variants = |bytes: &bytes::Bytes| {
        let mut variants = Vec::new();
        for at in 0..bytes.len() {
            let mut other = bytes.to_vec();
            other[at] = !other[at];
            variants.push(Setup::Inline(other.into()));
            variants.push(Setup::Inline(bytes.slice(..at)));
        }
        variants
    };
    let mut found = Vec::new();
    for (place, track) in outline.tracks.iter().enumerate() {
        for setup in variants(&kept(&track.setup)) {
            let mut other = outline.clone();
            other.tracks[place] = Track { setup, ..track.clone() };
            found.push(other);
        }
    }
    for (place, setup) in outline.setup.iter().enumerate() {
        for setup in variants(&kept(setup)) {
            let mut other = outline.clone();
            other.setup[place] = setup;
            found.push(other);
        }
    }
    found
}
