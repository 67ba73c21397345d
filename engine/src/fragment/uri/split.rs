//! Name-value pairs (Media Fragments URI 1.0 §5.1): split at `&`, then at the first `=`, and only then percent-decoded,
//! so that an encoded `&` or `=` is part of a name or a value. A `+` is a plus.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, percent_decode_str, utf8_percent_encode};

use super::InvalidText;

/// The characters of a value that are not encoded: RFC 3986 §2.3 (unreserved), and a colon. A comma separates names in
/// a `Range`.
const VALUE: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':');

/// A name and its value, decoded.
pub struct QueryPair<'a> {
    pub name: Cow<'a, str>,
    pub value: Cow<'a, str>,
}

impl<'a> QueryPair<'a> {
    /// Splits and decodes a pair. Positions in the error count from the beginning of the pair, as it is written.
    pub fn decode(written: &'a str) -> Result<Self, InvalidText> {
        let (name, value) =
            written.split_once('=').ok_or(InvalidText { at: written.len(), why: "'=' and a value are expected" })?;
        let behind = |invalid: InvalidText| InvalidText { at: invalid.at + name.len() + 1, ..invalid };
        Ok(Self { name: decode(name)?, value: decode(value).map_err(behind)? })
    }
}

/// Percent-decodes, strictly: two hexadecimal digits follow each `%`, and the bytes are UTF-8.
///
/// # Errors
///
/// If not; with the byte offset in the text.
pub fn decode(text: &str) -> Result<Cow<'_, str>, InvalidText> {
    for (at, _) in text.match_indices('%') {
        let digits = text.as_bytes().get(at + 1..at + 3);
        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return Err(InvalidText { at, why: "'%' stands before two hexadecimal digits" });
        }
    }
    // The exact position of the sequence in the encoded text does not matter: the first '%' leads there.
    let at = text.find('%').unwrap_or_default();
    percent_decode_str(text).decode_utf8().map_err(|_| InvalidText { at, why: "the decoded bytes are not UTF-8" })
}

/// Percent-encodes a value, for a URI or for a header field.
#[must_use]
pub fn encode(value: &str) -> PercentEncode<'_> {
    utf8_percent_encode(value, &VALUE)
}
