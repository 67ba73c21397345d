//! HEVC (ITU-T H.265 §7.3, §7.4.2.2): where decoding can begin, and what a sequence parameter set says.

use std::fmt::Write;

use super::bits::Bits;
use super::{Looks, Start, nal};

const SPS: u8 = 33;

fn kind(unit: &[u8]) -> Option<u8> {
    unit.first().map(|header| header >> 1 & 0x3F)
}

/// Decoding can begin at a picture of the types 16 to 23 (IRAP), in an access unit that has a sequence parameter set.
pub fn access(payload: &[u8]) -> Start {
    let mut parameters = false;
    for unit in nal::units(payload) {
        match kind(unit) {
            Some(16..=23) => return Start::Access(parameters),
            Some(0..=31) => return Start::Access(false),
            Some(SPS) => parameters = true,
            Some(_) => {}
            None => break,
        }
    }
    Start::Undecided
}

/// Profile, level and size of pictures, from the first sequence parameter set (§7.3.2.2).
pub fn looks(payload: &[u8]) -> Option<Looks> {
    let unit = nal::units(payload).find(|unit| kind(unit) == Some(SPS))?;
    let set = nal::payload(unit);
    // Two bytes of header and one of identifiers are followed by profile_tier_level (§7.3.3).
    let sub_layers = set.get(2)? >> 1 & 7;
    let [profile, f0, f1, f2, f3, constraints @ .., level] = *set.get(3..)?.first_chunk::<12>()?;
    let space = ["", "A", "B", "C"].get(usize::from(profile >> 6))?;
    let tier = if profile & 0x20 == 0 { 'L' } else { 'H' };
    let compatible = u32::from_be_bytes([f0, f1, f2, f3]).reverse_bits();
    let mut name = format!("hvc1.{space}{}.{compatible:X}.{tier}{level}", profile & 0x1F);
    let used = constraints.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    for constraint in constraints.iter().take(used) {
        // Writing to a string does not fail.
        let _ = write!(name, ".{constraint:X}");
    }
    Some(Looks { name, dimensions: dimensions(sub_layers, set.get(15..)?) })
}

fn dimensions(sub_layers: u8, rest: &[u8]) -> Option<(u32, u32)> {
    let bits = &mut Bits::new(rest);
    if sub_layers > 0 {
        let present: Vec<(bool, bool)> = (0..8).map(|_| (bits.bit(), bits.bit())).collect();
        for (profile, level) in present.into_iter().take(usize::from(sub_layers)) {
            bits.take(if profile { 88 } else { 0 });
            bits.take(if level { 8 } else { 0 });
        }
    }
    bits.unsigned()?;
    let chroma = bits.unsigned()?;
    if chroma == 3 {
        bits.bit();
    }
    let (width, height) = (bits.unsigned()?, bits.unsigned()?);
    let mut cropped = (0, 0);
    if bits.bit() {
        let (left, right, top, bottom) = (bits.unsigned()?, bits.unsigned()?, bits.unsigned()?, bits.unsigned()?);
        let (across, down) = match chroma {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        };
        cropped = (left.checked_add(right)?.checked_mul(across)?, top.checked_add(bottom)?.checked_mul(down)?);
    }
    bits.is_within().then_some((width.checked_sub(cropped.0)?, height.checked_sub(cropped.1)?))
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
            (&[35, 32, 33, 34, 19][..], Start::Access(true)),
            (&[35, 33, 39, 21], Start::Access(true)),
            (&[35, 19], Start::Access(false)),
            (&[33, 1], Start::Access(false)),
            (&[35, 32, 33], Start::Undecided),
        ] {
            assert_eq!(access_of(types), expected, "{types:?}");
        }
    }

    #[test]
    fn a_parameter_set_has_profile_level_and_size() {
        // x265's of 320x180, Main profile, level 2.
        let sps = [
            0, 0, 1, 0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03,
            0x00, 0x3C, 0xA0, 0x0A, 0x08, 0x0B, 0x9F, 0x79, 0x65, 0x95, 0x9A, 0x49, 0x32,
        ];
        let found = looks(&sps).unwrap();
        assert_eq!((found.name.as_str(), found.dimensions), ("hvc1.1.6.L60.90", Some((320, 180))));
        for length in 0..sps.len() {
            let _ = looks(&sps[..length]);
        }
    }
}
