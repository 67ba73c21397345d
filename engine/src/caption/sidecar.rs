//! Files of captions beside a content: `{stem}.{language}[.{kind}].vtt` or `.srt`, where the stem is the name of the content
//! without its extension. `talk.de.vtt` and `talk.en.sdh.srt` serve `talk.mp4` and every other content of that stem.

use serde::{Deserialize, Serialize};

use super::text::line;
use super::tx3g::utf16;
use super::{CaptionError, Cue, LARGEST, srt, vtt};

/// The longest language tag: RFC 5646 §4.4.1 recommends room for 35 characters.
const LONGEST_TAG: usize = 35;

/// The format of a file of captions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FileFormat {
    /// WebVTT.
    Vtt,
    /// SubRip.
    Srt,
}

/// What the captions in a file are for, as its name says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sidecar {
    /// What is spoken, for those who do not understand the language.
    Subtitles,
    /// What is heard, for those who do not hear it: `sdh`, `cc` or `captions`.
    Captions,
    /// What is to be understood even with captions turned off, as signs are: `forced`.
    Forced,
}

/// What the name of a file of captions says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SidecarFile {
    /// Its language, as the name has it (RFC 5646).
    pub language: String,
    /// The name of its kind, if there is one.
    pub kind: Option<String>,
    /// Its format.
    pub format: FileFormat,
}

impl SidecarFile {
    /// Parses the name of a content: its stem, and what else the name says. `None` if it is not such a file.
    #[must_use]
    pub fn parse(name: &str) -> Option<(&str, Self)> {
        let (rest, extension) = name.rsplit_once('.')?;
        let format = match extension {
            "vtt" => FileFormat::Vtt,
            "srt" => FileFormat::Srt,
            _ => return None,
        };
        let (before, last) = rest.rsplit_once('.')?;
        // `talk.en.sdh.vtt` is of English, although `sdh` is a language too.
        let with_kind = sidecar(last).and_then(|_| {
            let (stem, language) = before.rsplit_once('.')?;
            is_language(language).then(|| (stem, language, Some(last.to_owned())))
        });
        let (stem, language, kind) = with_kind.or_else(|| is_language(last).then_some((before, last, None)))?;
        let is_named = !stem.is_empty() && !stem.ends_with('/');
        is_named.then(|| (stem, Self { language: language.to_owned(), kind, format }))
    }

    /// What it is for.
    #[must_use]
    pub fn purpose(&self) -> Sidecar {
        self.kind.as_deref().and_then(sidecar).unwrap_or(Sidecar::Subtitles)
    }

    /// How the captions are named below a content: by language and kind.
    #[must_use]
    pub fn name(&self) -> String {
        self.kind.as_ref().map_or_else(|| self.language.clone(), |kind| format!("{}.{kind}", self.language))
    }

    /// The file itself, beside a content of this stem.
    #[must_use]
    pub fn file(&self, stem: &str) -> String {
        let extension = match self.format {
            FileFormat::Vtt => "vtt",
            FileFormat::Srt => "srt",
        };
        format!("{stem}.{}.{extension}", self.name())
    }

    /// The cues of the file, by its bytes.
    ///
    /// # Errors
    ///
    /// If it is too large, has too many cues, or is not in its format.
    pub fn cues(&self, bytes: &[u8]) -> Result<Vec<Cue>, CaptionError> {
        if bytes.len() as u64 > LARGEST {
            return Err(CaptionError::TooLarge { found: bytes.len() as u64 });
        }
        match self.format {
            FileFormat::Vtt => vtt::parse(&String::from_utf8_lossy(bytes)),
            FileFormat::Srt => srt::parse(&decode(bytes)),
        }
    }
}

/// The stem of a content: its name without the extension.
#[must_use]
pub fn stem(content: &str) -> &str {
    let file = content.rfind('/').map_or(0, |slash| slash + 1);
    let dot = content.get(file..).and_then(|name| name.rfind('.')).filter(|dot| *dot > 0);
    dot.and_then(|dot| content.get(..file + dot)).unwrap_or(content)
}

/// What a kind stands for.
fn sidecar(kind: &str) -> Option<Sidecar> {
    match kind {
        "sdh" | "cc" | "captions" => Some(Sidecar::Captions),
        "subtitles" => Some(Sidecar::Subtitles),
        "forced" => Some(Sidecar::Forced),
        _ => None,
    }
}

/// Whether a text is a language tag (RFC 5646 §2.1) whose language has two or three letters, as those of ISO 639 have.
fn is_language(text: &str) -> bool {
    let mut subtags = text.split('-');
    let language = subtags.next().unwrap_or_default();
    let is_language = (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_alphabetic());
    let is_subtag = |tag: &str| (1..=8).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.len() <= LONGEST_TAG && is_language && subtags.all(is_subtag)
}

/// The text of a file of SubRip: UTF-8, UTF-16 behind a byte order mark, or else Windows-1252, which most files without either
/// have.
fn decode(bytes: &[u8]) -> String {
    match bytes {
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        bytes => match std::str::from_utf8(bytes) {
            Ok(text) => text.strip_prefix('\u{FEFF}').unwrap_or(text).to_owned(),
            Err(_) => bytes.iter().map(|byte| windows_1252(*byte)).collect(),
        },
    }
}

/// A character of Windows-1252 (WHATWG *Encoding* §9).
fn windows_1252(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
    ];
    let high = byte.checked_sub(0x80).and_then(|at| HIGH.get(usize::from(at)));
    high.copied().unwrap_or(char::from(byte))
}

/// A language as a label, if nothing better is known.
pub fn label(language: Option<&str>) -> String {
    language.map(line).filter(|language| !language.is_empty()).unwrap_or_else(|| "Captions".to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_name_says_stem_language_kind_and_format() {
        for (name, stem, language, kind, format) in [
            ("talk.en.vtt", "talk", "en", None, FileFormat::Vtt),
            ("1999/a talk.part 1.de.srt", "1999/a talk.part 1", "de", None, FileFormat::Srt),
            ("talk.en.sdh.vtt", "talk", "en", Some("sdh"), FileFormat::Vtt),
            ("talk.sdh.vtt", "talk", "sdh", None, FileFormat::Vtt),
            ("talk.pt-BR.forced.srt", "talk", "pt-BR", Some("forced"), FileFormat::Srt),
            ("talk.en.de.vtt", "talk.en", "de", None, FileFormat::Vtt),
        ] {
            let file = SidecarFile { language: language.to_owned(), kind: kind.map(str::to_owned), format };
            assert_eq!(SidecarFile::parse(name), Some((stem, file.clone())), "{name}");
            assert_eq!(file.file(stem), name);
        }
        for name in
            ["talk.vtt", ".en.vtt", "a/.en.vtt", "talk.en.txt", "talk.english.vtt", "talk.e_n.vtt", "en.vtt", ""]
        {
            assert_eq!(SidecarFile::parse(name), None, "{name}");
        }
    }

    #[test]
    fn the_stem_is_the_name_without_its_extension() {
        for (content, expected) in
            [("talk.mp4", "talk"), ("a.b/talk", "a.b/talk"), ("a.b/talk.en.mp4", "a.b/talk.en"), (".hidden", ".hidden")]
        {
            assert_eq!(stem(content), expected);
        }
    }

    #[test]
    fn files_of_subrip_are_read_in_the_encodings_that_they_have() {
        let file = SidecarFile { language: "de".to_owned(), kind: None, format: FileFormat::Srt };
        let text = "1\n00:00:01,000 --> 00:00:02,000\nGrüße – „ja“\n";
        let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let windows = b"1\n00:00:01,000 --> 00:00:02,000\nGr\xFC\xDFe \x96 \x84ja\x93\n".to_vec();
        for bytes in [text.as_bytes().to_vec(), format!("\u{FEFF}{text}").into_bytes(), utf16, windows] {
            let cues = file.cues(&bytes).unwrap();
            assert_eq!(cues.iter().map(Cue::text).collect::<Vec<_>>(), ["Grüße – „ja“"]);
        }
        let large = vec![b'\n'; usize::try_from(LARGEST).unwrap() + 1];
        assert!(matches!(file.cues(&large), Err(CaptionError::TooLarge { .. })));
    }
}
