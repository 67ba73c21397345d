//! Runs the targets over their corpus, without a fuzzing engine, so that past findings stay fixed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::alloc::System;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use cap::Cap;
use reelspan_fuzz::TARGETS;

/// An allocation beyond the limit aborts, as it does while fuzzing.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, 256 << 20);

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

#[test]
fn every_target_withstands_its_corpus() {
    for target in TARGETS {
        let inputs = entries(&corpus().join(target.name));
        assert!(!inputs.is_empty(), "{} has no corpus", target.name);
        for input in inputs {
            // Shown if it panics.
            println!("{}", input.display());
            (target.run)(&fs::read(&input).unwrap());
        }
    }
}

#[test]
fn every_corpus_has_its_target() {
    let folders = entries(&corpus());
    let folders: BTreeSet<&str> = folders.iter().map(|path| path.file_name().unwrap().to_str().unwrap()).collect();
    assert_eq!(folders, TARGETS.iter().map(|target| target.name).collect());
}

#[test]
fn inputs_of_no_meaning_are_withstood_too() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut noise = vec![0_u8; 4096];
    for byte in &mut noise {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        *byte = state.to_le_bytes()[0];
    }
    for target in TARGETS {
        for length in [0, 1, 2, 3, 7, 64, 4096] {
            (target.run)(&noise[..length]);
            (target.run)(&vec![0; length]);
            (target.run)(&vec![0xff; length]);
        }
    }
}
