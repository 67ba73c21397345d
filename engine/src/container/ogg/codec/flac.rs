//! FLAC in Ogg (RFC 9639 §10.1): a packet is a frame, and a granule position the number of samples up to its end.
//! Frames have their numbers and checksums, as in FLAC's own files; and here too nothing can declare that the last one
//! should not be played completely.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{OggMapping, OggPacket, be, comments};
use crate::codec::flac::{self, STREAMINFO_LENGTH, StreamInfo};
use crate::media::{Ticks, Timescale};

/// The beginning of the first header packet.
pub const MAGIC: &[u8] = b"\x7fFLAC";
/// The offset of the number of following header packets.
const COUNT_AT: usize = 7;
/// The offset of STREAMINFO (§8.2), and in it those of the smallest and the largest frame, the rate, and the MD5 of the
/// samples.
pub const STREAMINFO: usize = 17;
const FRAMES_AT: usize = STREAMINFO + 4;
const RATE_AT: usize = STREAMINFO + 10;
const MD5_AT: usize = STREAMINFO + 18;
/// The type of a block of comments (§8.6), and the bit that marks the last block.
const COMMENTS: u8 = 4;
const LAST: u8 = 0x80;

#[derive(Serialize, Deserialize)]
pub struct OggFlac {
    timescale: Timescale,
    info: StreamInfo,
    /// How many header packets follow the first; 0 if unknown.
    headers: usize,
}

impl OggFlac {
    pub fn parse(packet: &[u8]) -> Result<Self, String> {
        let short = || format!("a FLAC header of {} bytes", packet.len());
        let info = packet.get(STREAMINFO..STREAMINFO + STREAMINFO_LENGTH).ok_or_else(short)?;
        let headers = be(packet, COUNT_AT, 2).ok_or_else(short)?;
        let info = StreamInfo::parse(info).ok_or("FLAC with a STREAMINFO that makes no sense")?;
        let timescale = Timescale::per_second(info.rate).ok_or("FLAC of no samples a second")?;
        Ok(Self { timescale, info, headers: usize::try_from(headers).unwrap_or(0) })
    }
}

impl OggMapping for OggFlac {
    fn codec(&self) -> &'static str {
        "flac"
    }

    fn timescale(&self) -> Timescale {
        self.timescale
    }

    fn channels(&self) -> Option<u16> {
        Some(self.info.channels.into())
    }

    fn header(&mut self, place: usize, packet: &[u8]) -> Result<bool, String> {
        if place > 0 && packet.first().is_none_or(|first| *first == 0xFF) {
            return Err(format!("a frame where header packet {place} of FLAC has to be"));
        }
        let last = place > 0 && packet.first().is_some_and(|first| first & LAST != 0);
        Ok(if self.headers > 0 { place < self.headers } else { !last })
    }

    fn packet(&mut self, start: &[u8]) -> OggPacket {
        let header = flac::FlacFrameHeader::parse(start, &self.info);
        let (samples, header) = header.map_or((0, 0), |header| (header.samples, header.length));
        OggPacket { duration: Ticks(i64::from(samples)), sync: true, header }
    }

    fn is_numbered(&self) -> bool {
        true
    }

    fn trims_last_page(&self) -> bool {
        false
    }

    fn setup(&self, headers: &[Bytes]) -> Vec<Bytes> {
        let Some((first, blocks)) = headers.split_first() else { return Vec::new() };
        let mut head = first.to_vec();
        if let Some(count) = head.get_mut(COUNT_AT..COUNT_AT + 2) {
            count.copy_from_slice(&[0, 1]);
        }
        let is_comments = |block: &&Bytes| block.first().is_some_and(|first| first & !LAST == COMMENTS);
        let found = blocks.iter().find(is_comments).map_or(&[COMMENTS, 0, 0, 0][..], |block| block);
        let mut comments = comments::short(found, 4, &[]).to_vec();
        let [_, length @ ..] = u32::try_from(comments.len().saturating_sub(4)).unwrap_or(0).to_be_bytes();
        if let Some((kind, place)) = comments.first_chunk_mut::<4>().and_then(|head| head.split_first_mut()) {
            *kind = COMMENTS | LAST;
            place.copy_from_slice(&length);
        }
        vec![head.into(), comments.into()]
    }

    fn headers(&self, mut setup: Vec<Bytes>, _: Ticks, total: Ticks) -> Vec<Bytes> {
        if let Some(first) = setup.first_mut() {
            let mut head = first.to_vec();
            // Twenty bits of rate, three of channels, five of depth, and thirty-six of the number of samples.
            if let Some(place) = head.get_mut(RATE_AT..MD5_AT).and_then(|place| place.first_chunk_mut::<8>()) {
                let samples = u64::try_from(total.0).unwrap_or(0).min((1 << 36) - 1);
                *place = (u64::from_be_bytes(*place) >> 36 << 36 | samples).to_be_bytes();
            }
            // Other numbers may have other lengths; zero means that sizes are unknown.
            if let Some(place) = head.get_mut(FRAMES_AT..RATE_AT) {
                place.fill(0);
            }
            // The MD5 of other samples would be wrong; zero means that it is unknown.
            if let Some(place) = head.get_mut(MD5_AT..MD5_AT + 16) {
                place.fill(0);
            }
            *first = head.into();
        }
        setup
    }
}
