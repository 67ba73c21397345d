//! The targets under libFuzzer. `REELSPAN_FUZZ` names the target; the arguments are libFuzzer's.
#![no_main]

use std::alloc::System;
use std::sync::OnceLock;

use cap::Cap;
use libfuzzer_sys::{Corpus, fuzz_target};
use reelspan_fuzz::{FuzzTarget, Interest, TARGETS, target};

/// Stands in for `-malloc_limit_mb`, which needs a sanitizer: an allocation beyond the limit aborts, and so is a finding.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, LIMIT);

/// How much memory the targets may hold at once, in bytes.
const LIMIT: usize = 256 << 20;

static TARGET: OnceLock<FuzzTarget> = OnceLock::new();

fuzz_target!(
    init: {
        let name = std::env::var("REELSPAN_FUZZ").unwrap_or_default();
        let Some(found) = target(&name) else {
            let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            eprintln!("REELSPAN_FUZZ names one of these targets: {}", names.join(", "));
            std::process::exit(2);
        };
        TARGET.get_or_init(|| *found)
    },
    |input: &[u8]| -> Corpus {
        match TARGET.get().map(|target| (target.run)(input)) {
            Some(Interest::Keep) => Corpus::Keep,
            Some(Interest::Reject) | None => Corpus::Reject,
        }
    }
);
