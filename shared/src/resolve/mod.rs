//! From what was asked, and the pages of an index, to what is given: a splice, and the interval that it really holds.

use std::ops::{Range, RangeInclusive};

use crate::container;
use crate::index::{Outline, Page};
use crate::media::Interval;
use crate::splice::Splice;

/// A fragment as it was asked for, in the terms of the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// Normal play time; `None`: all of it.
    pub time: Option<Interval>,
    /// Tracks by name, number or kind; none: all of them.
    pub tracks: Vec<String>,
}

/// Where the pages of one file's index are read from.
pub trait Pages: Send {
    /// Those of the pages with these numbers that exist, in any order. What was had before costs nothing.
    fn load(&mut self, cells: RangeInclusive<u32>) -> impl Future<Output = Result<Vec<Page>, Error>> + Send;

    /// The last page before the one with this number.
    fn load_before(&mut self, cell: u32) -> impl Future<Output = Result<Option<Page>, Error>> + Send;
}

/// Why nothing can be resolved.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The container cannot write it.
    #[error(transparent)]
    Container(#[from] container::Error),
    /// The pages are of another version of the file than the head: it is being indexed anew.
    #[error("the file is being indexed anew")]
    Changed,
    /// The pages could not be had.
    #[error("the index could not be read: {0}")]
    Pages(String),
}

/// A cut: a resource of its own.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its bytes.
    pub splice: Splice,
    /// Its MIME type.
    pub mime: String,
    /// The part of the original's timeline at which its playback begins and ends.
    pub given: Interval,
    /// The places in the outline of the tracks it has, where tracks were asked for.
    pub tracks: Option<Vec<usize>>,
}

/// The answer to a fragment in a query.
#[derive(Clone, Debug)]
pub enum Cut {
    /// Nothing of what was asked means anything for this file: the original.
    Original,
    /// The time asked for lies wholly behind the end.
    Behind,
    /// A part.
    Part(Part),
}

/// The answer to a fragment in a `Range` header.
#[derive(Clone, Debug)]
pub enum Cover {
    /// It names no part of this file; the text says why.
    Unsatisfiable(String),
    /// Verbatim bytes of the original.
    Ranges {
        /// Which, in ascending order, none touching the next.
        ranges: Vec<Range<u64>>,
        /// The interval that they really hold.
        given: Interval,
    },
}

/// The pages that an ask will need in all likelihood, before anything is known of the file.
#[must_use]
pub fn guess(ask: &Ask) -> RangeInclusive<u32> {
    let _ = ask;
    todo!()
}

/// Resolves a fragment in a query to a complete file.
pub async fn cut(outline: &Outline, pages: &mut impl Pages, ask: &Ask) -> Result<Cut, Error> {
    let _ = (outline, pages, ask);
    todo!()
}

/// Resolves a fragment in a `Range` header to byte ranges of the original.
pub async fn cover(outline: &Outline, pages: &mut impl Pages, ask: &Ask) -> Result<Cover, Error> {
    let _ = (outline, pages, ask);
    todo!()
}
