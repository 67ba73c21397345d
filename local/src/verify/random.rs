//! Reproducible random numbers: `SplitMix64` (Steele, Lea and Flood 2014). No secret depends on them.

use reelspan::http::etag;

/// A sequence of numbers.
#[derive(Clone, Debug)]
pub struct RandomChoices(u64);

impl RandomChoices {
    /// The sequence of this seed for this use. Each use has its own, so that a check draws the same numbers whatever
    /// other checks draw.
    pub fn new(seed: u64, name: &str) -> Self {
        let tag = etag::strong([seed.to_be_bytes().as_slice(), name.as_bytes()]);
        let digits = tag.get(1..17).unwrap_or_default();
        Self(u64::from_str_radix(digits, 16).unwrap_or(seed))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// The positions at which `0..end` is cut into `pieces`, in order and distinct: fewer if there are not enough
    /// positions.
    pub fn cuts(&mut self, pieces: usize, end: u64) -> Vec<u64> {
        let inner = end.saturating_sub(1);
        let mut cuts: Vec<u64> = (1..pieces).map(|_| 1 + self.below(inner)).filter(|cut| *cut < end).collect();
        cuts.sort_unstable();
        cuts.dedup();
        cuts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_cuts_again_and_another_seed_others() {
        let cuts = |seed, name| RandomChoices::new(seed, name).cuts(16, 1_000_000);
        assert_eq!(cuts(1, "a"), cuts(1, "a"));
        assert_ne!(cuts(1, "a"), cuts(2, "a"));
        assert_ne!(cuts(1, "a"), cuts(1, "b"));
    }

    #[test]
    fn cuts_lie_inside_in_order() {
        for end in [0, 1, 2, 3, 17, 1000] {
            let cuts = RandomChoices::new(7, "").cuts(16, end);
            assert!(cuts.iter().all(|cut| (1..end).contains(cut)), "{cuts:?} of {end}");
            assert!(cuts.is_sorted_by(|a, b| a < b));
        }
    }
}
