//! Opus in Ogg (RFC 7845): 48 000 ticks a second for any input, and a pre-skip, which the granule positions include.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{OggMapping, OggPacket, comments};
pub use crate::codec::opus::MAGIC;
use crate::codec::opus::{self, CONVERGENCE, OpusConfiguration};
use crate::media::{Ticks, Timescale};

/// The beginning of the comment header (§5.2).
const TAGS: &[u8] = b"OpusTags";
/// The offset of the pre-skip.
const SKIP_AT: usize = 10;
#[derive(Serialize, Deserialize)]
pub struct Opus {
    timescale: Timescale,
    skip: u16,
    channels: u8,
}

impl Opus {
    pub fn parse(packet: &[u8]) -> Result<Self, String> {
        let head = OpusConfiguration::parse_head(packet).map_err(|version| match version {
            Some(version) => format!("an OpusHead of version {version}"),
            None => format!("an OpusHead of {} bytes", packet.len()),
        })?;
        let timescale = Timescale::per_second(opus::RATE).ok_or("no ticks a second")?;
        Ok(Self { timescale, skip: head.pre_skip, channels: head.channels })
    }
}

impl OggMapping for Opus {
    fn codec(&self) -> &'static str {
        "opus"
    }

    fn timescale(&self) -> Timescale {
        self.timescale
    }

    fn channels(&self) -> Option<u16> {
        Some(self.channels.into())
    }

    fn preroll(&self) -> Ticks {
        Ticks(i64::from(CONVERGENCE))
    }

    fn skip(&self) -> Ticks {
        Ticks(i64::from(self.skip))
    }

    fn skips(&self) -> bool {
        true
    }

    fn header(&mut self, place: usize, packet: &[u8]) -> Result<bool, String> {
        if place == 1 && !packet.starts_with(TAGS) {
            return Err("no OpusTags behind OpusHead".to_owned());
        }
        Ok(place < 1)
    }

    fn packet(&mut self, start: &[u8]) -> OggPacket {
        let first = |at| start.get(at).copied().unwrap_or(0);
        // No packet lasts longer than 120 ms (RFC 6716 §3.2.5).
        let duration =
            opus::duration([first(0), first(1)]).filter(|duration| *duration <= 120_000_000 && !start.is_empty());
        let ticks = duration.and_then(|nanoseconds| i64::try_from(nanoseconds * 48 / 1_000_000).ok());
        OggPacket { duration: Ticks(ticks.unwrap_or(0)), sync: true, ..OggPacket::default() }
    }

    fn setup(&self, headers: &[Bytes]) -> Vec<Bytes> {
        match headers {
            [head, tags, ..] => vec![head.clone(), comments::short(tags, TAGS.len(), &[])],
            _ => headers.to_vec(),
        }
    }

    fn headers(&self, mut setup: Vec<Bytes>, skip: Ticks, _: Ticks) -> Vec<Bytes> {
        if let Some(first) = setup.first_mut() {
            let mut head = first.to_vec();
            if let Some(place) = head.get_mut(SKIP_AT..SKIP_AT + 2) {
                place.copy_from_slice(&u16::try_from(skip.0).unwrap_or(u16::MAX).to_le_bytes());
            }
            *first = head.into();
        }
        setup
    }
}
