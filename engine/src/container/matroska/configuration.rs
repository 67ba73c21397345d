//! What configures the decoder of a track, by the CodecID and the CodecPrivate of its TrackEntry (RFC 9559 §5.1.4.1,
//! *Matroska Codec Specifications*).

use bytes::Bytes;

use super::ebml::{self, ChildElements, EbmlElement};
use super::observed::ObservedTrack;
use super::{ids, payload};
use crate::codec::descriptor::{MPEG1_VIDEO, MPEG2_VIDEO, MPEG4_VIDEO};
use crate::codec::windows;
use crate::codec::{DecoderConfiguration, Pcm, aac, flac, opus, vp9};
use crate::container::Unavailable;
use crate::index::Outline;
use crate::media::{Kind, Setup, Track};

/// Whether a sound is for people who do not see the pictures (RFC 9559 §5.1.4.1.7, `FlagVisualImpaired`).
pub fn describes_pictures(track: &Track) -> bool {
    let flag =
        entry(track).and_then(|entry| child(&entry, ids::FLAG_VISUAL_IMPAIRED).map(|found| ebml::uint(found.data)));
    track.kind == Kind::Audio && flag == Some(Some(1))
}

/// What configures the decoder of a track.
pub fn of(outline: &Outline, track: &Track) -> Result<DecoderConfiguration, Unavailable> {
    let Setup::Inline(_) = &track.setup else { return Err(Unavailable::missing(track)) };
    let entry = entry(track).ok_or_else(|| Unavailable::damaged(track))?;
    let data = |id| child(&entry, id).map(|found| found.data);
    let ObservedTrack { laced, record } = ObservedTrack::of(outline, track).map_err(|_| Unavailable::missing(track))?;
    if laced {
        return Err(Unavailable::Laced);
    }
    if payload::stripped(track).is_err() {
        return Err(Unavailable::Compressed { how: "ContentCompression" });
    }
    let id = data(ids::CODEC_ID).map(ebml::string).unwrap_or_default();
    let private = data(ids::CODEC_PRIVATE).unwrap_or_default();
    let stored = || Some(Bytes::copy_from_slice(private)).filter(|private| !private.is_empty());
    let needed = || stored().ok_or_else(|| Unavailable::missing(track));
    let damaged = || Unavailable::damaged(track);
    let missing = || Unavailable::missing(track);
    Ok(match id.as_str() {
        "V_MPEG4/ISO/AVC" => DecoderConfiguration::Avc(needed()?),
        "V_MPEGH/ISO/HEVC" => DecoderConfiguration::Hevc(needed()?),
        "V_AV1" => DecoderConfiguration::Av1(stored().or(record).ok_or_else(missing)?),
        "V_VP9" => DecoderConfiguration::Vp9(vp9(&entry, private, record.as_deref(), track).ok_or_else(missing)?),
        "A_EAC3" => DecoderConfiguration::Eac3(record.ok_or_else(missing)?),
        "V_MPEG4/ISO/SP" | "V_MPEG4/ISO/ASP" | "V_MPEG4/ISO/AP" => {
            DecoderConfiguration::MpegVideo(MPEG4_VIDEO, needed()?)
        }
        "V_MPEG2" => DecoderConfiguration::MpegVideo(MPEG2_VIDEO, stored().unwrap_or_default()),
        "V_MPEG1" => DecoderConfiguration::MpegVideo(MPEG1_VIDEO, stored().unwrap_or_default()),
        "V_MS/VFW/FOURCC" => windows::pictures(private).ok_or_else(|| Unavailable::codec(track))?,
        "A_OPUS" if !private.is_empty() => {
            DecoderConfiguration::Opus(opus::OpusConfiguration::parse_head(private).map_err(|_| damaged())?)
        }
        "A_FLAC" if !private.is_empty() => {
            DecoderConfiguration::Flac(flac::StreamInfo::of_blocks(private).ok_or_else(damaged)?)
        }
        "A_ALAC" => DecoderConfiguration::Alac(needed()?),
        "A_MPEG/L1" | "A_MPEG/L2" | "A_MPEG/L3" => DecoderConfiguration::MpegAudio,
        "A_PCM/INT/LIT" | "A_PCM/INT/BIG" | "A_PCM/FLOAT/IEEE" => {
            let settings = child(&entry, ids::AUDIO);
            let bits =
                settings.and_then(|found| child(&found, ids::BIT_DEPTH)).and_then(|found| ebml::uint(found.data));
            let bits = bits.and_then(|bits| u16::try_from(bits).ok()).ok_or_else(missing)?;
            DecoderConfiguration::Pcm(match id.as_str() {
                "A_PCM/FLOAT/IEEE" => Pcm::float(bits, true),
                id => Pcm::integer(bits, id == "A_PCM/INT/LIT"),
            })
        }
        "A_MS/ACM" => windows::sound(private).ok_or_else(|| Unavailable::codec(track))?,
        id if id == "A_AAC" || id.starts_with("A_AAC/") => DecoderConfiguration::Aac(match stored() {
            Some(specific) => specific,
            None => made(id, track).ok_or_else(missing)?,
        }),
        id if id == "A_AC3" || id.starts_with("A_AC3/") => DecoderConfiguration::Ac3(record.ok_or_else(missing)?),
        "A_OPUS" | "A_FLAC" => return Err(missing()),
        _ => return Err(Unavailable::codec(track)),
    })
}

/// The configuration of VP9: Matroska's features, or what a keyframe shows; with the colours that the container has, if
/// there are any.
fn vp9(entry: &EbmlElement<'_>, private: &[u8], record: Option<&[u8]>, track: &Track) -> Option<vp9::VpConfiguration> {
    let seen = || {
        let found = vp9::VpConfiguration::parse(record?)?;
        Some(vp9::VpConfiguration { level: vp9::level(track.dimensions?, pictures(track)), ..found })
    };
    let mut found = vp9::VpConfiguration::of_features(private).or_else(seen)?;
    let colours = child(&child(entry, ids::VIDEO)?, ids::COLOUR);
    let colour = |id| colours.as_ref().and_then(|colours| child(colours, id)).and_then(|found| ebml::uint(found.data));
    let code = |id| colour(id).and_then(|code| u8::try_from(code).ok());
    for (place, id) in found.colour.iter_mut().zip([ids::PRIMARIES, ids::TRANSFER, ids::MATRIX]) {
        *place = code(id).unwrap_or(*place);
    }
    // 1 is the range of broadcasts, 2 the full one.
    found.full_range = colour(ids::RANGE).map_or(found.full_range, |range| range == 2);
    Some(found)
}

/// How many pictures a second a track has.
#[allow(clippy::cast_precision_loss, reason = "a level is no matter of single pictures")]
fn pictures(track: &Track) -> f64 {
    let (start, end) = track.presented;
    let seconds = track.timescale.time(end - start).as_secs_f64();
    if seconds > 0.0 { track.samples as f64 / seconds } else { 0.0 }
}

/// How wide a pixel is to its height, by `DisplayWidth` and `DisplayHeight` (RFC 9559 §5.1.4.1.28.8); `None` if it is
/// square, or the units of those are not pixels or a ratio.
pub fn pixel_aspect(track: &Track) -> Option<(u32, u32)> {
    let video = child(&entry(track)?, ids::VIDEO)?;
    let number = |id| child(&video, id).and_then(|found| ebml::uint(found.data)).and_then(|n| u32::try_from(n).ok());
    matches!(number(ids::DISPLAY_UNIT).unwrap_or(0), 0 | 3).then_some(())?;
    let (width, height) = track.dimensions?;
    let shown = (number(ids::DISPLAY_WIDTH)?, number(ids::DISPLAY_HEIGHT)?);
    let (across, down) = (u64::from(shown.0) * u64::from(height), u64::from(shown.1) * u64::from(width));
    let common = gcd(across, down);
    let reduced = |value: u64| value.checked_div(common).and_then(|value| u32::try_from(value).ok());
    Some((reduced(across)?, reduced(down)?)).filter(|(across, down)| across != down && *across > 0 && *down > 0)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The TrackEntry of a track.
pub fn entry(track: &Track) -> Option<EbmlElement<'_>> {
    let Setup::Inline(entry) = &track.setup else { return None };
    ChildElements::new(entry, 0).next()?.ok()
}

/// The `AudioSpecificConfig` that the older CodecIDs stand for, which name the profile: `A_AAC/MPEG4/LC/SBR`.
fn made(id: &str, track: &Track) -> Option<Bytes> {
    let rate = track.sample_rate.filter(|rate| *rate > 0)?;
    let channels = u8::try_from(track.channels?).ok().filter(|channels| (1..=6).contains(channels))?;
    let plain = |object_type| aac::AudioSpecificConfig { object_type, rate, channels, extended: None };
    let found = match id.split('/').next_back()? {
        "MAIN" => plain(1),
        "LC" => plain(2),
        "SSR" => plain(3),
        "LTP" => plain(4),
        // The sample rate is that of the output, twice that of the core.
        "SBR" => aac::AudioSpecificConfig { rate: rate / 2, extended: Some(rate), ..plain(5) },
        _ => return None,
    };
    Some(found.to_bytes().into())
}

pub fn child<'a>(parent: &EbmlElement<'a>, id: u32) -> Option<EbmlElement<'a>> {
    parent.children().filter_map(Result::ok).find(|child| child.id == id)
}
