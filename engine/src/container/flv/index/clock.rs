//! From timestamps to times. In a recording that was interrupted, or joined from several, the timestamps begin anew or
//! jump, but time continues.

use serde::{Deserialize, Serialize};

use crate::container::notes::Notes;
use crate::media::Ticks;

/// How many milliseconds the first timestamp may differ from zero, which the standard requires. A larger one comes from
/// recording a stream that was already on the air.
const MAX_START: i64 = 1_000;

/// How far timestamps of a track may go back, in milliseconds; if they go back further, they begin anew.
const MAX_BACK: i64 = 1_000;

/// The longest gap in a recording, in milliseconds; a longer one is a jump of the timestamps.
const MAX_GAP: i64 = 3_600_000;

/// The conversion of timestamps.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct TagClock {
    /// What is added to a timestamp.
    offset: i64,
    /// The latest time so far, of all tracks.
    latest: Option<i64>,
}

impl TagClock {
    /// The time of the tag at offset `at`, in milliseconds. `before` is the time of its track's last tag, which lasted
    /// `usual`: times of a track never decrease.
    pub fn time(&mut self, timestamp: i32, before: Option<Ticks>, usual: Ticks, at: u64, notes: &mut Notes) -> Ticks {
        let timestamp = i64::from(timestamp);
        let Some(latest) = self.latest else {
            if timestamp.abs() > MAX_START {
                self.offset = -timestamp;
                notes.push(format!("its first timestamp is {timestamp} ms, which is taken for zero"));
            }
            let time = timestamp + self.offset;
            self.latest = Some(time);
            return Ticks(time);
        };
        let mut time = timestamp + self.offset;
        let back = before.is_some_and(|before| time < before.0 - MAX_BACK);
        if back || time > latest + MAX_GAP {
            notes.at(at, if back { "timestamps begin anew" } else { "timestamps jump by more than an hour" });
            time = latest + usual.0;
            self.offset = time - timestamp;
        }
        if let Some(before) = before.filter(|before| time < before.0) {
            notes.at(at, "a timestamp that goes back");
            time = before.0;
        }
        self.latest = Some(latest.max(time));
        Ticks(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_whatever_timestamps_do() {
        let cases: &[(&[i32], &[i64], usize)] = &[
            (&[0, 40, 80], &[0, 40, 80], 0),
            (&[-80, -40, 0], &[-80, -40, 0], 0),
            (&[500, 540], &[500, 540], 0),
            (&[7_200_000, 7_200_040], &[0, 40], 1),
            (&[i32::MIN, i32::MIN + 40], &[0, 40], 1),
            (&[0, 40, 20, 80], &[0, 40, 40, 80], 1),
            (&[0, 5000, 0, 40, 80], &[0, 5000, 5040, 5080, 5120], 1),
            (&[0, 600_000], &[0, 600_000], 0),
            (&[0, 40, 0x7F00_0000, 80, 120], &[0, 40, 80, 120, 160], 2),
        ];
        for (timestamps, expected, count) in cases {
            let (mut clock, mut notes, mut before) = (TagClock::default(), Notes::default(), None);
            let times = timestamps.iter().map(|timestamp| {
                let time = clock.time(*timestamp, before, Ticks(40), 0, &mut notes);
                before = Some(time);
                time.0
            });
            assert_eq!(times.collect::<Vec<_>>(), *expected, "{timestamps:?}");
            assert_eq!(notes.into_texts().len(), *count, "{timestamps:?}");
        }
    }
}
