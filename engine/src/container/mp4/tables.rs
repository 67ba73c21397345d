//! The sample tables (ISO/IEC 14496-12 §8.6 and §8.7), read in place: each is a cursor over its box's bytes that
//! returns the value for the next sample, and for how many more it holds. Nothing is unpacked, so an hour's tables take
//! no memory beyond their bytes, and a claimed count none at all.

use super::sound::SoundPackets;
use crate::container::Error;
use crate::container::boxes::{Box, BoxType};

/// Entries of a fixed width.
#[derive(Clone, Debug, Default)]
pub(super) struct FixedEntries<'a> {
    rest: &'a [u8],
    width: usize,
}

impl<'a> FixedEntries<'a> {
    /// As many entries as the count claims and the box contains.
    pub(super) fn new(count: u32, width: usize, bytes: &'a [u8]) -> Self {
        let length = usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(width).min(bytes.len());
        Self { rest: bytes.get(..length - length % width).unwrap_or_default(), width }
    }

    fn next(&mut self) -> Option<&'a [u8]> {
        let (entry, rest) = self.rest.split_at_checked(self.width)?;
        self.rest = rest;
        (self.width > 0).then_some(entry)
    }

    /// The next entry, of four bytes.
    pub(super) fn next_u32(&mut self) -> Option<u32> {
        self.next().and_then(word)
    }
}

fn word(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

fn pair(entry: &[u8]) -> Option<(u32, u32)> {
    let (first, second) = entry.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*first), word(second)?))
}

/// A value for each sample, as runs: `stts` and `ctts` (§8.6.1).
#[derive(Clone, Debug, Default)]
pub struct SampleRuns<'a> {
    entries: FixedEntries<'a>,
    left: u32,
    value: u32,
}

impl<'a> SampleRuns<'a> {
    /// Reads the header of the box.
    pub fn read(table: &Box<'a>) -> Result<Self, Error> {
        let mut fields = table.fields();
        fields.version_and_flags()?;
        let count = fields.u32()?;
        Ok(Self { entries: FixedEntries::new(count, 8, fields.rest()), left: 0, value: 0 })
    }

    /// The same for `sbgp` (§8.9.2), which begins with the grouping type, in version 1 with a parameter.
    pub fn grouped(table: &Box<'a>) -> Result<Self, Error> {
        let mut fields = table.fields();
        let (version, _) = fields.version_and_flags()?;
        fields.take(if version == 1 { 8 } else { 4 })?;
        let count = fields.u32()?;
        Ok(Self { entries: FixedEntries::new(count, 8, fields.rest()), left: 0, value: 0 })
    }

    /// The same value for this many samples.
    pub fn constant(value: u32, samples: u32) -> Self {
        Self { entries: FixedEntries::default(), left: samples, value }
    }

    /// The next sample's value, and how many samples, including it, have the same. `None` after the last.
    pub fn peek(&mut self) -> Option<(u32, u32)> {
        while self.left == 0 {
            (self.left, self.value) = pair(self.entries.next()?)?;
        }
        Some((self.value, self.left))
    }

    /// Advances by this many samples, at most the number from `peek`.
    pub fn advance(&mut self, samples: u32) {
        self.left = self.left.saturating_sub(samples);
    }
}

/// The sizes of samples: `stsz` (§8.7.3.2) and `stz2` (§8.7.3.3).
#[derive(Clone, Debug)]
pub struct Sizes<'a> {
    left: u32,
    width: Width<'a>,
}

#[derive(Clone, Debug)]
enum Width<'a> {
    /// All samples have this size.
    Constant(u32),
    /// 4, 8, 16 or 32 bits each; the position of the next in bits.
    Bits { bits: usize, table: &'a [u8], next: usize },
}

impl<'a> Sizes<'a> {
    /// Reads the header of the box.
    pub fn read(table: &Box<'a>) -> Result<Self, Error> {
        let mut fields = table.fields();
        fields.version_and_flags()?;
        let word = fields.u32()?;
        let left = fields.u32()?;
        let width = match (&table.kind.0, word) {
            (b"stsz", 0) => Width::Bits { bits: 32, table: fields.rest(), next: 0 },
            (b"stsz", size) => Width::Constant(size),
            (_, 4 | 8 | 16) => Width::Bits { bits: word as usize, table: fields.rest(), next: 0 },
            (_, bits) => return Err(table.malformed(format!("expected fields of 4, 8 or 16 bits, found {bits}"))),
        };
        Ok(Self { left, width })
    }

    /// The sizes of the packets that consist of these frames; `None` if frames differ in size, so that they do not form
    /// packets.
    pub fn in_packets(&self, packets: SoundPackets) -> Option<Self> {
        let Width::Constant(size) = self.width else { return None };
        // A packet of a single frame may be larger than its description says.
        let bytes = if packets.frames == 1 { packets.bytes.max(size) } else { packets.bytes };
        Some(Self { left: self.left.div_ceil(packets.frames), width: Width::Constant(bytes) })
    }

    /// How many samples are claimed to remain.
    pub const fn left(&self) -> u32 {
        self.left
    }

    /// The next sample's size, and how many samples, including it, are known to have the same. `None` after the last.
    pub fn peek(&self) -> Option<(u32, u32)> {
        if self.left == 0 {
            return None;
        }
        match self.width {
            Width::Constant(size) => Some((size, self.left)),
            Width::Bits { bits, table, next } => {
                let entry = table.get(next / 8..)?;
                let size = match bits {
                    32 => word(entry)?,
                    16 => u32::from(u16::from_be_bytes(*entry.first_chunk()?)),
                    8 => u32::from(*entry.first()?),
                    _ if next % 8 == 0 => u32::from(entry.first()? >> 4),
                    _ => u32::from(entry.first()? & 0xf),
                };
                Some((size, 1))
            }
        }
    }

    /// Advances by this many samples.
    pub fn advance(&mut self, samples: u32) {
        self.left = self.left.saturating_sub(samples);
        if let Width::Bits { bits, next, .. } = &mut self.width {
            *next = next.saturating_add(bits.saturating_mul(samples as usize));
        }
    }
}

/// The assignment of samples to chunks, and the offsets of chunks: `stsc` (§8.7.4) with `stco` or `co64` (§8.7.5).
#[derive(Clone, Debug)]
pub struct ChunkTables<'a> {
    groups: FixedEntries<'a>,
    /// The samples a chunk, and the sample description, of the current group.
    group: (u32, u32),
    /// The first chunk of the next group, from 1.
    next_group: u32,
    upcoming: (u32, u32),
    offsets: FixedEntries<'a>,
    chunk: u32,
}

/// A chunk: adjacent samples of one track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its offset.
    pub offset: u64,
    /// How many samples it claims to contain.
    pub samples: u32,
    /// The number of their sample description, from 1.
    pub description: u32,
}

impl<'a> ChunkTables<'a> {
    /// Reads the headers of both boxes.
    pub fn read(groups: &Box<'a>, offsets: &Box<'a>) -> Result<Self, Error> {
        let mut fields = groups.fields();
        fields.version_and_flags()?;
        let count = fields.u32()?;
        let groups = FixedEntries::new(count, 12, fields.rest());
        let mut fields = offsets.fields();
        fields.version_and_flags()?;
        let count = fields.u32()?;
        let width = if offsets.kind == BoxType(*b"co64") { 8 } else { 4 };
        let offsets = FixedEntries::new(count, width, fields.rest());
        let mut chunks = Self { groups, group: (0, 1), next_group: u32::MAX, upcoming: (0, 1), offsets, chunk: 0 };
        chunks.read_group();
        Ok(chunks)
    }

    fn read_group(&mut self) {
        let group = self.groups.next().and_then(|entry| {
            let (first, rest) = entry.split_first_chunk::<4>()?;
            Some((u32::from_be_bytes(*first), pair(rest)?))
        });
        (self.next_group, self.upcoming) = group.unwrap_or((u32::MAX, self.upcoming));
    }
}

impl Iterator for ChunkTables<'_> {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        self.chunk = self.chunk.checked_add(1)?;
        // Groups that begin at an earlier chunk (out of order, in a damaged file) take effect at once.
        while self.chunk >= self.next_group {
            self.group = self.upcoming;
            self.read_group();
        }
        let offset = match self.offsets.width {
            8 => u64::from_be_bytes(*self.offsets.next()?.first_chunk()?),
            _ => u64::from(self.offsets.next_u32()?),
        };
        Some(Chunk { offset, samples: self.group.0, description: self.group.1 })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::testing::{read, table};
    use super::*;
    use crate::container::boxes::write_box;

    #[test]
    fn runs_tell_how_many_samples_are_alike() {
        let bytes = table(*b"stts", &[3, 2, 10, 0, 99, 1, 20]);
        let mut runs = SampleRuns::read(&read(&bytes)).unwrap();
        let mut seen = Vec::new();
        while let Some((value, left)) = runs.peek() {
            seen.push((value, left));
            runs.advance(1);
        }
        assert_eq!(seen, [(10, 2), (10, 1), (20, 1)]);
    }

    #[test]
    fn a_claimed_count_is_bounded_by_the_bytes() {
        let bytes = table(*b"stts", &[u32::MAX, 1, 10]);
        let mut runs = SampleRuns::read(&read(&bytes)).unwrap();
        assert_eq!(runs.peek(), Some((10, 1)));
        runs.advance(1);
        assert_eq!(runs.peek(), None);
        let bytes = table(*b"stsz", &[0, u32::MAX, 5]);
        let mut sizes = Sizes::read(&read(&bytes)).unwrap();
        assert_eq!(sizes.peek(), Some((5, 1)));
        sizes.advance(1);
        assert_eq!(sizes.peek(), None);
    }

    #[test]
    fn compact_sizes_are_read_in_all_widths() {
        for (bits, bytes) in [(4, vec![0x12, 0x30]), (8, vec![1, 2, 3]), (16, vec![0, 1, 0, 2, 0, 3])] {
            let mut out = Vec::new();
            write_box(&mut out, *b"stz2", |out| {
                out.extend([0, 0, 0, 0, 0, 0, 0, bits, 0, 0, 0, 3]);
                out.extend(&bytes);
            });
            let mut sizes = Sizes::read(&read(&out)).unwrap();
            let mut seen = Vec::new();
            while let Some((size, _)) = sizes.peek() {
                seen.push(size);
                sizes.advance(1);
            }
            assert_eq!(seen, [1, 2, 3], "{bits} bits");
        }
    }

    #[test]
    fn chunks_follow_their_groups() {
        let groups = table(*b"stsc", &[2, 1, 3, 1, 3, 1, 2]);
        let offsets = table(*b"stco", &[4, 100, 200, 300, 400]);
        let chunks = ChunkTables::read(&read(&groups), &read(&offsets)).unwrap();
        let seen: Vec<_> = chunks.map(|chunk| (chunk.offset, chunk.samples, chunk.description)).collect();
        assert_eq!(seen, [(100, 3, 1), (200, 3, 1), (300, 1, 2), (400, 1, 2)]);
        let wide = table(*b"co64", &[1, 1, 0]);
        let mut chunks = ChunkTables::read(&read(&groups), &read(&wide)).unwrap();
        assert_eq!(chunks.next().unwrap().offset, 1 << 32);
    }
}
