//! Dolby `TrueHD` (Dolby, *Meridian Lossless Packing*): where decoding can begin.

use super::{UnitStart, frame};

/// Whether `TrueHD` can be decoded from these access units: one of them has a major sync (Dolby, *Meridian Lossless
/// Packing*, `format_sync`).
#[must_use]
pub fn access(payload: &[u8]) -> UnitStart {
    frame::any(payload, |unit| {
        let [high, low, _, _, sync @ ..] = *unit.first_chunk::<8>()?;
        let length = 2 * (usize::from(high & 0xF) << 8 | usize::from(low));
        (length > 8).then_some((sync == [0xF8, 0x72, 0x6F, 0xBA], length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_begins_at_a_major_sync() {
        let units = [0x40, 6, 0x12, 0x34, 8, 0x72, 0x6F, 0xBA, 0, 0, 0, 0, 0x40, 6, 0x12, 0x34, 0xF8, 0x72, 0x6F, 0xBA];
        assert_eq!(access(&units), UnitStart::Access(true));
        assert_eq!(access(&units[..12]), UnitStart::Undecided);
        assert_eq!(access(&[0x0B, 0x77, 0, 0, 0x1C, 0x40, 0, 0]), UnitStart::Undecided, "AC-3 beside it");
    }
}
