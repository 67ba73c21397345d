//! The index of a file: an [`Outline`] of the whole, and pages of samples on a fixed time grid, so that any interval of
//! any file is found in a few kilobytes.
//!
//! A page contains the samples of all tracks whose decode time, mapped to the presentation timeline, falls into one
//! cell of the grid ([`CELL`]). A request knows its seconds before it knows anything about the file, so it can name the
//! pages that it needs at once, including the head.

mod bits;
mod builder;
mod chapters;
mod column;
mod elements;
mod head;
mod kept;
mod limits;
mod outline;
mod pack;
mod page;
mod pages;
mod runs;
mod segments;
#[cfg(test)]
mod tests;

pub use builder::{BuildError, Builder, Built, PackedPage};
pub use chapters::{Chapters, Mark};
pub use elements::{Elements, Finder};
pub use head::{Head, Original, Status};
pub use limits::{CELL, MAX_PAGE_BYTES, MAX_PAGES};
pub use outline::{Container, FORMATS, Outline};
pub use page::{Element, Page, PageTrack};
pub use pages::{Memory, Pages, PagesError};
pub use runs::{RunCursor, Runs};
pub use segments::{
    CELLS as PART_CELLS, FIRST_PART, Period, Segment, SegmentPart, SegmentTrack, Segments, TARGET, part_at,
};

use std::ops::RangeInclusive;

use crate::media::{Ticks, Time, Track};

/// The format of indexes. Increase it for every change of heads, pages or segment tables, and of what they say of a file:
///
/// - 9: the codecs of all configurations of a transport stream; shorter pages
/// - 8: the periods between changes of configuration
/// - 7: the samples to which no other refers
/// - 6: the segment table
///
/// `reelspan reindex` makes indexes of other formats anew. Until then, those of [`FORMATS`] are read too.
pub const FORMAT: u32 = 9;

/// The format of pages and of the parts of segment tables. Increase it for every change of either:
///
/// - 6: columns of multiples, and shorter elements
///
/// Format 5 is read too.
pub const PAGE_FORMAT: u32 = 6;

/// The format of the pages of an index of this format, which is one of [`FORMATS`]: before format 9 it was 5.
#[must_use]
pub const fn page_format(format: u32) -> u32 {
    if format < 9 { 5 } else { PAGE_FORMAT }
}

/// The cell of the grid for a track's sample with this decode time.
#[must_use]
pub fn cell(track: &Track, decode: Ticks) -> u32 {
    cell_at(track.timescale.time(decode - track.shift()))
}

/// The cell of the grid that contains an instant of the presentation timeline; instants before zero are in the first.
#[must_use]
pub fn cell_at(time: Time) -> u32 {
    u32::try_from(time.0.max(0) / CELL.0).unwrap_or(u32::MAX)
}

/// The smallest decode time of a track that belongs to a later cell than this one.
#[must_use]
pub fn cell_end(track: &Track, cell: u32) -> Ticks {
    let boundary = Time(CELL.0.saturating_mul(i64::from(cell) + 1));
    let nearest = track.timescale.ticks(boundary);
    let before = track.timescale.time(nearest) < boundary;
    nearest + Ticks(i64::from(before)) + track.shift()
}

/// The cells whose pages contain every sample of a track whose presentation begins at `from` or later and not later
/// than `to`, in ticks of the track's presentation times. Cells go by decode times, which differ from presentation
/// times by the composition offset.
///
/// The sample that is being presented at `from` may have begun in an earlier cell; [`PageTrack::before`] leads there.
#[must_use]
pub fn cells(track: &Track, from: Ticks, to: Ticks) -> RangeInclusive<u32> {
    let (least, greatest) = track.composition;
    cell(track, from - greatest)..=cell(track, to - least).saturating_add(track.late)
}

/// A page or a head that was read back is invalid.
#[derive(Debug, thiserror::Error)]
#[error("index: {0}")]
pub struct InvalidIndex(pub String);
