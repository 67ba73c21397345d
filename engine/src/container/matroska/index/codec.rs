//! Codecs: what a TrackEntry's CodecID (RFC 9559 §5.1.4.1.21) and CodecPrivate are called in a MIME type's `codecs`
//! parameter (RFC 6381), and how much of each has to be decoded before its output is right.

use std::fmt::Write;

use crate::codec::{Coding, Framing};

/// The codec of a track, as RFC 6381 and the registrations under it write it; else the CodecID itself.
pub fn name(id: &str, private: &[u8]) -> String {
    let known = match id {
        "V_VP8" => "vp8",
        "V_VP9" => return vp9(private).unwrap_or_else(|| "vp9".to_owned()),
        "V_AV1" => return av1(private).unwrap_or_else(|| "av01".to_owned()),
        "V_MPEG4/ISO/AVC" => return avc(private).unwrap_or_else(|| "avc1".to_owned()),
        "V_MPEGH/ISO/HEVC" => return hevc(private).unwrap_or_else(|| "hvc1".to_owned()),
        "V_MPEG4/ISO/SP" | "V_MPEG4/ISO/ASP" | "V_MPEG4/ISO/AP" => "mp4v.20",
        "V_THEORA" => "theora",
        "A_OPUS" => "opus",
        "A_VORBIS" => "vorbis",
        "A_FLAC" => "flac",
        "A_ALAC" => "alac",
        "A_MPEG/L3" => "mp3",
        "A_AC3" => "ac-3",
        "A_EAC3" => "ec-3",
        "S_TEXT/WEBVTT" => "wvtt",
        _ if id == "A_AAC" || id.starts_with("A_AAC/") => return aac(id, private),
        _ if id.starts_with("A_AC3/") => "ac-3",
        _ => id,
    };
    known.to_owned()
}

/// How a track's frames say that they are keyframes.
pub fn pictures(id: &str, private: &[u8]) -> Coding {
    match id {
        "V_VP8" => Coding::Vp8,
        "V_VP9" => Coding::Vp9,
        "V_AV1" => Coding::Av1,
        "V_THEORA" => Coding::Theora,
        "V_MPEG1" | "V_MPEG2" => Coding::Mpeg2,
        "V_MPEG4/ISO/SP" | "V_MPEG4/ISO/ASP" | "V_MPEG4/ISO/AP" => Coding::Mpeg4,
        "V_MPEG4/ISO/AVC" => Coding::H264(Framing::configured(private.get(4))),
        "V_MPEGH/ISO/HEVC" => Coding::Hevc(Framing::configured(private.get(21))),
        // BITMAPINFOHEADER.biCompression.
        "V_MS/VFW/FOURCC" => {
            private.get(16..20).and_then(<[u8]>::first_chunk).map_or(Coding::Unknown, |four| Coding::of(*four))
        }
        _ => Coding::Unknown,
    }
}

/// How many nanoseconds have to be decoded before the first sample that is to be heard is right, where the TrackEntry has
/// no SeekPreRoll. `rate` is in hertz.
pub fn preroll(id: &str, rate: f64) -> u64 {
    let samples = match id {
        // RFC 7845 §4.6.
        "A_OPUS" => return 80_000_000,
        // The first packet gives no output; a long block has usually 2048 samples.
        "A_VORBIS" => 2048,
        // The frame before overlaps, and the bit reservoir mostly reaches no further.
        "A_MPEG/L3" => 2 * 1152,
        _ if id == "A_AAC" || id.starts_with("A_AAC/") => 1024,
        _ => 0,
    };
    nanoseconds(f64::from(samples), rate)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and a cast of a float saturates")]
fn nanoseconds(samples: f64, rate: f64) -> u64 {
    if rate >= 1.0 { (samples / rate * 1e9).ceil() as u64 } else { 0 }
}

/// `vp09.PP.LL.DD`, from the CodecPrivate of the WebM project's "VP Codec ISO Media File Format Binding": features as
/// (id, length, value), of which profile, level and bit depth are needed.
fn vp9(private: &[u8]) -> Option<String> {
    let feature = |id| private.chunks_exact(3).find_map(|f| (f.get(..2) == Some(&[id, 1])).then(|| f.get(2)).flatten());
    Some(format!("vp09.{:02}.{:02}.{:02}", feature(1)?, feature(2)?, feature(3)?))
}

/// `av01.P.LLT.DD`, from an `av1C` (AV1 Codec ISO Media File Format Binding §2.3, §5).
fn av1(private: &[u8]) -> Option<String> {
    let [0x81, levels, flags, ..] = *private else { return None };
    let tier = if flags & 0x80 == 0 { 'M' } else { 'H' };
    let depth = match flags >> 5 & 3 {
        0 | 1 => 8,
        2 => 10,
        _ => 12,
    };
    Some(format!("av01.{}.{:02}{tier}.{depth:02}", levels >> 5, levels & 0x1F))
}

/// `avc1.PPCCLL`, from an `avcC` (ISO/IEC 14496-15 §5.3.3).
fn avc(private: &[u8]) -> Option<String> {
    let [1, profile, compatibility, level, ..] = *private else { return None };
    Some(format!("avc1.{profile:02x}{compatibility:02x}{level:02x}"))
}

/// `hvc1.…`, from an `hvcC` (ISO/IEC 14496-15 §8.3.3, Annex E.3).
fn hevc(private: &[u8]) -> Option<String> {
    let [1, profile, c0, c1, c2, c3, constraints @ ..] = private else { return None };
    let (constraints, level) = (constraints.get(..6)?, constraints.get(6)?);
    let space = ["", "A", "B", "C"].get(usize::from(profile >> 6))?;
    let tier = if profile & 0x20 == 0 { 'L' } else { 'H' };
    let compatibility = u32::from_be_bytes([*c0, *c1, *c2, *c3]).reverse_bits();
    let used = constraints.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let mut name = format!("hvc1.{space}{}.{compatibility:X}.{tier}{level}", profile & 0x1F);
    for byte in constraints.iter().take(used) {
        // Writing to a string does not fail.
        let _ = write!(name, ".{byte:X}");
    }
    Some(name)
}

/// `mp4a.40.N`, from an AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1), else from the older CodecIDs that name the profile.
fn aac(id: &str, private: &[u8]) -> String {
    let object_type = match *private {
        [first, second, ..] if first >> 3 == 31 => 32 + (first << 3 & 0x38 | second >> 5),
        [first, ..] if first >> 3 != 0 => first >> 3,
        _ if id.ends_with("/SBR") => 5,
        _ if id.ends_with("/MAIN") => 1,
        _ => 2,
    };
    format!("mp4a.40.{object_type}")
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
