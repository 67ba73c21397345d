//! Chunks: a name of four bytes, a length, the data, and a padding byte if the length is odd.

use serde::{Deserialize, Serialize};

/// A name.
pub type FourCc = [u8; 4];

/// The size of a chunk's header; a list has four more bytes, its type.
pub const HEADER_BYTES: u32 = 8;
/// The same as `usize`.
pub const HEADER: usize = HEADER_BYTES as usize;

/// The header of a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiffChunk {
    /// Its name.
    pub id: FourCc,
    /// Bytes of data.
    pub size: u32,
}

impl RiffChunk {
    /// `None` if there are too few bytes.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk::<4>()?;
        let size = u32::from_le_bytes(*rest.first_chunk::<4>()?);
        Some(Self { id: *id, size })
    }

    /// The size of the whole chunk.
    pub fn length(self) -> u64 {
        HEADER as u64 + u64::from(self.size) + u64::from(self.size & 1)
    }

    /// The stream to which its data belongs, by the digits at its beginning.
    pub const fn stream(self) -> Option<usize> {
        match self.id {
            [tens @ b'0'..=b'9', ones @ b'0'..=b'9', b'd', b'c' | b'b']
            | [tens @ b'0'..=b'9', ones @ b'0'..=b'9', b'w', b'b'] => {
                Some((tens - b'0') as usize * 10 + (ones - b'0') as usize)
            }
            _ => None,
        }
    }

    /// Whether the name is plausible for a chunk: letters, digits, spaces and the like.
    pub const fn plausible(self) -> bool {
        let [a, b, c, d] = self.id;
        matches!((a, b, c, d), (b' '..=b'z', b' '..=b'z', b' '..=b'z', b' '..=b'z'))
    }
}

/// The complete chunks in a list's data, each with its data.
pub fn chunks(mut data: &[u8]) -> impl Iterator<Item = (FourCc, &[u8])> {
    std::iter::from_fn(move || {
        let chunk = RiffChunk::parse(data)?;
        let size = usize::try_from(chunk.size).ok()?;
        let body = data.get(HEADER..)?.get(..size)?;
        data = data.get(HEADER + size + (size & 1)..).unwrap_or_default();
        Some((chunk.id, body))
    })
}

/// Appends a chunk.
pub fn put(out: &mut Vec<u8>, id: FourCc, data: &[u8]) {
    out.extend(id);
    out.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(data);
    if data.len() % 2 == 1 {
        out.push(0);
    }
}

/// A little-endian number of two bytes in a structure; zero if it ends before.
pub fn u16_at(data: &[u8], at: usize) -> u16 {
    data.get(at..).and_then(|data| data.first_chunk()).map_or(0, |bytes| u16::from_le_bytes(*bytes))
}

/// See [`u16_at`].
pub fn u32_at(data: &[u8], at: usize) -> u32 {
    data.get(at..).and_then(|data| data.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// Overwrites four bytes, which exist.
pub fn set_u32(data: &mut [u8], at: usize, value: u32) {
    if let Some(place) = data.get_mut(at..at.saturating_add(4)) {
        place.copy_from_slice(&value.to_le_bytes());
    }
}
