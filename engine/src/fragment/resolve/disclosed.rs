//! What a cut discloses. Decoding begins at a sync sample, so a cut may contain pictures from before the start of its
//! playback: an edit list hides them from a viewer, but not from a program. The service reports this when it signs an
//! excerpt.

use std::ops::RangeInclusive;

use super::pages::HeldPages;
use super::{Meaning, ResolveError, When, select};
use crate::container::{self, EditSpan, Selected};
use crate::index::{Outline, Page, Pages, PagesError, SegmentPart};
use crate::media::{Interval, Kind, Run, Ticks, Time, Track};

/// The length of each end of a fragment that is examined: what is between the two ends discloses nothing outside of the
/// fragment.
const END: Time = Time::from_secs(10);

/// The part of the timeline whose samples are in the cut of a fragment, presented or only decoded. It contains the
/// requested interval, as far as the file has it. A picture or a text that is already presented when the cut begins
/// counts from there, since nothing earlier is seen of it; a frame of audio counts as a whole. `None` if there is
/// nothing at the requested time.
///
/// It reads only pages at the two ends of the fragment, and of a long group of pictures only the first page: a few
/// pages, however long the fragment is.
///
/// # Errors
///
/// If the pages cannot be read.
pub async fn disclosed(
    outline: &Outline,
    pages: &mut impl Pages,
    meaning: &Meaning,
) -> Result<Option<Interval>, ResolveError> {
    let Some(asked) = meaning.interval(outline) else { return Ok(None) };
    if meaning.when == When::Always {
        return Ok(Some(asked));
    }
    if asked.duration() <= END + END {
        return piece(outline, pages, meaning, asked).await;
    }
    let ends = [(asked.start(), asked.start() + END), (asked.end() - END, asked.end())];
    let [first, last] = ends.map(|(start, end)| Interval::new(start, end).unwrap_or(asked));
    let first = piece(outline, pages, meaning, first).await?.unwrap_or(first);
    let last = piece(outline, pages, meaning, last).await?.unwrap_or(last);
    Ok(Interval::new(first.start(), last.end()))
}

/// What the cut of a short interval discloses.
async fn piece(
    outline: &Outline,
    pages: &mut impl Pages,
    meaning: &Meaning,
    asked: Interval,
) -> Result<Option<Interval>, ResolveError> {
    let mut sparse = SparsePages(pages);
    let mut held = HeldPages::new(&mut sparse, outline.pages);
    let format = container::known_format_of(outline)?;
    let selection = select((outline, format), &mut held, &meaning.places(outline), asked).await?;
    Ok(selection.map(|selection| {
        let tracks = selection.tracks.iter().filter_map(|part| Some((outline.tracks.get(part.track)?, part)));
        let given = selection.given;
        let held =
            tracks.flat_map(|(track, part)| part.runs.iter().filter_map(move |run| of_run(given, track, part, &run)));
        let (start, end) =
            held.fold((given.start(), given.end()), |(start, end), held| (start.min(held.0), end.max(held.1)));
        Interval::new(start.max(Time::ZERO), end.min(outline.duration.max(given.end()))).unwrap_or(given)
    }))
}

/// The interval of a run's samples on the timeline of the file.
fn of_run(given: Interval, track: &Track, selected: &Selected, run: &Run) -> Option<(Time, Time)> {
    let begin = given.start();
    let at = |media| Some(begin + track.timescale.time(on_cut(&selected.segments, media)?));
    let start = at(run.presentation())?;
    let is_presented = at(run.presentation() + run.duration)? > begin;
    let start = if track.kind != Kind::Audio && is_presented { start.max(begin) } else { start };
    Some((start, at(run.decode_end() + run.composition)?))
}

/// The time of a track's presentation time, in a cut with these segments: if none of them presents it, relative to the
/// nearest one. `None` if the cut presents nothing of the track.
fn on_cut(segments: &[EditSpan], media: Ticks) -> Option<Ticks> {
    let mut at = Ticks::ZERO;
    let mut nearest: Option<(i64, Ticks)> = None;
    for segment in segments {
        if let Some(begins) = segment.media {
            let ends = begins + segment.duration;
            let distance = (begins - media).0.max((media - ends).0).max(0);
            if nearest.is_none_or(|(least, _)| distance < least) {
                nearest = Some((distance, at + (media - begins)));
            }
        }
        at += segment.duration;
    }
    nearest.map(|(_, at)| at)
}

/// Pages. Of a long range, only those at the ends are read: the page with the sync sample, and those that were
/// read before. The pages in between are only for decoding, and determine neither end.
struct SparsePages<'p, P>(&'p mut P);

/// A range of up to this many pages is read as a whole.
const SHORT: u32 = 16;

impl<P: Pages> Pages for SparsePages<'_, P> {
    async fn fetch(&mut self, cells: RangeInclusive<u32>) -> Result<(), PagesError> {
        let (first, last) = (*cells.start(), *cells.end());
        if last.saturating_sub(first) < SHORT {
            return self.0.fetch(cells).await;
        }
        self.0.fetch(first..=first).await?;
        self.0.fetch(last..=last).await
    }

    fn page(&self, cell: u32) -> Result<Option<Page>, PagesError> {
        self.0.page(cell)
    }

    fn segments(&self, part: u32) -> Result<Option<SegmentPart>, PagesError> {
        self.0.segments(part)
    }

    fn before(&self, cell: u32) -> Option<u32> {
        self.0.before(cell)
    }

    fn keep(&mut self, cells: RangeInclusive<u32>) {
        self.0.keep(cells);
    }

    fn at_hand(&self) -> (usize, usize) {
        self.0.at_hand()
    }

    async fn reserve(&mut self, bytes: u64) -> Result<(), PagesError> {
        self.0.reserve(bytes).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_counts_from_the_segment_that_is_nearest() {
        let segment = |duration, media: Option<i64>| EditSpan { duration: Ticks(duration), media: media.map(Ticks) };
        let segments = [segment(5, None), segment(10, Some(100)), segment(10, Some(20))];
        for (media, expected) in [(100, 5), (105, 10), (90, -5), (112, 17), (20, 15), (14, 9), (31, 26)] {
            assert_eq!(on_cut(&segments, Ticks(media)), Some(Ticks(expected)), "{media}");
        }
        let [nothing, ..] = segments;
        assert_eq!(on_cut(&[nothing], Ticks(100)), None);
    }
}
