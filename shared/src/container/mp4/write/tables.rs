//! The sample tables of a cut (ISO/IEC 14496-12 §8.6 and §8.7): what [`super::super::tables`] reads, written.

use super::super::boxes::{patch_u32, write_full_box};
use crate::media::{Run, Ticks};

/// Samples of one track that lie side by side in the cut, and use one sample description.
pub(super) struct Chunk {
    /// From the beginning of the media data.
    pub offset: u64,
    /// Where it ends.
    pub end: u64,
    /// How many.
    pub samples: u32,
    /// Counted from 1.
    pub description: u16,
}

/// Appends how many entries follow.
pub(super) fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
}

/// Writes a table of (count, value) pairs, neighbours of equal value joined.
fn write_runs(out: &mut Vec<u8>, kind: [u8; 4], version: u8, values: impl Iterator<Item = (u32, u32)>) {
    write_full_box(out, kind, version, |out| {
        let at = out.len();
        put_count(out, 0);
        let mut entries = 0u32;
        let mut last: Option<(u64, u32)> = None;
        let mut put = |out: &mut Vec<u8>, (mut count, value): (u64, u32)| {
            while count > 0 {
                let part = u32::try_from(count).unwrap_or(u32::MAX);
                out.extend_from_slice(&part.to_be_bytes());
                out.extend_from_slice(&value.to_be_bytes());
                entries += 1;
                count -= u64::from(part);
            }
        };
        for (count, value) in values {
            match &mut last {
                Some((total, same)) if *same == value => *total += u64::from(count),
                _ => {
                    if let Some(done) = last.replace((u64::from(count), value)) {
                        put(out, done);
                    }
                }
            }
        }
        if let Some(done) = last {
            put(out, done);
        }
        patch_u32(out, at, entries);
    });
}

/// `stts` (§8.6.1.2). Where samples were left out the one before lasts until the next, so that all others keep their times.
pub(super) fn write_durations(out: &mut Vec<u8>, runs: &[Run]) {
    let clamp = |duration: Ticks| u32::try_from(duration.0).unwrap_or(if duration.0 < 0 { 0 } else { u32::MAX });
    let ends = runs.iter().skip(1).map(|run| Some(run.decode)).chain([None]);
    let values = runs.iter().zip(ends).flat_map(|(run, end)| {
        let before_last = run.decode + run.duration.times(i64::from(run.count) - 1);
        let last = end.map_or(run.duration, |end| end - before_last);
        [(run.count - 1, clamp(run.duration)), (1, clamp(last))]
    });
    write_runs(out, *b"stts", 0, values.filter(|(count, _)| *count > 0));
}

/// `ctts` (§8.6.1.3), where presentation differs from decoding; version 1 where it may come earlier.
pub(super) fn write_compositions(out: &mut Vec<u8>, runs: &[Run]) {
    if runs.iter().all(|run| run.composition == Ticks::ZERO) {
        return;
    }
    let version = u8::from(runs.iter().any(|run| run.composition < Ticks::ZERO));
    let values = runs.iter().map(|run| (run.count, i32::try_from(run.composition.0).unwrap_or(0).cast_unsigned()));
    write_runs(out, *b"ctts", version, values);
}

/// `stss` (§8.6.2), unless every sample is a sync sample.
pub(super) fn write_syncs(out: &mut Vec<u8>, runs: &[Run]) {
    if runs.iter().all(|run| run.sync) {
        return;
    }
    write_full_box(out, *b"stss", 0, |out| {
        let at = out.len();
        put_count(out, 0);
        let (mut number, mut count) = (1u32, 0u32);
        for run in runs {
            if run.sync {
                for sample in 0..run.count {
                    out.extend_from_slice(&number.saturating_add(sample).to_be_bytes());
                }
                count = count.saturating_add(run.count);
            }
            number = number.saturating_add(run.count);
        }
        patch_u32(out, at, count);
    });
}

/// `stsc` (§8.7.4).
pub(super) fn write_chunk_groups(out: &mut Vec<u8>, chunks: &[Chunk]) {
    write_full_box(out, *b"stsc", 0, |out| {
        let at = out.len();
        put_count(out, 0);
        let mut last = None;
        let mut entries = 0;
        for (chunk, number) in chunks.iter().zip(1u32..) {
            let group = (chunk.samples, u32::from(chunk.description));
            if last.replace(group) != Some(group) {
                for field in [number, group.0, group.1] {
                    out.extend_from_slice(&field.to_be_bytes());
                }
                entries += 1;
            }
        }
        patch_u32(out, at, entries);
    });
}

/// `stsz` (§8.7.3.2).
pub(super) fn write_sizes(out: &mut Vec<u8>, runs: &[Run]) {
    let count = runs.iter().fold(0u32, |count, run| count.saturating_add(run.count));
    let constant = runs.first().map_or(0, |run| run.size);
    write_full_box(out, *b"stsz", 0, |out| {
        let constant = if runs.iter().all(|run| run.size == constant) { constant } else { 0 };
        out.extend_from_slice(&constant.to_be_bytes());
        out.extend_from_slice(&count.to_be_bytes());
        if constant == 0 {
            for run in runs {
                for _ in 0..run.count {
                    out.extend_from_slice(&run.size.to_be_bytes());
                }
            }
        }
    });
}
