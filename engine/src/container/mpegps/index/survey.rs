//! The survey of a file before its samples are read: its streams and their parameters.

use serde::{Deserialize, Serialize};

use super::super::pack::{self, LONGEST, Owner, PRIVATE, PesPacket, PsUnit, unit};
use super::content;
use crate::container::mpeg::clock::distance;

use crate::container::mpeg::codec::MpegCodec;
use crate::container::mpeg::outline;
use crate::container::notes::Notes;
use crate::container::stream::SourceStream;
use crate::container::{Error, Unsupported};

/// How far into the file its streams must begin: some seconds of the fastest disc.
const SURVEYED: u64 = 16 << 20;
/// The number of bytes of a stream that are examined to detect its codec: a group of pictures.
const PREFIX: usize = 1 << 20;
/// The maximum number of tracks.
const MAX_TRACKS: usize = 32;
/// The longest system header and program stream map that are kept.
const MAX_HEADER: usize = 1024;
/// How far into a file its first pack may begin.
pub const REACH: usize = 4096;

/// The result of the survey.
#[derive(Debug, Serialize, Deserialize)]
pub struct PsSurvey {
    /// The offset of the first pack.
    pub start: u64,
    /// The end of the headers that a player needs.
    pub headers: u64,
    /// It is an MPEG-1 system stream.
    pub old: bool,
    /// Its first system header and program stream map.
    pub system: Vec<u8>,
    pub map: Vec<u8>,
    /// Private stream 1 has no substreams.
    pub plain: bool,
    pub tracks: Vec<PsStream>,
    /// The time stamp of the first presentation.
    pub zero: u64,
}

/// A stream with data.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PsStream {
    pub owner: Owner,
    pub stream: outline::StreamOutline,
    /// The time stamp of its first presentation.
    pub first: u64,
}

/// A stream that may have data.
struct PsCandidate {
    owner: Owner,
    first: Option<u64>,
    prefix: Vec<u8>,
}

impl PsSurvey {
    /// Surveys the beginning of the file.
    pub async fn of(stream: &mut SourceStream<'_>, notes: &mut Notes) -> Result<Self, Error> {
        let bytes = stream.peek(REACH).await?;
        let start = pack::find(bytes, true).ok_or(Error::Unknown)? as u64;
        if let [b'R', b'I', b'F', b'F', _, _, _, _, b'C', b'D', b'X', b'A', ..] = bytes {
            let kind =
                "the sectors of a Video CD as they are on the disc (RIFF CDXA): take the program stream out of them";
            return Err(Unsupported::Kind { kind }.into());
        }
        let old = bytes.get(usize::try_from(start).unwrap_or(0)..).is_some_and(pack::is_old);
        let (system, map) = (Vec::new(), Vec::new());
        let mut survey = Self { start, headers: start, old, system, map, plain: false, tracks: Vec::new(), zero: 0 };
        let (mut candidates, mut scrambled, mut headers) = (Vec::new(), false, true);
        stream.seek(start);
        while stream.position() < start + SURVEYED {
            let offset = stream.position();
            let bytes = stream.peek(LONGEST).await?;
            let Some((unit, length)) = unit(bytes) else {
                let Some(next) = pack::find(bytes, false).filter(|next| *next > 0) else {
                    if bytes.len() < LONGEST {
                        break;
                    }
                    stream.seek(offset + (LONGEST - pack::PACK_AND_CODE) as u64);
                    continue;
                };
                stream.seek(offset + next as u64);
                continue;
            };
            let Some(bytes) = bytes.get(..length) else { break };
            match unit {
                PsUnit::System if survey.system.is_empty() && length <= MAX_HEADER => survey.system = bytes.to_vec(),
                PsUnit::Map if survey.map.is_empty() && length <= MAX_HEADER => survey.map = bytes.to_vec(),
                PsUnit::Packet(_) => scrambled |= survey.packet(bytes, &mut candidates),
                _ => {}
            }
            headers &= !matches!(unit, PsUnit::Packet(_) | PsUnit::End);
            if headers {
                survey.headers = offset + length as u64;
            }
            stream.seek(offset + length as u64);
        }
        let mut why = Vec::new();
        candidates.sort_by_key(|candidate| (order(candidate.owner), candidate.owner.substream));
        for candidate in candidates {
            match candidate.found(&survey) {
                Ok(found) if survey.tracks.len() < MAX_TRACKS => survey.tracks.push(found),
                Ok(_) => why.push(format!("there are more than {MAX_TRACKS} streams")),
                Err(what) => why.push(format!("stream 0x{:X} is passed over: {what}", candidate.owner.id())),
            }
        }
        let firsts = survey.tracks.iter().map(|found| found.first);
        let Some(zero) = firsts.reduce(|zero, first| if distance(zero, first) < 0 { first } else { zero }) else {
            if scrambled {
                return Err(Unsupported::Encrypted { what: "it is scrambled".to_owned() }.into());
            }
            let untimed = "none of its streams has a time stamp in the first 16 MiB";
            let why = if why.is_empty() { untimed.to_owned() } else { why.join(", ") };
            return Err(Unsupported::NoTracks { why }.into());
        };
        for what in why {
            notes.push(what);
        }
        survey.zero = zero;
        Ok(survey)
    }

    /// Takes a packet, and returns whether it is scrambled.
    fn packet(&mut self, bytes: &[u8], candidates: &mut Vec<PsCandidate>) -> bool {
        if !self.plain
            && let Some(packet) = PesPacket::read(bytes, true).filter(|packet| packet.owner.stream == PRIVATE)
            && bytes.get(packet.header..).is_some_and(content::is_plain)
        {
            // The earlier data of the stream are the rest of a frame.
            self.plain = true;
            candidates.retain(|candidate| candidate.owner.stream != PRIVATE);
        }
        let Some(packet) = PesPacket::read(bytes, self.plain) else { return false };
        if packet.scrambled {
            return true;
        }
        let place = candidates.iter().position(|candidate| candidate.owner == packet.owner);
        if place.is_none() && candidates.len() < 4 * MAX_TRACKS {
            candidates.push(PsCandidate { owner: packet.owner, first: None, prefix: Vec::new() });
        }
        let place = place.unwrap_or(candidates.len().saturating_sub(1));
        let Some(candidate) = candidates.get_mut(place) else {
            return false;
        };
        if candidate.owner == packet.owner {
            candidate.first = candidate.first.or(packet.times.map(|(presented, _)| presented));
            let data = bytes.get(packet.header..).unwrap_or_default();
            let room = PREFIX.saturating_sub(candidate.prefix.len()).min(data.len());
            candidate.prefix.extend_from_slice(data.get(..room).unwrap_or_default());
        }
        false
    }

    /// The `stream_type` of a stream in the program stream map (§2.5.4.2).
    fn mapped(&self, stream: u8) -> Option<u8> {
        let length = |at: usize| Some(usize::from(u16::from_be_bytes(*self.map.get(at..)?.first_chunk()?)));
        let mut at = 10 + length(8)?;
        let end = at + 2 + length(at)?;
        at += 2;
        while at + 4 <= end {
            let [kind, id] = *self.map.get(at..)?.first_chunk()?;
            if id == stream {
                return Some(kind);
            }
            at += 4 + length(at + 2)?;
        }
        None
    }
}

/// Pictures come first.
const fn order(owner: Owner) -> (bool, u8) {
    (!matches!(owner.stream, 0xE0..=0xEF), owner.stream)
}

impl PsCandidate {
    /// The stream, or the reason why it is skipped.
    fn found(&self, survey: &PsSurvey) -> Result<PsStream, String> {
        let owner = self.owner;
        let codec = match (owner.stream, survey.mapped(owner.stream)) {
            (PRIVATE, _) if survey.plain => Some(MpegCodec::Ac3),
            (PRIVATE, _) => owner.codec(),
            (_, Some(kind)) => Some(MpegCodec::of_type(kind)?),
            (0xC0..=0xDF, None) => content::sound(&self.prefix),
            (0xE0..=0xEF, None) => content::pictures(&self.prefix),
            _ => None,
        };
        let codec = codec.ok_or_else(|| owner.other())?;
        let first = self.first.ok_or("it has no time stamp in the first 16 MiB")?;
        Ok(PsStream {
            owner,
            stream: outline::StreamOutline::new(codec, content::properties(codec, &self.prefix)),
            first,
        })
    }
}
