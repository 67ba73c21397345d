//! A URI, split as far as media fragments require (RFC 3986 §3).

use reelspan::space::{ContentId, MediaKey, SpaceId};
use reelspan_engine::fragment::uri;

use crate::MediaError;

/// A URI or a relative reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// As it was written.
    pub written: String,
    /// The part before the query and the fragment.
    base: String,
    /// The part after `?`.
    pub query: Option<String>,
    /// The part after `#`.
    pub hash: Option<String>,
}

impl Link {
    /// Splits any text.
    pub fn parse(text: &str) -> Self {
        let (rest, hash) = match text.split_once('#') {
            Some((rest, hash)) => (rest, Some(hash.to_owned())),
            None => (text, None),
        };
        let (base, query) = match rest.split_once('?') {
            Some((base, query)) => (base, Some(query.to_owned())),
            None => (rest, None),
        };
        Self { written: text.to_owned(), base: base.to_owned(), query, hash }
    }

    /// Its path, as it is written; `None` if it has an authority and no path.
    pub fn path(&self) -> Option<&str> {
        match self.base.split_once("://") {
            None => Some(&self.base),
            Some((_, rest)) => rest.get(rest.find('/')?..),
        }
    }

    /// The media file on this server that it names, if any: of this host, or without a host.
    ///
    /// # Errors
    ///
    /// If it is below `/media/`, but not a valid name.
    pub fn media(&self, host: Option<&str>) -> Result<Option<MediaKey>, MediaError> {
        let path = match self.base.split_once("://") {
            None => self.base.as_str(),
            Some((scheme, rest)) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                let ours = host.is_some_and(|host| host.eq_ignore_ascii_case(authority));
                if !ours || !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
                    return Ok(None);
                }
                path
            }
        };
        let Some((space, content)) = path.strip_prefix("/media/").and_then(|path| path.split_once('/')) else {
            return Ok(None);
        };
        let decoded = |text| uri::decode(text).map_err(|_| MediaError::Path);
        let (space, content) = (decoded(space)?, decoded(content)?);
        Ok(Some(MediaKey::new(SpaceId::parse(&space)?, ContentId::parse(&content)?)?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_link_of_this_host_names_a_file_of_ours() {
        let cases = [
            ("https://media.example.org/media/films/a%20b.mp4?t=3,7#t=1", Some("films/a b.mp4")),
            ("http://MEDIA.example.org/media/films/1999/a.mp4", Some("films/1999/a.mp4")),
            ("/media/films/a.mp4#t=3", Some("films/a.mp4")),
            ("https://elsewhere.example.org/media/films/a.mp4", None),
            ("https://media.example.org:81/media/films/a.mp4", None),
            ("https://media.example.org", None),
            ("ftp://media.example.org/media/films/a.mp4", None),
            ("/media/films", None),
            ("a.mp4?x=://media.example.org/media/films/a.mp4", None),
            ("", None),
        ];
        for (text, media) in cases {
            let found = Link::parse(text).media(Some("media.example.org")).unwrap();
            assert_eq!(found.map(|media| media.to_string()).as_deref(), media, "{text}");
        }
        for text in ["/media/films/%ff", "/media/films/../a.mp4", "/media/F/a.mp4", "/media/films/"] {
            assert!(Link::parse(text).media(None).is_err(), "{text}");
        }
    }

    #[test]
    fn the_first_number_sign_and_the_first_question_mark_before_it_part_a_link() {
        let parts = |text| {
            let Link { query, hash, .. } = Link::parse(text);
            (query, hash)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parts("a?b?c#d#e?f"), (some("b?c"), some("d#e?f")));
        assert_eq!(parts("a#d?b"), (None, some("d?b")));
        assert_eq!(parts("a?"), (some(""), None));
    }
}
