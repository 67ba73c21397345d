//! Indexes of OpenDML (*AVI File Format Extensions* 1.02, §3): `indx` in a stream's headers names index chunks (`ix##`)
//! anywhere in the file, and each of those the data chunks of its part of the stream. They are read in parallel, in the
//! order of the data.
//!
//! An index of fields (`AVI_INDEX_2FIELD`) also has the position of a frame's second field; it is still one frame.

use std::collections::VecDeque;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::riff::{FourCc, HEADER, RiffChunk, u16_at, u32_at};
use crate::container::stream::SourceStream;
use crate::container::{DynSource, Error};

/// bIndexType: for index chunks, for data chunks.
const OF_INDEXES: u8 = 0;
const OF_CHUNKS: u8 = 1;
/// The number of bytes before the entries of each, and the size of an entry of the first.
const BEFORE_ENTRIES: usize = 24;
const SUPER_ENTRY: usize = 16;
/// The offset of qwBaseOffset in an index chunk, without its header.
const BASE: usize = 12;
/// Marks a frame that is not a keyframe, in dwSize.
const NO_KEY: u32 = 1 << 31;
/// How many bytes of entries are read at once.
const READ: u64 = 64 << 10;

/// An index chunk that `indx` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndexChunk {
    /// The offset of its header.
    offset: u64,
}

/// The index chunks that an `indx` names; empty if it names data chunks instead.
pub fn index_chunks(indx: &[u8]) -> Vec<IndexChunk> {
    if u16_at(indx, 0) != 4 || indx.get(3) != Some(&OF_INDEXES) {
        return Vec::new();
    }
    let entries = indx.get(BEFORE_ENTRIES..).unwrap_or_default().as_chunks::<SUPER_ENTRY>().0;
    let count = usize::try_from(u32_at(indx, 4)).unwrap_or(usize::MAX);
    entries.iter().take(count).map(|entry| IndexChunk { offset: u64_at(entry, 0) }).collect()
}

fn u64_at(data: &[u8], at: usize) -> u64 {
    u64::from(u32_at(data, at + 4)) << 32 | u64::from(u32_at(data, at))
}

/// A data chunk in an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkEntry {
    /// The offset of its header.
    pub offset: u64,
    pub chunk: RiffChunk,
    pub key: bool,
}

impl ChunkEntry {
    /// The end of its data.
    pub fn end(&self) -> u64 {
        self.offset.saturating_add(HEADER as u64).saturating_add(u64::from(self.chunk.size))
    }

    /// Whether the chunk exists.
    async fn is_there(&self, source: &dyn DynSource) -> Result<bool, Error> {
        let header = self.offset..self.offset.saturating_add(HEADER as u64);
        if header.end > source.len() || self.end() > source.len() {
            return Ok(false);
        }
        Ok(RiffChunk::parse(&source.read(header).await?) == Some(self.chunk))
    }
}

/// An index chunk whose header was read.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct IndexChunkHeader {
    /// The offset of its entries, and the size of one.
    entries: (u64, u64),
    size: usize,
    /// dwChunkId, and the base of its offsets.
    id: FourCc,
    base: u64,
}

impl IndexChunkHeader {
    /// `None` if it does not exist or belongs to another stream.
    async fn read(source: &dyn DynSource, part: IndexChunk, stream: usize) -> Result<Option<Self>, Error> {
        let start = part.offset.saturating_add((HEADER + BEFORE_ENTRIES) as u64);
        if start > source.len() {
            return Ok(None);
        }
        let bytes = source.read(part.offset..start).await?;
        let (Some(chunk), Some(body)) = (RiffChunk::parse(&bytes), bytes.get(HEADER..)) else { return Ok(None) };
        let Some(id) = body.get(8..).and_then(|id| id.first_chunk::<4>()).copied() else { return Ok(None) };
        let (longs, count) = (u16_at(body, 0), u64::from(u32_at(body, 4)));
        let size = 4 * usize::from(longs);
        let end = start.saturating_add(count * size as u64);
        let sound = matches!(longs, 2 | 3)
            && body.get(3) == Some(&OF_CHUNKS)
            && RiffChunk { id, size: 0 }.stream() == Some(stream)
            && end <= part.offset.saturating_add(chunk.length()).min(source.len());
        Ok(sound.then_some(Self { entries: (start, end), size, id, base: u64_at(body, BASE) }))
    }

    fn entry(&self, bytes: &[u8]) -> ChunkEntry {
        let offset = self.base.saturating_add(u64::from(u32_at(bytes, 0))).saturating_sub(HEADER as u64);
        let size = u32_at(bytes, 4);
        ChunkEntry { offset, chunk: RiffChunk { id: self.id, size: size & !NO_KEY }, key: size & NO_KEY == 0 }
    }

    /// Its first entry and its last.
    async fn ends(&self, source: &dyn DynSource) -> Result<Option<(ChunkEntry, ChunkEntry)>, Error> {
        let (start, end) = self.entries;
        let size = self.size as u64;
        if start == end {
            return Ok(None);
        }
        let (first, last) = (source.read(start..start + size).await?, source.read(end - size..end).await?);
        Ok(Some((self.entry(&first), self.entry(&last))))
    }
}

/// The end of the last `movi` list of the file, in the last RIFF. The first ends at `first`.
pub async fn last_movi(stream: &mut SourceStream<'_>, first: u64) -> Result<u64, Error> {
    let (mut riff, mut end) = (0, first);
    while riff < stream.len() {
        stream.seek(riff);
        let Some(chunk @ RiffChunk { id: [b'R', b'I', b'F', b'F'], .. }) = RiffChunk::parse(stream.peek(HEADER).await?)
        else {
            break;
        };
        let (mut at, behind) = (riff + 12, riff.saturating_add(chunk.length()));
        while at < behind {
            stream.seek(at);
            let bytes = stream.peek(12).await?;
            let Some(chunk) = RiffChunk::parse(bytes).filter(|chunk| chunk.plausible()) else { break };
            if bytes.get(HEADER..12) == Some(b"movi") {
                end = at.saturating_add(chunk.length());
                break;
            }
            at = at.saturating_add(chunk.length());
        }
        riff = behind;
    }
    Ok(end.min(stream.len()))
}

/// The indexes of all streams.
#[derive(Serialize, Deserialize)]
pub struct Indexes {
    indexes: Vec<StreamIndex>,
}

impl Indexes {
    /// The indexes of the streams that have a track, by stream number, if they lead to the existing chunks up to this
    /// many bytes before `end`.
    pub async fn of(
        source: &dyn DynSource,
        streams: impl Iterator<Item = (usize, &[IndexChunk])>,
        end: u64,
        rest: u64,
    ) -> Result<Option<Self>, Error> {
        let (mut indexes, mut reached) = (Vec::new(), 0);
        for (stream, parts) in streams {
            let mut tables = Vec::with_capacity(parts.len().min(4096));
            for part in parts {
                let Some(table) = IndexChunkHeader::read(source, *part, stream).await? else { return Ok(None) };
                if let Some((first, last)) = table.ends(source).await? {
                    if !first.is_there(source).await? || !last.is_there(source).await? {
                        return Ok(None);
                    }
                    reached = reached.max(last.end());
                }
                tables.push(table);
            }
            if tables.is_empty() {
                return Ok(None);
            }
            indexes.push(StreamIndex { tables: tables.into(), table: None, bytes: Bytes::new(), next: None });
        }
        for index in &mut indexes {
            index.advance(source).await?;
        }
        Ok((!indexes.is_empty() && reached.saturating_add(rest) >= end).then_some(Self { indexes }))
    }

    /// The next data chunk in file order.
    pub async fn next(&mut self, source: &dyn DynSource) -> Result<Option<ChunkEntry>, Error> {
        let indexes = self.indexes.iter_mut().filter(|index| index.next.is_some());
        let Some(index) = indexes.min_by_key(|index| index.next.map(|next| next.offset)) else { return Ok(None) };
        let entry = index.next;
        index.advance(source).await?;
        Ok(entry)
    }
}

/// One stream's index.
#[derive(Serialize, Deserialize)]
struct StreamIndex {
    tables: VecDeque<IndexChunkHeader>,
    /// The current index chunk; and its remaining and its loaded entries.
    table: Option<IndexChunkHeader>,
    bytes: Bytes,
    next: Option<ChunkEntry>,
}

impl StreamIndex {
    async fn advance(&mut self, source: &dyn DynSource) -> Result<(), Error> {
        loop {
            let Some(table) = &mut self.table else {
                self.table = self.tables.pop_front();
                if self.table.is_none() {
                    self.next = None;
                    return Ok(());
                }
                continue;
            };
            if self.bytes.len() >= table.size {
                let entry = self.bytes.split_to(table.size);
                self.next = Some(table.entry(&entry));
                return Ok(());
            }
            let (start, end) = table.entries;
            if start == end {
                self.table = None;
                continue;
            }
            let read = (READ / table.size as u64 * table.size as u64).min(end - start);
            self.bytes = source.read(start..start + read).await?;
            table.entries.0 += read;
        }
    }
}
