//! Streams of a format whose files are segments as they are: transport streams. Pictures and sound are muxed in one rendition; if
//! there are several sounds, each track is one. Segments are cuts of the file, each from a sync sample to the next boundary; joined,
//! they have every sample once. The times in them are those of the file.

use super::rendition::short_enough;
use super::segment::{decoded_before, single};
use super::timeline::Timeline;
use super::{NoStream, PackageError, Presentation, Rendition, Row, SegmentTable};
use crate::container::{self, SegmentFormat, Selected, Selection};
use crate::index::{Elements, Outline, Pages, Runs, Segments, cell};
use crate::media::splice::Splice;
use crate::media::{Interval, Kind, Run, Ticks, Time, Track};

/// The most samples that are written into a segment.
const MOST_SAMPLES: usize = 1 << 18;

/// The renditions of a content, or of a part of it with these tracks, in packets: one that has pictures and sound; or if there are
/// several sounds that HLS has a place for, pictures and each sound by itself.
pub fn renditions(
    outline: &Outline,
    format: &dyn SegmentFormat,
    chosen: Option<&[usize]>,
) -> Result<Vec<Rendition>, NoStream> {
    let segments = outline.segments.as_deref().ok_or(NoStream::NoTable)?;
    let (mut found, mut refused): (Vec<Muxed>, _) = (Vec::new(), None);
    for (index, place) in segments.tracks.iter().copied().enumerate() {
        let Some(track) = outline.tracks.get(place).filter(|track| track.samples > 0) else { continue };
        if chosen.is_some_and(|chosen| !chosen.contains(&place)) {
            continue;
        }
        let codecs = format.codecs(outline, track);
        if !codecs.is_empty() {
            found.push(Muxed { index, place, kind: track.kind, codec: codecs.join(",") });
            continue;
        }
        let why = NoStream::Packets { id: track.id, codec: track.codec.clone() };
        if track.kind == Kind::Video {
            return Err(why);
        }
        refused = refused.or(Some(why));
    }
    let sounds = found.iter().filter(|muxed| muxed.kind == Kind::Audio).count();
    if let (Some(why), 0) = (refused, sounds) {
        return Err(why);
    }
    if found.is_empty() {
        return Err(NoStream::Nothing);
    }
    short_enough(segments, segments.tracks.first().and_then(|place| outline.tracks.get(*place)))?;
    let groups: Vec<&[Muxed]> = if sounds > 1 { found.chunks(1).collect() } else { vec![&found] };
    groups.into_iter().map(|group| together(outline, segments, group)).collect()
}

/// A track that a transport stream of HLS may have.
struct Muxed {
    /// Its position among the divided tracks.
    index: usize,
    place: usize,
    kind: Kind,
    /// Its codecs, as in [`Rendition::codec`].
    codec: String,
}

/// A rendition with these tracks, of which the first leads.
fn together(outline: &Outline, segments: &Segments, tracks: &[Muxed]) -> Result<Rendition, NoStream> {
    let (leader, others) = tracks.split_first().ok_or(NoStream::Nothing)?;
    let Muxed { index, place, kind, .. } = *leader;
    let id = outline.tracks.get(place).map_or(0, |track| track.id);
    let timeline = Timeline::new(outline, segments, index, None).ok_or(NoStream::Timescale { id })?;
    let codecs: Vec<&str> = tracks.iter().map(|muxed| muxed.codec.as_str()).collect();
    let muxed = Some(others.iter().map(|muxed| muxed.index).collect());
    let (entries, configured) = (Vec::new(), Vec::new());
    Ok(Rendition { place, index, kind, codec: codecs.join(","), entries, configured, timeline, muxed })
}

/// The leading sample at which a part begins: the last sync sample presented before it.
pub async fn entry(
    presentation: &Presentation<'_>,
    pages: &mut impl Pages,
    table: &SegmentTable,
    part: Interval,
) -> Result<Option<Run>, PackageError> {
    let Some(rendition) = presentation.renditions().first() else { return Ok(None) };
    let outline = presentation.outline();
    let rows = presentation.rows(rendition, table);
    let (Some(row), Some(track)) = (rows.first(), outline.tracks.get(rendition.place)) else { return Ok(None) };
    let from = track.timescale.ticks(part.start()) + track.shift();
    let from = if track.kind == Kind::Video { from } else { from - track.preroll };
    let (mut taken, _) =
        samples(pages, outline, &[Wanted { place: rendition.place, from: row.from, to: row.to }]).await?;
    let runs = single(taken.pop().unwrap_or_default());
    Ok(runs.iter().rfind(|run| run.sync && run.presentation() <= from).or(runs.first()).cloned())
}

/// The samples of a track that are decoded from `from` up to, not including, `to`.
struct Wanted {
    place: usize,
    from: Ticks,
    to: Ticks,
}

/// The samples of these tracks, and the elements that contain them.
async fn samples(
    pages: &mut impl Pages,
    outline: &Outline,
    wanted: &[Wanted],
) -> Result<(Vec<Vec<Run>>, Elements), PackageError> {
    let cells = wanted.iter().filter(|wanted| wanted.from < wanted.to).filter_map(|wanted| {
        let track = outline.tracks.get(wanted.place)?;
        Some((cell(track, wanted.from), cell(track, wanted.to - Ticks(1)).saturating_add(track.late)))
    });
    let cells = cells.reduce(|(first, last), (from, to)| (first.min(from), last.max(to)));
    let (first, last) = cells.ok_or(PackageError::Missing)?;
    pages.fetch(first..=last).await?;
    let mut taken: Vec<Vec<Run>> = wanted.iter().map(|_| Vec::new()).collect();
    let (mut elements, mut count) = (Elements::default(), 0);
    for number in first..=last {
        let Some(page) = pages.page(number)? else { continue };
        for (wanted, runs) in wanted.iter().zip(&mut taken) {
            for run in page.tracks.get(wanted.place).map_or(&[][..], |part| &part.runs) {
                let range = decoded_before(run, wanted.from)..decoded_before(run, wanted.to);
                if let Some(run) = run.slice(range) {
                    count += run.count as usize;
                    runs.push(run);
                }
            }
        }
        for element in &page.elements {
            elements.push(element);
        }
        if count > MOST_SAMPLES {
            return Err(container::Error::Memory { taken: count as u64, bound: MOST_SAMPLES as u64 }.into());
        }
    }
    elements.sort();
    Ok((taken, elements))
}

/// Writes a segment.
pub async fn write(
    presentation: &Presentation<'_>,
    format: &dyn SegmentFormat,
    pages: &mut impl Pages,
    (rendition, table): (&Rendition, &SegmentTable),
    row: &Row,
) -> Result<Splice, PackageError> {
    let outline = presentation.outline();
    let segments = outline.segments.as_deref().ok_or(NoStream::NoTable)?;
    let leader = outline.tracks.get(rendition.place).ok_or(PackageError::Missing)?;
    let mut wanted = vec![Wanted { place: rendition.place, from: row.from, to: row.to }];
    for index in rendition.muxed.iter().flatten() {
        let place = *segments.tracks.get(*index).ok_or(PackageError::Missing)?;
        let (from, to) = table.of_track(row, (rendition.index, *index));
        wanted.push(Wanted { place, from, to });
    }
    let (taken, elements) = samples(pages, outline, &wanted).await?;
    let mut tracks = Vec::with_capacity(taken.len());
    let mut begins = None;
    for (runs, Wanted { place, .. }) in taken.into_iter().zip(wanted) {
        let track = outline.tracks.get(place).ok_or(PackageError::Missing)?;
        let mut runs = if place == rendition.place { of_leader(presentation, row, track, runs) } else { runs };
        if place == rendition.place {
            begins = runs.first().map(|first| leader.timescale.time(first.presentation() - leader.shift()));
        } else if let (true, Some(begins)) = (row.begins_part, begins) {
            let from = track.timescale.ticks(begins) + track.shift();
            runs = runs.iter().filter_map(|run| run.presented_from(from)).collect();
        }
        if let (true, Some(to)) = (row.ends_part, end(presentation, track)) {
            runs = single(runs);
            let behind = runs.iter().rposition(|run| run.presentation() < to).map_or(0, |last| last + 1);
            runs.truncate(behind);
        }
        let mut selected = Runs::default();
        for run in runs {
            selected.push(run);
        }
        tracks.push(Selected { track: place, runs: selected, segments: Vec::new() });
    }
    tracks.sort_by_key(|selected| selected.track);
    let given = Interval::new(Time::ZERO, outline.duration).ok_or(PackageError::Outside)?;
    Ok(format.write_segment(outline, &Selection { given, tracks, elements })?)
}

/// The samples of the leading track without the pictures that precede the sync sample with which a part begins: they need the
/// group before it, and no other picture needs them.
fn of_leader(presentation: &Presentation<'_>, row: &Row, track: &Track, runs: Vec<Run>) -> Vec<Run> {
    if !row.begins_part || track.kind != Kind::Video || presentation.interval().is_none() {
        return runs;
    }
    let mut runs = single(runs);
    let sync = runs.first().map_or(Ticks::ZERO, Run::presentation);
    let behind = runs.iter().skip(1).position(|run| run.presentation() >= sync).map_or(runs.len(), |at| at + 1);
    runs.drain(1.min(runs.len())..behind);
    runs
}

/// The presentation time of a track at which the part ends.
fn end(presentation: &Presentation<'_>, track: &Track) -> Option<Ticks> {
    presentation.interval().map(|part| track.timescale.ticks(part.end()) + track.shift())
}

impl SegmentTable {
    /// The decode times between which a track that is muxed with the leading one has its samples of a segment.
    fn of_track(&self, row: &Row, (leader, index): (usize, usize)) -> (Ticks, Ticks) {
        let all = self.segments();
        let of = |place: usize, index: usize| all.get(place).and_then(|segment| segment.tracks.get(index)).copied();
        let is_empty = |place: &usize| of(*place, leader).is_some_and(|of_track| of_track.start >= of_track.end);
        // Sound may begin before the first picture at which decoding can begin.
        let before = (0..row.segment).rev().take_while(is_empty).last().unwrap_or(row.segment);
        let of_tracks = (before..=row.segment).filter_map(|place| of(place, index));
        let range =
            of_tracks.filter(|of_track| of_track.start < of_track.end).map(|of_track| (of_track.start, of_track.end));
        let (from, to) = range.reduce(|(from, _), (_, to)| (from, to)).unwrap_or_default();
        // Of two samples with the same time, none is in two segments.
        let next = of(row.segment + 1, index).filter(|next| next.start < next.end);
        (from, next.map_or(to, |next| to.min(next.start)))
    }
}
