//! Codecs in Ogg. Each module implements its headers, the duration of a packet, and the meaning of a granule position.

mod comments;
pub mod flac;
mod opus;
mod speex;
mod theora;
mod vorbis;

use std::ops::{Deref, DerefMut};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::media::{Kind, Ticks, Timescale};

/// What the first bytes of a packet show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OggPacket {
    /// Its duration.
    pub duration: Ticks,
    /// Whether decoding can begin at it.
    pub sync: bool,
    /// The length of the header with its number, if packets are [numbered](OggMapping::is_numbered).
    pub header: usize,
}

/// The mapping of a codec to Ogg.
///
/// A position is a time in ticks, as the codec's granule positions count it: for Opus including the pre-skip.
pub trait OggMapping: Send {
    /// The kind of its tracks.
    fn kind(&self) -> Kind {
        Kind::Audio
    }

    /// The name of the codec for the `codecs` parameter of a MIME type.
    fn codec(&self) -> &'static str;

    /// The length of its ticks.
    fn timescale(&self) -> Timescale;

    /// Width and height in pixels, of video.
    fn dimensions(&self) -> Option<(u32, u32)> {
        None
    }

    /// Audio: the number of channels, if its header gives it. The sample rate is the number of ticks a second.
    fn channels(&self) -> Option<u16> {
        None
    }

    /// How much has to be decoded before the first audible sample is right.
    fn preroll(&self) -> Ticks {
        Ticks::ZERO
    }

    /// How much is decoded at the beginning of the stream without being presented.
    fn skip(&self) -> Ticks {
        Ticks::ZERO
    }

    /// Whether its headers can declare that amount.
    fn skips(&self) -> bool {
        false
    }

    /// Reads a header packet, numbered from 0, and returns whether more follow.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    fn header(&mut self, place: usize, packet: &[u8]) -> Result<bool, String>;

    /// The description of a packet, given at least its first 255 bytes, or all.
    fn packet(&mut self, start: &[u8]) -> OggPacket;

    /// The position at the end of the packet to which a page's granule position refers.
    fn end(&self, granule: i64) -> Ticks {
        Ticks(granule)
    }

    /// The granule position of a packet that ends at `end`; `_sync` is the position of the last sync sample.
    fn granule(&self, end: Ticks, _sync: Ticks) -> i64 {
        end.0
    }

    /// The header packets of the file that a cut copies, without pictures and long comments.
    fn setup(&self, headers: &[Bytes]) -> Vec<Bytes>;

    /// The header packets of a cut: those of [`OggMapping::setup`], with this amount that is decoded but not presented,
    /// and this total.
    fn headers(&self, setup: Vec<Bytes>, _skip: Ticks, _total: Ticks) -> Vec<Bytes> {
        setup
    }

    /// Whether a packet has its number in its header, and a checksum of two bytes at its end.
    fn is_numbered(&self) -> bool {
        false
    }

    /// Whether the position of the last page may declare that its last packet is not played completely.
    fn trims_last_page(&self) -> bool {
        self.kind() == Kind::Audio
    }

    /// Whether the granule position of a first page, with a packet before the beginning and the packet that contains
    /// it, can declare where the beginning is.
    fn trims_first_page(&self) -> bool {
        false
    }
}

/// The codec of a logical stream, with its headers and the state of its last packet.
#[derive(Serialize, Deserialize)]
pub enum OggCodec {
    Vorbis(vorbis::Vorbis),
    Opus(opus::Opus),
    Flac(flac::OggFlac),
    Theora(theora::Theora),
    Speex(speex::Speex),
}

impl Deref for OggCodec {
    type Target = dyn OggMapping;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Vorbis(codec) => codec,
            Self::Opus(codec) => codec,
            Self::Flac(codec) => codec,
            Self::Theora(codec) => codec,
            Self::Speex(codec) => codec,
        }
    }
}

impl DerefMut for OggCodec {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Self::Vorbis(codec) => codec,
            Self::Opus(codec) => codec,
            Self::Flac(codec) => codec,
            Self::Theora(codec) => codec,
            Self::Speex(codec) => codec,
        }
    }
}

/// A logical stream that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// It is irrelevant for playback: Skeleton.
    Silent,
    /// Its granule positions are not supported; the text names it.
    Unknown(String),
    /// Its codec is known, but it is damaged, or of an unsupported kind.
    Broken(String),
}

/// The codec of a logical stream that begins with this packet.
///
/// # Errors
///
/// Why the stream is skipped.
pub fn recognise(packet: &[u8]) -> Result<OggCodec, Foreign> {
    let broken = Foreign::Broken;
    match packet {
        _ if packet.starts_with(vorbis::MAGIC) => vorbis::Vorbis::parse(packet).map(OggCodec::Vorbis).map_err(broken),
        _ if packet.starts_with(opus::MAGIC) => opus::Opus::parse(packet).map(OggCodec::Opus).map_err(broken),
        _ if packet.starts_with(flac::MAGIC) => flac::OggFlac::parse(packet).map(OggCodec::Flac).map_err(broken),
        _ if packet.starts_with(theora::MAGIC) => theora::Theora::parse(packet).map(OggCodec::Theora).map_err(broken),
        _ if packet.starts_with(speex::MAGIC) => speex::Speex::parse(packet).map(OggCodec::Speex).map_err(broken),
        _ if packet.starts_with(b"fishead\0") => Err(Foreign::Silent),
        _ => {
            let name = packet.iter().skip_while(|byte| !byte.is_ascii_alphanumeric()).take(8);
            let name: String =
                name.take_while(|byte| byte.is_ascii_alphanumeric()).map(|byte| char::from(*byte)).collect();
            Err(Foreign::Unknown(if name.is_empty() { "no name".to_owned() } else { name }))
        }
    }
}

/// Whether playback of a track with this codec can begin at any instant.
pub fn starts_exactly(codec: &str) -> bool {
    matches!(codec, "opus" | "vorbis")
}

/// Whether a track with this codec [trims its first page](OggMapping::trims_first_page).
pub fn trims_first_page(codec: &str) -> bool {
    codec == "vorbis"
}

/// A little-endian number of four bytes at an offset.
fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A big-endian number of two to four bytes at an offset.
fn be(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    let digits = bytes.get(at..)?.get(..length)?;
    Some(digits.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
}
