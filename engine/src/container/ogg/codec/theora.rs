//! Theora in Ogg (*Theora Specification* §6.2 and appendix A): a packet is a picture; a granule position is the number
//! of the last keyframe, and in its low bits the number of pictures since.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{OggMapping, OggPacket, comments};
pub use crate::codec::theora::MAGIC;
use crate::codec::theora::{self, TheoraIdentification};
use crate::media::{Kind, Ticks, Timescale};

#[derive(Serialize, Deserialize)]
pub struct Theora {
    timescale: Timescale,
    /// The duration of a picture in ticks.
    duration: Ticks,
    dimensions: (u32, u32),
    /// How many bits of a granule position count the pictures since the keyframe.
    shift: u32,
    /// The number of the first picture: 1, or 0 before version 3.2.1.
    first: i64,
}

impl Theora {
    pub fn parse(packet: &[u8]) -> Result<Self, String> {
        let found =
            TheoraIdentification::parse(packet).ok_or_else(|| format!("a Theora header of {} bytes", packet.len()))?;
        let TheoraIdentification { version, dimensions, rate: (rate, duration), shift } = found;
        if version >> 8 != 0x0302 {
            return Err(format!("Theora of version {version:06x}"));
        }
        let timescale = Timescale::per_second(rate).filter(|_| duration > 0);
        Ok(Self {
            timescale: timescale.ok_or_else(|| format!("Theora of {rate}/{duration} pictures a second"))?,
            duration: Ticks(i64::from(duration)),
            dimensions,
            shift,
            first: i64::from(version >= 0x0003_0201),
        })
    }
}

impl OggMapping for Theora {
    fn kind(&self) -> Kind {
        Kind::Video
    }

    fn codec(&self) -> &'static str {
        "theora"
    }

    fn timescale(&self) -> Timescale {
        self.timescale
    }

    fn dimensions(&self) -> Option<(u32, u32)> {
        Some(self.dimensions)
    }

    fn header(&mut self, place: usize, packet: &[u8]) -> Result<bool, String> {
        if packet.first() == u8::try_from(0x80 + place).ok().as_ref() {
            Ok(place < 2)
        } else {
            Err(format!("no header packet {place} of Theora"))
        }
    }

    fn packet(&mut self, start: &[u8]) -> OggPacket {
        // An empty packet repeats the previous picture.
        let sync = theora::is_key(start) == Some(true);
        OggPacket { duration: self.duration, sync, ..OggPacket::default() }
    }

    fn end(&self, granule: i64) -> Ticks {
        let pictures = (granule >> self.shift) + (granule & ((1 << self.shift) - 1)) + (1 - self.first);
        self.duration.times(pictures)
    }

    fn granule(&self, end: Ticks, sync: Ticks) -> i64 {
        let pictures = |time: Ticks| time.0 / self.duration.0.max(1);
        let (last, key) = (pictures(end) - 1, pictures(sync));
        (key + self.first).wrapping_shl(self.shift) | (last - key).clamp(0, (1 << self.shift) - 1)
    }

    fn setup(&self, headers: &[Bytes]) -> Vec<Bytes> {
        match headers {
            [head, tags, rest @ ..] => {
                let short = comments::short(tags, MAGIC.len(), &[]);
                [&[head.clone(), short], rest].concat()
            }
            _ => headers.to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn granule_positions_count_from_the_last_keyframe() {
        for first in [0, 1] {
            let timescale = Timescale::per_second(30_000).unwrap();
            let theora = Theora { timescale, duration: Ticks(1001), dimensions: (2, 2), shift: 6, first };
            for (key, picture) in [(0, 0), (0, 63), (64, 64), (640, 650)] {
                let granule = theora.granule(Ticks(1001 * (picture + 1)), Ticks(1001 * key));
                assert_eq!(granule, (key + first) << 6 | (picture - key));
                assert_eq!(theora.end(granule), Ticks(1001 * (picture + 1)));
            }
        }
    }
}
