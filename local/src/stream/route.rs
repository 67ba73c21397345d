//! Where a request goes, as `functions/edge/viewer-request.js` decides it. Both are held to `functions/edge/events.json`.

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use reelspan::cloudfront::sign::PARAMETERS;
use reelspan::space::streaming::StreamingKind;
use reelspan::streaming::Hosts;
use reelspan_streaming::edges::EdgeEntry;

/// The parameters of a query that make it a media fragment.
const DIMENSIONS: [&str; 3] = ["t", "track", "id"];

/// How a `Range` begins that is a media fragment.
const FRAGMENT: [&str; 4] = ["t:", "track=", "id=", "include-setup"];

/// The most bytes of a range that the function is asked for at once.
const MOST: u64 = 2_097_152;
/// The largest offset that JavaScript counts exactly.
const LAST: u64 = (1 << 53) - 1;

/// The endings of derived forms that are answered as a whole.
const WHOLE: [&str; 5] = [".m3u8", ".mpd", ".vtt", ".json", ".xml"];

/// The characters that the edge encodes.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'/');
const ENCODED_IN_QUERY: AsciiSet = ENCODED.add(b'/');

/// A request at one of the two hosts.
#[derive(Clone, Copy, Debug)]
pub struct HostRequest<'a> {
    /// The host.
    pub host: StreamingKind,
    /// The method.
    pub method: &'a Method,
    /// The path, as the request writes it.
    pub path: &'a str,
    /// The query, without the parameters of a signature if the host requires one.
    pub query: &'a str,
    /// The `Range`.
    pub range: Option<&'a str>,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// 403: the space does not stream at this host.
    Refused,
    /// 404: no content has this name.
    Missing,
    /// The answer to a preflight request.
    Preflight,
    /// To S3: bytes as they are stored.
    Media {
        /// The path there.
        path: String,
    },
    /// To the fragments function.
    Fragments {
        /// The path there.
        path: String,
        /// The parameter `q`.
        query: Option<String>,
        /// Whether the `Range` goes there in a field of ours.
        in_range: bool,
        /// Whether the answer is returned as a whole, and not streamed.
        whole: bool,
        /// The `Range` in bytes, shortened to what the function answers at once.
        range: Option<String>,
    },
}

/// Decides what becomes of a request. `entry` is what the edges know of a space.
pub fn route(asked: &HostRequest<'_>, entry: impl FnOnce(&str) -> Option<EdgeEntry>) -> Route {
    let path = asked.path.strip_prefix('/').unwrap_or(asked.path);
    let (label, name) = path.split_once('/').unwrap_or((path, ""));
    let (space, generation) = Hosts::split(label);
    let streams = entry(space).is_some_and(|entry| {
        let wanted = (entry.kind == StreamingKind::Secure).then_some(entry.generation.as_str());
        entry.kind == asked.host && generation == wanted
    });
    if !streams {
        return Route::Refused;
    }
    if asked.method == Method::OPTIONS {
        return Route::Preflight;
    }
    let Some(name) = decoded(name) else { return Route::Missing };
    let dots = name.split('/').any(|segment| matches!(segment, "." | ".."));
    if name.is_empty() || dots {
        return Route::Missing;
    }
    let in_range = asked.range.is_some_and(|range| {
        let range = range.trim_start_matches([' ', '\t']);
        FRAGMENT.iter().any(|begins| range.starts_with(begins))
    });
    let derived = name.split('/').any(|segment| segment == "~");
    let query = fragment(asked.query, derived);
    let path = format!("/{space}/{}", utf8_percent_encode(&name, &ENCODED));
    if !in_range && !derived && query.is_empty() {
        return Route::Media { path };
    }
    let ends = WHOLE.iter().any(|ending| name.ends_with(ending));
    let bytes = asked.range.is_some() && !in_range;
    Route::Fragments {
        path: path.replace('%', "~"),
        query: (!query.is_empty()).then(|| escaped(&query)),
        in_range,
        whole: asked.method == Method::HEAD || bytes || (derived && ends),
        range: asked.range.filter(|_| bytes).map(shortened),
    }
}

/// A `Range` of at most [`MOST`] bytes from the same start.
fn shortened(range: &str) -> String {
    let positions = range.strip_prefix("bytes=").and_then(|range| range.split_once('-'));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let start = positions.filter(|(first, last)| !first.is_empty() && digits(first) && digits(last));
    let shorter = start.and_then(|(first, last)| {
        let end = first.parse::<u64>().ok()?.checked_add(MOST - 1).filter(|end| *end <= LAST)?;
        let is_short = last.parse::<u64>().is_ok_and(|last| last <= end);
        (!is_short).then(|| format!("bytes={first}-{end}"))
    });
    shorter.unwrap_or_else(|| range.to_owned())
}

/// The name, percent-decoded; `None` if it is not UTF-8, or not percent-encoded as it should be.
fn decoded(text: &str) -> Option<String> {
    let is_digit = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = text.as_bytes();
    let mut escapes = (0..bytes.len()).filter(|at| bytes.get(*at) == Some(&b'%'));
    let complete = escapes.all(|at| is_digit(bytes.get(at + 1)) && is_digit(bytes.get(at + 2)));
    complete.then(|| percent_decode_str(text).decode_utf8().ok().map(std::borrow::Cow::into_owned)).flatten()
}

/// A text as the value of the parameter `q`.
fn escaped(text: &str) -> String {
    utf8_percent_encode(text, &ENCODED_IN_QUERY).to_string().replace('%', "~")
}

/// The parameters of a query that change the answer: the dimensions, and for derived forms all but those of a signature.
/// Parameters of the same name stand together, as CloudFront gives them.
fn fragment(query: &str, derived: bool) -> String {
    let mut names: Vec<(&str, Vec<&str>)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let counts = if derived { !PARAMETERS.all().contains(&name) } else { DIMENSIONS.contains(&name) };
        if !counts {
            continue;
        }
        match names.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => names.push((name, vec![value])),
        }
    }
    let pairs = names.iter().flat_map(|(name, values)| values.iter().map(move |value| format!("{name}={value}")));
    pairs.collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    /// The table of requests, and what the store knows in it.
    #[derive(Deserialize)]
    struct RouteTable {
        store: BTreeMap<String, EdgeEntry>,
        events: Vec<RouteRequest>,
    }

    #[derive(Deserialize)]
    struct RouteRequest {
        about: String,
        host: String,
        method: String,
        uri: String,
        #[serde(default)]
        query: String,
        #[serde(default)]
        headers: BTreeMap<String, String>,
        to: String,
        #[serde(default)]
        path: String,
        q: Option<String>,
        #[serde(default)]
        in_range: bool,
        range: Option<String>,
    }

    #[test]
    fn it_decides_as_the_function_at_the_edge_does() {
        let table: RouteTable = serde_json::from_str(include_str!("../../../functions/edge/events.json")).unwrap();
        assert!(table.events.len() >= 150, "{}", table.events.len());
        for event in table.events {
            let host = if event.host == "open" { StreamingKind::Open } else { StreamingKind::Secure };
            let method = event.method.parse().unwrap();
            let range = event.headers.get("range").map(String::as_str);
            let asked = HostRequest { host, method: &method, path: &event.uri, query: &event.query, range };
            let asked_for = range.filter(|_| !event.in_range).map(str::to_owned);
            let RouteRequest { path, q: query, in_range, range, .. } = event;
            let range = range.or(asked_for);
            let expected = match event.to.as_str() {
                "refused" => Route::Refused,
                "missing" => Route::Missing,
                "preflight" => Route::Preflight,
                "media" => Route::Media { path },
                to => Route::Fragments { path, query, in_range, whole: to == "buffered", range },
            };
            assert_eq!(route(&asked, |space| table.store.get(space).cloned()), expected, "{}", event.about);
        }
    }

    #[test]
    fn what_reaches_an_origin_is_the_fragment_alone() {
        let query = "utm_source=a&t=3&response-content-type=text/html&track=1&id=b&track=2&%74=4&t&Expires=1";
        assert_eq!(fragment(query, false), "t=3&t=&track=1&track=2&id=b");
        assert_eq!(
            fragment(query, true),
            "utm_source=a&t=3&t=&response-content-type=text/html&track=1&track=2&id=b&%74=4"
        );
    }
}
