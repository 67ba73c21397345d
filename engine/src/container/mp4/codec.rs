//! Sample descriptions (ISO/IEC 14496-12 §8.5.2): which codec a track uses, as the `codecs` parameter of a MIME type has it
//! (RFC 6381), and what decoding it needs. Whatever is not known here is still cut: descriptions are taken over verbatim.

use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::boxes::{Box, FourCc};
use crate::codec::{Coding, Framing};
use crate::container::Error;
use crate::media::{Ticks, Timescale};

/// Bytes of a visual sample entry before its boxes (§12.1.3), and of an audio one (§12.2.3).
const VISUAL_ENTRY: usize = 78;
const AUDIO_ENTRY: usize = 28;

/// What is known of a track's codec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Codec {
    /// As in `codecs="…"`.
    pub name: String,
    /// The type of its sample entry.
    entry: FourCc,
    /// How its samples say that decoding can begin at them.
    pub pictures: Coding,
}

impl Codec {
    /// That of a track without a description.
    fn none() -> Self {
        Self { name: "none".to_owned(), entry: FourCc(*b"none"), pictures: Coding::Unknown }
    }

    /// How much has to be decoded before the first sample that is to be heard: the codecs that overlap their frames need
    /// one, Opus 80 ms (RFC 7845 §4.6), MP3 as many as its bit reservoir may reach back over. `frame`: the usual duration of
    /// a sample.
    pub fn preroll(&self, timescale: Timescale, frame: Option<u32>) -> Ticks {
        let frame = Ticks(i64::from(frame.unwrap_or(0)));
        match &self.entry.0 {
            b"Opus" => timescale.ticks(crate::media::Time(80_000_000)),
            b".mp3" => frame.times(10),
            b"mp4a" if matches!(self.name.as_str(), "mp4a.6B" | "mp4a.69") => frame.times(10),
            // The packet before overlaps; a long block has usually 2048 samples.
            b"mp4a" if self.name == "mp4a.DD" => frame.max(Ticks(2048)),
            b"mp4a" | b"ac-3" | b"ec-3" => frame,
            _ => Ticks::ZERO,
        }
    }
}

/// Reads the first sample description. Encrypted ones are refused: a cut would need its boxes of keys and vectors cut too.
pub fn read(stsd: &Box<'_>) -> Result<Codec, Error> {
    let mut fields = stsd.fields();
    fields.version_and_flags()?;
    let count = fields.u32()?;
    let mut first = None;
    let entries = Box { payload: fields.rest(), offset: stsd.offset + 8, ..stsd.clone() };
    for entry in entries.children().take(usize::try_from(count).unwrap_or(usize::MAX)) {
        let entry = entry?;
        if matches!(&entry.kind.0, b"encv" | b"enca" | b"enct" | b"encs" | b"enc3" | b"drms" | b"drmi") {
            return Err(Error::Unsupported(format!("encrypted samples ({}, in {})", entry.kind, stsd.path)));
        }
        first.get_or_insert(entry);
    }
    let Some(entry) = first else { return Ok(Codec::none()) };
    let name = name(&entry);
    Ok(Codec { entry: entry.kind, pictures: if count == 1 { pictures(&entry, &name) } else { Coding::Unknown }, name })
}

/// How the samples of a description say that decoding can begin at them.
fn pictures(entry: &Box<'_>, name: &str) -> Coding {
    let configured =
        |kind, at| child(entry, VISUAL_ENTRY, kind).map(|found| Framing::configured(found.payload.get(at)));
    let found = match &entry.kind.0 {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" | b"dva1" | b"dvav" => configured(*b"avcC", 4).map(Coding::H264),
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => configured(*b"hvcC", 21).map(Coding::Hevc),
        b"av01" => Some(Coding::Av1),
        b"vp08" => Some(Coding::Vp8),
        b"vp09" => Some(Coding::Vp9),
        b"m1v " | b"m2v1" | b"mp1v" | b"mp2v" => Some(Coding::Mpeg2),
        b"mp4v" if name == "mp4v.20" => Some(Coding::Mpeg4),
        // ISO/IEC 14496-1 table 5: the profiles of MPEG-2, and MPEG-1.
        b"mp4v"
            if matches!(name, "mp4v.60" | "mp4v.61" | "mp4v.62" | "mp4v.63" | "mp4v.64" | "mp4v.65" | "mp4v.6A") =>
        {
            Some(Coding::Mpeg2)
        }
        _ => None,
    };
    found.unwrap_or(Coding::Unknown)
}

fn name(entry: &Box<'_>) -> String {
    let detail = match &entry.kind.0 {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" => {
            child(entry, VISUAL_ENTRY, *b"avcC").and_then(|avc| avc_profile(avc.payload))
        }
        b"hvc1" | b"hev1" => child(entry, VISUAL_ENTRY, *b"hvcC").and_then(|hevc| hevc_profile(hevc.payload)),
        b"av01" => child(entry, VISUAL_ENTRY, *b"av1C").and_then(|av1| av1_profile(av1.payload)),
        b"vp08" | b"vp09" => child(entry, VISUAL_ENTRY, *b"vpcC").and_then(|vp| vp_profile(vp.payload)),
        b"mp4a" => audio_child(entry, *b"esds").and_then(|esds| object_type(esds.payload.get(4..)?)),
        b"mp4v" => child(entry, VISUAL_ENTRY, *b"esds").and_then(|esds| object_type(esds.payload.get(4..)?)),
        b"Opus" => return "opus".to_owned(),
        b"fLaC" => return "flac".to_owned(),
        _ => None,
    };
    let kind = entry.kind.to_string();
    let kind = kind.trim_end();
    detail.map_or_else(|| kind.to_owned(), |detail| format!("{kind}.{detail}"))
}

/// A box among those that follow the fixed fields of a sample entry.
fn child<'a>(entry: &Box<'a>, skip: usize, kind: [u8; 4]) -> Option<Box<'a>> {
    let payload = entry.payload.get(skip..)?;
    let rest = Box { payload, offset: entry.offset + skip as u64, ..entry.clone() };
    rest.child(kind).ok().flatten()
}

/// The same in an audio entry, which QuickTime has in three versions, and puts into a `wave` box at times.
fn audio_child<'a>(entry: &Box<'a>, kind: [u8; 4]) -> Option<Box<'a>> {
    let version = u16::from_be_bytes(*entry.payload.get(8..)?.first_chunk()?);
    let skip = AUDIO_ENTRY + [0, 16, 36].get(usize::from(version)).copied().unwrap_or(0);
    child(entry, skip, kind).or_else(|| child(entry, skip, *b"wave")?.child(kind).ok().flatten())
}

/// `PPCCLL`: profile, constraints and level in hexadecimal (RFC 6381 §3.3).
fn avc_profile(configuration: &[u8]) -> Option<String> {
    let [_, profile, constraints, level] = configuration.first_chunk()?;
    Some(format!("{profile:02X}{constraints:02X}{level:02X}"))
}

/// ISO/IEC 14496-15 §E.3: profile space and number, compatibility flags in reverse, tier and level, constraints.
fn hevc_profile(configuration: &[u8]) -> Option<String> {
    let [_, profile, flags @ .., _, _, _, _, _, _, level] = configuration.first_chunk::<13>()?;
    let constraints = configuration.get(6..12)?;
    let space = ["", "A", "B", "C"].get(usize::from(profile >> 6))?;
    let tier = if profile & 0x20 == 0 { 'L' } else { 'H' };
    let compatible = u32::from_be_bytes(*flags.first_chunk()?).reverse_bits();
    let used = constraints.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let mut name = format!("{space}{}.{compatible:X}.{tier}{level}", profile & 0x1f);
    for constraint in constraints.iter().take(used) {
        // Writing to a string does not fail.
        let _ = write!(name, ".{constraint:X}");
    }
    Some(name)
}

/// AV1 Codec ISO Media File Format Binding §5: profile, level and tier, bit depth.
fn av1_profile(configuration: &[u8]) -> Option<String> {
    let [_, first, second] = configuration.first_chunk()?;
    let tier = if second & 0x80 == 0 { 'M' } else { 'H' };
    let depth = match (second & 0x40 != 0, second & 0x20 != 0) {
        (false, _) => 8,
        (true, false) => 10,
        (true, true) => 12,
    };
    Some(format!("{}.{:02}{tier}.{depth:02}", first >> 5, first & 0x1f))
}

/// VP Codec ISO Media File Format Binding: profile, level, bit depth.
fn vp_profile(configuration: &[u8]) -> Option<String> {
    let [_, _, _, _, profile, level, depth] = configuration.first_chunk()?;
    Some(format!("{profile:02}.{level:02}.{:02}", depth >> 4))
}

/// The object type of an `esds` box, and of MPEG-4 audio the one inside it (RFC 6381 §3.3).
fn object_type(descriptors: &[u8]) -> Option<String> {
    const ELEMENTARY_STREAM: u8 = 3;
    const DECODER_CONFIGURATION: u8 = 4;
    const DECODER_SPECIFIC: u8 = 5;
    const MPEG4_AUDIO: u8 = 0x40;
    let stream = descriptor(descriptors, ELEMENTARY_STREAM)?;
    let flags = *stream.get(2)?;
    let mut skip = 3;
    skip += if flags & 0x80 == 0 { 0 } else { 2 };
    skip += if flags & 0x40 == 0 { 0 } else { 1 + usize::from(*stream.get(skip)?) };
    skip += if flags & 0x20 == 0 { 0 } else { 2 };
    let configuration = descriptor(stream.get(skip..)?, DECODER_CONFIGURATION)?;
    let kind = *configuration.first()?;
    if kind != MPEG4_AUDIO {
        return Some(format!("{kind:02X}"));
    }
    let specific = configuration.get(13..).and_then(|rest| descriptor(rest, DECODER_SPECIFIC));
    let audio = specific.and_then(|specific| match specific.first()? >> 3 {
        31 => Some(32 + (u16::from_be_bytes(*specific.first_chunk()?) >> 5 & 0x3f)),
        short => Some(u16::from(short)),
    });
    Some(audio.map_or_else(|| "40".to_owned(), |audio| format!("40.{audio}")))
}

/// The descriptor of this tag at the beginning of the bytes (ISO/IEC 14496-1 §8.3.3: seven bits of size a byte).
fn descriptor(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (found, mut rest) = bytes.split_first()?;
    let mut size = 0usize;
    for _ in 0..4 {
        let (byte, after) = rest.split_first()?;
        rest = after;
        size = size << 7 | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    (*found == tag).then(|| rest.get(..size.min(rest.len())))?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]
    use super::*;

    #[test]
    fn profiles_are_named_as_mime_types_have_them() {
        assert_eq!(avc_profile(&[1, 0x64, 0, 0x1f]).as_deref(), Some("64001F"));
        assert_eq!(hevc_profile(&[1, 0x01, 0x60, 0, 0, 0, 0xb0, 0, 0, 0, 0, 0, 93]).as_deref(), Some("1.6.L93.B0"));
        assert_eq!(av1_profile(&[0x81, 0x04, 0x0c]).as_deref(), Some("0.04M.08"));
        assert_eq!(vp_profile(&[1, 0, 0, 0, 0, 31, 0x82]).as_deref(), Some("00.31.08"));
        let mut esds = vec![3, 0x80, 0x80, 0x80, 25, 0, 1, 0, 4, 17, 0x40];
        esds.extend([0; 12]);
        esds.extend([5, 2, 0x11, 0x90]);
        assert_eq!(object_type(&esds).as_deref(), Some("40.2"));
        assert_eq!(object_type(&esds[..12]), Some("40".to_owned()));
        for length in 0..esds.len() {
            let _ = object_type(&esds[..length]);
        }
    }
}
