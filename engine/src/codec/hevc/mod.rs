//! HEVC (ITU-T H.265 §7.3, §7.4.2.2): where decoding can begin, the contents of a sequence parameter set, and the
//! presentation order of pictures (§7.3.6.1, §8.3.1).

mod configuration;

pub use configuration::{HevcConfiguration, NalUnitArray, name};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::avc::has_recovery_point;
use super::bits::Bits;
use super::nal::{self, cropping};
use super::slice::{OrderCount, SLICE_HEADER, Slice};
use super::{FrameOpening, StreamProperties, UnitStart};

const VPS: u8 = 32;
const SPS: u8 = 33;
const PPS: u8 = 34;
const SEI: u8 = 39;

fn kind(unit: &[u8]) -> Option<u8> {
    unit.first().map(|header| header >> 1 & 0x3F)
}

/// Decoding can begin at a picture of the types 16 to 23 (IRAP), in an access unit with a sequence parameter set.
#[must_use]
pub fn access(payload: &[u8]) -> UnitStart {
    let mut parameters = false;
    for unit in nal::units(payload) {
        match kind(unit) {
            Some(16..=23) => return UnitStart::Access(parameters),
            Some(0..=31) => return UnitStart::Access(false),
            Some(SPS) => parameters = true,
            Some(_) => {}
            None => break,
        }
    }
    UnitStart::Undecided
}

/// Profile, level and size of pictures, from the first sequence parameter set (§7.3.2.2).
#[must_use]
pub fn properties(payload: &[u8]) -> Option<StreamProperties> {
    let unit = nal::units(payload).find(|unit| kind(unit) == Some(SPS))?;
    let set = nal::payload(unit);
    // Two bytes of header and one of identifiers precede profile_tier_level (§7.3.3).
    let name = configuration::profile("hvc1", set.get(3..)?.first_chunk()?)?;
    Some(StreamProperties::video(name, HevcSequence::read(&set).and_then(|sequence| sequence.dimensions)))
}

/// Decoding can begin at an IRAP picture (types 16 to 23), and at a recovery point.
pub fn opening(units: &mut dyn Iterator<Item = &[u8]>) -> Option<FrameOpening> {
    let (mut parameters, mut recovery) = (false, false);
    for unit in units {
        match kind(unit)? {
            16..=23 => return Some(FrameOpening::Point),
            0..=15 => return Some(if recovery { FrameOpening::Point } else { FrameOpening::Refers }),
            SEI => recovery |= has_recovery_point(nal::payload(unit).get(2..).unwrap_or_default()),
            VPS..=PPS => parameters = true,
            _ => {}
        }
    }
    parameters.then_some(FrameOpening::Point)
}

/// The needed fields of a sequence parameter set.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct HevcSequence {
    id: u32,
    /// `separate_colour_plane_flag`.
    planes: bool,
    dimensions: Option<(u32, u32)>,
    /// `chroma_format_idc`, and `bit_depth_minus8` of luma and chroma.
    samples: [u32; 3],
    /// The length of `slice_pic_order_cnt_lsb` in bits.
    count_bits: u32,
}

impl HevcSequence {
    /// Parses a sequence parameter set, including its header of two bytes (§7.3.2.2). A byte of identifiers and twelve
    /// of `profile_tier_level` (§7.3.3) have the same position in all.
    fn read(set: &[u8]) -> Option<Self> {
        let sub_layers = set.get(2)? >> 1 & 7;
        let bits = &mut Bits::new(set.get(15..)?);
        if sub_layers > 0 {
            let present: Vec<(bool, bool)> = (0..8).map(|_| (bits.bit(), bits.bit())).collect();
            for (profile, level) in present.into_iter().take(usize::from(sub_layers)) {
                bits.take(if profile { 88 } else { 0 });
                bits.take(if level { 8 } else { 0 });
            }
        }
        let id = bits.unsigned().filter(|id| *id < 16)?;
        let chroma = bits.unsigned()?;
        let planes = chroma == 3 && bits.bit();
        let (width, height) = (bits.unsigned()?, bits.unsigned()?);
        let cropped = cropping(bits, chroma)?;
        let dimensions = width.checked_sub(cropped.0).zip(height.checked_sub(cropped.1));
        let samples = [chroma, bits.unsigned()?, bits.unsigned()?];
        let count_bits = bits.unsigned().filter(|bits| *bits <= 12)? + 4;
        bits.is_within().then_some(Self { id, planes, dimensions, samples, count_bits })
    }
}

/// The needed fields of a picture parameter set (§7.3.2.3).
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct PictureParameters {
    sequence: u32,
    /// `output_flag_present_flag`.
    output: bool,
    /// `num_extra_slice_header_bits`.
    extra: u32,
}

/// The active parameter sets, as far as slices need them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct HevcParameterSets {
    sequences: BTreeMap<u32, HevcSequence>,
    pictures: BTreeMap<u32, PictureParameters>,
}

impl HevcParameterSets {
    /// Reads the units up to the first slice, and returns what they say about the picture.
    pub fn slice(&mut self, payload: &[u8]) -> Option<Slice> {
        for unit in nal::units(payload) {
            match kind(unit)? {
                0..=31 => return self.read(&nal::payload(unit.get(..SLICE_HEADER).unwrap_or(unit))),
                SPS => {
                    if let Some(sequence) = HevcSequence::read(&nal::payload(unit)) {
                        self.sequences.insert(sequence.id, sequence);
                    }
                }
                PPS => {
                    let set = nal::payload(unit);
                    let bits = &mut Bits::new(set.get(2..).unwrap_or_default());
                    if let (Some(id @ ..64), Some(sequence)) = (bits.unsigned(), bits.unsigned()) {
                        bits.bit();
                        let (output, extra) = (bits.bit(), bits.take(3));
                        self.pictures.insert(id, PictureParameters { sequence, output, extra });
                    }
                }
                _ => {}
            }
        }
        None
    }

    /// Parses the header of a picture's first slice segment (§7.3.6.1).
    fn read(&self, slice: &[u8]) -> Option<Slice> {
        let (kind, temporal) = (kind(slice)?, slice.get(1)? & 7);
        let bits = &mut Bits::new(slice.get(2..)?);
        bits.bit();
        if (16..=23).contains(&kind) {
            bits.bit();
        }
        let picture = self.pictures.get(&bits.unsigned()?)?;
        let sequence = self.sequences.get(&picture.sequence)?;
        bits.take(picture.extra);
        bits.unsigned()?;
        bits.take(u32::from(picture.output) + if sequence.planes { 2 } else { 0 });
        // IDR pictures, types 19 and 20, count from zero.
        let anew = matches!(kind, 19 | 20);
        let count = if anew { 0 } else { bits.take(sequence.count_bits) };
        // Leading pictures and those of the types 0, 2, 4 and so on up to 14 are not references (§8.3.1).
        let reference = temporal == 1 && !matches!(kind, 6..=9) && (kind > 14 || kind % 2 == 1);
        let count = OrderCount::Bits(count, sequence.count_bits);
        bits.is_within().then_some(Slice { anew, reference, field: None, count, steps: 1 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_begins_at_the_pictures_that_the_standard_names() {
        let access_of = |types: &[u8]| {
            let units: Vec<u8> = types.iter().flat_map(|kind| [0, 0, 1, kind << 1, 1, 9]).collect();
            access(&units)
        };
        for (types, expected) in [
            (&[35, 32, 33, 34, 19][..], UnitStart::Access(true)),
            (&[35, 33, 39, 21], UnitStart::Access(true)),
            (&[35, 19], UnitStart::Access(false)),
            (&[33, 1], UnitStart::Access(false)),
            (&[35, 32, 33], UnitStart::Undecided),
        ] {
            assert_eq!(access_of(types), expected, "{types:?}");
        }
    }

    #[test]
    fn a_parameter_set_has_profile_level_and_size() {
        // One of x265 for 320x180, Main profile, level 2.
        let sps = [
            0, 0, 1, 0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03,
            0x00, 0x3C, 0xA0, 0x0A, 0x08, 0x0B, 0x9F, 0x79, 0x65, 0x95, 0x9A, 0x49, 0x32,
        ];
        let found = properties(&sps).unwrap();
        assert_eq!((found.name.as_str(), found.dimensions), ("hvc1.1.6.L60.90", Some((320, 180))));
        for length in 0..sps.len() {
            let _ = properties(&sps[..length]);
        }
    }

    #[test]
    fn slices_say_when_their_pictures_are_shown() {
        // The beginnings of x265's units: of an IDR picture, and of seven after it.
        let mut sets = HevcParameterSets::default();
        let sps = [
            0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03, 0x00, 0x3C,
            0xA0, 0x0B, 0x08, 0x04, 0x85, 0x96, 0x56, 0x69, 0x24, 0xCA, 0xF0, 0x16, 0x80, 0x80,
        ];
        let pps = [0x44, 0x01, 0xC1, 0x72, 0xB4, 0x62, 0x40];
        let slices = [
            [0x28, 0x01, 0xAF, 0x09, 0x4A, 0x2E],
            [0x02, 0x01, 0xD0, 0x11, 0x57, 0x84],
            [0x00, 0x01, 0xE0, 0x24, 0xBF, 0x86],
            [0x02, 0x01, 0xD0, 0x29, 0xDD, 0x7D],
            [0x02, 0x01, 0xE0, 0x86, 0x95, 0x7F],
            [0x00, 0x01, 0xE0, 0x66, 0xF5, 0xFF],
            [0x02, 0x01, 0xD0, 0x30, 0xBF, 0x55],
            [0x02, 0x01, 0xD0, 0x48, 0xB7, 0xF5],
        ];
        let unit = |unit: &[u8]| [&[0, 0, 1], unit].concat();
        assert_eq!(sets.slice(&unit(&slices[0])), None, "without its parameter sets");
        let first = [unit(&sps), unit(&pps)].concat();
        let found = slices.map(|slice| {
            let slice = sets.slice(&[first.clone(), unit(&slice)].concat()).unwrap();
            (slice.anew, slice.reference, slice.count)
        });
        let expected = [(true, true, 0), (false, true, 2), (false, false, 1), (false, true, 5), (false, true, 4)];
        let expected = expected.into_iter().chain([(false, false, 3), (false, true, 6), (false, true, 9)]);
        let expected = expected.map(|(anew, reference, count)| (anew, reference, OrderCount::Bits(count, 8)));
        assert_eq!(found.to_vec(), expected.collect::<Vec<_>>());
    }
}
