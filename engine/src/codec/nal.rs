//! NAL units after start codes (ITU-T H.264 Annex B, H.265 Annex B) or after their lengths (ISO/IEC 14496-15 §4.3.3).

use super::Bits;

/// The NAL units of a byte stream: each from its header to the next start code, or to the end of the bytes.
pub fn units(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = behind_start_code(bytes);
    std::iter::from_fn(move || {
        let unit = rest?;
        let next = behind_start_code(unit);
        rest = next;
        Some(next.map_or(unit, |next| unit.get(..unit.len() - next.len() - 3).unwrap_or(unit)))
    })
}

/// The bytes after each start code, beginning with the code.
pub fn start_codes(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::successors(behind_start_code(bytes), |unit| behind_start_code(unit))
}

/// The bytes after the first start code.
#[must_use]
pub fn behind_start_code(bytes: &[u8]) -> Option<&[u8]> {
    let mut at = 2;
    while let Some(byte) = bytes.get(at) {
        match byte {
            0 => at += 1,
            1 if bytes.get(at - 2..at) == Some(&[0, 0]) => return bytes.get(at + 1..),
            _ => at += 3,
        }
    }
    None
}

/// NAL units after lengths of this many bytes. The last may be truncated.
pub fn by_lengths(mut rest: &[u8], width: usize) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, unit) = rest.split_at_checked(width)?;
        let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
        let unit = unit.get(..length).unwrap_or(unit);
        rest = rest.get(width + unit.len()..)?;
        (!unit.is_empty()).then_some(unit)
    })
}

/// A NAL unit without the zeros that may precede the next start code (`trailing_zero_8bits`).
#[must_use]
pub fn trimmed(unit: &[u8]) -> &[u8] {
    let end = unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    unit.get(..end).unwrap_or(unit)
}

/// Takes a NAL unit after its length of sixteen bits, as parameter sets are stored in configuration records.
pub(super) fn sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, behind) = rest.split_first_chunk()?;
    let (unit, behind) = behind.split_at_checked(u16::from_be_bytes(*length).into())?;
    *rest = behind;
    Some(unit)
}

/// Appends a NAL unit after its length of sixteen bits.
pub(super) fn put_sized(out: &mut Vec<u8>, unit: &[u8]) {
    out.extend(u16::try_from(unit.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(unit);
}

/// The payload of a NAL unit, without the emulation prevention bytes (H.264 §7.4.1).
#[must_use]
pub fn payload(unit: &[u8]) -> Vec<u8> {
    let mut zeros = 0;
    let kept = unit.iter().filter(|byte| {
        let prevention = zeros >= 2 && **byte == 3;
        zeros = if **byte == 0 { zeros + 1 } else { 0 };
        !prevention
    });
    kept.copied().collect()
}

/// How much a picture's width and height are cropped (`frame_cropping_flag` of H.264, `conformance_window_flag` of
/// HEVC), which is counted in colour samples (`chroma_format_idc`, ITU-T H.264 table 6-1).
pub fn cropping(bits: &mut Bits<'_>, chroma: u32) -> Option<(u32, u32)> {
    if !bits.bit() {
        return Some((0, 0));
    }
    let (left, right, top, bottom) = (bits.unsigned()?, bits.unsigned()?, bits.unsigned()?, bits.unsigned()?);
    let (across, down) = match chroma {
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    };
    Some((left.checked_add(right)?.checked_mul(across)?, top.checked_add(bottom)?.checked_mul(down)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_lie_between_start_codes() {
        let bytes = [9, 0, 0, 0, 1, 0x67, 5, 0, 0, 3, 1, 0, 0, 1, 0x68, 0, 0, 1];
        let found: Vec<&[u8]> = units(&bytes).collect();
        assert_eq!(found, [&[0x67, 5, 0, 0, 3, 1][..], &[0x68], &[]]);
        assert_eq!(payload(found[0]), [0x67, 5, 0, 0, 1]);
        assert_eq!(units(&[0, 0]).count() + units(&[0, 0, 2, 0, 1]).count(), 0);
        assert_eq!(units(&[0, 0, 0, 0, 0, 1, 7]).collect::<Vec<_>>(), [&[7]]);
    }
}
