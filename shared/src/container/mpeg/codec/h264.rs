//! H.264 (ITU-T H.264 §7.3, §7.4.1): where decoding can begin, and what a sequence parameter set says.

use super::bits::Bits;
use super::{Looks, Start, nal};

const SLICE: u8 = 1;
const IDR: u8 = 5;
const SEI: u8 = 6;
const SPS: u8 = 7;
/// `payloadType` of the recovery point (§D.1.8).
const RECOVERY_POINT: u8 = 6;

/// Decoding can begin at an IDR picture and at a recovery point, in an access unit that has a sequence parameter set: a cut
/// that begins there has no other. So too where the transport says so (`flagged`).
pub fn access(payload: &[u8], flagged: bool) -> Start {
    let (mut parameters, mut recovery) = (false, flagged);
    for unit in nal::units(payload) {
        let Some(header) = unit.first() else { break };
        match header & 0x1F {
            IDR => return Start::Access(parameters),
            SLICE..=4 => return Start::Access(parameters && recovery),
            SPS => parameters = true,
            SEI => recovery |= has_recovery_point(nal::payload(unit).get(1..).unwrap_or_default()),
            _ => {}
        }
    }
    Start::Undecided
}

/// Whether a message of an SEI unit is a recovery point. Those before it are passed over by their sizes.
fn has_recovery_point(mut messages: &[u8]) -> bool {
    let number = |bytes: &mut &[u8]| {
        let mut value = 0_usize;
        loop {
            let (byte, rest) = bytes.split_first()?;
            *bytes = rest;
            value += usize::from(*byte);
            if *byte != 0xFF {
                return Some(value);
            }
        }
    };
    while messages.len() > 2 {
        let Some(kind) = number(&mut messages) else { return false };
        if kind == usize::from(RECOVERY_POINT) {
            return true;
        }
        let size = number(&mut messages);
        let Some(rest) = size.and_then(|size| messages.get(size..)) else { return false };
        messages = rest;
    }
    false
}

/// Profile, level and size of pictures, from the first sequence parameter set.
pub fn looks(payload: &[u8]) -> Option<Looks> {
    let unit = nal::units(payload).find(|unit| unit.first().is_some_and(|header| header & 0x1F == SPS))?;
    let set = nal::payload(unit);
    let [_, profile, compatibility, level] = *set.first_chunk()?;
    let name = format!("avc1.{profile:02x}{compatibility:02x}{level:02x}");
    Some(Looks { name, dimensions: dimensions(profile, set.get(4..)?) })
}

/// `seq_parameter_set_data` (§7.3.2.1.1) behind the level.
fn dimensions(profile: u8, rest: &[u8]) -> Option<(u32, u32)> {
    let bits = &mut Bits::new(rest);
    bits.unsigned()?;
    let mut chroma = 1;
    if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128 | 138 | 139 | 134 | 135) {
        chroma = bits.unsigned()?;
        if chroma == 3 {
            bits.bit();
        }
        bits.unsigned()?;
        bits.unsigned()?;
        bits.bit();
        if bits.bit() {
            // Scaling matrices would have to be read through, and are rare.
            return None;
        }
    }
    bits.unsigned()?;
    match bits.unsigned()? {
        0 => _ = bits.unsigned()?,
        1 => {
            bits.bit();
            bits.skip_signed()?;
            bits.skip_signed()?;
            for _ in 0..bits.unsigned()?.min(255) {
                bits.skip_signed()?;
            }
        }
        _ => {}
    }
    bits.unsigned()?;
    bits.bit();
    let width = bits.unsigned()?.checked_add(1)?.checked_mul(16)?;
    let height = bits.unsigned()?.checked_add(1)?.checked_mul(16)?;
    let frames = bits.bit();
    let fields = if frames { 1 } else { 2 };
    if !frames {
        bits.bit();
    }
    bits.bit();
    let mut cropped = (0, 0);
    if bits.bit() {
        let (left, right, top, bottom) = (bits.unsigned()?, bits.unsigned()?, bits.unsigned()?, bits.unsigned()?);
        let (across, down) = match chroma {
            1 => (2, 2),
            2 => (2, 1),
            _ => (1, 1),
        };
        cropped = (left.checked_add(right)?.checked_mul(across)?, top.checked_add(bottom)?.checked_mul(down * fields)?);
    }
    let size = (width.checked_sub(cropped.0)?, height.checked_mul(fields)?.checked_sub(cropped.1)?);
    bits.is_within().then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(units: &[&[u8]]) -> Vec<u8> {
        units.iter().flat_map(|unit| [&[0, 0, 0, 1], *unit].concat()).collect()
    }

    #[test]
    fn decoding_begins_where_there_are_parameters_too() {
        let (sps, recovery, late) = (&[0x67, 0x64][..], &[6, 6, 1, 0xC4, 0x80][..], &[6, 1, 2, 9, 9, 6, 1, 0xC4][..]);
        let (other, slice, idr) = (&[6, 5, 2, 6, 6, 0x80][..], &[0x41, 9, 9][..], &[0x65, 9, 9][..]);
        let cases: [(&[&[u8]], bool, Start); 9] = [
            (&[&[9, 16], sps, idr], false, Start::Access(true)),
            (&[&[9, 16], idr], true, Start::Access(false)),
            (&[sps, recovery, slice], false, Start::Access(true)),
            (&[sps, late, slice], false, Start::Access(true)),
            (&[sps, other, slice], false, Start::Access(false)),
            (&[recovery, slice], false, Start::Access(false)),
            (&[sps, slice], true, Start::Access(true)),
            (&[slice, sps, idr], false, Start::Access(false)),
            (&[sps, recovery], false, Start::Undecided),
        ];
        for (units, flagged, expected) in cases {
            assert_eq!(access(&stream(units), flagged), expected, "{units:x?}");
        }
    }

    #[test]
    fn a_parameter_set_has_profile_level_and_size() {
        // x264's of 320x180 in 4:2:0, High profile, level 1.3: cropped from 192 lines.
        let sps = [
            0x67, 0x64, 0x00, 0x0D, 0xAC, 0xD9, 0x41, 0x41, 0x9F, 0x9F, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00,
            0x00, 0x03, 0x03, 0x20, 0xF1, 0x42, 0x99, 0x60,
        ];
        let found = looks(&stream(&[&sps])).unwrap();
        assert_eq!((found.name.as_str(), found.dimensions), ("avc1.64000d", Some((320, 180))));
        for length in 0..sps.len() {
            let _ = looks(&stream(&[&sps[..length]]));
        }
    }
}
