//! `LIST hdrl`: AVIMAINHEADER, and for each stream AVISTREAMHEADER and its format.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::opendml;
use super::picture::AviPictures;
use super::riff::{self, FourCc, u16_at, u32_at};
use crate::codec::KeyframeCoding;
use crate::codec::windows::BITMAP_INFO;
use crate::container::notes::Notes;
use crate::media::{Kind, Setup, Ticks, Timescale, Track};

/// The maximum number of streams: two digits name them.
pub const MAX_STREAMS: usize = 100;
/// Bytes of AVIMAINHEADER, and of AVISTREAMHEADER up to its rectangle.
pub const AVIH: usize = 56;
pub const STRH: usize = 48;
/// The offsets of dwInitialFrames, dwStart and dwLength in an AVISTREAMHEADER.
pub const INITIAL_FRAMES: usize = 16;
pub const START: usize = 28;
pub const LENGTH: usize = 32;
/// The offsets of dwScale, dwRate and dwSampleSize in it.
const SCALE: usize = 20;
const RATE: usize = 24;
pub const SAMPLE_SIZE: usize = 44;

/// Ticks a second for a stream with fewer units.
const FINEST: u32 = 90_000;

/// Format tags of WAVEFORMATEX for sound that can be cut between any two blocks: PCM, ADPCM, float, A-law, µ-law.
const PLAIN: [u16; 6] = [0x0001, 0x0002, 0x0003, 0x0006, 0x0007, 0x0011];
/// Format tags for sound in frames, where nBlockAlign is the longest frame if a chunk is one: MP2, MP3, AAC, AC-3.
const FRAMED: [u16; 6] = [0x0050, 0x0055, 0x00FF, 0x706D, 0x1600, 0x2000];
/// An nBlockAlign up to this size is that of plain samples, whatever the format.
const SMALLEST_FRAME: u32 = 4;

/// The meaning of a stream's chunks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct AviStream {
    /// The position of its track; `None` if the stream is skipped.
    pub place: Option<usize>,
    /// How its frames show whether they are keyframes.
    pub coding: KeyframeCoding,
    /// How they show their presentation order; `None` if it is the decode order.
    pub pictures: Option<AviPictures>,
    /// The relation of its chunks to samples.
    pub unit: ChunkUnit,
    /// The length of one unit of `dwScale/dwRate` in ticks, and how many units precede the first sample.
    pub scale: Ticks,
    pub start: Ticks,
}

/// The relation of chunks to samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChunkUnit {
    /// A chunk is a sample with a duration of one unit, even if it is empty.
    Chunk,
    /// A chunk is a sample with a duration of one unit for each started block of this size: zero if it is empty.
    Frames(u32),
    /// A chunk is a sample with a duration of one unit for each block of this size.
    Bytes(u32),
    /// Each block of this size is a sample.
    Blocks(u32),
}

/// The headers of a file.
#[derive(Clone, Debug, Default)]
pub struct AviHeaders {
    /// AVIMAINHEADER.
    pub main: Bytes,
    /// The streams, by their numbers.
    pub streams: Vec<AviStream>,
    /// The index chunks that the headers of each stream name.
    pub indexes: Vec<Vec<opendml::IndexChunk>>,
    /// The tracks of those that can be served.
    pub tracks: Vec<Track>,
}

impl AviHeaders {
    /// Parses the data of the list, without its type.
    pub fn parse(data: &[u8], notes: &mut Notes) -> Self {
        let mut headers = Self::default();
        for (id, body) in riff::chunks(data) {
            match (&id, body) {
                (b"avih", _) => headers.main = Bytes::copy_from_slice(body),
                (b"LIST", [b's', b't', b'r', b'l', list @ ..]) if headers.streams.len() < MAX_STREAMS => {
                    headers.stream(list, notes);
                }
                _ => {}
            }
        }
        headers
    }

    /// Takes the headers of the next stream.
    fn stream(&mut self, list: &[u8], notes: &mut Notes) {
        let number = self.streams.len();
        let none = AviStream {
            place: None,
            coding: KeyframeCoding::Unknown,
            pictures: None,
            unit: ChunkUnit::Chunk,
            scale: Ticks::ZERO,
            start: Ticks::ZERO,
        };
        let found = |wanted: &FourCc| riff::chunks(list).find_map(|(id, body)| (&id == wanted).then_some(body));
        let header = found(b"strh").unwrap_or_default();
        let format = found(b"strf").unwrap_or_default();
        let stream = self.track(number, list, header, format);
        if stream.is_none() {
            let kind = header.get(..4).unwrap_or_default().escape_ascii();
            notes.push(format!("stream {number} of type {kind} is passed over"));
        }
        self.streams.push(stream.unwrap_or(none));
        self.indexes.push(opendml::index_chunks(found(b"indx").unwrap_or_default()));
    }

    /// A stream with its track, which is added; `None` if it is of an unknown kind, or has no rate.
    fn track(&mut self, number: usize, list: &[u8], header: &[u8], format: &[u8]) -> Option<AviStream> {
        let video = match header.get(..4)? {
            b"vids" => true,
            b"auds" => false,
            _ => return None,
        };
        let (timescale, scale) = units(header)?;
        if scale == Ticks::ZERO || header.len() < STRH || format.is_empty() {
            return None;
        }
        let unit = if video { ChunkUnit::Chunk } else { unit(u32_at(header, SAMPLE_SIZE), format) };
        let compression = format.get(16..20).and_then(|name| name.first_chunk()).copied().unwrap_or_default();
        let coding = if video { KeyframeCoding::of(compression) } else { KeyframeCoding::Intra };
        let dimensions = (u32_at(format, 4), u32_at(format, 8).cast_signed().unsigned_abs());
        let codec = if video { coding.name(compression) } else { sound(u16_at(format, 0)) };
        let place = self.tracks.len();
        self.tracks.push(Track {
            name: name(list),
            dimensions: video.then_some(dimensions),
            // nChannels and nSamplesPerSec of WAVEFORMATEX.
            sample_rate: Some(u32_at(format, 4)).filter(|rate| !video && *rate > 0),
            channels: Some(u16_at(format, 2)).filter(|channels| !video && *channels > 0),
            ..Track::new(
                number as u64,
                if video { Kind::Video } else { Kind::Audio },
                codec,
                timescale,
                Setup::Inline(kept(list)),
            )
        });
        let start = scale.times(i64::from(u32_at(header, START)));
        // More than an hour before the first sample is not a delay but garbage.
        let start = if start > timescale.ticks(crate::media::Time::from_secs(3600)) { Ticks::ZERO } else { start };
        let pictures = AviPictures::of(coding, format.get(BITMAP_INFO..).unwrap_or_default());
        Some(AviStream { place: Some(place), coding, pictures, unit, scale, start })
    }
}

/// The relation of chunks of sound to samples, by `dwSampleSize` and WAVEFORMATEX. Writers of variable bit rates rely
/// on DirectShow's behaviour: the length of a chunk, in units of nBlockAlign and rounded up, is its duration.
pub fn unit(size: u32, format: &[u8]) -> ChunkUnit {
    let (tag, block) = (u16_at(format, 0), u32::from(u16_at(format, 12)));
    let framed = FRAMED.contains(&tag) && block > SMALLEST_FRAME;
    match size {
        size if size > 0 && PLAIN.contains(&tag) => ChunkUnit::Blocks(size),
        // The samples of a frame, in place of its bytes.
        1024 | 1152 | 4096 if framed && size == block => ChunkUnit::Frames(block),
        0 if framed => ChunkUnit::Frames(block),
        0 => ChunkUnit::Chunk,
        size => ChunkUnit::Bytes(size),
    }
}

/// The timescale of a stream with this AVISTREAMHEADER, and the length of a unit of `dwScale/dwRate` in ticks. Ticks
/// are shorter than a millisecond even if the header defines one tick a frame, because requests name parts of frames.
pub fn units(header: &[u8]) -> Option<(Timescale, Ticks)> {
    let rate = u32_at(header, RATE);
    let finer = FINEST.checked_div(rate)?.max(1);
    let timescale = Timescale::per_second(rate.checked_mul(finer)?)?;
    Some((timescale, Ticks(i64::from(u32_at(header, SCALE)).saturating_mul(i64::from(finer)))))
}

/// A stream's name (`strn`).
fn name(list: &[u8]) -> Option<String> {
    let (_, name) = riff::chunks(list).find(|(id, _)| id == b"strn")?;
    let name = String::from_utf8_lossy(name);
    let name = name.trim_matches(['\0', ' ']);
    (!name.is_empty()).then(|| name.chars().take(255).collect())
}

/// The headers of a stream that a cut copies: without its index and fillers.
fn kept(list: &[u8]) -> Bytes {
    let mut kept = Vec::with_capacity(list.len());
    for (id, body) in riff::chunks(list).filter(|(id, _)| !matches!(id, b"indx" | b"JUNK")) {
        riff::put(&mut kept, id, body);
    }
    kept.into()
}

/// The name of sound with this format tag (WAVEFORMATEX.wFormatTag).
fn sound(tag: u16) -> String {
    let name = match tag {
        0x0001 | 0x0003 => "pcm",
        0x0002 | 0x0011 => "adpcm",
        0x0006 => "alaw",
        0x0007 => "ulaw",
        0x0050 => "mp2",
        0x0055 => "mp3",
        0x00FF | 0x706D | 0x1600 => "mp4a.40.2",
        0x2000 => "ac-3",
        0x2001 => "dts",
        _ => return format!("wFormatTag {tag:#06x}"),
    };
    name.to_owned()
}
