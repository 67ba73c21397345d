//! The cells of the grid that have a page, and the number of parts of the segment table.

use std::ops::RangeInclusive;

use reelspan_engine::index::FIRST_PART;

/// A set of the cells of one file, one bit each: 45 bytes for an hour; and how many parts its segment table has, which are
/// numbered like cells, from [`FIRST_PART`] on without a gap.
///
/// The head contains it, to distinguish a page that never existed from one that no longer exists, and to avoid requests
/// for missing pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells {
    bits: Vec<u8>,
    parts: u32,
}

impl Cells {
    /// More than the greatest cell number: the sort key has six digits.
    pub const LIMIT: u32 = 1_000_000;

    /// Adds a cell; `false` if its number exceeds [`Cells::LIMIT`].
    pub fn insert(&mut self, cell: u32) -> bool {
        let (byte, bit) = place(cell);
        if cell >= Self::LIMIT {
            return false;
        }
        if let Some(part) = cell.checked_sub(FIRST_PART) {
            self.parts = self.parts.max(part + 1);
            return true;
        }
        if self.bits.len() <= byte {
            self.bits.resize(byte + 1, 0);
        }
        if let Some(bits) = self.bits.get_mut(byte) {
            *bits |= bit;
        }
        true
    }

    /// Whether the cell has a page.
    #[must_use]
    pub fn contains(&self, cell: u32) -> bool {
        if let Some(part) = cell.checked_sub(FIRST_PART) {
            return part < self.parts;
        }
        let (byte, bit) = place(cell);
        self.bits.get(byte).is_some_and(|bits| bits & bit != 0)
    }

    /// How many cells have a page.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.bits.iter().map(|bits| u64::from(bits.count_ones())).sum()
    }

    /// How many parts the segment table has.
    #[must_use]
    pub const fn parts(&self) -> u32 {
        self.parts
    }

    /// How many items they are in the table: pages and parts.
    #[must_use]
    pub fn items(&self) -> u64 {
        self.count() + u64::from(self.parts)
    }

    /// The last of them, plus one.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.last_before(u32::MAX).map_or(0, |last| last + 1)
    }

    /// Those in a range, ascending.
    #[must_use]
    pub fn within(&self, range: RangeInclusive<u32>) -> impl DoubleEndedIterator<Item = u32> + use<'_> {
        let (start, end) = (*range.start(), range.end().saturating_add(1));
        let pages = (start..end.min(self.room())).filter(|cell| self.contains(*cell));
        pages.chain(start.max(FIRST_PART)..end.min(FIRST_PART + self.parts))
    }

    /// The last one before this cell.
    #[must_use]
    pub fn last_before(&self, cell: u32) -> Option<u32> {
        (0..cell.min(self.room())).rev().find(|cell| self.contains(*cell))
    }

    /// The cells as bytes, for [`Cells::unpack`].
    #[must_use]
    pub fn pack(&self) -> &[u8] {
        &self.bits
    }

    /// The cells of these bytes, and this many parts of the segment table.
    #[must_use]
    pub fn unpack(packed: Vec<u8>, parts: u32) -> Self {
        Self { bits: packed, parts: parts.min(Self::LIMIT - FIRST_PART) }
    }

    /// The number of cells for which the bytes have room.
    fn room(&self) -> u32 {
        u32::try_from(self.bits.len()).unwrap_or(u32::MAX).saturating_mul(8).min(FIRST_PART)
    }
}

impl FromIterator<u32> for Cells {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut cells = Self::default();
        for number in numbers {
            cells.insert(number);
        }
        cells
    }
}

/// The byte and the bit of a cell.
const fn place(cell: u32) -> (usize, u8) {
    ((cell / 8) as usize, 1 << (cell % 8))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_empty_set_has_nothing() {
        let cells = Cells::default();
        assert_eq!((cells.count(), cells.end(), cells.last_before(u32::MAX)), (0, 0, None));
        assert_eq!(cells.within(0..=u32::MAX).count(), 0);
    }

    #[test]
    fn a_cell_beyond_the_limit_is_refused() {
        let mut cells = Cells::default();
        assert!(!cells.insert(Cells::LIMIT) && !cells.insert(u32::MAX));
        assert!(cells.insert(FIRST_PART - 1));
        assert_eq!(cells.end(), FIRST_PART);
    }

    #[test]
    fn the_parts_of_the_segment_table_are_numbered_behind_all_pages() {
        let cells: Cells = [3, FIRST_PART + 1, FIRST_PART].into_iter().collect();
        assert_eq!((cells.count(), cells.parts(), cells.items(), cells.end()), (1, 2, 3, 4));
        assert!(cells.contains(FIRST_PART + 1) && !cells.contains(FIRST_PART + 2));
        assert_eq!(cells.within(0..=u32::MAX).collect::<Vec<_>>(), [3, FIRST_PART, FIRST_PART + 1]);
        assert_eq!(cells.within(4..=FIRST_PART).collect::<Vec<_>>(), [FIRST_PART]);
        assert_eq!(Cells::unpack(cells.pack().to_vec(), cells.parts()), cells);
    }

    proptest! {
        #[test]
        fn it_is_the_set_of_what_was_inserted(
            numbers in prop::collection::btree_set(0_u32..200, 0..40), start in 0_u32..220, length in 0_u32..220
        ) {
            let cells: Cells = numbers.iter().rev().copied().collect();
            let cells = Cells::unpack(cells.pack().to_vec(), 0);
            prop_assert_eq!(cells.count(), numbers.len() as u64);
            prop_assert_eq!(cells.end(), numbers.last().map_or(0, |last| last + 1));
            prop_assert_eq!(cells.last_before(start), numbers.range(..start).next_back().copied());
            let range = start..=start + length;
            prop_assert_eq!(cells.within(range.clone()).collect::<BTreeSet<_>>(), numbers.range(range).copied().collect());
        }
    }
}
