//! What the tests of several containers share: an index in memory, and a cut of it as bytes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::cast_possible_truncation)]

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures::executor::block_on;

use super::{Error, MOST_JUNK, NOT_READ, ReadError, Source};
use crate::fragment::resolve::{self, Ask, Cut, Meaning, MediaPart, Memory};
use crate::index::Outline;
use crate::media::splice::{Piece, Splice};
use crate::media::{Interval, Time};

/// Indexes a file.
pub fn index(file: &[u8]) -> Result<(Outline, Memory), Error> {
    let mut pages = Memory::default();
    let outline = block_on(super::index(&Bytes::copy_from_slice(file), &mut pages))?;
    Ok((outline, pages))
}

/// A gigabyte that begins with these bytes, and then has only zeros.
struct SparseSource {
    start: Vec<u8>,
    /// How many bytes were read.
    read: AtomicU64,
}

impl Source for SparseSource {
    fn len(&self) -> u64 {
        1 << 30
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, ReadError> {
        self.read.fetch_add(range.end - range.start, Ordering::Relaxed);
        let mut bytes = vec![0; (range.end - range.start) as usize];
        let start = self.start.get(range.start as usize..).unwrap_or_default();
        let length = start.len().min(bytes.len());
        bytes[..length].copy_from_slice(&start[..length]);
        Ok(bytes.into())
    }
}

/// Asserts that a file is indexed as before if zeros follow on it, and that of a gigabyte of these few are read.
pub fn zeros_behind(file: Vec<u8>) {
    let (plain, _) = index(&file).unwrap();
    let length = file.len() as u64;
    let sparse = SparseSource { start: file, read: AtomicU64::new(0) };
    let found = block_on(super::index(&sparse, &mut Memory::default())).unwrap();
    assert_eq!((found.duration, found.tracks), (plain.duration, plain.tracks));
    assert!(found.notes.iter().any(|note| note.contains(NOT_READ)), "{:?}", found.notes);
    let read = sparse.read.into_inner();
    assert!(read < length + MOST_JUNK + (24 << 20), "{read} bytes were read");
}

/// The cut of a file between two instants, in nanoseconds, and its bytes; `None` if there is nothing.
pub fn cut(file: &[u8], (outline, pages): &(Outline, Memory), interval: Range<i64>) -> Option<(MediaPart, Vec<u8>)> {
    let interval = Interval::new(Time(interval.start), Time(interval.end))?;
    let meaning = Meaning::of(&Ask::from(interval), outline);
    let mut pages = pages;
    match block_on(resolve::cut(outline, &mut pages, &meaning)).unwrap() {
        Cut::Part(part) => {
            let bytes = bytes(&part.file.splice, file);
            Some((*part, bytes))
        }
        Cut::Original | Cut::Outside => None,
    }
}

/// The bytes of a splice.
pub fn bytes(splice: &Splice, original: &[u8]) -> Vec<u8> {
    let piece = |piece: Piece| match piece {
        Piece::Made(bytes) => bytes.to_vec(),
        Piece::Source(range) => original[range.start as usize..range.end as usize].to_vec(),
    };
    let all: Vec<u8> = splice.pieces().flat_map(piece).collect();
    assert_eq!(all.len() as u64, splice.len());
    all
}

/// Damages a file in many ways, and indexes and cuts the result: `rounds` times by flipping bits, half of them in the
/// first `head` bytes, and once by truncating to each length.
pub fn damage(original: &[u8], head: usize, rounds: u64) {
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move |end: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % end as u64) as usize
    };
    for round in 0..rounds {
        let mut file = original.to_vec();
        if round % 4 == 3 {
            file.truncate(next(original.len()));
        } else {
            for _ in 0..=next(4) {
                let reach = if next(2) == 0 { head } else { file.len() };
                let at = next(reach);
                file[at] ^= 1 << next(8);
            }
        }
        let Ok(indexed) = index(&file) else { continue };
        for start in [0, 300_000_000] {
            cut(&file, &indexed, start..start + 700_000_000);
        }
    }
}
