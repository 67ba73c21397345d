//! The samples of a track as its tables have them (ISO/IEC 14496-12 §8.6, §8.7): all tables walked side by side, and given
//! out as runs.

use super::boxes::Box;
use super::groups::Groups;
use super::tables::{Chunk, Chunks, Runs, Sizes, Syncs};
use crate::container::Error;
use crate::media::{Run, Ticks};

/// Iterates over the samples of one track, in decode order.
#[derive(Clone, Debug)]
pub struct Samples<'a> {
    durations: Runs<'a>,
    compositions: Runs<'a>,
    sizes: Sizes<'a>,
    syncs: Syncs<'a>,
    chunks: Chunks<'a>,
    chunk: Chunk,
    /// The next sample's number, counted from 1.
    number: u32,
    decode: Ticks,
    /// The last duration that `stts` gave: it holds on where that table ends too early.
    duration: u32,
    file_length: u64,
    truncated: bool,
}

impl<'a> Samples<'a> {
    /// Reads the headers of the tables in `stbl`. Samples that reach beyond the end of the file are left out.
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
            durations: Runs::read(&stbl.expect_child(*b"stts")?)?,
            compositions: stbl.child(*b"ctts")?.map(|table| Runs::read(&table)).transpose()?.unwrap_or_default(),
            sizes: Sizes::read(&sizes)?,
            syncs: Syncs::read(stbl.child(*b"stss")?.as_ref(), stbl.child(*b"stps")?.as_ref(), Groups::points(stbl)?)?,
            chunks: Chunks::read(&stbl.expect_child(*b"stsc")?, &offsets)?,
            chunk: Chunk { offset: 0, samples: 0, description: 1 },
            number: 1,
            decode: Ticks::ZERO,
            duration: 0,
            file_length,
            truncated: false,
        })
    }

    /// Those of which these numbers are the sync samples, as `stss` has them.
    pub fn with_syncs(self, numbers: &'a [u8]) -> Self {
        Self { syncs: Syncs::listed(numbers), ..self }
    }

    /// How many samples the tables claim that were not given out, once the iteration has ended; and whether it was the end
    /// of the file that ended it.
    pub const fn left_out(&self) -> (u32, bool) {
        (self.sizes.left(), self.truncated)
    }
}

impl Iterator for Samples<'_> {
    type Item = Run;

    fn next(&mut self) -> Option<Run> {
        let (size, alike) = self.sizes.peek()?;
        while self.chunk.samples == 0 {
            self.chunk = self.chunks.next()?;
        }
        let mut count = alike.min(self.chunk.samples);
        if let Some((duration, left)) = self.durations.peek() {
            // Durations are unsigned; writers that meant a negative one are taken to mean none.
            self.duration = if duration > i32::MAX as u32 { 0 } else { duration };
            count = count.min(left);
        }
        let composition = match self.compositions.peek() {
            Some((composition, left)) => {
                count = count.min(left);
                // Version 0 is unsigned by the standard, but written as signed by many.
                i64::from(composition.cast_signed())
            }
            None => 0,
        };
        let (sync, left) = self.syncs.peek(self.number);
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
            description: u16::try_from(self.chunk.description).unwrap_or(u16::MAX),
            header: 0,
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
