//! What ffmpeg decodes from a stream is what it decodes from the file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use reelspan_engine::media::Kind;
use reelspan_engine::package::SegmentForm;

use crate::streams::{Content, Folder, root, samples};

/// What ffmpeg decodes from an input, and what it complains of.
type Decoded = (Vec<u8>, String);
type DecodedOnce = Arc<OnceLock<Decoded>>;

/// What it decodes from the samples, which several tests ask for: by file and arguments.
static OF_SAMPLES: Mutex<BTreeMap<(PathBuf, String), DecodedOnce>> = Mutex::new(BTreeMap::new());

/// What ffmpeg decodes from an input with these arguments.
fn decoded(input: &Path, output: &[&str]) -> Decoded {
    if !input.starts_with(root()) {
        return decoded_now(input, output);
    }
    let key = (input.to_owned(), output.join(" "));
    let known = Arc::clone(OF_SAMPLES.lock().unwrap().entry(key).or_default());
    known.get_or_init(|| decoded_now(input, output)).clone()
}

fn decoded_now(input: &Path, output: &[&str]) -> Decoded {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error"]);
    if input.extension().is_some_and(|extension| extension == "m3u8") {
        command.args(["-allowed_extensions", "ALL"]);
    }
    let output = command.arg("-i").arg(input).args(output).arg("-").output().expect("ffmpeg has to be installed");
    (output.stdout, String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The digests of the decoded pictures, in order.
pub fn pictures(input: &Path) -> (Vec<String>, String) {
    let (text, errors) = decoded(input, &["-map", "0:v:0", "-fps_mode", "passthrough", "-f", "framemd5"]);
    let text = String::from_utf8_lossy(&text).into_owned();
    let frames = text.lines().filter(|line| !line.starts_with('#'));
    let frames = frames.filter_map(|line| line.rsplit(',').next().map(|digest| digest.trim().to_owned()));
    (frames.collect(), errors)
}

/// The decoded sound, as 16-bit PCM.
pub fn sound(input: &Path) -> (Vec<u8>, String) {
    decoded(input, &["-map", "0:a:0", "-f", "s16le"])
}

/// How many frames of sound the edit list of a header skips, which ffmpeg decodes in HLS nevertheless, before time zero.
fn skipped(header: &[u8]) -> usize {
    let list = header.windows(4).position(|window| window == b"elst");
    list.map_or(0, |at| u64::from_be_bytes(header[at + 20..at + 28].try_into().unwrap()) as usize)
}

#[test]
fn ffmpeg_decodes_from_hls_what_it_decodes_from_the_file() {
    let folder = Folder::new("decoded");
    let mut streams = 0;
    for path in samples() {
        let Some(content) = Content::open(&path) else { continue };
        let Ok(presentation) = content.presentation("") else { continue };
        if presentation.form() == SegmentForm::Packets {
            continue;
        }
        streams += 1;
        assert_decoded(&content, &path, &folder.0.join(path.file_name().unwrap()));
    }
    assert!(streams > 20, "{streams} streams");
}

/// Checks that ffmpeg decodes from the stream of a content, written to a folder, what it decodes from its file.
pub fn assert_decoded(content: &Content, path: &Path, out: &Path) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let presentation = content.presentation("").unwrap();
    content.write("", out).unwrap();
    let master = out.join("master.m3u8");
    for kind in [Kind::Video, Kind::Audio] {
        let Some(rendition) = presentation.renditions().iter().find(|rendition| rendition.kind == kind) else {
            continue;
        };
        if kind == Kind::Video {
            let ((expected, complaints), (got, errors)) = (pictures(path), pictures(&master));
            assert!(errors.is_empty() || !complaints.is_empty(), "{name}: {errors}");
            assert_eq!(got, expected, "{name}");
            continue;
        }
        let ((expected, complaints), (got, errors)) = (sound(path), sound(&master));
        // ffmpeg gives a frame that it still parses the time of the next segment of packed audio.
        let is_known = |line: &&str| presentation.is_packed() && line.contains("non monotonically increasing dts");
        let errors: String = errors.lines().filter(|line| !line.is_empty() && !is_known(line)).collect();
        assert!(errors.is_empty() || !complaints.is_empty(), "{name}: {errors}");
        let channels = usize::from(content.outline.tracks[rendition.place].channels.unwrap_or(1));
        let header = fs::read(out.join("v-x").join(rendition.name()).join("init.mp4")).unwrap();
        // The decoder of Opus skips by itself what its own header says.
        let before = if content.outline.tracks[rendition.place].codec == "opus" { 0 } else { skipped(&header) };
        let got = got.get(before * channels * 2..).unwrap();
        // A file may say that less than its last frame is to be played.
        let common = expected.len().min(got.len());
        assert!(
            common > 0 && got.len().abs_diff(expected.len()) <= 4608 * channels * 2,
            "{name}: {} of {}",
            got.len(),
            expected.len()
        );
        assert!(got[..common] == expected[..common], "{name}: other sound");
    }
}
