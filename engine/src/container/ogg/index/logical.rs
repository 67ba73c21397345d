//! One logical stream: its header packets, and then the position of each packet on its timeline.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::super::PacketPart;
use super::super::codec::{OggCodec, OggPacket};
use super::super::kept;
use super::super::page::{OggPage, PacketPiece};
use crate::codec::flac;
use crate::container::notes::Notes;
use crate::media::{Ticks, Time};

/// How many bytes of a header packet are read: the rest are pictures.
const MAX_HEADER: usize = 256 << 10;
/// How far a granule position may be ahead of the packets if some are missing.
const MAX_GAP: Time = Time::from_secs(8 * 24 * 3600);
/// How far it may be ahead if none is missing: some encoders round. The output of a decoder has no gap there.
const JITTER: Time = Time(20_000_000);

/// A logical stream.
#[derive(Serialize, Deserialize)]
pub struct LogicalStreamReader {
    pub serial: u32,
    pub mapping: OggCodec,
    /// Its header packets, each cut at [`MAX_HEADER`], including the beginning of an unfinished one.
    pub headers: Vec<Bytes>,
    partial: Vec<u8>,
    /// Whether all header packets have been read.
    pub ready: bool,
    /// The expected number of the next page.
    sequence: u32,
    /// The packet that continues on the next page.
    open: Option<OggPacket>,
    /// The last bytes of the current packet; its last two are its checksum.
    tail: [u8; flac::FOOTER],
    /// The position of the first packet, and that after the last so far.
    pub span: Option<(Ticks, Ticks)>,
    ended: bool,
}

/// A packet, or a part of one.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct PacketSample {
    /// Its offset in the file.
    pub offset: u64,
    pub size: u32,
    pub part: PacketPart,
    /// Its number among the packets of its page.
    pub place: u8,
    /// Its position and duration.
    pub position: Ticks,
    pub duration: Ticks,
    pub sync: bool,
}

/// A page of packets.
#[derive(Debug, Serialize, Deserialize)]
pub struct Measured {
    pub serial: u32,
    pub offset: u64,
    pub end: u64,
    /// The offset of its body from the beginning of the page.
    pub header: u32,
    pub samples: Vec<PacketSample>,
    /// The CRCs of the body up to the end of each packet.
    pub kept: Bytes,
}

impl LogicalStreamReader {
    /// From the page with its first header packet.
    pub fn new(page: &OggPage<'_>, mapping: OggCodec, first: &[u8]) -> Self {
        Self {
            serial: page.header.serial,
            mapping,
            headers: vec![Bytes::copy_from_slice(first)],
            partial: Vec::new(),
            ready: false,
            sequence: page.header.sequence.wrapping_add(1),
            open: None,
            tail: [0; flac::FOOTER],
            span: None,
            ended: page.header.last,
        }
    }

    /// Reads its next page, which has these [`sums`](OggPage::sums). Returns the packets on it, `None` if it has only header packets.
    ///
    /// # Errors
    ///
    /// What is wrong with a header packet: then the stream cannot be read further.
    pub fn page(
        &mut self,
        (page, sums): (&OggPage<'_>, &[u32]),
        notes: &mut Notes,
    ) -> Result<Option<Measured>, String> {
        let expected = std::mem::replace(&mut self.sequence, page.header.sequence.wrapping_add(1));
        let missing = expected != page.header.sequence;
        if missing {
            if !self.ready {
                return Err("a page of its headers is missing".to_owned());
            }
            notes.at(page.offset, "pages are missing before");
            self.open = None;
        }
        if self.ended {
            notes.at(page.offset, "a page behind the end of its logical stream");
            return Ok(None);
        }
        self.ended = page.header.last;
        if !page.header.continued {
            self.open = None;
        }
        let body = page.offset + page.header_length() as u64;
        let mut kept = Vec::with_capacity(4 * page.lacing.len());
        let mut samples = Vec::with_capacity(page.lacing.len());
        let mut lasting = Ticks::ZERO;
        for ((place, piece), sum) in page.pieces().enumerate().zip(sums) {
            let packet = match (piece.continues, self.open.take()) {
                _ if !self.ready => {
                    self.header(piece.bytes, piece.open)?;
                    None
                }
                (false, _) => Some(self.mapping.packet(piece.bytes)),
                // If there is none, the beginning of the packet is missing.
                (true, open) => open,
            };
            let own = self.mapping.is_numbered().then(|| self.own(&piece, packet));
            kept::put(&mut kept, *sum, own.as_deref());
            let Some(packet) = packet else { continue };
            if piece.open {
                self.open = Some(packet);
            }
            let duration = if piece.open { Ticks::ZERO } else { packet.duration };
            lasting += duration;
            samples.push(PacketSample {
                // An empty one at the end of a page would otherwise be in the next page.
                offset: (body + piece.start as u64).min(page.end() - 1),
                size: u32::try_from(piece.bytes.len()).unwrap_or(u32::MAX),
                part: PacketPart { continues: piece.continues, open: piece.open },
                place: u8::try_from(place).unwrap_or(u8::MAX),
                position: Ticks::ZERO,
                duration,
                sync: packet.sync && !piece.continues,
            });
        }
        if samples.is_empty() {
            return Ok(None);
        }
        self.lay(page, missing, &mut samples, lasting, notes);
        Ok(Some(Measured {
            serial: self.serial,
            offset: page.offset,
            end: page.end(),
            header: u32::try_from(page.header_length()).unwrap_or(u32::MAX),
            samples,
            kept: kept.into(),
        }))
    }

    /// What is kept of a piece of a numbered packet: its header, and its checksum.
    fn own(&mut self, piece: &PacketPiece<'_>, packet: Option<OggPacket>) -> Vec<u8> {
        for byte in piece.bytes.iter().skip(piece.bytes.len().saturating_sub(self.tail.len())) {
            self.tail.rotate_left(1);
            if let Some(last) = self.tail.last_mut() {
                *last = *byte;
            }
        }
        let header = packet.filter(|_| !piece.continues).map_or(0, |packet| packet.header);
        let mut own = piece.bytes.get(..header).unwrap_or_default().to_vec();
        if !piece.open {
            own.extend(self.tail);
        }
        own
    }

    /// Takes a header packet, or a part of one.
    fn header(&mut self, bytes: &[u8], open: bool) -> Result<(), String> {
        let room = MAX_HEADER.saturating_sub(self.partial.len()).min(bytes.len());
        self.partial.extend_from_slice(bytes.get(..room).unwrap_or_default());
        if !open {
            let packet = std::mem::take(&mut self.partial);
            self.ready = !self.mapping.header(self.headers.len(), &packet)?;
            self.headers.push(packet.into());
        }
        Ok(())
    }

    /// Assigns positions to the samples of a page, which last `lasting` together: the page's position is the end of the
    /// last one. On the last page it may declare an earlier end.
    fn lay(
        &mut self,
        page: &OggPage<'_>,
        missing: bool,
        samples: &mut [PacketSample],
        lasting: Ticks,
        notes: &mut Notes,
    ) {
        let timescale = self.mapping.timescale();
        let jitter = if missing { Ticks::ZERO } else { timescale.ticks(JITTER) };
        let end = (page.header.granule != -1).then(|| self.mapping.end(page.header.granule));
        let start = match (self.span, end) {
            // If the first page is also the last, the end is left out.
            (None, Some(end)) if page.header.last => (end - lasting).max(Ticks::ZERO),
            (None, Some(end)) => end - lasting,
            (None, None) => Ticks::ZERO,
            (Some((_, next)), Some(end)) if end - lasting > next + jitter => {
                if end - lasting - next <= timescale.ticks(MAX_GAP) {
                    end - lasting
                } else {
                    notes.at(page.offset, "a granule position that is not believed");
                    next
                }
            }
            (Some((_, next)), _) => next,
        };
        let limit = end.filter(|_| page.header.last).map_or(Ticks(i64::MAX), |end| end.max(start));
        let mut position = start;
        for sample in samples {
            let end = (position + sample.duration).min(limit);
            (sample.position, sample.duration) = (position, end - position);
            position = end;
        }
        // A packet that only begins on a first page has no granule position.
        if end.is_some() || self.span.is_some() {
            self.span = Some((self.span.map_or(start, |(first, _)| first), position));
        }
    }
}
