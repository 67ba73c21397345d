//! Builds the pages of an index while a file is read.

use bytes::Bytes;

use super::{Element, Error};
use crate::media::{Run, Ticks, Track};

/// A page, packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// Which cell of the grid.
    pub number: u32,
    /// What [`super::Page::pack`] made.
    pub bytes: Bytes,
}

/// Takes samples in roughly the order of their times, and gives out pages as they become complete.
#[derive(Debug)]
pub struct Builder {
    tracks: Vec<Track>,
}

impl Builder {
    /// For a file of these tracks, whose totals (`samples`, `bytes`, `composition`, `presented`) are filled in at the end.
    #[must_use]
    pub fn new(tracks: Vec<Track>) -> Self {
        Self { tracks }
    }

    /// An element begins, and the samples that follow lie in it until it ends.
    pub fn begin_element(&mut self, offset: u64, header: u32, time: Ticks) {
        let _ = (offset, header, time);
        todo!()
    }

    /// The element that began last ends before this offset.
    pub fn end_element(&mut self, end: u64) {
        let _ = end;
        todo!()
    }

    /// Samples of the track at this place in the list of tracks, in decode order within the track.
    ///
    /// # Errors
    ///
    /// Where a page would become larger than one may be, or where there would be too many.
    pub fn samples(&mut self, track: usize, run: Run) -> Result<(), Error> {
        let _ = (track, run);
        todo!()
    }

    /// The pages that no further sample belongs to, unless it comes unreasonably late.
    pub fn take_ready(&mut self) -> Vec<Packed> {
        todo!()
    }

    /// The end of the file: the remaining pages, and the tracks with their totals.
    pub fn finish(self) -> Result<(Vec<Packed>, Vec<Track>), Error> {
        let _ = Element { offset: 0, size: 0, header: 0, time: Ticks(0) };
        Ok((Vec::new(), self.tracks))
    }
}
