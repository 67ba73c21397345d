//! NAL units of a byte stream (ITU-T H.264 Annex B, H.265 Annex B).

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

/// What follows the first start code.
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

/// The payload of a NAL unit, without the bytes that keep it free of start codes (H.264 §7.4.1).
pub fn payload(unit: &[u8]) -> Vec<u8> {
    let mut zeros = 0;
    let kept = unit.iter().filter(|byte| {
        let prevention = zeros >= 2 && **byte == 3;
        zeros = if **byte == 0 { zeros + 1 } else { 0 };
        !prevention
    });
    kept.copied().collect()
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
