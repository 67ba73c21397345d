//! Boxes (ISO/IEC 14496-12 §4.2): a 32-bit size, a four-character type, and the payload; size 1 means that a 64-bit
//! size follows, size 0 that the box extends to the end of the file.

use std::convert::Infallible;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::container::Error;

/// A box's type.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BoxType(pub [u8; 4]);

impl fmt::Display for BoxType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.escape_ascii().fmt(f)
    }
}

impl fmt::Debug for BoxType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The header of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoxHeader {
    /// Its type.
    pub kind: BoxType,
    /// Bytes of the header: 8, or 16 with a 64-bit size.
    pub length: u64,
    /// Size of the whole box in bytes; `None`: to the end of its parent.
    pub size: Option<u64>,
}

impl BoxHeader {
    /// The maximum length of a header.
    pub const MAX: u64 = 16;

    /// Parses a header; `None` if there are too few bytes or the size is smaller than the header.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let size = u32::from_be_bytes(*bytes.first_chunk()?);
        let kind = BoxType(*bytes.get(4..)?.first_chunk()?);
        let (length, size) = match size {
            0 => (8, None),
            1 => (16, Some(u64::from_be_bytes(*bytes.get(8..)?.first_chunk()?))),
            size => (8, Some(u64::from(size))),
        };
        (size.is_none_or(|size| size >= length)).then_some(Self { kind, length, size })
    }
}

/// A box in memory.
#[derive(Clone, Debug)]
pub struct Box<'a> {
    /// Its type.
    pub kind: BoxType,
    /// The offset of its payload in the file.
    pub offset: u64,
    /// The whole box, including its header.
    pub whole: &'a [u8],
    /// What is inside.
    pub payload: &'a [u8],
    /// Its path: `moov/trak[2]/mdia`.
    pub path: String,
}

impl<'a> Box<'a> {
    /// The first box in these bytes, which are at `offset` of the file, inside the box at `path`.
    pub fn read(bytes: &'a [u8], offset: u64, path: &str) -> Result<Self, Error> {
        let malformed = |what: String| Error::Malformed { offset, path: path.to_owned(), what };
        let header = BoxHeader::read(bytes).ok_or_else(|| malformed("expected the header of a box".to_owned()))?;
        let size = header.size.unwrap_or(bytes.len() as u64);
        let whole = usize::try_from(size).ok().and_then(|size| bytes.get(..size)).ok_or_else(|| {
            malformed(format!("box {} says it has {size} bytes, but {} are left", header.kind, bytes.len()))
        })?;
        let payload = usize::try_from(header.length).ok().and_then(|length| whole.get(length..)).unwrap_or_default();
        let path = if path.is_empty() { header.kind.to_string() } else { format!("{path}/{}", header.kind) };
        Ok(Self { kind: header.kind, offset: offset + header.length, whole, payload, path })
    }

    /// Its children, one after the other. Four bytes or fewer left at the end are skipped: QuickTime ends lists with a
    /// zero.
    pub fn children(&self) -> ChildBoxes<'a, '_> {
        ChildBoxes { rest: self.payload, offset: self.offset, path: &self.path }
    }

    /// The first child of this type, if any.
    pub fn child(&self, kind: [u8; 4]) -> Result<Option<Self>, Error> {
        for child in self.children() {
            let child = child?;
            if child.kind.0 == kind {
                return Ok(Some(child));
            }
        }
        Ok(None)
    }

    /// The first child of this type, which the standard requires.
    pub fn expect_child(&self, kind: [u8; 4]) -> Result<Self, Error> {
        self.child(kind)?.ok_or_else(|| self.malformed(format!("expected a box {} inside", BoxType(kind))))
    }

    /// An error about this box.
    pub fn malformed(&self, what: impl Into<String>) -> Error {
        Error::Malformed { offset: self.offset, path: self.path.clone(), what: what.into() }
    }

    /// Its fields, from the beginning.
    pub fn fields(&self) -> BoxFields<'a, '_> {
        BoxFields {
            rest: self.payload,
            within: Within { offset: self.offset, length: self.payload.len(), path: &self.path },
        }
    }
}

/// Iterates over boxes.
#[derive(Debug)]
pub struct ChildBoxes<'a, 'p> {
    rest: &'a [u8],
    offset: u64,
    path: &'p str,
}

impl<'a> Iterator for ChildBoxes<'a, '_> {
    type Item = Result<Box<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.len() <= 4 {
            return None;
        }
        let child = Box::read(self.rest, self.offset, self.path);
        match &child {
            Ok(child) => {
                self.rest = self.rest.get(child.whole.len()..).unwrap_or_default();
                self.offset += child.whole.len() as u64;
            }
            Err(_) => self.rest = &[],
        }
        Some(child)
    }
}

#[derive(Clone, Copy, Debug)]
struct Within<'p> {
    offset: u64,
    length: usize,
    path: &'p str,
}

/// Reads big-endian fields one after the other.
#[derive(Clone, Debug)]
pub struct BoxFields<'a, 'p> {
    rest: &'a [u8],
    within: Within<'p>,
}

impl<'a> BoxFields<'a, '_> {
    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(|| self.short(count))?;
        self.rest = rest;
        Ok(taken)
    }

    /// The rest.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// An array of bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let (taken, rest) = self.rest.split_first_chunk::<N>().ok_or_else(|| self.short(N))?;
        self.rest = rest;
        Ok(*taken)
    }

    /// A 16-bit field.
    pub fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    /// A 32-bit field.
    pub fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    /// A signed 32-bit field.
    pub fn i32(&mut self) -> Result<i32, Error> {
        self.array().map(i32::from_be_bytes)
    }

    /// A 64-bit field.
    pub fn u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_be_bytes)
    }

    /// A signed 64-bit field.
    pub fn i64(&mut self) -> Result<i64, Error> {
        self.array().map(i64::from_be_bytes)
    }

    /// The version and the flags with which every "full box" begins (§4.2).
    pub fn version_and_flags(&mut self) -> Result<(u8, u32), Error> {
        let word = self.u32()?;
        Ok((word.to_be_bytes()[0], word & 0x00ff_ffff))
    }

    fn short(&self, wanted: usize) -> Error {
        let at = self.within.length - self.rest.len();
        Error::Malformed {
            offset: self.within.offset + at as u64,
            path: self.within.path.to_owned(),
            what: format!("expected {wanted} more bytes, found {}", self.rest.len()),
        }
    }
}

/// Writes a box: what `body` writes becomes the payload, and the size is filled in afterwards.
pub fn write_box(out: &mut Vec<u8>, kind: [u8; 4], body: impl FnOnce(&mut Vec<u8>)) {
    let Ok(()) = try_write_box::<Infallible>(out, kind, |out| {
        body(out);
        Ok(())
    });
}

/// Writes a box whose payload may fail to be written. What is in `out` is then of no use.
pub fn try_write_box<E>(
    out: &mut Vec<u8>,
    kind: [u8; 4],
    body: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&kind);
    body(out)?;
    let size = u32::try_from(out.len() - start).unwrap_or(u32::MAX);
    if let Some(field) = out.get_mut(start..start + 4) {
        field.copy_from_slice(&size.to_be_bytes());
    }
    Ok(())
}

/// Writes a full box, with a version and no flags.
pub fn write_full_box(out: &mut Vec<u8>, kind: [u8; 4], version: u8, body: impl FnOnce(&mut Vec<u8>)) {
    write_box(out, kind, |out| {
        out.extend_from_slice(&[version, 0, 0, 0]);
        body(out);
    });
}

/// Fills in a 32-bit count that was left open at `at`.
pub fn patch_u32(out: &mut [u8], at: usize, value: u32) {
    if let Some(field) = out.get_mut(at..at + 4) {
        field.copy_from_slice(&value.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut out = Vec::new();
        write_box(&mut out, *b"moov", |out| {
            write_full_box(out, *b"mvhd", 1, |out| out.extend_from_slice(&7u64.to_be_bytes()));
            write_box(out, *b"free", |_| {});
        });
        let moov = Box::read(&out, 100, "").unwrap();
        assert_eq!((moov.kind.0, moov.offset, moov.payload.len()), (*b"moov", 108, out.len() - 8));
        let mvhd = moov.expect_child(*b"mvhd").unwrap();
        assert_eq!((mvhd.path.as_str(), mvhd.offset), ("moov/mvhd", 116));
        let mut fields = mvhd.fields();
        assert_eq!(fields.version_and_flags().unwrap(), (1, 0));
        assert_eq!(fields.u64().unwrap(), 7);
        assert_eq!(fields.u32().unwrap_err().to_string(), "expected 4 more bytes, found 0 (at byte 128, in moov/mvhd)");
        assert!(moov.expect_child(*b"trak").unwrap_err().to_string().contains("expected a box trak"));
    }

    #[test]
    fn sizes_of_all_three_kinds_are_read() {
        assert_eq!(BoxHeader::read(b"\0\0\0\x0cfree").unwrap().size, Some(12));
        assert_eq!(BoxHeader::read(b"\0\0\0\x00mdat").unwrap().size, None);
        assert_eq!(BoxHeader::read(b"\0\0\0\x01mdat\0\0\0\x01\0\0\0\0").unwrap().size, Some(1 << 32));
        assert_eq!(BoxHeader::read(b"\0\0\0\x07free"), None);
        assert_eq!(BoxHeader::read(b"\0\0\0\x01mdat\0\0\0\0\0\0\0\x0f"), None);
        assert_eq!(BoxHeader::read(b"\0\0\0"), None);
    }
}
