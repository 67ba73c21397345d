//! Indexing in pieces gives the same index as indexing at once: for every sample of the repository, intact and damaged,
//! stopped anywhere. Each piece has only the packed checkpoint of the previous piece.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use bytes::Bytes;
use futures::executor::block_on;
use proptest::prelude::*;
use proptest::sample::Index;
use reelspan_engine::container::{self, Checkpoint, Error, Limit, Progress, ReadError, Sink, Source, index_on};
use reelspan_engine::index::{Outline, PackedPage};

/// Pages by number.
#[derive(Debug, Default, PartialEq, Eq)]
struct Pages(BTreeMap<u32, Bytes>);

impl Sink for Pages {
    async fn page(&mut self, page: PackedPage) -> Result<(), ReadError> {
        assert_eq!(self.0.insert(page.number, page.bytes), None, "page {} comes twice", page.number);
        Ok(())
    }
}

/// The result for a file: its outline or the error, its pages, and how often it was stopped.
type Indexed = (Result<Outline, String>, Pages);

fn at_once(file: &Bytes) -> Indexed {
    let mut pages = Pages::default();
    let outline = block_on(container::index(file, &mut pages)).map_err(|error| error.to_string());
    (outline, pages)
}

/// Stops after the first number of bytes, then the second, and so on, and then from the first again.
fn in_pieces(file: &Bytes, sizes: &[u64]) -> (Indexed, usize) {
    let (mut pages, mut from, mut stops) = (Pages::default(), None, 0);
    loop {
        let limit = Limit { bytes: Some(sizes[stops % sizes.len()]), ..Limit::default() };
        let outline = match block_on(index_on(file, &mut pages, from.as_ref(), &limit)) {
            Ok(Progress::Paused(checkpoint)) => {
                let packed = checkpoint.pack();
                assert!(packed.len() < 128 << 10, "a checkpoint of {} bytes", packed.len());
                assert!(from.is_none_or(|from: Checkpoint| from.offset() < checkpoint.offset()), "no way was made");
                from = Some(Checkpoint::unpack(&packed).unwrap());
                stops += 1;
                continue;
            }
            Ok(Progress::Done(outline)) => Ok(*outline),
            Err(error @ Error::Checkpoint(_)) => panic!("{error}"),
            Err(error) => Err(error.to_string()),
        };
        return ((outline, pages), stops);
    }
}

fn samples() -> Vec<(String, Bytes)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("samples");
    let files = [root.clone(), root.join("formats")].into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    files.sort();
    assert!(files.len() > 50);
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), fs::read(path).unwrap().into())).collect()
}

/// A file whose reads fail after a number of successful ones.
struct Failing {
    file: Bytes,
    left: AtomicUsize,
}

impl Source for Failing {
    fn len(&self) -> u64 {
        self.file.len() as u64
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, ReadError> {
        match self.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)) {
            Ok(_) => Source::read(&self.file, range).await,
            Err(_) => Err(ReadError::Failed("planted".to_owned())),
        }
    }
}

#[test]
fn a_read_that_fails_is_no_fault_of_the_file() {
    for (name, file) in samples() {
        let whole = at_once(&file).0.ok();
        for reads in 0.. {
            let failing = Failing { file: file.clone(), left: AtomicUsize::new(reads) };
            match block_on(container::index(&failing, &mut Pages::default())) {
                Err(Error::Read(_)) => {}
                found => {
                    assert!(found.ok() == whole && reads > 0, "{name}: {reads} reads");
                    break;
                }
            }
        }
    }
}

#[test]
fn every_sample_has_the_same_index_in_pieces() {
    for (name, file) in samples() {
        let whole = at_once(&file);
        assert!(whole.0.is_ok(), "{name}");
        let tables = ["mp4", "m4a", "m4b", "mov", "3gp", "wav", "w64", "aiff", "aifc"];
        // Movie fragments, pictures with wrong sync marks, and frames of MPEG audio in a WAVE file are walked through.
        let gone_through = ["fragment", "unmarked", "mpeg.wav"].iter().any(|part| name.contains(part));
        let streamed = gone_through || !tables.iter().any(|table| name.ends_with(table));
        for size in [1009, 16_384, 50_000] {
            let (found, stops) = in_pieces(&file, &[size]);
            assert_eq!(found, whole, "{name} by {size}");
            assert!(!streamed || size > 1009 || stops > 0, "{name} was stopped {stops} times");
            assert!(streamed || stops == 0, "{name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_damaged_sample_has_the_same_index_wherever_it_is_stopped(
        sample: Index,
        sizes in proptest::collection::vec(1_u64..20_000, 1..8),
        flips in proptest::collection::vec((any::<Index>(), 0..8_u32), 0..6),
        zeros in proptest::option::of((any::<Index>(), 0..8000_usize)),
        end in proptest::option::of(any::<Index>()),
    ) {
        let samples = samples();
        let (name, file) = &samples[sample.index(samples.len())];
        let mut file = file.to_vec();
        for (at, bit) in flips {
            let at = at.index(file.len());
            file[at] ^= 1 << bit;
        }
        if let Some((at, length)) = zeros {
            let at = at.index(file.len());
            let end = file.len().min(at + length);
            file[at..end].fill(0);
        }
        file.truncate(end.map_or(usize::MAX, |end| end.index(file.len())));
        let file = Bytes::from(file);
        // A hundred stops are enough.
        let least = file.len() as u64 / 100;
        let sizes: Vec<u64> = sizes.into_iter().map(|size| size.max(least)).collect();
        prop_assert_eq!(in_pieces(&file, &sizes).0, at_once(&file), "{}", name);
    }
}
