//! The bytes and bits of a packed page: integers with seven bits a byte (LEB128), and fields of any number of bits, the
//! least significant first.

use super::InvalidIndex;

/// Maps numbers near zero, of either sign, to small ones: 0, -1, 1, -2, 2 become 0, 1, 2, 3, 4.
pub(super) const fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// The inverse of [`zigzag`].
pub(super) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// How many bytes [`put_unsigned`] writes.
pub(super) const fn unsigned_len(value: u64) -> u64 {
    ((64 - (value | 1).leading_zeros()).div_ceil(7)) as u64
}

/// Appends an integer, seven bits a byte.
pub(super) fn put_unsigned(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(low_byte(value) | 0x80);
        value >>= 7;
    }
    out.push(low_byte(value));
}

/// Appends an integer, zigzag.
pub(super) fn put_signed(out: &mut Vec<u8>, value: i64) {
    put_unsigned(out, zigzag(value));
}

const fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

const fn mask(width: u32) -> u64 {
    if width >= 64 { u64::MAX } else { (1 << width) - 1 }
}

/// The number of bits that one [`BitReader::peek`] always contains.
const PEEK: u32 = 57;

/// Appends bit fields to bytes.
pub(super) struct BitWriter<'a> {
    out: &'a mut Vec<u8>,
    held: u64,
    count: u32,
}

impl<'a> BitWriter<'a> {
    pub(super) const fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out, held: 0, count: 0 }
    }

    /// Appends the low `width` bits of `value`, at most 64.
    pub(super) fn put(&mut self, value: u64, width: u32) {
        if width > 32 {
            self.put(value, 32);
            return self.put(value >> 32, width - 32);
        }
        self.held |= (value & mask(width)) << self.count;
        self.count += width;
        while self.count >= 8 {
            self.out.push(low_byte(self.held));
            self.held >>= 8;
            self.count -= 8;
        }
    }

    /// Fills the last byte with zeros.
    pub(super) fn finish(self) {
        if self.count > 0 {
            self.out.push(low_byte(self.held));
        }
    }
}

/// Reads the rest of a packed page.
pub(super) struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Everything not read yet.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn byte(&mut self) -> Result<u8, InvalidIndex> {
        let (byte, rest) = self.rest.split_first().ok_or_else(ends)?;
        self.rest = rest;
        Ok(*byte)
    }

    pub(super) fn unsigned(&mut self) -> Result<u64, InvalidIndex> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7F);
            if (bits << shift) >> shift != bits {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(InvalidIndex("an integer of more than 64 bits".to_owned()))
    }

    pub(super) fn signed(&mut self) -> Result<i64, InvalidIndex> {
        self.unsigned().map(unzigzag)
    }

    /// Reads a number of items, at most `limit`.
    pub(super) fn count(&mut self, limit: usize) -> Result<usize, InvalidIndex> {
        let count = self.unsigned()?;
        match usize::try_from(count) {
            Ok(count) if count <= limit => Ok(count),
            _ => Err(InvalidIndex(format!("{count} where {limit} is the most"))),
        }
    }

    /// Reads bit fields from here; [`Input::skip`] then continues after them.
    pub(super) const fn bits(&self) -> BitReader<'a> {
        BitReader { bytes: self.rest, at: 0 }
    }

    /// Reads numbers in unary from here, like [`Input::bits`].
    pub(super) const fn unary(&self) -> UnaryReader<'a> {
        UnaryReader { rest: self.rest, word: 0, base: 0, next: 0 }
    }

    /// Skips this many bytes, which must exist.
    pub(super) fn skip(&mut self, bytes: usize) -> Result<(), InvalidIndex> {
        self.take(bytes).map(drop)
    }

    /// Takes this many bytes, which must exist.
    pub(super) fn take(&mut self, bytes: usize) -> Result<&'a [u8], InvalidIndex> {
        let (taken, rest) = self.rest.split_at_checked(bytes).ok_or_else(ends)?;
        self.rest = rest;
        Ok(taken)
    }
}

fn ends() -> InvalidIndex {
    InvalidIndex("the page ends too early".to_owned())
}

/// Reads bit fields. After the end there are zeros, so that the loops over fields need no check: [`Input::skip`] makes
/// it.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl BitReader<'_> {
    /// How many bytes it has begun to read.
    pub(super) const fn end(&self) -> usize {
        self.at.div_ceil(8)
    }

    /// The next [`PEEK`] bits or more, the first of them lowest.
    #[inline]
    fn peek(&self) -> u64 {
        let rest = self.bytes.get(self.at >> 3..).unwrap_or_default();
        let word = match rest.first_chunk::<8>() {
            Some(chunk) => u64::from_le_bytes(*chunk),
            None => last(rest),
        };
        word >> (self.at & 7)
    }

    /// The next `width` bits, at most 64.
    #[inline]
    pub(super) fn take(&mut self, width: u32) -> u64 {
        if width <= PEEK { self.take_narrow(width) } else { self.take_wide(width) }
    }

    #[inline]
    fn take_narrow(&mut self, width: u32) -> u64 {
        let value = self.peek() & mask(width);
        self.at += width as usize;
        value
    }

    #[cold]
    fn take_wide(&mut self, width: u32) -> u64 {
        let low = self.take_narrow(32);
        low | self.take_narrow(width - 32) << 32
    }
}

/// Reads numbers in unary: as many zeros, and a one. After the end there are ones, so that a number always ends.
pub(super) struct UnaryReader<'a> {
    rest: &'a [u8],
    /// The bits from which ones are taken, ...
    word: u64,
    /// ... the number of the bit that follows them, ...
    base: u64,
    /// ... and of the bit at which the next number begins.
    next: u64,
}

impl UnaryReader<'_> {
    /// How many bytes it has begun to read.
    pub(super) fn end(&self) -> usize {
        usize::try_from(self.next.div_ceil(8)).unwrap_or(usize::MAX)
    }

    /// The next number.
    #[inline]
    pub(super) fn take(&mut self) -> u64 {
        while self.word == 0 {
            self.word = match self.rest.split_first_chunk::<8>() {
                Some((chunk, rest)) => {
                    self.rest = rest;
                    u64::from_le_bytes(*chunk)
                }
                None => self.last_word(),
            };
            self.base += 64;
        }
        let one = self.base - 64 + u64::from(self.word.trailing_zeros());
        let zeros = one - self.next;
        self.next = one + 1;
        self.word &= self.word - 1;
        zeros
    }

    #[cold]
    fn last_word(&mut self) -> u64 {
        let rest = std::mem::take(&mut self.rest);
        rest.iter().rev().fold(u64::MAX, |word, byte| word << 8 | u64::from(*byte))
    }
}

#[cold]
fn last(rest: &[u8]) -> u64 {
    rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn integers_come_back(values in proptest::collection::vec((any::<u64>(), 0..64u32), 0..20)) {
            let values: Vec<u64> = values.into_iter().map(|(value, shift)| value >> shift).collect();
            let mut out = Vec::new();
            for value in &values {
                let before = out.len();
                put_unsigned(&mut out, *value);
                prop_assert_eq!((out.len() - before) as u64, unsigned_len(*value));
                put_signed(&mut out, value.cast_signed());
            }
            let mut input = Input::new(&out);
            for value in &values {
                prop_assert_eq!(input.unsigned().unwrap(), *value);
                prop_assert_eq!(input.signed().unwrap(), value.cast_signed());
            }
            prop_assert!(input.is_empty());
        }

        #[test]
        fn fields_come_back(fields in proptest::collection::vec((any::<u64>(), 0..=64u32), 0..50)) {
            let mut out = Vec::new();
            let mut writer = BitWriter::new(&mut out);
            for (value, width) in &fields {
                writer.put(*value, *width);
            }
            writer.finish();
            out.push(0xFF);
            let mut input = Input::new(&out);
            let mut reader = input.bits();
            for (value, width) in &fields {
                prop_assert_eq!(reader.take(*width), value & mask(*width));
            }
            input.skip(reader.end()).unwrap();
            prop_assert_eq!(input.byte().unwrap(), 0xFF);
            prop_assert!(input.is_empty());
        }
    }

    #[test]
    fn unary_numbers_come_back_and_those_behind_the_end_are_seen() {
        let numbers: Vec<u32> = (0..500).map(|n| n * n % 31).collect();
        let mut out = Vec::new();
        let mut writer = BitWriter::new(&mut out);
        for number in &numbers {
            writer.put(1 << number, number + 1);
        }
        writer.finish();
        let mut reader = Input::new(&out).unary();
        for number in &numbers {
            assert_eq!(reader.take(), u64::from(*number));
        }
        assert_eq!(reader.end(), out.len());
        for _ in 0..64 {
            reader.take();
        }
        assert!(Input::new(&out).skip(reader.end()).is_err());
    }

    #[test]
    fn what_is_no_integer_is_refused() {
        for bytes in [&[][..], &[0x80], &[0xFF; 20], &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2]] {
            assert!(Input::new(bytes).unsigned().is_err(), "{bytes:?}");
        }
    }
}
