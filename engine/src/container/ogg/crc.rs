//! The checksum of a page (RFC 3533 §6, field 7): a 32-bit CRC with the polynomial 0x04c11db7, most significant bit
//! first, starting at zero and without a final inversion.
//!
//! Such a CRC is linear: that of two consecutive parts is that of the first, moved by the length of the second, plus
//! that of the second. So the CRC of a page with a new header follows from what is stored about its body, without
//! reading it.

#![allow(clippy::indexing_slicing, reason = "tables have a place for each byte, and for each bit of a length")]

const POLYNOMIAL: u32 = 0x04c1_1db7;

/// How many bytes are processed at once.
const WIDTH: usize = 16;

/// The CRC of each byte followed by this many zeros.
static TABLES: [[u32; 256]; WIDTH] = tables();

/// The factors by which 2^n zero bytes multiply a CRC.
static POWERS: [u32; 32] = powers();

const fn times_x(value: u32) -> u32 {
    value << 1 ^ if value >> 31 == 1 { POLYNOMIAL } else { 0 }
}

const fn tables() -> [[u32; 256]; WIDTH] {
    let mut tables = [[0; 256]; WIDTH];
    let mut byte = 0;
    while byte < 256 {
        #[allow(clippy::cast_possible_truncation, reason = "below 256")]
        let mut crc = (byte as u32) << 24;
        let mut zeros = 0;
        while zeros < WIDTH {
            let mut bit = 0;
            while bit < 8 {
                crc = times_x(crc);
                bit += 1;
            }
            tables[zeros][byte] = crc;
            zeros += 1;
        }
        byte += 1;
    }
    tables
}

const fn powers() -> [u32; 32] {
    let mut powers = [1 << 8; 32];
    let mut place = 1;
    while place < 32 {
        powers[place] = multiply(powers[place - 1], powers[place - 1]);
        place += 1;
    }
    powers
}

/// The product of two polynomials modulo that of the CRC.
const fn multiply(a: u32, b: u32) -> u32 {
    let (mut product, mut bit) = (0, 32);
    while bit > 0 {
        bit -= 1;
        product = times_x(product);
        if a >> bit & 1 == 1 {
            product ^= b;
        }
    }
    product
}

/// The CRC of bytes with the CRC `crc`, followed by these bytes.
#[must_use]
pub fn update(mut crc: u32, bytes: &[u8]) -> u32 {
    let (chunks, rest) = bytes.as_chunks::<WIDTH>();
    for chunk in chunks {
        let [a, b, c, d] = crc.to_be_bytes();
        let mut word = *chunk;
        word[0] ^= a;
        word[1] ^= b;
        word[2] ^= c;
        word[3] ^= d;
        crc = 0;
        for (place, byte) in word.iter().enumerate() {
            crc ^= TABLES[WIDTH - 1 - place][usize::from(*byte)];
        }
    }
    for byte in rest {
        let [high, ..] = crc.to_be_bytes();
        crc = crc << 8 ^ TABLES[0][usize::from(high ^ byte)];
    }
    crc
}

/// The CRC of bytes with the CRC `crc`, followed by this many zero bytes.
#[must_use]
pub fn zeros(mut crc: u32, mut count: u32) -> u32 {
    while count > 0 {
        crc = multiply(crc, POWERS[count.trailing_zeros() as usize]);
        count &= count - 1;
    }
    crc
}

/// The CRC of what precedes these bytes, if `crc` is that of both together.
#[must_use]
pub fn before(crc: u32, bytes: &[u8]) -> u32 {
    (0..bytes.len() * 8).fold(crc ^ update(0, bytes), |crc, _| over_x(crc))
}

/// The value that gives this one when multiplied by x: the polynomial is odd, so an odd value was reduced by it.
const fn over_x(value: u32) -> u32 {
    if value & 1 == 1 { (value ^ POLYNOMIAL) >> 1 | 1 << 31 } else { value >> 1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bit by bit, as in the standard.
    fn plain(bytes: &[u8]) -> u32 {
        bytes.iter().fold(0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| times_x(crc)))
    }

    #[test]
    fn it_is_the_crc_of_the_standard() {
        // CRC-32/MPEG-2's polynomial starting at zero, for the usual nine digits.
        assert_eq!(update(0, b"123456789"), 0x89a1_897f);
    }

    proptest! {
        #[test]
        fn parts_join_by_arithmetic(first: Vec<u8>, second: Vec<u8>) {
            let whole = [first.as_slice(), &second].concat();
            let length = u32::try_from(second.len()).unwrap();
            prop_assert_eq!(update(0, &whole), plain(&whole));
            prop_assert_eq!(update(0, &whole), zeros(update(0, &first), length) ^ update(0, &second));
            prop_assert_eq!(update(update(0, &first), &second), update(0, &whole));
            prop_assert_eq!(before(update(0, &whole), &second), update(0, &first));
        }
    }
}
