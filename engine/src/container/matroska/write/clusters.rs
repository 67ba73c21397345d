//! The clusters of a cut: those of the original, with new times, and with the blocks that were chosen.

use super::super::{ebml, ids};
use super::{Block, mismatch};
use crate::container::draft::Draft;
use crate::container::{Error, Extents};
use crate::index::{Element, Elements};
use crate::media::Ticks;

/// What a cluster's header and its Timestamp take at most.
const HEADER: usize = 4 + 8 + 2 + 8;

/// Where in the cut a block stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// When it is presented in the cut.
    pub time: Ticks,
    /// Where its cluster begins, in bytes behind the beginning of the first cluster.
    pub cluster: u64,
    /// Where in the data of its cluster it begins.
    pub relative: u64,
}

/// The clusters so far.
pub struct Clusters<'a> {
    draft: Draft,
    /// The elements of the original that come next, and the one that holds the blocks at hand.
    elements: Box<dyn Iterator<Item = Element> + 'a>,
    element: Option<Element>,
    zero: Ticks,
    open: Option<Open>,
    /// Those that are closed, in bytes behind the beginning of the first.
    places: Extents,
}

/// The cluster that is being written.
struct Open {
    /// Where the original's begins.
    original: u64,
    /// Its Timestamp in the cut.
    time: Ticks,
    /// Where it begins, where its data begins, and which made byte its size begins with.
    start: u64,
    body: u64,
    size_at: usize,
}

impl<'a> Clusters<'a> {
    /// Of blocks in these elements of the original, which stand in the order of the file. Zero is the instant of the
    /// original that becomes zero.
    pub fn new(elements: &'a Elements, zero: Ticks) -> Self {
        let draft = Draft::with_capacity(HEADER.saturating_mul(elements.len().saturating_add(4)));
        let mut elements = Box::new(elements.iter());
        let element = elements.next();
        Self { draft, elements, element, zero, open: None, places: Extents::default() }
    }

    /// Appends the next block in the order of the file.
    ///
    /// # Errors
    ///
    /// Where it lies in no element, and where it is presented so long before zero that no cluster can say so.
    pub fn put(&mut self, block: &Block) -> Result<Place, Error> {
        let (original, element_time) = self.element(block)?;
        let time = block.presentation - self.zero;
        let element_time = element_time - self.zero;
        if self.open.as_ref().is_none_or(|open| open.original != original) {
            self.begin(original, element_time);
        }
        if self.relative(time).is_none() {
            self.begin(original, time);
        }
        self.draft.fits()?;
        let (relative, open) = self
            .relative(time)
            .ok_or_else(|| mismatch(format!("a block at byte {} long before the cut", block.offset)))?;
        let place = Place { time, cluster: open.start, relative: self.draft.len() - open.body };
        let (offset, end) = (block.offset, block.offset.saturating_add(block.size));
        if time - element_time == Ticks(i64::from(relative)) {
            self.draft.source(offset..end);
        } else {
            // Its cluster does not begin where the original's does: only these two bytes of the block change.
            let timestamp = offset.saturating_add(block.header);
            self.draft.source(offset..timestamp);
            self.draft.made().extend(relative.to_be_bytes());
            self.draft.source(timestamp.saturating_add(2)..end);
        }
        Ok(place)
    }

    /// Where the element of the original begins that holds a block, and its time.
    fn element(&mut self, block: &Block) -> Result<(u64, Ticks), Error> {
        let end = |element: &Element| element.offset.saturating_add(element.size);
        while self.element.as_ref().is_some_and(|first| end(first) <= block.offset) {
            self.element = self.elements.next();
        }
        let block_end = block.offset.saturating_add(block.size);
        let sound = block.header.saturating_add(2) <= block.size;
        let holds = |element: &&Element| sound && element.offset <= block.offset && block_end <= end(element);
        let element = self.element.as_ref().filter(holds).map(|element| (element.offset, element.time));
        element.ok_or_else(|| mismatch(format!("a block at byte {} that lies in no element", block.offset)))
    }

    /// The time in the cut relative to the open cluster, if that can say it.
    fn relative(&self, time: Ticks) -> Option<(i16, &Open)> {
        let open = self.open.as_ref()?;
        Some((i16::try_from((time - open.time).0).ok()?, open))
    }

    /// Begins a cluster of this Timestamp, or of zero where that is negative.
    fn begin(&mut self, original: u64, time: Ticks) {
        self.close();
        let time = time.max(Ticks::ZERO);
        let start = self.draft.len();
        ebml::put_id(self.draft.made(), ids::CLUSTER);
        let size_at = self.draft.made_len();
        self.draft.made().extend(ebml::wide_size(0));
        let body = self.draft.len();
        ebml::put_uint(self.draft.made(), ids::TIMESTAMP, u64::try_from(time.0).unwrap_or(0));
        self.open = Some(Open { original, time, start, body, size_at });
    }

    fn close(&mut self) {
        if let Some(open) = self.open.take() {
            self.draft.fill(open.size_at, ebml::wide_size(self.draft.len() - open.body));
            self.places.push(open.start..self.draft.len());
        }
    }

    /// All of them, and where each stands, in bytes behind the beginning of the first.
    pub fn finish(mut self) -> (Draft, Extents) {
        self.close();
        (self.draft, self.places)
    }
}
