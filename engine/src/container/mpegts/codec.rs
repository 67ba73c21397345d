//! The codec of a stream in a program's map, by its `stream_type` and descriptors (ISO/IEC 13818-1 table 2-34, ETSI EN
//! 300 468 §6).

use super::psi::{ElementaryStream, Map, descriptor};
use crate::container::mpeg::codec::MpegCodec;

/// The format identifier of a registration descriptor (§2.6.8).
const REGISTRATION: u8 = 0x05;

/// The codec of a stream of the map, or the reason why it is skipped.
pub fn of(map: &Map, stream: &ElementaryStream) -> Result<MpegCodec, String> {
    let registered = stream.descriptor(REGISTRATION).and_then(|data| data.first_chunk::<4>());
    // Programs in the format of Blu-ray discs have types of their own.
    let disc = descriptor(&map.descriptors, REGISTRATION).is_some_and(|data| data.starts_with(b"HDMV"));
    let has = |tag| stream.descriptor(tag).is_some();
    Ok(match stream.kind {
        // Private data with a descriptor that names the codec: DVB's own, or a registered one.
        0x06 if has(0x6A) || registered == Some(b"AC-3") => MpegCodec::Ac3,
        0x06 if has(0x7A) || registered == Some(b"EAC3") => MpegCodec::Eac3,
        0x06 if has(0x7B) || matches!(registered, Some(b"DTS1" | b"DTS2" | b"DTS3")) => MpegCodec::Dts,
        0x06 if registered == Some(b"Opus") => MpegCodec::Opus,
        0x06 if registered == Some(b"HEVC") => MpegCodec::Hevc,
        // AES3 (SMPTE ST 302), which is uncompressed too.
        0x06 if registered == Some(b"BSSD") => MpegCodec::Lpcm,
        0x06 if has(0x59) => return Err("DVB subtitles".to_owned()),
        0x06 if has(0x56) => return Err("teletext".to_owned()),
        0x11 => MpegCodec::Latm,
        0x80 if disc => MpegCodec::Lpcm,
        0x83 => MpegCodec::TrueHd,
        0x90 => return Err("subtitles of a Blu-ray disc".to_owned()),
        other => return MpegCodec::of_type(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(kind: u8, descriptors: &[u8]) -> ElementaryStream {
        ElementaryStream { kind, pid: 0x100, descriptors: descriptors.to_vec() }
    }

    fn known(program: &[u8], kind: u8, descriptors: &[u8]) -> Option<MpegCodec> {
        let map = Map { program: 1, clock: 0x100, descriptors: program.to_vec(), streams: Vec::new() };
        of(&map, &stream(kind, descriptors)).ok()
    }

    #[test]
    fn discs_have_types_of_their_own() {
        assert_eq!(known(b"\x05\x04HDMV", 0x80, &[]), Some(MpegCodec::Lpcm));
        assert_eq!(known(&[], 0x80, &[]), None, "DigiCipher's MPEG-2 video");
        assert_eq!(known(b"\x05\x04HDMV", 0x83, b"\x05\x04HDMV"), Some(MpegCodec::TrueHd));
    }

    #[test]
    fn private_data_is_what_its_descriptor_says() {
        let cases: [(u8, &[u8], Option<MpegCodec>); 10] = [
            (0x1B, &[], Some(MpegCodec::H264)),
            (0x24, &[], Some(MpegCodec::Hevc)),
            (0x06, &[0x6A, 1, 0], Some(MpegCodec::Ac3)),
            (0x06, &[0x0A, 4, b'd', b'e', b'u', 0, 0x7A, 1, 0], Some(MpegCodec::Eac3)),
            (0x06, b"\x05\x04Opus", Some(MpegCodec::Opus)),
            (0x06, &[0x59, 0], None),
            (0x06, &[], None),
            (0x06, b"\x05\x04BSSD", Some(MpegCodec::Lpcm)),
            (0x11, &[], Some(MpegCodec::Latm)),
            (0x42, &[], None),
        ];
        for (kind, descriptors, expected) in cases {
            assert_eq!(known(&[], kind, descriptors), expected, "{kind:x} {descriptors:x?}");
        }
    }
}
