//! The file's header (Annex E.2) and the headers of tags (E.4.1).

/// The minimum length of the file's header; its DataOffset has the actual one.
pub const FILE_HEADER: usize = 9;
/// Bytes of a tag's header.
pub const TAG_HEADER_BYTES: u32 = 11;
/// The same as `usize`.
pub const TAG_HEADER: usize = TAG_HEADER_BYTES as usize;
/// The length of the PreviousTagSize after each tag.
pub const TRAILER: usize = 4;

/// TagType of audio, which is also the number of its track.
pub const AUDIO: u8 = 8;
/// TagType of video, which is also the number of its track.
pub const VIDEO: u8 = 9;
/// TagType of script data.
pub const SCRIPT: u8 = 18;

/// TypeFlagsAudio and TypeFlagsVideo of the file's header.
const HAS_AUDIO: u8 = 0x04;
const HAS_VIDEO: u8 = 0x01;

/// The header of a file. Its flags are wrong too often to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHeader {
    /// DataOffset: the offset of the PreviousTagSize before the first tag.
    pub length: u32,
}

impl FileHeader {
    /// `None` if the bytes are not such a header.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let [b'F', b'L', b'V', 1..=4, _, a, b, c, d, ..] = *bytes else { return None };
        let length = u32::from_be_bytes([a, b, c, d]);
        (length >= 9).then_some(Self { length })
    }

    /// A header of version 1, followed by the PreviousTagSize of zero.
    pub const fn write(audio: bool, video: bool) -> [u8; FILE_HEADER + TRAILER] {
        let flags = (if audio { HAS_AUDIO } else { 0 }) | if video { HAS_VIDEO } else { 0 };
        [b'F', b'L', b'V', 1, flags, 0, 0, 0, 9, 0, 0, 0, 0]
    }
}

/// The header of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagHeader {
    /// TagType, and the two reserved bits before it.
    pub kind: u8,
    /// Filter: the payload was pre-processed, which means encrypted.
    pub filter: bool,
    /// DataSize: bytes of payload.
    pub size: u32,
    /// Timestamp with TimestampExtended, milliseconds.
    pub timestamp: i32,
    /// StreamID, which is always zero.
    pub stream: u32,
}

impl TagHeader {
    /// `None` if there are too few bytes.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let [kind, s0, s1, s2, t0, t1, t2, extended, i0, i1, i2, ..] = *bytes else { return None };
        Some(Self {
            kind: kind & !0x20,
            filter: kind & 0x20 != 0,
            size: u32::from_be_bytes([0, s0, s1, s2]),
            timestamp: i32::from_be_bytes([extended, t0, t1, t2]),
            stream: u32::from_be_bytes([0, i0, i1, i2]),
        })
    }

    /// Whether the header is plausible: of a known type and in stream zero.
    pub const fn plausible(self) -> bool {
        matches!(self.kind, AUDIO | VIDEO | SCRIPT) && self.stream == 0
    }

    /// The size of the tag in bytes, without the PreviousTagSize after it.
    pub const fn tag_size(self) -> u32 {
        TAG_HEADER_BYTES + self.size
    }
}

/// The header of a tag of this type in stream zero, with a payload of less than 16 MiB.
pub const fn header(kind: u8, size: u32, timestamp: i32) -> [u8; TAG_HEADER] {
    let [_, s0, s1, s2] = size.to_be_bytes();
    let [extended, t0, t1, t2] = timestamp.to_be_bytes();
    [kind, s0, s1, s2, t0, t1, t2, extended, 0, 0, 0]
}

/// The PreviousTagSize after a tag with a payload of this size.
pub const fn trailer(size: u32) -> [u8; TRAILER] {
    TAG_HEADER_BYTES.saturating_add(size).to_be_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_header_is_read_as_it_was_written() {
        for (kind, size, timestamp) in [(8, 0, 0), (9, 0x00FF_FFFF, -80), (18, 77, 0x0123_4567), (9, 1, i32::MAX)] {
            let read = TagHeader::parse(&header(kind, size, timestamp)).unwrap();
            assert_eq!(read, TagHeader { kind, filter: false, size, timestamp, stream: 0 });
            assert!(read.plausible());
        }
        assert!(TagHeader::parse(&[9; 10]).is_none());
        assert!(TagHeader::parse(&[0x29; 11]).unwrap().filter);
    }

    #[test]
    fn a_file_is_recognised_by_its_header() {
        assert_eq!(FileHeader::parse(&FileHeader::write(true, true)), Some(FileHeader { length: 9 }));
        for other in [&b"FLV"[..], b"FLV\x01\x05\0\0\0\x08", b"FLV\x09\x05\0\0\0\x09", b"FLX\x01\x05\0\0\0\x09"] {
            assert_eq!(FileHeader::parse(other), None, "{other:x?}");
        }
    }
}
