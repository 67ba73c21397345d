//! The samples of a segment, from the pages, and its bytes.

use super::timeline::LEAD;
use super::{PackageError, Presentation, Rendition, Row};
use crate::container::cmaf::{self, FragmentSample, Unavailable};
use crate::container::{self, Payload};
use crate::index::{Outline, Pages, cell};
use crate::media::splice::Splice;
use crate::media::{Kind, Run, Ticks, Track};

/// The most samples of a segment: 60 s of the shortest frames of sound, and more than any pictures.
const MOST_SAMPLES: usize = 65_536;

/// A sample with its times in the track.
#[derive(Clone, Copy, Debug)]
struct Timed {
    decode: Ticks,
    end: Ticks,
    composition: Ticks,
    size: u32,
    sync: bool,
}

impl Timed {
    fn presentation(&self) -> Ticks {
        self.decode + self.composition
    }

    /// When the next sample in order of presentation begins, if all last as long.
    fn presented_until(&self) -> Ticks {
        self.end + self.composition
    }
}

/// What a segment is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentShape {
    /// A fragment of CMAF.
    Fragment,
    /// A fragment with its first picture alone.
    KeyFrame,
    /// Packed audio (RFC 8216bis §3.1.4): the frames, behind a tag with their time.
    Packed,
}

/// Writes a segment of a rendition.
pub async fn write(
    presentation: &Presentation<'_>,
    pages: &mut impl Pages,
    rendition: &Rendition,
    row: &Row,
    shape: SegmentShape,
) -> Result<Splice, PackageError> {
    let key_frame = shape == SegmentShape::KeyFrame;
    let outline = presentation.outline();
    let track = outline.tracks.get(rendition.place).ok_or(PackageError::Missing)?;
    let runs = runs(pages, (rendition.place, track), row.from, row.to).await?;
    let runs = if row.begins_part || row.ends_part { needed(presentation, rendition, track, row, runs) } else { runs };
    let runs = if key_frame { first_sample(runs) } else { runs };
    let (mut timed, payload) = samples(outline, track, &runs)?;
    if track.kind == Kind::Video {
        spread(&mut timed, row.to);
    }
    let samples = on_timeline(presentation, rendition, track, (row, key_frame), &timed)?;
    let start = match timed.first() {
        // The frames of sound before a part are skipped by the edit list, and need not begin at zero.
        Some(first) if track.kind != Kind::Video => u64::try_from(rendition.timeline.decode(first.decode)).unwrap_or(0),
        _ => row.start,
    };
    if shape == SegmentShape::Packed {
        return Ok(packed(start, rendition, &payload));
    }
    let seconds = start / u64::from(rendition.timeline.timescale).max(1);
    let sequence = u32::try_from(seconds).unwrap_or(u32::MAX - 1) + 1;
    Ok(cmaf::segment(sequence, start, &samples, &payload))
}

/// Frames behind a tag of ID3 version 2.4 with their time: a private frame with the lower 33 bits of a time stamp of a transport
/// stream (RFC 8216bis §3.1.4).
fn packed(start: u64, rendition: &Rendition, payload: &Splice) -> Splice {
    const OWNER: &[u8] = b"com.apple.streaming.transportStreamTimestamp\0";
    let stamp = u128::from(start) * 90_000 / u128::from(rendition.timescale()).max(1);
    let stamp = u64::try_from(stamp & 0x1_ffff_ffff).unwrap_or_default();
    // Below 128, a size has one digit of seven bits.
    let data = u8::try_from(OWNER.len() + 8).unwrap_or_default();
    let mut tag = Vec::with_capacity(73);
    tag.extend_from_slice(b"ID3\x04\0\0\0\0\0");
    tag.push(data + 10);
    tag.extend_from_slice(b"PRIV\0\0\0");
    tag.extend_from_slice(&[data, 0, 0]);
    tag.extend_from_slice(OWNER);
    tag.extend_from_slice(&stamp.to_be_bytes());
    let mut splice = Splice::new();
    splice.made(tag);
    splice.append(payload);
    splice
}

/// The samples of a track that are decoded from `from` up to, not including, `to`.
async fn runs(
    pages: &mut impl Pages,
    (place, track): (usize, &Track),
    from: Ticks,
    to: Ticks,
) -> Result<Vec<Run>, PackageError> {
    let cells = cell(track, from)..=cell(track, to - Ticks(1)).saturating_add(track.late);
    pages.fetch(cells.clone()).await?;
    let (mut runs, mut count) = (Vec::new(), 0);
    for number in cells {
        let Some(page) = pages.page(number)? else { continue };
        let Some(part) = page.tracks.into_iter().nth(place) else { continue };
        for run in part.runs {
            if let Some(run) = run.slice(decoded_before(&run, from)..decoded_before(&run, to)) {
                count += run.count as usize;
                runs.push(run);
            }
        }
        if count > MOST_SAMPLES {
            let bound = MOST_SAMPLES as u64;
            return Err(container::Error::Memory { taken: count as u64, bound }.into());
        }
    }
    if runs.is_empty() { Err(PackageError::Missing) } else { Ok(runs) }
}

/// How many samples of a run are decoded before this time.
pub(super) fn decoded_before(run: &Run, time: Ticks) -> u32 {
    if run.decode >= time { 0 } else { run.count_before(time).min(run.count) }
}

/// The samples that a part needs of its first or last segment: from the last sync sample before its beginning (of sound:
/// from as much before as decoding needs) to the last sample that is presented before its end.
fn needed(
    presentation: &Presentation<'_>,
    rendition: &Rendition,
    track: &Track,
    row: &Row,
    runs: Vec<Run>,
) -> Vec<Run> {
    let Some(part) = presentation.interval() else { return runs };
    let from = track.timescale.ticks(part.start()) + track.shift();
    let to = track.timescale.ticks(part.end()) + track.shift();
    let mut runs = single(runs);
    if row.begins_part && rendition.kind == Kind::Video {
        let begins = runs.iter().rposition(|run| run.sync && run.presentation() <= from).unwrap_or(0);
        runs.drain(..begins);
        let sync = runs.first().map_or(Ticks::ZERO, Run::presentation);
        // Pictures that precede the sync sample need the group before it, and no other picture needs them.
        let behind = runs.iter().skip(1).position(|run| run.presentation() >= sync).map_or(runs.len(), |at| at + 1);
        runs.drain(1.min(runs.len())..behind);
    } else if row.begins_part {
        let heard = from - track.preroll;
        let begins = runs.iter().position(|run| run.decode_end() + run.composition > heard).unwrap_or(0);
        let begins = runs.iter().take(begins + 1).rposition(|run| run.sync).unwrap_or(0);
        runs.drain(..begins);
    }
    if row.ends_part {
        let ends = runs.iter().rposition(|run| run.presentation() < to).map_or(1, |last| last + 1);
        runs.truncate(ends);
    }
    if rendition.kind == Kind::Video {
        let is_before = |run: &Run| row.begins_part && run.decode_end() + run.composition <= from;
        let is_behind = |run: &Run| row.ends_part && run.presentation() >= to;
        runs.retain(|run| !run.disposable || !is_before(run) && !is_behind(run));
    }
    runs
}

/// The runs as runs of one sample. Frames that span several runs (Ogg) stay apart.
pub(super) fn single(runs: Vec<Run>) -> Vec<Run> {
    runs.into_iter().flat_map(|run| (0..run.count).filter_map(move |at| run.slice(at..at + 1))).collect()
}

/// The first sample, with all its parts.
fn first_sample(runs: Vec<Run>) -> Vec<Run> {
    let mut runs = single(runs);
    // All parts of a sample but the last have no duration.
    let whole = runs.iter().position(|run| run.duration > Ticks::ZERO).map_or(1, |last| last + 1);
    runs.truncate(whole);
    runs
}

/// The samples of these runs, and their bytes.
fn samples(outline: &Outline, track: &Track, runs: &[Run]) -> Result<(Vec<Timed>, Splice), PackageError> {
    let mut timed: Vec<Timed> = Vec::new();
    let mut bytes = Splice::new();
    // The parts of a sample before its last.
    let mut open: Option<(Timed, u64)> = None;
    for run in runs {
        let payload = container::payload(outline, track, run)?;
        let (splice, is_whole) = match payload {
            Payload::Whole(splice) => (splice, true),
            Payload::Part(splice) => (splice, false),
            Payload::Laced(_) => {
                let (id, codec) = (track.id, track.codec.clone());
                return Err(super::NoStream::Track { id, codec, why: Unavailable::Laced }.into());
            }
        };
        bytes.append(&splice);
        let before = open.take();
        let length = splice.len() / u64::from(run.count.max(1)) + before.as_ref().map_or(0, |(_, length)| *length);
        let size = u32::try_from(length).unwrap_or(u32::MAX);
        let first = before.map(|(first, _)| first);
        for at in 0..run.count {
            let Some(one) = run.slice(at..at + 1) else { continue };
            let (decode, end) = (one.decode, one.decode_end());
            let mut sample = Timed { decode, end, composition: one.composition, size, sync: one.sync };
            if let Some(first) = first {
                sample = Timed { end, size, ..first };
            }
            if is_whole {
                timed.push(sample);
            } else {
                open = Some((sample, length));
            }
        }
    }
    Ok((timed, bytes))
}

/// Gives pictures that share a decode time one each, which some formats do not have (Matroska). Media Source Extensions take no two
/// pictures at one decode time. The next segment begins at `end`.
fn spread(timed: &mut [Timed], end: Ticks) {
    let Some(first) = timed.first().copied() else { return };
    let behind = timed.get(1..).unwrap_or_default().iter();
    if timed.iter().zip(behind).all(|(sample, next)| sample.decode < next.decode) {
        return;
    }
    let presented: Vec<i64> = timed.iter().map(|sample| sample.presentation().0).collect();
    let last = timed.iter().max_by_key(|sample| sample.presentation()).map_or(Ticks(1), |last| last.end - last.decode);
    let decoded = decode_times(&presented, last.0, first.decode.0, end.0);
    let ends: Vec<i64> = decoded.iter().skip(1).copied().chain([end.0]).collect();
    for (sample, (decode, end)) in timed.iter_mut().zip(decoded.iter().zip(ends)) {
        let presentation = sample.presentation();
        (sample.decode, sample.end) = (Ticks(*decode), Ticks(end));
        sample.composition = presentation - sample.decode;
    }
}

/// Decode times of pictures that are presented at these times: each lasts as long as it is presented, the one that is presented last
/// as long as `last` says. Chromium takes how long a sample lasts for how long its picture is shown, so it would pass over others
/// after seeking.
fn decode_times(presented: &[i64], last: i64, start: i64, end: i64) -> Vec<i64> {
    let mut in_order: Vec<i64> = presented.to_vec();
    in_order.sort_unstable();
    let lasts = |time: i64| {
        let next = in_order.get(in_order.partition_point(|other| *other <= time));
        next.map_or(last, |next| next - time)
    };
    // The first one lasts from the beginning, if all are presented later.
    let mut waits = in_order.first().map_or(0, |first| (first - start).max(0));
    let (mut decode, mut times) = (start, Vec::with_capacity(presented.len()));
    for (at, time) in presented.iter().enumerate() {
        // Every one that follows needs a tick.
        let left = i64::try_from(presented.len() - at).unwrap_or(i64::MAX);
        let least = times.last().map_or(start, |before| before + 1);
        times.push(decode.min(end - left).max(least));
        decode += lasts(*time).max(1) + std::mem::take(&mut waits);
    }
    times
}

/// The samples as the segment lists them.
fn on_timeline(
    presentation: &Presentation<'_>,
    rendition: &Rendition,
    track: &Track,
    (row, key_frame): (&Row, bool),
    timed: &[Timed],
) -> Result<Vec<FragmentSample>, PackageError> {
    let timeline = &rendition.timeline;
    let is_part = (row.begins_part || row.ends_part) && track.kind == Kind::Video;
    let times = match presentation.interval().filter(|_| is_part) {
        Some(_) => part_times(presentation, rendition, track, row, timed),
        None => whole_times(rendition, row, timed),
    };
    let end = row.start.saturating_add(row.duration);
    let end = i64::try_from(end).unwrap_or(i64::MAX);
    let last = timed.last().map_or(end, |last| timeline.decode(last.end));
    // The last sample lasts until the next segment begins. Sound ends with a whole frame.
    let end = if row.ends_part && !is_part && !key_frame { last } else { end };
    let ends = times.iter().skip(1).map(|(decode, _)| *decode).chain([end]);
    let samples = timed.iter().zip(&times).zip(ends).map(|((sample, (decode, offset)), end)| {
        Some(FragmentSample {
            duration: u32::try_from((end - decode).max(0)).ok()?,
            size: sample.size,
            sync: sample.sync,
            composition: i32::try_from(*offset).ok()?,
        })
    });
    let samples: Option<Vec<FragmentSample>> = samples.collect();
    samples.ok_or_else(|| super::NoStream::Timescale { id: track.id }.into())
}

/// Decode times and composition offsets of the samples of a segment of a whole content. The first picture of all is decoded at
/// zero, whenever it is presented ([`Row::start`]).
fn whole_times(rendition: &Rendition, row: &Row, timed: &[Timed]) -> Vec<(i64, i64)> {
    let timeline = &rendition.timeline;
    let start = i64::try_from(row.start).unwrap_or(i64::MAX);
    let is_video = rendition.kind == Kind::Video;
    let mut times = Vec::with_capacity(timed.len());
    for (at, sample) in timed.iter().enumerate() {
        let decode = timeline.decode(sample.decode);
        let given = if at == 0 && is_video { start } else { decode };
        times.push((given, timeline.offset(sample.composition).saturating_add(decode - given)));
    }
    times
}

/// Decode times and composition offsets of the pictures of a part's first or last segment. Those that are only decoded are presented
/// within [`LEAD`] ticks before the part, or one tick each at its end.
fn part_times(
    presentation: &Presentation<'_>,
    rendition: &Rendition,
    track: &Track,
    row: &Row,
    timed: &[Timed],
) -> Vec<(i64, i64)> {
    let timeline = &rendition.timeline;
    let Some(part) = presentation.interval() else { return Vec::new() };
    let from = track.timescale.ticks(part.start()) + track.shift();
    let to = track.timescale.ticks(part.end()) + track.shift();
    let end = i64::try_from(row.start.saturating_add(row.duration)).unwrap_or(i64::MAX);
    let lead = i64::try_from(LEAD).unwrap_or(i64::MAX);
    let is_before = |sample: &Timed| row.begins_part && sample.presented_until() <= from;
    let is_behind = |sample: &Timed| row.ends_part && sample.presentation() >= to;
    let (before, behind) = (PresentationTimes::of(timed, is_before), PresentationTimes::of(timed, is_behind));
    let step = (lead / i64::try_from(before.0.len()).unwrap_or(i64::MAX).max(1)).max(1);
    let until = |sample: &Timed| timeline.presentation(sample.presented_until().min(to)).max(lead);
    let is_shown = |sample: &&Timed| !is_before(sample) && !is_behind(sample);
    let shown_end = timed.iter().filter(is_shown).map(until).max().unwrap_or(lead);
    let presented = |sample: &Timed| {
        let natural = timeline.presentation(sample.presentation());
        match (is_before(sample), is_behind(sample)) {
            (true, _) => before.rank(sample) * step,
            (_, true) => shown_end + behind.rank(sample),
            _ if row.begins_part => natural.max(lead),
            _ => natural,
        }
    };
    let shown: Vec<i64> = timed.iter().map(presented).collect();
    let start = timed.first().map_or(0, |first| if row.begins_part { 0 } else { timeline.decode(first.decode) });
    let last = shown.iter().max().map_or(1, |last| (shown_end - last).max(1));
    let decoded = decode_times(&shown, last, start, end);
    decoded.iter().zip(&shown).map(|(decode, shown)| (*decode, shown - decode)).collect()
}

/// The presentation times of some pictures, in order.
struct PresentationTimes(Vec<Ticks>);

impl PresentationTimes {
    fn of(timed: &[Timed], is: impl Fn(&Timed) -> bool) -> Self {
        let mut times: Vec<Ticks> = timed.iter().filter(|sample| is(sample)).map(Timed::presentation).collect();
        times.sort_unstable();
        Self(times)
    }

    /// How many are presented before this one.
    fn rank(&self, sample: &Timed) -> i64 {
        let before = self.0.partition_point(|time| *time < sample.presentation());
        i64::try_from(before).unwrap_or(i64::MAX)
    }
}
