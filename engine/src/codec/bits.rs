//! Bits of a parameter set, with the variable-length numbers of ITU-T H.264 §9.1.

/// A position in some bytes. After their end there are zeros.
pub struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    #[must_use]
    /// The first bit of some bytes.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next bit.
    pub fn bit(&mut self) -> bool {
        let byte = self.bytes.get(self.at / 8).copied().unwrap_or(0);
        self.at += 1;
        byte >> (7 - (self.at - 1) % 8) & 1 == 1
    }

    /// The next `count` bits. Only the last 32 are returned.
    pub fn take(&mut self, count: u32) -> u32 {
        (0..count).fold(0, |value, _| value << 1 | u32::from(self.bit()))
    }

    /// `ue(v)`; `None` if it does not fit into 31 bits.
    pub fn unsigned(&mut self) -> Option<u32> {
        let zeros = (0..32).find(|_| self.bit())?;
        Some((1_u32 << zeros).wrapping_add(self.take(zeros)).wrapping_sub(1))
    }

    /// `se(v)`: 0, 1, -1, 2, -2 and so on.
    pub fn signed(&mut self) -> Option<i64> {
        let code = i64::from(self.unsigned()?);
        Some(if code % 2 == 0 { -code / 2 } else { code.midpoint(1) })
    }

    /// Whether everything read was within the bytes.
    #[must_use]
    pub const fn is_within(&self) -> bool {
        self.at <= self.bytes.len() * 8
    }
}
