//! The samples to which no other refers (ISO/IEC 14496-12 §8.6.4, `sdtp`).

use crate::container::Error;
use crate::container::boxes::Box;

/// `sample_is_depended_on` in the byte of a sample, and its value if no other sample depends on it.
const DEPENDED_ON: u8 = 0b1100;
const DISPOSABLE: u8 = 0b1000;

/// A byte for each sample. None for any: nothing is known.
#[derive(Clone, Debug, Default)]
pub struct Dependencies<'a> {
    samples: &'a [u8],
    /// The end of the samples last seen, which are alike.
    end: usize,
}

impl<'a> Dependencies<'a> {
    /// Reads the box. If it ends before the samples do, nothing is known of the rest.
    pub fn read(table: &Box<'a>) -> Result<Self, Error> {
        let mut fields = table.fields();
        fields.version_and_flags()?;
        Ok(Self { samples: fields.rest(), end: 0 })
    }

    /// Whether no other sample refers to sample `number` (from 1), and for how many samples, including it, the same
    /// holds. Numbers must not decrease from call to call.
    pub fn peek(&mut self, number: u32) -> (bool, u32) {
        let at = usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1);
        let rest = self.samples.get(at..).unwrap_or_default();
        let Some(first) = rest.first() else { return (false, u32::MAX) };
        let disposable = is_disposable(*first);
        // Each byte is read once, however the runs are divided.
        if self.end <= at {
            self.end = at + rest.iter().take_while(|byte| is_disposable(**byte) == disposable).count();
        }
        (disposable, u32::try_from(self.end - at).unwrap_or(u32::MAX))
    }
}

const fn is_disposable(sample: u8) -> bool {
    sample & DEPENDED_ON == DISPOSABLE
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::testing::read;
    use super::*;
    use crate::container::boxes::write_full_box;

    #[test]
    fn samples_are_disposable_where_the_file_says_that_none_depends_on_them() {
        let mut bytes = Vec::new();
        // Depended on; not depended on, twice, once with other bits set; unknown; reserved.
        write_full_box(&mut bytes, *b"sdtp", 0, |out| out.extend([0b0100, 0b1000, 0b0101_1001, 0b0000, 0b1100]));
        let mut dependencies = Dependencies::read(&read(&bytes)).unwrap();
        let seen: Vec<_> = (1..=6).map(|number| dependencies.peek(number)).collect();
        assert_eq!(seen, [(false, 1), (true, 2), (true, 1), (false, 2), (false, 1), (false, u32::MAX)]);
        assert_eq!(Dependencies::default().peek(9), (false, u32::MAX));
    }
}
