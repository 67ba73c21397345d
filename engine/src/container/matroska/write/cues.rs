//! Cues (RFC 9559 §5.1.5): where in a cut a player finds the keyframes. They stand before the clusters, so their length has
//! to be known before their content: all positions are written in eight bytes.

use super::super::{ebml, ids};
use super::Block;
use super::clusters::Place;
use crate::container::Selected;
use crate::media::{Kind, Ticks, Time, Track};

/// How many cue points a cut has at most: where there are more keyframes, every so many-th. They take 46 bytes each.
const MAX_CUES: usize = 2000;

/// How far the cue points of a cut without video lie apart at least.
const AUDIO_DISTANCE: Time = Time::from_secs(5);

/// The cue points of a cut.
pub struct Cues {
    /// The track that they point at: the first that is video, else the first that is sound.
    track: Option<u64>,
    /// How far they lie apart at least.
    distance: Ticks,
    points: Vec<Place>,
}

impl Cues {
    /// For a cut of these tracks.
    pub fn for_tracks(selected: &[Selected], tracks: &[&Track]) -> Self {
        let of = |kind| {
            let chosen =
                selected.iter().zip(tracks).find(|(chosen, track)| track.kind == kind && !chosen.runs.is_empty());
            chosen.map(|(_, track)| *track)
        };
        let (video, audio) = (of(Kind::Video), of(Kind::Audio));
        let distance = match (video, audio) {
            (None, Some(audio)) => audio.timescale.ticks(AUDIO_DISTANCE),
            _ => Ticks::ZERO,
        };
        Self { track: video.or(audio).map(|track| track.id), distance, points: Vec::new() }
    }

    /// Takes a block as a cue point, if it is one.
    pub fn offer(&mut self, track: &Track, block: &Block, place: Place) {
        let far = |last: &Place| place.time - last.time >= self.distance;
        if block.sync && Some(track.id) == self.track && self.points.last().is_none_or(far) {
            self.points.push(place);
        }
    }

    /// No more than there may be.
    pub fn thinned(mut self) -> Self {
        let step = self.points.len().div_ceil(MAX_CUES);
        if step > 1 {
            self.points = self.points.into_iter().step_by(step).collect();
        }
        self
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.points.is_empty()
    }

    /// How many bytes they are, header and all.
    pub fn len(&self) -> u64 {
        if self.is_empty() { 0 } else { 4 + ebml::size_length(self.data_length()) as u64 + self.data_length() }
    }

    fn data_length(&self) -> u64 {
        self.points.len() as u64 * self.point_length()
    }

    fn point_length(&self) -> u64 {
        1 + 1 + 10 + 1 + 1 + self.positions_length()
    }

    /// Bytes of data in a CueTrackPositions.
    fn positions_length(&self) -> u64 {
        (1 + 1 + ebml::uint_length(self.track.unwrap_or(0))) as u64 + 10 + 10
    }

    /// Appends them. The first cluster begins at this offset in the data of the segment.
    pub fn write(&self, out: &mut Vec<u8>, clusters: u64) {
        if self.is_empty() {
            return;
        }
        ebml::put_id(out, ids::CUES);
        ebml::put_size(out, self.data_length());
        for point in &self.points {
            ebml::put_id(out, ids::CUE_POINT);
            ebml::put_size(out, self.point_length() - 2);
            ebml::put_wide_uint(out, ids::CUE_TIME, u64::try_from(point.time.0).unwrap_or(0));
            ebml::put_id(out, ids::CUE_TRACK_POSITIONS);
            ebml::put_size(out, self.positions_length());
            ebml::put_uint(out, ids::CUE_TRACK, self.track.unwrap_or(0));
            ebml::put_wide_uint(out, ids::CUE_CLUSTER_POSITION, clusters.saturating_add(point.cluster));
            ebml::put_wide_uint(out, ids::CUE_RELATIVE_POSITION, point.relative);
        }
    }
}
