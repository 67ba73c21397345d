//! Sample entries (ISO/IEC 14496-12 §8.5.2): their fixed fields, the boxes behind those, and the name of what they
//! describe for the `codecs` parameter of a MIME type (RFC 6381).

use super::boxes::Box;
use crate::codec::descriptor::Descriptor;
use crate::codec::{av1, avc, hevc, vp9};

/// Bytes of a visual sample entry before its boxes (§12.1.3), and of an audio one (§12.2.3).
pub const VISUAL_ENTRY: usize = 78;
pub const AUDIO_ENTRY: usize = 28;

/// The name of what an entry describes; the type of the entry if nothing more is defined.
pub fn name(entry: &Box<'_>) -> String {
    let kind = entry.kind.to_string();
    let kind = kind.trim_end();
    let record = |kind| child(entry, VISUAL_ENTRY, kind).map(|found| found.payload).unwrap_or_default();
    let described = |esds: Option<Box<'_>>| {
        let name = Descriptor::parse(esds?.payload.get(4..)?)?.name();
        Some(format!("{kind}.{name}"))
    };
    let detail = match &entry.kind.0 {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" => Some(avc::name(kind, record(*b"avcC"))),
        b"hvc1" | b"hev1" => Some(hevc::name(kind, record(*b"hvcC"))),
        b"av01" => Some(av1::name(record(*b"av1C"))),
        b"vp08" | b"vp09" => vp9::VpConfiguration::parse(record(*b"vpcC")).map(|found| found.name(kind)),
        b"mp4a" => described(audio_child(entry, *b"esds")),
        b"mp4v" => described(child(entry, VISUAL_ENTRY, *b"esds")),
        b"Opus" => Some("opus".to_owned()),
        b"fLaC" => Some("flac".to_owned()),
        _ => None,
    };
    detail.unwrap_or_else(|| kind.to_owned())
}

/// The boxes behind the first `skip` bytes of an entry, as an entry that has nothing before them.
pub fn behind<'a>(entry: &Box<'a>, skip: usize) -> Option<Box<'a>> {
    let payload = entry.payload.get(skip..)?;
    Some(Box { payload, offset: entry.offset + skip as u64, ..entry.clone() })
}

/// A box among those that follow the fixed fields of an entry.
pub fn child<'a>(entry: &Box<'a>, skip: usize, kind: [u8; 4]) -> Option<Box<'a>> {
    behind(entry, skip)?.child(kind).ok().flatten()
}

/// The length of the fixed fields of an audio entry. QuickTime has three versions of it (Apple, *QuickTime File
/// Format*, "Sound sample descriptions").
pub fn audio_fields(entry: &Box<'_>) -> Option<usize> {
    let version = u16::from_be_bytes(*entry.payload.get(8..)?.first_chunk()?);
    Some(AUDIO_ENTRY + [0, 16, 36].get(usize::from(version)).copied().unwrap_or(0))
}

/// A box of an audio entry, which `QuickTime` sometimes has within a box `wave`.
pub fn audio_child<'a>(entry: &Box<'a>, kind: [u8; 4]) -> Option<Box<'a>> {
    let skip = audio_fields(entry)?;
    child(entry, skip, kind).or_else(|| child(entry, skip, *b"wave")?.child(kind).ok().flatten())
}
