//! Descriptors of elementary streams (ISO/IEC 14496-1 §7.2.6), which follow version and flags in an `esds` box.

/// Tags (§7.2.2.1).
const ELEMENTARY_STREAM: u8 = 3;
const DECODER_CONFIGURATION: u8 = 4;
const DECODER_SPECIFIC: u8 = 5;
const SYNC_LAYER: u8 = 6;

/// `objectTypeIndication` of MPEG-4 video, part 2 (table 5).
pub const MPEG4_VIDEO: u8 = 0x20;
/// The same for MPEG-2 video of the main profile; the other profiles have the numbers around it.
pub const MPEG2_VIDEO: u8 = 0x61;
/// The same for MPEG-1 video.
pub const MPEG1_VIDEO: u8 = 0x6A;
/// `objectTypeIndication` of MPEG-4 audio, whose decoder-specific configuration is an `AudioSpecificConfig` (table 5).
pub const MPEG4_AUDIO: u8 = 0x40;
/// The same for MPEG-2 audio.
pub const MPEG2_AUDIO: u8 = 0x69;
/// The same for MPEG-1 audio.
pub const MPEG1_AUDIO: u8 = 0x6B;

/// The contents of an `ES_Descriptor`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor<'a> {
    /// `objectTypeIndication`: the codec.
    pub object_type: u8,
    /// `DecoderSpecificInfo`, if present.
    pub specific: &'a [u8],
}

impl<'a> Descriptor<'a> {
    /// Parses an `ES_Descriptor`; if it is truncated, as far as it goes.
    #[must_use]
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let stream = descriptor(bytes, ELEMENTARY_STREAM)?;
        let flags = *stream.get(2)?;
        let mut skip = 3;
        skip += if flags & 0x80 == 0 { 0 } else { 2 };
        skip += if flags & 0x40 == 0 { 0 } else { 1 + usize::from(*stream.get(skip)?) };
        skip += if flags & 0x20 == 0 { 0 } else { 2 };
        let configuration = descriptor(stream.get(skip..)?, DECODER_CONFIGURATION)?;
        let specific = configuration.get(13..).and_then(|rest| descriptor(rest, DECODER_SPECIFIC));
        Some(Self { object_type: *configuration.first()?, specific: specific.unwrap_or_default() })
    }

    /// The `ES_Descriptor` of a stream with these maximum and average bit rates; 0 means unknown.
    #[must_use]
    pub fn to_bytes(&self, most: u32, average: u32) -> Vec<u8> {
        /// `streamType` (table 6), followed by `upStream`, which is zero, and a reserved bit, which is one.
        const VISUAL: u8 = 4 << 2 | 1;
        const AUDIO: u8 = 5 << 2 | 1;
        let kind = if matches!(self.object_type, MPEG4_VIDEO | 0x60..=0x65 | MPEG1_VIDEO) { VISUAL } else { AUDIO };
        let mut configuration = vec![self.object_type, kind, 0, 0, 0];
        configuration.extend(most.to_be_bytes());
        configuration.extend(average.to_be_bytes());
        if !self.specific.is_empty() {
            put(&mut configuration, DECODER_SPECIFIC, self.specific);
        }
        // No identifier, no flags.
        let mut stream = vec![0, 0, 0];
        put(&mut stream, DECODER_CONFIGURATION, &configuration);
        // As in MP4 files (ISO/IEC 14496-14 §3.1.2).
        put(&mut stream, SYNC_LAYER, &[2]);
        let mut out = Vec::new();
        put(&mut out, ELEMENTARY_STREAM, &stream);
        out
    }

    /// The part of the codec name after the sample entry (RFC 6381 §3.3): the object type in hexadecimal, and for
    /// MPEG-4 audio the audio object type.
    #[must_use]
    pub fn name(&self) -> String {
        let audio = super::aac::object_type(self.specific).filter(|_| self.object_type == MPEG4_AUDIO);
        audio.map_or_else(|| format!("{:02X}", self.object_type), |audio| format!("40.{audio}"))
    }
}

/// The descriptor with this tag at the beginning of the bytes (§8.3.3: the size has seven bits a byte).
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

/// Appends a descriptor with its size in four bytes, like most writers.
fn put(out: &mut Vec<u8>, tag: u8, data: &[u8]) {
    let size = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let digit = |place: u32| (size >> (7 * place)).to_be_bytes()[3] & 0x7F;
    out.extend([tag, 0x80 | digit(3), 0x80 | digit(2), 0x80 | digit(1), digit(0)]);
    out.extend_from_slice(data);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_names_its_stream() {
        let mut esds = vec![3, 0x80, 0x80, 0x80, 25, 0, 1, 0, 4, 17, 0x40];
        esds.extend([0; 12]);
        esds.extend([5, 2, 0x11, 0x90]);
        let name = |bytes: &[u8]| Descriptor::parse(bytes).map(|found| found.name());
        assert_eq!(name(&esds).as_deref(), Some("40.2"));
        assert_eq!(name(&esds[..12]).as_deref(), Some("40"));
        for length in 0..esds.len() {
            let _ = name(&esds[..length]);
        }
        let made = Descriptor { object_type: MPEG4_AUDIO, specific: &[0x11, 0x90] };
        assert_eq!(Descriptor::parse(&made.to_bytes(128_000, 96_000)), Some(made));
        let made = Descriptor { object_type: MPEG1_AUDIO, specific: &[] };
        assert_eq!(name(&made.to_bytes(0, 0)).as_deref(), Some("6B"));
    }
}
