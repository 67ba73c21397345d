//! The limits of a page and of an index, each with its reason.

use crate::media::Time;

/// The length of a cell in the grid. Ten seconds: a cut of ten seconds touches two, and the group of pictures before it
/// seldom begins more than one cell earlier.
pub const CELL: Time = Time::from_secs(10);

/// Pages of a file. Seven and a half days of media; more is a wrong timestamp, or an attempt to fill the table.
pub const MAX_PAGES: u32 = 65_536;

/// Bytes of a packed page. A `DynamoDB` item holds 400 KB, keys and attribute names included.
pub const MAX_PAGE_BYTES: usize = 350 * 1024;

/// Runs in a page, over all tracks; the same limit applies to elements. A column of equal values takes no space however
/// long it is, so the size of a page does not bound the memory that it unpacks to: this does (6 MB). Thirteen thousand
/// runs a second exceed all real files: 32 tracks of the shortest Opus packets have that many.
pub(super) const MAX_RUNS: usize = 1 << 17;

/// Runs in all pages still open, which bounds a builder's memory (25 MB).
pub(super) const MAX_OPEN_RUNS: usize = 1 << 19;

/// Bytes of packed pages that wait for the end of an element: an hour is 400 KB.
pub(super) const MAX_WAITING_BYTES: usize = 16 << 20;

/// How many cells behind the newest one a page stays open. Interleaved tracks are seldom more than a few seconds apart,
/// and an hour of subtitles at the beginning would be late in any case.
pub(super) const OPEN_CELLS: u32 = 8;

/// How many times the tracks of a file may claim its bytes. Alternate tracks share samples: with subtitles on and off,
/// or the same sound under two names. Eight tracks that share all bytes of a file exceed all real files.
pub(super) const MAX_SHARING: u64 = 8;

/// Pages of a file times its tracks: each page has an entry for each track, even without samples. A week with 16 tracks
/// reaches this, a concert of an hour with 64 tracks a fiftieth of it.
pub(super) const MAX_PARTS: usize = 1 << 20;

/// Chapters of a file. A long film has forty, an audio book some hundreds.
pub(super) const MAX_CHAPTERS: usize = 1000;

/// Bytes of a chapter's title, and of an identifier: MP4's lists allow no more.
pub(super) const MAX_TITLE: usize = 255;

/// Titles of a chapter, and identifiers: one for each usual subtitle language.
pub(super) const MAX_TITLES: usize = 32;

/// Bytes of all titles and identifiers. Each request reads the head: a thousand titles of ordinary length are 30 KB.
pub(super) const MAX_CHAPTER_TEXT: usize = 64 << 10;
