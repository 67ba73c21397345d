//! An hour of H.264 and AAC: how much of the file indexing reads, how large the index is, and how much of it a cut
//! reads.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

use std::ops::{Range, RangeInclusive};
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use reelspan_engine::container::{self, ReadError, Source};
use reelspan_engine::fragment::resolve::{self, Ask, Cut, Meaning, Memory, Pages};
use reelspan_engine::index::{Outline, Page, PagesError, SegmentPart};
use reelspan_engine::media::{Interval, Time};
use reelspan_testkit::media::mp4;

/// Counts the bytes read from a film.
struct Counted {
    film: mp4::SparseFile,
    bytes: AtomicU64,
    reads: AtomicU64,
}

impl Source for Counted {
    fn len(&self) -> u64 {
        self.film.length()
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, ReadError> {
        self.bytes.fetch_add(range.end - range.start, Ordering::Relaxed);
        self.reads.fetch_add(1, Ordering::Relaxed);
        Ok(self.film.slice(range))
    }
}

async fn index(movie_first: bool) -> (Counted, Outline, Memory) {
    let film = Counted { film: mp4::hour(movie_first), bytes: AtomicU64::new(0), reads: AtomicU64::new(0) };
    let mut pages = Memory::default();
    let outline = container::index(&film, &mut pages).await.unwrap();
    (film, outline, pages)
}

#[tokio::test]
async fn indexing_an_hour_reads_a_fiftieth_of_it_in_a_handful_of_reads() {
    let mut indexes = Vec::new();
    for movie_first in [true, false] {
        let (film, outline, pages) = index(movie_first).await;
        assert_eq!(outline.duration, Time::from_secs(3600));
        let (bytes, reads) = (film.bytes.into_inner(), film.reads.into_inner());
        assert!(film.film.length() > 190_000_000, "{} bytes", film.film.length());
        assert!(bytes * 50 < film.film.length(), "{bytes} of {} bytes read", film.film.length());
        assert!(reads <= 4, "{reads} reads");
        indexes.push(outline.tracks.iter().map(|track| (track.samples, track.bytes)).collect::<Vec<_>>());
        let samples: u64 = outline.tracks.iter().map(|track| track.samples).sum();
        let packed: usize = pages.packed().map(|page| page.bytes.len()).sum();
        assert!(packed as f64 <= 2.5 * samples as f64, "{packed} bytes for {samples} samples");
    }
    assert_eq!(indexes[0], indexes[1]);
}

/// Counts the rounds of reading, and the bytes of pages in them. The first round includes the guessed pages, as in a
/// request.
struct Fetched {
    memory: Memory,
    had: RangeInclusive<u32>,
    bytes: usize,
    rounds: usize,
}

impl Fetched {
    fn new(memory: Memory, guess: RangeInclusive<u32>) -> Self {
        let bytes = memory.packed().filter(|page| guess.contains(&page.number)).map(|page| page.bytes.len()).sum();
        Self { memory, had: guess, bytes, rounds: 1 }
    }
}

impl Pages for Fetched {
    async fn fetch(&mut self, cells: RangeInclusive<u32>) -> Result<(), PagesError> {
        if !(self.had.contains(cells.start()) && self.had.contains(cells.end())) {
            self.rounds += 1;
        }
        Ok(())
    }

    fn page(&self, cell: u32) -> Result<Option<Page>, PagesError> {
        self.memory.page(cell)
    }

    fn segments(&self, part: u32) -> Result<Option<SegmentPart>, PagesError> {
        self.memory.part(part)
    }

    fn before(&self, cell: u32) -> Option<u32> {
        self.memory.before(cell)
    }

    fn keep(&mut self, _: RangeInclusive<u32>) {}

    fn at_hand(&self) -> (usize, usize) {
        (0, 0)
    }
}

#[tokio::test]
async fn ten_seconds_of_an_hour_are_one_round_trip_and_24_kilobytes_of_index() {
    let (film, outline, pages) = index(true).await;
    let head = outline.pack().len();
    for start in (0..3590).step_by(7) {
        let ask = Ask::from(Interval::new(Time::from_secs(start), Time::from_secs(start + 10)).unwrap());
        let meaning = Meaning::of(&ask, &outline);
        let mut fetched = Fetched::new(pages.clone(), resolve::guess(&ask));
        let Cut::Part(part) = resolve::cut(&outline, &mut fetched, &meaning).await.unwrap() else { panic!("no part") };
        assert_eq!(fetched.rounds, 1, "at {start} s");
        let read = fetched.bytes + head;
        assert!(read <= 24 << 10, "{read} bytes of index at {start} s");
        assert!(part.file.splice.len() < film.film.length() / 150, "{} bytes at {start} s", part.file.splice.len());
    }
}
