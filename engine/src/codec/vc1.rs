//! VC-1 (SMPTE 421M Annex E): where decoding can begin.

use super::UnitStart;
use super::nal::start_codes;

/// Decoding can begin at a frame after a sequence header.
#[must_use]
pub fn access(payload: &[u8]) -> UnitStart {
    let first = start_codes(payload).filter_map(|unit| unit.first()).find(|code| matches!(code, 0x0D | 0x0F));
    first.map_or(UnitStart::Undecided, |code| UnitStart::Access(*code == 0x0F))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_begins_behind_a_sequence_header() {
        assert_eq!(access(&[0, 0, 1, 0x0F, 8, 0, 0, 1, 0x0E, 0, 0, 1, 0x0D]), UnitStart::Access(true));
        assert_eq!(access(&[0, 0, 1, 0x0D, 8, 0, 0, 1, 0x0F]), UnitStart::Access(false));
    }
}
