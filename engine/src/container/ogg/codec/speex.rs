//! Speex in Ogg (*The Speex Codec Manual*, §7.4): packets of a fixed number of frames, granule positions in samples.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{OggMapping, OggPacket, comments};
pub use crate::codec::speex::MAGIC;
use crate::codec::speex::SpeexHeader;
use crate::media::{Ticks, Timescale};

/// The maximum number of headers after the comments.
const MAX_EXTRA: usize = 16;

#[derive(Serialize, Deserialize)]
pub struct Speex {
    timescale: Timescale,
    duration: Ticks,
    extra: usize,
    channels: Option<u16>,
}

impl Speex {
    pub fn parse(packet: &[u8]) -> Result<Self, String> {
        let header = SpeexHeader::parse(packet).ok_or_else(|| format!("a Speex header of {} bytes", packet.len()))?;
        let SpeexHeader { rate, channels, frame_size: size, frames, extra_headers: extra } = header;
        let timescale = Timescale::per_second(rate).ok_or("Speex of no samples a second")?;
        let extra = usize::try_from(extra).ok().filter(|extra| *extra <= MAX_EXTRA);
        let extra = extra.ok_or_else(|| format!("Speex with more than {MAX_EXTRA} extra headers"))?;
        if !(1..=10_000).contains(&size) || frames > 1_000 {
            return Err(format!("Speex with packets of {frames} frames of {size} samples"));
        }
        Ok(Self {
            timescale,
            duration: Ticks(i64::from(size) * i64::from(frames.max(1))),
            extra,
            channels: u16::try_from(channels).ok(),
        })
    }
}

impl OggMapping for Speex {
    fn codec(&self) -> &'static str {
        "speex"
    }

    fn timescale(&self) -> Timescale {
        self.timescale
    }

    fn channels(&self) -> Option<u16> {
        self.channels
    }

    fn header(&mut self, place: usize, _: &[u8]) -> Result<bool, String> {
        Ok(place < 1 + self.extra)
    }

    fn packet(&mut self, start: &[u8]) -> OggPacket {
        let duration = if start.is_empty() { Ticks::ZERO } else { self.duration };
        OggPacket { duration, sync: true, ..OggPacket::default() }
    }

    fn setup(&self, headers: &[Bytes]) -> Vec<Bytes> {
        let short = |(place, packet): (usize, &Bytes)| match place {
            1 => comments::short(packet, 0, &[]),
            _ => packet.clone(),
        };
        headers.iter().enumerate().map(short).collect()
    }
}
