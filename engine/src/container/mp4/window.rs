//! A file that is not read from beginning to end, but at its boxes: one part of it is loaded at a time.

use std::ops::Range;

use bytes::Bytes;

use crate::container::boxes::{BoxHeader, BoxType};
use crate::container::{DynSource, Error};

/// A box at the top of a file.
pub struct TopLevelBox {
    /// Its type.
    pub kind: BoxType,
    /// Its range, including its header.
    pub range: Range<u64>,
}

/// The part of the file that was read last.
#[derive(Debug, Default)]
pub struct Window {
    start: u64,
    bytes: Bytes,
}

impl Window {
    /// The bytes of `range`; if they are not loaded, reads `ahead` bytes from its start.
    pub async fn read(&mut self, source: &dyn DynSource, range: Range<u64>, ahead: u64) -> Result<Bytes, Error> {
        if let Some(bytes) = self.held(&range) {
            return Ok(bytes);
        }
        let end = range.end.max(range.start.saturating_add(ahead)).min(source.len());
        self.bytes = source.read(range.start..end).await?;
        self.start = range.start;
        self.held(&range).ok_or_else(|| malformed(range.start, "the file ends before it should"))
    }

    /// The bytes of `range`, if they are loaded.
    pub fn held(&self, range: &Range<u64>) -> Option<Bytes> {
        let start = usize::try_from(range.start.checked_sub(self.start)?).ok()?;
        let end = usize::try_from(range.end.checked_sub(self.start)?).ok()?;
        (start <= end && end <= self.bytes.len()).then(|| self.bytes.slice(start..end))
    }

    /// The box that begins at `offset`; `None` at the end of the file. One that claims more than the file has ends with
    /// it.
    pub async fn top_level(
        &mut self,
        source: &dyn DynSource,
        offset: u64,
        ahead: u64,
    ) -> Result<Option<TopLevelBox>, Error> {
        let length = source.len();
        if offset.saturating_add(8) > length {
            return Ok(None);
        }
        let bytes = self.read(source, offset..length.min(offset + BoxHeader::MAX), ahead).await?;
        let header = BoxHeader::read(&bytes).ok_or_else(|| malformed(offset, "expected the header of a box"))?;
        let end = header.size.map_or(length, |size| offset.saturating_add(size)).min(length);
        Ok(Some(TopLevelBox { kind: header.kind, range: offset..end }))
    }
}

/// An error at the top level of a file.
pub fn malformed(offset: u64, what: &str) -> Error {
    Error::Malformed { offset, path: "file".to_owned(), what: what.to_owned() }
}
