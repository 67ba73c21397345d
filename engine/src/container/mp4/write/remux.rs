//! An MP4 of samples that a file of any format has: their payloads as they are, behind a movie box of its own.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::tables::{CountedSamples, CutChunks, SampleSummary};
use super::{CutTrack, MediaDataLayout, bytes, damaged, write_movie};
use crate::container::boxes::{Box, write_box};
use crate::container::cmaf::{self, SampleEntries, TrackHeader, UNITY};
use crate::container::order::Merged;
use crate::container::{EditSpan, Error, Payload, Selection, Unsupported, Written, format_of, payload};
use crate::index::{Outline, Runs};
use crate::media::splice::Splice;
use crate::media::{Kind, Private, Run, Ticks, Timescale, Track};

/// How many pictures may be decoded before one that is presented before them: H.264 and HEVC have at most 16.
const REORDERED: usize = 32;

/// Writes a selection as a complete MP4, with these sample entries for each of its tracks.
///
/// # Errors
///
/// If samples of a track cannot be had one by one, or the tables exceed the memory of a cut.
pub fn remux(outline: &Outline, selection: &Selection, entries: &[SampleEntries]) -> Result<Written, Error> {
    let length = selection.tracks.iter().flat_map(|selected| &selected.runs).map(|run| bytes(&run)).sum::<u64>();
    let wide = super::is_wide(length);
    let MediaDataLayout { data, chunks, runs } = lay_out(outline, selection, entries, wide)?;
    let mut tracks = Vec::with_capacity(runs.len());
    for (((selected, runs), entries), id) in selection.tracks.iter().zip(runs).zip(entries).zip(1_u32..) {
        let track =
            outline.tracks.get(selected.track).ok_or_else(|| damaged("a track is selected that is not there"))?;
        tracks.push(Remuxed::new(track, &selected.segments, runs, (id, entries))?);
    }
    let mut cut = Vec::with_capacity(tracks.len());
    for (remuxed, chunks) in tracks.iter().zip(chunks) {
        let Remuxed { track, setup, segments, runs } = remuxed;
        let setup = Box::read(setup, 0, "")?;
        let summary = SampleSummary::of(&CountedSamples { runs, packets: None });
        cut.push(CutTrack { track, setup, segments, runs, chunks, packets: None, summary });
    }
    let mut brands = Vec::new();
    write_box(&mut brands, *b"ftyp", |out| out.extend_from_slice(b"isom\0\0\x02\0isomiso2mp41"));
    let next = u32::try_from(tracks.len()).unwrap_or(u32::MAX).saturating_add(1);
    let tables = super::tables_of(&cut);
    write_movie((&brands, &cmaf::movie_header(next)), cut, tables, &data, wide)
}

/// A track with times in whole ticks a second.
struct Remuxed {
    track: Track,
    /// Its `trak` box without tables.
    setup: Vec<u8>,
    segments: Vec<EditSpan>,
    runs: Runs,
}

impl Remuxed {
    fn new(
        track: &Track,
        segments: &[EditSpan],
        runs: Runs,
        (id, entries): (u32, &SampleEntries),
    ) -> Result<Self, Error> {
        let (ticks, factor) = track.timescale.as_fraction();
        let timescale = Timescale::per_second(ticks).ok_or_else(|| damaged("a timescale of zero ticks"))?;
        let factor = i64::from(factor);
        let segment = |segment: &EditSpan| EditSpan {
            duration: segment.duration.times(factor),
            media: segment.media.map(|media| media.times(factor)),
        };
        let runs = if track.kind == Kind::Video && decodes_two_at_once(&runs) { spread(&runs) } else { runs };
        let scaled = |run: Run| Run {
            decode: run.decode.times(factor),
            composition: run.composition.times(factor),
            duration: run.duration.times(factor),
            ..run
        };
        let setup = cmaf::track_box(
            &TrackHeader {
                kind: track.kind,
                entries: entries.iter().map(|(_, entry)| entry.as_slice()).collect(),
                timescale: ticks,
                media_time: 0,
                dimensions: track.dimensions.unwrap_or_default(),
                matrix: UNITY,
                language: track.language.as_deref(),
            },
            id,
        );
        Ok(Self {
            track: Track { timescale, ..track.clone() },
            setup,
            segments: segments.iter().map(segment).collect(),
            runs: if factor == 1 { runs } else { runs.iter().map(scaled).collect() },
        })
    }
}

/// Lays out the payloads in the order of the file.
fn lay_out(
    outline: &Outline,
    selection: &Selection,
    entries: &[SampleEntries],
    wide: bool,
) -> Result<MediaDataLayout<Runs>, Error> {
    let count = selection.tracks.len();
    let mut chunks: Vec<CutChunks> = (0..count).map(|_| CutChunks::of(wide)).collect();
    let mut runs = vec![Runs::default(); count];
    // Of each track, the beginning of a sample that lies in several pieces.
    let mut open: Vec<Option<(Run, Splice)>> = vec![None; count];
    let mut data = Splice::new();
    let format = format_of(outline);
    for (place, run) in Merged::new(&selection.tracks) {
        let track = selection.tracks.get(place).and_then(|selected| outline.tracks.get(selected.track));
        let (Some(track), Some(chunks), Some(runs), Some(open)) =
            (track, chunks.get_mut(place), runs.get_mut(place), open.get_mut(place))
        else {
            continue;
        };
        let payload = payload(outline, track, &run)?;
        let (first, mut bytes) = open.take().unwrap_or_else(|| (run.clone(), Splice::new()));
        match payload {
            Payload::Whole(rest) => bytes.append(&rest),
            Payload::Part(part) => {
                bytes.append(&part);
                *open = Some((first, bytes));
                continue;
            }
            Payload::Laced(_) => {
                let of = format!("track {}", track.id);
                return Err(Unsupported::Payload { of, why: "several frames share a block (lacing)" }.into());
            }
        }
        let offset = data.len();
        data.append(&bytes);
        let number = format.map_or(0, |format| format.configuration_number(&run));
        let entry =
            entries.get(place).and_then(|all| all.iter().position(|(own, _)| *own == number)).unwrap_or_default();
        chunks.put(offset..data.len(), run.count, u16::try_from(entry).unwrap_or_default().saturating_add(1))?;
        let size = bytes.len() / u64::from(run.count.max(1));
        runs.push(Run {
            decode: first.decode,
            composition: first.composition,
            duration: if run.count == 1 { run.decode_end() - first.decode } else { run.duration },
            offset,
            size: u32::try_from(size).unwrap_or(u32::MAX),
            sync: first.sync,
            private: Private::NONE,
            ..run
        });
    }
    chunks.iter_mut().for_each(CutChunks::end);
    Ok(MediaDataLayout { data, chunks, runs })
}

/// Whether two samples have one decode time, as in formats that have presentation times alone.
fn decodes_two_at_once(runs: &Runs) -> bool {
    let mut before = None;
    runs.iter().any(|run| {
        let same = before == Some(run.decode) || run.count > 1 && run.duration == Ticks::ZERO;
        before = Some(run.decode);
        same
    })
}

/// Gives each picture a decode time of its own: the times at which pictures are presented, in order.
fn spread(runs: &Runs) -> Runs {
    let mut times = BinaryHeap::with_capacity(REORDERED + 1);
    let mut waiting = VecDeque::with_capacity(REORDERED + 1);
    let mut spread: Vec<Run> = Vec::new();
    let mut all = Runs::default();
    let mut settle = |run: Option<Run>, time: Option<Reverse<Ticks>>| {
        let (Some(run), Some(Reverse(time))) = (run, time) else { return };
        let presentation = run.presentation();
        spread.push(Run { decode: time, composition: presentation - time, ..run });
        if spread.len() >= 1024 {
            all.extend(spread.drain(..));
        }
    };
    for run in runs {
        for at in 0..run.count {
            let Some(one) = run.slice(at..at + 1) else { continue };
            times.push(Reverse(one.presentation()));
            waiting.push_back(one);
            if waiting.len() > REORDERED {
                settle(waiting.pop_front(), times.pop());
            }
        }
    }
    while !waiting.is_empty() {
        settle(waiting.pop_front(), times.pop());
    }
    all.extend(spread);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_without_decode_times_of_their_own_get_those_of_the_presentation() {
        let picture = |decode: i64, presented: i64, sync| Run {
            decode: Ticks(decode),
            composition: Ticks(presented - decode),
            duration: Ticks(40),
            offset: 0,
            size: 1,
            count: 1,
            sync,
            disposable: false,
            private: Private::NONE,
        };
        // Decoded I P B B P, with the latest presentation time so far as the decode time.
        let runs = [(0, 0, true), (120, 120, false), (120, 40, false), (120, 80, false), (160, 160, false)];
        let runs: Runs = runs.into_iter().map(|(decode, presented, sync)| picture(decode, presented, sync)).collect();
        assert!(decodes_two_at_once(&runs));
        let spread = spread(&runs);
        let times: Vec<_> = spread.iter().map(|run| (run.decode.0, run.presentation().0)).collect();
        assert_eq!(times, [(0, 0), (40, 120), (80, 40), (120, 80), (160, 160)]);
        assert!(!decodes_two_at_once(&spread));
    }
}
