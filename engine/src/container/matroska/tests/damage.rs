//! Files that are truncated, damaged, or malicious.

use std::ops::Range;
use std::sync::Mutex;

use bytes::Bytes;
use reelspan_testkit::media::matroska::{
    block_data, cluster, ebml_header, element, id, info, master, simple, uint, unknown,
};

use super::super::ids;
use super::{bytes, file, index, ordinary, second, tracks, try_index};
use crate::container::stream::CHUNK;
use crate::container::{self, Error, ReadError, Source};

#[test]
fn blocks_that_are_not_sound_harm_nothing_else() {
    let blocks = [
        element(ids::SIMPLE_BLOCK, &[0x81, 0]),
        element(ids::BLOCK_GROUP, &[0xA1, 0xC0]),
        master(ids::BLOCK_GROUP, &[uint(ids::BLOCK_DURATION, 1)]),
        element(ids::ENCRYPTED_BLOCK, &[0; 9]),
        master(ids::BLOCK_GROUP, &[element(0x75A1, &[0; 300]), element(ids::BLOCK, &block_data(1, 0, 0, &[]))]),
        simple(9, 0, true, b"of a track that there is not"),
        simple(1, 5, true, b"found"),
    ];
    let late = master(
        ids::CLUSTER,
        &[simple(1, 0, true, b"before"), uint(ids::TIMESTAMP, 1000), simple(1, 1, true, b"later")],
    );
    let indexed = index(&file(&[info(), tracks(), cluster(0, &blocks), late]));
    assert_eq!(indexed.times(0), [5, 1001]);
    assert_eq!(indexed.outline.notes.len(), 6, "{}", indexed.notes());
}

#[test]
fn garbage_between_clusters_is_passed_over() {
    let good = |at: u64| cluster(1000 * at, &second(0));
    let mut torn = good(1);
    let length = torn.len();
    torn[length / 2..length / 2 + 200].fill(0);
    let children = [info(), tracks(), good(0), torn, vec![0xFF; 5000], good(2), vec![0; 5000], good(3), vec![0x1F; 99]];
    let indexed = index(&file(&children));
    let times = indexed.times(0);
    assert!(times.starts_with(&(0..25).map(|at| 40 * at).collect::<Vec<_>>()));
    assert!(times.ends_with(&(50..100).map(|at| 40 * at).collect::<Vec<_>>()));
    assert!(indexed.notes().contains("bytes that are no element are passed over"), "{}", indexed.notes());
}

#[test]
fn a_cluster_whose_size_is_wrong_costs_no_other() {
    for wrong in [10_u64, 400, 5000, 1 << 40] {
        let mut bad = cluster(1000, &second(0));
        bad[4..12].copy_from_slice(&(1 << 56 | wrong).to_be_bytes());
        let indexed = index(&file(&[info(), tracks(), cluster(0, &second(0)), bad, cluster(2000, &second(0))]));
        assert!(indexed.times(0).len() >= 50, "size {wrong}");
        assert!(indexed.times(0).ends_with(&(50..75).map(|at| 40 * at).collect::<Vec<_>>()), "size {wrong}");
    }
}

/// A source that counts its reads, with `length` bytes of which only the first are not zero.
struct MostlyZeros {
    start: Bytes,
    length: u64,
    read: Mutex<u64>,
}

impl Source for MostlyZeros {
    fn len(&self) -> u64 {
        self.length
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, ReadError> {
        let length = range.end - range.start;
        assert!(length <= CHUNK);
        *self.read.lock().unwrap() += length;
        let mut bytes = vec![0; length as usize];
        let from = self.start.len().min(range.start as usize);
        let known = &self.start[from..self.start.len().min(range.end as usize)];
        bytes[..known.len()].copy_from_slice(known);
        Ok(bytes.into())
    }
}

#[test]
fn what_is_passed_over_is_not_read() {
    let mut start = [ebml_header("webm", &[]), unknown(ids::SEGMENT, &[info(), tracks()])].concat();
    start.extend([&id(ids::VOID)[..], &(1_u64 << 56 | 3 << 40).to_be_bytes()].concat());
    let source = MostlyZeros { length: start.len() as u64 + (3 << 40), start: start.into(), read: Mutex::new(0) };
    let indexed = try_index(&source, u64::MAX).unwrap();
    assert_eq!(indexed.notes(), "it has no blocks");
    assert!(*source.read.lock().unwrap() <= 4 * CHUNK);
}

#[test]
fn a_hostile_size_decides_no_allocation() {
    let before = [ebml_header("webm", &[]), unknown(ids::SEGMENT, &[tracks()])].concat();
    for (before, hostile) in [
        (&[][..], ids::EBML),
        (&before, ids::INFO),
        (&before[..before.len() - tracks().len()], ids::TRACKS),
        (&before, ids::CLUSTER),
    ] {
        for size in [1_u64 << 40, (1 << 56) - 2] {
            let start = [before, &id(hostile), &(1 << 56 | size).to_be_bytes()].concat();
            let source = MostlyZeros { length: 1 << 26, start: start.into(), read: Mutex::new(0) };
            match try_index(&source, u64::MAX) {
                Ok(found) => assert!(found.samples.iter().all(Vec::is_empty)),
                Err(error) => assert!(matches!(error, Error::Malformed { .. }), "{error}"),
            }
        }
    }
}

#[test]
fn a_truncated_file_gives_what_is_there_or_a_reason() {
    let original = ordinary();
    let whole = index(&original);
    let header = whole.outline.setup_ranges[0].end as usize;
    let places = (0..header + 200).chain((header..original.len()).step_by(37));
    let mut partial = 0;
    for length in places {
        let file = Bytes::copy_from_slice(&original[..length]);
        match try_index(&file, 512) {
            Err(Error::Malformed { what, .. }) => assert!(!what.is_empty()),
            Err(error) => panic!("{error} of {length} bytes"),
            Ok(part) => {
                partial += 1;
                assert!(part.notes().contains("truncated"), "{length} bytes: {}", part.notes());
                for (part, whole) in part.samples.iter().zip(&whole.samples) {
                    assert!(part.iter().zip(whole).all(|(part, whole)| part.offset == whole.offset));
                    assert!(part.iter().all(|run| run.bytes().end <= length as u64));
                }
                assert!(part.elements.iter().all(|element| element.offset + element.size <= length as u64));
            }
        }
    }
    assert!(partial > 500);
}

#[test]
fn random_damage_gives_an_error_or_a_partial_index() {
    let original = ordinary();
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    for round in 0..1000 {
        let mut file = original.clone();
        for _ in 0..=next() % 4 {
            // Half of the damage in the most sensitive part.
            let reach = if next() % 2 == 0 { 400 } else { file.len() as u64 };
            let at = (next() % reach) as usize;
            file[at] ^= 1 << (next() % 8);
        }
        let length = file.len() as u64;
        let Ok(found) = try_index(&Bytes::from(file.clone()), 4096) else { continue };
        for run in found.samples.iter().flatten() {
            assert!(run.bytes().end <= length, "round {round}: {run:?}");
        }
        let tracks: Vec<_> = (0..found.samples.len()).collect();
        let selection = found.select(&tracks, 0, 100_000);
        let cut = bytes(&container::write(&found.outline, &selection).unwrap().splice, &file);
        let again = try_index(&Bytes::from(cut), 4096).unwrap();
        for (before, after) in selection.tracks.iter().zip(&again.samples) {
            assert_eq!(before.runs.len(), after.len(), "round {round}");
        }
    }
}
