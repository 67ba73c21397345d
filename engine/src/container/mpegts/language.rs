//! The language of a stream, and whom it is for: `ISO_639_language_descriptor` (ISO/IEC 13818-1 §2.6.18). Of a stream
//! with several languages, as the two channels of a sound may have, the first counts.

use super::psi::ElementaryStream;
use crate::media::{Kind, Setup, Track};

/// The descriptor's tag.
const TAG: u8 = 0x0A;
/// The `audio_type` of a sound that describes the pictures (table 2-60, "visual impaired commentary").
const COMMENTARY: u8 = 3;

/// The language of a stream (ISO 639-2), if its entry in the map has three letters.
pub fn of(stream: &ElementaryStream) -> Option<String> {
    let letters = std::str::from_utf8(stream.descriptor(TAG)?.first_chunk::<3>()?).ok()?;
    letters.chars().all(|letter| letter.is_ascii_lowercase()).then(|| letters.to_owned())
}

/// Whether a sound describes the pictures for people who do not see them.
pub fn describes_pictures(track: &Track) -> bool {
    let Setup::Inline(entry) = &track.setup else { return false };
    let Some((stream, _)) = ElementaryStream::read(entry) else { return false };
    track.kind == Kind::Audio && stream.descriptor(TAG).is_some_and(|data| data.get(3) == Some(&COMMENTARY))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::media::Timescale;

    #[test]
    fn a_descriptor_has_a_language_and_a_purpose() {
        let cases: [(&[u8], Option<&str>, bool); 7] = [
            (b"\x0a\x04deu\x03", Some("deu"), true),
            // Behind another descriptor.
            (b"\x05\x04AC-3\x0a\x04deu\x03", Some("deu"), true),
            (b"\x0a\x04deu\x00", Some("deu"), false),
            // For people who do not hear well.
            (b"\x0a\x04deu\x02", Some("deu"), false),
            // Two languages, of which the second describes.
            (b"\x0a\x08deu\x00eng\x03", Some("deu"), false),
            (b"\x0a\x03deu", Some("deu"), false),
            (b"\x0a\x04\x00\x00\x00\x03", None, true),
        ];
        for (descriptors, language, describes) in cases {
            let stream = ElementaryStream { kind: 0x0F, pid: 0x101, descriptors: descriptors.to_vec() };
            assert_eq!(of(&stream).as_deref(), language, "{descriptors:x?}");
            for (kind, expected) in [(Kind::Audio, describes), (Kind::Video, false)] {
                let setup = Setup::Inline(stream.write().into());
                let track =
                    Track::new(0x101, kind, "mp4a.40.2".to_owned(), Timescale::per_second(90_000).unwrap(), setup);
                assert_eq!(describes_pictures(&track), expected, "{kind:?} {descriptors:x?}");
            }
        }
    }
}
