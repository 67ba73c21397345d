//! Properties of a content: `x-dura-meta-NAME` in DuraCloud's API and user metadata of the object in S3 (*Amazon S3
//! User Guide*, Working with object metadata).
//!
//! S3 accepts names and values of 2 KB together, and changes values that are not printable ASCII (RFC 2047) or have two
//! spaces in a row. Such values are stored percent-encoded, so that a client gets exactly what it stored.

use std::collections::BTreeMap;
use std::fmt::Write;

use percent_encoding::percent_decode_str;

/// The maximum size in bytes of the names and values of an object in S3.
const ROOM: usize = 2048;

/// Names for attributes of the object itself or parameters of the request. They are not properties.
const RESERVED: [&str; 7] = [
    "content-checksum",
    "content-md5",
    "content-mimetype",
    "content-modified",
    "content-size",
    "copy-source",
    "copy-source-store",
];

/// Why properties are invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PropertiesError {
    /// They are too large.
    #[error("the properties take {0} bytes as they are stored, and there is room for {ROOM}")]
    TooLarge(usize),
    /// A name contains a character that is invalid in a header field's name (RFC 9110 §5.6.2).
    #[error("property {name:?}: {found:?} at byte {at} is invalid in the name of a header field")]
    Name {
        /// The name.
        name: String,
        /// The first invalid character.
        found: char,
        /// Its offset, in bytes.
        at: usize,
    },
    /// A property has no name.
    #[error("a property has no name")]
    Nameless,
    /// A value contains a control character, which is invalid in a header field (RFC 9110 §5.5).
    #[error("property {name:?}: the value has the control character {found:?} at byte {at}")]
    Value {
        /// The name.
        name: String,
        /// The first invalid character.
        found: char,
        /// Its offset in the value, in bytes.
        at: usize,
    },
}

/// The properties of a content, by their names in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Properties(BTreeMap<String, String>);

impl Properties {
    /// Properties with these names and values. Those that are attributes of the object itself are left out, as in
    /// DuraCloud.
    ///
    /// # Errors
    ///
    /// If a property could not be returned as a header field, or they are too large for S3.
    pub fn new(all: impl IntoIterator<Item = (String, String)>) -> Result<Self, PropertiesError> {
        let all: Vec<_> = all.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        all.iter().try_for_each(|(name, value)| fit_for_a_field(name, value))?;
        let all = all.into_iter();
        let properties = Self(all.filter(|(name, _)| !RESERVED.contains(&name.as_str())).collect());
        let size = properties.metadata().map(|(name, value)| name.len() + value.len()).sum();
        // Leaves room for the digest.
        let room = ROOM - "content-md5".len() - 32;
        if size > room { Err(PropertiesError::TooLarge(size)) } else { Ok(properties) }
    }

    /// The properties in an object's metadata.
    pub fn of_metadata<'a>(metadata: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        let metadata = metadata.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), decoded(value)));
        Self(metadata.filter(|(name, _)| !RESERVED.contains(&name.as_str())).collect())
    }

    /// Names and values in their stored form.
    pub fn metadata(&self) -> impl Iterator<Item = (String, String)> {
        self.0.iter().map(|(name, value)| (name.clone(), encoded(value)))
    }

    /// The value of a name in lower case, unless it is blank.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// Checks that a property can be sent as `x-dura-meta-NAME: VALUE`.
fn fit_for_a_field(name: &str, value: &str) -> Result<(), PropertiesError> {
    if name.is_empty() {
        return Err(PropertiesError::Nameless);
    }
    let is_token = |letter: char| letter.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(letter);
    if let Some((at, found)) = name.char_indices().find(|(_, letter)| !is_token(*letter)) {
        return Err(PropertiesError::Name { name: name.to_owned(), found, at });
    }
    // A tab is white space, which is allowed in fields.
    let control = value.char_indices().find(|(_, letter)| letter.is_ascii_control() && *letter != '\t');
    match control {
        Some((at, found)) => Err(PropertiesError::Value { name: name.to_owned(), found, at }),
        None => Ok(()),
    }
}

/// A value as printable ASCII that no store and no gateway changes.
fn encoded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let bytes = value.as_bytes();
    for (at, &byte) in bytes.iter().enumerate() {
        let next = bytes.get(at + 1).copied();
        let edge = at == 0 || next.is_none();
        let plain = match byte {
            b'%' => false,
            // An encoded word (RFC 2047 §2) would be decoded.
            b'=' => next != Some(b'?'),
            // Outer spaces are not part of a field's value, and signatures collapse several in a row.
            b' ' => !edge && next != Some(b' '),
            _ => byte.is_ascii_graphic(),
        };
        if plain {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Decodes a value. One that was stored by another program, and is not percent-encoded, is taken verbatim.
fn decoded(value: &str) -> String {
    percent_decode_str(value).decode_utf8().map_or_else(|_| value.to_owned(), Into::into)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    fn one(value: &str) -> Result<Properties, PropertiesError> {
        Properties::new([("Color".to_owned(), value.to_owned())])
    }

    #[test]
    fn what_is_plain_is_stored_plainly() {
        for (value, stored) in [
            ("green", "green"),
            ("light green = f(x)", "light green = f(x)"),
            ("100%", "100%25"),
            ("grün", "gr%C3%BCn"),
            ("a  b", "a%20 b"),
            ("=?UTF-8?Q?a?=", "%3D?UTF-8?Q?a?="),
            ("", ""),
        ] {
            let metadata: Vec<_> = one(value).unwrap().metadata().collect();
            assert_eq!(metadata, [("color".to_owned(), stored.to_owned())]);
        }
    }

    #[test]
    fn what_the_object_says_itself_is_no_property() {
        let all = ["content-md5", "content-mimetype", "Content-Size", "copy-source", "tags"];
        let properties = Properties::new(all.map(|name| (name.to_owned(), "x".to_owned()))).unwrap();
        assert_eq!(properties.iter().collect::<Vec<_>>(), [("tags", "x")]);
    }

    #[test]
    fn properties_have_the_room_that_s3_has() {
        assert!(one(&"x".repeat(2000)).is_ok());
        assert_eq!(one(&"x".repeat(2001)), Err(PropertiesError::TooLarge(2006)));
        assert!(one(&"ä".repeat(333)).is_ok());
        assert!(one(&"ä".repeat(334)).is_err());
    }

    #[test]
    fn a_property_that_no_header_field_could_have_is_refused() {
        for (name, value, refused) in [
            ("color", "green", None),
            ("a.b_c~d", "tab\there", None),
            ("color", "gr\u{fc}n \u{1f600}", None),
            ("color", "green\n", Some(('\n', 5))),
            ("color", "\0", Some(('\0', 0))),
            ("color", "\u{fc}\u{85}", None),
            ("color", "\u{7f}", Some(('\u{7f}', 0))),
            ("col or", "green", Some((' ', 3))),
            ("color\r\n", "green", Some(('\r', 5))),
            ("c\u{f6}lor", "green", Some(('\u{f6}', 1))),
            ("color:", "green", Some((':', 5))),
        ] {
            let found = match Properties::new([(name.to_owned(), value.to_owned())]) {
                Err(PropertiesError::Name { found, at, .. } | PropertiesError::Value { found, at, .. }) => {
                    Some((found, at))
                }
                _ => None,
            };
            assert_eq!(found, refused, "{name:?} {value:?}");
        }
        assert_eq!(Properties::new([(String::new(), "x".to_owned())]), Err(PropertiesError::Nameless));
        let error = Properties::new([("color".to_owned(), "a\nb".to_owned())]).unwrap_err().to_string();
        assert_eq!(error, "property \"color\": the value has the control character '\\n' at byte 1");
    }

    proptest! {
        #[test]
        fn a_value_survives_s3(value in "\\PC{0,60}|[ %=?a]{0,20}") {
            let properties = one(&value).unwrap();
            let metadata: BTreeMap<_, _> = properties.metadata().collect();
            for stored in metadata.values() {
                prop_assert!(stored.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
                prop_assert!(!stored.contains("  ") && !stored.contains("=?"));
                prop_assert_eq!(stored.trim(), stored);
            }
            prop_assert_eq!(Properties::of_metadata(&metadata), properties);
        }
    }
}
