//! Cues (RFC 9559 §5.1.5): where a player finds the keyframes of a cut. They precede the clusters, so their length has
//! to be known before their content: all positions have eight bytes.

use super::super::{ebml, ids};
use super::OriginalBlock;
use super::clusters::BlockPosition;
use crate::container::Selected;
use crate::media::{Kind, Ticks, Time, Track};

/// The maximum number of cue points of a cut: if there are more keyframes, some are skipped evenly. A cue point takes
/// 46 bytes.
const MAX_CUES: usize = 2000;

/// The minimum distance of the cue points in a cut without video.
const AUDIO_DISTANCE: Time = Time::from_secs(5);

/// The cue points of a cut.
pub struct Cues {
    /// Their track: the first video track, else the first audio track.
    track: Option<u64>,
    /// Their minimum distance.
    distance: Ticks,
    points: Vec<BlockPosition>,
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

    /// Takes a block as a cue point, if it qualifies.
    pub fn offer(&mut self, track: &Track, block: &OriginalBlock, place: BlockPosition) {
        let far = |last: &BlockPosition| place.time - last.time >= self.distance;
        if block.sync && Some(track.id) == self.track && self.points.last().is_none_or(far) {
            self.points.push(place);
        }
    }

    /// Limited to the maximum number.
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

    /// Their size in bytes, including headers.
    pub fn len(&self) -> u64 {
        if self.is_empty() { 0 } else { 4 + ebml::size_length(self.data_length()) as u64 + self.data_length() }
    }

    fn data_length(&self) -> u64 {
        self.points.len() as u64 * self.point_length()
    }

    fn point_length(&self) -> u64 {
        1 + 1 + 10 + 1 + 1 + self.positions_length()
    }

    /// The size of the data in a CueTrackPositions.
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
