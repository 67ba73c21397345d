//! The parts of the outline that both share, and the functions that their writers read it with.

use std::ops::Range;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::clock::SECOND;
use super::codec::MpegCodec;
use crate::codec::StreamProperties;
use crate::container::Error;
use crate::container::notes::Notes;
use crate::index::{self, Container, FORMAT, Outline};
use crate::media::{Run, Setup, Time, Timescale, Track};

/// The description of a track's stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamOutline {
    pub codec: MpegCodec,
    pub properties: StreamProperties,
}

impl StreamOutline {
    /// A description by this codec; unknown parameters stay empty.
    pub fn new(codec: MpegCodec, properties: Option<StreamProperties>) -> Self {
        let unknown = || StreamProperties { name: codec.name().to_owned(), ..StreamProperties::default() };
        let properties = properties.unwrap_or_else(unknown);
        Self { codec, properties }
    }

    /// A track with this setup, so far without samples.
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

/// The outline of a file with these tracks, without its pages. A player needs `setup_ranges` of its bytes.
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
        segments: None,
        format: FORMAT,
    }
}

/// Encodes a setup for [`unpack`].
pub fn pack(what: &impl Serialize) -> Setup {
    // Plain data in memory always serialises. `unpack` would refuse an empty setup.
    Setup::Inline(postcard::to_stdvec(what).unwrap_or_default().into())
}

/// Decodes a setup that the indexer wrote. Lists at its end that a former format did not have are empty.
pub fn unpack<T: DeserializeOwned>(setup: Option<&Setup>) -> Result<T, Error> {
    match setup {
        Some(Setup::Inline(packed)) => {
            postcard::from_bytes(&[packed, &[0; 1][..]].concat()).map_err(|_| mismatch("a setup that is not whole"))
        }
        _ => Err(mismatch("an outline without its setup")),
    }
}

/// The samples of a run that begin in this byte range: the run from the first of them on, and their number.
pub fn beginning(run: &Run, bytes: &Range<u64>) -> (Option<Run>, u32) {
    let size = u64::from(run.size.max(1));
    let before = |offset: u64| {
        let samples = offset.saturating_sub(run.offset).div_ceil(size);
        u32::try_from(samples).unwrap_or(u32::MAX).min(run.count)
    };
    let (first, behind) = (before(bytes.start), before(bytes.end));
    (run.slice(first..behind), behind - first)
}

/// The pages, the outline and the selection do not match.
pub fn mismatch(what: &str) -> Error {
    Error::Index(index::InvalidIndex(what.to_owned()))
}
