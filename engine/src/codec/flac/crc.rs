//! The two checksums of a frame (RFC 9639 §9.1.8 and §9.3), both polynomials over GF(2) without initial and final
//! values: an eight-bit CRC over the header, a sixteen-bit one over the whole frame.
//!
//! If the CRC-16 of a stream is `c` after `n` bytes, [`PrefixSum`] contains `c · x⁻⁸ⁿ`. It is the same at two places
//! exactly if the bytes between them have a checksum of zero, and that holds for a frame including its own checksum. So
//! a stream is summed once, however many places in it are tried as the beginning or the end of a frame.

use serde::{Deserialize, Serialize};

/// x⁸ + x² + x + 1.
const POLY8: u8 = 0x07;
/// x¹⁶ + x¹⁵ + x² + 1.
const POLY16: u16 = 0x8005;
/// How many bytes are summed in one step.
const STEP: usize = 16;

const TABLE8: [u8; 256] = table8();
static TABLES: [[u16; 256]; STEP] = tables();

/// The powers `x^(8·2^k)`, and `x^(-8·2^k)`.
const FORWARD: [u16; 64] = squares(0x0100);
const BACKWARD: [u16; 64] = squares(inverse_of_eight());

#[allow(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "at compile time, and below 256")]
const fn table8() -> [u8; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < 256 {
        let mut crc = at as u8;
        let mut bit = 0;
        while bit < 8 {
            crc = crc << 1 ^ if crc & 0x80 == 0 { 0 } else { POLY8 };
            bit += 1;
        }
        table[at] = crc;
        at += 1;
    }
    table
}

#[allow(clippy::indexing_slicing, clippy::cast_possible_truncation, reason = "at compile time, and below 256")]
const fn tables() -> [[u16; 256]; STEP] {
    let mut tables = [[0; 256]; STEP];
    let mut at = 0;
    while at < 256 {
        let mut crc = (at as u16) << 8;
        let mut step = 0;
        while step < STEP {
            let mut bit = 0;
            while bit < 8 {
                crc = shift(crc);
                bit += 1;
            }
            tables[step][at] = crc;
            step += 1;
        }
        at += 1;
    }
    tables
}

/// Multiplies by x.
const fn shift(value: u16) -> u16 {
    value << 1 ^ if value & 0x8000 == 0 { 0 } else { POLY16 }
}

/// The product of two polynomials.
const fn times(a: u16, b: u16) -> u16 {
    let (mut product, mut bit) = (0, 16);
    while bit > 0 {
        bit -= 1;
        product = shift(product);
        if b >> bit & 1 == 1 {
            product ^= a;
        }
    }
    product
}

/// x⁻⁸: the polynomial has a term of one, so adding it makes an odd value divisible by x.
const fn inverse_of_eight() -> u16 {
    let (mut value, mut bit) = (1_u16, 0);
    while bit < 8 {
        value = if value & 1 == 1 { (value ^ POLY16) >> 1 | 0x8000 } else { value >> 1 };
        bit += 1;
    }
    value
}

#[allow(clippy::indexing_slicing, reason = "at compile time")]
const fn squares(first: u16) -> [u16; 64] {
    let mut squares = [first; 64];
    let mut at = 1;
    while at < 64 {
        squares[at] = times(squares[at - 1], squares[at - 1]);
        at += 1;
    }
    squares
}

/// A polynomial times one of these bases raised to `exponent`.
fn scale(value: u16, bases: &[u16; 64], exponent: u64) -> u16 {
    let chosen =
        bases.iter().enumerate().take_while(|(bit, _)| exponent >> bit > 0).filter(|(bit, _)| exponent >> bit & 1 == 1);
    chosen.fold(value, |product, (_, base)| times(product, *base))
}

/// The checksum of a frame's header.
#[must_use]
pub fn crc8(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |crc, byte| TABLE8.get(usize::from(crc ^ byte)).copied().unwrap_or(0))
}

/// The checksum of bytes that follow others whose checksum is `crc`.
#[inline]
#[must_use]
pub fn crc16(crc: u16, bytes: &[u8]) -> u16 {
    let (steps, rest) = bytes.as_chunks::<STEP>();
    let crc = steps.iter().fold(crc, |crc, step| sixteen(crc, *step));
    rest.iter().fold(crc, |crc, byte| {
        let [high, low] = crc.to_be_bytes();
        let [first, ..] = &TABLES;
        u16::from(low) << 8 ^ look(first, high ^ byte)
    })
}

#[inline]
fn look(table: &[u16; 256], at: u8) -> u16 {
    // A byte is always less than 256, so the compiler removes this check.
    table.get(usize::from(at)).copied().unwrap_or(0)
}

#[inline]
fn sixteen(crc: u16, mut step: [u8; STEP]) -> u16 {
    let [high, low] = crc.to_be_bytes();
    let [first, second, ..] = &mut step;
    (*first, *second) = (*first ^ high, *second ^ low);
    // The two that depend on the previous step come last.
    step.iter().rev().zip(&TABLES).fold(0, |sum, (byte, table)| sum ^ look(table, *byte))
}

/// The checksum of bytes whose checksum is `crc`, followed by this many zeros.
#[must_use]
pub fn zeros_behind(crc: u16, zeros: u64) -> u16 {
    scale(crc, &FORWARD, zeros)
}

/// A place in a stream, by the checksum of everything before it; see the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrefixSum(u16);

impl PrefixSum {
    /// The place after this many bytes whose checksum is `crc`.
    #[must_use]
    pub fn behind(crc: u16, bytes: u64) -> Self {
        Self(scale(crc, &BACKWARD, bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_checksums_are_those_of_the_standard() {
        // The check values of CRC-8/SMBUS and CRC-16/UMTS, which are these CRCs.
        assert_eq!((crc8(b"123456789"), crc16(0, b"123456789")), (0xF4, 0xFEE8));
    }

    proptest! {
        #[test]
        fn sums_are_linear(bytes in proptest::collection::vec(any::<u8>(), 0..200), split in 0..200_usize, zeros in 0..300_usize) {
            let (first, second) = bytes.split_at(split.min(bytes.len()));
            let whole = crc16(0, &bytes);
            prop_assert_eq!(crc16(crc16(0, first), second), whole);
            let apart = zeros_behind(crc16(0, first), second.len() as u64) ^ crc16(0, second);
            prop_assert_eq!(apart, whole);
            prop_assert_eq!(crc16(whole, &vec![0; zeros]), zeros_behind(whole, zeros as u64));
        }

        #[test]
        fn two_places_are_alike_where_the_bytes_between_sum_to_zero(
            before in proptest::collection::vec(any::<u8>(), 0..100),
            mut frame in proptest::collection::vec(any::<u8>(), 1..100),
            spoilt in 0..100_usize,
        ) {
            let sum = crc16(0, &frame).to_be_bytes();
            frame.extend(sum);
            let place = |bytes: &[u8]| PrefixSum::behind(crc16(0, bytes), bytes.len() as u64);
            let start = place(&before);
            prop_assert_eq!(start, place(&[before.as_slice(), &frame].concat()));
            let at = spoilt % frame.len();
            frame[at] ^= 1;
            prop_assert_ne!(start, place(&[before.as_slice(), &frame].concat()));
        }
    }
}
