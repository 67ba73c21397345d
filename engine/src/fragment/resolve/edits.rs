//! Maps the presentation timeline of a file to a track's own presentation times, through its edit list.

use crate::container::EditSpan;
use crate::media::{Edit, Interval, Ticks, Time, Track};

/// What a track presents in an interval, in order. The total length of the segments is that of the interval, or of the
/// track's part of it; an instant means the nearest tick.
pub fn segments(track: &Track, interval: Interval) -> Vec<EditSpan> {
    let whole = [Edit { duration: None, media: Some(Ticks::ZERO) }];
    let edits = if track.edits.is_empty() { whole.as_slice() } else { track.edits.as_slice() };
    let start = track.timescale.ticks(interval.start());
    let end = match interval.end() {
        Time::MAX => Ticks(i64::MAX),
        // An interval shorter than a tick is within one.
        end => track.timescale.ticks(end).max(start + Ticks(1)),
    };
    let mut segments: Vec<EditSpan> = Vec::with_capacity(edits.len());
    let mut at = Ticks::ZERO;
    for edit in edits {
        // An edit may claim to last beyond its media, where there is nothing to present.
        let left = edit.media.map_or(Ticks(i64::MAX), |media| (track.presented.1 - media).max(Ticks::ZERO));
        let duration = edit.duration.unwrap_or(left);
        let (from, to) = (start.max(at), end.min(at + duration.min(left)));
        if from < to {
            let media = edit.media.map(|media| media + (from - at));
            // An edit may begin before its media. Readers interpret that differently, but an empty edit in the same
            // way.
            let missing = media.map_or(Ticks::ZERO, |media| (track.presented.0 - media).clamp(Ticks::ZERO, to - from));
            if missing > Ticks::ZERO {
                segments.push(EditSpan { duration: missing, media: None });
            }
            if missing < to - from {
                segments.push(EditSpan { duration: to - from - missing, media: media.map(|media| media + missing) });
            }
        }
        at += duration;
    }
    // An empty edit at the end is superfluous.
    while segments.pop_if(|last| last.media.is_none()).is_some() {}
    segments
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::media::{Kind, Setup, Timescale};

    fn track(edits: &[(Option<i64>, Option<i64>)]) -> Track {
        Track {
            edits: edits
                .iter()
                .map(|(duration, media)| Edit { duration: duration.map(Ticks), media: media.map(Ticks) })
                .collect(),
            presented: (Ticks(0), Ticks(1000)),
            ..Track::new(1, Kind::Video, String::new(), Timescale::per_second(10).unwrap(), Setup::At(0..0))
        }
    }

    /// Duration and media time of each segment.
    type Expected<'a> = &'a [(i64, Option<i64>)];

    #[test]
    fn an_interval_is_taken_through_the_edit_list() {
        type Edits<'a> = &'a [(Option<i64>, Option<i64>)];
        let cases: [(Edits, (i64, i64), Expected); 8] = [
            (&[], (2, 5), &[(30, Some(20))]),
            (&[], (90, 200), &[(100, Some(900))]),
            (&[(Some(500), Some(3))], (2, 5), &[(30, Some(23))]),
            (&[(None, Some(3))], (2, 5), &[(30, Some(23))]),
            (&[(Some(20), None), (None, Some(3))], (1, 5), &[(10, None), (30, Some(3))]),
            (&[(Some(20), Some(500)), (Some(30), Some(0))], (1, 4), &[(10, Some(510)), (20, Some(0))]),
            (&[(Some(20), Some(500)), (Some(30), None)], (1, 4), &[(10, Some(510))]),
            (&[(Some(20), Some(500))], (2, 4), &[]),
        ];
        for (edits, (start, end), expected) in cases {
            let interval = Interval::new(Time::from_secs(start), Time::from_secs(end)).unwrap();
            let found: Vec<_> = segments(&track(edits), interval)
                .iter()
                .map(|part| (part.duration.0, part.media.map(|media| media.0)))
                .collect();
            assert_eq!(found, expected, "{edits:?} {start}-{end}");
        }
    }

    #[test]
    fn nothing_is_presented_before_the_first_sample() {
        let late = Track { presented: (Ticks(8), Ticks(1000)), ..track(&[]) };
        let cases: [((i64, i64), Expected); 3] =
            [((0, 2), &[(8, None), (12, Some(8))]), ((1, 2), &[(10, Some(10))]), ((0, 0), &[])];
        for ((start, end), expected) in cases {
            let found = Interval::new(Time::from_secs(start), Time::from_secs(end))
                .map_or_else(Vec::new, |interval| segments(&late, interval));
            let found: Vec<_> = found.iter().map(|part| (part.duration.0, part.media.map(|media| media.0))).collect();
            assert_eq!(found, expected, "{start}-{end}");
        }
    }

    #[test]
    fn what_is_shorter_than_a_tick_lies_in_one() {
        let ms = |ms: i64| Time(ms * 1_000_000);
        for (start, end, expected) in [(0, 20, (0, 1)), (130, 131, (1, 1)), (100, 149, (1, 1)), (100, 190, (1, 1))] {
            let found = segments(&track(&[]), Interval::new(ms(start), ms(end)).unwrap());
            let found: Vec<_> = found.iter().map(|part| (part.media.unwrap().0, part.duration.0)).collect();
            assert_eq!(found, [expected], "{start}-{end}");
        }
    }
}
