//! The formats of streams that Windows defines and several containers have: `BITMAPINFOHEADER` of pictures, and
//! `WAVEFORMATEX` of sound (RFC 2361), each with what the codec needs behind it.

use bytes::Bytes;

use super::{DecoderConfiguration, KeyframeCoding, Pcm, avc, hevc};

/// The size of a `BITMAPINFOHEADER`.
pub const BITMAP_INFO: usize = 40;
/// The size of a `WAVEFORMATEX` up to the codec's own bytes, whose number is its last field.
const WAVE_FORMAT: usize = 18;
/// `wFormatTag` of a `WAVEFORMATEXTENSIBLE`, whose GUID begins with the real one.
const EXTENSIBLE: u16 = 0xFFFE;
/// The offset of that GUID.
const SUB_FORMAT: usize = 24;

/// What configures the decoder of pictures with this format; `None` if that is in the pictures themselves.
#[must_use]
pub fn pictures(format: &[u8]) -> Option<DecoderConfiguration> {
    let compression = *format.get(16..20)?.first_chunk()?;
    let extra = format.get(BITMAP_INFO..)?;
    let record = || Bytes::copy_from_slice(extra);
    // Without a record the pictures have start codes.
    match KeyframeCoding::of(compression) {
        KeyframeCoding::H264(_) => avc::AvcConfiguration::parse(extra).map(|_| DecoderConfiguration::Avc(record())),
        KeyframeCoding::Hevc(_) if extra.first() == Some(&1) => {
            hevc::HevcConfiguration::parse(extra).map(|_| DecoderConfiguration::Hevc(record()))
        }
        _ => None,
    }
}

/// What configures the decoder of sound with this format; `None` if that is in the frames themselves, or unknown.
#[must_use]
pub fn sound(format: &[u8]) -> Option<DecoderConfiguration> {
    let field = |at: usize| Some(u16::from_le_bytes(*format.get(at..)?.first_chunk()?));
    let tag = match field(0)? {
        EXTENSIBLE => field(SUB_FORMAT)?,
        tag => tag,
    };
    match tag {
        1 | 3 => Pcm::of_wave(tag, field(2)?, field(12)?, true).map(DecoderConfiguration::Pcm),
        0x50 | 0x55 => Some(DecoderConfiguration::MpegAudio),
        0xFF => {
            let length = usize::from(field(16)?);
            let specific = format.get(WAVE_FORMAT..)?.get(..length).filter(|specific| specific.len() >= 2)?;
            Some(DecoderConfiguration::Aac(Bytes::copy_from_slice(specific)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(tag: u16, block: u16, extra: &[u8]) -> Vec<u8> {
        let length = u16::try_from(extra.len()).unwrap();
        let fields = [tag, 2, 0xAC44, 0, 0, 0, block, 16, length].map(u16::to_le_bytes);
        [fields.as_flattened(), extra].concat()
    }

    #[test]
    fn a_wave_format_configures_a_decoder() {
        let extended = [[0; 6].as_slice(), &[3, 0]].concat();
        for (format, expected) in [
            (format(1, 4, &[]), Some(DecoderConfiguration::Pcm(Pcm::integer(16, true)))),
            (format(0xFFFE, 8, &extended), Some(DecoderConfiguration::Pcm(Pcm::float(32, true)))),
            (format(0x55, 1, &[]), Some(DecoderConfiguration::MpegAudio)),
            (format(0xFF, 1, &[0x12, 0x10]), Some(DecoderConfiguration::Aac(Bytes::from_static(&[0x12, 0x10])))),
            (format(0xFF, 1, &[]), None),
            (format(0x2000, 1, &[]), None),
            (format(0xFFFE, 8, &[]), None),
        ] {
            assert_eq!(sound(&format), expected, "{format:x?}");
            for length in 0..format.len() {
                let _ = sound(&format[..length]);
            }
        }
    }

    #[test]
    fn pictures_with_a_record_have_lengths() {
        let header = |compression: &[u8; 4]| [&[0; 16][..], compression, &[0; 20]].concat();
        let record = [1, 0x42, 0, 0x1E, 0xFF, 0xE1, 0, 2, 0x67, 1, 1, 0, 1, 0x68];
        let found = pictures(&[header(b"H264"), record.to_vec()].concat());
        assert_eq!(found, Some(DecoderConfiguration::Avc(Bytes::copy_from_slice(&record))));
        assert_eq!(pictures(&[header(b"H264"), vec![0, 0, 0, 1, 0x67]].concat()), None);
        assert_eq!(pictures(&header(b"XVID")), None);
        assert_eq!(pictures(&[]), None);
    }
}
