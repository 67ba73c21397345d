//! From time stamps to the timeline. A stamp has 33 bits of a 90 kHz clock that starts anywhere, wraps around every 26
//! hours (ISO/IEC 13818-1 §2.4.3.7), and may be reset where recordings were joined (§2.7.11,
//! `discontinuity_indicator`). The timeline starts at zero with the file's first presentation and never goes back.

use serde::{Deserialize, Serialize};

use crate::container::{Error, TooLarge};
use crate::media::{Private, Run, Ticks};

/// The mask of a time stamp: 33 bits.
const STAMP: u64 = (1 << 33) - 1;
/// Ticks a second.
pub const SECOND: i64 = 90_000;
/// How far a stamp may be ahead of the latest: further ahead is another clock, less is a gap.
const AHEAD: i64 = 60 * SECOND;
/// How far it may be behind.
const BEHIND: i64 = SECOND;

/// How far a stamp is ahead of another, modulo 2^33; negative if it is nearer behind.
pub fn distance(from: u64, to: u64) -> i64 {
    (to.wrapping_sub(from) << 31).cast_signed() >> 31
}

/// How far presentation may be ahead of decoding or behind it.
const MAX_COMPOSITION: i64 = 20 * SECOND;

/// How far presentation is ahead of decoding by these stamps; zero if the difference is implausible.
pub fn composition((presented, decoded): (u64, u64)) -> i64 {
    possible(distance(decoded, presented))
}

/// How far presentation is ahead of decoding if that is plausible, otherwise zero.
pub const fn possible(ahead: i64) -> i64 {
    if ahead.abs() <= MAX_COMPOSITION { ahead } else { 0 }
}

/// The clock of the program.
#[derive(Debug, Serialize, Deserialize)]
pub struct ProgramClock {
    /// The stamp that is zero on the timeline, modulo 2^33, for the current clock.
    zero: u64,
    /// The latest time so far.
    latest: i64,
    /// How often it has been reset.
    age: u32,
}

/// The zero stamps of the successive clocks.
#[derive(Debug, Serialize, Deserialize)]
pub struct Zeros(Vec<u64>);

/// The maximum number of resets: a disc has some hundred cells.
const MAX_CLOCKS: usize = 4096;

impl Zeros {
    /// For a clock that was never reset.
    pub fn of(clock: &ProgramClock) -> Self {
        Self(vec![clock.zero])
    }

    /// Records the zero of the current clock; call it after each read.
    ///
    /// # Errors
    ///
    /// [`Error::TooLarge`] if it was reset too often.
    pub fn note(&mut self, clock: &ProgramClock) -> Result<(), Error> {
        if usize::try_from(clock.age).is_ok_and(|age| age == self.0.len()) {
            if self.0.len() >= MAX_CLOCKS {
                return Err(TooLarge::Clocks { bound: MAX_CLOCKS }.into());
            }
            self.0.push(clock.zero);
        }
        Ok(())
    }
}

impl From<Zeros> for Vec<u64> {
    fn from(zeros: Zeros) -> Self {
        zeros.0
    }
}

/// What a run keeps of its samples: by which clock their times are.
pub fn by_clock(clock: u32) -> Private {
    Private::new(clock.min(u16::MAX.into()), 0)
}

/// The time stamps of a run's first sample, by the zeros of the clocks. What it keeps is the number of its clock.
pub fn stamps(zeros: &[u64], run: &Run) -> Option<(u64, u64)> {
    let zero = zeros.get(usize::try_from(run.private.first()).ok()?)?;
    let stamp = |time: Ticks| zero.wrapping_add_signed(time.0) & STAMP;
    Some((stamp(run.presentation()), stamp(run.decode)))
}

/// The time of one stream: its zero stamp and its progress.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Hand {
    zero: u64,
    age: u32,
    /// Its last time, and the probable duration of that sample.
    last: Option<(i64, i64)>,
}

impl Hand {
    /// How often its clock has been reset, and its current zero stamp.
    pub const fn clock(&self) -> (u32, u64) {
        (self.age, self.zero)
    }

    /// A sample without a stamp follows, with this time and duration.
    pub const fn goes_on(&mut self, time: i64, lasts: i64) {
        self.last = Some((time, lasts));
    }

    /// The last time read.
    pub fn time(&self) -> i64 {
        self.last.map_or(0, |(time, _)| time)
    }
}

impl ProgramClock {
    /// A clock with this zero stamp.
    pub const fn new(zero: u64) -> Self {
        Self { zero, latest: 0, age: 0 }
    }

    /// The time of a stream's next stamp, and whether the clock was reset, in which case the stream continues without a
    /// gap.
    pub fn read(&mut self, hand: &mut Hand, stamp: u64) -> (i64, bool) {
        let expected = hand.last.map_or(self.latest, |(last, duration)| last + duration);
        let at = |zero: u64| expected + distance(expected.cast_unsigned(), stamp.wrapping_sub(zero));
        let goes_on = |time: i64| {
            let (behind, ahead) = (expected.min(self.latest) - BEHIND, expected.max(self.latest) + AHEAD);
            hand.last.is_none()
                || (hand.last.is_some_and(|(last, _)| time >= last - BEHIND) && (behind..ahead).contains(&time))
        };
        if hand.last.is_none() {
            (hand.zero, hand.age) = (self.zero, self.age);
        }
        let mut anew = false;
        let mut time = at(hand.zero);
        if !goes_on(time) {
            // Another stream may have reached the new clock first.
            let theirs = at(self.zero);
            if hand.age != self.age && goes_on(theirs) {
                time = theirs;
            } else {
                (self.zero, self.age) = (stamp.wrapping_sub(expected.cast_unsigned()), self.age.wrapping_add(1));
                (time, anew) = (expected, true);
            }
            (hand.zero, hand.age) = (self.zero, self.age);
        }
        let duration = match hand.last {
            Some((last, _)) if (1..10 * SECOND).contains(&(time - last)) && !anew => time - last,
            Some((_, duration)) => duration,
            None => 0,
        };
        hand.last = Some((time, duration));
        self.latest = self.latest.max(time);
        (time, anew)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRAP: u64 = 1 << 33;

    #[test]
    fn stamps_wrap_around_and_time_goes_on() {
        let zero = WRAP - 10_000;
        let (mut clock, mut video, mut sound) = (ProgramClock::new(zero), Hand::default(), Hand::default());
        for at in 0..100_i64 {
            let stamp = |time: i64| zero.wrapping_add_signed(time) % WRAP;
            assert_eq!(clock.read(&mut video, stamp(at * 3600 - 7200)), (at * 3600 - 7200, false));
            assert_eq!(clock.read(&mut sound, stamp(at * 3600)), (at * 3600, false));
        }
        // A day is longer than a wrap.
        let (mut clock, mut hand) = (ProgramClock::new(5), Hand::default());
        for at in 0..5000 {
            let time = at * 30 * SECOND;
            assert_eq!(clock.read(&mut hand, (5 + time.cast_unsigned()) % WRAP), (time, false));
        }
    }

    #[test]
    fn a_new_clock_is_new_once() {
        for second in [0_u64, 1 << 30, WRAP - 50_000] {
            let (mut clock, mut video, mut sound) = (ProgramClock::new(900_000), Hand::default(), Hand::default());
            for at in 0..50 {
                clock.read(&mut video, 900_000 + at * 3600);
                clock.read(&mut sound, 900_000 + at * 3600);
            }
            let set = (0..50).map(|at| {
                let picture = clock.read(&mut video, (second + at * 3600) % WRAP);
                let heard = clock.read(&mut sound, (second + at * 3600 + 100) % WRAP);
                assert_eq!((picture.0, heard), ((50 + at.cast_signed()) * 3600, (picture.0 + 100, false)));
                picture.1
            });
            assert_eq!(set.filter(|anew| *anew).count(), 1, "{second}");
        }
    }

    #[test]
    fn a_gap_stays() {
        let (mut clock, mut hand) = (ProgramClock::new(0), Hand::default());
        clock.read(&mut hand, 0);
        clock.read(&mut hand, 3600);
        assert_eq!(clock.read(&mut hand, 30 * 90_000), (30 * SECOND, false));
    }
}
