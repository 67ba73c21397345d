//! The beginnings of pictures in H.264 (ITU-T H.264 §7.4.1.2.3), HEVC (ITU-T H.265 §7.4.2.4.4) and MPEG-4 part 2
//! (ISO/IEC 14496-2 §6.2): a picture begins at the first unit of its own after a unit with a part of the previous
//! picture.

use serde::{Deserialize, Serialize};

/// The kind of its units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UnitForm {
    H264,
    Hevc,
    Visual,
}

/// The progress within a picture.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct UnitScan {
    form: UnitForm,
    /// A part of the current picture has been seen, or no picture has begun.
    coded: bool,
}

/// The role of a unit.
enum UnitRole {
    /// It comes before the picture.
    Before,
    /// A part of a picture; whether it is the first.
    Picture(bool),
    Other,
}

impl UnitScan {
    pub const fn new(form: UnitForm) -> Self {
        Self { form, coded: true }
    }

    pub const fn anew(self) -> Self {
        Self::new(self.form)
    }

    /// Whether an access unit begins with this unit.
    pub fn begins(&mut self, unit: &[u8]) -> bool {
        let begins = self.coded;
        match self.form.role(unit) {
            UnitRole::Before => self.coded = false,
            UnitRole::Picture(true) => self.coded = true,
            UnitRole::Picture(false) => {
                self.coded = true;
                return false;
            }
            UnitRole::Other => return false,
        }
        begins
    }
}

impl UnitForm {
    fn role(self, unit: &[u8]) -> UnitRole {
        let [code, second, third, ..] = *unit else { return UnitRole::Other };
        match self {
            Self::H264 => match code & 0x1F {
                // first_mb_in_slice is zero. Partitions B and C of a slice do not have it.
                1 | 2 | 5 => UnitRole::Picture(second & 0x80 != 0),
                3 | 4 => UnitRole::Picture(false),
                // Prefixes (14) may precede each slice of a picture.
                6..=9 | 15..=18 => UnitRole::Before,
                _ => UnitRole::Other,
            },
            Self::Hevc => match code >> 1 & 0x3F {
                // first_slice_segment_in_pic_flag.
                0..=31 => UnitRole::Picture(third & 0x80 != 0),
                32..=35 | 39 | 41..=44 | 48..=55 => UnitRole::Before,
                _ => UnitRole::Other,
            },
            Self::Visual => match code {
                0xB6 => UnitRole::Picture(true),
                0x00..=0x2F | 0xB0 | 0xB3 | 0xB5 => UnitRole::Before,
                _ => UnitRole::Other,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_begins_behind_a_picture() {
        let begin = |form, units: &[[u8; 3]]| {
            let mut access = UnitScan::new(form);
            units.iter().map(|unit| access.begins(unit)).collect::<Vec<_>>()
        };
        let h264 =
            [[0x67, 1, 1], [0x68, 1, 1], [0x65, 0x80, 0], [0x65, 0x40, 0], [0x41, 0x80, 0], [9, 0, 0], [0x41, 0x80, 0]];
        assert_eq!(begin(UnitForm::H264, &h264), [true, false, false, false, true, true, false]);
        let hevc = [[0x40, 1, 0], [0x42, 1, 0], [0x26, 1, 0x80], [0x26, 1, 0], [0x02, 1, 0x80]];
        assert_eq!(begin(UnitForm::Hevc, &hevc), [true, false, false, false, true]);
        let visual = [[0xB0, 1, 0], [0x20, 1, 0], [0xB6, 0x10, 0], [0xB6, 0x50, 0], [0xB3, 0, 0], [0xB6, 0x10, 0]];
        assert_eq!(begin(UnitForm::Visual, &visual), [true, false, false, true, true, false]);
    }
}
