//! Parses the first bytes of a payload: AudioTagHeader (Annex E.4.2.1), VideoTagHeader (E.4.3.1), and their extensions
//! in Enhanced RTMP (ExAudioTagHeader, ExVideoTagHeader).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::codec::{StreamProperties, aac, av1, avc, flac, hevc, mpeg_audio, opus, vp9};
use crate::media::Ticks;

/// The maximum number of bytes parsed of a payload.
pub const HEAD: usize = 48;

/// The codec of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FlvCodec {
    /// SoundFormat.
    Sound(u8),
    /// CodecID.
    Picture(u8),
    /// The FourCC of an enhanced tag.
    FourCc([u8; 4]),
}

impl FlvCodec {
    /// Whether separate tags configure its decoder.
    pub const fn configured(self) -> bool {
        match self {
            Self::Sound(format) => format == 10,
            Self::Picture(id) => id == 7 || id == 12,
            Self::FourCc(name) => matches!(&name, b"avc1" | b"hvc1" | b"vvc1" | b"mp4a"),
        }
    }

    /// The codec with its configuration for a MIME type (RFC 6381) if defined, else its name.
    pub fn name(self, configuration: &[u8]) -> String {
        match self {
            Self::Sound(10) | Self::FourCc([b'm', b'p', b'4', b'a']) => {
                aac::name(configuration).unwrap_or_else(|| aac::named(2))
            }
            Self::Picture(7) | Self::FourCc([b'a', b'v', b'c', b'1']) => avc::name("avc1", configuration),
            Self::Picture(12) | Self::FourCc([b'h', b'v', b'c', b'1']) => hevc::name("hvc1", configuration),
            Self::FourCc([b'a', b'v', b'0', b'1']) => av1::name(configuration),
            Self::FourCc([b'v', b'p', b'0', b'9']) => {
                vp9::VpConfiguration::parse(configuration).map_or_else(|| "vp9".to_owned(), |found| found.name("vp09"))
            }
            other => other.to_string(),
        }
    }

    /// The audio properties in the configuration.
    pub fn sound(self, configuration: &[u8]) -> Option<StreamProperties> {
        match self {
            Self::Sound(10) | Self::FourCc([b'm', b'p', b'4', b'a']) => {
                aac::AudioSpecificConfig::parse(configuration).map(|found| found.properties())
            }
            Self::FourCc([b'O', b'p', b'u', b's']) => {
                opus::OpusConfiguration::parse_head(configuration).ok().map(|found| found.properties())
            }
            Self::FourCc([b'f', b'L', b'a', b'C']) => {
                flac::StreamInfo::of_blocks(configuration).map(|found| found.properties())
            }
            _ => None,
        }
    }

    /// The duration to decode before the first audible sound, in milliseconds, rounded up; at this rate, or at a usual
    /// one.
    pub fn preroll(self, rate: Option<u32>) -> Ticks {
        let rate = rate.filter(|rate| *rate > 0).unwrap_or(44_100);
        let (samples, rate) = match self {
            Self::FourCc([b'O', b'p', b'u', b's']) => (opus::PREROLL, opus::RATE),
            Self::Sound(10) | Self::FourCc([b'm', b'p', b'4', b'a']) => (aac::PREROLL_FRAMES * aac::FRAME, rate),
            Self::Sound(2 | 14) | Self::FourCc([b'.', b'm', b'p', b'3']) => {
                (mpeg_audio::PREROLL_FRAMES * mpeg_audio::frame(rate), rate)
            }
            _ => return Ticks::ZERO,
        };
        Ticks((i64::from(samples) * 1000 + i64::from(rate) - 1) / i64::from(rate))
    }
}

/// The sample rate and channels in SoundRate and SoundType of a tag's first byte, or those fixed by the codec; `None`
/// if only a configuration has them.
pub fn stated(first: u8) -> Option<(u32, u16)> {
    let rate = 44_100 >> (3 - (first >> 2 & 3));
    match first >> 4 {
        10 | EX_AUDIO => None,
        // Nellymoser at 16 and at 8 kHz, G.711, Speex, MP3 at 8 kHz.
        4 | 11 => Some((16_000, 1)),
        5 => Some((8000, 1)),
        7 | 8 | 14 => Some((8000, u16::from(first & 1) + 1)),
        _ => Some((rate, u16::from(first & 1) + 1)),
    }
}

impl fmt::Display for FlvCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Sound(0 | 3) => "pcm",
            Self::Sound(1) => "adpcm-swf",
            Self::Sound(2 | 14) | Self::FourCc([b'.', b'm', b'p', b'3']) => "mp3",
            Self::Sound(4..=6) => "nellymoser",
            Self::Sound(7) => "alaw",
            Self::Sound(8) => "ulaw",
            Self::Sound(10) => "mp4a.40.2",
            Self::Sound(11) => "speex",
            Self::Picture(2) => "sorenson-h263",
            Self::Picture(3) => "screen",
            Self::Picture(4) => "vp6",
            Self::Picture(5) => "vp6a",
            Self::Picture(6) => "screen2",
            Self::Picture(7) => "avc1",
            Self::Picture(12) => "hvc1",
            Self::FourCc([b'O', b'p', b'u', b's']) => "opus",
            Self::FourCc([b'f', b'L', b'a', b'C']) => "flac",
            Self::Sound(other) => return write!(f, "SoundFormat {other}"),
            Self::Picture(other) => return write!(f, "CodecID {other}"),
            Self::FourCc(name) => return write!(f, "{}", name.escape_ascii()),
        };
        f.write_str(name)
    }
}

/// The content of a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagRole {
    /// A decoder configuration, which begins at this offset of the payload.
    Configuration(usize),
    /// A coded frame.
    Frame {
        /// Whether decoding can begin here.
        sync: bool,
        /// Presentation time minus decode time.
        composition: Ticks,
    },
    /// Nothing that a cut needs: the end of a sequence, a command, metadata.
    Aside,
    /// Frames of several tracks in one tag.
    Several,
}

/// The first bytes of a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TagPayload {
    /// The number among the tracks of its kind (trackId): 0, except in multitrack tags.
    pub number: u8,
    /// The codec.
    pub codec: FlvCodec,
    /// The content.
    pub role: TagRole,
    /// How many bytes stand before the data of its frame.
    pub from: usize,
}

impl TagPayload {
    /// From an audio tag. `None` if it is empty.
    pub fn audio(payload: &[u8]) -> Option<Self> {
        let (first, rest) = payload.split_first()?;
        let format = first >> 4;
        let frame = TagRole::Frame { sync: true, composition: Ticks::ZERO };
        if format == EX_AUDIO {
            let Enhanced { packet, codec, number, several, rest } = enhanced(first & 0x0F, rest, MULTITRACK_AUDIO)?;
            let role = match packet {
                _ if several => TagRole::Several,
                0 => TagRole::Configuration(payload.len() - rest.len()),
                1 => frame,
                _ => TagRole::Aside,
            };
            return Some(Self { number, codec, role, from: payload.len() - rest.len() });
        }
        let role = match (format, rest.first()) {
            (10, Some(0)) => TagRole::Configuration(2),
            (10, Some(1)) => frame,
            (10, _) => TagRole::Aside,
            _ if rest.is_empty() => TagRole::Aside,
            _ => frame,
        };
        Some(Self { number: 0, codec: FlvCodec::Sound(format), role, from: if format == 10 { 2 } else { 1 } })
    }

    /// From a video tag. `None` if it is empty.
    pub fn video(payload: &[u8]) -> Option<Self> {
        let (first, rest) = payload.split_first()?;
        let frame_type = first >> 4 & 7;
        let frame = |composition| TagRole::Frame { sync: matches!(frame_type, KEY | GENERATED_KEY), composition };
        if first & EX_VIDEO != 0 {
            let Enhanced { packet, codec, number, several, rest } = enhanced(first & 0x0F, rest, MULTITRACK_VIDEO)?;
            let composed = matches!(codec, FlvCodec::FourCc(name) if matches!(&name, b"avc1" | b"hvc1" | b"vvc1"));
            let role = match packet {
                _ if several => TagRole::Several,
                0 => TagRole::Configuration(payload.len() - rest.len()),
                _ if frame_type == COMMAND => TagRole::Aside,
                1 if composed => frame(signed24(rest)?),
                1 | 3 => frame(Ticks::ZERO),
                _ => TagRole::Aside,
            };
            // CompositionTime stands before the data.
            let time = if composed && packet == 1 { 3 } else { 0 };
            return Some(Self { number, codec, role, from: payload.len() - rest.len() + time });
        }
        let codec = FlvCodec::Picture(first & 0x0F);
        let role = match rest {
            _ if frame_type == COMMAND => TagRole::Aside,
            // 12 is HEVC, used before there was an enhanced header, in the same way as H.264.
            [0, ..] if codec.configured() => TagRole::Configuration(5),
            [1, rest @ ..] if codec.configured() => frame(signed24(rest)?),
            [] => TagRole::Aside,
            _ if codec.configured() => TagRole::Aside,
            _ => frame(Ticks::ZERO),
        };
        let from = match codec {
            // AVCPacketType and CompositionTime.
            codec if codec.configured() => 5,
            // How much VP6 is cropped.
            FlvCodec::Picture(4 | 5) => 2,
            _ => 1,
        };
        Some(Self { number: 0, codec, role, from })
    }
}

/// SoundFormat of an enhanced audio tag, and the flag of an enhanced video tag (IsExHeader).
const EX_AUDIO: u8 = 9;
const EX_VIDEO: u8 = 0x80;
/// FrameTypes.
const KEY: u8 = 1;
const GENERATED_KEY: u8 = 4;
const COMMAND: u8 = 5;
/// PacketTypes; the modifier is the same for both.
const MULTITRACK_VIDEO: u8 = 6;
const MULTITRACK_AUDIO: u8 = 5;
const MOD_EX: u8 = 7;
/// The AvMultitrackType of a tag with only one track, which it names.
const ONE_TRACK: u8 = 0;

/// The beginning of an enhanced tag.
struct Enhanced<'a> {
    /// The PacketType; in a multitrack tag that of its tracks.
    packet: u8,
    codec: FlvCodec,
    /// The trackId.
    number: u8,
    /// Whether it contains several tracks; the codec is that of the first.
    several: bool,
    /// The rest.
    rest: &'a [u8],
}

/// Parses the beginning of an enhanced tag, after its first PacketType; modifiers (ModEx) are skipped.
fn enhanced(packet: u8, rest: &[u8], multitrack: u8) -> Option<Enhanced<'_>> {
    let (mut packet, mut rest) = (packet, rest);
    while packet == MOD_EX {
        let (size, behind) = rest.split_first()?;
        let (size, behind) = match size {
            0xFF => {
                let (long, behind) = behind.split_first_chunk::<2>()?;
                (usize::from(u16::from_be_bytes(*long)) + 1, behind)
            }
            size => (usize::from(*size) + 1, behind),
        };
        let (next, behind) = behind.get(size..)?.split_first()?;
        (packet, rest) = (next & 0x0F, behind);
    }
    let mut kind = None;
    if packet == multitrack {
        let (both, behind) = rest.split_first()?;
        (kind, packet, rest) = (Some(both >> 4), both & 0x0F, behind);
    }
    let (name, mut rest) = rest.split_first_chunk::<4>()?;
    let mut number = 0;
    if kind == Some(ONE_TRACK) {
        (number, rest) = rest.split_first().map(|(number, rest)| (*number, rest))?;
    }
    let several = kind.is_some_and(|kind| kind != ONE_TRACK);
    Some(Enhanced { packet, codec: FlvCodec::FourCc(*name), number, several, rest })
}

/// CompositionTime: a signed number of three bytes.
fn signed24(bytes: &[u8]) -> Option<Ticks> {
    let [a, b, c, ..] = *bytes else { return None };
    Some(Ticks(i64::from(i32::from_be_bytes([a, b, c, 0]) >> 8)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A payload, and the expected name of its codec and its role.
    type Case<'a> = (&'a [u8], Option<(&'a str, TagRole)>);

    #[test]
    fn a_payload_says_what_it_brings() {
        let frame = |sync, ms| TagRole::Frame { sync, composition: Ticks(ms) };
        let cases: &[Case] = &[
            (&[0x17, 0, 0, 0, 0, 1], Some(("avc1", TagRole::Configuration(5)))),
            (&[0x17, 1, 0, 0, 80, 1], Some(("avc1", frame(true, 80)))),
            (&[0x27, 1, 0xFF, 0xFF, 0xD8, 1], Some(("avc1", frame(false, -40)))),
            (&[0x17, 2, 0, 0, 0], Some(("avc1", TagRole::Aside))),
            (&[0x17, 1, 0], None),
            (&[0x1C, 1, 0, 0, 4, 1], Some(("hvc1", frame(true, 4)))),
            (&[0x14, 0, 9], Some(("vp6", frame(true, 0)))),
            (&[0x24, 0, 9], Some(("vp6", frame(false, 0)))),
            (&[0x42, 0], Some(("sorenson-h263", frame(true, 0)))),
            (&[0x52, 0], Some(("sorenson-h263", TagRole::Aside))),
            (b"\x90hvc1\x01", Some(("hvc1", TagRole::Configuration(5)))),
            (b"\x91hvc1\0\0\x28\x01", Some(("hvc1", frame(true, 40)))),
            (b"\xA3hvc1\x01", Some(("hvc1", frame(false, 0)))),
            (b"\xA1av01\x01", Some(("av01", frame(false, 0)))),
            (b"\xD0av01\0", Some(("av01", TagRole::Configuration(5)))),
            (b"\x97\x02\0\0\x01\x01vp09\x01", Some(("vp9", frame(true, 0)))),
            (b"\x97\xFF\xFF\xFF", None),
            (b"\x96\x01av01\x02\x09", Some(("av01", frame(true, 0)))),
            (b"\xA6\x01hvc1\x02\0\0\x28\x09", Some(("hvc1", frame(false, 40)))),
            (b"\x96\0av01\x02\x09", Some(("av01", TagRole::Configuration(7)))),
            (b"\x96\x11av01\0\0\0\x01\x09", Some(("av01", TagRole::Several))),
            (b"\x96\x21av01\0\0\0\x01\x09", Some(("av01", TagRole::Several))),
            (b"\x97\0\0\x06\x01vp09\x01\x09", Some(("vp9", frame(true, 0)))),
            (b"\x96\x01av01", None),
            (&[], None),
        ];
        for (payload, expected) in cases {
            let found = TagPayload::video(payload).map(|packet| (packet.codec.name(&[]), packet.role));
            assert_eq!(found, expected.map(|(name, role)| (name.to_owned(), role)), "{payload:x?}");
        }
        let cases: &[Case] = &[
            (&[0xAF, 0, 0x12, 0x10], Some(("mp4a.40.2", TagRole::Configuration(2)))),
            (&[0xAF, 1, 0], Some(("mp4a.40.2", frame(true, 0)))),
            (&[0xAF], Some(("mp4a.40.2", TagRole::Aside))),
            (&[0x2F, 0xFF], Some(("mp3", frame(true, 0)))),
            (&[0x2F], Some(("mp3", TagRole::Aside))),
            (b"\x90OpusOpusHead", Some(("opus", TagRole::Configuration(5)))),
            (b"\x91Opus\xF8", Some(("opus", frame(true, 0)))),
            (b"\x94Opus\xF8", Some(("opus", TagRole::Aside))),
            (b"\x95\x01Opus\x01\xF8", Some(("opus", frame(true, 0)))),
            (b"\x95\x11Opus\x01\0\0\x01\xF8", Some(("opus", TagRole::Several))),
            (b"\x91Op", None),
        ];
        for (payload, expected) in cases {
            let found = TagPayload::audio(payload).map(|packet| (packet.codec.name(&[]), packet.role));
            assert_eq!(found, expected.map(|(name, role)| (name.to_owned(), role)), "{payload:x?}");
        }
    }

    #[test]
    fn configurations_name_profiles() {
        assert_eq!(FlvCodec::Picture(7).name(&[1, 0x64, 0, 0x1F]), "avc1.64001f");
        assert_eq!(FlvCodec::Sound(10).name(&[0x2B, 0x92]), "mp4a.40.5");
        assert_eq!(FlvCodec::FourCc(*b"vp09").name(&[1, 0, 0, 0, 2, 41, 0xA0]), "vp09.02.41.10");
        assert_eq!(FlvCodec::FourCc(*b"abcd").name(&[]), "abcd");
        assert_eq!(FlvCodec::Sound(13).name(&[]), "SoundFormat 13");
    }
}
