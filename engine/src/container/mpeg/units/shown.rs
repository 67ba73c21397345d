//! When pictures of H.264 and HEVC are shown that have no time stamps. Those between two that have are decoded at equal
//! distances, and shown by the count that their slices have ([`Place`]). All times are in [`FINE`] parts of ticks.
//!
//! [`FINE`]: crate::container::mpeg::scan::FINE

use serde::{Deserialize, Serialize};

use crate::codec::Place;

/// A picture: which it is, and when it is decoded and shown.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Dated {
    pub place: Place,
    pub decoded: i64,
    pub shown: i64,
}

/// What the pictures so far tell of those to come.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Shown {
    last: Option<Dated>,
    /// How long a count lasts.
    count: Option<i64>,
    /// By how much the last picture was shown after it was decoded that decoding can begin at.
    delay: i64,
}

impl Shown {
    /// A picture that has time stamps, and whether decoding can begin at it. Those before it have been told.
    pub const fn goes_on(&mut self, picture: Dated, sync: bool) {
        if sync {
            self.delay = picture.shown - picture.decoded;
        }
        self.last = Some(picture);
    }

    /// When a picture is shown that is decoded at this time and lasts so long, before `next`.
    pub fn of(&mut self, place: Place, decoded: i64, lasts: i64, next: Option<&Dated>) -> i64 {
        if let (Some(last), Some(next)) = (&self.last, next)
            && let Some(counts) = counts(last.place, next.place).filter(|counts| *counts != 0)
            && let lasts @ 1.. = (next.shown - last.shown) / counts
        {
            self.count = Some(lasts);
        }
        let beside = [next, self.last.as_ref()].into_iter().flatten();
        let shown = beside.filter_map(|beside| {
            let steps = if let Place::At { steps, .. } = place { steps } else { 1 };
            Some(beside.shown + counts(beside.place, place)? * self.count.unwrap_or(lasts / steps))
        });
        let shown = shown.into_iter().next().unwrap_or(decoded + self.delay).max(decoded);
        // The first of a sequence of its own: the others are counted from it.
        self.last = Some(Dated { place, decoded, shown });
        shown
    }
}

/// By how many counts a picture is shown behind another; `None` where nothing tells.
fn counts(from: Place, to: Place) -> Option<i64> {
    match (from, to) {
        (Place::At { sequence, count: from, .. }, Place::At { sequence: same, count: to, .. }) if sequence == same => {
            Some(to - from)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(sequence: u32, count: i64) -> Place {
        Place::At { sequence, count, steps: 2 }
    }

    #[test]
    fn pictures_between_two_stamps_are_shown_by_their_count() {
        let mut shown = Shown::default();
        shown.goes_on(Dated { place: at(1, 0), decoded: 0, shown: 200 }, true);
        // I0 P8 B4 b2 b6, and then an IDR picture with one behind it: a picture lasts a hundred, a count fifty.
        let next = Dated { place: at(2, 2), decoded: 600, shown: 800 };
        let places = [at(1, 8), at(1, 4), at(1, 2), at(1, 6), at(2, 0)];
        let times = [600, 400, 300, 500, 700];
        for (nth, (place, expected)) in (1..).zip(places.into_iter().zip(times)) {
            assert_eq!(shown.of(place, nth * 100, 100, Some(&next)), expected, "{place:?}");
        }
        shown.goes_on(next, false);
        assert_eq!(shown.of(at(2, 4), 700, 100, None), 900, "goes on from the one before");
        assert_eq!(shown.of(at(3, 0), 800, 100, None), 1000, "by the delay of the last");
        assert_eq!(shown.of(at(3, 4), 900, 100, None), 1200);
        assert_eq!(shown.of(Place::Unknown, 1000, 100, None), 1200);
    }
}
