//! The presentation order of a stream's pictures. They are stored in decode order, one for each unit of time; a picture
//! is shown in the time of the one whose place it takes. The time is known once all earlier ones in presentation order
//! have come: in H.264 and HEVC none comes more than sixteen pictures later (`max_num_reorder_frames`, ITU-T H.264
//! §E.2.1).

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::container::avi::picture::{AviPicture, AviPictures};
use crate::media::Ticks;

/// The maximum number of waiting pictures.
const MAX_AHEAD: usize = 16;
/// How many pictures are examined in a stream whose headers do not announce reordering: some groups.
const PROOF: u32 = 256;

/// The pictures of a stream, on their way from decode order to presentation order.
#[derive(Serialize, Deserialize)]
pub struct AviReordering {
    pictures: AviPictures,
    /// The waiting pictures: their key in the order, and the number of chunks before each.
    waiting: BTreeSet<(PresentationKey, u64)>,
    /// The decode times of the waiting pictures, and of those before them that are not shown yet.
    times: VecDeque<Ticks>,
    /// The last picture.
    last: PresentationKey,
    /// Its coded video sequence, if these are numbered.
    sequence: u32,
    /// How many pictures are still examined; `None` for all.
    left: Option<u32>,
}

/// The place of a picture in the order: all of a group come before those of the next; within one by count, then in
/// their order of arrival.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct PresentationKey {
    group: u64,
    count: i64,
}

impl AviReordering {
    /// With `all`, every picture is examined.
    pub const fn new(pictures: AviPictures, all: bool) -> Self {
        Self {
            pictures,
            waiting: BTreeSet::new(),
            times: VecDeque::new(),
            last: PresentationKey { group: 0, count: 0 },
            sequence: 0,
            left: if all { None } else { Some(PROOF) },
        }
    }

    /// Takes the next picture, which begins with these bytes, and before which `nth` chunks came. Returns its kind.
    pub fn take(&mut self, frame: &[u8], nth: u64, decode: Ticks) -> AviPicture {
        let picture = self.pictures.next(frame);
        self.last = self.key(picture);
        self.waiting.insert((self.last, nth));
        self.times.push_back(decode);
        if self.pictures.may_be_reordered() {
            self.left = None;
        }
        self.left = self.left.map(|left| left.saturating_sub(1));
        picture
    }

    fn key(&mut self, picture: AviPicture) -> PresentationKey {
        let PresentationKey { group, .. } = self.last;
        match picture {
            AviPicture::Counted { sequence, count } if sequence == self.sequence => PresentationKey { group, count },
            AviPicture::Counted { sequence, count } => {
                self.sequence = sequence;
                PresentationKey { group: group + 1, count }
            }
            AviPicture::Anchor => PresentationKey { group: group + 1, count: i64::MAX },
            AviPicture::Between => PresentationKey { group, count: 0 },
            AviPicture::Field => self.last,
            AviPicture::Alone => PresentationKey { group: group + 1, count: 0 },
        }
    }

    /// The next picture whose presentation time is known, or, with `all`, any: the number of chunks before it, and the
    /// time.
    pub fn next(&mut self, all: bool) -> Option<(u64, Ticks)> {
        let (key, nth) = *self.waiting.first()?;
        if !all && key.group == self.last.group && self.waiting.len() <= MAX_AHEAD {
            return None;
        }
        self.waiting.pop_first();
        Some((nth, self.times.pop_front()?))
    }

    /// Whether the pictures are shown in decode order, as far as they were examined.
    pub fn is_as_decoded(&self) -> bool {
        self.left == Some(0)
    }

    /// Records that a picture is shown at another time than it is decoded.
    pub const fn reorders(&mut self) {
        self.left = None;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// The presentation times of pictures that are decoded at 0, 1, 2 and so on.
    fn times(pictures: &[AviPicture]) -> Vec<i64> {
        let mut shown = AviReordering::new(AviPictures::of(crate::codec::KeyframeCoding::Mpeg2, &[]).unwrap(), true);
        let mut times = vec![-1; pictures.len()];
        for (nth, picture) in (0..).zip(pictures) {
            shown.last = shown.key(*picture);
            shown.waiting.insert((shown.last, nth));
            shown.times.push_back(Ticks(i64::try_from(nth).unwrap()));
            while let Some((nth, time)) = shown.next(false) {
                *times.get_mut(usize::try_from(nth).unwrap()).unwrap() = time.0;
            }
            assert!(shown.waiting.len() <= MAX_AHEAD);
        }
        while let Some((nth, time)) = shown.next(true) {
            *times.get_mut(usize::try_from(nth).unwrap()).unwrap() = time.0;
        }
        times
    }

    #[test]
    fn pictures_are_shown_in_the_times_of_one_another() {
        use AviPicture::{Alone, Anchor, Between, Field};
        let counted = |sequence, count| AviPicture::Counted { sequence, count };
        let cases: [(&[AviPicture], &[i64]); 6] = [
            (&[Anchor, Anchor, Between, Between, Anchor, Between], &[0, 3, 1, 2, 5, 4]),
            (&[Anchor, Between, Between, Anchor], &[2, 0, 1, 3]),
            (&[Alone, Between, Between, Anchor, Between], &[0, 1, 2, 4, 3]),
            (&[Anchor, Alone, Anchor, Between], &[0, 1, 3, 2]),
            (
                &[counted(1, 0), counted(1, 8), counted(1, 4), counted(1, 2), counted(1, 6), counted(2, 0)],
                &[0, 4, 2, 1, 3, 5],
            ),
            (&[counted(1, 0), counted(1, 8), Field, counted(1, 4)], &[0, 2, 3, 1]),
        ];
        for (pictures, expected) in cases {
            assert_eq!(times(pictures), expected, "{pictures:?}");
        }
    }

    #[test]
    fn groups_without_an_end_are_shown_sixteen_pictures_behind() {
        let count = |nth: i64| if nth % 2 == 0 { nth * 2 + 2 } else { nth * 2 - 2 };
        let pictures: Vec<_> = (0..100).map(|nth| AviPicture::Counted { sequence: 1, count: count(nth) }).collect();
        assert_eq!(times(&pictures), (0..100).map(|nth| count(nth) / 2).collect::<Vec<_>>());
    }
}
