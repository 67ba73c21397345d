//! The part of a file that a URL is for. What means nothing is elsewhere as if it were not there, and the whole file is what is
//! left; here it is an error, since a URL for a part that opened all of it would be the opposite of what was asked for.

use reelspan::index::Status;
use reelspan::resolve::{Ask, Meaning, guess};
use reelspan::space::MediaKey;
use reelspan::uri::Fragment;

use crate::{Error, Signing};

/// A part of a file, as the query of its URL: in one way of writing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    fragment: Fragment,
}

impl Excerpt {
    /// Reads a fragment, of `t`, `track` and `id`.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |why: String| Error::Bad(format!("fragment {text:?}: {why}"));
        let fragment = Fragment::parse(text);
        if let Some(ignored) = fragment.ignored.first() {
            return Err(wrong(format!("{}: {}", ignored.pair, ignored.why)));
        }
        if fragment.area.is_some() {
            return Err(wrong("xywh is for players; what is sent has the whole picture".to_owned()));
        }
        if fragment.is_empty() {
            return Err(wrong("it names no part, by t, track or id".to_owned()));
        }
        Ok(Self { fragment })
    }

    /// As the query of a URL. Seconds go without their unit, as people write them.
    #[must_use]
    pub fn query(&self) -> String {
        self.fragment.to_string().replacen("t=npt:", "t=", 1)
    }
}

impl Signing {
    /// The query of the URL for a part of a stored file, where every word of it means something there.
    pub(crate) async fn excerpt(&self, key: &MediaKey, excerpt: &Excerpt) -> Result<String, Error> {
        let wrong = |why: &str| Error::Bad(format!("no part of {} can be given out: {why}", key.content()));
        let ask = Ask::from(&excerpt.fragment);
        // The head alone says what a word means.
        let found = self.stores.index.find(&key.to_string(), guess(&Ask::default())).await?;
        let head = found.ok_or(Error::Busy("the indexer"))?.head;
        match &head.status {
            Status::Refused(why) => Err(wrong(why)),
            Status::Indexed(outline) => match Meaning::of(&ask, outline).without.first() {
                Some(without) => Err(wrong(&format!("{}: {}", without.dimension, without.why))),
                None => Ok(excerpt.query()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_excerpt_is_written_in_one_way() {
        for (text, query) in [
            ("t=620,655", "t=620,655"),
            ("t=npt:620,0:10:55", "t=620,655"),
            ("t=,5", "t=,5"),
            ("t=5", "t=5"),
            ("t=smpte-25:0:00:10,0:00:20:05", "t=smpte-25:0:00:10,0:00:20:05"),
            ("track=audio&t=1,2", "t=1,2&track=audio"),
            ("id=t%3Dnpt%3A", "id=t%3Dnpt:"),
            ("track=a%26b", "track=a%26b"),
            // What would be a wildcard in a policy.
            ("track=*?&id=*", "track=%2A%3F&id=%2A"),
        ] {
            assert_eq!(Excerpt::parse(text).unwrap().query(), query, "{text}");
        }
    }

    #[test]
    fn what_has_no_effect_is_no_excerpt() {
        for text in [
            "",
            "t=7,3",
            "t=3,3",
            "t=banana",
            "t=1,2&t=3,4",
            "t=1,2&colour=red",
            "xywh=0,0,9,9",
            "t=1,2&xywh=0,0,9,9",
            "track=",
            "t",
        ] {
            assert!(matches!(Excerpt::parse(text), Err(Error::Bad(_))), "{text}");
        }
    }
}
