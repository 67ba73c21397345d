//! The pages of a cut, as they are written one behind the other.

use std::ops::Range;

use bytes::Bytes;

use super::super::crc;
use super::super::page::{Header, MAX_SEGMENTS, put_header, put_lacing};
use crate::container::draft::Draft;
use crate::container::{Error, Extents};
use crate::media::splice::Splice;

/// The pages so far.
#[derive(Default)]
pub struct Output {
    draft: Draft,
    /// Where the pages of packets are.
    elements: Extents,
    /// Where the page of packets begins that is next: header pages may stand before it.
    next: u64,
}

/// A page that is being filled.
#[derive(Debug, Default)]
pub struct Filling {
    pub lacing: Vec<u8>,
    body: Vec<Stretch>,
}

/// A part of a body.
#[derive(Debug)]
enum Stretch {
    /// Bytes that are not of the original.
    Made(Vec<u8>),
    /// Packets that lie side by side in the original, and the CRCs of the body of their page up to their beginning and end.
    Source { source: Range<u64>, before: u32, after: u32 },
}

impl Filling {
    /// Appends bytes of the original, with the CRCs of the body of their page up to their beginning and up to their end.
    pub fn put(&mut self, source: Range<u64>, before: u32, after: u32) {
        match self.body.last_mut() {
            Some(Stretch::Source { source: last, after: end, .. }) if last.end == source.start => {
                (last.end, *end) = (source.end, after);
            }
            _ => self.body.push(Stretch::Source { source, before, after }),
        }
    }

    /// Appends bytes that are not of the original.
    pub fn put_made(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.body.push(Stretch::Made(bytes));
        }
    }

    /// Length and CRC of the body. Of two stretches the second's CRC is what it adds to that of all before it.
    fn length_and_crc(&self) -> (u32, u32) {
        self.body.iter().fold((0, 0), |(total, crc), stretch| match stretch {
            Stretch::Made(bytes) => (total + u32::try_from(bytes.len()).unwrap_or(u32::MAX), crc::update(crc, bytes)),
            Stretch::Source { source, before, after } => {
                let length = u32::try_from(source.end - source.start).unwrap_or(u32::MAX);
                (total + length, crc::zeros(crc ^ before, length) ^ after)
            }
        })
    }
}

impl Output {
    /// Appends packets made anew, on as many pages as it takes. Gives the number of the next page.
    pub fn packets(&mut self, mut header: Header, packets: &[Bytes]) -> u32 {
        let mut lacing = Vec::new();
        for packet in packets {
            put_lacing(&mut lacing, packet.len(), false);
        }
        let body = packets.concat();
        let mut rest = body.as_slice();
        for lacing in lacing.chunks(MAX_SEGMENTS) {
            let length: usize = lacing.iter().map(|length| usize::from(*length)).sum();
            let (part, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            rest = behind;
            header.granule = if lacing.iter().any(|length| *length < 255) { 0 } else { -1 };
            let size = u32::try_from(part.len()).unwrap_or(u32::MAX);
            put_header(self.draft.made(), &header, lacing, size, crc::update(0, part));
            self.draft.made().extend_from_slice(part);
            header.continued = lacing.last() == Some(&255);
            header.first = false;
            header.sequence = header.sequence.wrapping_add(1);
        }
        header.sequence
    }

    /// The setup ends here. Gives its length.
    pub fn end_setup(&mut self) -> u64 {
        self.next = self.draft.len();
        self.next
    }

    /// Appends a page of packets of the original.
    pub fn page(&mut self, header: &Header, filling: Filling) -> Result<(), Error> {
        let (length, crc) = filling.length_and_crc();
        put_header(self.draft.made(), header, &filling.lacing, length, crc);
        for stretch in filling.body {
            match stretch {
                Stretch::Made(bytes) => self.draft.made().extend(bytes),
                Stretch::Source { source, .. } => self.draft.source(source),
            }
        }
        let start = std::mem::replace(&mut self.next, self.draft.len());
        self.elements.push(start..self.next);
        self.draft.fits()
    }

    /// Appends all of it to a splice. Gives where its pages of packets are.
    pub fn append_to(self, splice: &mut Splice) -> Extents {
        self.draft.append_to(splice);
        self.elements
    }
}
