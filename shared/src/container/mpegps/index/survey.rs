//! What is found out of a file before its samples are read: which streams it has, and what their data say of them.

use super::super::pack::{self, LONGEST, Owner, PRIVATE, Packet, Unit, unit};
use crate::container::mpeg::clock::distance;
use crate::container::mpeg::codec::{Codec, Looks, nal};
use crate::container::notes::Notes;
use crate::container::stream::Stream;
use crate::container::{Error, Source};

/// How far into the file its streams have to begin: some seconds of the fastest disc.
const SURVEYED: u64 = 16 << 20;
/// How much of a stream is looked at to find out what it is: a group of pictures.
const PREFIX: usize = 1 << 20;
/// How many tracks there may be.
const MAX_TRACKS: usize = 32;
/// The longest system header and program stream map that are kept.
const MAX_HEADER: usize = 1024;
/// How far into a file its first pack may begin.
pub const REACH: usize = 4096;

/// What is known of a file.
#[derive(Debug)]
pub struct Survey {
    /// Where the first pack begins.
    pub start: u64,
    /// Where the headers end that a player needs.
    pub headers: u64,
    /// It is a system stream of MPEG-1.
    pub old: bool,
    /// Its first system header and program stream map.
    pub system: Vec<u8>,
    pub map: Vec<u8>,
    /// Private stream 1 has no substreams.
    pub plain: bool,
    pub tracks: Vec<Found>,
    /// The time stamp of the first presentation.
    pub zero: u64,
}

/// A stream that is there.
#[derive(Clone, Debug)]
pub struct Found {
    pub owner: Owner,
    pub codec: Codec,
    pub looks: Looks,
    /// The time stamp of its first presentation.
    pub first: u64,
}

/// A stream that may be there.
struct Candidate {
    owner: Owner,
    first: Option<u64>,
    prefix: Vec<u8>,
}

impl Survey {
    /// Reads the beginning of the file.
    pub async fn of<S: Source>(stream: &mut Stream<'_, S>, notes: &mut Notes) -> Result<Self, Error> {
        let bytes = stream.peek(REACH).await?;
        let start = pack::find(bytes, true).ok_or(Error::Unknown)? as u64;
        let old = bytes.get(usize::try_from(start).unwrap_or(0)..).is_some_and(pack::is_old);
        let (system, map) = (Vec::new(), Vec::new());
        let mut survey = Self { start, headers: start, old, system, map, plain: false, tracks: Vec::new(), zero: 0 };
        let (mut candidates, mut scrambled) = (Vec::new(), false);
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
            let first = candidates.is_empty();
            match unit {
                Unit::System if survey.system.is_empty() && length <= MAX_HEADER => survey.system = bytes.to_vec(),
                Unit::Map if survey.map.is_empty() && length <= MAX_HEADER => survey.map = bytes.to_vec(),
                Unit::Packet(_) => scrambled |= survey.packet(bytes, &mut candidates),
                _ => {}
            }
            if first && !matches!(unit, Unit::Packet(_)) {
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
            return Err(Error::Unsupported(match (scrambled, why.is_empty()) {
                (true, _) => "it is scrambled".to_owned(),
                (false, true) => "none of its streams has a time stamp in the first 16 MiB".to_owned(),
                (false, false) => why.join(", "),
            }));
        };
        for what in why {
            notes.push(what);
        }
        survey.zero = zero;
        Ok(survey)
    }

    /// Takes a packet, and says whether it is scrambled.
    fn packet(&mut self, bytes: &[u8], candidates: &mut Vec<Candidate>) -> bool {
        let is_first = |candidates: &[Candidate]| candidates.iter().all(|candidate| candidate.owner.stream != PRIVATE);
        if !self.plain
            && is_first(candidates)
            && let Some(packet) = Packet::read(bytes, true).filter(|packet| packet.owner.stream == PRIVATE)
        {
            self.plain = bytes.get(packet.header..).is_some_and(|data| data.starts_with(&[0x0B, 0x77]));
        }
        let Some(packet) = Packet::read(bytes, self.plain) else { return false };
        if packet.scrambled {
            return true;
        }
        let place = candidates.iter().position(|candidate| candidate.owner == packet.owner);
        if place.is_none() && candidates.len() < 4 * MAX_TRACKS {
            candidates.push(Candidate { owner: packet.owner, first: None, prefix: Vec::new() });
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

    /// The `stream_type` that the program stream map (§2.5.4.2) has for a stream.
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

impl Candidate {
    /// What it is; else, why it is passed over.
    fn found(&self, survey: &Survey) -> Result<Found, String> {
        let owner = self.owner;
        let mapped = survey.mapped(owner.stream).filter(|_| owner.stream != PRIVATE).and_then(Codec::of_type);
        let codec = match owner.stream {
            _ if mapped.is_some() => mapped,
            0xC0..=0xDF => Some(if looks_like_adts(&self.prefix) { Codec::Adts } else { Codec::MpegAudio }),
            0xE0..=0xEF => pictures(&self.prefix),
            PRIVATE if survey.plain => Some(Codec::Ac3),
            PRIVATE => owner.codec(),
            _ => None,
        };
        let codec = codec.ok_or_else(|| owner.other())?;
        let first = self.first.ok_or("it has no time stamp in the first 16 MiB")?;
        let looks = self.looks(codec);
        Ok(Found {
            owner,
            codec,
            looks: looks.unwrap_or_else(|| Looks { name: codec.name().to_owned(), dimensions: None }),
            first,
        })
    }

    /// Sound may begin in the middle of a frame.
    fn looks(&self, codec: Codec) -> Option<Looks> {
        match codec {
            Codec::MpegAudio | Codec::Adts => {
                let mut starts = (0..self.prefix.len().min(8192)).filter_map(|start| self.prefix.get(start..));
                starts.find_map(|bytes| codec.looks(bytes))
            }
            Codec::Ac3 if self.prefix.get(5).is_some_and(|id| id >> 3 > 10) => {
                Some(Looks { name: Codec::Eac3.name().to_owned(), dimensions: None })
            }
            _ => codec.looks(&self.prefix),
        }
    }
}

/// ADTS has a sync word that is no layer of MPEG audio.
fn looks_like_adts(bytes: &[u8]) -> bool {
    matches!(bytes, [0xFF, second, ..] if second & 0xF6 == 0xF0)
}

/// The codec of pictures, by the first of their start codes that tells.
fn pictures(bytes: &[u8]) -> Option<Codec> {
    nal::units(bytes).take(4096).find_map(|unit| match *unit {
        [0xB3 | 0xB8, ..] | [0x00, _, _, ..] => Some(Codec::Mpeg),
        [0xB0 | 0xB6 | 0x20..=0x2F, ..] => Some(Codec::Visual),
        [0x40 | 0x42 | 0x44 | 0x46, 1, ..] => Some(Codec::Hevc),
        [header, ..] if header & 0x80 == 0 && matches!(header & 0x1F, 7 | 9) => Some(Codec::H264),
        _ => None,
    })
}
