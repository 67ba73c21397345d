//! `idx1` (AVIOLDINDEX): the positions of the first `movi` list's chunks, and which are keyframes.

use std::ops::Range;

use bytes::{Buf, Bytes};
use serde::{Deserialize, Serialize};

use super::{MAX_REST, Movi};
use crate::container::avi::opendml::ChunkEntry;
use crate::container::avi::riff::{FourCc, HEADER, RiffChunk, u32_at};
use crate::container::stream::SourceStream;
use crate::container::{DynSource, Error};

/// The size of an entry, and its flags: a list, a keyframe.
pub const ENTRY: usize = 16;
const IS_LIST: u32 = 0x01;
pub const IS_KEY: u32 = 0x10;
/// How many bytes of entries are read at once.
const READ: u64 = 1 << 20;

/// A valid `idx1`.
#[derive(Serialize, Deserialize)]
pub struct OldIndex {
    /// The range of the remaining entries; and the bytes of the loaded ones.
    entries: Range<u64>,
    #[serde(skip)]
    held: Bytes,
    /// What is added to an entry's offset.
    base: u64,
}

impl OldIndex {
    /// The one after the first `movi` list, if it names the existing chunks up to the end of the list, and no other
    /// RIFF follows.
    pub async fn of(stream: &mut SourceStream<'_>, movi: &Movi) -> Result<Option<Self>, Error> {
        let mut at = movi.end;
        let mut found = None;
        while at < stream.len() {
            stream.seek(at);
            let Some(chunk) = RiffChunk::parse(stream.peek(HEADER).await?) else { break };
            let end = at.saturating_add(chunk.length());
            match &chunk.id {
                b"RIFF" => return Ok(None),
                b"idx1" if found.is_none() && end <= stream.len() => {
                    let start = at + HEADER as u64;
                    found = Some(start..start + u64::from(chunk.size) / ENTRY as u64 * ENTRY as u64);
                }
                _ if !chunk.plausible() => break,
                _ => {}
            }
            at = end;
        }
        let Some(entries) = found.filter(|entries| entries.start < entries.end) else { return Ok(None) };
        stream.seek(entries.start);
        let first = Old::parse(stream.peek(ENTRY).await?);
        stream.seek(entries.end - ENTRY as u64);
        let last = Old::parse(stream.peek(ENTRY).await?);
        let (Some(first), Some(last)) = (first, last) else { return Ok(None) };
        // Offsets are relative to the type of the list, or to the beginning of the file.
        for base in [movi.body - 4, 0] {
            let mut sound = true;
            for entry in [first, last] {
                let at = base + u64::from(entry.offset);
                stream.seek(at);
                let there = RiffChunk::parse(stream.peek(HEADER).await?);
                sound &= at >= movi.body && at < movi.end && there.is_some_and(|there| there.id == entry.id);
            }
            let end = base + u64::from(last.offset) + u64::from(last.size);
            if sound && end.saturating_add(MAX_REST) >= movi.end {
                return Ok(Some(Self { entries, held: Bytes::new(), base }));
            }
        }
        Ok(None)
    }

    /// The next data chunk that it names.
    pub async fn next(&mut self, source: &dyn DynSource) -> Result<Option<ChunkEntry>, Error> {
        while self.entries.start < self.entries.end {
            if self.held.len() < ENTRY {
                let end = self.entries.end.min(self.entries.start + READ);
                self.held = source.read(self.entries.start..end).await?;
            }
            let Some(old) = Old::parse(&self.held) else { break };
            self.held.advance(ENTRY);
            self.entries.start += ENTRY as u64;
            let chunk = RiffChunk { id: old.id, size: old.size };
            if old.flags & IS_LIST == 0 && chunk.stream().is_some() {
                let offset = self.base + u64::from(old.offset);
                return Ok(Some(ChunkEntry { offset, chunk, key: old.flags & IS_KEY != 0 }));
            }
        }
        Ok(None)
    }
}

/// A raw entry.
#[derive(Clone, Copy)]
struct Old {
    id: FourCc,
    flags: u32,
    offset: u32,
    size: u32,
}

impl Old {
    fn parse(bytes: &[u8]) -> Option<Self> {
        let id = *bytes.get(..ENTRY)?.first_chunk()?;
        Some(Self { id, flags: u32_at(bytes, 4), offset: u32_at(bytes, 8), size: u32_at(bytes, 12) })
    }
}
