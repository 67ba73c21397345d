//! Samples, as runs.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Ticks;

/// One sample, or several of one track that are alike and lie side by side: same duration, size, composition offset and
/// flags, each beginning where the one before ends, in time and in the file.
///
/// Compressed video makes runs of one; PCM has 48 000 samples a second, and a hostile file may claim four billion: as a run
/// each of them costs the same few bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Decode time of the first sample, in the track's timescale. Never decreases within a track.
    pub decode: Ticks,
    /// Presentation time less decode time, of each sample (MP4's composition offset).
    pub composition: Ticks,
    /// Each sample's duration, in decode time.
    pub duration: Ticks,
    /// Byte offset of the first sample in the file.
    pub offset: u64,
    /// Bytes of each sample, with what its container puts around it where that lies side by side: the header of a block or tag.
    pub size: u32,
    /// How many samples; at least 1.
    pub count: u32,
    /// Decoding can begin at each of these samples.
    pub sync: bool,
    /// No other sample refers to them, as the file says: decoding the others does not need them. Never true of a sync sample.
    pub disposable: bool,
    /// What their format has to know of each besides.
    pub private: Private,
}

/// What a format has to know of a sample besides: only the format that wrote it reads it. Two numbers, since each is packed in a
/// column of its own, and both zero as a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Private(u32);

impl Private {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// The greatest first number.
    pub const MAX_FIRST: u32 = (1 << 24) - 1;

    /// These numbers. The first is at most [`Private::MAX_FIRST`].
    #[must_use]
    pub const fn new(first: u32, second: u8) -> Self {
        Self(first << 8 | second as u32)
    }

    /// The first number.
    #[must_use]
    pub const fn first(self) -> u32 {
        self.0 >> 8
    }

    /// The second number.
    #[must_use]
    pub const fn second(self) -> u8 {
        self.0.to_be_bytes()[3]
    }
}

impl Run {
    /// Presentation time of the first sample.
    #[must_use]
    pub fn presentation(&self) -> Ticks {
        self.decode + self.composition
    }

    /// The decode time at the end of the last sample.
    #[must_use]
    pub fn decode_end(&self) -> Ticks {
        self.decode + self.duration.times(i64::from(self.count))
    }

    /// The bytes of all its samples.
    #[must_use]
    pub fn bytes(&self) -> Range<u64> {
        let length = u64::from(self.size).saturating_mul(u64::from(self.count));
        self.offset..self.offset.saturating_add(length)
    }

    /// Samples `range` of this run, counted from 0, as a run; `None` where that is empty.
    #[must_use]
    pub fn slice(&self, range: Range<u32>) -> Option<Self> {
        let (start, end) = (range.start, range.end.min(self.count));
        (start < end).then(|| Self {
            decode: self.decode + self.duration.times(i64::from(start)),
            offset: self.offset.saturating_add(u64::from(self.size).saturating_mul(u64::from(start))),
            count: end - start,
            ..self.clone()
        })
    }

    /// How many of its samples are decoded before this time: at least one.
    #[must_use]
    pub fn count_before(&self, time: Ticks) -> u32 {
        let ahead = (time - self.decode).0.max(0).cast_unsigned();
        let duration = self.duration.0.max(0).cast_unsigned();
        let count = if duration > 0 { ahead.div_ceil(duration) } else { u64::MAX };
        u32::try_from(count).unwrap_or(u32::MAX).clamp(1, self.count.max(1))
    }

    /// Those of its samples that begin to be presented at this time or later; `None` where there are none.
    #[must_use]
    pub fn presented_from(&self, time: Ticks) -> Option<Self> {
        let ahead = (time - self.presentation()).0.max(0).cast_unsigned();
        if ahead == 0 {
            return Some(self.clone()).filter(|run| run.count > 0);
        }
        let duration = self.duration.0.max(0).cast_unsigned();
        let before = if duration > 0 { ahead.div_ceil(duration) } else { u64::MAX };
        self.slice(u32::try_from(before).unwrap_or(u32::MAX)..u32::MAX)
    }

    /// Those of its samples that are presented at some time between `from` and `to`; `None` where there are none. One
    /// without duration is presented at its instant.
    #[must_use]
    pub fn presented_within(&self, from: Ticks, to: Ticks) -> Option<Self> {
        let (before, until) = ((from - self.presentation()).0, (to - self.presentation()).0);
        let (first, end) = if self.duration > Ticks::ZERO {
            (before.max(0) / self.duration.0, until.max(0).saturating_add(self.duration.0 - 1) / self.duration.0)
        } else {
            (if before <= 0 { 0 } else { i64::MAX }, if until > 0 { i64::MAX } else { 0 })
        };
        let sample = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        self.slice(sample(first)..sample(end))
    }

    /// Takes `next` in if it goes on exactly where this run ends, alike in everything. Says whether it did.
    pub fn absorb(&mut self, next: &Self) -> bool {
        let alike = self.duration == next.duration
            && self.size == next.size
            && self.composition == next.composition
            && self.sync == next.sync
            && self.disposable == next.disposable
            && self.private == next.private;
        if !alike || self.decode_end() != next.decode || self.bytes().end != next.offset {
            return false;
        }
        let Some(count) = self.count.checked_add(next.count) else { return false };
        self.count = count;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run() -> Run {
        Run {
            decode: Ticks(100),
            composition: Ticks(7),
            duration: Ticks(3),
            offset: 5000,
            size: 11,
            count: 10,
            sync: true,
            disposable: false,
            private: Private::NONE,
        }
    }

    #[test]
    fn samples_are_left_out_until_one_begins() {
        for (time, first) in [(0, Some(0)), (107, Some(0)), (108, Some(1)), (110, Some(1)), (134, Some(9)), (135, None)]
        {
            assert_eq!(
                run().presented_from(Ticks(time)),
                first.and_then(|first| run().slice(first..10)),
                "from {time}"
            );
        }
        let at_once = Run { duration: Ticks::ZERO, ..run() };
        assert_eq!(at_once.presented_from(Ticks(107)), Some(at_once.clone()));
        assert_eq!(at_once.presented_from(Ticks(108)), None);
    }

    #[test]
    fn samples_are_presented_within_an_interval() {
        // The run presents from 107 to 137, three ticks a sample.
        let cases = [
            ((0, 200), Some(0..10)),
            ((107, 108), Some(0..1)),
            ((109, 110), Some(0..1)),
            ((110, 114), Some(1..3)),
            ((0, 107), None),
            ((137, 200), None),
            ((136, 200), Some(9..10)),
        ];
        for ((from, to), expected) in cases {
            let expected = expected.and_then(|range| run().slice(range));
            assert_eq!(run().presented_within(Ticks(from), Ticks(to)), expected, "{from} to {to}");
        }
        let at_once = Run { duration: Ticks::ZERO, ..run() };
        assert_eq!(at_once.presented_within(Ticks(107), Ticks(108)), Some(at_once.clone()));
        assert_eq!(at_once.presented_within(Ticks(108), Ticks(109)), None);
        assert_eq!(at_once.presented_within(Ticks(100), Ticks(107)), None);
    }

    #[test]
    fn samples_before_a_time_are_counted() {
        for (time, count) in [(0, 1), (100, 1), (101, 1), (103, 1), (104, 2), (127, 9), (128, 10), (1000, 10)] {
            assert_eq!(run().count_before(Ticks(time)), count, "before {time}");
        }
        assert_eq!(Run { duration: Ticks::ZERO, ..run() }.count_before(Ticks(100)), 10);
    }

    #[test]
    fn a_run_cut_in_two_joins_to_itself() {
        let whole = run();
        for at in 1..10 {
            let mut first = whole.slice(0..at).unwrap();
            let second = whole.slice(at..u32::MAX).unwrap();
            assert_eq!(first.bytes().end, second.offset);
            assert_eq!(first.decode_end(), second.decode);
            assert!(first.absorb(&second));
            assert_eq!(first, whole);
        }
        assert!(whole.slice(10..12).is_none());
    }
}
