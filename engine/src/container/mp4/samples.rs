//! The samples of a track from its tables (ISO/IEC 14496-12 §8.6, §8.7): walks all tables in parallel, and returns
//! runs.

use super::dependencies::Dependencies;
use super::groups::Groups;
use super::sound::SoundPackets;
use super::sync::SyncTable;
use super::tables::{Chunk, ChunkTables, SampleRuns, Sizes};
use crate::container::Error;
use crate::container::boxes::Box;
use crate::media::{Private, Run, Ticks};

/// Iterates over the samples of one track, in decode order.
#[derive(Clone, Debug)]
pub struct TrackSamples<'a> {
    durations: SampleRuns<'a>,
    compositions: SampleRuns<'a>,
    sizes: Sizes<'a>,
    syncs: SyncTable<'a>,
    dependencies: Dependencies<'a>,
    chunks: ChunkTables<'a>,
    chunk: Chunk,
    /// The number of the next sample, from 1.
    number: u32,
    decode: Ticks,
    /// The last duration in `stts`: it continues if that table ends too early.
    duration: u32,
    file_length: u64,
    truncated: bool,
    /// How many of the units that the chunks count make one sample.
    counted: u32,
}

impl<'a> TrackSamples<'a> {
    /// Reads the headers of the tables in `stbl`. Samples beyond the end of the file are left out.
    pub fn read(stbl: &Box<'a>, file_length: u64) -> Result<Self, Error> {
        let sizes = match stbl.child(*b"stsz")? {
            Some(sizes) => sizes,
            None => stbl.expect_child(*b"stz2")?,
        };
        let offsets = match stbl.child(*b"stco")? {
            Some(offsets) => offsets,
            None => stbl.expect_child(*b"co64")?,
        };
        Ok(Self {
            durations: SampleRuns::read(&stbl.expect_child(*b"stts")?)?,
            compositions: stbl.child(*b"ctts")?.map(|table| SampleRuns::read(&table)).transpose()?.unwrap_or_default(),
            sizes: Sizes::read(&sizes)?,
            syncs: SyncTable::read(
                stbl.child(*b"stss")?.as_ref(),
                stbl.child(*b"stps")?.as_ref(),
                Groups::points(stbl)?,
            )?,
            dependencies: stbl
                .child(*b"sdtp")?
                .map(|table| Dependencies::read(&table))
                .transpose()?
                .unwrap_or_default(),
            chunks: ChunkTables::read(&stbl.expect_child(*b"stsc")?, &offsets)?,
            chunk: Chunk { offset: 0, samples: 0, description: 1 },
            number: 1,
            decode: Ticks::ZERO,
            duration: 0,
            file_length,
            truncated: false,
            counted: 1,
        })
    }

    /// Uses these numbers of sync samples, in the format of `stss`.
    pub fn with_syncs(self, numbers: &'a [u8]) -> Self {
        Self { syncs: SyncTable::listed(numbers), ..self }
    }

    /// Converts to packets, if the tables count their frames: each frame has a duration of one tick, and all have the
    /// same size.
    #[must_use]
    pub fn in_packets(mut self, packets: Option<SoundPackets>) -> Self {
        if let Some(packets) = packets
            && let Some((1, alike)) = self.durations.peek()
            && alike >= self.sizes.left()
            && let Some(sizes) = self.sizes.in_packets(packets)
        {
            self.durations = SampleRuns::constant(packets.frames, sizes.left());
            self.sizes = sizes;
            self.counted = packets.frames;
        }
        self
    }

    /// How many claimed samples were left out, once the iteration has ended; and whether the end of the file was the
    /// reason.
    pub const fn left_out(&self) -> (u32, bool) {
        (self.sizes.left(), self.truncated)
    }
}

impl Iterator for TrackSamples<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let (size, alike) = self.sizes.peek()?;
        while self.chunk.samples == 0 {
            self.chunk = self.chunks.next()?;
            self.chunk.samples = self.chunk.samples.div_ceil(self.counted);
        }
        let mut count = alike.min(self.chunk.samples);
        if let Some((duration, left)) = self.durations.peek() {
            // Durations are unsigned; a negative one from a faulty writer counts as zero.
            self.duration = if duration > i32::MAX as u32 { 0 } else { duration };
            count = count.min(left);
        }
        let composition = match self.compositions.peek() {
            Some((composition, left)) => {
                count = count.min(left);
                // Version 0 is unsigned by the standard, but many writers use negative values.
                i64::from(composition.cast_signed())
            }
            None => 0,
        };
        let (sync, left) = self.syncs.peek(self.number);
        count = count.min(left);
        let (disposable, left) = self.dependencies.peek(self.number);
        count = count.min(left);

        let room = self.file_length.saturating_sub(self.chunk.offset);
        if let Some(fitting) = room.checked_div(u64::from(size)) {
            count = count.min(u32::try_from(fitting).unwrap_or(u32::MAX));
        }
        if count == 0 || self.chunk.offset > self.file_length {
            self.truncated = true;
            return None;
        }
        let run = Run {
            decode: self.decode,
            composition: Ticks(composition),
            duration: Ticks(i64::from(self.duration)),
            offset: self.chunk.offset,
            size,
            count,
            sync,
            disposable: disposable && !sync,
            private: described(self.chunk.description),
        };
        self.decode = run.decode_end();
        self.number = self.number.saturating_add(count);
        self.durations.advance(count);
        self.compositions.advance(count);
        self.sizes.advance(count);
        self.chunk.samples -= count;
        self.chunk.offset = run.bytes().end;
        Some(run)
    }
}

/// What a run keeps of the sample description that its samples use, counted from 1 (ISO/IEC 14496-12 §8.7.4).
pub fn described(description: u32) -> Private {
    Private::new(description.min(u16::MAX.into()).saturating_sub(1), 0)
}

/// The sample description that the samples of a run use, counted from 1.
pub fn description(run: &Run) -> u16 {
    u16::try_from(run.private.first()).unwrap_or(u16::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::container::boxes::{write_box, write_full_box};

    /// Three hundred frames of sound of one size, or one of another; 128 a chunk.
    fn frames(durations: &[u32], sizes: &[u32]) -> Vec<u8> {
        let mut out = Vec::new();
        let tables: [([u8; 4], &[u32]); 4] = [
            (*b"stts", durations),
            (*b"stsz", sizes),
            (*b"stsc", &[2, 1, 128, 1, 3, 44, 1]),
            (*b"stco", &[3, 100, 200, 300]),
        ];
        write_box(&mut out, *b"stbl", |out| {
            for (kind, words) in tables {
                write_full_box(out, kind, 0, |out| out.extend(words.iter().flat_map(|word| word.to_be_bytes())));
            }
        });
        out
    }

    #[test]
    fn frames_that_are_counted_are_packets() {
        let of = |durations: &[u32], sizes: &[u32], frames_each: u32| {
            let packets = Some(SoundPackets { frames: frames_each, bytes: 34 });
            let stbl = frames(durations, sizes);
            let stbl = Box::read(&stbl, 0, "").unwrap();
            let samples = TrackSamples::read(&stbl, 10_000).unwrap().in_packets(packets);
            samples.map(|run| (run.offset, run.size, run.count, run.decode.0, run.duration.0)).collect::<Vec<_>>()
        };
        let counted = [(100, 34, 2, 0, 64), (200, 34, 2, 128, 64), (300, 34, 1, 256, 64)];
        assert_eq!(of(&[1, 300, 1], &[1, 300], 64), counted, "the last packet is not full");
        let single = [(100, 34, 128, 0, 1), (200, 34, 128, 128, 1), (300, 34, 44, 256, 1)];
        assert_eq!(of(&[1, 300, 1], &[1, 300], 1), single, "of a size that the table does not know");
        let larger = [(100, 36, 128, 0, 1), (200, 36, 128, 128, 1), (300, 36, 44, 256, 1)];
        assert_eq!(of(&[1, 300, 1], &[36, 300], 1), larger, "of a size that the description does not know");
        // Units with another duration than one tick are not frames.
        let packets = [(100, 5, 128, 0, 64), (200, 5, 128, 8192, 64), (300, 5, 44, 16_384, 64)];
        assert_eq!(of(&[1, 300, 64], &[5, 300], 64), packets);
        assert_eq!(of(&[2, 299, 1, 1, 2], &[5, 300], 64).len(), 4);
    }
}
