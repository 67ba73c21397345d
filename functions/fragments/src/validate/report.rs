//! The meaning of a URI, dimension by dimension, as JSON. Its members have the names of the working group's own parser,
//! where that has them: `query`, `hash`, `t`, `track`, `id`, `xywh`, `value`, `unit`, `start`, `end`.

use std::ops::RangeInclusive;

use reelspan::space::MediaKey;
use reelspan::store::Found;
use reelspan_engine::fragment::range::FragmentRange;
use reelspan_engine::fragment::resolve::{self, Ask, Cut, Meaning};
use reelspan_engine::fragment::uri::clock::Instant;
use reelspan_engine::fragment::uri::{Area, Fragment, Reason, Temporal, WrittenInterval};
use reelspan_engine::index::{Head, Outline, Status};
use reelspan_engine::media::{Chapter, Interval, Kind, Time, Track};
use serde::Serialize;

use super::link::Link;
use crate::answer::AnswerExtent;
use crate::resource::Resource;
use crate::{MediaError, serving};

/// The meaning of a URI.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UriReport {
    uri: String,
    /// Whether it is a media fragment URI: a dimension of its query or of its hash matches the grammar.
    media_fragment: bool,
    /// The part for the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    query: Option<ReadingReport>,
    /// The part for the player.
    #[serde(skip_serializing_if = "Option::is_none")]
    hash: Option<ReadingReport>,
    /// The file, if it is on this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<MediaReport>,
    /// Why the file is not described, if it is on this server and the URI does not open it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub withheld: Option<String>,
}

impl UriReport {
    /// The report by the grammar alone.
    pub fn of(link: &Link) -> Self {
        let reading = |text: &Option<String>| text.as_deref().map(ReadingReport::of);
        let (query, hash) = (reading(&link.query), reading(&link.hash));
        let media_fragment = query.iter().chain(&hash).any(|reading| !reading.fragment.is_empty());
        Self { uri: link.written.clone(), media_fragment, query, hash, media: None, withheld: None }
    }

    /// The index pages that resolving it will need.
    pub fn guess(&self) -> RangeInclusive<u32> {
        let asks = self.query.iter().chain(&self.hash).map(|reading| Ask::from(&reading.fragment));
        asks.map(|ask| resolve::guess(&ask)).find(|cells| !cells.is_empty()).unwrap_or(RangeInclusive::new(1, 0))
    }

    /// Resolves it for a file with an index.
    pub async fn resolve(&mut self, found: &mut Found) -> Result<(), MediaError> {
        for reading in self.query.iter_mut().chain(&mut self.hash).filter(|reading| !reading.fragment.is_empty()) {
            reading.resolved = Resolved::of(&reading.fragment, found).await?;
        }
        Ok(())
    }
}

impl UriReport {
    /// Whether the query asks for a part of the file, or tries to: a query without effect gives no right to the whole.
    pub fn is_of_a_part(&self) -> bool {
        self.query.as_ref().is_some_and(|reading| {
            let fragment = &reading.fragment;
            let tried = fragment.ignored.iter().any(|ignored| ignored.why != Reason::UnknownName);
            tried || !Ask::from(fragment).is_all()
        })
    }

    /// Describes the excerpt that the URI opens, and nothing else of its file: not its length, not its other tracks and
    /// chapters, and not where the bytes of the excerpt are in it.
    pub async fn resolve_excerpt(&mut self, media: &MediaKey, found: &mut Found) -> Result<(), MediaError> {
        let Some(reading) = &mut self.query else { return Ok(()) };
        let Some((excerpt, resolved)) = excerpt(&reading.fragment, media, found).await? else {
            self.withheld = Some("the file has no such part".to_owned());
            return Ok(());
        };
        reading.resolved = Some(resolved);
        self.media = Some(excerpt);
        Ok(())
    }
}

/// An excerpt as a file, and the result of its query; `None` if a part of the query means nothing for the file.
async fn excerpt(
    fragment: &Fragment,
    media: &MediaKey,
    found: &mut Found,
) -> Result<Option<(MediaReport, Resolved)>, MediaError> {
    let Status::Indexed(outline) = &found.head.status else { return Ok(None) };
    let meaning = Meaning::of(&Ask::from(fragment), outline);
    if !meaning.without.is_empty() || fragment.ignored.iter().any(|ignored| ignored.why != Reason::UnknownName) {
        return Ok(None);
    }
    let Cut::Part(part) = resolve::cut(outline, &mut found.pages, &meaning).await? else { return Ok(None) };
    let (start, end) = (part.given.start(), part.given.end().min(outline.duration));
    let given = Interval::new(start, end).unwrap_or(part.given);
    let bytes = part.file.splice.len();
    let told = MediaReport {
        space: media.space().as_str().to_owned(),
        content: media.content().as_str().to_owned(),
        bytes,
        refused: None,
        structure: Some(Structure::of_excerpt(outline, given, part.tracks.as_deref(), part.mime.clone())),
    };
    let (start, end) = (start.as_secs_f64(), end.as_secs_f64());
    let query = AsQuery::Cut { start, end, bytes, r#type: part.mime };
    Ok(Some((told, Resolved { ignored: Vec::new(), query, range: None })))
}

/// The meaning of a query or a hash.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ReadingReport {
    /// As it was written.
    written: String,
    /// The same in a canonical spelling, without ignored parts; empty if nothing remains.
    normalised: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    t: Option<Timing>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    track: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    xywh: Option<Rectangle>,
    /// The parts that do not match the grammar, and so have no effect.
    ignored: Vec<IgnoredReport>,
    /// The corresponding `Range` of the original.
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    /// The result for a file on this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved: Option<Resolved>,
    #[serde(skip)]
    fragment: Fragment,
}

#[derive(Debug, Serialize)]
struct Timing {
    /// With its unit, in a canonical spelling.
    value: String,
    unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    /// Its meaning as a sentence.
    meaning: String,
}

#[derive(Debug, Serialize)]
struct Rectangle {
    value: String,
    unit: &'static str,
    x: u32,
    y: u32,
    w: u32,
    h: u32,
}

#[derive(Debug, Serialize)]
struct IgnoredReport {
    /// The name-value pair as it was written.
    pair: String,
    why: String,
}

impl ReadingReport {
    fn of(written: &str) -> Self {
        let fragment = Fragment::parse(written);
        let ignored = |ignored: &reelspan_engine::fragment::uri::IgnoredPair| IgnoredReport {
            pair: ignored.pair.clone(),
            why: ignored.why.to_string(),
        };
        Self {
            written: written.to_owned(),
            normalised: fragment.to_string(),
            t: fragment.time.as_ref().map(Timing::of),
            track: fragment.tracks.clone(),
            id: fragment.id.clone(),
            xywh: fragment.area.as_ref().map(Rectangle::of),
            ignored: fragment.ignored.iter().map(ignored).collect(),
            range: as_range(&fragment).map(|range| range.to_string()),
            resolved: None,
            fragment,
        }
    }
}

/// The corresponding `Range`; `None` if there is none: for regions of the picture, and for times of day without a start.
fn as_range(fragment: &Fragment) -> Option<FragmentRange> {
    if let Some(Temporal::Clock(WrittenInterval { start: None, .. })) = fragment.time {
        return None;
    }
    let range = FragmentRange {
        time: fragment.time,
        tracks: fragment.tracks.clone(),
        id: fragment.id.clone(),
        include_setup: false,
    };
    (!Ask::from(fragment).is_all()).then_some(range)
}

impl Timing {
    fn of(time: &Temporal) -> Self {
        let stretch = match time {
            Temporal::Npt(stretch) => stretch.map(|time| time.to_string()),
            Temporal::Smpte(_, stretch) => stretch.map(|code| code.to_string()),
            Temporal::Clock(stretch) => stretch.map(|instant| instant.to_string()),
        };
        let (what, unit) = match time {
            Temporal::Npt(_) => ("second ", ""),
            Temporal::Smpte(..) => ("the frame named ", ""),
            Temporal::Clock(_) => ("", " on the clock of the recording"),
        };
        let from =
            stretch.start.as_ref().map_or("from the beginning".to_owned(), |start| format!("from {what}{start}"));
        let to =
            stretch.end.as_ref().map_or("to the end".to_owned(), |end| format!("up to, not including, {what}{end}"));
        Self {
            value: time.to_string(),
            unit: time.unit(),
            start: stretch.start,
            end: stretch.end,
            meaning: format!("{from} {to}{unit}"),
        }
    }
}

impl Rectangle {
    fn of(area: &Area) -> Self {
        let Area { unit, x, y, width, height } = *area;
        Self { value: area.to_string(), unit: unit.name(), x, y, w: width, h: height }
    }
}

/// The result of a fragment for one file.
#[derive(Debug, Serialize)]
struct Resolved {
    /// The parts that match the grammar but mean nothing for this file, and so have no effect.
    ignored: Vec<Lacking>,
    /// The result as a query.
    query: AsQuery,
    /// The result as a `Range` of the original.
    #[serde(skip_serializing_if = "Option::is_none")]
    range: Option<AsRange>,
}

#[derive(Debug, Serialize)]
struct Lacking {
    dimension: String,
    why: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum AsQuery {
    /// The original: no dimension has an effect.
    Original,
    /// A new file.
    Cut {
        /// Its interval in the original, in seconds.
        start: f64,
        end: f64,
        bytes: u64,
        r#type: String,
    },
    /// Nothing of the file.
    NotFound { why: String },
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
enum AsRange {
    /// The whole file: the `Range` is ignored.
    Ignored,
    /// These bytes of the original, first and last, and their `Content-Range-Mapping`.
    #[serde(rename_all = "camelCase")]
    Partial { bytes: Vec<(u64, u64)>, content_range_mapping: String },
    /// No bytes at all.
    NotSatisfiable { why: String },
}

impl Resolved {
    async fn of(fragment: &Fragment, found: &mut Found) -> Result<Option<Self>, MediaError> {
        let Status::Indexed(outline) = &found.head.status else { return Ok(None) };
        let meaning = Meaning::of(&Ask::from(fragment), outline);
        let lacking = |lacking: &resolve::Meaningless| Lacking {
            dimension: lacking.dimension.to_string(),
            why: lacking.why.clone(),
        };
        let ignored = meaning.without.iter().map(lacking).collect();
        let query = match resolve::cut(outline, &mut found.pages, &meaning).await? {
            Cut::Original => AsQuery::Original,
            Cut::Outside => AsQuery::NotFound {
                why: format!("the file lasts {} s, and has nothing at that time", outline.duration),
            },
            Cut::Part(part) => AsQuery::Cut {
                start: part.given.start().as_secs_f64(),
                end: part.given.end().min(outline.duration).as_secs_f64(),
                bytes: part.file.splice.len(),
                r#type: part.mime,
            },
        };
        let range = match as_range(fragment) {
            Some(range) => Some(AsRange::of(&range, found).await?),
            None => None,
        };
        Ok(Some(Self { ignored, query, range }))
    }
}

impl AsRange {
    async fn of(range: &FragmentRange, found: &mut Found) -> Result<Self, MediaError> {
        let original = Resource::original(&found.head);
        match serving::fragment(found, range, &original).await {
            Ok(AnswerExtent::Fragment(mapping)) => Ok(Self::Partial {
                bytes: mapping.ranges.iter().map(|range| (range.start, range.end.saturating_sub(1))).collect(),
                content_range_mapping: mapping.to_string(),
            }),
            Ok(_) => Ok(Self::Ignored),
            Err(MediaError::Unsatisfiable { why, .. }) => Ok(Self::NotSatisfiable { why }),
            Err(error) => Err(error),
        }
    }
}

/// A file on this server.
#[derive(Debug, Serialize)]
pub struct MediaReport {
    space: String,
    content: String,
    bytes: u64,
    /// Why it has no fragments; then nothing else is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    #[serde(flatten)]
    structure: Option<Structure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Structure {
    r#type: String,
    /// In seconds.
    duration: f64,
    /// The time of recording, if the file contains it.
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<String>,
    tracks: Vec<TrackOf>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    chapters: Vec<ChapterOf>,
}

#[derive(Debug, Serialize)]
struct ChapterOf {
    /// The values for `id=`.
    names: Vec<String>,
    /// In seconds.
    start: f64,
    end: f64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TrackOf {
    /// The values for `track=`: its number, its name, and its kind.
    number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    kind: &'static str,
    codec: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frames_per_second: Option<f64>,
}

impl MediaReport {
    /// The file by the head of its index.
    pub fn of(media: &MediaKey, head: &Head) -> Self {
        let (refused, structure) = match &head.status {
            Status::Indexed(outline) => (None, Some(Structure::of(outline))),
            Status::Refused(why) => (Some(why.clone()), None),
        };
        Self {
            space: media.space().as_str().to_owned(),
            content: media.content().as_str().to_owned(),
            bytes: head.original.size,
            refused,
            structure,
        }
    }
}

impl Structure {
    fn of(outline: &Outline) -> Self {
        Self {
            r#type: outline.mime.clone(),
            duration: outline.duration.max(Time::ZERO).as_secs_f64(),
            created: outline.created.map(|created| Instant(created).to_string()),
            tracks: outline.tracks.iter().map(TrackOf::of).collect(),
            chapters: outline.chapters.iter().map(ChapterOf::of).collect(),
        }
    }
}

impl Structure {
    /// The file of an excerpt, whose timeline begins at zero. It does not reveal when the original was recorded.
    fn of_excerpt(outline: &Outline, given: Interval, tracks: Option<&[usize]>, mime: String) -> Self {
        let is_there = |at: usize| tracks.is_none_or(|tracks| tracks.contains(&at));
        let tracks = outline.tracks.iter().enumerate().filter(|(at, _)| is_there(*at));
        let chapters = outline.chapters.iter().filter_map(|chapter| {
            let shown = chapter.interval.intersection(given)?;
            let (start, end) = (shown.start() - given.start(), shown.end() - given.start());
            Some(ChapterOf { start: start.as_secs_f64(), end: end.as_secs_f64(), ..ChapterOf::of(chapter) })
        });
        Self {
            r#type: mime,
            duration: given.duration().as_secs_f64(),
            created: None,
            tracks: tracks.map(|(_, track)| TrackOf::of(track)).collect(),
            chapters: chapters.collect(),
        }
    }
}

impl ChapterOf {
    fn of(chapter: &Chapter) -> Self {
        let (start, end) = (chapter.interval.start(), chapter.interval.end());
        let names = chapter.titles.iter().chain(&chapter.ids).cloned().collect();
        Self { names, start: start.as_secs_f64(), end: end.as_secs_f64() }
    }
}

impl TrackOf {
    fn of(track: &Track) -> Self {
        Self {
            number: track.id,
            name: track.name.clone(),
            kind: track.kind.name(),
            codec: track.codec.clone(),
            language: track.language.clone(),
            frames_per_second: (track.kind == Kind::Video).then(|| resolve::frame_rate(track)).flatten(),
        }
    }
}
