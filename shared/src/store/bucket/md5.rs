//! MD5 as a digest of contents, with which S3 and DuraCloud compare bytes. It detects damage, and is not for security.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// An MD5 digest. As text it is 32 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Md5([u8; 16]);

impl Md5 {
    /// Parses a digest in hexadecimal digits, as DuraCloud's clients write it, or in base64, as in RFC 1864.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = if text.len() == 32 && text.is_ascii() {
            (0..32)
                .step_by(2)
                .map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok())
                .collect::<Option<Vec<_>>>()?
        } else {
            BASE64_STANDARD.decode(text).ok()?
        };
        bytes.try_into().ok().map(Self)
    }

    /// The digest in an object's `ETag`; `None` for a multipart upload.
    #[must_use]
    pub fn of_etag(etag: &str) -> Option<Self> {
        let etag = etag.trim_matches('"');
        if etag.len() == 32 { Self::parse(etag) } else { None }
    }

    /// The form of RFC 1864.
    #[must_use]
    pub fn to_base64(self) -> String {
        BASE64_STANDARD.encode(self.0)
    }
}

impl fmt::Display for Md5 {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

/// A digest in progress.
#[derive(Clone, Debug, Default)]
pub struct Hasher(md5::Md5);

impl Hasher {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        md5::Digest::update(&mut self.0, bytes);
    }

    /// The digest of the bytes so far.
    #[must_use]
    pub fn digest(&self) -> Md5 {
        Md5(md5::Digest::finalize(self.0.clone()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "d41d8cd98f00b204e9800998ecf8427e";

    #[test]
    fn a_digest_is_read_in_both_of_its_forms() {
        let empty = Hasher::default().digest();
        assert_eq!(empty.to_string(), EMPTY);
        for text in
            [EMPTY, "D41D8CD98F00B204E9800998ECF8427E", "1B2M2Y8AsgTpgAmY7PhCfg==", " 1B2M2Y8AsgTpgAmY7PhCfg== "]
        {
            assert_eq!(Md5::parse(text), Some(empty), "{text}");
        }
        assert_eq!(Md5::parse(&empty.to_base64()), Some(empty));
        for text in [
            "",
            "d41d",
            "1B2M2Y8AsgTpgAmY7PhC",
            "x41d8cd98f00b204e9800998ecf8427e",
            "+41d8cd98f00b204e9800998ecf8427e0",
        ] {
            assert_eq!(Md5::parse(text), None, "{text}");
        }
    }

    #[test]
    fn an_etag_of_parts_is_no_digest() {
        assert!(Md5::of_etag(&format!("\"{EMPTY}\"")).is_some());
        assert_eq!(Md5::of_etag(&format!("\"{EMPTY}-2\"")), None);
    }
}
