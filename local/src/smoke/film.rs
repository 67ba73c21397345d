//! What is uploaded: a small film that is a part of the program, another version of it, and a sound that is larger than the
//! gateways of AWS carry.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use ring::digest::{Context, SHA256};

/// Forty seconds of H.264 and AAC in MP4, with a sync sample every two seconds.
static FILM: &[u8] = include_bytes!("../../../samples/counter.mp4");

/// How long the film is, in seconds.
pub const SECONDS: u64 = 40;

/// How many bytes a box adds to the later version of the film.
const ADDED: u32 = 1024;

/// The rate of the sound, in bytes a second: 8 bit, mono.
pub const RATE: u32 = 100_000;
/// How long the sound is, in seconds. It is more than the 4.4 MB that API Gateway and Lambda carry.
pub const SOUND_SECONDS: u32 = 60;

/// The film.
pub const fn film() -> Bytes {
    Bytes::from_static(FILM)
}

/// The same film in other bytes: with a box at the end that players skip (ISO/IEC 14496-12 §8.1.2).
pub fn later_film() -> Bytes {
    let mut bytes = FILM.to_vec();
    bytes.extend(ADDED.to_be_bytes());
    bytes.extend(b"free");
    bytes.resize(FILM.len() + ADDED as usize, 0);
    bytes.into()
}

/// A sound in WAV (RIFF). No two parts of it are alike, so that a part of it tells where it comes from.
pub fn sound() -> Bytes {
    let length = RATE * SOUND_SECONDS;
    let mut bytes = Vec::with_capacity(44 + length as usize);
    bytes.extend(b"RIFF");
    bytes.extend((36 + length).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    bytes.extend(16u32.to_le_bytes());
    for field in [1u16, 1] {
        bytes.extend(field.to_le_bytes());
    }
    for field in [RATE, RATE] {
        bytes.extend(field.to_le_bytes());
    }
    for field in [1u16, 8] {
        bytes.extend(field.to_le_bytes());
    }
    bytes.extend(b"data");
    bytes.extend(length.to_le_bytes());
    // A sequence of digests: cheap, and the same on every machine.
    for number in 0..length.div_ceil(32) {
        let mut context = Context::new(&SHA256);
        context.update(&number.to_be_bytes());
        bytes.extend(context.finish().as_ref());
    }
    bytes.truncate(44 + length as usize);
    bytes.into()
}

/// A few letters that stand for bytes in a report.
pub fn short_digest(bytes: &[u8]) -> String {
    let mut context = Context::new(&SHA256);
    context.update(bytes);
    STANDARD.encode(context.finish().as_ref()).chars().take(8).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::indexing_slicing)]

    use super::*;

    #[test]
    fn the_later_film_is_another_and_plays_alike() {
        let (film, later) = (film(), later_film());
        assert_eq!(later.len(), film.len() + ADDED as usize);
        assert!(later.starts_with(&film) && later[film.len() + 4..].starts_with(b"free"));
        assert_ne!(short_digest(&film), short_digest(&later));
    }

    #[test]
    fn the_sound_is_as_long_as_it_says() {
        let sound = sound();
        assert_eq!(sound.len(), 44 + (RATE * SOUND_SECONDS) as usize);
        assert_eq!((&sound[..4], &sound[36..40]), (&b"RIFF"[..], &b"data"[..]));
    }
}
