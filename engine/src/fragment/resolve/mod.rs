//! From what was asked, and the pages of an index, to what is given: a splice, and the interval that it really holds.
//!
//! What is asked may be seconds, names of frames, the time of day, chapters, names of tracks; `meaning` says what that is of
//! one file: places of tracks, and seconds of the presentation timeline. `edits` takes those through each track's edit list to
//! the track's own times, `span` finds the samples of those times in the pages, from the sync sample before the first to the
//! last that is needed. Then the container writes them ([`cut`]), or they are given as they lie in the original ([`cover`]) or
//! in a cut of it (`inner`).

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

pub use cover::{cover, setup};
pub use disclosed::disclosed;
pub use meaning::{Dimension, Meaning, Meaningless, When, frame_rate, unit};
pub use pages::{Memory, Pages};

use self::edits::segments;
use self::pages::{Held, Want};
use self::position::{Span, union};
use self::span::{Bound, find};
use crate::container::{self, Segment, Selected, Selection, Written};
use crate::fragment::range::FragmentRange;
use crate::fragment::uri::{Fragment, Temporal};
use crate::index::{Outline, cell_at};
use crate::media::{Interval, Kind, Ticks, Time, Track};

/// A fragment as it was asked for, whether by a query or by a `Range`: what [`Meaning::of`] finds the meaning of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ask {
    /// When; `None`: all the time.
    pub time: Option<Temporal>,
    /// Tracks by name, number or kind; none: all of them.
    pub tracks: Vec<String>,
    /// The chapter; `None`: all of them.
    pub id: Option<String>,
}

impl Ask {
    /// Whether it asks for no part of a file, so that all of it is meant.
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

/// Why nothing can be resolved.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The container cannot write it.
    #[error(transparent)]
    Container(#[from] container::Error),
    /// The pages are of another version of the file than the head: it is being indexed anew.
    #[error("the file is being indexed anew")]
    Changed,
    /// The pages cannot be had just now: this service asks for patience.
    #[error("{0} is throttling")]
    Busy(&'static str),
    /// Other answers have taken all memory that there is for answers.
    #[error("other requests have taken all memory that there is for answers")]
    Full,
    /// The pages could not be had.
    #[error("the index could not be read: {0}")]
    Pages(String),
}

/// A cut: a resource of its own.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its bytes, and how they are laid out.
    pub file: Written,
    /// Its MIME type.
    pub mime: String,
    /// The part of the original's timeline at which its playback begins and ends.
    pub given: Interval,
    /// The places in the outline of the tracks it has, where tracks were asked for.
    pub tracks: Option<Vec<usize>>,
    /// Its samples, where they lie in the original.
    pub selected: Vec<Selected>,
}

/// The answer to a fragment in a query.
#[derive(Clone, Debug)]
pub enum Cut {
    /// Nothing of what was asked means anything for this file: the original.
    Original,
    /// There is nothing at the time asked for: it lies behind the end, as a rule.
    Outside,
    /// A part.
    Part(Box<Part>),
}

/// The answer to a fragment in a `Range` header.
#[derive(Clone, Debug)]
pub enum Cover {
    /// It names no part of this file; the text says why.
    Unsatisfiable(String),
    /// Verbatim bytes of the original.
    Ranges {
        /// Which, in ascending order, none touching the next.
        ranges: Vec<Range<u64>>,
        /// The interval that they really hold.
        given: Interval,
    },
}

/// How long before the start of an interval its group of pictures may begin, and be found in the first round trip.
const LEAD_IN: Time = Time::from_secs(30);
/// By how much decoding may run ahead of presentation at the end of an interval.
const REORDERING: Time = Time(500_000_000);
/// How many pages are asked for at once: what one `BatchGetItem` takes, less the head.
pub const AT_ONCE: u32 = 48;
/// How many pages are asked for where no time is named: the rest follows in larger portions.
const WITHOUT_TIME: u32 = 30;

/// The pages that an ask will need in all likelihood, before anything is known of the file. Empty where it asks for nothing,
/// or for what only the head can tell the time of: chapters, and the time of day.
#[must_use]
pub fn guess(ask: &Ask) -> RangeInclusive<u32> {
    let stretch = match ask.time {
        Some(Temporal::Npt(stretch)) => stretch,
        Some(Temporal::Smpte(format, stretch)) => stretch.map(|code| format.time(code.position(format))),
        None if ask.id.is_none() && !ask.tracks.is_empty() => return 0..=WITHOUT_TIME - 1,
        Some(Temporal::Clock(_)) | None => return RangeInclusive::new(1, 0),
    };
    let (start, end) = (stretch.start.unwrap_or(Time::ZERO), stretch.end.unwrap_or(Time::MAX));
    if end <= start {
        return RangeInclusive::new(1, 0);
    }
    let first = cell_at(start - LEAD_IN);
    let last = cell_at(end + REORDERING);
    first..=last.min(first + AT_ONCE - 1)
}

/// Resolves a fragment in a query to a complete file.
pub async fn cut(outline: &Outline, pages: &mut impl Pages, meaning: &Meaning) -> Result<Cut, Error> {
    if meaning.is_all() || outline.duration <= Time::ZERO {
        return Ok(Cut::Original);
    }
    let Some(given) = meaning.interval(outline) else { return Ok(Cut::Outside) };
    // Whoever has to wait for memory waits before the pages are there.
    pages.reserve(estimate(outline, meaning)).await?;
    let mut held = Held::new(pages, outline.pages);
    let Some(selection) = select(outline, &mut held, &meaning.places(outline), given).await? else {
        return Ok(Cut::Outside);
    };
    drop(held);
    let selection = container::as_played(outline, selection);
    let file = container::write(outline, &selection)?;
    let mime = selected_mime(outline, &selection);
    let Selection { given, tracks: selected, .. } = selection;
    Ok(Cut::Part(Box::new(Part { file, mime, given, tracks: meaning.tracks.clone(), selected })))
}

/// The samples of these tracks that present an interval, with those that have to be decoded before; `None` if there are none.
async fn select(
    outline: &Outline,
    held: &mut Held<'_, impl Pages>,
    chosen: &[usize],
    given: Interval,
) -> Result<Option<Selection>, Error> {
    let mut selection = if places(outline, chosen).all(|(_, track)| container::starts_exactly(outline, track)) {
        select_exactly(outline, held, chosen, given).await?
    } else {
        select_from_sync(outline, held, chosen, given).await?
    };
    // A track that has no sample in the interval would be an empty track, on which some players stumble.
    selection.tracks.retain(|track| !track.runs.is_empty());
    if selection.tracks.is_empty() {
        return Ok(None);
    }
    selection.given = within_tracks(outline, &selection);
    Ok(Some(selection))
}

/// Where playback can begin at any instant: each track's samples for the interval, trimmed to it by the segments.
async fn select_exactly(
    outline: &Outline,
    held: &mut Held<'_, impl Pages>,
    chosen: &[usize],
    given: Interval,
) -> Result<Selection, Error> {
    let mut tracks = Vec::with_capacity(chosen.len());
    for (place, track) in places(outline, chosen) {
        tracks.push(exactly(held, place, track, given).await?);
    }
    taken(outline, held, tracks, given).await
}

/// Takes what is wanted of the tracks, of which this is to be presented.
async fn taken(
    outline: &Outline,
    held: &mut Held<'_, impl Pages>,
    tracks: Vec<(Want, Vec<Segment>)>,
    given: Interval,
) -> Result<Selection, Error> {
    let (wants, segments): (Vec<Want>, Vec<Vec<Segment>>) = tracks.into_iter().unzip();
    let (runs, elements) = held.collect(&wants, outline.elements).await?;
    let tracks = wants.iter().zip(runs).zip(segments);
    let tracks = tracks.map(|((want, runs), segments)| Selected { track: want.place, runs, segments });
    Ok(Selection { given, tracks: tracks.collect(), elements })
}

/// The samples of one track that present an interval, with those that have to be decoded before.
async fn exactly(
    held: &mut Held<'_, impl Pages>,
    place: usize,
    track: &Track,
    given: Interval,
) -> Result<(Want, Vec<Segment>), Error> {
    let segments = segments(track, given);
    let mut spans = Vec::with_capacity(1);
    for segment in &segments {
        if let Segment { media: Some(media), duration } = segment {
            let (from, to) = (Bound::At(*media - track.preroll), Bound::At(*media + *duration));
            if let Some(span) = find(held, place, track, from, to).await? {
                spans.extend(without_leading_pictures(held, place, track, span).await?);
            }
        }
    }
    Ok((Want::of(place, union(spans)), segments))
}

/// Where playback begins with the first sample: at the sync sample before, of the video if there is any, and of several the
/// earliest. The other tracks begin with it, at that very instant where they can.
async fn select_from_sync(
    outline: &Outline,
    held: &mut Held<'_, impl Pages>,
    chosen: &[usize],
    asked: Interval,
) -> Result<Selection, Error> {
    let mut asked = asked;
    let mut leaders = leaders(outline, held, chosen, asked).await?;
    if container::ends_with_a_sample(outline) {
        let mut held_until = None;
        for (place, span) in &leaders {
            let Some(track) = outline.tracks.get(*place) else { continue };
            let end = held.end_of(*place, *span, track.composition.1).await?;
            held_until = held_until.max(end.map(|end| on_timeline(track, end)));
        }
        if let Some(held_until) = held_until
            && let Some(longer) = Interval::new(asked.start(), held_until.max(asked.end()))
        {
            // The last picture may refer to one behind the end, and that has others before it.
            asked = longer;
            leaders = self::leaders(outline, held, chosen, asked).await?;
        }
    }
    // Where there is no sync sample before, the others need not wait for the first.
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
        if container::starts_exactly(outline, track) {
            tracks.push(exactly(held, place, track, given).await?);
            continue;
        }
        let (from, to) = on_track(track, given);
        let want = if let Some((_, span)) = leaders.iter().find(|(leader, _)| *leader == place) {
            Want::of(place, union(without_leading_pictures(held, place, track, *span).await?))
        } else {
            // Samples from before the beginning cannot be placed, nor pictures that need one of those.
            let span = find(held, place, track, Bound::At(from), Bound::At(to)).await?;
            let from_sync = track.kind == Kind::Video;
            Want { from: Some(from), from_sync, ..Want::of(place, span.into_iter().collect()) }
        };
        tracks.push((want, vec![Segment { duration: to - from, media: Some(from) }]));
    }
    taken(outline, held, tracks, given).await
}

/// The samples of the tracks that decide where playback begins: of the first kind of which there are any.
async fn leaders(
    outline: &Outline,
    held: &mut Held<'_, impl Pages>,
    chosen: &[usize],
    asked: Interval,
) -> Result<Vec<(usize, Span)>, Error> {
    let mut leaders = Vec::new();
    // What has ended before has no sample to begin with, and what begins at any instant begins with the others.
    let leads = |track: &Track| track.span().1 > asked.start() && !container::starts_exactly(outline, track);
    for kind in [Kind::Video, Kind::Audio, Kind::Text] {
        for (place, track) in places(outline, chosen).filter(|(_, track)| track.kind == kind && leads(track)) {
            let (mut from, to) = on_track(track, asked);
            if container::plays_lead_in(outline) {
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

/// What is given of what was asked: no more than the chosen tracks have, which may end before the others.
fn within_tracks(outline: &Outline, selection: &Selection) -> Interval {
    let given = selection.given;
    let tracks = selection.tracks.iter().filter_map(|selected| outline.tracks.get(selected.track));
    let end = tracks.map(|track| track.span().1).max().unwrap_or(given.end());
    Interval::new(given.start(), given.end().min(end)).unwrap_or(given)
}

fn places<'a>(outline: &'a Outline, chosen: &'a [usize]) -> impl Iterator<Item = (usize, &'a Track)> {
    chosen.iter().filter_map(|place| Some((*place, outline.tracks.get(*place)?)))
}

/// The span, less the pictures that follow its sync sample and are presented before it: those of an open group need the
/// group before, and nothing needs them.
async fn without_leading_pictures(
    held: &mut Held<'_, impl Pages>,
    place: usize,
    track: &Track,
    span: Span,
) -> Result<Vec<Span>, Error> {
    if track.kind != Kind::Video {
        return Ok(vec![span]);
    }
    Ok(held.after_leading(place, span).await?.map_or_else(
        || vec![span],
        |(sync_end, rest)| vec![Span { start: span.start, end: sync_end }, Span { start: rest, end: span.end }],
    ))
}

/// How many bytes of memory a cut of this meaning takes in all likelihood, while it is made and sent: its tracks have their samples
/// spread evenly.
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

/// The MIME type of a cut of this meaning, without a look at its pages: that of the tracks which are presented then. If one of them
/// has a gap just there, the cut's own type may be narrower: that of sound alone. `None` if nothing is presented then.
#[must_use]
pub fn mime(outline: &Outline, meaning: &Meaning) -> Option<String> {
    let given = meaning.interval(outline)?;
    let chosen = meaning.places(outline);
    let tracks = places(outline, &chosen).map(|(_, track)| track).filter(|track| {
        let (start, end) = track.span();
        track.samples > 0 && start < given.end() && end > given.start()
    });
    let kinds: Vec<Kind> = tracks.map(|track| track.kind).collect();
    (!kinds.is_empty()).then(|| container::mime(outline, &kinds))
}

/// The MIME type of a selection.
fn selected_mime(outline: &Outline, selection: &Selection) -> String {
    let tracks = selection.tracks.iter().filter_map(|selected| outline.tracks.get(selected.track));
    container::mime(outline, &tracks.map(|track| track.kind).collect::<Vec<_>>())
}

/// An interval of the presentation timeline in a track's own presentation times, where nothing is edited out or in.
fn on_track(track: &Track, interval: Interval) -> (Ticks, Ticks) {
    let (start, end) = (track.timescale.ticks(interval.start()), track.timescale.ticks(interval.end()));
    (start + track.shift(), end.max(start + Ticks(1)) + track.shift())
}

/// Ticks of a track at an instant of the presentation timeline, where nothing is edited out or in.
fn on_timeline(track: &Track, presentation: Ticks) -> Time {
    track.timescale.time(presentation - track.shift())
}
