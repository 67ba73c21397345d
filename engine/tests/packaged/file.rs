//! A content as one MP4 has the samples of the content, at the same times, and players decode from it what they decode from the
//! content.

use std::fs;

use bytes::Bytes;
use futures::executor::block_on;
use reelspan_engine::container;
use reelspan_engine::fragment::resolve::{Ask, Meaning};
use reelspan_engine::fragment::uri::Fragment;
use reelspan_engine::index::Memory;
use reelspan_engine::media::{Kind, Track};
use reelspan_engine::package::file;

use crate::decoded::{pictures, sound};
use crate::promises::payloads;
use crate::streams::{Content, Folder, samples};

/// The MP4 of a content, or of a part of it, as a content again; `None` if it has none.
pub fn mp4(content: &Content, fragment: &str) -> Option<Content> {
    let meaning = Meaning::of(&Ask::from(&Fragment::parse(fragment)), &content.outline);
    let found = block_on(file::file(&content.outline, &mut &content.pages, &meaning)).ok()?;
    assert_eq!(found.mime, file::describe(&content.outline).unwrap().0);
    let bytes: Bytes = found.bytes.map_or_else(|| content.file.clone(), |splice| content.bytes(&splice).into());
    let mut pages = Memory::default();
    let outline = block_on(container::index(&bytes, &mut pages)).unwrap();
    Some(Content { file: bytes, outline, pages })
}

/// The presentation times of a track's samples in seconds on the timeline of the file, with their bytes and whether decoding can
/// begin at them.
fn presented(content: &Content, place: usize) -> Vec<(f64, bool, Vec<u8>)> {
    let track = &content.outline.tracks[place];
    let time = |track: &Track, ticks| track.timescale.time(ticks - track.shift()).as_secs_f64();
    let samples = payloads(content, place).into_iter();
    samples.map(|(run, bytes)| (time(track, run.presentation()), run.sync, bytes)).collect()
}

#[test]
fn the_mp4_of_any_file_has_its_samples_bit_for_bit() {
    let mut found = 0;
    for path in samples() {
        let Some(content) = Content::open(&path) else { continue };
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some(other) = mp4(&content, "") else {
            assert!(file::describe(&content.outline).is_err(), "{name}");
            continue;
        };
        found += 1;
        assert_eq!(other.outline.container.name(), "mp4");
        for (place, track) in other.outline.tracks.iter().enumerate() {
            let from = content.outline.tracks.iter().position(|from| (from.kind, from.id) == (track.kind, track.id));
            let alike = || content.outline.tracks.iter().position(|from| from.kind == track.kind);
            let from = from.or_else(alike).unwrap();
            let (expected, given) = (presented(&content, from), presented(&other, place));
            assert_eq!(given.len(), expected.len(), "{name}: track {}", track.id);
            for (given, expected) in given.iter().zip(&expected) {
                assert!((given.0 - expected.0).abs() < 0.000_1, "{name}: {} for {}", given.0, expected.0);
                assert_eq!(given.1, expected.1, "{name}: sync samples");
                assert!(given.2 == expected.2, "{name}: other bytes at {}", given.0);
            }
        }
        let off = (other.outline.duration - content.outline.duration).0.abs();
        assert!(off < 100_000_000, "{name}: {} for {}", other.outline.duration, content.outline.duration);
    }
    assert!(found > 25, "{found} files");
}

/// The greatest difference between two sequences of 16-bit samples.
fn distance(one: &[u8], other: &[u8]) -> u16 {
    let samples = |bytes: &[u8]| -> Vec<i16> {
        bytes.as_chunks::<2>().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect()
    };
    samples(one).iter().zip(samples(other)).map(|(one, other)| one.abs_diff(other)).max().unwrap_or(0)
}

#[test]
fn ffmpeg_decodes_from_the_mp4_what_it_decodes_from_the_file() {
    let folder = Folder::new("file");
    for path in samples() {
        let Some(content) = Content::open(&path).filter(|content| !content.outline.mime.ends_with("/mp4")) else {
            continue;
        };
        let Some(other) = mp4(&content, "") else { continue };
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let out = folder.0.join("file.mp4");
        fs::write(&out, &other.file).unwrap();
        if other.outline.tracks.iter().any(|track| track.kind == Kind::Video) {
            let ((expected, complaints), (got, errors)) = (pictures(&path), pictures(&out));
            assert!(errors.is_empty() || !complaints.is_empty(), "{name}: {errors}");
            assert_eq!(got, expected, "{name}");
        }
        let Some(track) = other.outline.tracks.iter().find(|track| track.kind == Kind::Audio) else { continue };
        // Debian's ffmpeg does not know the entries of PCM in ISO/IEC 23003-5.
        if ["ipcm", "fpcm"].contains(&track.codec.as_str()) {
            continue;
        }
        let ((expected, complaints), (got, errors)) = (sound(&path), sound(&out));
        assert!(errors.is_empty() || !complaints.is_empty(), "{name}: {errors}");
        let (channels, common) = (usize::from(track.channels.unwrap_or(1)), expected.len().min(got.len()));
        // A file may say that less than its last frame is to be played.
        assert!(common > 0 && got.len().abs_diff(expected.len()) <= 4608 * channels * 2, "{name}: {common} bytes");
        // ffmpeg decodes layers I and II in MP4 by the decoder of layer III, which rounds otherwise.
        let slack = if name.starts_with("layer-") { 2 } else { 0 };
        assert!(distance(&got[..common], &expected[..common]) <= slack, "{name}: other sound");
    }
}

#[test]
fn the_mp4_of_a_part_shows_what_was_asked_for() {
    let folder = Folder::new("file-part");
    for name in ["counter.mkv", "counter.webm", "formats/reordered.flv"] {
        let path = samples().into_iter().find(|path| path.ends_with(name)).unwrap();
        let content = Content::open(&path).unwrap();
        let place = content.outline.tracks.iter().position(|track| track.kind == Kind::Video).unwrap();
        let (all, complaints) = pictures(&path);
        assert!(complaints.is_empty(), "{complaints}");
        let mut times: Vec<f64> = presented(&content, place).into_iter().map(|(time, ..)| time).collect();
        times.sort_by(f64::total_cmp);
        assert_eq!(times.len(), all.len(), "{name}");
        for (start, end) in [(4.96, 7.12), (2.5, 5.5), (8.0, 9.0), (1.02, 10.99)] {
            let part = mp4(&content, &format!("t={start},{end}")).unwrap();
            let out = folder.0.join("part.mp4");
            fs::write(&out, &part.file).unwrap();
            let (given, errors) = pictures(&out);
            assert!(errors.is_empty(), "{name} {start},{end}: {errors}");
            let first = times.iter().rposition(|time| *time <= start + 1e-6).unwrap_or(0);
            let behind = times.iter().position(|time| *time >= end - 1e-6).unwrap_or(times.len());
            // ffmpeg leaves out the picture that is already shown when the part begins.
            let asked = [&all[first..behind], &all[first + 1..behind]];
            assert!(asked.contains(&&given[..]), "{name} {start},{end}: {} of {}", given.len(), behind - first);
            assert!((part.outline.duration.as_secs_f64() - (end - start)).abs() < 0.001, "{name} {start},{end}");
        }
    }
}
