//! How the times of a track become those of its segments.
//!
//! Decode times of a whole content begin at zero. Video has signed composition offsets in place of an edit list (ISO/IEC
//! 23000-19 §7.5.13), audio an edit list that skips its priming.
//!
//! A part begins to be presented at the instant that was asked for. The pictures before it that decoding needs last one tick
//! each, in a timescale in which all of them together are shorter than half a millisecond ([`LEAD`]). The frames of sound before
//! it are skipped by the edit list. Composition offsets of a part are reduced by what all pictures wait from decoding to
//! presentation, whether an edit list says so or not: a segment is decoded for as long as its pictures are shown.

use crate::index::{Outline, Segments};
use crate::media::{Interval, Kind, Ticks, Time, Timescale, Track};

/// The ticks before the first picture of a part that is presented: as many pictures can be there.
pub const LEAD: u64 = 8192;

/// The least ticks a second of the pictures of a part.
const FINE: u32 = 20_000_000;

/// The times of a track in its segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// Ticks a second.
    pub timescale: u32,
    /// The media time at which the presentation begins.
    pub media_time: u64,
    /// How many ticks a tick of the track has.
    factor: i64,
    /// The decode time, in the track's ticks, that becomes `lead`.
    pub origin: Ticks,
    lead: i64,
    /// What composition offsets are reduced by, in the track's ticks.
    pub composition: Ticks,
    /// The instant of the content at which decode time zero is.
    begins: Time,
}

impl Timeline {
    /// The times of a track that is divided at this position; `None` if they have no whole ticks a second.
    pub fn new(outline: &Outline, segments: &Segments, index: usize, part: Option<Interval>) -> Option<Self> {
        let track = outline.tracks.get(*segments.tracks.get(index)?)?;
        let start = *segments.starts.get(index)?;
        let (ticks, seconds) = track.timescale.as_fraction();
        let is_video = track.kind == Kind::Video;
        let multiple = if part.is_some() && is_video { FINE.div_ceil(ticks) } else { 1 };
        let timescale = ticks.checked_mul(multiple)?;
        let factor = i64::from(seconds).checked_mul(i64::from(multiple))?;
        // By how much decoding begins before the presentation.
        let ahead = (track.shift() - start).max(Ticks::ZERO);
        let whole = Self {
            timescale,
            media_time: if is_video { 0 } else { scaled(ahead, factor) },
            factor,
            origin: track.shift() - ahead,
            lead: 0,
            composition: if is_video { ahead } else { Ticks::ZERO },
            begins: Time::ZERO - track.timescale.time(ahead),
        };
        let Some(part) = part else { return Some(whole) };
        let begins = track.timescale.ticks(part.start()) + track.shift();
        if is_video {
            let lead = i64::try_from(LEAD).ok()?;
            let delay = delay(track, start);
            return Some(Self { origin: begins - delay, lead, composition: delay, begins: part.start(), ..whole });
        }
        let preroll = track.preroll + frame(track).times(2);
        let begins_at = part.start() - track.timescale.time(preroll);
        Some(Self { origin: begins - preroll, media_time: scaled(preroll, factor), begins: begins_at, ..whole })
    }

    /// The decode time of a sample in its segment, in ticks of the segment: before zero if it precedes the first one.
    pub fn decode(&self, decode: Ticks) -> i64 {
        (decode - self.origin).0.saturating_mul(self.factor).saturating_add(self.lead)
    }

    /// A composition offset.
    pub fn offset(&self, composition: Ticks) -> i64 {
        (composition - self.composition).0.saturating_mul(self.factor)
    }

    /// The presentation time of a sample.
    pub fn presentation(&self, presentation: Ticks) -> i64 {
        self.decode(presentation - self.composition)
    }

    /// A duration.
    pub fn duration(&self, duration: Ticks) -> i64 {
        duration.0.saturating_mul(self.factor)
    }

    /// The instant of the content that is decoded at about this time.
    pub fn near(&self, time: u64) -> Time {
        let ticks = Ticks(i64::try_from(time).unwrap_or(i64::MAX));
        self.begins + Timescale::per_second(self.timescale).map_or(Time::MAX, |scale| scale.time(ticks))
    }

    /// Seconds of a number of ticks.
    #[allow(clippy::cast_precision_loss, reason = "durations are far below 2^52 ticks")]
    pub fn seconds(&self, ticks: u64) -> f64 {
        ticks as f64 / f64::from(self.timescale)
    }

    /// Microseconds of a number of ticks, rounded.
    pub fn microseconds(&self, ticks: u64) -> u64 {
        let micros = (u128::from(ticks) * 1_000_000 + u128::from(self.timescale) / 2) / u128::from(self.timescale);
        u64::try_from(micros).unwrap_or(u64::MAX)
    }
}

/// By how much decoding precedes the presentation in a track whose first sample in a segment is decoded at `start`.
fn delay(track: &Track, start: Ticks) -> Ticks {
    let (least, greatest) = track.composition;
    (track.presented.0 - start).max(least).min(greatest)
}

/// The duration of an ordinary sample of a track.
pub fn frame(track: &Track) -> Ticks {
    let lasts = (track.presented.1 - track.presented.0).0.max(0);
    let samples = i64::try_from(track.samples).unwrap_or(i64::MAX).max(1);
    Ticks(lasts / samples + 1)
}

fn scaled(ticks: Ticks, factor: i64) -> u64 {
    u64::try_from(ticks.0.saturating_mul(factor)).unwrap_or(0)
}
