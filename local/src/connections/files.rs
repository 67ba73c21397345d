//! The limit of open files, which bounds the number of connections.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The highest limit requested: more are never needed, and some systems allow a billion.
const WANTED: u64 = 65_536;
/// Open files besides those of connections.
const OTHERS: u64 = 64;
/// Open files of a connection: its socket, and the objects that its answer is made of.
const EACH: u64 = 4;

/// Raises the process's limit of open files to its hard limit (`RLIMIT_NOFILE`, getrlimit(2)), and returns how many
/// connections that allows.
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
