//! Names: a space, a content in it, and the two together as one key. A name that is typed here has been validated, so it can
//! be part of an S3 key, of a DynamoDB key or of a path without any further thought.
//!
//! The rules are DuraCloud's (*DuraCloud REST API*, Create Space and Store Content), narrowed where a content's name would
//! otherwise be read as a path that leaves its space: no `.` and no `..` between slashes.
//!
//! | file | what it knows |
//! | --- | --- |
//! | [`acl`] | who may do what with a space |
//! | [`properties`] | what is noted of a content |
//! | [`record`] | what is known of a space |
//! | [`streaming`] | how it is streamed |
//! | [`commons`] | what all streamed spaces share: the keys that verify signatures |

pub mod acl;
pub mod commons;
pub mod properties;
pub mod quota;
pub mod record;
pub mod streaming;

use std::{fmt, str::FromStr};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode, utf8_percent_encode};
use reelspan_engine::package::name::DERIVED;

/// Words that the REST API takes for itself where a space's name may stand.
const RESERVED: [&str; 11] =
    ["acl", "audit", "aux", "bit-integrity", "init", "manifest", "report", "security", "spaces", "stores", "task"];

/// The most bytes that a content's name has once URL-encoded, and that an S3 key has as it is.
const LONGEST: usize = 1024;

/// What a path leaves as it is: RFC 3986 §2.3 (unreserved), and the slash.
const PATH: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// What the name of a part leaves besides, which is written as in a query: `t=620,655&track=audio`.
const PART: AsciiSet = PATH.remove(b'=').remove(b',').remove(b'&').remove(b':');

/// Why a name cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// A space's name is not as it must be; the text says in what.
    #[error("space id {name:?}: {why}")]
    Space {
        /// The name that was refused.
        name: String,
        /// The rule that it breaks.
        why: &'static str,
    },
    /// A content's name is not as it must be; the text says in what.
    #[error("content id {name:?}: {why}")]
    Content {
        /// The name that was refused.
        name: String,
        /// The rule that it breaks.
        why: &'static str,
    },
    /// A key has no slash between a space and a content.
    #[error("{0:?} is not space/content")]
    Key(String),
}

/// A space's name: 3 to 42 of `a-z 0-9 . -`, and what [`SpaceId::parse`] says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpaceId(String);

impl SpaceId {
    /// Takes a name that begins with a letter, does not end with `-`, has no `..`, `-.` or `.-`, no digit behind its last
    /// period (so that it is never like an IP address), and is not a word of the API.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        match Self::fault(name) {
            None => Ok(Self(name.to_owned())),
            Some(why) => Err(NameError::Space { name: name.to_owned(), why }),
        }
    }

    fn fault(name: &str) -> Option<&'static str> {
        let last_label = name.rsplit_once('.').map(|(_, label)| label);
        if !(3..=42).contains(&name.len()) {
            Some("must have 3 to 42 characters")
        } else if !name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-')) {
            Some("may have a-z, 0-9, '.' and '-' only")
        } else if !name.starts_with(|first: char| first.is_ascii_lowercase()) {
            Some("must begin with a letter")
        } else if name.ends_with('-') {
            Some("must not end with '-'")
        } else if ["..", "-.", ".-"].iter().any(|pair| name.contains(pair)) {
            Some("must not have '..', '-.' or '.-'")
        } else if last_label.is_some_and(|label| label.starts_with(|first: char| first.is_ascii_digit())) {
            Some("must not have a digit behind its last '.'")
        } else if RESERVED.contains(&name) {
            Some("is a word of the API")
        } else {
            None
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A content's name within its space: any UTF-8 with slashes, but for what [`ContentId::parse`] says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentId(String);

impl ContentId {
    /// Takes a name of 1 to 1024 bytes once URL-encoded, without `?`, `\` and control characters, and without `.`, `..` or
    /// `~` between slashes.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        match Self::fault(name) {
            None => Ok(Self(name.to_owned())),
            Some(why) => Err(NameError::Content { name: name.to_owned(), why }),
        }
    }

    fn fault(name: &str) -> Option<&'static str> {
        if name.is_empty() {
            Some("must not be empty")
        } else if encoded(name).map(str::len).sum::<usize>() > LONGEST {
            Some("must have at most 1024 bytes once URL-encoded")
        } else if name.contains(['?', '\\']) {
            Some("must not have '?' or '\\'")
        } else if name.contains(char::is_control) {
            Some("must not have control characters")
        } else if name.contains(['\u{fffe}', '\u{ffff}']) {
            Some("must not have U+FFFE or U+FFFF, which XML cannot name")
        } else if name.split('/').any(|segment| matches!(segment, "." | "..")) {
            Some("must not have '.' or '..' between slashes")
        } else if name.split('/').any(|segment| segment == DERIVED) {
            Some("must not have '~' alone between slashes: what is derived from a content stands below it")
        } else {
            None
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The beginning of a content's name, or a place in the order of names: what [`ContentPrefix::parse`] says.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentPrefix(String);

impl ContentPrefix {
    /// Takes a text of at most 1024 bytes without control characters. No name begins with any other text.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let fault = if text.len() > LONGEST {
            "must have at most 1024 bytes"
        } else if text.contains(char::is_control) {
            "must not have control characters"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(NameError::Content { name: text.to_owned(), why: fault })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&ContentId> for ContentPrefix {
    fn from(content: &ContentId) -> Self {
        Self(content.0.clone())
    }
}

impl FromStr for ContentPrefix {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

/// A content of a space: the one name that a file has everywhere. As text it is `{space}/{content}`, which is its S3 key
/// and the partition key of its index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MediaKey {
    space: SpaceId,
    content: ContentId,
}

impl MediaKey {
    /// Puts the two together, where the key does not exceed the 1024 bytes that S3 takes.
    pub fn new(space: SpaceId, content: ContentId) -> Result<Self, NameError> {
        if space.0.len() + 1 + content.0.len() > LONGEST {
            return Err(NameError::Content { name: content.0, why: "must have at most 1024 bytes with its space" });
        }
        Ok(Self { space, content })
    }

    /// The space.
    #[must_use]
    pub const fn space(&self) -> &SpaceId {
        &self.space
    }

    /// The content.
    #[must_use]
    pub const fn content(&self) -> &ContentId {
        &self.content
    }

    /// The key as the path of a URL has it, percent-encoded (RFC 3986 §3.3): `films/a%20b/c.mp4`.
    #[must_use]
    pub fn to_path(&self) -> String {
        let mut path = format!("{}/", self.space);
        path.extend(encoded(self.content.as_str()));
        path
    }
}

impl FromStr for MediaKey {
    type Err = NameError;

    /// Reads `{space}/{content}`: the space ends at the first slash.
    fn from_str(key: &str) -> Result<Self, NameError> {
        let (space, content) = key.split_once('/').ok_or_else(|| NameError::Key(key.to_owned()))?;
        Self::new(SpaceId::parse(space)?, ContentId::parse(content)?)
    }
}

impl fmt::Display for SpaceId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for ContentId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for ContentPrefix {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Display for MediaKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.space, self.content)
    }
}

fn encoded(name: &str) -> impl Iterator<Item = &str> {
    percent_encode(name.as_bytes(), &PATH)
}

/// A path that was percent-decoded, in the one spelling in which addresses are given out and signed: `films/a talk.mp4/~/t=1,2/master.m3u8`
/// becomes `films/a%20talk.mp4/~/t=1,2/master.m3u8`.
#[must_use]
pub fn respelled(path: &str) -> String {
    let (content, derived) = path.split_at(path.find(&format!("/{DERIVED}/")).unwrap_or(path.len()));
    encoded(content).chain(utf8_percent_encode(derived, &PART)).collect()
}

#[cfg(test)]
mod tests;
