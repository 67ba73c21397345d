//! What configures the decoder of a track: its sequence header, if all samples have the same.

use bytes::Bytes;

use super::packet::{FlvCodec, TagPayload, TagRole};
use crate::codec::{DecoderConfiguration, flac, mpeg_audio, opus, vp9};
use crate::container::Unavailable;
use crate::index::Outline;
use crate::media::{Kind, Setup, Track};

/// What configures the decoder of a track.
pub fn of(outline: &Outline, track: &Track) -> Result<DecoderConfiguration, Unavailable> {
    let mut found: Option<(FlvCodec, &[u8])> = None;
    for setup in outline.setup.iter().filter(|setup| !setup.is_empty()) {
        let Setup::Inline(payload) = setup else { return Err(Unavailable::missing(track)) };
        let Some(header) = header(payload, track) else { continue };
        match found {
            Some(found) if found != header => return Err(Unavailable::Changes),
            _ => found = Some(header),
        }
    }
    configured(track, found)
}

/// What configures the decoder of those samples of a track that need the sequence header of this number; 1 if they need none.
pub fn numbered(outline: &Outline, track: &Track, number: u32) -> Result<DecoderConfiguration, Unavailable> {
    let at = usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    let found = match outline.setup.get(at).filter(|setup| !setup.is_empty()) {
        None => None,
        Some(Setup::Inline(payload)) => Some(header(payload, track).ok_or_else(|| Unavailable::damaged(track))?),
        Some(Setup::At(_)) => return Err(Unavailable::missing(track)),
    };
    configured(track, found)
}

/// What this configuration says; `None` if the codec has none.
fn configured(track: &Track, found: Option<(FlvCodec, &[u8])>) -> Result<DecoderConfiguration, Unavailable> {
    let damaged = || Unavailable::damaged(track);
    let Some((codec, record)) = found else {
        return match track.codec.as_str() {
            mpeg_audio::NAME => Ok(DecoderConfiguration::MpegAudio),
            "av01" | "vp9" | "opus" | "flac" | "ac-3" | "ec-3" => Err(Unavailable::missing(track)),
            _ => Err(Unavailable::codec(track)),
        };
    };
    let stored = || Bytes::copy_from_slice(record);
    Ok(match codec {
        FlvCodec::Picture(7) | FlvCodec::FourCc([b'a', b'v', b'c', b'1']) => DecoderConfiguration::Avc(stored()),
        FlvCodec::Picture(12) | FlvCodec::FourCc([b'h', b'v', b'c', b'1']) => DecoderConfiguration::Hevc(stored()),
        FlvCodec::FourCc([b'a', b'v', b'0', b'1']) => DecoderConfiguration::Av1(stored()),
        FlvCodec::FourCc([b'v', b'p', b'0', b'9']) => {
            DecoderConfiguration::Vp9(vp9::VpConfiguration::parse(record).ok_or_else(damaged)?)
        }
        FlvCodec::Sound(10) | FlvCodec::FourCc([b'm', b'p', b'4', b'a']) => DecoderConfiguration::Aac(stored()),
        FlvCodec::FourCc([b'O', b'p', b'u', b's']) => {
            DecoderConfiguration::Opus(opus::OpusConfiguration::parse_head(record).map_err(|_| damaged())?)
        }
        FlvCodec::FourCc([b'f', b'L', b'a', b'C']) => {
            DecoderConfiguration::Flac(flac::StreamInfo::of_blocks(record).ok_or_else(damaged)?)
        }
        _ => return Err(Unavailable::codec(track)),
    })
}

/// The configuration in the payload of a sequence header, if it is one of this track. The index keeps those of all
/// tracks together, and their first bytes tell sound from pictures.
fn header<'a>(payload: &'a [u8], track: &Track) -> Option<(FlvCodec, &'a [u8])> {
    let video = track.kind == Kind::Video;
    let packet = if video { TagPayload::video(payload) } else { TagPayload::audio(payload) }?;
    let of_kind = match packet.codec {
        FlvCodec::Picture(_) => video,
        FlvCodec::Sound(_) => !video,
        FlvCodec::FourCc(name) => matches!(&name, b"avc1" | b"hvc1" | b"vvc1" | b"av01" | b"vp08" | b"vp09") == video,
    };
    // The number of the track stands above its kind in its id.
    let same = track.id >> 8 == u64::from(packet.number);
    match packet.role {
        TagRole::Configuration(from) if of_kind && same => Some((packet.codec, payload.get(from..)?)),
        _ => None,
    }
}
