//! How the times of captions fit those of the media (RFC 8216bis §3.1.4). Segments of CMAF have times from zero. Packets keep the time
//! stamps of the file, and the index keeps those of pictures that are PES packets only as times of the content. So each segment of
//! captions reads one of them from the file, at its beginning. That holds too if the clock of the file has begun anew.

use super::captions::LASTS;
use super::name::TextItem;
use super::{PackageError, Presentation, SegmentForm, segment_format};
use crate::caption::TimestampMap;
use crate::container::TimeStamp;
use crate::index::{Pages, cells};
use crate::media::splice::Splice;
use crate::media::{Interval, Run, Time};

/// An instant of the content, and its time stamp in the media.
#[derive(Clone, Debug)]
pub struct Anchor {
    time: Time,
    stamp: TimeStamp,
}

impl Anchor {
    /// The bytes of the content that have the time stamp; none if it is known.
    #[must_use]
    pub fn packet(&self) -> Splice {
        let mut packet = Splice::new();
        if let TimeStamp::At(bytes) = &self.stamp {
            packet.source(bytes.clone());
        }
        packet
    }
}

impl Presentation<'_> {
    /// What says how the times of an item of captions fit those of the media: in packets, the first sample of the leading track that
    /// it has.
    ///
    /// # Errors
    ///
    /// [`PackageError::Missing`] if there is no such item; others if the index cannot be read.
    pub async fn anchor(&self, pages: &mut impl Pages, item: TextItem) -> Result<Anchor, PackageError> {
        let begins = self.shown().start();
        let (TextItem::Segment(_), Some(format)) = (item, segment_format(self.outline())) else {
            return Ok(Anchor { time: begins, stamp: TimeStamp::Known(self.begins_at()) });
        };
        let within = self.caption_interval(item).ok_or(PackageError::Missing)?;
        // If the leading track has ended, its clock goes on.
        let all = Interval::new(begins, begins + LASTS).ok_or(PackageError::Missing)?;
        let found = match self.first_presented(pages, within).await? {
            Some(found) => Some(found),
            None => self.first_presented(pages, all).await?,
        };
        let (place, time, run) = found.ok_or(PackageError::Missing)?;
        Ok(Anchor { time, stamp: format.time_stamp(self.outline(), place, &run)? })
    }

    /// How the times of captions fit those of the media, by what [`Anchor::packet`] names.
    ///
    /// # Errors
    ///
    /// [`PackageError::Missing`] if these bytes are no such packet.
    pub fn timestamp_map(&self, anchor: &Anchor, packet: &[u8]) -> Result<TimestampMap, PackageError> {
        let stamp = match anchor.stamp {
            TimeStamp::Known(stamp) => Some(stamp),
            TimeStamp::At(_) => segment_format(self.outline()).and_then(|format| format.read_time_stamp(packet)),
        };
        Ok(TimestampMap::new(stamp.ok_or(PackageError::Missing)?, anchor.time, self.shown().start()))
    }

    /// How much earlier than captions the media begin: a part in packets begins with the sync sample before it.
    ///
    /// # Errors
    ///
    /// If the index cannot be read.
    pub async fn caption_lead(&self, pages: &mut impl Pages) -> Result<Time, PackageError> {
        if self.form() != SegmentForm::Packets || self.interval().is_none() {
            return Ok(Time::ZERO);
        }
        let table = self.table(pages).await?;
        Ok(self.behind_entry(&table).unwrap_or(Time::ZERO))
    }

    /// The first leading sample that begins to be presented in this interval of the content: its track, its time, and itself.
    async fn first_presented(
        &self,
        pages: &mut impl Pages,
        within: Interval,
    ) -> Result<Option<(usize, Time, Run)>, PackageError> {
        let place = self.renditions().first().map_or(0, |leader| leader.place);
        let Some(track) = self.outline().tracks.get(place) else { return Ok(None) };
        let at = |time: Time| track.timescale.ticks(time) + track.shift();
        let (from, to) = (at(within.start()), at(within.end()));
        for number in cells(track, from, to) {
            pages.fetch(number..=number).await?;
            let part = pages.page(number)?.and_then(|page| page.tracks.into_iter().nth(place));
            let runs = part.map(|part| part.runs).unwrap_or_default();
            let begun = runs.iter().filter_map(|run| run.presented_from(from)?.slice(0..1));
            let first = begun.filter(|run| run.presentation() < to).min_by_key(Run::presentation);
            if let Some(run) = first {
                return Ok(Some((place, track.timescale.time(run.presentation() - track.shift()), run)));
            }
        }
        Ok(None)
    }
}
