//! `LIST hdrl`: AVIMAINHEADER, and for each stream AVISTREAMHEADER and its format.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::opendml;
use super::picture::Pictures;
use super::riff::{self, FourCc, u16_at, u32_at};
use crate::codec::Coding;
use crate::container::notes::Notes;
use crate::media::{Kind, Setup, Ticks, Timescale, Track};

/// How many streams a file may have: two digits name them.
pub const MAX_STREAMS: usize = 100;
/// Bytes of AVIMAINHEADER, and of AVISTREAMHEADER up to its rectangle.
pub const AVIH: usize = 56;
pub const STRH: usize = 48;
/// Bytes of a BITMAPINFOHEADER, behind which the codec's own headers may stand.
const BITMAP_INFO: usize = 40;
/// Where in an AVISTREAMHEADER dwInitialFrames, dwStart and dwLength stand.
pub const INITIAL_FRAMES: usize = 16;
pub const START: usize = 28;
pub const LENGTH: usize = 32;
/// Where in it dwScale, dwRate and dwSampleSize stand.
const SCALE: usize = 20;
const RATE: usize = 24;
const SAMPLE_SIZE: usize = 44;

/// Ticks a second of a stream with fewer units.
const FINEST: u32 = 90_000;

/// Format tags of WAVEFORMATEX whose sound can be cut between any two blocks: PCM, ADPCM, float, A-law, µ-law.
const PLAIN: [u16; 6] = [0x0001, 0x0002, 0x0003, 0x0006, 0x0007, 0x0011];
/// Those of frames, of which nBlockAlign is the longest where a chunk is one: MP2, MP3, AAC, AC-3.
const FRAMED: [u16; 6] = [0x0050, 0x0055, 0x00FF, 0x706D, 0x1600, 0x2000];
/// An nBlockAlign that is no longer than this is that of plain samples, whatever the sound is.
const SMALLEST_FRAME: u32 = 4;

/// What chunks of a stream mean.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stream {
    /// The place of its track; `None` where the stream is passed over.
    pub place: Option<usize>,
    /// How its frames say that they are keyframes.
    pub coding: Coding,
    /// How they say when they are shown; `None` where that is when they are decoded.
    pub pictures: Option<Pictures>,
    /// How its chunks are samples.
    pub unit: Unit,
    /// Ticks that one unit of `dwScale/dwRate` lasts, and how many of them come before the first.
    pub scale: Ticks,
    pub start: Ticks,
}

/// How a chunk is samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    /// It is one, which lasts a unit, also where it is empty.
    Chunk,
    /// It is one, which lasts a unit for each so many bytes that it begins: none where it is empty.
    Frames(u32),
    /// It is one, which lasts a unit for each so many bytes.
    Bytes(u32),
    /// Each so many bytes are one.
    Blocks(u32),
}

/// The headers of a file.
#[derive(Clone, Debug, Default)]
pub struct Headers {
    /// AVIMAINHEADER.
    pub main: Bytes,
    /// The streams, by their numbers.
    pub streams: Vec<Stream>,
    /// Of each of them, the index chunks that its headers name.
    pub indexes: Vec<Vec<opendml::Part>>,
    /// The tracks of those that can be given out.
    pub tracks: Vec<Track>,
}

impl Headers {
    /// From the data of the list, less its type.
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
        let none = Stream {
            place: None,
            coding: Coding::Unknown,
            pictures: None,
            unit: Unit::Chunk,
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
        self.indexes.push(opendml::parts(found(b"indx").unwrap_or_default()));
    }

    /// A stream with its track, which is added; `None` where it is of no known kind, or has no rate.
    fn track(&mut self, number: usize, list: &[u8], header: &[u8], format: &[u8]) -> Option<Stream> {
        let video = match header.get(..4)? {
            b"vids" => true,
            b"auds" => false,
            _ => return None,
        };
        let (timescale, scale) = units(header)?;
        if scale == Ticks::ZERO || header.len() < STRH || format.is_empty() {
            return None;
        }
        let unit = if video { Unit::Chunk } else { unit(u32_at(header, SAMPLE_SIZE), format) };
        let compression = format.get(16..20).and_then(|name| name.first_chunk()).copied().unwrap_or_default();
        let coding = if video { Coding::of(compression) } else { Coding::Intra };
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
        // More than an hour before the first sample is no delay but garbage.
        let start = if start > timescale.ticks(crate::media::Time::from_secs(3600)) { Ticks::ZERO } else { start };
        let pictures = Pictures::of(coding, format.get(BITMAP_INFO..).unwrap_or_default());
        Some(Stream { place: Some(place), coding, pictures, unit, scale, start })
    }
}

/// How chunks of sound are samples, by `dwSampleSize` and its WAVEFORMATEX. What DirectShow does with them is what writers
/// of variable bit rates count on: the length of a chunk, in units of nBlockAlign and rounded up, is how long it lasts.
fn unit(size: u32, format: &[u8]) -> Unit {
    let (tag, block) = (u16_at(format, 0), u32::from(u16_at(format, 12)));
    let framed = FRAMED.contains(&tag) && block > SMALLEST_FRAME;
    match size {
        size if size > 0 && PLAIN.contains(&tag) => Unit::Blocks(size),
        // The samples of a frame, where its bytes should be.
        1024 | 1152 | 4096 if framed && size == block => Unit::Frames(block),
        0 if framed => Unit::Frames(block),
        0 => Unit::Chunk,
        size => Unit::Bytes(size),
    }
}

/// The ticks of a stream with this AVISTREAMHEADER, and how many of them a unit of `dwScale/dwRate` lasts. They are shorter
/// than a millisecond, where the header would have a frame be one tick: people ask for parts of frames.
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

/// What a cut takes over of a stream's headers: all but its index, and what fills gaps.
fn kept(list: &[u8]) -> Bytes {
    let mut kept = Vec::with_capacity(list.len());
    for (id, body) in riff::chunks(list).filter(|(id, _)| !matches!(id, b"indx" | b"JUNK")) {
        riff::put(&mut kept, id, body);
    }
    kept.into()
}

/// The name of sound of this format tag (WAVEFORMATEX.wFormatTag).
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
