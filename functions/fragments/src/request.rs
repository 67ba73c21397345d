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
use reelspan::uri::Fragment;

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
        (!self.fragment.is_empty()).then(|| Ask::from(&self.fragment))
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use reelspan::media::Time;
    use tower::ServiceExt;

    use super::*;

    /// What a handler is given for a request.
    async fn parsed(method: &str, uri: &str, fields: &[(&str, &str)]) -> Request {
        let (sender, receiver) = std::sync::mpsc::channel();
        let handler = async move |request: Request| sender.send(request).unwrap();
        let app: Router = Router::new().route("/media/{space}/{*content}", get(handler));
        let mut request = http::Request::builder().method(method).uri(uri);
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        app.oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        receiver.recv().unwrap()
    }

    #[tokio::test]
    async fn a_name_is_decoded_exactly_once() {
        for (uri, content, path) in [
            ("/media/films/1999/a.mp4", "1999/a.mp4", "/media/films/1999/a.mp4"),
            ("/media/films/a%20b%2Fc.mp4", "a b/c.mp4", "/media/films/a%20b/c.mp4"),
            ("/media/films/100%2525.mp4", "100%25.mp4", "/media/films/100%2525.mp4"),
            ("/media/films/%C3%A4+%23.mp4?t=1%2C2", "ä+#.mp4", "/media/films/%C3%A4%2B%23.mp4?t=1%2C2"),
        ] {
            let request = parsed("GET", uri, &[]).await;
            assert_eq!(request.media.space().as_str(), "films");
            assert_eq!(request.media.content().as_str(), content);
            assert_eq!(request.path_and_query(), path);
        }
    }

    #[tokio::test]
    async fn what_means_nothing_is_not_there() {
        for uri in ["/media/films/a", "/media/films/a?", "/media/films/a?t=3,3&xywh=1,1,1,1&utm_source=x"] {
            let request = parsed("GET", uri, &[("range", "lines=1-2")]).await;
            assert_eq!((request.ask(), request.range, request.head), (None, None, false), "{uri}");
        }
    }

    #[tokio::test]
    async fn fragments_and_ranges_become_what_the_engine_is_asked() {
        let interval = |start, end| Interval::new(Time::from_secs(start), Time::from_secs(end));
        let request = parsed("HEAD", "/media/films/a?t=20,35&track=audio&track=2", &[("range", "bytes=0-99")]).await;
        let tracks = vec!["audio".to_owned(), "2".to_owned()];
        assert_eq!(request.ask(), Some(Ask { time: interval(20, 35), tracks }));
        assert_eq!((request.range_ask(), request.head), (None, true));

        let request = parsed("GET", "/media/films/a", &[("range", "t:npt=10-20")]).await;
        assert_eq!(request.range_ask(), Some(Ask { time: interval(10, 20), tracks: Vec::new() }));
        let request = parsed("GET", "/media/films/a", &[("range", "t:npt=7-3")]).await;
        assert!(request.range.is_some() && request.range_ask().is_none());
    }
}
