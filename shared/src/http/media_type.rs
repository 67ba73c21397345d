//! Media types, parsed strictly by RFC 9110 §8.3.1: `type/subtype`, then parameters. A value that does not parse is never sent
//! on: lenient recipients read something else into it. A browser takes `text/plain, text/html` for HTML, for example.
//!
//! Stricter than the RFC in two points: tabs and bytes beyond ASCII are refused, because not every store keeps them as they are.

/// The media type of bytes of unknown kind (RFC 2046 §4.5.1).
pub const UNKNOWN: &str = "application/octet-stream";

/// The longest media type, in bytes: S3 keeps it among 2 KB of metadata.
const LONGEST: usize = 256;

/// The still pictures that browsers draw and never run. SVG is not one of them: it is a document with scripts.
const RASTER: [&str; 14] =
    ["apng", "avif", "bmp", "gif", "heic", "heif", "jpeg", "jpg", "jxl", "pjpeg", "png", "tiff", "webp", "x-icon"];

/// A media type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType {
    text: String,
    /// `type/subtype` in lower case.
    essence: String,
    /// Whether a parameter has a quoted value.
    quoted: bool,
}

/// Why a text is not a media type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaTypeError {
    /// It is too long.
    #[error("a media type may have {LONGEST} bytes, not {0}")]
    TooLong(usize),
    /// A character is not allowed at its position.
    #[error("media type {text:?}: {found:?} at byte {at}, where {expected} is expected")]
    Unexpected {
        /// The text.
        text: String,
        /// The character.
        found: char,
        /// Its offset in the text, in bytes.
        at: usize,
        /// What the grammar requires there.
        expected: &'static str,
    },
    /// It ends too early.
    #[error("media type {text:?} ends where {expected} is expected")]
    Ended {
        /// The text.
        text: String,
        /// What the grammar requires there.
        expected: &'static str,
    },
}

impl MediaType {
    /// Parses a media type; surrounding spaces are ignored.
    ///
    /// # Errors
    ///
    /// Says which character is wrong, where, and what is expected in its place.
    pub fn parse(text: &str) -> Result<Self, MediaTypeError> {
        let text = text.trim_matches(' ');
        if text.len() > LONGEST {
            return Err(MediaTypeError::TooLong(text.len()));
        }
        let mut cursor = FieldCursor { text, at: 0 };
        cursor.token("a type")?;
        cursor.exactly('/', "a slash")?;
        cursor.token("a subtype")?;
        let essence = text.get(..cursor.at).unwrap_or_default().to_ascii_lowercase();
        let quoted = cursor.parameters()?;
        Ok(Self { text: text.to_owned(), essence, quoted })
    }

    /// The text as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// `type/subtype` in lower case, without parameters.
    #[must_use]
    pub fn essence(&self) -> &str {
        &self.essence
    }

    /// Whether a browser that does not sniff can only play or draw it: audio, video, a raster image or `WebVTT`. Any subtype with
    /// a suffix such as `+xml` is excluded, since browsers open it as a document, and so is every type with a quoted parameter,
    /// since recipients disagree about where a quoted text ends.
    #[must_use]
    pub fn is_inert(&self) -> bool {
        let (kind, subtype) = self.essence.split_once('/').unwrap_or_default();
        !self.quoted
            && match kind {
                "audio" | "video" => !subtype.contains('+'),
                "image" => RASTER.contains(&subtype) || subtype == "vnd.microsoft.icon",
                _ => self.essence == "text/vtt",
            }
    }
}

/// The current position of the parser.
struct FieldCursor<'a> {
    text: &'a str,
    at: usize,
}

impl FieldCursor<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn take_if(&mut self, wanted: impl Fn(char) -> bool) -> bool {
        let next = self.peek().filter(|next| wanted(*next));
        self.at += next.map_or(0, char::len_utf8);
        next.is_some()
    }

    fn fault(&self, expected: &'static str) -> MediaTypeError {
        let text = self.text.to_owned();
        match self.peek() {
            Some(found) => MediaTypeError::Unexpected { text, found, at: self.at, expected },
            None => MediaTypeError::Ended { text, expected },
        }
    }

    fn exactly(&mut self, wanted: char, expected: &'static str) -> Result<(), MediaTypeError> {
        if self.take_if(|next| next == wanted) { Ok(()) } else { Err(self.fault(expected)) }
    }

    /// One or more of RFC 9110 §5.6.2 (tchar).
    fn token(&mut self, expected: &'static str) -> Result<(), MediaTypeError> {
        let start = self.at;
        while self.take_if(is_token) {}
        if self.at > start { Ok(()) } else { Err(self.fault(expected)) }
    }

    /// `*( OWS ";" OWS [ parameter ] )` (RFC 9110 §5.6.6); returns whether a value is quoted.
    fn parameters(&mut self) -> Result<bool, MediaTypeError> {
        let mut quoted = false;
        while self.peek().is_some() {
            while self.take_if(|next| next == ' ') {}
            self.exactly(';', "a semicolon")?;
            while self.take_if(|next| next == ' ') {}
            if matches!(self.peek(), None | Some(';')) {
                continue;
            }
            self.token("a parameter's name")?;
            self.exactly('=', "an equals sign")?;
            if self.take_if(|next| next == '"') {
                quoted = true;
                self.quoted_rest()?;
            } else {
                self.token("a parameter's value")?;
            }
        }
        Ok(quoted)
    }

    /// The rest of a quoted string (RFC 9110 §5.6.4), whose first quotation mark has been taken.
    fn quoted_rest(&mut self) -> Result<(), MediaTypeError> {
        loop {
            if self.take_if(|next| next == '"') {
                return Ok(());
            }
            self.take_if(|next| next == '\\');
            if !self.take_if(|next| next == ' ' || next.is_ascii_graphic()) {
                return Err(self.fault("printable ASCII or a quotation mark"));
            }
        }
    }
}

fn is_token(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_media_type_is_read_as_the_grammar_has_it() {
        for (text, essence) in [
            ("text/plain", "text/plain"),
            (" Text/HTML; charset=utf-8 ", "text/html"),
            ("video/mp4;codecs=\"avc1.42E01E, mp4a.40.2\"", "video/mp4"),
            ("a/b ; ;c=d;", "a/b"),
            ("application/vnd.oai.openapi+json; version=\"a\\\"b\"", "application/vnd.oai.openapi+json"),
        ] {
            let parsed = MediaType::parse(text).unwrap();
            assert_eq!((parsed.as_str(), parsed.essence()), (text.trim(), essence));
        }
    }

    #[test]
    fn an_error_says_which_character_is_wrong_and_where() {
        for (text, place) in [
            ("text/plain, text/html", Some((',', 10))),
            ("text/plain\n", Some(('\n', 10))),
            ("text\0/plain", Some(('\0', 4))),
            ("text/html\u{b}", Some(('\u{b}', 9))),
            ("text/ html", Some((' ', 5))),
            ("text/plain\t;a=b", Some(('\t', 10))),
            ("tëxt/plain", Some(('ë', 1))),
            ("text/plain;charset", None),
            ("text/plain;charset=", None),
            ("text/plain;charset=ä", Some(('ä', 19))),
            ("text/plain;a=\"b\u{7f}\"", Some(('\u{7f}', 15))),
            ("text/plain;a=\"b\\\"", None),
            ("text/plain;a=\"b\", text/html", Some((',', 16))),
            ("text/plain;a = b", Some((' ', 12))),
            ("text", None),
            ("text/", None),
            ("/html", Some(('/', 0))),
            ("text/html/x", Some(('/', 9))),
            ("text/<html>", Some(('<', 5))),
            ("", None),
        ] {
            let found = match MediaType::parse(text) {
                Err(MediaTypeError::Unexpected { found, at, .. }) => Some((found, at)),
                Err(MediaTypeError::Ended { .. }) => None,
                other => panic!("{text:?}: {other:?}"),
            };
            assert_eq!(found, place, "{text:?}");
        }
        assert_eq!(MediaType::parse(&format!("a/{}", "b".repeat(255))), Err(MediaTypeError::TooLong(257)));
        assert_eq!(
            MediaType::parse("text/a\nb").unwrap_err().to_string(),
            "media type \"text/a\\nb\": '\\n' at byte 6, where a semicolon is expected"
        );
    }

    #[test]
    fn only_what_is_played_or_drawn_is_inert() {
        for (text, inert) in [
            ("video/mp4", true),
            ("Audio/OGG; codecs=opus", true),
            ("image/png", true),
            ("image/vnd.microsoft.icon", true),
            ("text/vtt;charset=utf-8", true),
            ("video/mp4; codecs=\"avc1\"", false),
            ("video/x+xml", false),
            ("audio/svg+xml", false),
            ("image/svg+xml", false),
            ("image/svg", false),
            ("text/html", false),
            ("text/plain", false),
            ("text/xsl", false),
            ("text/xml", false),
            ("application/xhtml+xml", false),
            ("application/pdf", false),
            ("multipart/x-mixed-replace;boundary=a", false),
            ("multipart/related", false),
            ("message/rfc822", false),
            (UNKNOWN, false),
        ] {
            assert_eq!(MediaType::parse(text).unwrap().is_inert(), inert, "{text}");
        }
    }
}
