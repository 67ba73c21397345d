//! Plain samples of sound (PCM), as containers describe them.

/// How a number of uncompressed sound is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pcm {
    /// Bits that a number takes in the file.
    pub bits: u16,
    /// Whether it is a floating-point number (IEEE 754), not an integer.
    pub float: bool,
    /// Whether its least significant byte comes first.
    pub little: bool,
    /// Integers: whether they have a sign. Those of eight bits often have none.
    pub signed: bool,
}

impl Pcm {
    /// An integer as WAVE stores it: with a sign if it has more than eight bits.
    #[must_use]
    pub const fn integer(bits: u16, little: bool) -> Self {
        Self { bits, float: false, little, signed: bits > 8 }
    }

    /// A floating-point number.
    #[must_use]
    pub const fn float(bits: u16, little: bool) -> Self {
        Self { bits, float: true, little, signed: true }
    }

    /// From the fields of `WAVEFORMATEX` and `WAVEFORMATEXTENSIBLE`: the format tag (1 is integers, 3 floating-point
    /// numbers), `nChannels`, and `nBlockAlign`. `None` for other formats, and if the fields contradict each other.
    #[must_use]
    pub fn of_wave(tag: u16, channels: u16, block: u16, little: bool) -> Option<Self> {
        let bits = block.checked_div(channels)?.checked_mul(8)?;
        let whole = block.is_multiple_of(channels) && bits > 0;
        match tag {
            1 if whole => Some(Self::integer(bits, little)),
            3 if whole => Some(Self::float(bits, little)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_a_wave_say_how_numbers_are_stored() {
        assert_eq!(Pcm::of_wave(1, 2, 6, true), Some(Pcm { bits: 24, float: false, little: true, signed: true }));
        assert_eq!(Pcm::of_wave(1, 1, 1, true), Some(Pcm { bits: 8, float: false, little: true, signed: false }));
        assert_eq!(Pcm::of_wave(3, 2, 8, false), Some(Pcm { bits: 32, float: true, little: false, signed: true }));
        for (tag, channels, block) in [(1, 0, 4), (1, 2, 3), (6, 1, 1), (1, 1, u16::MAX), (1, 2, 0)] {
            assert_eq!(Pcm::of_wave(tag, channels, block, true), None, "{tag} {channels} {block}");
        }
    }
}
