//! The ranges of a file's elements, a few bytes for each: a cut may have an element for each of its samples.

use std::ops::Range;

/// How many extents a block has.
const BLOCK: usize = 64;

/// Byte ranges in ascending order, which do not overlap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extents {
    /// For each range: the distance from the end of the previous one, and its length, seven bits a byte.
    packed: Vec<u8>,
    /// For every 64th range: its position in `packed`, and the end of the previous one.
    blocks: Vec<(usize, u64)>,
    count: usize,
    end: u64,
}

impl Extents {
    /// Appends a range, which begins at the end of the last one or after it.
    pub fn push(&mut self, range: Range<u64>) {
        if self.count.is_multiple_of(BLOCK) {
            self.blocks.push((self.packed.len(), self.end));
        }
        self.count += 1;
        self.put(range.start.saturating_sub(self.end));
        self.put(range.end.saturating_sub(range.start));
        self.end = range.end.max(range.start);
    }

    #[allow(clippy::cast_possible_truncation, reason = "seven bits at a time")]
    fn put(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.packed.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.packed.push(value as u8);
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.count
    }

    /// The ranges, in order.
    pub fn iter(&self) -> impl Iterator<Item = Range<u64>> + use<'_> {
        self.from(0, 0)
    }

    /// The range that contains this byte.
    #[must_use]
    pub fn holding(&self, byte: u64) -> Option<Range<u64>> {
        let block = self.blocks.partition_point(|(_, end)| *end <= byte).checked_sub(1)?;
        let (at, end) = *self.blocks.get(block)?;
        self.from(at, end).find(|range| range.end > byte).filter(|range| range.start <= byte)
    }

    fn from(&self, mut at: usize, mut end: u64) -> impl Iterator<Item = Range<u64>> + use<'_> {
        std::iter::from_fn(move || {
            let start = end + take(&self.packed, &mut at)?;
            end = start + take(&self.packed, &mut at)?;
            Some(start..end)
        })
    }
}

impl FromIterator<Range<u64>> for Extents {
    fn from_iter<I: IntoIterator<Item = Range<u64>>>(ranges: I) -> Self {
        let mut all = Self::default();
        for range in ranges {
            all.push(range);
        }
        all
    }
}

fn take(packed: &[u8], at: &mut usize) -> Option<u64> {
    let (mut value, mut shift) = (0, 0);
    loop {
        let byte = *packed.get(*at)?;
        *at += 1;
        value |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(value);
        }
        shift += 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_range_that_holds_a_byte_is_found() {
        let ranges: Vec<Range<u64>> = (0..1000).map(|at| at * 1000 + 7..at * 1000 + 7 + at).collect();
        let extents: Extents = ranges.iter().cloned().collect();
        assert_eq!(extents.iter().collect::<Vec<_>>(), ranges);
        for byte in (0..1_000_100).step_by(3) {
            let expected = ranges.iter().find(|range| range.contains(&byte)).cloned();
            assert_eq!(extents.holding(byte), expected, "{byte}");
        }
        assert_eq!((Extents::default().holding(0), extents.len()), (None, 1000));
    }
}
