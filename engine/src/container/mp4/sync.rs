//! The sync samples (ISO/IEC 14496-12 §8.6.2), at which decoding can begin, as a cursor over the boxes that list them,
//! and over the sample groups that add further samples.

use super::groups::Groups;
use super::tables::FixedEntries;
use crate::container::Error;
use crate::container::boxes::Box;

/// The sync samples: `stss` (§8.6.2), and QuickTime's partial ones, with which open groups begin: `stps`.
#[derive(Clone, Debug)]
pub enum SyncTable<'a> {
    /// Without the first box every sample is one.
    All,
    /// Their numbers, from 1, and the sample groups that add others.
    Listed([SyncList<'a>; 2], Vec<Groups<'a>>),
}

/// Sync samples as a list, in ascending order.
#[derive(Clone, Debug, Default)]
pub struct SyncList<'a> {
    entries: FixedEntries<'a>,
    next: Option<u32>,
}

impl<'a> SyncTable<'a> {
    /// Reads the headers of the boxes.
    pub fn read(table: Option<&Box<'a>>, partial: Option<&Box<'a>>, groups: Vec<Groups<'a>>) -> Result<Self, Error> {
        let Some(table) = table else { return Ok(Self::All) };
        let partial = partial.map(SyncList::read).transpose()?.unwrap_or_default();
        Ok(Self::Listed([SyncList::read(table)?, partial], groups))
    }

    /// From numbers of four bytes each.
    pub fn listed(numbers: &'a [u8]) -> Self {
        Self::Listed([SyncList::new(u32::MAX, numbers), SyncList::default()], Vec::new())
    }

    /// Whether sample `number` (from 1) is a sync sample, and for how many samples, including it, the same holds.
    /// Numbers must not decrease from call to call.
    pub fn peek(&mut self, number: u32) -> (bool, u32) {
        let Self::Listed(lists, groups) = self else { return (true, u32::MAX) };
        let listed = lists.iter_mut().filter_map(|list| list.peek(number));
        match listed.chain(groups.iter_mut().filter_map(|group| group.peek(number))).min() {
            Some(next) if next == number => (true, 1),
            Some(next) => (false, next - number),
            None => (false, u32::MAX),
        }
    }
}

impl<'a> SyncList<'a> {
    fn read(table: &Box<'a>) -> Result<Self, Error> {
        let mut fields = table.fields();
        fields.version_and_flags()?;
        let count = fields.u32()?;
        Ok(Self::new(count, fields.rest()))
    }

    fn new(count: u32, numbers: &'a [u8]) -> Self {
        let mut entries = FixedEntries::new(count, 4, numbers);
        let next = entries.next_u32();
        Self { entries, next }
    }

    /// The first that is `number` or later.
    fn peek(&mut self, number: u32) -> Option<u32> {
        while self.next.is_some_and(|next| next < number) {
            self.next = self.entries.next_u32();
        }
        self.next
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::testing::{read, table};
    use super::*;

    #[test]
    fn sync_samples_are_listed_or_all() {
        let bytes = table(*b"stss", &[2, 1, 4]);
        let mut syncs = SyncTable::read(Some(&read(&bytes)), None, Vec::new()).unwrap();
        let seen: Vec<_> = (1..=6).map(|number| syncs.peek(number)).collect();
        assert_eq!(seen, [(true, 1), (false, 2), (false, 1), (true, 1), (false, u32::MAX), (false, u32::MAX)]);
        assert_eq!(SyncTable::read(None, Some(&read(&bytes)), Vec::new()).unwrap().peek(17), (true, u32::MAX));
        let partial = table(*b"stps", &[2, 3, 6]);
        let mut syncs = SyncTable::read(Some(&read(&bytes)), Some(&read(&partial)), Vec::new()).unwrap();
        let seen: Vec<_> = (1..=7).map(|number| syncs.peek(number)).collect();
        let expected = [(true, 1), (false, 1), (true, 1), (true, 1), (false, 1), (true, 1), (false, u32::MAX)];
        assert_eq!(seen, expected, "partial ones too");
    }
}
