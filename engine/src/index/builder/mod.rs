//! Builds the pages of an index while a file is read, in an amount of memory that does not depend on the file's length,
//! whatever the order of its samples.
//!
//! A page is open while samples for its cell may still come: until some track is more than 8 cells ahead of it. Then it
//! is packed, and waits at most for the end of an element that contains its samples. A sample that comes later than
//! that, or whose track already has samples in a later page, goes into a later page than its own ([`Track::late`] says
//! how many cells later that may be), so that a track's pages, one after another, always contain its samples in decode
//! order.
//!
//! The builder can be serialised between any two samples (serde), and continues as if nothing had happened.

mod changes;
mod frozen;
mod periods;
mod segmenter;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use self::segmenter::Segmenter;
use super::bits::Input;
use super::limits::{
    MAX_OPEN_RUNS, MAX_PAGE_BYTES, MAX_PAGES, MAX_PARTS, MAX_RUNS, MAX_SHARING, MAX_WAITING_BYTES, OPEN_CELLS,
};
use super::{Element, FIRST_PART, InvalidIndex, PageTrack, Segments, cell, cell_end, kept, pack};
use crate::media::{Run, Ticks, Track};

/// A packed page, or a packed part of the segment table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedPage {
    /// The number of its cell in the grid; of a part of the table: [`FIRST_PART`] and its position.
    pub number: u32,
    /// The result of [`super::Page::pack`] or [`super::SegmentPart::pack`].
    pub bytes: Bytes,
}

impl PackedPage {
    /// Whether it is a page of samples.
    #[must_use]
    pub const fn is_page(&self) -> bool {
        self.number < FIRST_PART
    }
}

/// Why samples cannot be added to an index.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The samples of one track claim more bytes than the file has, so some of them overlap. A sample without bytes counts as one.
    #[error(
        "overlapping samples: up to the one at byte {offset}, those of track {track} claim {claimed} bytes, and the file has {length}"
    )]
    Overlap {
        /// The track's number in the file.
        track: u64,
        /// The offset of the sample that exceeds the file's length.
        offset: u64,
        /// How many bytes the samples claim up to this one.
        claimed: u64,
        /// How many bytes the file has.
        length: u64,
    },
    /// The samples of all tracks together claim the file's bytes more often than tracks share them.
    #[error(
        "overlapping tracks: up to the one at byte {offset}, the samples of all tracks claim {claimed} bytes, more than \
         {MAX_SHARING} times the {length} of the file"
    )]
    Sharing {
        /// The offset of the sample that exceeds the bound.
        offset: u64,
        /// How many bytes the samples claim up to this one.
        claimed: u64,
        /// How many bytes the file has.
        length: u64,
    },
    /// The pages of all tracks would be too many.
    #[error("too large: {pages} pages of {tracks} tracks, where a file may have {MAX_PARTS} pages times tracks")]
    Parts {
        /// How many pages the file has so far.
        pages: u32,
        /// How many tracks it has.
        tracks: usize,
    },
    /// A page would be too large, or there would be too many.
    #[error(transparent)]
    Index(#[from] InvalidIndex),
}

/// Takes samples in roughly the order of their times, and returns pages as they become complete.
#[derive(Debug)]
pub struct Builder {
    building: Vec<TrackBuilder>,
    /// The pages to which samples may still be added.
    open: BTreeMap<u32, OpenPage>,
    /// The pages whose samples are packed, but whose last element has not ended.
    waiting: Vec<WaitingPage>,
    ready: Vec<PackedPage>,
    /// The smallest number with which a page may still be opened.
    floor: u32,
    pages: u32,
    /// The last element, until it ends; its size is not known before.
    element: Option<Element>,
    /// The end of the last sample of that element.
    element_end: u64,
    /// Whether an element has ended since the waiting pages were checked.
    ended: bool,
    open_runs: usize,
    waiting_bytes: usize,
    /// How many pages were opened.
    opened: u32,
    /// The length of the file in bytes, if it bounds what samples may claim.
    length: Option<u64>,
    /// How many bytes the samples of all tracks claim.
    claimed: u64,
    segmenter: Segmenter,
}

/// A whole file.
#[derive(Debug)]
pub struct Built {
    /// The pages that were not taken before.
    pub pages: Vec<PackedPage>,
    /// The tracks, with their totals.
    pub tracks: Vec<Track>,
    /// The summary of the segment table; `None` if the file has no samples, or too many tracks.
    pub segments: Option<Segments>,
}

/// The elements of a page; the last one may not have ended.
#[derive(Debug, Default)]
struct PageElements {
    list: Vec<Element>,
    unended: bool,
}

impl PageElements {
    fn end(&mut self, end: u64) {
        if let (true, Some(last)) = (std::mem::take(&mut self.unended), self.list.last_mut()) {
            last.size = end.saturating_sub(last.offset);
        }
    }
}

#[derive(Debug)]
struct OpenPage {
    tracks: Vec<PageTrack>,
    runs: usize,
    elements: PageElements,
}

#[derive(Debug)]
struct WaitingPage {
    number: u32,
    /// The packed tracks; the elements are added later.
    packed: Vec<u8>,
    elements: PageElements,
}

/// A track and its progress.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct TrackBuilder {
    track: Track,
    /// The cell of the last sample, and the decode times that belong to it.
    cell: u32,
    times: (Ticks, Ticks),
    /// The page of the last sample.
    page: u32,
    /// The page that holds the last sync sample of the pages packed so far.
    synced: Option<u32>,
    /// How many bytes the track's samples claim.
    claimed: u64,
    /// The decode time of the last sample.
    last: Ticks,
}

impl TrackBuilder {
    fn new(track: Track) -> Self {
        let none = (Ticks::ZERO, Ticks::ZERO);
        let track = Track { samples: 0, bytes: 0, composition: none, presented: none, late: 0, ..track };
        // An empty interval, so that the first sample looks up its cell.
        Self { track, cell: 0, times: none, page: 0, synced: None, claimed: 0, last: Ticks(i64::MIN) }
    }

    /// The cell of the run's first sample, and how many of its samples belong to that cell.
    fn locate(&mut self, run: &Run) -> (u32, u32) {
        if run.decode < self.times.0 || run.decode >= self.times.1 {
            self.cell = cell(&self.track, run.decode);
            self.times = (run.decode, cell_end(&self.track, self.cell));
        }
        (self.cell, run.count_before(self.times.1))
    }

    fn count(&mut self, run: &Run) {
        let presented = (run.presentation(), run.decode_end() + run.composition);
        self.last = run.decode + run.duration.times(i64::from(run.count.saturating_sub(1)));
        let track = &mut self.track;
        if track.samples == 0 {
            track.composition = (run.composition, run.composition);
            track.presented = presented;
        }
        track.composition = (track.composition.0.min(run.composition), track.composition.1.max(run.composition));
        track.presented = (track.presented.0.min(presented.0), track.presented.1.max(presented.1));
        track.samples = track.samples.saturating_add(u64::from(run.count));
        track.bytes = track.bytes.saturating_add(u64::from(run.size).saturating_mul(u64::from(run.count)));
    }
}

impl Builder {
    /// A builder for a file with these tracks, whose totals (`samples`, `bytes`, `composition`, `presented`, `late`)
    /// are filled in at the end.
    #[must_use]
    pub fn new(tracks: Vec<Track>) -> Self {
        Self {
            building: tracks.into_iter().map(TrackBuilder::new).collect(),
            open: BTreeMap::new(),
            waiting: Vec::new(),
            ready: Vec::new(),
            floor: 0,
            pages: 0,
            element: None,
            element_end: 0,
            ended: false,
            open_runs: 0,
            waiting_bytes: 0,
            opened: 0,
            length: None,
            claimed: 0,
            segmenter: Segmenter::default(),
        }
    }

    /// Bounds what samples may claim by the length of the file, in bytes: a track's samples no more than the file has,
    /// all tracks together no more than eight times as much. Without this bound a few bytes of a file could claim any
    /// number of samples.
    pub const fn within(&mut self, length: u64) {
        self.length = Some(length);
    }

    /// Adds a track after the existing ones, for a file whose tracks become known only while it is read.
    pub fn add_track(&mut self, track: Track) {
        self.building.push(TrackBuilder::new(track));
    }

    /// Begins an element, which contains the following samples until it ends: at the latest, where the next one begins.
    pub fn begin_element(&mut self, offset: u64, header: u32, time: Ticks) {
        self.begin_element_keeping(offset, header, time, Bytes::new());
    }

    /// The same, with what the container keeps of it ([`Element::kept`]).
    pub fn begin_element_keeping(&mut self, offset: u64, header: u32, time: Ticks, kept: Bytes) {
        self.end_element(offset);
        self.element = Some(Element { offset, size: 0, header, time, kept });
        self.element_end = offset.saturating_add(u64::from(header));
    }

    /// Ends the last element before this offset. Does nothing if it has ended already.
    pub fn end_element(&mut self, end: u64) {
        if self.element.take().is_none() {
            return;
        }
        let open = self.open.values_mut().map(|page| &mut page.elements);
        for elements in open.chain(self.waiting.iter_mut().map(|page| &mut page.elements)) {
            elements.end(end);
        }
        self.ended = true;
    }

    /// Adds samples of the track at this position in the list of tracks, in decode order within the track.
    ///
    /// # Errors
    ///
    /// [`BuildError::Overlap`] and [`BuildError::Sharing`] if the samples claim more bytes than [`Builder::within`]
    /// allows, [`BuildError::Parts`] if the pages of all tracks would be too many, [`BuildError::Index`] if a page
    /// would become too large, or too much would have to be kept in memory.
    pub fn samples(&mut self, track: usize, run: Run) -> Result<(), BuildError> {
        self.claim(track, &run)?;
        if self.element.is_some() {
            self.element_end = self.element_end.max(run.bytes().end);
        }
        let mut rest = (run.count > 0).then_some(run);
        while let Some(mut run) = rest {
            let builder = self
                .building
                .get_mut(track)
                .ok_or_else(|| InvalidIndex(format!("samples of track {track}: no such track")))?;
            let (cell, count) = builder.locate(&run);
            if cell >= MAX_PAGES {
                return Err(InvalidIndex(format!("samples in cell {cell} of the grid, of at most {MAX_PAGES}")).into());
            }
            rest = run.slice(count..u32::MAX);
            run.count = count;
            builder.count(&run);
            let page = cell.max(builder.page).max(self.floor);
            builder.page = page;
            builder.track.late = builder.track.late.max(page - cell);
            self.add(page, track, run)?;
        }
        if std::mem::take(&mut self.ended) { Ok(self.settle()?) } else { Ok(()) }
    }

    /// Says that the samples of a track that are decoded from this time on need the configuration of this number, as the format
    /// of the file counts them from 1. To be said before the samples are added; it may be said again for each.
    pub fn configure(&mut self, track: usize, decode: Ticks, number: u32) {
        let last = self.building.get(track).map_or(Ticks(i64::MIN), |builder| builder.last);
        self.segmenter.configure(track, decode, number, last);
    }

    /// Counts the bytes that samples claim.
    fn claim(&mut self, track: usize, run: &Run) -> Result<(), BuildError> {
        let Some(builder) = self.building.get_mut(track) else { return Ok(()) };
        let claimed = u64::from(run.size.max(1)).saturating_mul(u64::from(run.count));
        builder.claimed = builder.claimed.saturating_add(claimed);
        self.claimed = self.claimed.saturating_add(claimed);
        let (offset, Some(length)) = (run.offset, self.length) else { return Ok(()) };
        if builder.claimed > length {
            return Err(BuildError::Overlap { track: builder.track.id, offset, claimed: builder.claimed, length });
        }
        if self.claimed > length.saturating_mul(MAX_SHARING) {
            return Err(BuildError::Sharing { offset, claimed: self.claimed, length });
        }
        Ok(())
    }

    /// Adds samples to an open page, and packs pages that are no longer open.
    fn add(&mut self, number: u32, track: usize, run: Run) -> Result<(), BuildError> {
        let tracks = self.building.len();
        let opened = &mut self.opened;
        let page = self.open.entry(number).or_insert_with(|| {
            *opened += 1;
            OpenPage { tracks: vec![PageTrack::default(); tracks], runs: 0, elements: PageElements::default() }
        });
        if (self.opened as usize).saturating_mul(tracks) > MAX_PARTS {
            return Err(BuildError::Parts { pages: self.opened, tracks });
        }
        // The page may have been opened before the track was known.
        if page.tracks.len() < tracks {
            page.tracks.resize_with(tracks, PageTrack::default);
        }
        if let (Some(element), false) = (&self.element, page.elements.unended) {
            page.elements.list.push(element.clone());
            page.elements.unended = true;
        }
        let Some(PageTrack { runs, .. }) = page.tracks.get_mut(track) else { return Ok(()) };
        if !runs.last_mut().is_some_and(|last| last.absorb(&run)) {
            runs.push(run);
            page.runs += 1;
            self.open_runs += 1;
        }
        if page.runs > MAX_RUNS || page.elements.list.len() > MAX_RUNS {
            return Err(InvalidIndex(format!("page {number} would have more than {MAX_RUNS} runs of samples")).into());
        }
        if self.open_runs > MAX_OPEN_RUNS {
            return Err(InvalidIndex(format!("more than {MAX_OPEN_RUNS} runs of samples around page {number}")).into());
        }
        self.pages = self.pages.max(number + 1);
        Ok(self.close_until(number.saturating_sub(OPEN_CELLS))?)
    }

    /// Packs all pages before this one, which then is the first open one.
    fn close_until(&mut self, floor: u32) -> Result<(), InvalidIndex> {
        if floor <= self.floor {
            return Ok(());
        }
        self.floor = floor;
        while let Some(first) = self.open.first_entry().filter(|page| *page.key() < floor) {
            let (number, mut page) = first.remove_entry();
            for (part, builder) in page.tracks.iter_mut().zip(&mut self.building) {
                part.before = builder.synced;
                if part.runs.iter().any(|run| run.sync) {
                    builder.synced = Some(number);
                }
            }
            self.segmenter.page(number, &page.tracks, &self.building, &mut self.ready);
            self.open_runs -= page.runs;
            let mut packed = Vec::with_capacity(2048);
            pack::put_tracks(&mut packed, number, &page.tracks);
            self.waiting_bytes += packed.len();
            self.waiting.push(WaitingPage { number, packed, elements: page.elements });
        }
        self.settle()
    }

    /// Completes the pages that need not wait any longer.
    fn settle(&mut self) -> Result<(), InvalidIndex> {
        let is_alone = self.building.len() == 1;
        for mut page in self.waiting.extract_if(.., |page| !page.elements.unended) {
            self.waiting_bytes -= page.packed.len();
            // Elements of an only track may be those of its samples.
            let tracks =
                if is_alone { pack::tracks(&mut Input::new(&page.packed), page.number)?.1 } else { Vec::new() };
            pack::put_elements(&mut page.packed, &page.elements.list, &tracks, kept::write);
            let (number, length) = (page.number, page.packed.len());
            if length > MAX_PAGE_BYTES {
                return Err(InvalidIndex(format!(
                    "page {number} would have {length} bytes, of at most {MAX_PAGE_BYTES}"
                )));
            }
            self.ready.push(PackedPage { number, bytes: page.packed.into() });
        }
        if self.waiting_bytes > MAX_WAITING_BYTES {
            return Err(InvalidIndex(format!("an element in {} pages", self.waiting.len())));
        }
        Ok(())
    }

    /// The number of the last page so far, plus one.
    #[must_use]
    pub const fn pages(&self) -> u32 {
        self.pages
    }

    /// The complete pages, to which no further sample belongs unless it comes unreasonably late.
    pub fn take_ready(&mut self) -> Vec<PackedPage> {
        std::mem::take(&mut self.ready)
    }

    /// Ends the file. An element that has not ended ends with its last sample.
    ///
    /// # Errors
    ///
    /// As [`Builder::samples`].
    pub fn finish(mut self) -> Result<Built, InvalidIndex> {
        self.end_element(self.element_end);
        self.settle()?;
        self.close_until(u32::MAX)?;
        let segments = self.segmenter.finish(&self.building, &mut self.ready);
        Ok(Built {
            pages: self.ready,
            tracks: self.building.into_iter().map(|builder| builder.track).collect(),
            segments,
        })
    }
}
