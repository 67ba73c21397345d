//! Writes the sample tables of a cut (ISO/IEC 14496-12 §8.6 and §8.7), which [`super::super::tables`] reads.

use std::ops::Range;

use super::super::sound::SoundPackets;
use crate::container::boxes::{patch_u32, write_full_box};
use crate::container::{Error, TooLarge};
use crate::index::Runs;
use crate::media::{Run, Ticks};

/// The samples of a track as its tables count them.
pub(super) struct CountedSamples<'a> {
    pub runs: &'a Runs,
    /// The packets whose frames the tables count.
    pub packets: Option<SoundPackets>,
}

impl CountedSamples<'_> {
    fn iter(&self) -> impl Iterator<Item = Run> + Clone {
        let packets = self.packets;
        self.runs.iter().map(move |run| match packets {
            None => run,
            Some(packets) => packets.counted(&run),
        })
    }
}

/// The chunks of a track, each with samples that are adjacent in the cut and use one sample description: the entries of
/// the tables `stsc` and `stco` or `co64`.
#[derive(Default)]
pub(super) struct CutChunks {
    wide: bool,
    /// The chunk that may still grow: its range in the media data, its samples, and their description.
    open: Option<(Range<u64>, u32, u16)>,
    count: usize,
    offsets: Vec<u8>,
    groups: Vec<u8>,
    group: Option<(u32, u16)>,
}

impl CutChunks {
    /// With 64-bit offsets if `wide`.
    pub fn of(wide: bool) -> Self {
        Self { wide, ..Self::default() }
    }

    /// Adds samples, whose bytes are at this range of the media data.
    pub fn put(&mut self, bytes: Range<u64>, samples: u32, description: u16) -> Result<(), Error> {
        match &mut self.open {
            Some((open, count, same)) if open.end == bytes.start && *same == description => {
                let sum = count.checked_add(samples);
                *count = sum.ok_or(TooLarge::Samples)?;
                open.end = bytes.end;
            }
            _ => {
                self.end();
                self.open = Some((bytes, samples, description));
            }
        }
        Ok(())
    }

    /// Ends the last chunk.
    pub fn end(&mut self) {
        let Some((bytes, samples, description)) = self.open.take() else { return };
        self.count += 1;
        match u32::try_from(bytes.start) {
            Ok(offset) if !self.wide => self.offsets.extend_from_slice(&offset.to_be_bytes()),
            _ => self.offsets.extend_from_slice(&bytes.start.to_be_bytes()),
        }
        if self.group.replace((samples, description)) != Some((samples, description)) {
            let number = u32::try_from(self.count).unwrap_or(u32::MAX);
            for field in [number, samples, u32::from(description)] {
                self.groups.extend_from_slice(&field.to_be_bytes());
            }
        }
    }

    /// How many there are.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The entries of `stco` or `co64`, relative to the media data.
    pub fn offsets(&self) -> &[u8] {
        &self.offsets
    }

    /// Their size in memory in bytes.
    pub const fn memory(&self) -> u64 {
        (self.offsets.len() + self.groups.len()) as u64
    }
}

/// What all tables have to know of a track's samples.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SampleSummary {
    /// How many there are.
    samples: u64,
    /// How many of them are sync samples.
    syncs: u64,
    /// The size of each sample; `None` if they differ.
    size: Option<u32>,
    /// Whether some are presented at another time than they are decoded.
    shifted: bool,
    /// Whether some are presented before they are decoded.
    early: bool,
    /// How many entries the table of composition offsets has at most.
    compositions: u64,
    /// How many entries the table of durations has at most.
    durations: u64,
}

impl SampleSummary {
    /// Looks at all samples once.
    pub fn of(counted: &CountedSamples<'_>) -> Self {
        let mut summary = Self::default();
        let mut before: Option<Run> = None;
        for run in counted.iter() {
            summary.samples += u64::from(run.count);
            summary.syncs += u64::from(run.sync) * u64::from(run.count);
            summary.shifted |= run.composition != Ticks::ZERO;
            summary.early |= run.composition < Ticks::ZERO;
            let (mut is_shifted_anew, mut is_timed_anew) = (true, true);
            if let Some(before) = &before {
                summary.size = summary.size.filter(|size| *size == run.size);
                is_shifted_anew = before.composition != run.composition;
                // If samples were left out, or times are rounded, the last sample of a run has another duration.
                is_timed_anew = before.duration != run.duration || before.decode_end() != run.decode;
            } else {
                summary.size = Some(run.size);
            }
            summary.compositions += u64::from(is_shifted_anew);
            summary.durations += 2 * u64::from(is_timed_anew);
            before = Some(run);
        }
        summary
    }

    /// Whether every sample is a sync sample.
    const fn is_sync(&self) -> bool {
        self.syncs == self.samples
    }

    /// The size of each sample for `stsz`, where zero says that they differ.
    fn constant(&self) -> u32 {
        self.size.unwrap_or(0)
    }

    /// The size of the tables in bytes, without those of chunks.
    pub fn length(&self) -> u64 {
        let compositions = if self.shifted { 8 * self.compositions } else { 0 };
        let syncs = if self.is_sync() { 0 } else { 4 * self.syncs };
        let sizes = if self.constant() > 0 { 0 } else { 4 * self.samples };
        8 * self.durations + compositions + syncs + sizes
    }
}

/// Appends the number of the following entries.
pub(super) fn put_count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
}

/// The entries of a table of (count, value) pairs, in which neighbours of equal value are one.
struct RunEntries<'a> {
    out: &'a mut Vec<u8>,
    written: u32,
    last: (u64, u32),
}

impl RunEntries<'_> {
    #[inline]
    fn put(&mut self, count: u32, value: u32) {
        if count > 0 && value != self.last.1 {
            self.end();
            self.last.1 = value;
        }
        self.last.0 += u64::from(count);
    }

    /// Writes the last one. A count has 32 bits.
    fn end(&mut self) {
        let (count, value) = &mut self.last;
        while *count > 0 {
            let part = u32::try_from(*count).unwrap_or(u32::MAX);
            self.out.extend_from_slice(&part.to_be_bytes());
            self.out.extend_from_slice(&value.to_be_bytes());
            self.written += 1;
            *count -= u64::from(part);
        }
    }
}

/// Writes a table of (count, value) pairs.
fn write_entries(out: &mut Vec<u8>, kind: [u8; 4], version: u8, put: impl FnOnce(&mut RunEntries<'_>)) {
    write_full_box(out, kind, version, |out| {
        let at = out.len();
        put_count(out, 0);
        let mut entries = RunEntries { out, written: 0, last: (0, 0) };
        put(&mut entries);
        entries.end();
        let written = entries.written;
        patch_u32(out, at, written);
    });
}

/// `stts` (§8.6.1.2). If samples were left out, the previous one lasts until the next, so that all others keep their
/// times.
pub(super) fn write_durations(out: &mut Vec<u8>, runs: &CountedSamples<'_>) {
    let clamp = |duration: Ticks| u32::try_from(duration.0).unwrap_or(if duration.0 < 0 { 0 } else { u32::MAX });
    write_entries(out, *b"stts", 0, |entries| {
        let mut put = |run: &Run, last: Ticks| {
            entries.put(run.count - 1, clamp(run.duration));
            entries.put(1, clamp(last));
        };
        let mut all = runs.iter();
        let Some(mut run) = all.next() else { return };
        for next in all {
            let before_last = run.decode + run.duration.times(i64::from(run.count) - 1);
            put(&run, next.decode - before_last);
            run = next;
        }
        put(&run, run.duration);
    });
}

/// `ctts` (§8.6.1.3), if presentation differs from decoding; version 1 if it may be earlier.
pub(super) fn write_compositions(out: &mut Vec<u8>, runs: &CountedSamples<'_>, summary: &SampleSummary) {
    if !summary.shifted {
        return;
    }
    write_entries(out, *b"ctts", u8::from(summary.early), |entries| {
        for run in runs.iter() {
            entries.put(run.count, i32::try_from(run.composition.0).unwrap_or(0).cast_unsigned());
        }
    });
}

/// `stss` (§8.6.2), unless every sample is a sync sample.
pub(super) fn write_syncs(out: &mut Vec<u8>, runs: &CountedSamples<'_>, summary: &SampleSummary) {
    if summary.is_sync() {
        return;
    }
    write_full_box(out, *b"stss", 0, |out| {
        let at = out.len();
        put_count(out, 0);
        let (mut number, mut count) = (1u32, 0u32);
        for run in runs.iter() {
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
pub(super) fn write_chunk_groups(out: &mut Vec<u8>, chunks: &CutChunks) {
    write_full_box(out, *b"stsc", 0, |out| {
        put_count(out, chunks.groups.len() / 12);
        out.extend_from_slice(&chunks.groups);
    });
}

/// `stsz` (§8.7.3.2).
pub(super) fn write_sizes(out: &mut Vec<u8>, runs: &CountedSamples<'_>, summary: &SampleSummary) {
    write_full_box(out, *b"stsz", 0, |out| {
        out.extend_from_slice(&summary.constant().to_be_bytes());
        out.extend_from_slice(&u32::try_from(summary.samples).unwrap_or(u32::MAX).to_be_bytes());
        if summary.constant() == 0 {
            for run in runs.iter() {
                for _ in 0..run.count {
                    out.extend_from_slice(&run.size.to_be_bytes());
                }
            }
        }
    });
}
