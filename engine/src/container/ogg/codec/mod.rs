//! Codecs in Ogg: what is a module's own here is what each has to say of its headers, of how long a packet lasts, and of what a
//! granule position means.

mod comments;
mod flac;
mod opus;
mod speex;
mod theora;
mod vorbis;

use std::ops::{Deref, DerefMut};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::media::{Kind, Ticks, Timescale};

/// What is known of a packet from its first bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packet {
    /// How long it lasts.
    pub duration: Ticks,
    /// Decoding can begin at it.
    pub sync: bool,
    /// Bytes of the header that says its number, where packets are [numbered](Mapping::is_numbered).
    pub header: usize,
}

/// How a codec is laid into Ogg.
///
/// A position is a time in ticks, as the codec's granule positions count it: of Opus with the pre-skip.
pub trait Mapping: Send {
    /// What it is for.
    fn kind(&self) -> Kind {
        Kind::Audio
    }

    /// The name of the codec, as the `codecs` parameter of a MIME type has it.
    fn codec(&self) -> &'static str;

    /// What its ticks are.
    fn timescale(&self) -> Timescale;

    /// Width and height in pixels, of video.
    fn dimensions(&self) -> Option<(u32, u32)> {
        None
    }

    /// How many channels, of audio, where its header says so. Its sample rate is its ticks' a second.
    fn channels(&self) -> Option<u16> {
        None
    }

    /// How much has to be decoded before the first sample that is to be heard is right.
    fn preroll(&self) -> Ticks {
        Ticks::ZERO
    }

    /// How much at the beginning of the stream is decoded and not presented.
    fn skip(&self) -> Ticks {
        Ticks::ZERO
    }

    /// Whether its headers can say how much that is.
    fn skips(&self) -> bool {
        false
    }

    /// Reads a header packet, counted from 0, and says whether more follow.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    fn header(&mut self, place: usize, packet: &[u8]) -> Result<bool, String>;

    /// What a packet is, of which these are at least the first 255 bytes, or all.
    fn packet(&mut self, start: &[u8]) -> Packet;

    /// The position at the end of the packet of which a page has this granule position.
    fn end(&self, granule: i64) -> Ticks {
        Ticks(granule)
    }

    /// The granule position of a packet that ends at this position, where the last sync sample is at the other.
    fn granule(&self, end: Ticks, _sync: Ticks) -> i64 {
        end.0
    }

    /// The header packets that a cut takes over, of those of the file: without pictures and all too long comments.
    fn setup(&self, headers: &[Bytes]) -> Vec<Bytes>;

    /// The header packets of a cut: those of [`Mapping::setup`], where so much of it is decoded and not presented and so much
    /// is there in all.
    fn headers(&self, setup: Vec<Bytes>, _skip: Ticks, _total: Ticks) -> Vec<Bytes> {
        setup
    }

    /// Whether a packet says in its header which it is, and has a checksum of two bytes at its end.
    fn is_numbered(&self) -> bool {
        false
    }

    /// Whether the position of the last page may say that less than all of its last packet is to be heard.
    fn trims_last_page(&self) -> bool {
        self.kind() == Kind::Audio
    }

    /// Where a first page with a packet before the beginning, and the one in which it lies, says by its granule position where
    /// in it the beginning is.
    fn trims_first_page(&self) -> bool {
        false
    }
}

/// The codec of a logical stream, with what it knows of its headers and of its last packet.
#[derive(Serialize, Deserialize)]
pub enum Codec {
    Vorbis(vorbis::Vorbis),
    Opus(opus::Opus),
    Flac(flac::Flac),
    Theora(theora::Theora),
    Speex(speex::Speex),
}

impl Deref for Codec {
    type Target = dyn Mapping;

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

impl DerefMut for Codec {
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

/// The header packet of a logical stream that is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// It is of no use for playback: Skeleton.
    Silent,
    /// Nothing is known of its granule positions; the text names it.
    Unknown(String),
    /// It is of a known codec, but it is broken, or of a kind that is not supported.
    Broken(String),
}

/// The codec of a logical stream that begins with this packet.
///
/// # Errors
///
/// Why the stream is to be passed over.
pub fn recognise(packet: &[u8]) -> Result<Codec, Foreign> {
    let broken = Foreign::Broken;
    match packet {
        _ if packet.starts_with(vorbis::MAGIC) => vorbis::Vorbis::parse(packet).map(Codec::Vorbis).map_err(broken),
        _ if packet.starts_with(opus::MAGIC) => opus::Opus::parse(packet).map(Codec::Opus).map_err(broken),
        _ if packet.starts_with(flac::MAGIC) => flac::Flac::parse(packet).map(Codec::Flac).map_err(broken),
        _ if packet.starts_with(theora::MAGIC) => theora::Theora::parse(packet).map(Codec::Theora).map_err(broken),
        _ if packet.starts_with(speex::MAGIC) => speex::Speex::parse(packet).map(Codec::Speex).map_err(broken),
        _ if packet.starts_with(b"fishead\0") => Err(Foreign::Silent),
        _ => {
            let name = packet.iter().skip_while(|byte| !byte.is_ascii_alphanumeric()).take(8);
            let name: String =
                name.take_while(|byte| byte.is_ascii_alphanumeric()).map(|byte| char::from(*byte)).collect();
            Err(Foreign::Unknown(if name.is_empty() { "no name".to_owned() } else { name }))
        }
    }
}

/// Whether playback of a track with a codec of this name can begin at any instant.
pub fn starts_exactly(codec: &str) -> bool {
    matches!(codec, "opus" | "vorbis")
}

/// Whether a track with a codec of this name [trims its first page](Mapping::trims_first_page).
pub fn trims_first_page(codec: &str) -> bool {
    codec == "vorbis"
}

/// A number of four bytes at a place, the lowest byte first.
fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A number of two to four bytes at a place, the highest byte first.
fn be(bytes: &[u8], at: usize, length: usize) -> Option<u32> {
    let digits = bytes.get(at..)?.get(..length)?;
    Some(digits.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
}
