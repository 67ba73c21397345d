//! Random requests for media, and their outcomes.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::random::Random;

/// The header fields that must equal those without faults.
const FIELDS: [&str; 9] = [
    "content-type",
    "content-length",
    "content-range",
    "content-range-mapping",
    "etag",
    "location",
    "range-redirect",
    "retry-after",
    "x-media-fragment",
];

/// A file: its key, its duration in seconds, and its size.
pub struct Media {
    pub key: String,
    pub seconds: u64,
    pub length: u64,
}

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    pub method: &'static str,
    pub target: String,
    pub range: Option<String>,
    pub redirect: bool,
}

/// A complete answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub fields: BTreeMap<String, String>,
    pub body: Bytes,
}

/// The outcome of a request.
pub enum Ended {
    /// A complete answer.
    Whole(Answer),
    /// A connection that broke after these bytes of the body.
    Broken { so_far: Bytes },
}

impl Answer {
    /// From a response and its body; only the relevant header fields are kept.
    pub fn new(head: &http::response::Parts, body: Bytes) -> Self {
        let text = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let fields = FIELDS.iter().filter_map(|name| Some(((*name).to_owned(), text(name)?)));
        Self { status: head.status.as_u16(), fields: fields.collect(), body }
    }
}

impl Asked {
    /// A GET.
    pub fn get(key: &str, query: Option<&str>, range: Option<&str>) -> Self {
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        Self { method: "GET", target: format!("/media/{key}{query}"), range: range.map(str::to_owned), redirect: false }
    }

    /// A request for a random playlist or segment of these, or for a part of it.
    pub fn of_stream(random: &mut Random, streams: &[String]) -> Self {
        let target = random.of(streams).clone();
        let first = random.below(20_000);
        let range = (random.below(4) == 0).then(|| format!("bytes={first}-{}", first + random.below(20_000)));
        let method = if random.below(12) == 0 { "HEAD" } else { "GET" };
        Self { method, target, range, redirect: false }
    }

    /// A request for a random part of a random file, in any of the supported ways.
    pub fn random(random: &mut Random, media: &[Media]) -> Self {
        let Media { key, seconds, length } = random.of(media);
        let mut time = || {
            let start = random.below(seconds * 1000);
            let end = start + 1 + random.below(8000);
            (format!("{}.{:03}", start / 1000, start % 1000), format!("{}.{:03}", end / 1000, end % 1000))
        };
        let ((start, end), (inner, _)) = (time(), time());
        let track = *random.of(&["", "&track=audio", "&track=video", "&track=1", "&track=nosuch"]);
        let first = random.below(*length);
        let bytes = format!("bytes={first}-{}", first + random.below(300_000));
        let (query, range) = match random.below(12) {
            0..4 => (Some(format!("t={start},{end}{track}")), None),
            4 => (Some(format!("t={start}{track}")), Some(bytes)),
            5 => (Some(format!("t={start},{end}")), Some(format!("t:npt={inner}-"))),
            6 => (None, Some(format!("t:npt={start}-{end}"))),
            7 => (None, Some(format!("t:npt={start}-{end};include-setup"))),
            8 => (None, Some(format!("track=audio;t:npt={start}-{end}"))),
            9 => (None, Some(format!("{bytes},{}-{}", first / 2, first / 2 + 50))),
            10 => (None, Some("include-setup".to_owned())),
            _ => (None, Some(bytes)),
        };
        let mut asked = Self::get(key, query.as_deref(), range.as_deref());
        if random.below(12) == 0 {
            asked.method = "HEAD";
        }
        asked.redirect = random.below(12) == 0;
        asked
    }
}
