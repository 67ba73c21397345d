//! From a request and the pages of an index to the answer: a splice, and the interval that it really contains.
//!
//! A request may name seconds, frames, the time of day, chapters, or tracks by name; `meaning` translates it for one
//! file, into positions of tracks and seconds of the presentation timeline. `edits` maps these through each track's
//! edit list to the track's own times, and `span` finds the samples of those times in the pages, from the sync sample
//! before the first to the last one needed. Then the container writes them ([`cut`]), or the answer is their bytes in
//! the original ([`cover`]) or in a cut of it (`inner`).

mod cover;
mod disclosed;
mod edits;
mod inner;
mod meaning;
mod pages;
mod position;
mod span;
mod tracks;

use std::ops::{Range, RangeInclusive};

pub use crate::index::{Memory, Pages};
pub use cover::{cover, setup};
pub use disclosed::disclosed;
pub use meaning::{Dimension, Meaning, Meaningless, When, frame_rate, unit};

use self::edits::segments;
use self::pages::{HeldPages, Want};
use self::position::{Span, union};
use self::span::{Bound, find};
use crate::container::{self, EditSpan, Format, Selected, Selection, Written};
use crate::fragment::range::FragmentRange;
use crate::fragment::uri::{Fragment, Temporal};
use crate::index::{Outline, PagesError, cell_at};
use crate::media::{Interval, Kind, Ticks, Time, Track};

/// A requested fragment, from a query or a `Range`: [`Meaning::of`] translates it for a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ask {
    /// The time; `None` for all of it.
    pub time: Option<Temporal>,
    /// Tracks by name, number or kind; empty for all of them.
    pub tracks: Vec<String>,
    /// The chapter; `None` for all of them.
    pub id: Option<String>,
}

impl Ask {
    /// Whether it selects no part of a file, and so means the whole.
    #[must_use]
    pub const fn is_all(&self) -> bool {
        self.time.is_none() && self.tracks.is_empty() && self.id.is_none()
    }
}

impl From<Interval> for Ask {
    fn from(interval: Interval) -> Self {
        Self { time: Some(interval.into()), ..Self::default() }
    }
}

impl From<&Fragment> for Ask {
    fn from(fragment: &Fragment) -> Self {
        Self { time: fragment.time, tracks: fragment.tracks.clone(), id: fragment.id.clone() }
    }
}

impl From<&FragmentRange> for Ask {
    fn from(range: &FragmentRange) -> Self {
        Self { time: range.time, tracks: range.tracks.clone(), id: range.id.clone() }
    }
}

/// Why a request cannot be resolved.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The container cannot write it.
    #[error(transparent)]
    Container(#[from] container::Error),
    /// The pages belong to another version of the file than the head: it is being indexed again.
    #[error("the file is being indexed again")]
    Changed,
    /// The pages cannot be read at the moment, because this service is throttling.
    #[error("{0} is throttling")]
    Busy(&'static str),
    /// Other answers use all memory for answers.
    #[error("other requests use all memory for answers")]
    Full,
    /// The pages could not be read.
    #[error("the index could not be read: {0}")]
    Pages(String),
}

impl From<PagesError> for ResolveError {
    fn from(error: PagesError) -> Self {
        match error {
            PagesError::Damaged(error) => Self::Container(error.into()),
            PagesError::Changed => Self::Changed,
            PagesError::Busy(service) => Self::Busy(service),
            PagesError::Full => Self::Full,
            PagesError::Unread(why) => Self::Pages(why),
        }
    }
}

/// A cut: a separate resource.
#[derive(Clone, Debug)]
pub struct MediaPart {
    /// Its bytes and their layout.
    pub file: Written,
    /// Its MIME type.
    pub mime: String,
    /// The part of the original's timeline that its playback covers.
    pub given: Interval,
    /// The positions in the outline of its tracks, if tracks were selected.
    pub tracks: Option<Vec<usize>>,
    /// Its samples, with their offsets in the original.
    pub selected: Vec<Selected>,
}

/// The answer to a fragment in a query.
#[derive(Clone, Debug)]
pub enum Cut {
    /// No dimension means anything for this file: the original.
    Original,
    /// There is nothing at the requested time; usually it is after the end.
    Outside,
    /// A part.
    Part(Box<MediaPart>),
}

/// The answer to a fragment in a `Range` header.
#[derive(Clone, Debug)]
pub enum Cover {
    /// No part of this file is selected; the text says why.
    Unsatisfiable(String),
    /// Bytes of the original.
    Ranges {
        /// The ranges in ascending order; they do not touch.
        ranges: Vec<Range<u64>>,
        /// The interval that they really contain.
        given: Interval,
    },
}

/// How long before the start of an interval its group of pictures may begin and still be found in the first round trip.
const LEAD_IN: Time = Time::from_secs(30);
/// How far decoding may run ahead of presentation at the end of an interval.
const REORDERING: Time = Time(500_000_000);
/// How many pages are requested at once: the capacity of one `BatchGetItem`, minus the head.
pub const AT_ONCE: u32 = 48;
/// How many pages are requested if no time is named: the rest follows in larger portions.
const WITHOUT_TIME: u32 = 30;

/// The pages that a request will probably need, before anything is known of the file. Empty if it selects nothing, or
/// if only the head determines its time: chapters, and the time of day.
#[must_use]
pub fn guess(ask: &Ask) -> RangeInclusive<u32> {
    let interval = match ask.time {
        Some(Temporal::Npt(interval)) => interval,
        Some(Temporal::Smpte(format, interval)) => interval.map(|code| format.time(code.position(format))),
        None if ask.id.is_none() && !ask.tracks.is_empty() => return 0..=WITHOUT_TIME - 1,
        Some(Temporal::Clock(_)) | None => return RangeInclusive::new(1, 0),
    };
    let (start, end) = (interval.start.unwrap_or(Time::ZERO), interval.end.unwrap_or(Time::MAX));
    if end <= start {
        return RangeInclusive::new(1, 0);
    }
    let first = cell_at(start - LEAD_IN);
    let last = cell_at(end + REORDERING);
    first..=last.min(first + AT_ONCE - 1)
}

/// Resolves a fragment in a query to a complete file.
pub async fn cut(outline: &Outline, pages: &mut impl Pages, meaning: &Meaning) -> Result<Cut, ResolveError> {
    if meaning.is_all() || outline.duration <= Time::ZERO {
        return Ok(Cut::Original);
    }
    let Some(given) = meaning.interval(outline) else { return Ok(Cut::Outside) };
    let format = container::known_format_of(outline)?;
    // If the request has to wait for memory, it waits before it loads pages.
    pages.reserve(estimate(outline, meaning)).await?;
    let mut held = HeldPages::new(pages, outline.pages);
    let Some(selection) = select((outline, format), &mut held, &meaning.places(outline), given).await? else {
        return Ok(Cut::Outside);
    };
    drop(held);
    let selection = format.as_played(outline, selection);
    let file = format.write(outline, &selection)?;
    let mime = format.mime(outline, &kinds_of(outline, &selection));
    let Selection { given, tracks: selected, .. } = selection;
    Ok(Cut::Part(Box::new(MediaPart { file, mime, given, tracks: meaning.tracks.clone(), selected })))
}

/// The samples of these tracks for an MP4 that plays exactly the interval of a meaning, whatever the format of the file
/// is; `None` if there are none.
///
/// # Errors
///
/// If the pages cannot be read, or the samples exceed the memory of a cut.
pub async fn exact(
    outline: &Outline,
    pages: &mut impl Pages,
    meaning: &Meaning,
    chosen: &[usize],
) -> Result<Option<Selection>, ResolveError> {
    let Some(given) = meaning.interval(outline) else { return Ok(None) };
    pages.reserve(estimate(outline, meaning)).await?;
    let mut held = HeldPages::new(pages, outline.pages);
    if meaning.when != When::Always {
        let selection = select_exactly(outline, &mut held, chosen, given).await?;
        return Ok(there(outline, selection));
    }
    // All samples, also those that are never presented.
    let mut tracks = Vec::with_capacity(chosen.len());
    for (place, track) in places(outline, chosen) {
        let all = find(&mut held, place, track, Bound::Open, Bound::Open).await?;
        tracks.push((Want::of(place, all.into_iter().collect()), segments(track, given)));
    }
    let selection = taken(outline, &mut held, tracks, given).await?;
    Ok(there(outline, selection))
}

/// The samples of these tracks that present an interval, and those that have to be decoded before; `None` if there are
/// none.
async fn select(
    (outline, format): (&Outline, &dyn Format),
    held: &mut HeldPages<'_, impl Pages>,
    chosen: &[usize],
    given: Interval,
) -> Result<Option<Selection>, ResolveError> {
    let selection = if places(outline, chosen).all(|(_, track)| format.starts_exactly(outline, track)) {
        select_exactly(outline, held, chosen, given).await?
    } else {
        select_from_sync((outline, format), held, chosen, given).await?
    };
    Ok(there(outline, selection))
}

/// A selection without tracks that have no sample in the interval: some players cannot handle an empty track. `None` if
/// no track remains.
fn there(outline: &Outline, mut selection: Selection) -> Option<Selection> {
    selection.tracks.retain(|track| !track.runs.is_empty());
    if selection.tracks.is_empty() {
        return None;
    }
    selection.given = within_tracks(outline, &selection);
    Some(selection)
}

/// For formats whose playback can begin at any instant: each track's samples for the interval, trimmed to it by the
/// segments.
async fn select_exactly(
    outline: &Outline,
    held: &mut HeldPages<'_, impl Pages>,
    chosen: &[usize],
    given: Interval,
) -> Result<Selection, ResolveError> {
    let mut tracks = Vec::with_capacity(chosen.len());
    for (place, track) in places(outline, chosen) {
        tracks.push(exactly(held, place, track, given).await?);
    }
    taken(outline, held, tracks, given).await
}

/// Collects the wanted samples of the tracks, which are presented in these segments.
async fn taken(
    outline: &Outline,
    held: &mut HeldPages<'_, impl Pages>,
    tracks: Vec<(Want, Vec<EditSpan>)>,
    given: Interval,
) -> Result<Selection, ResolveError> {
    let (wants, segments): (Vec<Want>, Vec<Vec<EditSpan>>) = tracks.into_iter().unzip();
    let (runs, elements) = held.collect(&wants, outline.elements).await?;
    let tracks = wants.iter().zip(runs).zip(segments);
    let tracks = tracks.map(|((want, runs), segments)| Selected { track: want.place, runs, segments });
    Ok(Selection { given, tracks: tracks.collect(), elements })
}

/// The samples of one track that present an interval, and those that have to be decoded before.
async fn exactly(
    held: &mut HeldPages<'_, impl Pages>,
    place: usize,
    track: &Track,
    given: Interval,
) -> Result<(Want, Vec<EditSpan>), ResolveError> {
    let segments = segments(track, given);
    let mut spans = Vec::with_capacity(1);
    for segment in &segments {
        if let EditSpan { media: Some(media), duration } = segment {
            let (from, to) = (Bound::At(*media - track.preroll), Bound::At(*media + *duration));
            if let Some(span) = find(held, place, track, from, to).await? {
                spans.extend(without_leading_pictures(held, place, track, span).await?);
            }
        }
    }
    // Decoding needs no disposable picture before the beginning or after the end.
    let presented = |segment: &EditSpan| segment.media.map(|media| (media, media + segment.duration));
    let presented = (track.kind == Kind::Video).then(|| segments.iter().filter_map(presented).collect());
    Ok((Want { presented, ..Want::of(place, union(spans)) }, segments))
}

/// For formats whose playback begins with the first sample: it begins at the previous sync sample of the video, if
/// there is one; with several, at the earliest. The other tracks begin with it, at exactly that instant if they can.
async fn select_from_sync(
    (outline, format): (&Outline, &dyn Format),
    held: &mut HeldPages<'_, impl Pages>,
    chosen: &[usize],
    asked: Interval,
) -> Result<Selection, ResolveError> {
    let mut asked = asked;
    let mut leaders = leaders((outline, format), held, chosen, asked).await?;
    if format.ends_with_a_sample(outline) {
        let mut held_until = None;
        for (place, span) in &leaders {
            let Some(track) = outline.tracks.get(*place) else { continue };
            let end = held.end_of(*place, *span, track.composition.1).await?;
            held_until = held_until.max(end.map(|end| on_timeline(track, end)));
        }
        if let Some(held_until) = held_until
            && let Some(longer) = Interval::new(asked.start(), held_until.max(asked.end()))
        {
            // The last picture may refer to one after the end, which may need others before it.
            asked = longer;
            leaders = self::leaders((outline, format), held, chosen, asked).await?;
        }
    }
    // If there is no sync sample before, the other tracks need not wait for the first one.
    let mut start = asked.start();
    for (place, span) in &leaders {
        let (Some(track), Some(run)) = (outline.tracks.get(*place), held.run_at(*place, span.start).await?) else {
            continue;
        };
        start = start.min(on_timeline(track, run.presentation()).max(Time::ZERO));
    }
    let given = Interval::new(start, asked.end()).unwrap_or(asked);
    let mut tracks = Vec::with_capacity(chosen.len());
    for (place, track) in places(outline, chosen) {
        if format.starts_exactly(outline, track) {
            tracks.push(exactly(held, place, track, given).await?);
            continue;
        }
        let (from, to) = on_track(track, given);
        let want = if let Some((_, span)) = leaders.iter().find(|(leader, _)| *leader == place) {
            Want::of(place, union(without_leading_pictures(held, place, track, *span).await?))
        } else {
            // Samples from before the beginning cannot be placed, and neither can pictures that need them.
            let span = find(held, place, track, Bound::At(from), Bound::At(to)).await?;
            let from_sync = track.kind == Kind::Video;
            Want { from: Some(from), from_sync, ..Want::of(place, span.into_iter().collect()) }
        };
        tracks.push((want, vec![EditSpan { duration: to - from, media: Some(from) }]));
    }
    taken(outline, held, tracks, given).await
}

/// The samples of the tracks that determine where playback begins: of the first kind that exists.
async fn leaders(
    (outline, format): (&Outline, &dyn Format),
    held: &mut HeldPages<'_, impl Pages>,
    chosen: &[usize],
    asked: Interval,
) -> Result<Vec<(usize, Span)>, ResolveError> {
    let mut leaders = Vec::new();
    // A track that has ended before has no sample to begin with, and one that can begin at any instant begins with the
    // others.
    let leads = |track: &Track| track.span().1 > asked.start() && !format.starts_exactly(outline, track);
    for kind in [Kind::Video, Kind::Audio, Kind::Text] {
        for (place, track) in places(outline, chosen).filter(|(_, track)| track.kind == kind && leads(track)) {
            let (mut from, to) = on_track(track, asked);
            if format.plays_lead_in(outline) {
                from -= track.preroll;
            }
            let span = find(held, place, track, Bound::At(from), Bound::At(to)).await?;
            leaders.extend(span.map(|span| (place, span)));
        }
        if !leaders.is_empty() {
            break;
        }
    }
    Ok(leaders)
}

/// The interval of the answer: no more than the selected tracks have, which may end before the others.
fn within_tracks(outline: &Outline, selection: &Selection) -> Interval {
    let given = selection.given;
    let tracks = selection.tracks.iter().filter_map(|selected| outline.tracks.get(selected.track));
    let end = tracks.map(|track| track.span().1).max().unwrap_or(given.end());
    Interval::new(given.start(), given.end().min(end)).unwrap_or(given)
}

fn places<'a>(outline: &'a Outline, chosen: &'a [usize]) -> impl Iterator<Item = (usize, &'a Track)> {
    chosen.iter().filter_map(|place| Some((*place, outline.tracks.get(*place)?)))
}

/// The span without the pictures that follow its sync sample and are presented before it: those of an open group need
/// the previous group, and nothing needs them.
async fn without_leading_pictures(
    held: &mut HeldPages<'_, impl Pages>,
    place: usize,
    track: &Track,
    span: Span,
) -> Result<Vec<Span>, ResolveError> {
    if track.kind != Kind::Video {
        return Ok(vec![span]);
    }
    Ok(held.after_leading(place, span).await?.map_or_else(
        || vec![span],
        |(sync_end, rest)| vec![Span { start: span.start, end: sync_end }, Span { start: rest, end: span.end }],
    ))
}

/// How many bytes of memory a cut with this meaning probably takes, while it is made and sent, if the tracks' samples
/// are spread evenly.
#[must_use]
pub fn estimate(outline: &Outline, meaning: &Meaning) -> u64 {
    let Some(given) = meaning.interval(outline) else { return 0 };
    let chosen = meaning.places(outline);
    let samples = places(outline, &chosen).map(|(_, track)| {
        let (start, end) = track.span();
        let (lasts, wanted) = ((end - start).0.max(1), (end.min(given.end()) - start.max(given.start())).0.max(0));
        let share = u128::from(track.samples) * u128::from(wanted.unsigned_abs()) / u128::from(lasts.unsigned_abs());
        u64::try_from(share).unwrap_or(u64::MAX)
    });
    samples.fold(0, u64::saturating_add).saturating_mul(pages::A_SAMPLE)
}

/// How many pages of the index an interval of this meaning spans. An answer to it reads about as many.
#[must_use]
pub fn pages(outline: &Outline, meaning: &Meaning) -> u32 {
    let Some(given) = meaning.interval(outline) else { return 0 };
    let last = cell_at(given.end().min(outline.duration));
    last.saturating_sub(cell_at(given.start())).saturating_add(1)
}

/// The MIME type of a cut with this meaning, without reading its pages: by the tracks that are presented in it. If one
/// of them has a gap just there, the cut's own type may be narrower: that of sound alone. `None` if nothing is
/// presented.
#[must_use]
pub fn mime(outline: &Outline, meaning: &Meaning) -> Option<String> {
    let given = meaning.interval(outline)?;
    let chosen = meaning.places(outline);
    let tracks = places(outline, &chosen).map(|(_, track)| track).filter(|track| {
        let (start, end) = track.span();
        track.samples > 0 && start < given.end() && end > given.start()
    });
    let kinds: Vec<Kind> = tracks.map(|track| track.kind).collect();
    let mime = || match container::format_of(outline) {
        Some(format) => format.mime(outline, &kinds),
        None => outline.mime.clone(),
    };
    (!kinds.is_empty()).then(mime)
}

/// The kinds of tracks that a selection has.
fn kinds_of(outline: &Outline, selection: &Selection) -> Vec<Kind> {
    let tracks = selection.tracks.iter().filter_map(|selected| outline.tracks.get(selected.track));
    tracks.map(|track| track.kind).collect()
}

/// An interval of the presentation timeline in a track's own presentation times, if there are no edits.
fn on_track(track: &Track, interval: Interval) -> (Ticks, Ticks) {
    let (start, end) = (track.timescale.ticks(interval.start()), track.timescale.ticks(interval.end()));
    (start + track.shift(), end.max(start + Ticks(1)) + track.shift())
}

/// The time on the presentation timeline of a track's presentation time, if there are no edits.
fn on_timeline(track: &Track, presentation: Ticks) -> Time {
    track.timescale.time(presentation - track.shift())
}
