//! Which origin answers a request, as `functions/edge/viewer-request.js` decides it. Both are held to
//! `functions/edge/events.json`.

use http::Method;

/// The names of a query that make it a media fragment.
pub const DIMENSIONS: [&str; 3] = ["t", "track", "id"];

/// How a `Range` begins that is a media fragment.
const FRAGMENT: [&str; 4] = ["t:", "track=", "id=", "include-setup"];

/// What answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// S3: bytes as they are stored.
    Media,
    /// The fragments function.
    Fragments {
        /// Whether the `Range` goes to it in a field of ours.
        in_range: bool,
    },
}

impl Origin {
    /// What answers a request of this method, with this query and this `Range`.
    #[must_use]
    pub fn of(method: &Method, query: Option<&str>, range: Option<&str>) -> Self {
        let in_range = range.is_some_and(|range| {
            let range = range.trim_start_matches([' ', '\t']);
            FRAGMENT.iter().any(|begins| range.starts_with(begins))
        });
        let in_query = fragment(query.unwrap_or_default()).next().is_some();
        if in_range || in_query || method == Method::OPTIONS { Self::Fragments { in_range } } else { Self::Media }
    }
}

/// The parameters of a query that make it a media fragment: all that the cache policy lets through to an origin.
pub fn fragment(query: &str) -> impl Iterator<Item = &str> {
    query.split('&').filter(|pair| DIMENSIONS.contains(&pair.split_once('=').map_or(*pair, |(name, _)| name)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use reelspan::space::ContentId;
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Event {
        about: String,
        method: String,
        uri: String,
        query: String,
        headers: BTreeMap<String, String>,
        origin: String,
        #[serde(rename = "x-reelspan-range")]
        passed: Option<String>,
    }

    #[test]
    fn it_decides_as_the_function_at_the_edge_does() {
        let events: Vec<Event> = serde_json::from_str(include_str!("../../../functions/edge/events.json")).unwrap();
        assert!(events.len() > 30);
        for event in events {
            let path = percent_encoding::percent_decode_str(event.uri.trim_start_matches('/')).decode_utf8().unwrap();
            assert_eq!(ContentId::parse(&path).is_err(), event.origin == "none", "{}", event.about);
            if event.origin == "none" {
                continue;
            }
            let range = event.headers.get("range").map(String::as_str);
            let origin = Origin::of(&event.method.parse().unwrap(), Some(&event.query), range);
            let expected = match event.origin.as_str() {
                "media" => Origin::Media,
                _ => Origin::Fragments { in_range: event.passed.is_some() },
            };
            assert_eq!(origin, expected, "{}", event.about);
            assert_eq!(event.passed, event.passed.is_some().then(|| range.unwrap().to_owned()), "{}", event.about);
        }
    }

    #[test]
    fn what_reaches_an_origin_is_the_fragment_alone() {
        let query = "utm_source=a&t=3&response-content-type=text/html&track=1&track=2&%74=4&t";
        assert_eq!(fragment(query).collect::<Vec<_>>(), ["t=3", "track=1", "track=2", "t"]);
    }
}
