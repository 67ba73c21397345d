//! The presentation times of H.264 and HEVC pictures without time stamps. Pictures between two with time stamps are
//! decoded at equal distances, and presented by the order count in their slices ([`PictureOrder`]). All times are in [`FINE`]
//! parts of ticks.
//!
//! [`FINE`]: crate::container::mpeg::scan::FINE

use serde::{Deserialize, Serialize};

use crate::codec::PictureOrder;

/// A picture: its position in presentation order, its decode and presentation times.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Dated {
    pub place: PictureOrder,
    pub decoded: i64,
    pub shown: i64,
}

/// What the pictures so far reveal about the next ones.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct ShownPictures {
    last: Option<Dated>,
    /// The duration of one count.
    count: Option<i64>,
    /// The delay from decoding to presentation of the last random access point.
    delay: i64,
}

impl ShownPictures {
    /// Records a picture with time stamps, and whether it is a random access point. The pictures before it have been
    /// handled.
    pub const fn goes_on(&mut self, picture: Dated, sync: bool) {
        if sync {
            self.delay = picture.shown - picture.decoded;
        }
        self.last = Some(picture);
    }

    /// The presentation time of a picture that is decoded at this time, has this duration and comes before `next`.
    pub fn of(&mut self, place: PictureOrder, decoded: i64, lasts: i64, next: Option<&Dated>) -> i64 {
        if let (Some(last), Some(next)) = (&self.last, next)
            && let Some(counts) = counts(last.place, next.place).filter(|counts| *counts != 0)
            && let lasts @ 1.. = (next.shown - last.shown) / counts
        {
            self.count = Some(lasts);
        }
        let beside = [next, self.last.as_ref()].into_iter().flatten();
        let shown = beside.filter_map(|beside| {
            let steps = if let PictureOrder::At { steps, .. } = place { steps } else { 1 };
            Some(beside.shown + counts(beside.place, place)? * self.count.unwrap_or(lasts / steps))
        });
        let shown = shown.into_iter().next().unwrap_or(decoded + self.delay).max(decoded);
        // The first picture of a sequence: the others are counted from it.
        self.last = Some(Dated { place, decoded, shown });
        shown
    }
}

/// The number of counts between two pictures; `None` if it is unknown.
fn counts(from: PictureOrder, to: PictureOrder) -> Option<i64> {
    match (from, to) {
        (PictureOrder::At { sequence, count: from, .. }, PictureOrder::At { sequence: same, count: to, .. })
            if sequence == same =>
        {
            Some(to - from)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(sequence: u32, count: i64) -> PictureOrder {
        PictureOrder::At { sequence, count, steps: 2 }
    }

    #[test]
    fn pictures_between_two_stamps_are_shown_by_their_count() {
        let mut shown = ShownPictures::default();
        shown.goes_on(Dated { place: at(1, 0), decoded: 0, shown: 200 }, true);
        // I0 P8 B4 b2 b6, then an IDR picture and one after it: a picture lasts a hundred, a count fifty.
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
        assert_eq!(shown.of(PictureOrder::Unknown, 1000, 100, None), 1200);
    }
}
