//! Fuzz targets. Each takes bytes from an attacker, hands them to one part of the engine, and panics if that breaks a promise.
//! `make fuzz` runs them under libFuzzer, guided by coverage; `tests/corpus.rs` runs them over `corpus/` as an ordinary test.
//!
//! | module | what it attacks |
//! | --- | --- |
//! | `media` | indexing a file of each format, and every answer that is made from its index |
//! | `caption` | files of captions and samples of text tracks |
//! | `checkpoint` | stopping and resuming an indexing pass, and damaged checkpoints |
//! | `text` | fragments, `Range` and other header fields, names of spaces, contents and users |
//! | `signature` | signed URLs, signed cookies and policies |
//!
//! A target takes any bytes:
//!
//! ```
//! use reelspan_fuzz::{Interest, target};
//!
//! let range = target("range").ok_or("no target of this name")?;
//! assert_eq!((range.run)(b"bytes=0-99,-1,99999999999999999999-"), Interest::Keep);
//! assert_eq!((range.run)(b"t:npt=3-9;track=video"), Interest::Keep);
//! // A field that is not UTF-8 does not get as far as the parser.
//! assert_eq!((range.run)(b"bytes=\xff"), Interest::Reject);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a target fails by panicking"
)]

mod caption;
mod checkpoint;
mod media;
mod signature;
mod text;

/// Whether libFuzzer should keep the input if it covers new code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interest {
    /// The input reached the part that the target is about.
    Keep,
    /// It did not: a file of another format.
    Reject,
}

/// One fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct FuzzTarget {
    /// Its name, which is also the name of its folder in `corpus/`.
    pub name: &'static str,
    /// Runs it with one input.
    pub run: fn(&[u8]) -> Interest,
}

/// All targets.
pub const TARGETS: &[FuzzTarget] = &[
    FuzzTarget { name: "avi", run: |input| media::run(&["avi"], input) },
    FuzzTarget { name: "flac", run: |input| media::run(&["flac"], input) },
    FuzzTarget { name: "flv", run: |input| media::run(&["flv"], input) },
    FuzzTarget { name: "frames", run: |input| media::run(&["mp3", "mp2", "adts"], input) },
    FuzzTarget { name: "iff", run: |input| media::run(&["iff"], input) },
    FuzzTarget { name: "matroska", run: |input| media::run(&["matroska"], input) },
    FuzzTarget { name: "mp4", run: |input| media::run(&["mp4"], input) },
    FuzzTarget { name: "mpegps", run: |input| media::run(&["mpegps"], input) },
    FuzzTarget { name: "mpegts", run: |input| media::run(&["mpegts"], input) },
    FuzzTarget { name: "ogg", run: |input| media::run(&["ogg"], input) },
    FuzzTarget { name: "caption", run: caption::run },
    FuzzTarget { name: "checkpoint", run: checkpoint::run },
    FuzzTarget { name: "fragment", run: text::fragment },
    FuzzTarget { name: "range", run: text::range },
    FuzzTarget { name: "header", run: text::header },
    FuzzTarget { name: "name", run: text::name },
    FuzzTarget { name: "policy", run: signature::policy },
    FuzzTarget { name: "signature", run: signature::request },
];

/// The target of this name.
#[must_use]
pub fn target(name: &str) -> Option<&'static FuzzTarget> {
    TARGETS.iter().find(|target| target.name == name)
}
