//! The units of a file: packs (ISO/IEC 13818-1 §2.5.3.3; ISO/IEC 11172-1 §2.4.3.2), system headers and PES packets,
//! each after a start code and with its length in its header; and the stream that a packet belongs to.

use serde::{Deserialize, Serialize};

use crate::codec::nal::behind_start_code;
use crate::container::mpeg::codec::MpegCodec;
use crate::container::mpeg::pes::Pes;

/// The longest unit.
pub const LONGEST: usize = 6 + 0xFFFF;
/// The size of the longest pack header and the start code after it.
pub const PACK_AND_CODE: usize = 14 + 7 + 4;

/// `stream_id` of private streams 1 and 2, padding, and a program stream map.
pub const PRIVATE: u8 = 0xBD;
const PADDING: u8 = 0xBE;
const PRIVATE_2: u8 = 0xBF;

/// The kind of unit after a start code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PsUnit {
    /// A pack header.
    Pack,
    /// A system header.
    System,
    /// A program stream map.
    Map,
    /// `MPEG_program_end_code`.
    End,
    /// A PES packet of this `stream_id`.
    Packet(u8),
}

/// The unit at the beginning of these bytes, and its length; `None` if there is none, or its header is truncated.
#[inline]
pub fn unit(bytes: &[u8]) -> Option<(PsUnit, usize)> {
    let [0, 0, 1, code] = *bytes.first_chunk()? else { return None };
    match code {
        0xB9 => Some((PsUnit::End, 4)),
        0xBA => Some((PsUnit::Pack, pack(bytes)?)),
        0xBB..=0xFF => {
            let length = usize::from(u16::from_be_bytes(*bytes.get(4..)?.first_chunk()?));
            let unit = match code {
                0xBB => PsUnit::System,
                0xBC => PsUnit::Map,
                _ => PsUnit::Packet(code),
            };
            Some((unit, 6 + length))
        }
        _ => None,
    }
}

/// The length of a pack header, if its marker bits are set.
fn pack(bytes: &[u8]) -> Option<usize> {
    let [first, _, second, _, third, fourth, _, fifth] = *bytes.get(4..)?.first_chunk()?;
    if first & 0xC4 == 0x44 {
        let [low, stuffing] = *bytes.get(12..)?.first_chunk()?;
        let sound = second & 4 != 0 && third & 4 != 0 && fourth & 1 != 0 && low & 3 == 3;
        return sound.then_some(14 + usize::from(stuffing & 7));
    }
    let sound = first & 0xF1 == 0x21 && second & 1 != 0 && third & 1 != 0 && fourth & 0x80 != 0 && fifth & 1 != 0;
    sound.then_some(12)
}

/// The offset in these bytes of the first pack that is followed by a start code. `last`: no more bytes follow that
/// could decide it.
pub fn find(bytes: &[u8], last: bool) -> Option<usize> {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).and_then(behind_start_code) {
        let start = bytes.len() - rest.len() - 3;
        let here = bytes.get(start..).unwrap_or_default();
        if let (0xBA, Some(length)) = (rest.first().copied().unwrap_or(0), pack(here)) {
            match here.get(length..) {
                Some([0, 0, 1, 0xB9..=0xFF, ..]) => return Some(start),
                Some([] | [0] | [0, 0] | [0, 0, 1]) | None if last => return Some(start),
                _ => {}
            }
        }
        at = start + 3;
    }
    None
}

/// Whether a pack header is that of MPEG-1.
pub fn is_old(pack: &[u8]) -> bool {
    pack.get(4).is_some_and(|first| first >> 4 == 2)
}

/// The stream that a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// `stream_id`.
    pub stream: u8,
    /// The first byte of the payload in private stream 1, which identifies its streams on discs; otherwise 0.
    pub substream: u8,
}

impl Owner {
    /// A unique number.
    pub fn id(self) -> u64 {
        u64::from(if self.substream == 0 { self.stream } else { self.substream })
    }

    /// The number of bytes before the data of each packet: for sound on discs the substream's number, the number of
    /// frames that begin, and a pointer to the first of them; for uncompressed samples also three bytes with their
    /// parameters.
    pub const fn header(self) -> usize {
        match self.substream {
            0 => 0,
            0xA0..=0xAF => 7,
            _ => 4,
        }
    }

    /// The codec of a private stream on a disc.
    pub const fn codec(self) -> Option<MpegCodec> {
        match self.substream {
            0x80..=0x87 | 0xC0..=0xCF => Some(MpegCodec::Ac3),
            0x88..=0x8F | 0x98..=0x9F => Some(MpegCodec::Dts),
            0xA0..=0xAF => Some(MpegCodec::Lpcm),
            _ => None,
        }
    }

    /// The reason for skipping an unknown stream.
    pub fn other(self) -> String {
        match (self.stream, self.substream) {
            (PRIVATE, 0x20..=0x3F) => "subtitles of a disc, which are pictures".to_owned(),
            (PRIVATE, 0xB0..=0xBF) => "MLP".to_owned(),
            (PRIVATE, 0x10..=0x1F) => "teletext or DVB subtitles".to_owned(),
            (0xFD, _) => "a stream of an extended number".to_owned(),
            _ => "its kind is not known".to_owned(),
        }
    }
}

/// A PES packet with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PesPacket {
    /// The stream it belongs to.
    pub owner: Owner,
    /// Its presentation and decoding time stamps.
    pub times: Option<(u64, u64)>,
    /// The number of bytes before its data, including the substream's header.
    pub header: usize,
    /// `PES_scrambling_control`.
    pub scrambled: bool,
}

impl PesPacket {
    /// Parses the header of a complete packet; `None` if it has none, or its stream is not playable. `plain`: private
    /// stream 1 has no substreams here.
    #[inline]
    pub fn read(bytes: &[u8], plain: bool) -> Option<Self> {
        let stream = *bytes.get(3)?;
        if matches!(stream, PADDING | PRIVATE_2 | 0xF0..=0xF2 | 0xF8 | 0xFF) {
            return None;
        }
        let old = bytes.get(6)? >> 6 != 2;
        let Pes { times, header } = if old { Pes::read_old(bytes)? } else { Pes::read(bytes)? };
        let data = bytes.get(header..)?;
        let substream = if stream == PRIVATE && !plain { *data.first()? } else { 0 };
        let owner = Owner { stream, substream };
        let header = (header + owner.header()).min(bytes.len());
        Some(Self { owner, times, header, scrambled: !old && bytes.get(6)? & 0x30 != 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: [u8; 14] = [0, 0, 1, 0xBA, 0x44, 0, 4, 0, 4, 1, 1, 0x43, 0x37, 0xF8];
    const OLD: [u8; 12] = [0, 0, 1, 0xBA, 0x21, 0, 1, 0, 1, 0x80, 1, 1];

    #[test]
    fn units_say_how_long_they_are() {
        assert_eq!(unit(&NEW), Some((PsUnit::Pack, 14)));
        assert_eq!(unit(&OLD), Some((PsUnit::Pack, 12)));
        assert_eq!(unit(&[0, 0, 1, 0xB9]), Some((PsUnit::End, 4)));
        assert_eq!(unit(&[0, 0, 1, 0xBB, 0, 9]), Some((PsUnit::System, 15)));
        assert_eq!(unit(&[0, 0, 1, 0xE0, 7, 0xDA]), Some((PsUnit::Packet(0xE0), 2016)));
        assert_eq!(unit(&[0, 0, 1, 0xB3, 7, 0xDA]), None, "an elementary stream");
        for length in 0..14 {
            assert_eq!(unit(&NEW[..length]), None);
        }
        for (at, bit) in [(4, 2), (6, 2), (8, 2), (9, 0), (12, 0)] {
            let mut broken = NEW;
            broken[at] ^= 1 << bit;
            assert_eq!(unit(&broken), None, "marker bit at {at}");
        }
    }

    #[test]
    fn a_pack_is_found_behind_the_rest_of_another() {
        for pack in [&NEW[..], &OLD] {
            for before in [0, 1, 700] {
                let file = [&vec![0xAA; before], pack, &[0, 0, 1, 0xBB, 0, 9]].concat();
                assert_eq!(find(&file, false), Some(before));
                assert_eq!(find(&[&file[..before], pack, &[1; 6]].concat(), true), None);
            }
        }
        assert_eq!((find(&NEW, false), find(&NEW, true)), (None, Some(0)));
    }

    #[test]
    fn a_packet_says_whose_it_is() {
        let sound = [0, 0, 1, 0xBD, 0, 20, 0x81, 0x80, 5, 0x21, 0, 1, 0, 3, 0x80, 2, 0, 1, 0x0B, 0x77];
        let packet = PesPacket::read(&sound, false).unwrap();
        assert_eq!((packet.owner, packet.header), (Owner { stream: 0xBD, substream: 0x80 }, 18));
        assert_eq!((packet.times, packet.owner.codec()), (Some((1, 1)), Some(MpegCodec::Ac3)));
        assert_eq!(PesPacket::read(&sound, true).unwrap().header, 14);
        assert_eq!(PesPacket::read(&[0, 0, 1, 0xBF, 0, 1, 0], false), None);
        let old = PesPacket::read(&[0, 0, 1, 0xC0, 0, 2, 0x0F, 0xFF], false).unwrap();
        assert_eq!((old.owner, old.header), (Owner { stream: 0xC0, substream: 0 }, 7));
    }
}
