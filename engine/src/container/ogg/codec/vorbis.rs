//! Vorbis in Ogg (*Vorbis I Specification*, appendix A): granule positions in samples. A packet outputs what it
//! overlaps with the previous packet: a quarter of both blocks together. So the first packet has no output.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{OggMapping, OggPacket, comments};
pub use crate::codec::vorbis::MAGIC;
use crate::codec::vorbis::{Modes, VorbisIdentification};
use crate::media::{Ticks, Timescale};

#[derive(Serialize, Deserialize)]
pub struct Vorbis {
    timescale: Timescale,
    /// Samples of a short and of a long block.
    blocks: [i64; 2],
    modes: Modes,
    channels: u8,
    /// The block size of the previous packet.
    before: Option<i64>,
}

impl Vorbis {
    pub fn parse(packet: &[u8]) -> Result<Self, String> {
        let found =
            VorbisIdentification::parse(packet).ok_or_else(|| format!("a Vorbis header of {} bytes", packet.len()))?;
        let VorbisIdentification { version, channels, rate, blocks } = found;
        if version != 0 {
            return Err(format!("Vorbis of version {version}"));
        }
        if blocks.iter().any(|block| !(64..=8192).contains(block)) {
            return Err(format!("Vorbis with blocks of {blocks:?} samples"));
        }
        let timescale = Timescale::per_second(rate).ok_or("Vorbis of no samples a second")?;
        Ok(Self { timescale, blocks, modes: Modes::default(), channels, before: None })
    }

    /// The block size of a packet in samples; `None` for one without output.
    fn block(&self, first: u8) -> Option<i64> {
        let [short_block, long_block] = self.blocks;
        self.modes.is_long(first).map(|long| if long { long_block } else { short_block })
    }
}

impl OggMapping for Vorbis {
    fn codec(&self) -> &'static str {
        "vorbis"
    }

    fn timescale(&self) -> Timescale {
        self.timescale
    }

    fn channels(&self) -> Option<u16> {
        Some(self.channels.into())
    }

    /// With this preroll there is a whole packet before the one at that time.
    fn preroll(&self) -> Ticks {
        Ticks(self.blocks[1].max(self.blocks[0]) / 2)
    }

    fn header(&mut self, place: usize, packet: &[u8]) -> Result<bool, String> {
        let kinds = [1, 3, 5];
        if packet.first() != kinds.get(place) || packet.get(1..7) != Some(b"vorbis") {
            return Err(format!("no header packet {place} of Vorbis"));
        }
        if place == 2 {
            self.modes = Modes::parse(packet).ok_or("a Vorbis setup header without modes")?;
        }
        Ok(place < 2)
    }

    fn packet(&mut self, start: &[u8]) -> OggPacket {
        let Some(block) = start.first().and_then(|first| self.block(*first)) else {
            return OggPacket { sync: true, ..OggPacket::default() };
        };
        let before = self.before.replace(block);
        let duration = Ticks(before.map_or(0, |before| (before + block) / 4));
        OggPacket { duration, sync: true, ..OggPacket::default() }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_lasts_a_quarter_of_two_blocks() {
        let timescale = Timescale::per_second(44_100).unwrap();
        let mut vorbis =
            Vorbis { timescale, blocks: [256, 2048], modes: Modes(vec![false, true]), channels: 2, before: None };
        let durations: Vec<_> = [0, 0, 2, 2, 1, 0].map(|first| vorbis.packet(&[first, 9]).duration.0).into();
        assert_eq!(durations, [0, 128, 576, 1024, 0, 576]);
    }
}
