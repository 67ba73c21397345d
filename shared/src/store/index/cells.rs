//! The cells of the grid that have a page.

use std::ops::RangeInclusive;

/// A set of the cells of one file, one bit each: 45 bytes for an hour.
///
/// The head contains it, to distinguish a page that never existed from one that no longer exists, and to avoid requests
/// for missing pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cells(Vec<u8>);

impl Cells {
    /// More than the greatest cell number: the sort key has six digits.
    pub const LIMIT: u32 = 1_000_000;

    /// Adds a cell; `false` if its number exceeds [`Cells::LIMIT`].
    pub fn insert(&mut self, cell: u32) -> bool {
        let (byte, bit) = place(cell);
        if cell >= Self::LIMIT {
            return false;
        }
        if self.0.len() <= byte {
            self.0.resize(byte + 1, 0);
        }
        if let Some(bits) = self.0.get_mut(byte) {
            *bits |= bit;
        }
        true
    }

    /// Whether the cell has a page.
    #[must_use]
    pub fn contains(&self, cell: u32) -> bool {
        let (byte, bit) = place(cell);
        self.0.get(byte).is_some_and(|bits| bits & bit != 0)
    }

    /// How many cells have a page.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|bits| u64::from(bits.count_ones())).sum()
    }

    /// The last of them, plus one.
    #[must_use]
    pub fn end(&self) -> u32 {
        self.last_before(u32::MAX).map_or(0, |last| last + 1)
    }

    /// Those in a range, ascending.
    #[must_use]
    pub fn within(&self, range: RangeInclusive<u32>) -> impl DoubleEndedIterator<Item = u32> + use<'_> {
        let end = range.end().saturating_add(1).min(self.room());
        (*range.start()..end).filter(|cell| self.contains(*cell))
    }

    /// The last one before this cell.
    #[must_use]
    pub fn last_before(&self, cell: u32) -> Option<u32> {
        (0..cell.min(self.room())).rev().find(|cell| self.contains(*cell))
    }

    /// The set as bytes, for [`Cells::unpack`].
    #[must_use]
    pub fn pack(&self) -> &[u8] {
        &self.0
    }

    /// The set for these bytes.
    #[must_use]
    pub const fn unpack(packed: Vec<u8>) -> Self {
        Self(packed)
    }

    /// The number of cells for which the bytes have room.
    fn room(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX).saturating_mul(8)
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
        assert!(cells.insert(Cells::LIMIT - 1));
        assert_eq!(cells.end(), Cells::LIMIT);
    }

    proptest! {
        #[test]
        fn it_is_the_set_of_what_was_inserted(
            numbers in prop::collection::btree_set(0_u32..200, 0..40), start in 0_u32..220, length in 0_u32..220
        ) {
            let cells: Cells = numbers.iter().rev().copied().collect();
            let cells = Cells::unpack(cells.pack().to_vec());
            prop_assert_eq!(cells.count(), numbers.len() as u64);
            prop_assert_eq!(cells.end(), numbers.last().map_or(0, |last| last + 1));
            prop_assert_eq!(cells.last_before(start), numbers.range(..start).next_back().copied());
            let range = start..=start + length;
            prop_assert_eq!(cells.within(range.clone()).collect::<BTreeSet<_>>(), numbers.range(range).copied().collect());
        }
    }
}
