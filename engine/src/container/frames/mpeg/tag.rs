//! The first frame of a file, if it describes the following frames instead of carrying sound: Xing's, called Info for
//! constant bit rates, with LAME's extension; and Fraunhofer's VBRI. No standard defines them; LAME's `VbrTag.c` does,
//! and decoders agree on it. Decoders that do not know them decode silence, by the side information.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::codec::mpeg_audio::MpegAudioHeader;

/// The size of LAME's extension.
const LAME: usize = 36;
/// The size of Xing's own part with all its fields: name, flags, frames, bytes, table of contents, quality.
const XING: usize = 4 + 4 + 4 + 4 + 100 + 4;
/// The offsets in LAME's extension of delay and padding, the length of the music, and the two checksums.
const DELAYS: usize = 21;
const MUSIC: usize = 28;
/// The encoders whose extensions are reliable, according to ffmpeg and the browsers that use it.
const ENCODERS: [&[u8; 4]; 3] = [b"LAME", b"Lavf", b"Lavc"];
/// The largest delay, and also the largest padding.
const MAX_DELAY: u32 = (1 << 12) - 1;

/// The contents of a tag frame.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagFrame {
    /// The number of frames that follow, if given.
    pub frames: Option<u32>,
    /// The number of samples that the encoder added before the first and after the last.
    pub delays: Option<(u32, u32)>,
    /// LAME's extension, unchanged, if it is reliable.
    pub lame: Bytes,
}

impl TagFrame {
    /// Parses a frame of layer III; `None` if it carries sound.
    pub fn parse(frame: &[u8]) -> Option<Self> {
        let header = MpegAudioHeader::parse(frame).filter(|header| header.layer() == 3)?;
        let word = |bytes: &[u8], at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
        // VBRI is at a fixed offset, whatever the channels.
        if let Some(tag) = frame.get(36..).filter(|tag| tag.starts_with(b"VBRI")) {
            return Some(Self { frames: word(tag, 14), ..Self::default() });
        }
        // Some writers leave room for a checksum, and some set the flag but do not.
        let before = usize::from(header.before_data());
        let starts = [before, before.saturating_sub(2)];
        let tags = starts.into_iter().filter_map(|at| frame.get(at..));
        let tag = tags.into_iter().find(|tag| tag.starts_with(b"Xing") || tag.starts_with(b"Info"))?;
        let flags = word(tag, 4)?;
        let length = [(1, 4), (2, 4), (4, 100), (8, 4)].iter().filter(|(flag, _)| flags & flag != 0);
        let lame = tag.get(8 + length.map(|(_, length)| length).sum::<usize>()..).and_then(|rest| rest.get(..LAME));
        let lame = lame.filter(|lame| ENCODERS.iter().any(|encoder| lame.starts_with(*encoder)));
        let delays = lame.and_then(|lame| {
            let [high, middle, low] = *lame.get(DELAYS..)?.first_chunk()?;
            let both = u32::from_be_bytes([0, high, middle, low]);
            Some((both >> 12, both & MAX_DELAY))
        });
        let frames = word(tag, 8).filter(|_| flags & 1 != 0);
        Some(Self { frames, delays, lame: lame.map_or_else(Bytes::new, Bytes::copy_from_slice) })
    }
}

/// The contents of a cut's Info frame.
pub struct InfoFrame<'a> {
    /// Any header of the stream.
    pub header: MpegAudioHeader,
    /// LAME's extension from the original, or nothing: the encoder and the loudness stay the same.
    pub lame: &'a [u8],
    /// The number of samples not to be played at the beginning, beyond the decoder's delay, and at the end.
    pub delays: (u32, u32),
    /// The number of frames that follow.
    pub frames: u64,
    /// The offset after the Info frame of each hundredth of the frames, and the end of the last.
    pub places: [u64; 100],
    pub length: u64,
}

impl InfoFrame<'_> {
    /// The frame. It is the shortest with enough room, usually 64 kbit/s.
    pub fn write(&self) -> Vec<u8> {
        let header = self.header;
        let room = |header: &MpegAudioHeader| header.size().is_some_and(|size| size as usize >= room(*header));
        let header = header.at_bitrates().find(room).unwrap_or(header);
        let mut frame = Vec::with_capacity(1500);
        frame.extend(header.to_bytes());
        frame.resize(usize::from(header.before_data()), 0);
        let size = header.size().unwrap_or_default();
        let whole = self.length + u64::from(size);
        // A number that does not fit is omitted, together with its flag.
        let counts = [u32::try_from(self.frames).ok(), u32::try_from(whole).ok()];
        let flags = counts.iter().zip([1, 2]).filter(|(count, _)| count.is_some()).map(|(_, flag)| flag).sum::<u32>();
        frame.extend(b"Xing");
        frame.extend((flags | 4 | 8).to_be_bytes());
        frame.extend(counts.iter().flatten().flat_map(|count| count.to_be_bytes()));
        let share = |place: &u64| u8::try_from((place + u64::from(size)) * 256 / whole.max(1)).unwrap_or(u8::MAX);
        frame.extend(self.places.iter().map(share));
        frame.extend(0_u32.to_be_bytes());
        frame.extend(self.extension(u32::try_from(whole).unwrap_or_default()));
        let checksum = crc(&frame);
        frame.extend(checksum.to_be_bytes());
        frame.resize(size as usize, 0);
        frame
    }

    /// LAME's extension without the checksum of the frame at its end.
    fn extension(&self, music: u32) -> Vec<u8> {
        let mut lame = self.lame.get(..LAME).map_or_else(|| b"LAME".to_vec(), <[u8]>::to_vec);
        let (delay, padding) = (self.delays.0.min(MAX_DELAY), self.delays.1.min(MAX_DELAY));
        lame.resize(DELAYS, 0);
        lame.extend((delay << 12 | padding).to_be_bytes().iter().skip(1));
        lame.extend(self.lame.get(DELAYS + 3..MUSIC).unwrap_or(&[0; MUSIC - DELAYS - 3]));
        lame.extend(music.to_be_bytes());
        // The checksum of the music, which is unknown without reading it.
        lame.extend([0, 0]);
        lame
    }
}

/// The number of bytes that a frame needs.
fn room(header: MpegAudioHeader) -> usize {
    usize::from(header.before_data()) + XING + LAME
}

/// CRC-16 as in LAME: x^16 + x^15 + x^2 + 1, lowest bit first.
fn crc(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u16::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xA001 } else { crc >> 1 })
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn an_info_frame_is_read_as_it_was_written() {
        // MPEG-1 at 44.1 kHz, joint stereo and mono, MPEG-2 at 22.05 kHz, MPEG-2.5 at 8 kHz; with and without checksum.
        for header in [0xFFFB_9044_u32, 0xFFFA_90C4, 0xFFF3_9044, 0xFFE3_18C4] {
            let header = MpegAudioHeader::parse(&header.to_be_bytes()).unwrap();
            let header = header.bare(header.mode());
            let mut lame = [7; LAME];
            lame[..9].copy_from_slice(b"LAME3.100");
            for lame in [&lame[..], &[]] {
                let places = std::array::from_fn(|at| at as u64 * 10);
                let info = InfoFrame { header, lame, delays: (576, 4095), frames: 500, places, length: 1000 };
                let frame = info.write();
                let written = MpegAudioHeader::parse(&frame).unwrap();
                assert_eq!(written.size().unwrap() as usize, frame.len());
                assert_eq!(written.kind(), header.kind());
                let tag = TagFrame::parse(&frame).unwrap();
                assert_eq!((tag.frames, tag.delays), (Some(500), Some((576, 4095))));
                let kept = if lame.is_empty() { &b"LAME\0\0\0\0\0"[..] } else { &lame[..21] };
                assert!(tag.lame.starts_with(kept));
            }
        }
    }

    #[test]
    fn the_checksum_is_that_of_lame() {
        assert_eq!(crc(b"123456789"), 0xBB3D);
    }
}
