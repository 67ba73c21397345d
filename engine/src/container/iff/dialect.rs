//! Dialects: how each member of the family writes numbers and the headers of its chunks.

/// A four-character code; in Wave64 the beginning of a chunk's GUID.
pub type Id = [u8; 4];

/// The member of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// WAV, RF64 and BW64: little-endian.
    Riff,
    /// WAV, big-endian.
    Rifx,
    /// Sony Wave64: little-endian, sizes of 64 bits, chunks named by GUIDs.
    Wave64,
    /// AIFF: big-endian.
    Aiff,
    /// AIFF-C.
    Aifc,
}

/// The rest of Wave64's GUIDs after the first four bytes: of its outermost chunk, and of the others.
pub const RIFF_TAIL: [u8; 12] = [0x2E, 0x91, 0xCF, 0x11, 0xA5, 0xD6, 0x28, 0xDB, 0x04, 0xC1, 0x00, 0x00];
pub const CHUNK_TAIL: [u8; 12] = [0xF3, 0xAC, 0xD3, 0x11, 0x8C, 0xD1, 0x00, 0xC0, 0x4F, 0x8E, 0xDB, 0x8A];

/// The longest header of a chunk.
pub const MAX_HEADER: usize = 24;

impl Dialect {
    /// The dialect of a file that begins with these bytes.
    pub fn of(start: &[u8]) -> Option<Self> {
        let at = |at: usize| start.get(at..at + 4);
        match (at(0)?, at(8)?) {
            (b"RIFF" | b"RF64" | b"BW64", b"WAVE") => Some(Self::Riff),
            (b"RIFX", b"WAVE") => Some(Self::Rifx),
            (b"FORM", b"AIFF") => Some(Self::Aiff),
            (b"FORM", b"AIFC") => Some(Self::Aifc),
            (b"riff", _) => {
                let is = start.get(4..16)? == RIFF_TAIL && at(24)? == b"wave" && start.get(28..40)? == CHUNK_TAIL;
                is.then_some(Self::Wave64)
            }
            _ => None,
        }
    }

    /// The name that identifies the dialect in an outline.
    pub const fn name(self) -> Id {
        *match self {
            Self::Riff => b"RIFF",
            Self::Rifx => b"RIFX",
            Self::Wave64 => b"riff",
            Self::Aiff => b"AIFF",
            Self::Aifc => b"AIFC",
        }
    }

    /// The dialect of a [`Dialect::name`].
    pub fn named(name: &[u8]) -> Option<Self> {
        [Self::Riff, Self::Rifx, Self::Wave64, Self::Aiff, Self::Aifc]
            .into_iter()
            .find(|dialect| dialect.name() == name)
    }

    /// The MIME type. Wave64 has no type of its own.
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Riff | Self::Rifx => "audio/wav",
            Self::Wave64 => "audio/x-w64",
            Self::Aiff | Self::Aifc => "audio/aiff",
        }
    }

    /// Whether it is AIFF or AIFF-C.
    pub const fn is_aiff(self) -> bool {
        matches!(self, Self::Aiff | Self::Aifc)
    }

    const fn is_big_endian(self) -> bool {
        matches!(self, Self::Rifx | Self::Aiff | Self::Aifc)
    }

    /// The offset of the first chunk.
    pub const fn first_chunk(self) -> u64 {
        if matches!(self, Self::Wave64) { 40 } else { 12 }
    }

    /// The size of a chunk's header.
    pub const fn header(self) -> u64 {
        if matches!(self, Self::Wave64) { 24 } else { 8 }
    }

    /// The alignment of chunks.
    pub const fn alignment(self) -> u64 {
        if matches!(self, Self::Wave64) { 8 } else { 2 }
    }

    /// The chunk with the samples, and how many bytes in it precede them.
    pub const fn sound(self) -> (&'static Id, u64) {
        if self.is_aiff() { (b"SSND", 8) } else { (b"data", 0) }
    }

    /// The number of two bytes at this offset.
    pub fn u16(self, bytes: &[u8], at: usize) -> Option<u16> {
        let bytes = bytes.get(at..)?.first_chunk()?;
        Some(if self.is_big_endian() { u16::from_be_bytes(*bytes) } else { u16::from_le_bytes(*bytes) })
    }

    /// The number of four bytes at this offset.
    pub fn u32(self, bytes: &[u8], at: usize) -> Option<u32> {
        let bytes = bytes.get(at..)?.first_chunk()?;
        Some(if self.is_big_endian() { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) })
    }

    /// The number of eight bytes at this offset.
    pub fn u64(self, bytes: &[u8], at: usize) -> Option<u64> {
        let bytes = bytes.get(at..)?.first_chunk()?;
        Some(if self.is_big_endian() { u64::from_be_bytes(*bytes) } else { u64::from_le_bytes(*bytes) })
    }

    /// A number as four bytes.
    pub const fn four(self, value: u32) -> [u8; 4] {
        if self.is_big_endian() { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    /// The name and the data size of a chunk that begins with these bytes; `None` if they are not a header.
    pub fn parse(self, header: &[u8]) -> Option<(Id, u64)> {
        let id = *header.first_chunk()?;
        if self != Self::Wave64 {
            return Some((id, u64::from(self.u32(header, 4)?)));
        }
        let id = if header.get(4..16)? == CHUNK_TAIL { id } else { [0; 4] };
        Some((id, self.u64(header, 16)?.checked_sub(self.header())?))
    }
}
