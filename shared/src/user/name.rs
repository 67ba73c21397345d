//! Names of users and groups. They are part of header fields (`x-dura-meta-acl-NAME`, `x-dura-meta-acl-group-NAME`),
//! which are case-insensitive (RFC 9110 §5.1). So they have one spelling, in lower case, with characters that are valid
//! in field names.

use std::fmt;
use std::str::FromStr;

/// The most characters that a name has.
const LONGEST: usize = 64;
/// The prefix of groups in access lists, with which no name begins.
const GROUP: &str = "group-";
/// The group of everyone in access lists (`group-public`).
const PUBLIC: &str = "public";

/// Why a name is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} name {name:?}: {why}")]
pub struct UserNameError {
    kind: &'static str,
    name: String,
    why: &'static str,
}

/// A user's name: 1 to 64 of `a-z 0-9 . _ -`, with the rules of [`UserName::parse`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(String);

/// A group's name, without `group-`: 1 to 64 of `a-z 0-9 . _ -`, with the rules of [`GroupName::parse`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName(String);

impl UserName {
    /// Parses a name: it begins and ends with a letter or a digit, does not begin with `group-`, and is not `public`.
    pub fn parse(name: &str) -> Result<Self, UserNameError> {
        parse("user", name).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl GroupName {
    /// Parses a name: it begins and ends with a letter or a digit, does not begin with `group-`, and is not `public`:
    /// that group is everyone, and has no members.
    pub fn parse(name: &str) -> Result<Self, UserNameError> {
        parse("group", name).map(Self)
    }

    /// The name, without `group-`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn parse(kind: &'static str, name: &str) -> Result<String, UserNameError> {
    match fault(name) {
        None => Ok(name.to_owned()),
        Some(why) => {
            // The input may have any length; the reader of the error needs only its beginning.
            let name = name.chars().take(LONGEST).collect();
            Err(UserNameError { kind, name, why })
        }
    }
}

fn fault(name: &str) -> Option<&'static str> {
    let bare = |end: Option<&u8>| end.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = name.as_bytes();
    if !(1..=LONGEST).contains(&bytes.len()) {
        Some("must have 1 to 64 characters")
    } else if !bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-')) {
        Some("may have a-z, 0-9, '.', '_' and '-' only")
    } else if !(bare(bytes.first()) && bare(bytes.last())) {
        Some("must begin and end with a letter or a digit")
    } else if name.starts_with(GROUP) {
        Some("must not begin with 'group-'")
    } else if name == PUBLIC {
        Some("means everyone")
    } else {
        None
    }
}

impl FromStr for UserName {
    type Err = UserNameError;

    fn from_str(name: &str) -> Result<Self, UserNameError> {
        Self::parse(name)
    }
}

impl FromStr for GroupName {
    type Err = UserNameError;

    fn from_str(name: &str) -> Result<Self, UserNameError> {
        Self::parse(name)
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_plain() {
        let longest = "a".repeat(64);
        for name in ["a", "7", "admin", "j.doe", "j_doe-2", "groups", "public2", longest.as_str()] {
            assert_eq!(UserName::parse(name).unwrap().as_str(), name);
            assert_eq!(GroupName::parse(name).unwrap().to_string(), name);
        }
    }

    #[test]
    fn what_an_access_list_or_a_header_field_could_misread_is_no_name() {
        let longer = "a".repeat(65);
        for (name, why) in [
            ("", "1 to 64"),
            (longer.as_str(), "1 to 64"),
            ("Admin", "only"),
            ("j doe", "only"),
            ("j:doe", "only"),
            ("j@example.org", "only"),
            ("jörg", "only"),
            ("a\0", "only"),
            ("a\r\nb", "only"),
            (".a", "begin and end"),
            ("a-", "begin and end"),
            ("group-staff", "group-"),
            ("public", "everyone"),
        ] {
            for error in [UserName::parse(name).unwrap_err(), GroupName::parse(name).unwrap_err()] {
                assert!(error.to_string().contains(why), "{name:?}: {error}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_name_can_be_part_of_a_field_name_and_comes_back_from_it(name in "\\PC{0,70}") {
            if let Ok(user) = UserName::parse(&name) {
                let field: http::HeaderName = format!("x-dura-meta-acl-{user}").parse().unwrap();
                let back = field.as_str().strip_prefix("x-dura-meta-acl-").unwrap();
                prop_assert_eq!(UserName::parse(back).unwrap(), user);
                prop_assert!(!back.starts_with("group-"));
            }
        }
    }
}
