//! How many files the process may have open, of which each connection needs some.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The most files that are asked for: more are never needed, and some systems allow a billion.
const WANTED: u64 = 65_536;
/// What the process has open beside its connections.
const OTHERS: u64 = 64;
/// What a connection has open: its socket, and the bodies of objects that its answer is made of.
const EACH: u64 = 4;

/// Allows the process as many open files as its hard limit does (`RLIMIT_NOFILE`, getrlimit(2)), and gives for how many
/// connections they are enough.
#[must_use]
pub fn open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(WANTED).min(WANTED);
    let mut current = limit.current.unwrap_or(WANTED);
    if current < wanted {
        match setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }) {
            Ok(()) => current = wanted,
            Err(error) => tracing::debug!(%error, "the limit of open files stays as it is"),
        }
    }
    usize::try_from(current.saturating_sub(OTHERS) / EACH).unwrap_or(usize::MAX).max(1)
}
