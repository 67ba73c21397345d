//! For tests: an indexed file, selections of it, and the bytes of a cut.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]

use std::ops::Range;

use bytes::Bytes;
use futures::executor::block_on;

use super::{EditSpan, Error, ReadError, Selected, Selection, Sink};
use crate::index::{Element, Outline, PackedPage, Page};
use crate::media::splice::{Piece, Splice};
use crate::media::{Interval, Run, Time};

/// Pages in the order in which they come.
#[derive(Default)]
pub struct PageList(pub Vec<PackedPage>);

impl Sink for PageList {
    async fn page(&mut self, page: PackedPage) -> Result<(), ReadError> {
        self.0.push(page);
        Ok(())
    }
}

/// An indexed file.
#[derive(Debug)]
pub struct Indexed {
    pub outline: Outline,
    /// The samples of each track, as runs of one.
    pub samples: Vec<Vec<Run>>,
    pub elements: Vec<Element>,
}

/// Indexes a file of any recognised format.
pub fn index(file: &[u8]) -> Result<Indexed, Error> {
    let mut pages = PageList::default();
    let outline = block_on(super::index(&Bytes::copy_from_slice(file), &mut pages))?;
    Ok(Indexed::new(outline, pages))
}

impl Indexed {
    /// Builds it from an outline and its pages.
    pub fn new(outline: Outline, mut pages: PageList) -> Self {
        let mut samples = vec![Vec::new(); outline.tracks.len()];
        let mut elements: Vec<Element> = Vec::new();
        pages.0.retain(PackedPage::is_page);
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
        Self { outline, samples, elements }
    }

    /// Selects what these tracks present from `start` up to `end` milliseconds, with whole samples.
    pub fn select(&self, tracks: &[usize], start: i64, end: i64) -> Selection {
        let ms = |ms: i64| Time(ms * 1_000_000);
        let tracks = tracks.iter().map(|place| {
            let track = &self.outline.tracks[*place];
            let (from, to) = (track.timescale.ticks(ms(start)), track.timescale.ticks(ms(end)));
            let within = |run: &&Run| (from..to).contains(&run.presentation());
            Selected {
                track: *place,
                runs: self.samples[*place].iter().filter(within).cloned().collect(),
                segments: vec![EditSpan { duration: to - from, media: Some(from) }],
            }
        });
        let given = Interval::new(ms(start), ms(end)).unwrap();
        Selection { given, tracks: tracks.collect(), elements: self.elements.iter().cloned().collect() }
    }

    /// The bytes of a cut of all tracks.
    pub fn cut(&self, file: &[u8], start: i64, end: i64) -> Vec<u8> {
        let tracks: Vec<_> = (0..self.samples.len()).collect();
        bytes(&super::write(&self.outline, &self.select(&tracks, start, end)).unwrap().splice, file)
    }

    /// The presentation times of a track, in its ticks.
    pub fn times(&self, track: usize) -> Vec<i64> {
        self.samples[track].iter().map(|run| run.presentation().0).collect()
    }

    pub fn notes(&self) -> String {
        self.outline.notes.join("; ")
    }
}

/// Bytes of a file.
pub fn part<'a>(file: &'a [u8], range: &Range<u64>) -> &'a [u8] {
    &file[range.start as usize..range.end as usize]
}

/// The bytes of a splice.
pub fn bytes(splice: &Splice, original: &[u8]) -> Vec<u8> {
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
