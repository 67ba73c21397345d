//! The configurations that a file says for its samples, until the segments that begin with them are complete.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::TrackBuilder;
use crate::media::{Run, Ticks, Time};

/// How far from a change of configuration a segment may begin that begins with it: by so much the sound of a recording may begin
/// before its pictures, or after them.
pub(super) const APART: Time = Time(500_000_000);

/// The configurations that a file has said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ConfigurationChanges {
    /// Those that are in no settled segment yet; of each track ordered by time.
    pub pending: Vec<Configured>,
    /// The last one of each track.
    pub latest: BTreeMap<usize, u32>,
    /// Whether there is one within a segment, or there are too many.
    pub unaligned: bool,
}

/// What the samples of a track need from a decode time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Configured {
    pub place: usize,
    pub decode: Ticks,
    pub number: u32,
    /// Whether the track had another one before.
    pub changes: bool,
}

impl Configured {
    /// Whether a segment that begins at this time can begin with it.
    pub fn is_near(&self, time: Time, building: &[TrackBuilder]) -> bool {
        let own = self.time(building);
        own - APART <= time && time <= own + APART
    }

    /// The decode time on the presentation timeline.
    pub fn time(&self, building: &[TrackBuilder]) -> Time {
        let time = |builder: &TrackBuilder| builder.track.timescale.time(self.decode - builder.track.shift());
        building.get(self.place).map_or(Time::MAX, time)
    }
}

/// How many samples of a run are decoded before this time.
pub(super) fn decoded_before(run: &Run, time: Ticks) -> u32 {
    if run.decode >= time { 0 } else { run.count_before(time).min(run.count) }
}
