//! Both halves together: what is indexed of files made by hand, and what of it is written again.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation)]

mod damage;
mod indexing;
mod muxer;
mod writing;

use bytes::Bytes;
use futures::executor::block_on;

use super::MpegTs;
use super::packet::Packing;
use crate::container::Format;
use crate::container::{Error, ReadError, Segment, Selected, Selection, Sink, Source};
use crate::index::{Element, Outline, Packed, Page};
use crate::media::{Interval, Run, Ticks, Time};
use crate::splice::{Piece, Splice};

#[derive(Default)]
struct Pages(Vec<Packed>);

impl Sink for Pages {
    async fn page(&mut self, page: Packed) -> Result<(), ReadError> {
        self.0.push(page);
        Ok(())
    }
}

/// An indexed file.
#[derive(Debug)]
struct Indexed {
    outline: Outline,
    /// The samples of each track, runs of several taken apart.
    samples: Vec<Vec<Run>>,
    elements: Vec<Element>,
}

fn try_index(source: &impl Source, chunk: u64) -> Result<Indexed, Error> {
    let mut pages = Pages::default();
    let outline = block_on(super::index::index(source, &mut pages, chunk))?;
    let mut samples = vec![Vec::new(); outline.tracks.len()];
    let mut elements: Vec<Element> = Vec::new();
    pages.0.sort_by_key(|page| page.number);
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

/// Indexes a file, whose index is the same by whatever chunks it is read.
fn index(file: &[u8]) -> Indexed {
    let file = Bytes::copy_from_slice(file);
    assert!(MpegTs::recognises(&file));
    let whole = try_index(&file, 4 << 20).unwrap();
    for chunk in [500, 10_000] {
        let again = try_index(&file, chunk).unwrap();
        assert_eq!((&again.outline, &again.samples), (&whole.outline, &whole.samples), "chunks of {chunk}");
    }
    whole
}

/// The bytes of a splice.
fn bytes(splice: &Splice, original: &[u8]) -> Vec<u8> {
    let piece = |piece: &Piece| match piece {
        Piece::Made(bytes) => bytes.to_vec(),
        Piece::Source(range) => original[range.start as usize..range.end as usize].to_vec(),
    };
    splice.pieces().iter().flat_map(piece).collect()
}

impl Indexed {
    /// The samples of these tracks that are decoded from `start` up to `end` seconds.
    fn select(&self, tracks: &[usize], start: i64, end: i64) -> Selection {
        let within = |run: &&Run| (start * 90_000..end * 90_000).contains(&(run.decode.0 + 3600));
        let tracks = tracks.iter().map(|track| Selected {
            track: *track,
            runs: self.samples[*track].iter().filter(within).cloned().collect(),
            segments: vec![Segment { duration: Ticks((end - start) * 90_000), media: Some(Ticks(start * 90_000)) }],
        });
        let given = Interval::new(Time::from_secs(start), Time::from_secs(end)).unwrap();
        Selection { given, tracks: tracks.collect(), elements: self.elements.clone() }
    }

    fn times(&self, track: usize) -> Vec<i64> {
        self.samples[track].iter().map(|run| run.presentation().0).collect()
    }

    fn notes(&self) -> String {
        self.outline.notes.join("; ")
    }

    /// The payloads of each sample's packets.
    fn contents(&self, file: &[u8], packing: Packing, track: usize) -> Vec<Vec<u8>> {
        let pid = self.outline.tracks[track].id;
        let content = |run: &Run| {
            let range = run.bytes();
            let packets = file[range.start as usize..range.end as usize].chunks(packing.size);
            let own =
                packets.map(|bytes| packing.packet(bytes).unwrap()).filter(|packet| u64::from(packet.pid()) == pid);
            own.flat_map(|packet| packet.payload().to_vec()).collect()
        };
        self.samples[track].iter().map(content).collect()
    }
}
