//! EBML, the binary structure of Matroska (RFC 8794): reads and writes variable-size integers (§4), element IDs and
//! data sizes (§5, §6), and values (§7), in memory.

use bytes::BufMut;

use super::super::Error;

/// The longest element header: four bytes of ID, eight of size.
pub const MAX_HEADER: usize = 12;

/// An element's ID and data size, and the length of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElementHeader {
    /// The ID, including its length marker.
    pub id: u32,
    /// The size of the data; `None` if it is unknown (RFC 8794 §6.2).
    pub size: Option<u64>,
    /// The length of the header itself, at most [`MAX_HEADER`].
    pub length: usize,
}

impl ElementHeader {
    /// Parses the header at the beginning of `bytes`; `None` if it is invalid or cut off.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (id, id_length) = id(bytes)?;
        let (size, size_length) = vint(bytes.get(id_length..)?)?;
        let size = (size != vint_max(size_length)).then_some(size);
        Some(Self { id, size, length: id_length + size_length })
    }
}

/// An element ID, and its length of one to four bytes.
fn id(bytes: &[u8]) -> Option<(u32, usize)> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    if length > 4 {
        return None;
    }
    let id = bytes.get(..length)?.iter().fold(0, |id, byte| id << 8 | u32::from(*byte));
    Some((id, length))
}

/// A variable-size integer without its marker, and its length of one to eight bytes.
pub fn vint(bytes: &[u8]) -> Option<(u64, usize)> {
    let length = bytes.first()?.leading_zeros() as usize + 1;
    if length > 8 {
        return None;
    }
    let value = bytes.get(..length)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    Some((value & vint_max(length), length))
}

/// The greatest value of a variable-size integer with this many bytes, which as a size means "unknown".
const fn vint_max(length: usize) -> u64 {
    (1 << (7 * length)) - 1
}

/// An unsigned integer of zero to eight bytes (§7.2).
pub fn uint(data: &[u8]) -> Option<u64> {
    (data.len() <= 8).then(|| data.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

/// A signed integer of zero to eight bytes (§7.1).
#[allow(clippy::cast_possible_wrap, reason = "the bits are a two's complement number")]
pub fn int(data: &[u8]) -> Option<i64> {
    let unused = 64_u32.checked_sub(u32::try_from(data.len()).ok()?.checked_mul(8)?)?;
    let bits = uint(data)?.checked_shl(unused).unwrap_or(0) as i64;
    Some(bits.checked_shr(unused).unwrap_or(0))
}

/// A float of zero, four or eight bytes (§7.3).
pub fn float(data: &[u8]) -> Option<f64> {
    match data.len() {
        0 => Some(0.0),
        4 => data.try_into().ok().map(|bytes| f64::from(f32::from_be_bytes(bytes))),
        8 => data.try_into().ok().map(f64::from_be_bytes),
        _ => None,
    }
}

/// A string, up to its first zero byte (§7.4 to §7.6); invalid UTF-8 is replaced.
pub fn string(data: &[u8]) -> String {
    let end = data.iter().position(|byte| *byte == 0).unwrap_or(data.len());
    String::from_utf8_lossy(data.get(..end).unwrap_or(data)).into_owned()
}

/// One element in memory.
#[derive(Clone, Copy, Debug)]
pub struct EbmlElement<'a> {
    /// Its ID.
    pub id: u32,
    /// Its offset in the file.
    pub offset: u64,
    /// The whole element, including its header.
    pub whole: &'a [u8],
    /// Its data.
    pub data: &'a [u8],
}

impl<'a> EbmlElement<'a> {
    /// The children of a master element.
    pub fn children(&self) -> ChildElements<'a> {
        let header = self.whole.len().saturating_sub(self.data.len()) as u64;
        ChildElements { rest: self.data, offset: self.offset.saturating_add(header) }
    }
}

/// Iterates over consecutive elements in memory. After an invalid one it ends, with an error.
#[derive(Clone, Debug)]
pub struct ChildElements<'a> {
    rest: &'a [u8],
    offset: u64,
}

impl<'a> ChildElements<'a> {
    /// The elements in `bytes`, which begin at this offset of the file.
    pub const fn new(bytes: &'a [u8], offset: u64) -> Self {
        Self { rest: bytes, offset }
    }

    fn take(&mut self) -> Result<EbmlElement<'a>, Unsound> {
        let unsound = |what| Unsound { offset: self.offset, what };
        let header = ElementHeader::parse(self.rest).ok_or_else(|| unsound("not the header of an element"))?;
        let size = header.size.ok_or_else(|| unsound("an element of unknown size, where none may be"))?;
        let end = usize::try_from(size).ok().and_then(|size| header.length.checked_add(size));
        let (whole, rest) = end
            .and_then(|end| self.rest.split_at_checked(end))
            .ok_or_else(|| unsound("an element that ends behind its parent"))?;
        let data = whole.get(header.length..).unwrap_or_default();
        let element = EbmlElement { id: header.id, offset: self.offset, whole, data };
        self.offset = self.offset.saturating_add(whole.len() as u64);
        self.rest = rest;
        Ok(element)
    }
}

impl<'a> Iterator for ChildElements<'a> {
    type Item = Result<EbmlElement<'a>, Unsound>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let element = self.take();
        if element.is_err() {
            self.rest = &[];
        }
        Some(element)
    }
}

/// An error in the structure, and its offset; [`Unsound::within`] adds the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsound {
    /// Byte offset in the file.
    pub offset: u64,
    /// What was found.
    pub what: &'static str,
}

impl Unsound {
    /// The error for the element at this path.
    pub fn within(self, path: impl Into<String>) -> Error {
        Error::Malformed { offset: self.offset, path: path.into(), what: self.what.to_owned() }
    }
}

/// Appends an ID.
pub fn put_id(out: &mut impl BufMut, id: u32) {
    let length = id_length(id);
    out.put_uint(u64::from(id), length);
}

/// How many bytes an ID takes.
pub const fn id_length(id: u32) -> usize {
    4 - id.leading_zeros() as usize / 8
}

/// Appends a size in as few bytes as possible.
pub fn put_size(out: &mut impl BufMut, size: u64) {
    let length = size_length(size);
    out.put_uint(1 << (7 * length) | size, length);
}

/// The minimum number of bytes for a size. The value with all bits set means "unknown", so it takes a byte more.
pub const fn size_length(size: u64) -> usize {
    let mut length = 1;
    while length < 8 && size >= vint_max(length) {
        length += 1;
    }
    length
}

/// A size in eight bytes, for sizes that are filled in later.
pub const fn wide_size(size: u64) -> [u8; 8] {
    (1 << 56 | size).to_be_bytes()
}

/// The minimum number of bytes for an unsigned integer, at least one.
pub const fn uint_length(value: u64) -> usize {
    let bits = 64 - value.leading_zeros() as usize;
    if bits == 0 { 1 } else { bits.div_ceil(8) }
}

/// Appends an unsigned integer element, in as few bytes as possible.
pub fn put_uint(out: &mut impl BufMut, id: u32, value: u64) {
    let length = uint_length(value);
    put_id(out, id);
    put_size(out, length as u64);
    out.put_uint(value, length);
}

/// Appends an unsigned integer element of eight bytes, whose length does not depend on its value.
pub fn put_wide_uint(out: &mut impl BufMut, id: u32, value: u64) {
    put_bytes(out, id, &value.to_be_bytes());
}

/// Appends an element with this data.
pub fn put_bytes(out: &mut impl BufMut, id: u32, data: &[u8]) {
    put_id(out, id);
    put_size(out, data.len() as u64);
    out.put_slice(data);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headers_are_read_as_the_standard_has_them() {
        type Found = Option<(u32, Option<u64>, usize)>;
        let cases: &[(&[u8], Found)] = &[
            (&[0xEC, 0x81], Some((0xEC, Some(1), 2))),
            (&[0xEC, 0xFF], Some((0xEC, None, 2))),
            (&[0xEC, 0x40, 0x7F], Some((0xEC, Some(127), 3))),
            (&[0x1F, 0x43, 0xB6, 0x75, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], Some((0x1F43_B675, None, 12))),
            (&[0x1F, 0x43, 0xB6, 0x75, 0x01, 0, 0, 0, 0, 0, 0, 9], Some((0x1F43_B675, Some(9), 12))),
            (&[0x1F, 0x43, 0xB6], None),
            (&[0x08, 0x43, 0xB6, 0x75, 0x80, 0x80], None),
            (&[0xEC, 0x00], None),
            (&[0xEC], None),
            (&[], None),
        ];
        for (bytes, expected) in cases {
            let found = ElementHeader::parse(bytes).map(|header| (header.id, header.size, header.length));
            assert_eq!(found, *expected, "{bytes:x?}");
        }
    }

    #[test]
    fn signed_integers_keep_their_sign_in_any_length() {
        for (data, value) in [
            (&[][..], 0),
            (&[0xFF], -1),
            (&[0x80, 0], -32768),
            (&[0, 0x80], 128),
            (&[0xFF; 8], -1),
            (&[1; 4], 0x0101_0101),
        ] {
            assert_eq!(int(data), Some(value), "{data:x?}");
        }
        assert_eq!(int(&[0; 9]), None);
    }

    #[test]
    fn a_child_that_reaches_behind_its_parent_is_an_error_and_ends_the_walk() {
        let bytes = [0xEC, 0x81, 0, 0xEC, 0x82, 0];
        let found: Vec<_> = ChildElements::new(&bytes, 100).map(|child| child.map(|child| child.offset)).collect();
        assert_eq!(found[0], Ok(100));
        assert_eq!(found[1].unwrap_err().offset, 103);
        assert_eq!(found.len(), 2);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(size in 0_u64..(1 << 56) - 1, value: u64) {
            let mut out = Vec::new();
            put_size(&mut out, size);
            prop_assert_eq!(out.len(), size_length(size));
            prop_assert_eq!(vint(&out), Some((size, out.len())));
            prop_assert_eq!(vint(&wide_size(size)), Some((size, 8)));

            let mut out = Vec::new();
            put_uint(&mut out, super::super::ids::DURATION, value);
            let element = ChildElements::new(&out, 0).next().unwrap().unwrap();
            prop_assert_eq!(uint(element.data), Some(value));
            prop_assert_eq!(element.whole.len(), out.len());
        }
    }
}
