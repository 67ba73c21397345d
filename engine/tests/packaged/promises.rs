//! What `docs/packaging.md` promises of every stream, held against the samples.

use std::collections::BTreeMap;

use futures::executor::block_on;
use reelspan_engine::container::{self, Payload};
use reelspan_engine::index::Pages;
use reelspan_engine::media::{Kind, Run, Ticks};
use reelspan_engine::package::hls::Addresses;
use reelspan_engine::package::{Presentation, Rendition, SegmentForm};

use crate::boxes::{Read, read};
use crate::streams::{Content, samples};

/// The payloads of a track as its file has them.
pub fn payloads(content: &Content, place: usize) -> Vec<(Run, Vec<u8>)> {
    let pages = &content.pages;
    let mut all: Vec<(Run, Vec<u8>)> = Vec::new();
    let (mut open, mut first) = (Vec::new(), None);
    let track = &content.outline.tracks[place];
    for number in 0..content.outline.pages {
        let Some(page) = Pages::page(&pages, number).unwrap() else { continue };
        let Some(track_page) = page.tracks.into_iter().nth(place) else { continue };
        for run in track_page.runs {
            for at in 0..run.count {
                let one = run.slice(at..at + 1).unwrap();
                match container::payload(&content.outline, track, &one).unwrap() {
                    Payload::Whole(splice) => {
                        open.extend(content.bytes(&splice));
                        all.push((first.take().unwrap_or(one), std::mem::take(&mut open)));
                    }
                    Payload::Part(splice) => {
                        open.extend(content.bytes(&splice));
                        first.get_or_insert(one);
                    }
                    Payload::Laced(_) => panic!("laced"),
                }
            }
        }
    }
    all
}

/// All samples of a rendition, by segment.
fn segments(content: &Content, presentation: &Presentation<'_>, rendition: &Rendition) -> Vec<Vec<Read>> {
    let mut pages = &content.pages;
    let table = block_on(presentation.table(&mut pages)).unwrap();
    let rows = presentation.rows(rendition, &table);
    let segment = |row: &reelspan_engine::package::Row| {
        let splice = block_on(presentation.segment(&mut &content.pages, rendition, row.start, false)).unwrap();
        let read = read(&content.bytes(&splice));
        assert_eq!(read[0].decode, row.start, "the name is the decode time");
        assert_eq!(read.iter().map(|sample| sample.duration).sum::<u64>(), row.duration, "of segment {}", row.start);
        read
    };
    rows.iter().map(segment).collect()
}

#[test]
fn samples_are_the_originals_and_times_go_on_without_a_gap() {
    let mut streams = 0;
    for path in samples() {
        let Some(content) = Content::open(&path) else { continue };
        let Ok(presentation) = Presentation::whole(&content.outline) else { continue };
        if presentation.form() == SegmentForm::Packets {
            continue;
        }
        streams += 1;
        assert_originals(&content, &path.file_name().unwrap().to_string_lossy());
    }
    assert!(streams > 20, "{streams} streams");
}

/// Checks that the samples of a content's stream are those of its file, at their times.
pub fn assert_originals(content: &Content, name: &str) {
    let presentation = Presentation::whole(&content.outline).unwrap_or_else(|why| panic!("{name}: {why}"));
    for rendition in presentation.renditions() {
        let segments = segments(content, &presentation, rendition);
        let mut original = payloads(content, rendition.place);
        // An empty packet may say where a stream ends (Ogg).
        original.retain(|(run, payload)| run.duration > Ticks::ZERO || !payload.is_empty());
        // Pictures before the first sync sample cannot be decoded, and are in no segment.
        let skipped = original.iter().position(|(run, _)| run.sync).unwrap();
        let read: Vec<&Read> = segments.iter().flatten().collect();
        assert_eq!(read.len(), original.len() - skipped, "{name}");
        let mut end = segments[0][0].decode;
        for (sample, (run, payload)) in read.iter().zip(&original[skipped..]) {
            assert_eq!(&sample.bytes, payload, "{name}");
            assert_eq!(sample.decode, end, "{name}: a gap");
            assert_eq!(sample.sync, run.sync, "{name}");
            end = sample.decode + sample.duration;
        }
        assert!(segments.iter().all(|segment| segment[0].sync), "{name}");
        // The order of presentation is the original's.
        let order = |times: Vec<i64>| {
            let mut by_time: Vec<usize> = (0..times.len()).collect();
            by_time.sort_by_key(|at| times[*at]);
            by_time
        };
        let shown: Vec<i64> = read.iter().map(|sample| sample.decode.cast_signed() + sample.composition).collect();
        let expected: Vec<i64> = original[skipped..].iter().map(|(run, _)| run.presentation().0).collect();
        if rendition.kind == Kind::Video {
            let track = &content.outline.tracks[rendition.place];
            let factor = i64::from(rendition.timescale()) * i64::from(track.timescale.as_fraction().1);
            let factor = factor / i64::from(track.timescale.as_fraction().0);
            let due = |time: &i64| (*time - track.shift().0) * factor;
            assert_eq!(
                shown,
                expected.iter().map(due).collect::<Vec<_>>(),
                "{name}: each picture is shown at its time"
            );
            assert_eq!(segments[0][0].decode, 0, "{name}");
            let distinct = read.windows(2).all(|pair| pair[0].decode < pair[1].decode);
            assert!(distinct, "{name}: no two pictures are decoded at one time");
        }
        assert_eq!(order(shown), order(expected), "{name}");
    }
}

#[test]
fn playlists_say_what_the_segments_are() {
    for path in samples() {
        let Some(content) = Content::open(&path) else { continue };
        let Ok(presentation) = Presentation::whole(&content.outline) else { continue };
        if presentation.form() == SegmentForm::Packets {
            continue;
        }
        let mut pages = &content.pages;
        let table = block_on(presentation.table(&mut pages)).unwrap();
        let addresses = Addresses { version: "x", query: "?q=1", playlists: "?p=1" };
        let master = presentation.master(&table, addresses);
        let mut named = BTreeMap::new();
        for rendition in presentation.renditions() {
            let playlist = presentation.playlist(rendition, &table, addresses);
            let lines: Vec<&str> = playlist.lines().collect();
            let durations: Vec<f64> = lines
                .iter()
                .filter_map(|line| line.strip_prefix("#EXTINF:")?.strip_suffix(','))
                .map(|text| text.parse().unwrap())
                .collect();
            let target: f64 =
                lines.iter().find_map(|line| line.strip_prefix("#EXT-X-TARGETDURATION:")).unwrap().parse().unwrap();
            assert!(durations.iter().all(|duration| duration.round() <= target), "{}", path.display());
            let rows = presentation.rows(rendition, &table);
            let all: u64 = rows.iter().map(|row| row.duration).sum();
            let exact = all as f64 / f64::from(rendition.timescale());
            assert!((durations.iter().sum::<f64>() - exact).abs() < 2e-6, "{}", path.display());
            let ending = if presentation.is_packed() { ".mp3?q=1" } else { ".m4s?q=1" };
            assert!(lines.iter().filter(|line| !line.starts_with('#')).all(|line| line.ends_with(ending)));
            assert!(
                master.contains(&format!("v-x/{}/index.m3u8?p=1", rendition.name())),
                "{}: {master}",
                path.display()
            );
            named.insert(rendition.name(), rows.len());
            if rendition.kind == Kind::Video {
                let key_frames = presentation.key_frames(rendition, &table, addresses);
                assert_eq!(key_frames.matches("#EXTINF").count(), rows.len());
            }
        }
        let manifest = presentation.manifest(&table, addresses);
        assert!(named.keys().all(|name| manifest.contains(&format!("v-x/{name}/$Time$.m4s?q=1"))), "{manifest}");
    }
}
