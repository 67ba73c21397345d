//! The part of a file that a URL is for. What means nothing is elsewhere as if it were not there, and the whole file is what is
//! left; here it is an error, since a URL for a part that opened all of it would be the opposite of what was asked for.

use std::ops::RangeInclusive;

use reelspan::space::MediaKey;
use reelspan::store::Found;
use reelspan_engine::fragment::resolve::{self, Ask, Meaning, When, guess};
use reelspan_engine::fragment::uri::Fragment;
use reelspan_engine::index::{Outline, Status};
use reelspan_engine::media::{Interval, Time};

use crate::{RestError, Signing};

/// How much before its start a strict excerpt may disclose unless the request says: as long as a group of pictures is that
/// common encoders make unless they are told otherwise (x264 and x265: 250 pictures, which are ten seconds at 25 a second).
pub const MAX_LEAD_IN: Time = Time::from_secs(10);

/// A part of a file, as the query of its URL: in one way of writing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excerpt {
    fragment: Fragment,
}

impl Excerpt {
    /// Reads a fragment, of `t`, `track` and `id`.
    pub fn parse(text: &str) -> Result<Self, RestError> {
        let wrong = |why: String| RestError::Bad(format!("fragment {text:?}: {why}"));
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

    /// The pages of the index that are read with the head: those around the part's start, or none if it does not matter what the
    /// part discloses.
    #[must_use]
    pub fn pages(&self, disclosure: Disclosure) -> RangeInclusive<u32> {
        let irrelevant = disclosure == Disclosure::Irrelevant;
        let pages = guess(&if irrelevant { Ask::default() } else { Ask::from(&self.fragment) });
        *pages.start()..=(*pages.end()).min(pages.start().saturating_add(AT_START))
    }

    /// The part that has this interval.
    fn given(&self, interval: Interval) -> String {
        let tracks = self.fragment.tracks.clone();
        Fragment { time: Some(interval.into()), tracks, ..Fragment::default() }.to_string()
    }

    /// As the query of a URL. Seconds go without their unit, as people write them.
    #[must_use]
    pub fn query(&self) -> String {
        self.fragment.to_string().replacen("t=npt:", "t=", 1)
    }
}

/// How many pages behind the first are read with the head: half a minute before the start, and what follows it.
const AT_START: u32 = 5;

/// What has to be known of what a part discloses before a URL for it is given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// Nothing: the whole file is open to all.
    Irrelevant,
    /// It is said in the answer.
    Told,
    /// It is said in the answer, and is at most so much from before the part's start.
    AtMost(Time),
}

/// What a URL for a part of a file opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExcerptAccess {
    /// The query of the URL.
    pub query: String,
    /// What it discloses, as a fragment of the file: the interval of all samples that it gives, those included that are there
    /// only for decoding, and the tracks. `None` if there is nothing at the time that it asks for, or if it is irrelevant.
    pub given: Option<String>,
    /// The same interval.
    pub disclosed: Option<Interval>,
}

impl Signing {
    /// The part of a stored file, if every dimension of the fragment means something for it. `found` is the head of its index and
    /// the pages around the part's start ([`Excerpt::pages`]); they are read now if it is `None`. Another round trip reads those
    /// at its end if it is long, and one more the page with the sync sample if that lies more than half a minute before.
    ///
    /// # Errors
    ///
    /// If a dimension means nothing for the file, or if the part discloses more from before its start than it may.
    pub(crate) async fn excerpt(
        &self,
        key: &MediaKey,
        found: Option<Found>,
        excerpt: &Excerpt,
        disclosure: Disclosure,
    ) -> Result<ExcerptAccess, RestError> {
        let wrong = |why: &str| RestError::Bad(format!("no part of {} can be given out: {why}", key.content()));
        let ask = Ask::from(&excerpt.fragment);
        let query = excerpt.query();
        let found = match found {
            Some(found) => Some(found),
            None => self.stores.index.find(key, excerpt.pages(disclosure)).await?,
        };
        let Found { head, mut pages, .. } = found.ok_or(RestError::Busy("the indexer"))?;
        let outline = match &head.status {
            Status::Refused(why) => return Err(wrong(why)),
            Status::Indexed(outline) => outline,
        };
        let meaning = Meaning::of(&ask, outline);
        if let Some(without) = meaning.without.first() {
            return Err(wrong(&format!("{}: {}", without.dimension, without.why)));
        }
        if disclosure == Disclosure::Irrelevant {
            return Ok(ExcerptAccess { query, given: None, disclosed: None });
        }
        let disclosed = resolve::disclosed(outline, &mut pages, &meaning).await.map_err(unresolved)?;
        if let (Some(disclosed), Disclosure::AtMost(most)) = (disclosed, disclosure) {
            check_lead_in(&meaning, outline, disclosed, most)?;
        }
        Ok(ExcerptAccess { query, given: disclosed.map(|interval| excerpt.given(interval)), disclosed })
    }

    /// The same of a stream, which also has the variants that the file names: as far as they are stored and indexed now, and have that
    /// part. Another round trip reads which these are, and as many more for each.
    ///
    /// # Errors
    ///
    /// As of [`Self::excerpt`], also if a variant discloses more from before the part's start than it may.
    pub(crate) async fn excerpt_of_variants(
        &self,
        key: &MediaKey,
        mut opened: ExcerptAccess,
        excerpt: &Excerpt,
        disclosure: Disclosure,
    ) -> Result<ExcerptAccess, RestError> {
        for variant in self.stores.index.variants(key).await? {
            let other = match self.excerpt(&variant, None, excerpt, disclosure).await {
                Ok(ExcerptAccess { disclosed: Some(other), .. }) => other,
                // It is not in the stream either.
                Ok(_) | Err(RestError::Bad(_) | RestError::Busy("the indexer")) => continue,
                Err(RestError::Conflict(why)) => {
                    return Err(RestError::Conflict(format!("its rendition {}: {why}", variant.content())));
                }
                Err(error) => return Err(error),
            };
            let disclosed = opened.disclosed.unwrap_or(other);
            let (start, end) = (disclosed.start().min(other.start()), disclosed.end().max(other.end()));
            opened.disclosed = Interval::new(start, end);
            opened.given = opened.disclosed.map(|interval| excerpt.given(interval));
        }
        Ok(opened)
    }
}

/// Whether what is disclosed begins at most so long before what was asked for.
fn check_lead_in(meaning: &Meaning, outline: &Outline, disclosed: Interval, most: Time) -> Result<(), RestError> {
    let asked = match meaning.when {
        When::During(interval) => interval.start().max(Time::ZERO).min(outline.duration),
        When::Always | When::Never => Time::ZERO,
    };
    let lead_in = asked - disclosed.start();
    if lead_in <= most {
        return Ok(());
    }
    Err(RestError::Conflict(format!(
        "the excerpt would disclose t={disclosed}, {lead_in} seconds from before its start, and maxLeadIn is {most}: decoding \
         has to begin at a sync sample, of which there is none later; begin the excerpt there, or sign it without strict"
    )))
}

/// Why it cannot be known what a part discloses.
fn unresolved(error: resolve::ResolveError) -> RestError {
    match error {
        resolve::ResolveError::Container(error) => RestError::Internal(error.to_string()),
        resolve::ResolveError::Changed => RestError::Busy("the indexer"),
        resolve::ResolveError::Busy(service) => RestError::Busy(service),
        resolve::ResolveError::Full => RestError::Busy("the memory for answers"),
        resolve::ResolveError::Pages(why) => RestError::Upstream(why),
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
            assert!(matches!(Excerpt::parse(text), Err(RestError::Bad(_))), "{text}");
        }
    }
}
