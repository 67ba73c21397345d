//! The `Authorization` field of HTTP Basic (RFC 7617): `Basic`, and a user's name and password with a colon between
//! them, in base64. It comes from outside, and is never shown.

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// The longest field in bytes: twice what the longest name and password need.
const LONGEST: usize = 4096;

/// Some clients omit the padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Why a field is invalid. The text is for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedCredentials {
    /// It is too long.
    #[error("the Authorization field is too long")]
    Long,
    /// It has another scheme.
    #[error("the Authorization field is not of the Basic scheme")]
    Scheme,
    /// The rest is not base64.
    #[error("the credentials are not base64")]
    Base64,
    /// The decoded bytes are not text.
    #[error("the credentials are not UTF-8")]
    Utf8,
    /// The text has no colon.
    #[error("the credentials have no colon")]
    Colon,
    /// The text has control characters (RFC 7617 §2).
    #[error("the credentials have control characters")]
    Control,
}

/// A name and a password from a request, not checked yet. A name has no colon; a password may have one.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    text: String,
    colon: usize,
}

impl Credentials {
    /// Parses the value of an `Authorization` field.
    pub fn parse(field: &[u8]) -> Result<Self, MalformedCredentials> {
        if field.len() > LONGEST {
            return Err(MalformedCredentials::Long);
        }
        let field = field.trim_ascii();
        let (scheme, rest) = field.split_at_checked("Basic".len()).ok_or(MalformedCredentials::Scheme)?;
        if !scheme.eq_ignore_ascii_case(b"Basic") || !(rest.is_empty() || rest.starts_with(b" ")) {
            return Err(MalformedCredentials::Scheme);
        }
        let decoded = BASE64.decode(rest.trim_ascii_start()).map_err(|_| MalformedCredentials::Base64)?;
        let text = String::from_utf8(decoded).map_err(|_| MalformedCredentials::Utf8)?;
        if text.contains(char::is_control) {
            return Err(MalformedCredentials::Control);
        }
        let colon = text.find(':').ok_or(MalformedCredentials::Colon)?;
        Ok(Self { text, colon })
    }

    /// The name, which may be empty.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.get(..self.colon).unwrap_or_default()
    }

    /// The password, which may be empty.
    #[must_use]
    pub fn password(&self) -> &[u8] {
        self.text.as_bytes().get(self.colon + 1..).unwrap_or_default()
    }

    /// Both, with the colon between them.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

impl fmt::Debug for Credentials {
    /// Omits the password; and the name, because people sometimes type a password in its place.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Credentials(…)")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;

    use super::*;

    fn field(text: impl AsRef<[u8]>) -> String {
        format!("Basic {}", STANDARD.encode(text))
    }

    #[test]
    fn credentials_are_read_as_clients_write_them() {
        for (field, name, password) in [
            // RFC 7617 §2 and §2.1.
            ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Aladdin", "open sesame"),
            ("Basic dGVzdDoxMjPCow==", "test", "123£"),
            ("basic QWxhZGRpbjpvcGVuIHNlc2FtZQ", "Aladdin", "open sesame"),
            ("BASIC   QWxhZGRpbjpvcGVuIHNlc2FtZQ== ", "Aladdin", "open sesame"),
            (&field("a:b:c"), "a", "b:c"),
            (&field("a:"), "a", ""),
            (&field(":b"), "", "b"),
            (&field(":"), "", ""),
        ] {
            let read = Credentials::parse(field.as_bytes()).unwrap();
            assert_eq!((read.name(), read.password()), (name, password.as_bytes()), "{field}");
            assert!(!format!("{read:?}").contains("Aladdin"));
        }
    }

    #[test]
    fn what_is_not_credentials_says_why() {
        for (field, why) in [
            (String::new(), MalformedCredentials::Scheme),
            ("Basi".to_owned(), MalformedCredentials::Scheme),
            ("Bearer abc".to_owned(), MalformedCredentials::Scheme),
            ("Basics YTpi".to_owned(), MalformedCredentials::Scheme),
            ("Basic\tYTpi".to_owned(), MalformedCredentials::Scheme),
            ("Basic".to_owned(), MalformedCredentials::Colon),
            ("Basic YT pi".to_owned(), MalformedCredentials::Base64),
            ("Basic a:b".to_owned(), MalformedCredentials::Base64),
            ("Basic Y".to_owned(), MalformedCredentials::Base64),
            (field("ab"), MalformedCredentials::Colon),
            (field(b"a:\xff"), MalformedCredentials::Utf8),
            (field("a:b\n"), MalformedCredentials::Control),
            (field("a\0:b"), MalformedCredentials::Control),
            (field("a".repeat(4096)), MalformedCredentials::Long),
        ] {
            assert_eq!(Credentials::parse(field.as_bytes()), Err(why), "{field}");
        }
    }

    proptest! {
        #[test]
        fn what_a_client_encodes_is_what_is_read(name in "[^:\\pC]{0,30}", password in "\\PC{0,60}") {
            let read = Credentials::parse(field(format!("{name}:{password}")).as_bytes()).unwrap();
            prop_assert_eq!((read.name(), read.password()), (name.as_str(), password.as_bytes()));
        }

        #[test]
        fn no_bytes_break_the_reading(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Credentials::parse(&bytes);
            let _ = Credentials::parse(&[b"Basic ", &bytes[..]].concat());
            let _ = Credentials::parse(field(&bytes).as_bytes());
        }
    }
}
