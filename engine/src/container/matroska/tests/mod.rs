//! Both halves together: the index of files made by hand, and cuts of them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation)]

mod chapters;
mod damage;
mod indexing;
mod payloads;
mod writing;

use std::ops::Range;

use bytes::Bytes;
use futures::executor::block_on;
use reelspan_testkit::media::matroska::{cluster, ebml_header, info, master, simple, string, track, uint};

use super::{Matroska, ids};
use crate::container::{EditSpan, Error, Format, ReadError, Selected, Selection, Sink, Source, pieces};
use crate::index::{Element, Outline, PackedPage, Page};
use crate::media::splice::{Piece, Splice};
use crate::media::{Interval, Run, Ticks, Time};

#[derive(Default)]
struct Pages(Vec<PackedPage>);

impl Sink for Pages {
    async fn page(&mut self, page: PackedPage) -> Result<(), ReadError> {
        if page.is_page() {
            self.0.push(page);
        }
        Ok(())
    }
}

/// An indexed file.
struct Indexed {
    outline: Outline,
    /// The samples of each track, as runs of one.
    samples: Vec<Vec<Run>>,
    elements: Vec<Element>,
}

/// Indexes a source with chunks of this size.
fn try_index(source: &impl Source, chunk: u64) -> Result<Indexed, Error> {
    let mut pages = Pages::default();
    let outline = block_on(pieces::index::<super::index::MatroskaPass>(source, &mut pages, chunk))?;
    let mut samples = vec![Vec::new(); outline.tracks.len()];
    let mut elements: Vec<Element> = Vec::new();
    pages.0.sort_by_key(|page| page.number);
    assert!(pages.0.iter().all(|page| page.number < outline.pages));
    for page in pages.0 {
        let page = Page::unpack(page.number, &page.bytes).unwrap();
        for (all, track) in samples.iter_mut().zip(page.tracks) {
            all.extend(track.runs.iter().flat_map(|run| (0..run.count).map(|at| run.slice(at..at + 1).unwrap())));
        }
        elements.extend(page.elements);
    }
    elements.sort_by_key(|element| element.offset);
    elements.dedup();
    for (samples, track) in samples.iter().zip(&outline.tracks) {
        assert_eq!(samples.len() as u64, track.samples);
    }
    Ok(Indexed { outline, samples, elements })
}

/// Indexes a file, and checks that the index is the same for any size of chunks.
fn index(file: &[u8]) -> Indexed {
    let file = Bytes::copy_from_slice(file);
    assert!(Matroska.recognises(&file));
    let whole = try_index(&file, u64::MAX).unwrap();
    for chunk in [1, 7, 64, 1000] {
        let again = try_index(&file, chunk).unwrap();
        assert_eq!((&again.outline, &again.samples), (&whole.outline, &whole.samples), "chunks of {chunk}");
    }
    whole
}

/// A file with a Segment of these children.
fn file(children: &[Vec<u8>]) -> Vec<u8> {
    [ebml_header("webm", &[]), master(ids::SEGMENT, children)].concat()
}

/// VP8 with number 1 and Opus with number 2.
fn tracks() -> Vec<u8> {
    let pixels = master(ids::VIDEO, &[uint(ids::PIXEL_WIDTH, 320), uint(ids::PIXEL_HEIGHT, 180)]);
    let video = track(1, 1, "V_VP8", &[pixels, uint(ids::DEFAULT_DURATION, 40_000_000)]);
    let audio = track(2, 2, "A_OPUS", &[string(ids::NAME, "Ton"), string(ids::LANGUAGE, "ger")]);
    master(ids::TRACKS, &[video, audio])
}

const OPUS: &[u8] = &[0xF8, 1, 2, 3];

/// Blocks of one second from `from` milliseconds on: a keyframe, then 24 frames, and 50 Opus packets between them.
fn second(from: i16) -> Vec<Vec<u8>> {
    let mut blocks = Vec::new();
    for at in 0..50_i16 {
        if at % 2 == 0 {
            blocks.push(simple(1, from + 20 * at, at == 0, &[u8::try_from(at).unwrap(); 30]));
        }
        blocks.push(simple(2, from + 20 * at, false, OPUS));
    }
    blocks
}

/// Five clusters of two seconds each, and a chapter.
fn ordinary() -> Vec<u8> {
    let title = master(ids::CHAPTER_DISPLAY, &[string(ids::CHAP_STRING, "Opening")]);
    let chapter = master(ids::CHAPTER_ATOM, &[uint(ids::CHAPTER_UID, 7), uint(ids::CHAPTER_TIME_START, 0), title]);
    let chapters = master(ids::CHAPTERS, &[master(ids::EDITION_ENTRY, &[chapter])]);
    let mut children = vec![master(ids::SEEK_HEAD, &[]), info(), tracks(), chapters];
    for at in 0..5 {
        children.push(cluster(2000 * at, &[second(0), second(1000)].concat()));
    }
    file(&children)
}

/// Bytes of a file.
fn part<'a>(file: &'a [u8], range: &Range<u64>) -> &'a [u8] {
    &file[range.start as usize..range.end as usize]
}

/// The bytes of a splice.
fn bytes(splice: &Splice, original: &[u8]) -> Vec<u8> {
    let all: Vec<u8> = splice
        .pieces()
        .flat_map(|piece| match piece {
            Piece::Made(bytes) => bytes.to_vec(),
            Piece::Source(range) => part(original, &range).to_vec(),
        })
        .collect();
    assert_eq!(all.len() as u64, splice.len());
    all
}

impl Indexed {
    /// Selects what these tracks present from `start` up to `end` milliseconds, with whole samples.
    fn select(&self, tracks: &[usize], start: i64, end: i64) -> Selection {
        let ms = |ms: i64| Time(ms * 1_000_000);
        let within = |run: &&Run| (start..end).contains(&run.presentation().0);
        let tracks = tracks.iter().map(|track| Selected {
            track: *track,
            runs: self.samples[*track].iter().filter(within).cloned().collect(),
            segments: vec![EditSpan { duration: Ticks(end - start), media: Some(Ticks(start)) }],
        });
        let given = Interval::new(ms(start), ms(end)).unwrap();
        Selection { given, tracks: tracks.collect(), elements: self.elements.iter().cloned().collect() }
    }

    fn times(&self, track: usize) -> Vec<i64> {
        self.samples[track].iter().map(|run| run.presentation().0).collect()
    }

    fn notes(&self) -> String {
        self.outline.notes.join("; ")
    }
}
