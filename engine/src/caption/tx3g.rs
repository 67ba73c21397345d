//! Samples of 3GPP Timed Text (3GPP TS 26.245 §5.17), and of QuickTime's text: a length, the text, and boxes that style it.

use super::text::{self, Markup};

/// The boxes of a sample, as far as they are whole: types and bodies.
pub fn boxes(sample: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut rest = sample;
    std::iter::from_fn(move || {
        let ([a, b, c, d, kind @ ..], behind) = rest.split_first_chunk::<8>()?;
        let length = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).ok()?.checked_sub(8)?;
        let (body, after) = behind.split_at_checked(length)?;
        rest = after;
        Some((*kind, body))
    })
}

/// The most records of styles of a sample: more than any text has.
const MOST_STYLES: usize = 256;

/// A style: the characters from `start` up to, not including, `end` have the face of these flags.
struct Style {
    start: usize,
    end: usize,
    flags: u8,
}

/// Flags of a style, and their tags.
const FACES: [(u8, &str); 3] = [(1, "b"), (2, "i"), (4, "u")];

/// The clean text of a sample; empty if it shows nothing. `styled`: whether its boxes are those of 3GPP.
pub fn read(sample: &[u8], styled: bool) -> String {
    let Some((length, rest)) = sample.split_first_chunk::<2>() else { return String::new() };
    let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
    let (text, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
    let text = decode(text);
    let styles = if styled { styles(behind) } else { Vec::new() };
    if styles.is_empty() {
        return text::clean(&text, Markup::Plain);
    }
    text::clean(&marked(&text, &styles), Markup::WebVtt)
}

/// UTF-8, or UTF-16 behind a byte order mark (§5.17.1.1).
fn decode(text: &[u8]) -> String {
    match text {
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        text => String::from_utf8_lossy(text).into_owned(),
    }
}

/// A text of UTF-16 without its mark.
pub fn utf16(text: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units: Vec<u16> = text.as_chunks::<2>().0.iter().map(|bytes| unit(*bytes)).collect();
    String::from_utf16_lossy(&units)
}

/// The records of `styl` (§5.17.1.2) that change a face.
fn styles(sample: &[u8]) -> Vec<Style> {
    let mut styles = Vec::new();
    let records = boxes(sample).find(|(kind, _)| kind == b"styl").and_then(|(_, body)| body.get(2..));
    for [s, t, e, n, _, _, flags, ..] in records.unwrap_or_default().as_chunks::<12>().0.iter().take(MOST_STYLES) {
        let (start, end) = (u16::from_be_bytes([*s, *t]), u16::from_be_bytes([*e, *n]));
        styles.push(Style { start: start.into(), end: end.into(), flags: flags & 7 });
    }
    styles.retain(|style| style.flags != 0 && style.start < style.end);
    styles.sort_by_key(|style| style.start);
    styles
}

/// The text with tags for its faces, and all else escaped.
fn marked(text: &str, styles: &[Style]) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut face, mut next) = (0, 0);
    let close = |out: &mut String, face: u8| {
        for (flag, tag) in FACES.iter().rev().filter(|(flag, _)| face & flag != 0) {
            let _ = flag;
            out.extend(["</", tag, ">"]);
        }
    };
    for (at, letter) in text.chars().enumerate() {
        // Records are in order and do not overlap; of those that do, the first counts.
        while styles.get(next).is_some_and(|style| style.end <= at) {
            next += 1;
        }
        let wanted = styles.get(next).filter(|style| style.start <= at).map_or(0, |style| style.flags);
        if wanted != face {
            close(&mut out, face);
            for (_, tag) in FACES.iter().filter(|(flag, _)| wanted & flag != 0) {
                out.extend(["<", tag, ">"]);
            }
            face = wanted;
        }
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            letter => out.push(letter),
        }
    }
    close(&mut out, face);
    out
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A sample with this text and these styles: from, to, flags.
    pub fn sample(text: &[u8], styles: &[(u16, u16, u8)]) -> Vec<u8> {
        let mut sample = u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec();
        sample.extend_from_slice(text);
        if !styles.is_empty() {
            let length = u32::try_from(10 + 12 * styles.len()).unwrap_or_default();
            sample.extend(length.to_be_bytes());
            sample.extend(b"styl");
            sample.extend(u16::try_from(styles.len()).unwrap_or_default().to_be_bytes());
            for (start, end, flags) in styles {
                sample.extend([start.to_be_bytes(), end.to_be_bytes(), [0, 1]].concat());
                sample.extend([*flags, 18, 255, 255, 255, 255]);
            }
        }
        sample
    }

    #[test]
    fn faces_become_tags() {
        for (text, styles, expected) in [
            ("plain <b>", &[][..], "plain &lt;b&gt;"),
            ("bold & italic", &[(0, 4, 1), (7, 13, 2)], "<b>bold</b> &amp; <i>italic</i>"),
            ("äöü<", &[(1, 2, 7), (3, 9, 4)], "ä<b><i><u>ö</u></i></b>ü<u>&lt;</u>"),
            ("ab", &[(5, 9, 1), (1, 0, 1), (0, 2, 0)], "ab"),
            ("two\rlines", &[(0, 9, 2)], "<i>two\nlines</i>"),
        ] {
            assert_eq!(read(&sample(text.as_bytes(), styles), true), expected, "{text}");
        }
        assert_eq!(read(&sample(b"\xFE\xFF\x00a\x20\xAC", &[]), true), "a€");
        assert_eq!(read(&sample(b"ab", &[(0, 2, 1)]), false), "ab");
    }

    #[test]
    fn damage_shows_nothing_or_what_is_left() {
        let whole = sample(b"ab", &[(0, 1, 1)]);
        for length in 0..whole.len() {
            let _ = read(whole.get(..length).unwrap_or_default(), true);
        }
        assert_eq!(read(&[], true), "");
        assert_eq!(read(&[0, 0], true), "");
        assert_eq!(read(&[0xFF, 0xFF, b'a'], true), "a");
        assert_eq!(read(&[0, 1, b'a', 0, 0, 0, 0, b's', b't', b'y', b'l'], true), "a");
    }
}
