//! Pages (RFC 3533 §6): a header of 27 bytes, a table of segments of at most 255 bytes each, and the segments. A packet
//! is the segments up to and including the first that is shorter than 255 bytes; it may begin on one page and end on
//! another.

use super::crc;

/// The beginning of a page.
pub const CAPTURE: &[u8; 4] = b"OggS";
/// Bytes of a header, without the table of segments.
pub const HEADER: usize = 27;
/// The size of the largest page.
pub const MAX_PAGE: usize = HEADER + MAX_SEGMENTS + MAX_SEGMENTS * 255;
/// The maximum number of segments in a page.
pub const MAX_SEGMENTS: usize = 255;
/// The offset of the CRC in the header.
const CRC_AT: usize = 22;

/// Its first segment continues a packet of the previous page.
const CONTINUED: u8 = 1;
/// It is the first page of its logical stream.
const FIRST: u8 = 2;
/// It is the last page of its logical stream.
const LAST: u8 = 4;

/// A page's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageHeader {
    /// Whether its first segment continues a packet of the previous page.
    pub continued: bool,
    /// Whether it is the first page of its logical stream.
    pub first: bool,
    /// Whether it is the last one.
    pub last: bool,
    /// The position of the last packet that ends on it, in the codec's units; −1 if none ends.
    pub granule: i64,
    /// The serial number of its logical stream.
    pub serial: u32,
    /// Its number among the pages of its logical stream.
    pub sequence: u32,
}

/// A page in memory.
#[derive(Clone, Copy, Debug)]
pub struct OggPage<'a> {
    /// Its offset in the file.
    pub offset: u64,
    head: &'a [u8; HEADER],
    /// Its header.
    pub header: PageHeader,
    /// The lengths of its segments.
    pub lacing: &'a [u8],
    /// The segments.
    pub body: &'a [u8],
}

/// The result of [`OggPage::parse`].
#[derive(Debug)]
pub enum Parsed<'a> {
    /// A page with a correct CRC.
    Page(OggPage<'a>),
    /// The beginning of a possible page: more bytes are needed.
    Partial,
    /// No page.
    Nothing,
}

impl<'a> OggPage<'a> {
    /// Parses the page at the beginning of these bytes of the file.
    pub fn parse(offset: u64, bytes: &'a [u8]) -> Parsed<'a> {
        let parse = || {
            let (head, rest) = bytes.split_first_chunk::<HEADER>()?;
            let [b'O', b'g', b'g', b'S', 0, flags, fields @ .., segments] = head else { return Some(Parsed::Nothing) };
            let (granule, fields) = fields.split_first_chunk()?;
            let (serial, fields) = fields.split_first_chunk()?;
            let (sequence, _) = fields.split_first_chunk()?;
            let (lacing, rest) = rest.split_at_checked(usize::from(*segments))?;
            let body = rest.get(..lacing.iter().map(|length| usize::from(*length)).sum())?;
            let header = PageHeader {
                continued: flags & CONTINUED != 0,
                first: flags & FIRST != 0,
                last: flags & LAST != 0,
                granule: i64::from_le_bytes(*granule),
                serial: u32::from_le_bytes(*serial),
                sequence: u32::from_le_bytes(*sequence),
            };
            Some(Parsed::Page(Self { offset, head, header, lacing, body }))
        };
        parse().unwrap_or(Parsed::Partial)
    }

    /// The CRCs of its body up to the end of each piece, if its own CRC is correct: that follows from the last of them, so that the
    /// body is read once.
    pub fn sums(&self) -> Option<Vec<u32>> {
        let mut head = *self.head;
        let place = head.get_mut(CRC_AT..).and_then(|rest| rest.first_chunk_mut::<4>())?;
        let stored = u32::from_le_bytes(std::mem::take(place));
        let mut sums = Vec::with_capacity(self.lacing.len());
        let body = self.pieces().fold(0, |sum, piece| {
            let sum = crc::update(sum, piece.bytes);
            sums.push(sum);
            sum
        });
        let head = crc::update(crc::update(0, &head), self.lacing);
        let whole = crc::zeros(head, u32::try_from(self.body.len()).unwrap_or(u32::MAX)) ^ body;
        (whole == stored).then_some(sums)
    }

    /// Bytes of its header, with the table of segments.
    pub const fn header_length(&self) -> usize {
        HEADER + self.lacing.len()
    }

    /// The offset of its end in the file.
    pub const fn end(&self) -> u64 {
        self.offset + (self.header_length() + self.body.len()) as u64
    }

    /// The packets, and parts of packets, on it.
    pub fn pieces(&self) -> impl Iterator<Item = PacketPiece<'a>> + use<'a> {
        let (lacing, body) = (self.lacing, self.body);
        let mut continues = self.header.continued;
        let mut lengths = lacing.iter().map(|length| usize::from(*length)).peekable();
        let mut start = 0;
        std::iter::from_fn(move || {
            lengths.peek()?;
            let (mut size, mut open) = (0, true);
            for length in lengths.by_ref() {
                size += length;
                open = length == 255;
                if !open {
                    break;
                }
            }
            let piece = PacketPiece {
                start,
                bytes: body.get(start..start + size)?,
                continues: std::mem::take(&mut continues),
                open,
            };
            start += size;
            Some(piece)
        })
    }
}

/// A packet on a page, or the part of one that is on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PacketPiece<'a> {
    /// Its offset in the body of the page.
    pub start: usize,
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether the packet began on an earlier page.
    pub continues: bool,
    /// Whether the packet continues on the next page.
    pub open: bool,
}

/// The number of segments of a piece with this length: if its packet ends with it, the last segment has less than 255
/// bytes.
pub const fn segments(size: usize, open: bool) -> usize {
    size / 255 + if open { 0 } else { 1 }
}

/// Appends the lengths of the segments of a piece.
pub fn put_lacing(lacing: &mut Vec<u8>, size: usize, open: bool) {
    lacing.resize(lacing.len() + size / 255, 255);
    if !open {
        lacing.extend(u8::try_from(size % 255));
    }
}

/// Appends the header of a page whose body has this length and this CRC.
pub fn put_header(out: &mut Vec<u8>, header: &PageHeader, lacing: &[u8], body_length: u32, body_crc: u32) {
    let start = out.len();
    let flag = |is: bool, flag| if is { flag } else { 0 };
    let flags = flag(header.continued, CONTINUED) | flag(header.first, FIRST) | flag(header.last, LAST);
    out.extend_from_slice(CAPTURE);
    out.extend([0, flags]);
    out.extend(header.granule.to_le_bytes());
    out.extend(header.serial.to_le_bytes());
    out.extend(header.sequence.to_le_bytes());
    out.extend([0; 4]);
    out.push(u8::try_from(lacing.len()).unwrap_or(u8::MAX));
    out.extend_from_slice(lacing);
    let head = crc::update(0, out.get(start..).unwrap_or_default());
    let whole = crc::zeros(head, body_length) ^ body_crc;
    if let Some(place) = out.get_mut(start + CRC_AT..start + CRC_AT + 4) {
        place.copy_from_slice(&whole.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pieces_follow_from_the_lengths_of_segments() {
        let body = [7; 2000];
        let header = PageHeader { continued: true, first: false, last: false, granule: 0, serial: 0, sequence: 0 };
        let lacing = [255, 3, 0, 9, 255, 0, 255, 255];
        let page = OggPage { offset: 0, head: &[0; HEADER], header, lacing: &lacing, body: &body };
        let pieces: Vec<_> =
            page.pieces().map(|piece| (piece.start, piece.bytes.len(), piece.continues, piece.open)).collect();
        let expected =
            [(0, 258, true, false), (258, 0, false, false), (258, 9, false, false), (267, 255, false, false)];
        assert_eq!(pieces, [&expected[..], &[(522, 510, false, true)]].concat());
        let mut again = Vec::new();
        for (_, size, _, open) in pieces {
            let before = again.len();
            put_lacing(&mut again, size, open);
            assert_eq!(again.len() - before, segments(size, open));
        }
        assert_eq!(again, lacing);
    }

    proptest! {
        #[test]
        fn a_header_is_read_as_it_was_written(
            flags: [bool; 3], granule: i64, serial: u32, sequence: u32, packets in prop::collection::vec(0_usize..700, 0..9),
        ) {
            let [continued, first, last] = flags;
            let header = PageHeader { continued, first, last, granule, serial, sequence };
            let mut lacing = Vec::new();
            for size in &packets {
                put_lacing(&mut lacing, *size, false);
            }
            let body: Vec<u8> = (0..packets.iter().sum()).map(|at: usize| at.to_le_bytes()[0]).collect();
            let mut page = Vec::new();
            put_header(&mut page, &header, &lacing, u32::try_from(body.len()).unwrap(), crc::update(0, &body));
            page.extend(&body);
            for length in 0..page.len() {
                prop_assert!(matches!(OggPage::parse(0, &page[..length]), Parsed::Partial));
            }
            let Parsed::Page(found) = OggPage::parse(9, &page) else { panic!("no page") };
            prop_assert_eq!((found.header, found.lacing, found.body), (header, lacing.as_slice(), body.as_slice()));
            prop_assert_eq!(found.end(), 9 + page.len() as u64);
            prop_assert_eq!(found.sums().map(|sums| sums.len()), Some(packets.len()));
            page[20] ^= 1;
            let Parsed::Page(found) = OggPage::parse(9, &page) else { panic!("no page") };
            prop_assert_eq!(found.sums(), None);
        }
    }
}
