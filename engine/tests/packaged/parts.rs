//! The stream of a part begins to be shown at the instant asked for, and ends where asked.

use std::path::PathBuf;
use std::process::Command;

use futures::executor::block_on;
use reelspan_engine::media::Kind;

use crate::boxes::{Read, read};
use crate::decoded::pictures;
use crate::promises::payloads;
use crate::streams::{Content, Folder, samples};

const FILMS: [&str; 5] =
    ["counter.mp4", "counter-open-gop.mp4", "counter-fragmented.mp4", "counter.mkv", "formats/reordered.flv"];

/// Beginnings and ends in seconds, at all places of a group of pictures of four or five seconds.
const PARTS: [(f64, f64); 6] = [(4.96, 7.12), (0.0, 1.0), (3.0, 3.04), (2.5, 11.48), (8.0, 12.0), (1.02, 10.99)];

fn film(name: &str) -> PathBuf {
    samples().into_iter().find(|path| path.ends_with(name)).unwrap()
}

/// The presentation time of each picture in seconds, and how long it is shown, with its bytes, in order of presentation.
fn shown(content: &Content, fragment: &str) -> Vec<(f64, f64, Vec<u8>)> {
    let presentation = content.presentation(fragment).unwrap();
    let rendition = &presentation.renditions()[0];
    let table = block_on(presentation.table(&mut &content.pages)).unwrap();
    let mut all: Vec<(i64, u64, Vec<u8>)> = Vec::new();
    let mut end = 0;
    for row in presentation.rows(rendition, &table) {
        let segment = block_on(presentation.segment(&mut &content.pages, rendition, row.start, false)).unwrap();
        let samples: Vec<Read> = read(&content.bytes(&segment));
        assert_eq!((samples[0].decode, row.start), (end, end), "{fragment}: segments follow each other");
        end += samples.iter().map(|sample| sample.duration).sum::<u64>();
        assert_eq!(end, row.start + row.duration, "{fragment}: a playlist says how long a segment lasts");
        let time = |sample: &Read| sample.decode.cast_signed() + sample.composition;
        all.extend(samples.iter().map(|sample| (time(sample), sample.duration, sample.bytes.clone())));
    }
    all.sort_by_key(|(time, ..)| *time);
    assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0), "{fragment}: no two pictures at one time");
    let scale = f64::from(rendition.timescale());
    all.into_iter().map(|(time, lasts, bytes)| (time as f64 / scale, lasts as f64 / scale, bytes)).collect()
}

#[test]
fn each_picture_of_a_part_has_its_time_and_the_others_pass_in_no_time() {
    for name in FILMS {
        let content = Content::open(&film(name)).unwrap();
        let place = content.outline.tracks.iter().position(|track| track.kind == Kind::Video).unwrap();
        let track = &content.outline.tracks[place];
        let mut pictures: Vec<(f64, f64, Vec<u8>)> = payloads(&content, place)
            .into_iter()
            .map(|(run, bytes)| {
                let at = |ticks| track.timescale.time(ticks).as_secs_f64();
                let begins = run.presentation() - track.shift();
                (at(begins), at(begins + run.duration), bytes)
            })
            .collect();
        pictures.sort_by(|one, other| one.0.total_cmp(&other.0));
        for (start, end) in PARTS {
            let given = shown(&content, &format!("t={start},{end}"));
            let asked: Vec<_> =
                pictures.iter().filter(|(from, to, _)| *to > start + 1e-9 && *from < end - 1e-9).collect();
            let first = given.iter().position(|(_, _, bytes)| *bytes == asked[0].2).unwrap();
            let lead = 8192.0 / 20e6;
            assert!(
                given[..first].iter().all(|(time, lasts, _)| *time < lead && *lasts <= lead),
                "{name} {start},{end}"
            );
            for (at, ((time, lasts, bytes), (from, to, expected))) in given[first..].iter().zip(&asked).enumerate() {
                assert!(bytes == expected, "{name} {start},{end}: another picture at {time}");
                let due = (from - start).max(0.0);
                assert!((time - due).abs() < 2.0 * lead, "{name} {start},{end}: {time} for {due}");
                // A player may take how long a sample lasts for how long its picture is shown.
                // The first one lasts from the beginning, even if it is shown later.
                let shown = to.min(end) - start - if at == 0 && first == 0 { 0.0 } else { due };
                assert!((lasts - shown).abs() < 0.002, "{name} {start},{end}: {lasts} for {shown} at {time}");
            }
            let behind = &given[first + asked.len()..];
            let ends = asked.last().unwrap().1.min(end) - start;
            assert!(
                behind.iter().all(|(time, ..)| (time - ends).abs() < 2.0 * lead),
                "{name} {start},{end}: {behind:?}"
            );
        }
    }
}

#[test]
fn ffmpeg_decodes_the_pictures_of_a_part_that_it_decodes_of_the_film() {
    let folder = Folder::new("parts");
    for name in FILMS {
        let path = film(name);
        let content = Content::open(&path).unwrap();
        let (all, _) = pictures(&path);
        for (start, end) in PARTS {
            let out = folder.0.join("part");
            content.write(&format!("t={start},{end}"), &out).unwrap();
            let (given, _) = pictures(&out.join("master.m3u8"));
            let count = shown(&content, &format!("t={start},{end}")).len();
            assert_eq!(given.len(), count, "{name} {start},{end}");
            let begins = all.iter().position(|digest| *digest == given[0]).unwrap();
            // The pictures of an open group that precede its sync sample are left out; no others are.
            let mut rest = all[begins..].iter();
            assert!(given.iter().all(|digest| rest.any(|other| other == digest)), "{name} {start},{end}");
            std::fs::remove_dir_all(&out).unwrap();
        }
    }
}

/// A film of 25 minutes with groups of pictures of nine seconds.
fn long_film(folder: &Folder) -> Content {
    let path = folder.0.join("long.mp4");
    let mut command = Command::new("ffmpeg");
    command.args([
        "-nostdin",
        "-v",
        "error",
        "-y",
        "-f",
        "lavfi",
        "-i",
        "color=s=16x16:r=5:d=1500",
        "-f",
        "lavfi",
        "-i",
    ]);
    command.args(["anullsrc=r=8000:cl=mono:d=1500", "-c:v", "libx264", "-preset", "ultrafast", "-g", "45"]);
    command.args(["-keyint_min", "45", "-sc_threshold", "0", "-c:a", "aac", "-b:a", "8k"]).arg(&path);
    assert!(command.status().expect("ffmpeg has to be installed").success());
    Content::open(&path).unwrap()
}

#[test]
fn each_segment_of_a_long_part_is_there_by_its_name() {
    let folder = Folder::new("long");
    let content = long_film(&folder);
    assert!(content.outline.segments.as_ref().unwrap().parts > 2);
    for fragment in ["t=100.5,1400.5", "t=0,1300", "t=630,650"] {
        let presentation = content.presentation(fragment).unwrap();
        let table = block_on(presentation.table(&mut &content.pages)).unwrap();
        for rendition in presentation.renditions() {
            for row in presentation.rows(rendition, &table) {
                let made = block_on(presentation.segment(&mut &content.pages, rendition, row.start, false));
                let samples = read(&content.bytes(&made.unwrap_or_else(|error| panic!("{fragment} {row:?}: {error}"))));
                if rendition.kind == Kind::Video {
                    assert_eq!(samples.iter().map(|sample| sample.duration).sum::<u64>(), row.duration, "{fragment}");
                }
            }
        }
    }
}
