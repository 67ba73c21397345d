//! Requests, parsed: what reaches a handler has validated names and is in the grammar, or is not there at all.

use axum::extract::{FromRequestParts, Path};
use http::Method;
use http::header::RANGE;
use http::request::Parts;
use reelspan::http::conditional::Conditions;
use reelspan::http::range::Asked as Range;
use reelspan::media::Interval;
use reelspan::resolve::Ask;
use reelspan::space::{ContentId, MediaKey, SpaceId};
use reelspan::uri::{Fragment, Temporal};

use crate::Error;

/// A request for media.
#[derive(Clone, Debug)]
pub struct Request {
    /// Of which content.
    pub media: MediaKey,
    /// The query as it was written, where there is one.
    pub query: Option<String>,
    /// The fragment in it.
    pub fragment: Fragment,
    /// The range, if it is in a grammar that is known.
    pub range: Option<Range>,
    /// The conditions.
    pub conditions: Conditions,
    /// The header fields alone are wanted.
    pub head: bool,
}

impl Request {
    /// The fragment of the query; `None` where the query has none.
    #[must_use]
    pub fn ask(&self) -> Option<Ask> {
        let fragment = &self.fragment;
        let time = fragment.time.map(Temporal::interval);
        (!fragment.is_empty()).then(|| Ask { time, tracks: fragment.tracks.clone() })
    }

    /// The fragment of the `Range`, in the terms of the original; `None` where it asks for no time, or for none at all.
    #[must_use]
    pub fn range_ask(&self) -> Option<Ask> {
        match self.range {
            Some(Range::Time(range)) => range.interval().ok().map(of_time),
            _ => None,
        }
    }

    /// The same resource as a path with its query, percent-encoded.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        let path = self.media.to_path();
        match &self.query {
            None => format!("/media/{path}"),
            Some(query) => format!("/media/{path}?{query}"),
        }
    }
}

/// A stretch of time, of all tracks.
#[must_use]
pub const fn of_time(interval: Interval) -> Ask {
    Ask { time: Some(interval), tracks: Vec::new() }
}

impl<S: Send + Sync> FromRequestParts<S> for Request {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        // Path decodes once, and what it gives has been percent-decoded for good.
        let Path((space, content)) =
            Path::<(String, String)>::from_request_parts(parts, state).await.map_err(|_| Error::Path)?;
        let media = MediaKey::new(SpaceId::parse(&space)?, ContentId::parse(&content)?)?;
        let query = parts.uri.query();
        let range = parts.headers.get(RANGE).and_then(|value| value.to_str().ok());
        Ok(Self {
            media,
            query: query.map(str::to_owned),
            fragment: query.map(Fragment::parse).unwrap_or_default(),
            range: range.and_then(Range::parse),
            conditions: Conditions::read(&parts.headers),
            head: parts.method == Method::HEAD,
        })
    }
}
