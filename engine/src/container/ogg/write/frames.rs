//! Packets with a number and a checksum: FLAC's frames. Those of a cut are numbered from zero.
//!
//! A number may take fewer bytes than before. If a packet spans several pages it takes as many, since each page but the
//! last has a multiple of 255 bytes of it; decoders accept that.

use super::super::crc;
use super::piece::WrittenPiece;
use crate::codec::flac::{FOOTER, HeaderCodes, Numbers, crc16, footer, zeros_behind};

/// Renumbers a whole packet. An invalid one stays as it is.
pub(super) fn number(packet: &mut [WrittenPiece], numbers: &mut Numbers) {
    let _ = number_packet(packet, numbers);
}

fn number_packet(packet: &mut [WrittenPiece], numbers: &mut Numbers) -> Option<()> {
    let (last, single) = (packet.last()?, packet.len() == 1);
    let (own, sum) = last.own.split_last_chunk::<FOOTER>()?;
    let (header, sum) = (if single { own } else { packet.first()?.own.as_ref() }.to_vec(), *sum);
    let (codes, length) = HeaderCodes::of(&header)?;
    let number = numbers.next(codes, last.start.0, (last.end - last.start).0);
    let whole: u64 = packet.iter().map(|piece| u64::from(piece.size)).sum();
    let body = whole.checked_sub((header.len() + FOOTER) as u64)?;
    let new = codes.header(number, if single { 1 } else { length });
    if new != header {
        let between = u16::from_be_bytes(sum) ^ zeros_behind(crc16(0, &header), body);
        let new_sum = footer(&new, between, body);
        packet.first_mut()?.replace_start(&header, new)?;
        replace_end(packet, &sum, &new_sum);
    }
    Some(())
}

/// Replaces the end of a packet, which may be on two pages.
fn replace_end(packet: &mut [WrittenPiece], mut old: &[u8], mut new: &[u8]) {
    for piece in packet.iter_mut().rev() {
        let here = usize::try_from(piece.size).unwrap_or(usize::MAX).min(old.len());
        let (old_left, old_here) = old.split_at(old.len() - here);
        let (new_left, new_here) = new.split_at(new.len() - here);
        piece.size -= u32::try_from(here).unwrap_or(0);
        piece.after = crc::before(piece.after, old_here);
        piece.tail = new_here.to_vec();
        (old, new) = (old_left, new_left);
    }
}

impl WrittenPiece {
    /// Replaces the beginning.
    fn replace_start(&mut self, old: &[u8], new: Vec<u8>) -> Option<()> {
        let length = u32::try_from(old.len()).ok()?;
        self.size = self.size.checked_sub(length)?;
        self.offset = self.offset.saturating_add(u64::from(length));
        self.before = crc::update(self.before, old);
        self.head = new;
        Some(())
    }
}
