//! Codecs: the `codecs` parameter of a MIME type (RFC 6381) for a TrackEntry's CodecID (RFC 9559 §5.1.4.1.21) and
//! CodecPrivate, and how much has to be decoded before the output is right.

use crate::codec::{
    Framing, KeyframeCoding, StreamProperties, aac, ac3, alac, av1, avc, flac, hevc, mpeg_audio, opus, vorbis, vp9,
};

/// The codec of a track, in the form of RFC 6381 and its registrations; else the CodecID itself.
pub fn name(id: &str, private: &[u8]) -> String {
    let known = match id {
        "V_VP8" => "vp8",
        "V_VP9" => {
            return vp9::VpConfiguration::of_features(private)
                .map_or_else(|| "vp9".to_owned(), |found| found.name("vp09"));
        }
        "V_AV1" => return av1::name(private),
        "V_MPEG4/ISO/AVC" => return avc::name("avc1", private),
        "V_MPEGH/ISO/HEVC" => return hevc::name("hvc1", private),
        "V_MPEG4/ISO/SP" | "V_MPEG4/ISO/ASP" | "V_MPEG4/ISO/AP" => "mp4v.20",
        "V_THEORA" => "theora",
        "A_OPUS" => "opus",
        "A_VORBIS" => "vorbis",
        "A_FLAC" => "flac",
        "A_ALAC" => "alac",
        "A_MPEG/L3" => mpeg_audio::NAME,
        "A_AC3" => ac3::AC3,
        "A_EAC3" => ac3::EAC3,
        "S_TEXT/WEBVTT" => "wvtt",
        _ if is_aac(id) => return aac_name(id, private),
        _ if id.starts_with("A_AC3/") => ac3::AC3,
        _ => id,
    };
    known.to_owned()
}

/// How a track's frames show whether they are keyframes.
pub fn pictures(id: &str, private: &[u8]) -> KeyframeCoding {
    match id {
        "V_VP8" => KeyframeCoding::Vp8,
        "V_VP9" => KeyframeCoding::Vp9,
        "V_AV1" => KeyframeCoding::Av1,
        "V_THEORA" => KeyframeCoding::Theora,
        "V_MPEG1" | "V_MPEG2" => KeyframeCoding::Mpeg2,
        "V_MPEG4/ISO/SP" | "V_MPEG4/ISO/ASP" | "V_MPEG4/ISO/AP" => KeyframeCoding::Mpeg4,
        "V_MPEG4/ISO/AVC" => KeyframeCoding::H264(Framing::configured(private.get(4))),
        "V_MPEGH/ISO/HEVC" => KeyframeCoding::Hevc(Framing::configured(private.get(21))),
        // BITMAPINFOHEADER.biCompression.
        "V_MS/VFW/FOURCC" => private
            .get(16..20)
            .and_then(<[u8]>::first_chunk)
            .map_or(KeyframeCoding::Unknown, |four| KeyframeCoding::of(*four)),
        _ => KeyframeCoding::Unknown,
    }
}

/// The audio properties in the CodecPrivate of a track.
pub fn sound(id: &str, private: &[u8]) -> StreamProperties {
    let found = match id {
        "A_OPUS" => opus::OpusConfiguration::parse_head(private).ok().map(|found| found.properties()),
        "A_VORBIS" => vorbis::identification(private).map(|found| found.properties()),
        "A_FLAC" => flac::StreamInfo::of_blocks(private).map(|found| found.properties()),
        "A_ALAC" => alac::properties(private),
        _ if is_aac(id) => aac::AudioSpecificConfig::parse(private).map(|found| found.properties()),
        _ => None,
    };
    found.unwrap_or_default()
}

/// How many nanoseconds have to be decoded before the first audible sample is right, if the TrackEntry has no
/// SeekPreRoll. `rate` is in hertz.
pub fn preroll(id: &str, rate: f64) -> u64 {
    let samples = match id {
        "A_OPUS" => return nanoseconds(opus::PREROLL, f64::from(opus::RATE)),
        "A_VORBIS" => vorbis::PREROLL,
        "A_MPEG/L3" => mpeg_audio::PREROLL_FRAMES * mpeg_audio::frame(whole(rate)),
        _ if is_aac(id) => aac::PREROLL_FRAMES * aac::FRAME,
        _ => 0,
    };
    nanoseconds(samples, rate)
}

fn is_aac(id: &str) -> bool {
    id == "A_AAC" || id.starts_with("A_AAC/")
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and a cast of a float saturates")]
fn nanoseconds(samples: u32, rate: f64) -> u64 {
    if rate >= 1.0 { (f64::from(samples) / rate * 1e9).ceil() as u64 } else { 0 }
}

/// A rate in whole hertz.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a cast of a float saturates")]
pub const fn whole(rate: f64) -> u32 {
    rate as u32
}

/// `mp4a.40.N` from an AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1), or from the older CodecIDs that name the
/// profile.
fn aac_name(id: &str, private: &[u8]) -> String {
    let profile = match id {
        _ if id.ends_with("/SBR") => 5,
        _ if id.ends_with("/MAIN") => 1,
        _ => 2,
    };
    aac::name(private).unwrap_or_else(|| aac::named(profile))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs_are_named_as_mime_types_name_them() {
        let hvcc = [1, 0x01, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 93];
        let cases: &[(&str, &[u8], &str)] = &[
            ("V_VP8", &[], "vp8"),
            ("V_VP9", &[], "vp9"),
            ("V_VP9", &[1, 1, 2, 2, 1, 41, 3, 1, 10, 4, 1, 1], "vp09.02.41.10"),
            ("V_AV1", &[0x81, 0x08, 0x0C, 0], "av01.0.08M.08"),
            ("V_AV1", &[], "av01"),
            ("V_MPEG4/ISO/AVC", &[1, 0x64, 0x00, 0x1F, 0xFF], "avc1.64001f"),
            ("V_MPEG4/ISO/AVC", &[0], "avc1"),
            ("V_MPEGH/ISO/HEVC", &hvcc, "hvc1.1.6.L93.90"),
            ("A_AAC", &[0x12, 0x10], "mp4a.40.2"),
            ("A_AAC", &[0x2B, 0x92], "mp4a.40.5"),
            ("A_AAC", &[0xF9, 0x48], "mp4a.40.42"),
            ("A_AAC", &[], "mp4a.40.2"),
            ("A_AAC/MPEG2/LC/SBR", &[], "mp4a.40.5"),
            ("A_AC3/BSID9", &[], "ac-3"),
            ("S_TEXT/UTF8", &[], "S_TEXT/UTF8"),
            ("V_UNHEARD/OF", &[1, 2, 3], "V_UNHEARD/OF"),
        ];
        for (id, private, expected) in cases {
            assert_eq!(name(id, private), *expected, "{id} {private:x?}");
        }
    }

    #[test]
    fn preroll_needs_a_sane_rate() {
        assert_eq!(preroll("A_AAC", 48_000.0), 21_333_334);
        assert_eq!(preroll("A_OPUS", 0.0), 80_000_000);
        for rate in [0.0, -1.0, f64::NAN] {
            assert_eq!(preroll("A_AAC", rate), 0);
        }
        assert_eq!(preroll("A_FLAC", 44_100.0), 0);
    }
}
