//! Vorbis in Ogg (*Vorbis I Specification*, appendix A): granule positions in samples. A packet's output is what it overlaps with
//! the packet before: a quarter of both blocks together. So the first packet gives none.
//!
//! How long a packet's block is says its mode, and the modes stand at the end of the setup header, behind codebooks that only a
//! decoder reads. They are found from its end, as liboggz and ffmpeg find them: each ends with 40 bits of which few are not
//! zero.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Mapping, Packet, comments, le32};
use crate::media::{Ticks, Timescale};

/// What the identification header begins with (§4.2.2).
pub const MAGIC: &[u8] = b"\x01vorbis";
/// A mode: the block flag, window and transform type, which are zero, and the mapping (§4.2.4).
const MODE: usize = 1 + 16 + 16 + 8;
/// Modes, at most.
const MAX_MODES: usize = 64;

#[derive(Serialize, Deserialize)]
pub struct Vorbis {
    timescale: Timescale,
    /// Samples of a short and of a long block.
    blocks: [i64; 2],
    /// Whether each mode's block is a long one.
    modes: Vec<bool>,
    /// The block of the packet before.
    before: Option<i64>,
}

impl Vorbis {
    pub fn parse(packet: &[u8]) -> Result<Self, String> {
        let short = || format!("a Vorbis header of {} bytes", packet.len());
        let version = le32(packet, 7).ok_or_else(short)?;
        if version != 0 {
            return Err(format!("Vorbis of version {version}"));
        }
        let rate = le32(packet, 12).ok_or_else(short)?;
        let exponents = packet.get(28).ok_or_else(short)?;
        let blocks = [exponents & 15, exponents >> 4].map(|exponent| 1 << exponent);
        if blocks.iter().any(|block| !(64..=8192).contains(block)) {
            return Err(format!("Vorbis with blocks of {blocks:?} samples"));
        }
        let timescale = Timescale::per_second(rate).ok_or("Vorbis of no samples a second")?;
        Ok(Self { timescale, blocks, modes: Vec::new(), before: None })
    }

    /// How many samples the block of a packet has; `None` for one that gives no output.
    fn block(&self, first: u8) -> Option<i64> {
        let bits = u8::BITS - u8::try_from(self.modes.len().checked_sub(1)?).ok()?.leading_zeros();
        let mode = usize::from(first >> 1) & ((1 << bits) - 1);
        let long = *self.modes.get(mode).filter(|_| first & 1 == 0)?;
        let [short_block, long_block] = self.blocks;
        Some(if long { long_block } else { short_block })
    }
}

impl Mapping for Vorbis {
    fn codec(&self) -> &'static str {
        "vorbis"
    }

    fn timescale(&self) -> Timescale {
        self.timescale
    }

    /// From a time so much earlier there is a whole packet before the one of that time.
    fn preroll(&self) -> Ticks {
        Ticks(self.blocks[1].max(self.blocks[0]) / 2)
    }

    fn header(&mut self, place: usize, packet: &[u8]) -> Result<bool, String> {
        let kinds = [1, 3, 5];
        if packet.first() != kinds.get(place) || packet.get(1..7) != Some(b"vorbis") {
            return Err(format!("no header packet {place} of Vorbis"));
        }
        if place == 2 {
            self.modes = modes(packet).ok_or("a Vorbis setup header without modes")?;
        }
        Ok(place < 2)
    }

    fn packet(&mut self, start: &[u8]) -> Packet {
        let Some(block) = start.first().and_then(|first| self.block(*first)) else {
            return Packet { sync: true, ..Packet::default() };
        };
        let before = self.before.replace(block);
        let duration = Ticks(before.map_or(0, |before| (before + block) / 4));
        Packet { duration, sync: true, ..Packet::default() }
    }

    fn setup(&self, headers: &[Bytes]) -> Vec<Bytes> {
        match headers {
            [head, tags, rest @ ..] => {
                let short = comments::short(tags, MAGIC.len(), &[1]);
                [&[head.clone(), short], rest].concat()
            }
            _ => headers.to_vec(),
        }
    }

    fn trims_first_page(&self) -> bool {
        true
    }
}

/// Bits from the end of a packet: the last bit that was written comes first.
#[derive(Clone, Copy)]
struct Backwards<'a> {
    bytes: &'a [u8],
    left: usize,
}

impl Backwards<'_> {
    fn bit(&mut self) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        let byte = *self.bytes.get(self.left / 8)?;
        Some(usize::from(byte >> (self.left % 8) & 1))
    }

    fn bits(&mut self, count: usize) -> Option<usize> {
        (0..count).try_fold(0, |value, _| Some(value << 1 | self.bit()?))
    }
}

/// Whether each mode's block is a long one, from the end of the setup header.
fn modes(packet: &[u8]) -> Option<Vec<bool>> {
    let mut bits = Backwards { bytes: packet, left: packet.len() * 8 };
    // The framing bit is the last that is one.
    while bits.bit()? == 0 {}
    let (mut flags, mut found) = (Vec::new(), None);
    // Behind the modes stands nothing, before them their number.
    while flags.len() < MAX_MODES && bits.left >= MODE + 6 + MAGIC.len() * 8 {
        if bits.bits(8)? > 63 || bits.bits(32)? != 0 {
            break;
        }
        flags.push(bits.bit()? == 1);
        if bits.clone().bits(6)? + 1 == flags.len() {
            found = Some(flags.len());
        }
    }
    flags.truncate(found?);
    flags.reverse();
    Some(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits, the lowest of each value first.
    fn packed(fields: &[(u64, usize)]) -> Vec<u8> {
        let bits: Vec<u64> =
            fields.iter().flat_map(|(value, bits)| (0..*bits).map(move |bit| value >> bit & 1)).collect();
        bits.chunks(8)
            .map(|byte| byte.iter().enumerate().fold(0, |all, (place, bit)| all | u8::try_from(bit << place).unwrap()))
            .collect()
    }

    #[test]
    fn modes_are_found_from_the_end_of_the_setup_header() {
        for flags in [&[false][..], &[false, true], &[true, false, false, true, true]] {
            for bits_before in 90..98 {
                let mut fields =
                    vec![(0x5A5A_5A5A_5A5A_5A5A, bits_before / 2), (u64::MAX, bits_before - bits_before / 2)];
                fields.push((flags.len() as u64 - 1, 6));
                for (mapping, flag) in flags.iter().enumerate() {
                    fields.extend([(u64::from(*flag), 1), (0, 32), (mapping as u64 % 2, 8)]);
                }
                fields.push((1, 1));
                assert_eq!(modes(&packed(&fields)).as_deref(), Some(flags), "{bits_before} bits before");
            }
        }
        assert_eq!(modes(&[0; 100]), None);
        assert_eq!(modes(&[]), None);
    }

    #[test]
    fn a_packet_lasts_a_quarter_of_two_blocks() {
        let timescale = Timescale::per_second(44_100).unwrap();
        let mut vorbis = Vorbis { timescale, blocks: [256, 2048], modes: vec![false, true], before: None };
        let durations: Vec<_> = [0, 0, 2, 2, 1, 0].map(|first| vorbis.packet(&[first, 9]).duration.0).into();
        assert_eq!(durations, [0, 128, 576, 1024, 0, 576]);
    }
}
