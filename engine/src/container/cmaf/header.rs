//! The header of a CMAF track (ISO/IEC 23000-19 §7.3.1): `ftyp` and `moov` without samples. HLS calls it the media
//! initialization section, DASH the initialization segment.

use super::super::boxes::{write_box, write_full_box};
use crate::media::Kind;

/// The unity matrix (ISO/IEC 14496-12 §8.2.2.1).
pub const UNITY: [u32; 9] = [0x0001_0000, 0, 0, 0, 0x0001_0000, 0, 0, 0, 0x4000_0000];

/// The number of the only track in its file.
pub(super) const TRACK: u32 = 1;

/// What the header of a track says.
#[derive(Clone, Debug)]
pub struct TrackHeader<'a> {
    /// Video or audio.
    pub kind: Kind,
    /// Its sample entries: whole boxes, as [`sample_entry`](super::sample_entry) writes them.
    pub entries: Vec<&'a [u8]>,
    /// Ticks a second.
    pub timescale: u32,
    /// The media time at which the presentation begins, in ticks. What precedes it is decoded and not presented: the
    /// priming of an audio codec.
    pub media_time: u64,
    /// Width and height in pixels, of video.
    pub dimensions: (u32, u32),
    /// How pictures are turned to be shown.
    pub matrix: [u32; 9],
    /// The language, as the file has it.
    pub language: Option<&'a str>,
}

/// Writes the header of a track.
#[must_use]
pub fn header(track: &TrackHeader<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(640 + track.entries.iter().map(|entry| entry.len()).sum::<usize>());
    write_box(&mut out, *b"ftyp", |out| {
        out.extend_from_slice(b"iso6\0\0\0\0iso6");
        // A track of brand cmf2 has no edit list but signed composition offsets (ISO/IEC 23000-19 §7.7).
        out.extend_from_slice(if track.kind == Kind::Video { b"cmf2" } else { b"cmfc" });
        out.extend_from_slice(b"dash");
    });
    write_box(&mut out, *b"moov", |out| {
        write_movie_header(out, track.timescale, TRACK + 1);
        write_box(out, *b"trak", |out| write_track(out, track, TRACK, true));
        write_box(out, *b"mvex", |out| {
            write_full_box(out, *b"trex", 0, |out| put(out, &[TRACK, 1, 0, 0, 0]));
        });
    });
    out
}

/// A whole `mvhd` without times; `next` is a number that no track has.
pub fn movie_header(next: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(108);
    write_movie_header(&mut out, 1, next);
    out
}

fn write_movie_header(out: &mut Vec<u8>, timescale: u32, next: u32) {
    write_full_box(out, *b"mvhd", 0, |out| {
        put(out, &[0, 0, timescale, 0, 0x0001_0000, 0x0100_0000, 0, 0]);
        put(out, &UNITY);
        put(out, &[0; 6]);
        put(out, &[next]);
    });
}

/// A whole `trak` of this number, without an edit list and without tables.
pub fn track_box(track: &TrackHeader<'_>, id: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(512 + track.entries.iter().map(|entry| entry.len()).sum::<usize>());
    write_box(&mut out, *b"trak", |out| write_track(out, track, id, false));
    out
}

/// `tables`: with those of a movie without samples.
fn write_track(out: &mut Vec<u8>, track: &TrackHeader<'_>, id: u32, tables: bool) {
    let is_video = track.kind == Kind::Video;
    let (width, height) = if is_video { track.dimensions } else { (0, 0) };
    write_box(out, *b"tkhd", |out| {
        // Enabled, in the movie and in its preview (§8.3.2.1).
        put(out, &[7, 0, 0, id, 0, 0, 0, 0, 0, if is_video { 0 } else { 0x0100_0000 }]);
        put(out, &track.matrix);
        put(out, &[width << 16, height << 16]);
    });
    if track.media_time > 0 {
        write_box(out, *b"edts", |out| {
            write_full_box(out, *b"elst", 1, |out| {
                put(out, &[1]);
                out.extend_from_slice(&0_u64.to_be_bytes());
                out.extend_from_slice(&track.media_time.to_be_bytes());
                put(out, &[0x0001_0000]);
            });
        });
    }
    write_box(out, *b"mdia", |out| {
        let (code, tag) = language(track.language);
        write_full_box(out, *b"mdhd", 0, |out| put(out, &[0, 0, track.timescale, 0, u32::from(code) << 16]));
        write_full_box(out, *b"hdlr", 0, |out| {
            put(out, &[0]);
            out.extend_from_slice(if is_video { b"vide" } else { b"soun" });
            put(out, &[0; 3]);
            out.push(0);
        });
        if let Some(tag) = tag {
            write_full_box(out, *b"elng", 0, |out| {
                out.extend_from_slice(tag.as_bytes());
                out.push(0);
            });
        }
        write_box(out, *b"minf", |out| {
            if is_video {
                write_box(out, *b"vmhd", |out| put(out, &[1, 0, 0]));
            } else {
                write_full_box(out, *b"smhd", 0, |out| put(out, &[0]));
            }
            write_box(out, *b"dinf", |out| {
                write_full_box(out, *b"dref", 0, |out| {
                    put(out, &[1]);
                    // The samples are in the same file (§8.7.2.3).
                    write_box(out, *b"url ", |out| put(out, &[1]));
                });
            });
            write_box(out, *b"stbl", |out| {
                write_full_box(out, *b"stsd", 0, |out| {
                    put(out, &[u32::try_from(track.entries.len()).unwrap_or(u32::MAX)]);
                    track.entries.iter().for_each(|entry| out.extend_from_slice(entry));
                });
                if tables {
                    write_full_box(out, *b"stts", 0, |out| put(out, &[0]));
                    write_full_box(out, *b"stsc", 0, |out| put(out, &[0]));
                    write_full_box(out, *b"stsz", 0, |out| put(out, &[0, 0]));
                    write_full_box(out, *b"stco", 0, |out| put(out, &[0]));
                }
            });
        });
    });
}

/// The code of a language in `mdhd` (§8.4.2.3: three letters of ISO 639-2), and the tag for `elng` if it is not such a
/// code.
fn language(language: Option<&str>) -> (u16, Option<&str>) {
    let pack = |code: [u8; 3]| code.iter().fold(0, |packed, letter| packed << 5 | u16::from(letter - 0x60));
    let Some(language) = language else { return (pack(*b"und"), None) };
    let is_tag =
        (2..=64).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    match <[u8; 3]>::try_from(language.as_bytes()) {
        Ok(code) if code.iter().all(u8::is_ascii_lowercase) => (pack(code), None),
        _ => (pack(*b"und"), is_tag.then_some(language)),
    }
}

/// Appends 32-bit fields.
pub(super) fn put(out: &mut Vec<u8>, fields: &[u32]) {
    for field in fields {
        out.extend_from_slice(&field.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_a_code_or_a_tag() {
        let code = |letters: &str| letters.bytes().fold(0, |code, letter| code << 5 | u16::from(letter - 0x60));
        for (given, expected, tag) in [
            (None, "und", None),
            (Some("deu"), "deu", None),
            (Some("de"), "und", Some("de")),
            (Some("zh-Hant"), "und", Some("zh-Hant")),
            (Some("DEU"), "und", Some("DEU")),
            (Some("a\0b"), "und", None),
            (Some(""), "und", None),
        ] {
            assert_eq!(language(given), (code(expected), tag), "{given:?}");
        }
    }
}
