//! Where a file changes the configuration of a decoder, a segment begins, and with it a period of the segment table.
//!
//! The leading track begins a segment exactly with its change. Another track begins it with its own change, if that is near; if it
//! changes alone, the leading track begins a segment at its next sync sample. A file whose changes do not allow that has no periods.

use super::TrackBuilder;
use super::changes::{APART, ConfigurationChanges, Configured, decoded_before};
use super::segmenter::Segmenter;
use crate::index::segments::{Period, Segment};
use crate::media::{Run, Ticks, Time, Track};

/// The most changes of configuration between two segments that are settled, and the most periods.
const MAX_PENDING: usize = 64;
const MAX_PERIODS: usize = 256;

impl Segmenter {
    /// Says what the samples of a track that are decoded from this time on need. Its last sample is decoded at `last`.
    pub fn configure(&mut self, place: usize, decode: Ticks, number: u32, last: Ticks) {
        let is_divided = self.tracks.is_empty() || self.tracks.iter().any(|track| track.place == place);
        let ConfigurationChanges { pending, latest, unaligned } = &mut self.changes;
        if *unaligned || !is_divided || latest.get(&place) == Some(&number) {
            return;
        }
        if pending.len() >= MAX_PENDING {
            *unaligned = true;
            return;
        }
        let changes = latest.insert(place, number).is_some();
        // By their times they could not be told apart.
        *unaligned |= changes && last >= decode;
        pending.push(Configured { place, decode, number, changes });
    }

    /// The next change of a track behind its last sample.
    pub fn next_change(&self, index: usize) -> Option<Configured> {
        let track = self.tracks.get(index)?;
        let follows =
            |change: &&Configured| change.place == track.place && change.decode > track.last && change.changes;
        self.changes.pending.iter().find(follows).copied()
    }

    /// Those samples of a run of the leading track with which a segment has to begin because configurations change.
    pub fn configured_anew(&self, building: &[TrackBuilder], track: &Track, run: &Run) -> Option<Run> {
        let (open, leader) = (self.open.back()?, self.tracks.first()?);
        let begun = open.segment.tracks.first()?.start;
        let changes = self.changes.pending.iter().filter(|change| change.changes).filter_map(|change| {
            if change.place == leader.place {
                return (change.decode > begun).then(|| run.slice(decoded_before(run, change.decode)..u32::MAX));
            }
            let from = change.time(building) - APART;
            let waits = from > open.time && !self.goes_with_leader(building, change);
            waits.then(|| run.presented_from(track.timescale.ticks(from) + track.shift()))
        });
        changes.flatten().max_by_key(|run| run.count)
    }

    /// Whether configurations change with a segment whose first sample of the leading track has these times.
    pub fn changes_at(&self, building: &[TrackBuilder], time: Time, decode: Ticks) -> bool {
        let Some(leader) = self.tracks.first() else { return false };
        self.changes.pending.iter().filter(|change| change.changes).any(|change| {
            if change.place == leader.place {
                return change.decode > leader.last && change.decode <= decode;
            }
            change.is_near(time, building) && !self.goes_with_leader(building, change)
        })
    }

    /// Whether the configuration of the leading track changes at about the same time as that of another one.
    fn goes_with_leader(&self, building: &[TrackBuilder], change: &Configured) -> bool {
        let leader = self.tracks.first().map(|leader| leader.place);
        let mut others = self.changes.pending.iter().filter(|other| other.changes && Some(other.place) == leader);
        others.any(|other| other.is_near(change.time(building), building))
    }

    /// Holds back those samples of a run whose configuration is another one, until the segment that begins with them is known.
    /// Returns the others.
    pub fn hold(
        &mut self,
        page: u32,
        (index, building): (usize, &[TrackBuilder]),
        track: &Track,
        run: &Run,
    ) -> Option<Run> {
        let change = self.next_change(index).filter(|change| change.decode < run.decode_end());
        let closed = self.closed;
        let divided = self.tracks.get_mut(index)?;
        if !divided.held.is_empty() {
            divided.held.push(run.clone());
            return None;
        }
        let Some(change) = change else { return Some(run.clone()) };
        let ahead = divided.at.unwrap_or(closed).saturating_sub(closed).saturating_add(1);
        let ahead = usize::try_from(ahead).unwrap_or(usize::MAX);
        let is_known = self.open.iter().skip(ahead).any(|open| open.anew && change.is_near(open.time, building));
        let latest = track.timescale.time(change.decode - track.shift()) + APART;
        if is_known || crate::index::cell_at(latest) < page {
            return Some(run.clone());
        }
        let before = decoded_before(run, change.decode);
        divided.held.extend(run.slice(before..u32::MAX));
        run.slice(0..before)
    }

    /// Begins a period with a segment if it has other configurations than the one before.
    pub fn note_period(&mut self, segment: &Segment) {
        let Self { tracks, changes: ConfigurationChanges { pending, unaligned, .. }, summary, .. } = self;
        let before = summary.periods.last().map(|period| period.configurations.clone());
        let before = before.unwrap_or_else(|| vec![0; segment.tracks.len()]);
        let mut numbers = before.clone();
        for ((track, of_track), number) in tracks.iter().zip(&segment.tracks).zip(&mut numbers) {
            let is_of = |change: &Configured| change.place == track.place && change.decode < of_track.end;
            if of_track.start < of_track.end {
                for change in pending.extract_if(.., |change| is_of(change)) {
                    *unaligned |= change.decode > of_track.start;
                    *number = change.number;
                }
            }
        }
        let periods = &mut summary.periods;
        // A track without a configuration begins in this segment.
        let changes = before.iter().zip(&numbers).any(|(before, number)| *before != 0 && before != number);
        if let (Some(period), false) = (periods.last_mut(), changes) {
            let all = period.starts.iter_mut().zip(&mut period.configurations).zip(numbers).zip(&segment.tracks);
            for (((start, configuration), number), of_track) in all {
                if *configuration != number {
                    (*start, *configuration) = (of_track.start, number);
                }
            }
        } else if periods.len() < MAX_PERIODS {
            let starts = segment.tracks.iter().map(|of_track| of_track.start).collect();
            periods.push(Period { starts, configurations: numbers });
        } else {
            *unaligned = true;
        }
    }

    /// Leaves out the periods of a file that has only its first configurations, and those that are not where segments begin.
    pub fn end_periods(&mut self) {
        let is_usual = |period: &Period| period.configurations.iter().all(|number| *number < 2);
        if self.changes.unaligned || matches!(self.summary.periods.as_slice(), [only] if is_usual(only)) {
            self.summary.periods.clear();
        }
    }
}
