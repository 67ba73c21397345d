//! What the outlines of both have in common, and what their writers find there.

use std::ops::Range;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::clock::SECOND;
use super::codec::Codec;
use crate::codec::Properties;
use crate::container::Error;
use crate::container::notes::Notes;
use crate::index::{self, Container, Outline};
use crate::media::{Run, Setup, Time, Timescale, Track};

/// What a track's stream is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stream {
    pub codec: Codec,
    pub properties: Properties,
}

impl Stream {
    /// Of this codec; what its data do not say of it is left open.
    pub fn new(codec: Codec, properties: Option<Properties>) -> Self {
        let unknown = || Properties { name: codec.name().to_owned(), ..Properties::default() };
        let properties = properties.unwrap_or_else(unknown);
        Self { codec, properties }
    }

    /// A track of no samples so far, with this setup.
    pub fn track(&self, id: u64, setup: Setup) -> Option<Track> {
        Some(Track {
            dimensions: self.properties.dimensions,
            sample_rate: self.properties.sample_rate,
            channels: self.properties.channels,
            ..Track::new(
                id,
                self.codec.kind(),
                self.properties.name.clone(),
                Timescale::per_second(u32::try_from(SECOND).ok()?)?,
                setup,
            )
        })
    }
}

/// The outline of a file of these tracks, whose pages are not counted yet. A player needs `setup_ranges` of its bytes.
pub fn outline(
    (container, mime): (Container, &str),
    tracks: Vec<Track>,
    setup: &impl Serialize,
    setup_ranges: Vec<Range<u64>>,
    notes: &mut Notes,
) -> Outline {
    if tracks.iter().all(|track| track.samples == 0) {
        notes.push("it has no samples".to_owned());
    }
    let ends = tracks.iter().map(|track| track.timescale.time(track.presented.1));
    Outline {
        container,
        mime: mime.to_owned(),
        duration: ends.max().unwrap_or(Time::ZERO),
        tracks,
        setup: vec![pack(setup)],
        setup_ranges,
        elements: true,
        chapters: Vec::new(),
        created: None,
        pages: 0,
        notes: Vec::new(),
    }
}

/// What [`unpack`] reads.
pub fn pack(what: &impl Serialize) -> Setup {
    // Plain data in memory always serialises; of nothing at all, `unpack` would say that it is none.
    Setup::Inline(postcard::to_stdvec(what).unwrap_or_default().into())
}

/// What the indexer left in a setup.
pub fn unpack<T: DeserializeOwned>(setup: Option<&Setup>) -> Result<T, Error> {
    match setup {
        Some(Setup::Inline(packed)) => postcard::from_bytes(packed).map_err(|_| mismatch("a setup that is not whole")),
        _ => Err(mismatch("an outline without its setup")),
    }
}

/// The samples of a run that begin among these bytes: the first of them with those behind it, and how many they are.
pub fn beginning(run: &Run, bytes: &Range<u64>) -> (Option<Run>, u32) {
    let size = u64::from(run.size.max(1));
    let before = |offset: u64| {
        let samples = offset.saturating_sub(run.offset).div_ceil(size);
        u32::try_from(samples).unwrap_or(u32::MAX).min(run.count)
    };
    let (first, behind) = (before(bytes.start), before(bytes.end));
    (run.slice(first..behind), behind - first)
}

/// The pages and the outline do not go together, or not with the selection.
pub fn mismatch(what: &str) -> Error {
    Error::Index(index::Error(what.to_owned()))
}
