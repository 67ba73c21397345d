//! How a page is packed. All integers are encoded as in [`bits`](super::bits), all columns as in [`column`]:
//!
//! ```text
//! format | tracks | track...
//!     track: before | runs | stretches | first decode time | column... (only the first two in a track without runs)
//! first offset | order                    (neither in a page without runs)
//! elements | sizes | first offset | column... | what is kept of each    (only the count in a page without elements)
//! ```
//!
//! The times and bytes of a run nearly always begin where those of the previous run end, so the columns contain only
//! the gaps. For times, the previous run is that of the same track. For bytes, it is the previous one in the file:
//! there the tracks alternate in *stretches* of runs; each track stores the lengths of its stretches, and the order
//! says whose turn it is. Where runs overlap, because a sample is scattered between those of other tracks, it may be
//! shorter to take one track after the other: then each has one stretch.

use bytes::Bytes;

use super::bits::{Input, put_signed, put_unsigned};
use super::limits::MAX_RUNS;
use super::{Element, InvalidIndex, PAGE_FORMAT, Page, PageTrack, column, kept};
use crate::media::{Private, Run, Ticks};

/// The last format of pages whose elements are stored without regard to their samples, and with what is kept of them as it is.
const LAST_WITH_PLAIN_ELEMENTS: u64 = 5;
const LATEST: u64 = PAGE_FORMAT as u64;

/// The values of the column of sync samples, besides zero.
const SYNC: i64 = 1;
const DISPOSABLE: i64 = 2;

/// A run whose columns are all zero.
const PLAIN: Run = Run {
    decode: Ticks::ZERO,
    composition: Ticks::ZERO,
    duration: Ticks::ZERO,
    offset: 0,
    size: 0,
    count: 1,
    sync: false,
    disposable: false,
    private: Private::NONE,
};

impl Page {
    /// Packs the page, column by column. [`Page::unpack`] restores everything that is valid: runs of at least one
    /// sample, a `before` that is less than the page's number, and no more than 131 072 runs.
    #[must_use]
    pub fn pack(&self) -> Bytes {
        let mut out = Vec::with_capacity(2048);
        put_tracks(&mut out, self.number, &self.tracks);
        put_elements(&mut out, &self.elements, &self.tracks, kept::write);
        out.into()
    }

    /// Unpacks the result of [`Page::pack`].
    ///
    /// # Errors
    ///
    /// If the bytes are not such a page, are of another [`PAGE_FORMAT`], or claim more runs than a page may
    /// have.
    pub fn unpack(number: u32, packed: &[u8]) -> Result<Self, InvalidIndex> {
        let page = || {
            let mut input = Input::new(packed);
            let (format, tracks) = tracks(&mut input, number)?;
            let elements = elements(&mut input, format, &tracks)?;
            if !input.is_empty() {
                return Err(InvalidIndex("bytes behind the end".to_owned()));
            }
            Ok(Self { number, tracks, elements })
        };
        page().map_err(|InvalidIndex(what)| InvalidIndex(format!("page {number}: {what}")))
    }
}

/// Packs the tracks of page `number`.
pub(super) fn put_tracks(out: &mut Vec<u8>, number: u32, tracks: &[PageTrack]) {
    put_unsigned(out, u64::from(PAGE_FORMAT));
    put_unsigned(out, tracks.len() as u64);
    let file = RunLayout::shortest(tracks);
    for ((track, gaps), stretches) in tracks.iter().zip(&file.gaps).zip(&file.stretches) {
        // Zero means none, one means the previous page.
        put_unsigned(out, track.before.map_or(0, |before| u64::from(number.wrapping_sub(before)).max(1)));
        put_unsigned(out, track.runs.len() as u64);
        if let Some(first) = track.runs.first() {
            put_unsigned(out, stretches.len() as u64);
            put_signed(out, first.decode.0);
            put_runs(out, first.decode, &track.runs, gaps);
            column::write(out, stretches);
        }
    }
    if let Some(first) = file.first {
        put_unsigned(out, first);
        column::write(out, &file.order);
    }
}

fn put_runs(out: &mut Vec<u8>, first: Ticks, runs: &[Run], gaps: &[i64]) {
    let mut values = Vec::with_capacity(runs.len());
    let mut put = |value: &mut dyn FnMut(&Run) -> i64| {
        values.clear();
        values.extend(runs.iter().map(value));
        column::write(out, &values);
    };
    let mut end = first;
    put(&mut |run| {
        let gap = run.decode.0.wrapping_sub(end.0);
        end = run.decode_end();
        gap
    });
    put(&mut |run| i64::from(run.count) - 1);
    put(&mut |run| run.duration.0);
    put(&mut |run| run.composition.0);
    put(&mut |run| i64::from(run.size));
    put(&mut |run| if run.sync { SYNC } else { i64::from(run.disposable) * DISPOSABLE });
    put(&mut |run| i64::from(run.private.first()));
    put(&mut |run| i64::from(run.private.second()));
    column::write(out, gaps);
}

/// The order in which the runs of all tracks are laid out.
#[derive(Default)]
struct RunLayout {
    /// The offset of the first run.
    first: Option<u64>,
    /// For each track and each of its runs: the distance from the end of the previous run to its beginning.
    gaps: Vec<Vec<i64>>,
    /// For each track and each of its turns: how many of its runs follow one another, minus one.
    stretches: Vec<Vec<i64>>,
    /// Whose turn it is, among the tracks that have runs: zero is the next one after the current track.
    order: Vec<i64>,
}

impl RunLayout {
    /// That of the file, or one track after the other.
    fn shortest(tracks: &[PageTrack]) -> Self {
        let in_file = Self::of(tracks, true);
        let mut gaps = in_file.gaps.iter().flatten();
        if in_file.order.len() <= tracks.len() || gaps.all(|gap| *gap >= 0) {
            return in_file;
        }
        let by_track = Self::of(tracks, false);
        if by_track.length() < in_file.length() { by_track } else { in_file }
    }

    /// How many bytes it takes.
    fn length(&self) -> usize {
        let mut out = Vec::with_capacity(1024);
        for column in self.gaps.iter().chain(&self.stretches).chain([&self.order]) {
            column::write(&mut out, column);
        }
        out.len()
    }

    /// The next run is the next one in the file; or, unless `in_file`, that of the first track that has one.
    fn of(tracks: &[PageTrack], in_file: bool) -> Self {
        let mut order = Self {
            gaps: tracks.iter().map(|track| Vec::with_capacity(track.runs.len())).collect(),
            stretches: vec![Vec::new(); tracks.len()],
            ..Self::default()
        };
        let mut queues: Vec<_> = tracks
            .iter()
            .zip(order.gaps.iter_mut().zip(&mut order.stretches))
            .filter(|(track, _)| !track.runs.is_empty())
            .map(|(track, (gaps, stretches))| (track.runs.as_slice(), gaps, stretches))
            .collect();
        let count = queues.len();
        let mut turn = count.saturating_sub(1);
        let mut end = None;
        loop {
            // Each track keeps its own order, whatever its offsets.
            let mut next =
                queues.iter().enumerate().filter_map(|(place, queue)| Some((queue.0.first()?.offset, place)));
            let next = if in_file { next.min() } else { next.next() };
            let Some((_, place)) = next else { break };
            let Some((runs, gaps, stretches)) = queues.get_mut(place) else { break };
            let Some((run, rest)) = runs.split_first() else { break };
            gaps.push(run.offset.wrapping_sub(end.unwrap_or(run.offset)).cast_signed());
            match stretches.last_mut() {
                Some(length) if turn == place && end.is_some() => *length += 1,
                _ => {
                    stretches.push(0);
                    order.order.push(signed((place + count - turn + count - 1) % count));
                }
            }
            order.first.get_or_insert(run.offset);
            end = Some(run.bytes().end);
            turn = place;
            *runs = rest;
        }
        order
    }
}

fn signed(place: usize) -> i64 {
    i64::try_from(place).unwrap_or(i64::MAX)
}

/// Packs the elements, which follow the tracks. `put_kept` packs what is kept of them.
pub(super) fn put_elements(
    out: &mut Vec<u8>,
    elements: &[Element],
    tracks: &[PageTrack],
    put_kept: fn(&mut Vec<u8>, &[Element]),
) {
    put_unsigned(out, elements.len() as u64);
    let Some(first) = elements.first() else { return };
    let sizes = sample_sizes(tracks, elements.len());
    out.push(u8::from(sizes.is_some()));
    put_unsigned(out, first.offset);
    let (mut end, mut time) = (first.offset, 0);
    let gaps: Vec<i64> = elements
        .iter()
        .map(|element| {
            let gap = element.offset.wrapping_sub(end).cast_signed();
            end = element.offset.wrapping_add(element.size);
            gap
        })
        .collect();
    let times: Vec<i64> = elements
        .iter()
        .map(|element| element.time.0.wrapping_sub(std::mem::replace(&mut time, element.time.0)))
        .collect();
    column::write(out, &gaps);
    let sizes = sizes.into_iter().flatten().chain(std::iter::repeat(0));
    let beyond = elements.iter().zip(sizes).map(|(element, size)| element.size.wrapping_sub(size).cast_signed());
    column::write(out, &beyond.collect::<Vec<_>>());
    column::write(out, &elements.iter().map(|element| i64::from(element.header)).collect::<Vec<_>>());
    column::write(out, &times);
    column::write(
        out,
        &elements.iter().map(|element| i64::try_from(element.kept.len()).unwrap_or(i64::MAX)).collect::<Vec<_>>(),
    );
    put_kept(out, elements);
}

/// The sizes of the samples of the only track, if there are as many as elements. Then those are stored by what they have
/// beyond their samples: a frame of FLAC is both.
fn sample_sizes(tracks: &[PageTrack], elements: usize) -> Option<impl Iterator<Item = u64>> {
    let [track] = tracks else { return None };
    let samples: u64 = track.runs.iter().map(|run| u64::from(run.count)).sum();
    let sizes = || track.runs.iter().flat_map(|run| std::iter::repeat_n(u64::from(run.size), run.count as usize));
    (samples == elements as u64).then(sizes)
}

/// The format of a page or of a part of a segment table: the current one or the one before.
pub(super) fn format(input: &mut Input<'_>) -> Result<u64, InvalidIndex> {
    match input.unsigned()? {
        format @ LAST_WITH_PLAIN_ELEMENTS..=LATEST => Ok(format),
        format => Err(InvalidIndex(format!("a page of format {format}, not {PAGE_FORMAT}"))),
    }
}

/// Unpacks the tracks of page `number`, and says its format.
pub(super) fn tracks(input: &mut Input<'_>, number: u32) -> Result<(u64, Vec<PageTrack>), InvalidIndex> {
    let format = format(input)?;
    let count = input.count(MAX_RUNS)?;
    let mut tracks = Vec::with_capacity(count.min(16));
    let mut stretches = Vec::with_capacity(count.min(16));
    let mut left = MAX_RUNS;
    for _ in 0..count {
        let before = match input.unsigned()? {
            0 => None,
            back => Some(earlier(number, back)?),
        };
        let runs = input.count(left)?;
        left -= runs;
        if runs == 0 {
            tracks.push(PageTrack { before, runs: Vec::new() });
            continue;
        }
        let mut lengths = vec![1_u32; input.count(runs)?];
        let runs = read_runs(input, runs)?;
        column::read(input, &mut lengths, |length, value| put(length, value.saturating_add(1)))?;
        tracks.push(PageTrack { before, runs });
        stretches.push(lengths);
    }
    if !stretches.is_empty() {
        lay_out(input, &mut tracks, &stretches)?;
    }
    Ok((format, tracks))
}

fn earlier(number: u32, back: u64) -> Result<u32, InvalidIndex> {
    let back = u32::try_from(back).ok();
    back.and_then(|back| number.checked_sub(back))
        .ok_or_else(|| InvalidIndex("a sync sample before the first page".to_owned()))
}

fn put<T: TryFrom<i64>>(field: &mut T, value: i64) -> bool {
    let value = T::try_from(value);
    value.map(|value| *field = value).is_ok()
}

/// Reads the runs of a track; their offsets are still the gaps before them.
fn read_runs(input: &mut Input<'_>, count: usize) -> Result<Vec<Run>, InvalidIndex> {
    let mut end = Ticks(input.signed()?);
    let mut runs = vec![PLAIN; count];
    let runs_mut = runs.as_mut_slice();
    column::read(input, runs_mut, |run, value| put(&mut run.decode.0, value))?;
    column::read(input, runs_mut, |run, value| value >= 0 && put(&mut run.count, value.saturating_add(1)))?;
    column::read(input, runs_mut, |run, value| put(&mut run.duration.0, value))?;
    column::read(input, runs_mut, |run, value| put(&mut run.composition.0, value))?;
    column::read(input, runs_mut, |run, value| put(&mut run.size, value))?;
    column::read(input, runs_mut, |run, value| {
        (run.sync, run.disposable) = (value == SYNC, value == DISPOSABLE);
        run.sync || run.disposable || value == 0
    })?;
    column::read(input, runs_mut, |run, value| {
        let first = u32::try_from(value).ok().filter(|first| *first <= Private::MAX_FIRST);
        first.map(|first| run.private = Private::new(first, 0)).is_some()
    })?;
    column::read(input, runs_mut, |run, value| {
        let second = u8::try_from(value);
        second.map(|second| run.private = Private::new(run.private.first(), second)).is_ok()
    })?;
    column::read(input, runs_mut, |run, value| {
        run.offset = value.cast_unsigned();
        true
    })?;
    for run in runs_mut {
        run.decode = Ticks(end.0.wrapping_add(run.decode.0));
        end = run.decode_end();
    }
    Ok(runs)
}

/// Converts the gaps before the runs to their offsets. `stretches` are those of the tracks that have runs.
fn lay_out(input: &mut Input<'_>, tracks: &mut [PageTrack], stretches: &[Vec<u32>]) -> Result<(), InvalidIndex> {
    let broken = || InvalidIndex("stretches that are not those of the runs".to_owned());
    let mut end = input.unsigned()?;
    let mut order = vec![0_usize; stretches.iter().map(Vec::len).sum()];
    column::read(input, &mut order, |step, value| put(step, value) && *step < stretches.len())?;
    let with_runs = tracks.iter_mut().filter(|track| !track.runs.is_empty());
    let mut queues: Vec<_> =
        with_runs.map(|track| track.runs.iter_mut()).zip(stretches.iter().map(|s| s.iter())).collect();
    let mut turn = queues.len() - 1;
    for step in order {
        // Both are less than the number of queues, so that no division is needed.
        turn += step + 1;
        if turn >= queues.len() {
            turn -= queues.len();
        }
        let (runs, lengths) = queues.get_mut(turn).ok_or_else(broken)?;
        let length = *lengths.next().ok_or_else(broken)? as usize;
        if length > runs.len() {
            return Err(broken());
        }
        for run in runs.by_ref().take(length) {
            run.offset = end.wrapping_add(run.offset);
            end = run.bytes().end;
        }
    }
    if queues.iter().any(|(runs, _)| runs.len() > 0) { Err(broken()) } else { Ok(()) }
}

/// Unpacks the elements, which are at the end of a page with these tracks.
pub(super) fn elements(input: &mut Input<'_>, format: u64, tracks: &[PageTrack]) -> Result<Vec<Element>, InvalidIndex> {
    let count = input.count(MAX_RUNS)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let plain = format == LAST_WITH_PLAIN_ELEMENTS;
    let sizes = if !plain && input.byte()? != 0 {
        let sizes = sample_sizes(tracks, count);
        Some(sizes.ok_or_else(|| InvalidIndex("elements that are not those of the samples".to_owned()))?)
    } else {
        None
    };
    let mut end = input.unsigned()?;
    let mut elements = vec![Element { offset: 0, size: 0, header: 0, time: Ticks::ZERO, kept: Bytes::new() }; count];
    column::read(input, &mut elements, |element, value| {
        element.offset = value.cast_unsigned();
        true
    })?;
    column::read(input, &mut elements, |element, value| {
        element.size = value.cast_unsigned();
        true
    })?;
    column::read(input, &mut elements, |element, value| put(&mut element.header, value))?;
    column::read(input, &mut elements, |element, value| put(&mut element.time.0, value))?;
    for (element, size) in elements.iter_mut().zip(sizes.into_iter().flatten()) {
        element.size = element.size.wrapping_add(size);
    }
    let mut time: i64 = 0;
    for element in &mut elements {
        element.offset = end.wrapping_add(element.offset);
        end = element.offset.wrapping_add(element.size);
        time = time.wrapping_add(element.time.0);
        element.time = Ticks(time);
    }
    let mut kept = vec![0_usize; count];
    column::read(input, &mut kept, put)?;
    let mut all = if plain { kept::read_plain(input, &kept)? } else { kept::read(input, &kept)? };
    for (element, length) in elements.iter_mut().zip(kept) {
        element.kept = all.split_to(length.min(all.len()));
    }
    Ok(elements)
}
