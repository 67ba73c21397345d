//! Files that are unlike others: very long ones, groups of pictures that are too long, tracks of different lengths, times that jump
//! or vary.

use std::path::PathBuf;
use std::process::Command;

use futures::executor::block_on;
use reelspan_engine::media::Kind;
use reelspan_engine::media::splice::Piece;
use reelspan_engine::package::hls::Addresses;
use reelspan_engine::package::{NoStream, Presentation};

use crate::decoded::assert_decoded;
use crate::film::{repeated, varied};
use crate::promises::assert_originals;
use crate::streams::{Content, Folder, samples};

/// A file that ffmpeg makes of these arguments, which are separated by spaces.
fn made(folder: &Folder, name: &str, arguments: &str) -> PathBuf {
    let path = folder.0.join(name);
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-y"]).args(arguments.split(' ')).arg(&path);
    assert!(command.status().expect("ffmpeg has to be installed").success(), "{name}");
    path
}

const H264: &str = "-c:v libx264 -preset ultrafast -bf 2 -g 25 -keyint_min 25 -sc_threshold 0 -pix_fmt yuv420p";

#[test]
fn files_that_are_unlike_others_keep_the_promises() {
    let folder = Folder::new("edges");
    let picture = |seconds: u32| format!("-f lavfi -i testsrc2=s=64x48:r=25:d={seconds}");
    let tone = |seconds: u32| format!("-f lavfi -i sine=f=440:r=44100:d={seconds}");
    let vary = "-vf select='not(eq(mod(n\\,7)\\,3))' -fps_mode vfr";
    for (name, arguments) in [
        ("sound-is-longer.mp4", format!("{} {} {H264} -c:a aac", picture(4), tone(14))),
        ("pictures-are-longer.mp4", format!("{} {} {H264} -c:a aac", picture(14), tone(4))),
        ("sound-is-longer.mkv", format!("{} {} {H264} -c:a aac", picture(4), tone(14))),
        ("pictures-begin-later.mp4", format!("{} -itsoffset 3 {} -map 1 -map 0 {H264} -c:a aac", tone(9), picture(6))),
        ("pictures-begin-later.mkv", format!("{} -itsoffset 3 {} -map 1 -map 0 {H264} -c:a aac", tone(9), picture(6))),
        ("sound-begins-later.mp4", format!("{} -itsoffset 2.5 {} {H264} -c:a aac", picture(9), tone(4))),
        ("varying.mp4", format!("{} {} {vary} {H264} -c:a aac", picture(9), tone(9))),
        ("varying.mkv", format!("{} {} {vary} {H264} -c:a aac", picture(9), tone(9))),
        ("varying.flv", format!("{} {} {vary} {H264} -c:a aac", picture(9), tone(9))),
        ("open.mkv", format!("{} {} {H264} -x264-params open-gop=1 -c:a aac", picture(9), tone(9))),
    ] {
        let path = made(&folder, name, &arguments);
        let content = Content::open(&path).unwrap();
        assert_originals(&content, name);
        assert_decoded(&content, &path, &folder.0.join(format!("{name}.out")));
    }
}

#[test]
fn a_file_that_has_no_stream_says_why() {
    let folder = Folder::new("refused");
    let one = made(&folder, "one.mp4", "-f lavfi -i color=s=16x16:r=5:d=70 -c:v libx264 -preset ultrafast -g 9999");
    let content = Content::open(&one).unwrap();
    let refused = content.presentation("").map(drop).unwrap_err().to_string();
    assert!(refused.starts_with("it has 70 seconds between two pictures at which a player can begin"), "{refused}");
    assert!(matches!(Presentation::whole(&content.outline), Err(NoStream::Long { .. })));
}

#[test]
fn twelve_hours_have_no_drift() {
    let like = samples().into_iter().find(|path| path.ends_with("counter.mp4")).unwrap();
    let (outline, pages) = repeated(&Content::open(&like).unwrap().outline, 12);
    let presentation = Presentation::whole(&outline).unwrap();
    let table = block_on(presentation.table(&mut &pages)).unwrap();
    let addresses = Addresses { version: "0123456789ab", query: "", playlists: "" };
    let [pictures, sound] = presentation.renditions() else { panic!("two renditions") };
    let (of_pictures, of_sound) = (presentation.rows(pictures, &table), presentation.rows(sound, &table));
    assert!(of_pictures.len() > 7000, "{}", of_pictures.len());
    assert_eq!(of_pictures.len(), of_sound.len());
    let frame = 1024.0 / 44_100.0;
    for (one, other) in of_pictures.iter().zip(&of_sound) {
        let (one, other) = (one.start as f64 / 30_000.0, other.start as f64 / 44_100.0);
        // Instants are whole ticks of each track.
        assert!((-1.0 / 44_100.0..=frame).contains(&(other - one)), "{one} {other}");
    }
    for (rendition, rows) in [(pictures, &of_pictures), (sound, &of_sound)] {
        let end = rows.last().unwrap();
        let lasts = (end.start + end.duration) as f64 / f64::from(rendition.timescale());
        assert!((43_200.0..43_203.0).contains(&lasts), "{lasts}");
        let playlist = presentation.playlist(rendition, &table, addresses);
        let durations = playlist.lines().filter_map(|line| line.strip_prefix("#EXTINF:")?.strip_suffix(','));
        let sum: f64 = durations.map(|text| text.parse::<f64>().unwrap()).sum();
        assert!((sum - lasts).abs() < 2e-6, "{sum} {lasts}");
        assert!(playlist.len() < 12 * 20_000, "{} bytes", playlist.len());
        // The decode time that a segment says is the one in its name.
        for row in rows.iter().step_by(401).chain([end]) {
            let segment = block_on(presentation.segment(&mut &pages, rendition, row.start, false)).unwrap();
            let Some(Piece::Made(boxes)) = segment.pieces().next() else { panic!("boxes") };
            let at = boxes.windows(4).position(|window| window == b"tfdt").unwrap() + 8;
            assert_eq!(boxes[at..at + 8], row.start.to_be_bytes());
            assert!(u64::from(boxes.len() as u32) * 100 <= segment.len() + 20_000, "one percent of overhead");
            assert_eq!(rendition.kind == Kind::Video, rendition.timescale() == 30_000);
        }
    }
}

/// At 720 kbit/s of pictures and 103 kbit/s of sound: both together, since a number for the size of each frame is more than that
/// of sound.
#[test]
fn segments_have_one_percent_more_than_the_samples_at_most() {
    let like = samples().into_iter().find(|path| path.ends_with("counter.mp4")).unwrap();
    let (outline, pages) = varied(&Content::open(&like).unwrap().outline, 1);
    let presentation = Presentation::whole(&outline).unwrap();
    let table = block_on(presentation.table(&mut &pages)).unwrap();
    let (mut made, mut taken) = (0, 0);
    for rendition in presentation.renditions() {
        for row in presentation.rows(rendition, &table).into_iter().step_by(60) {
            let segment = block_on(presentation.segment(&mut &pages, rendition, row.start, false)).unwrap();
            for piece in segment.pieces() {
                match piece {
                    Piece::Made(bytes) => made += bytes.len(),
                    Piece::Source(range) => taken += (range.end - range.start) as usize,
                }
            }
        }
        println!("{}: {made} bytes beside {taken}", rendition.kind.name());
    }
    assert!(taken > 1_000_000 && made * 100 <= taken, "{made} bytes beside {taken}");
}

#[test]
fn pictures_are_turned_as_they_are_in_the_file() {
    let folder = Folder::new("turned");
    let plain = made(&folder, "plain.mp4", &format!("-f lavfi -i testsrc2=s=64x48:r=25:d=2 {H264}"));
    let turned = made(&folder, "turned.mp4", &format!("-i {} -c copy -metadata:s:v:0 rotate=90", plain.display()));
    for path in [plain, turned] {
        let content = Content::open(&path).unwrap();
        let presentation = content.presentation("").unwrap();
        let matrix = |bytes: &[u8]| {
            let at = bytes.windows(4).position(|window| window == b"tkhd").unwrap() + 44;
            bytes[at..at + 36].to_vec()
        };
        let header = presentation.header(&presentation.renditions()[0], 0).unwrap();
        assert_eq!(matrix(&header), matrix(&content.file), "{}", path.display());
        assert_eq!(matrix(&header)[..4] == [0; 4], path.ends_with("turned.mp4"));
    }
}
