//! Pictures of MPEG-1 and MPEG-2 (ISO/IEC 11172-2 §2.4, 13818-2 §6.2): where they begin, their types, and their
//! durations (13818-2 §6.3.10, `repeat_first_field`).

use serde::{Deserialize, Serialize};

use super::{ScanFinding, USUAL};

const PICTURE: u8 = 0x00;
const SEQUENCE: u8 = 0xB3;
const EXTENSION: u8 = 0xB5;
const GROUP: u8 = 0xB8;

/// The duration by `frame_rate_code`, in eighths of ticks.
const PERIODS: [i64; 8] = [30_030, 30_000, 28_800, 24_024, 24_000, 14_400, 12_012, 12_000];

/// The progress within a picture.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct PictureScan {
    period: i64,
    /// `progressive_sequence`.
    progressive: bool,
    /// The current unit's picture has begun, or no unit has.
    coded: bool,
    field: Field,
}

/// The field of a frame that the last picture is, if it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Field {
    None,
    First,
    Second,
}

impl Default for PictureScan {
    fn default() -> Self {
        Self { period: USUAL, progressive: false, coded: true, field: Field::None }
    }
}

impl PictureScan {
    /// The state after the sequence header alone.
    pub const fn anew(self) -> Self {
        Self { coded: true, field: Field::None, ..self }
    }

    /// Takes the bytes after a start code, and returns the events.
    pub fn take(&mut self, bytes: &[u8]) -> impl Iterator<Item = ScanFinding> + use<> {
        let [code, one, two, three, four, ..] = *bytes else { return None.into_iter().chain(None) };
        let (mut first, mut second) = (None, None);
        match code {
            SEQUENCE | GROUP => {
                if code == SEQUENCE {
                    let rate = usize::from(four & 15).checked_sub(1).and_then(|rate| PERIODS.get(rate));
                    (self.period, self.progressive) = (rate.copied().unwrap_or(self.period), false);
                }
                first = std::mem::take(&mut self.coded).then_some(ScanFinding::Headers);
                self.field = Field::None;
            }
            PICTURE if self.field == Field::First => self.field = Field::Second,
            PICTURE => {
                first = self.coded.then_some(ScanFinding::Headers);
                // Ten bits of temporal reference, three of picture_coding_type: I, P, and D, which stands alone.
                let reference = two >> 3 & 7 != 3;
                second = Some(ScanFinding::Picture { reference, lasts: self.period });
                (self.coded, self.field) = (true, Field::None);
            }
            EXTENSION => match one >> 4 {
                1 => self.progressive = two & 8 != 0,
                8 if self.field == Field::Second => self.field = Field::None,
                8 => first = self.extend(three, four),
                _ => {}
            },
            _ => {}
        }
        first.into_iter().chain(second)
    }

    /// The picture coding extension (13818-2 §6.2.3.1): `picture_structure`, `top_field_first` and `repeat_first_field`.
    fn extend(&mut self, structure: u8, flags: u8) -> Option<ScanFinding> {
        if structure & 3 != 3 {
            self.field = Field::First;
        }
        let halves = match (flags & 2 != 0, self.progressive, flags & 0x80 != 0) {
            (false, ..) => return None,
            (true, false, _) => 3,
            (true, true, false) => 4,
            (true, true, true) => 6,
        };
        Some(ScanFinding::Lasts(self.period * halves / 2))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEQUENCE_25: [u8; 7] = [0xB3, 0x14, 0, 0xB4, 0x33, 0, 0];
    const GROUP: [u8; 7] = [0xB8, 0, 0, 0, 0, 0, 0];
    const NEXT: i64 = USUAL;

    fn picture(kind: u8) -> [u8; 7] {
        [0, 0, kind << 3, 0, 0, 0, 0]
    }

    /// A picture coding extension with this structure and these flags.
    fn extension(structure: u8, flags: u8) -> [u8; 7] {
        [0xB5, 0x8F, 0xFF, structure, flags, 0, 0]
    }

    fn taken(codes: &[[u8; 7]]) -> Vec<ScanFinding> {
        let mut pictures = PictureScan::default();
        codes.iter().flat_map(|code| pictures.take(code)).collect()
    }

    #[test]
    fn headers_go_with_the_picture_behind_them() {
        let shown = |reference| ScanFinding::Picture { reference, lasts: NEXT };
        let codes = [SEQUENCE_25, GROUP, picture(1), picture(2), picture(3), GROUP, picture(1)];
        let expected = [
            ScanFinding::Headers,
            shown(true),
            ScanFinding::Headers,
            shown(true),
            ScanFinding::Headers,
            shown(false),
            ScanFinding::Headers,
            shown(true),
        ];
        assert_eq!(taken(&codes), expected);
    }

    #[test]
    fn two_fields_are_a_picture_and_repeated_ones_last_longer() {
        let codes = [picture(1), extension(1, 0), picture(2), extension(2, 0), picture(3), extension(3, 2)];
        let kinds = taken(&codes);
        assert_eq!(kinds.iter().filter(|what| matches!(what, ScanFinding::Picture { .. })).count(), 2);
        assert_eq!(kinds.last(), Some(&ScanFinding::Lasts(NEXT * 3 / 2)));
        let progressive = [0xB5, 0x14, 0x08, 0, 0, 0, 0];
        for (flags, expected) in [(2, NEXT * 2), (0x82, NEXT * 3)] {
            let found = taken(&[SEQUENCE_25, progressive, picture(2), extension(3, flags)]);
            assert_eq!(found.last(), Some(&ScanFinding::Lasts(expected)));
        }
    }
}
