//! The presentation order of H.264 and HEVC pictures, by the picture order counts of their slices (ITU-T H.264 §8.2.1,
//! H.265 §8.3.1). They count within a coded video sequence, which begins with an IDR picture.

use serde::{Deserialize, Serialize};

use super::slice::{OrderCount, SLICE_HEADER, Slice};
use super::{avc, hevc, nal};

/// The picture of an access unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PictureOrder {
    /// The second field of the previous picture.
    Field,
    /// The picture with this count in this coded video sequence, in which a frame usually takes this many counts.
    At {
        /// Which coded video sequence it is of.
        sequence: u32,
        /// Its count.
        count: i64,
        /// How many counts a frame has.
        steps: i64,
    },
    /// Unknown.
    Unknown,
}

/// The pictures of a stream, in decode order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PictureReordering {
    sets: ActiveParameterSets,
    /// How many coded video sequences have begun.
    sequence: u32,
    /// The count of the last picture, and of the last reference.
    last: i64,
    reference: i64,
    /// The first field of a picture whose second has not come yet.
    field: Option<(u32, bool)>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
enum ActiveParameterSets {
    H264(avc::AvcParameterSets),
    Hevc(hevc::HevcParameterSets),
    #[default]
    None,
}

impl PictureReordering {
    /// For an H.264 stream.
    #[must_use]
    pub fn avc() -> Self {
        Self { sets: ActiveParameterSets::H264(avc::AvcParameterSets::default()), ..Self::default() }
    }

    /// For a HEVC stream.
    #[must_use]
    pub fn hevc() -> Self {
        Self { sets: ActiveParameterSets::Hevc(hevc::HevcParameterSets::default()), ..Self::default() }
    }

    /// Whether the parameter sets so far use picture order counts, so that pictures may be shown in another order than
    /// they are decoded.
    #[must_use]
    pub fn has_counts(&self) -> bool {
        match &self.sets {
            ActiveParameterSets::H264(sets) => sets.have_counts(),
            ActiveParameterSets::Hevc(_) => true,
            ActiveParameterSets::None => false,
        }
    }

    /// The picture of an access unit that begins with these bytes; `None` if more of it is needed. `last`: there is no
    /// more of it.
    pub fn place(&mut self, opening: &[u8], last: bool) -> Option<PictureOrder> {
        let is_slice: fn(u8) -> bool = match self.sets {
            ActiveParameterSets::H264(_) => |header| matches!(header & 0x1F, 1..=5),
            ActiveParameterSets::Hevc(_) => |header| header >> 1 & 0x3F < 32,
            ActiveParameterSets::None => return Some(PictureOrder::Unknown),
        };
        let slice = nal::units(opening).find(|unit| unit.first().is_some_and(|header| is_slice(*header)));
        if !last && slice.is_none_or(|slice| slice.len() < SLICE_HEADER) {
            return None;
        }
        let slice = match &mut self.sets {
            ActiveParameterSets::H264(sets) => sets.slice(opening),
            ActiveParameterSets::Hevc(sets) => sets.slice(opening),
            ActiveParameterSets::None => None,
        };
        Some(slice.map_or(PictureOrder::Unknown, |slice| self.of(slice)))
    }

    fn of(&mut self, slice: Slice) -> PictureOrder {
        let first = std::mem::replace(&mut self.field, slice.field);
        if let (Some((frame, bottom)), Some((before, other))) = (slice.field, first)
            && frame == before
            && bottom != other
        {
            self.field = None;
            return PictureOrder::Field;
        }
        if slice.anew {
            (self.sequence, self.last, self.reference) = (self.sequence.wrapping_add(1), 0, 0);
        }
        let count = match slice.count {
            OrderCount::Bits(low, bits) => {
                // The value nearest to the previous reference.
                let whole = 1_i64 << bits;
                let ahead = (i64::from(low) - self.reference).rem_euclid(whole);
                self.reference + if ahead >= whole / 2 { ahead - whole } else { ahead }
            }
            OrderCount::Decoded if slice.anew => 0,
            OrderCount::Decoded => self.last + slice.steps,
        };
        self.last = count;
        if slice.reference {
            self.reference = count;
        }
        PictureOrder::At { sequence: self.sequence, count, steps: slice.steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(anew: bool, reference: bool, low: u32) -> Slice {
        Slice { anew, reference, field: None, count: OrderCount::Bits(low, 4), steps: 2 }
    }

    #[test]
    fn counts_go_on_from_the_reference_before() {
        let mut order = PictureReordering::default();
        let slices = [
            frame(true, true, 0),
            frame(false, true, 6),
            frame(false, true, 12),
            frame(false, false, 8),
            frame(false, false, 10),
            frame(false, true, 2),
            frame(false, false, 14),
            frame(true, true, 0),
        ];
        let places = slices.map(|slice| order.of(slice));
        let expected = [(1, 0), (1, 6), (1, 12), (1, 8), (1, 10), (1, 18), (1, 14), (2, 0)];
        assert_eq!(places, expected.map(|(sequence, count)| PictureOrder::At { sequence, count, steps: 2 }));
    }

    #[test]
    fn two_fields_are_a_picture() {
        let mut order = PictureReordering::default();
        let field =
            |frame, bottom, low| Slice { field: Some((frame, bottom)), ..super::tests::frame(false, true, low) };
        let places = [field(1, false, 2), field(1, true, 3), field(2, true, 5), field(2, false, 4), field(3, false, 6)];
        let found = places.map(|slice| order.of(slice) == PictureOrder::Field);
        assert_eq!(found, [false, true, false, true, false]);
    }

    #[test]
    fn pictures_without_counts_are_shown_as_they_are_decoded() {
        let mut order = PictureReordering::default();
        let slice = |anew| Slice { anew, reference: true, field: None, count: OrderCount::Decoded, steps: 2 };
        let places = [true, false, false, true].map(|anew| order.of(slice(anew)));
        let expected = [(1, 0), (1, 2), (1, 4), (2, 0)];
        assert_eq!(places, expected.map(|(sequence, count)| PictureOrder::At { sequence, count, steps: 2 }));
    }
}
