//! Pages: the samples of one cell of the grid. [`pack`](super::pack) says how one is packed.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::media::{Run, Ticks};

/// A part of the file that plays only as a whole: a Matroska cluster, an MP4 movie fragment with its media data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    /// Its offset.
    pub offset: u64,
    /// Its length in bytes, including its header.
    pub size: u64,
    /// Bytes from its beginning to the reference point of its samples' headers (Matroska: the cluster's first child).
    pub header: u32,
    /// The time to which its samples' own times are relative, in ticks of the first track (Matroska: the cluster's
    /// Timestamp).
    pub time: Ticks,
    /// Further data that its container keeps: what is needed about its bytes to rewrite some of them (the checksum of
    /// an Ogg page). Small, since every page of the index has it.
    pub kept: Bytes,
}

/// One track's part of a [`Page`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageTrack {
    /// The page with the track's last sync sample before this page's first sample; `None` if there is none.
    pub before: Option<u32>,
    /// The samples, in decode order.
    pub runs: Vec<Run>,
}

/// The samples of one cell of the grid, and the elements that contain them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The number of the cell.
    pub number: u32,
    /// A part for each track of the outline, in its order.
    pub tracks: Vec<PageTrack>,
    /// The elements that contain these samples, in file order. An element across a boundary of the grid is in both
    /// pages.
    pub elements: Vec<Element>,
}
