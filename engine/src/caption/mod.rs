//! Captions: text beside pictures and sound, as WebVTT (W3C, *WebVTT: The Web Video Text Tracks Format*).
//!
//! Text comes from the tracks of a content and from files beside it. Whatever it is stored as, it becomes [`Cue`]s, whose text is
//! clean: it has the markup of WebVTT and no other, every tag is closed, and nothing in it can end a cue or begin another.
//!
//! | module | what it knows |
//! | --- | --- |
//! | `list` | which captions a content has, and how they are named |
//! | `cue` | cues, and files of them |
//! | `stamp` | time stamps |
//! | `text` | the text of a cue, and what is let through |
//! | `vtt`, `srt` | files of WebVTT and SubRip |
//! | `tx3g`, `wvtt` | samples of MP4 |
//! | `embedded` | the samples of a track, from the pages of the index |
//! | `sidecar` | files beside a content: their names and their bytes |
//! | `chapters` | chapters as cues |

#![allow(clippy::doc_markdown, reason = "the formats' names are words here")]

mod chapters;
mod cue;
mod embedded;
mod list;
mod sidecar;
mod srt;
mod stamp;
mod text;
mod tx3g;
mod vtt;
mod wvtt;

pub use chapters::chapters;
pub use cue::{Cue, TimestampMap, write, write_segment};
pub use embedded::{TextSample, cues, samples};
pub use list::{Caption, CaptionKind, CaptionSource, TRACK, list};
pub use sidecar::{FileFormat, Sidecar, SidecarFile, stem};

use crate::container;
use crate::index::PagesError;

/// The MIME type of WebVTT (§8.1).
pub const MIME: &str = "text/vtt";

/// The most cues of a file or a track. A film of two hours has some two thousand.
pub const MOST_CUES: usize = 1 << 16;

/// The most bytes of the text of one cue; the rest is left out. Two lines on a screen are below a hundred.
pub const MOST_TEXT: usize = 4 << 10;

/// The most bytes of a file of captions, and of the samples of a track that are read for one answer. The captions of a long film
/// are some hundred kilobytes.
pub const LARGEST: u64 = 8 << 20;

/// Why captions cannot be given out.
#[derive(Debug, thiserror::Error)]
pub enum CaptionError {
    /// The file does not begin as WebVTT does.
    #[error("the captions do not begin with WEBVTT")]
    NotWebVtt,
    /// There are more cues than a player can show.
    #[error("the captions have more than {MOST_CUES} cues")]
    TooMany,
    /// There are more bytes than captions have.
    #[error("the captions have {found} bytes, and at most {LARGEST} are read")]
    TooLarge {
        /// How many there are.
        found: u64,
    },
    /// The samples of a track cannot be found.
    #[error(transparent)]
    Container(#[from] container::Error),
    /// The index cannot be read.
    #[error(transparent)]
    Pages(#[from] PagesError),
}
