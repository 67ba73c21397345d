//! A builder as bytes, for a pass that continues elsewhere. Open pages are packed in their final form, so that it takes
//! some kilobytes for an ordinary file. Values that follow from others are computed, so that no bytes can make a
//! builder with wrong counts.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::segmenter::Segmenter;
use super::{Builder, OpenPage, PageElements, TrackBuilder, WaitingPage};
use crate::index::bits::Input;
use crate::index::{Element, InvalidIndex, PAGE_FORMAT, kept, pack};

/// The state of a builder, without the finished pages, which were taken before.
#[derive(Serialize, Deserialize)]
struct Frozen {
    building: Vec<TrackBuilder>,
    open: Vec<FrozenPage>,
    waiting: Vec<FrozenPage>,
    floor: u32,
    pages: u32,
    element: Option<Element>,
    element_end: u64,
    ended: bool,
    opened: u32,
    length: Option<u64>,
    segmenter: Segmenter,
}

/// A page that is open or waiting.
#[derive(Serialize, Deserialize)]
struct FrozenPage {
    number: u32,
    tracks: Bytes,
    elements: Bytes,
    unended: bool,
}

impl FrozenPage {
    fn new(number: u32, tracks: Vec<u8>, elements: &PageElements) -> Self {
        let mut packed = Vec::new();
        pack::put_elements(&mut packed, &elements.list, &[], kept::write_plain);
        Self { number, tracks: tracks.into(), elements: packed.into(), unended: elements.unended }
    }

    fn elements(&self) -> Result<PageElements, InvalidIndex> {
        let list = pack::elements(&mut Input::new(&self.elements), PAGE_FORMAT.into(), &[])?;
        Ok(PageElements { list, unended: self.unended })
    }
}

impl Serialize for Builder {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let open = self.open.iter().map(|(number, page)| {
            let mut tracks = Vec::new();
            pack::put_tracks(&mut tracks, *number, &page.tracks);
            FrozenPage::new(*number, tracks, &page.elements)
        });
        let waiting = self.waiting.iter().map(|page| FrozenPage::new(page.number, page.packed.clone(), &page.elements));
        let frozen = Frozen {
            building: self.building.clone(),
            open: open.collect(),
            waiting: waiting.collect(),
            floor: self.floor,
            pages: self.pages,
            element: self.element.clone(),
            element_end: self.element_end,
            ended: self.ended,
            opened: self.opened,
            length: self.length,
            segmenter: self.segmenter.clone(),
        };
        frozen.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Builder {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Frozen::deserialize(deserializer)?.thaw().map_err(D::Error::custom)
    }
}

impl Frozen {
    fn thaw(self) -> Result<Builder, InvalidIndex> {
        let mut open = BTreeMap::new();
        for page in self.open {
            let (_, tracks) = pack::tracks(&mut Input::new(&page.tracks), page.number)?;
            let runs = tracks.iter().map(|track| track.runs.len()).sum();
            open.insert(page.number, OpenPage { tracks, runs, elements: page.elements()? });
        }
        let waiting = self.waiting.into_iter().map(|page| {
            let elements = page.elements()?;
            Ok(WaitingPage { number: page.number, packed: page.tracks.into(), elements })
        });
        let waiting: Vec<WaitingPage> = waiting.collect::<Result<_, InvalidIndex>>()?;
        Ok(Builder {
            open_runs: open.values().map(|page| page.runs).sum(),
            waiting_bytes: waiting.iter().map(|page| page.packed.len()).sum(),
            claimed: self.building.iter().fold(0, |sum, builder| sum.saturating_add(builder.claimed)),
            building: self.building,
            open,
            waiting,
            ready: Vec::new(),
            floor: self.floor,
            pages: self.pages,
            element: self.element,
            element_end: self.element_end,
            ended: self.ended,
            opened: self.opened,
            length: self.length,
            segmenter: self.segmenter,
        })
    }
}
