//! Conditional requests (RFC 9110 §13): `If-Match`, `If-Unmodified-Since`, `If-None-Match`, `If-Modified-Since` and `If-Range`.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::{HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE};

/// The valid conditions of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    matches: Option<EntityTags>,
    unmodified_since: Option<SystemTime>,
    none_matches: Option<EntityTags>,
    modified_since: Option<SystemTime>,
    range: Option<Validator>,
}

/// The result of the conditions for a representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreconditionResult {
    /// Proceed as if there were no conditions.
    Proceed,
    /// 304: the client has it already.
    NotModified,
    /// 412, precondition failed: the resource does not match the request's conditions.
    Failed,
}

/// A list of entity tags.
#[derive(Clone, Debug, PartialEq, Eq)]
enum EntityTags {
    /// `*`: any representation at all.
    Any,
    /// These, weak ones with their `W/`.
    These(Vec<String>),
}

/// What `If-Range` compares with.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Validator {
    Tag(String),
    Date(SystemTime),
    /// Neither: no representation matches.
    Unreadable,
}

impl Preconditions {
    /// Parses the conditions of a request's header fields. An invalid date is ignored (§13.1.3); of a partly invalid
    /// list of tags, the valid tags count.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Self {
        Self {
            matches: EntityTags::read(headers, &IF_MATCH),
            unmodified_since: date(headers, IF_UNMODIFIED_SINCE),
            none_matches: EntityTags::read(headers, &IF_NONE_MATCH),
            modified_since: date(headers, IF_MODIFIED_SINCE),
            range: text(headers, IF_RANGE).map(Validator::parse),
        }
    }

    /// Evaluates the conditions for a representation with this strong validator, last modified at this second since
    /// 1970, in the order of §13.2.2. The request is a GET or a HEAD.
    #[must_use]
    pub fn judge(&self, etag: &str, modified: i64) -> PreconditionResult {
        let modified = instant(modified);
        let untouched = match (&self.matches, self.unmodified_since) {
            (Some(tags), _) => tags.have_strong(etag),
            (None, Some(date)) => modified <= date,
            (None, None) => true,
        };
        if !untouched {
            return PreconditionResult::Failed;
        }
        let known = match (&self.none_matches, self.modified_since) {
            (Some(tags), _) => tags.have_weak(etag),
            (None, Some(date)) => modified <= date,
            (None, None) => false,
        };
        if known { PreconditionResult::NotModified } else { PreconditionResult::Proceed }
    }

    /// Whether there are conditions that can refuse a representation. `If-Range` only decides which part of it is sent.
    #[must_use]
    pub const fn exist(&self) -> bool {
        self.matches.is_some()
            || self.unmodified_since.is_some()
            || self.none_matches.is_some()
            || self.modified_since.is_some()
    }

    /// Whether a `Range` in the same request applies to this representation (§13.1.5): it does unless `If-Range`
    /// differs.
    #[must_use]
    pub fn range_applies(&self, etag: &str, modified: i64) -> bool {
        match &self.range {
            None => true,
            Some(Validator::Tag(tag)) => tag == etag,
            Some(Validator::Date(date)) => *date == instant(modified),
            Some(Validator::Unreadable) => false,
        }
    }
}

impl EntityTags {
    fn read(headers: &HeaderMap, name: &HeaderName) -> Option<Self> {
        if !headers.contains_key(name) {
            return None;
        }
        let mut these = Vec::new();
        for value in headers.get_all(name).iter().filter_map(|value| value.to_str().ok()) {
            if value.trim() == "*" {
                return Some(Self::Any);
            }
            let mut rest = value;
            while let Some((tag, behind)) = next_tag(rest) {
                these.push(tag.to_owned());
                rest = behind;
            }
        }
        Some(Self::These(these))
    }

    /// Strong comparison (§8.8.3.2): a weak tag matches nothing.
    fn have_strong(&self, etag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => !etag.starts_with("W/") && tags.iter().any(|tag| tag == etag),
        }
    }

    /// Weak comparison: a weak tag matches the strong one. Caches and proxies weaken a tag when they compress.
    fn have_weak(&self, etag: &str) -> bool {
        let opaque = |tag: &str| tag.strip_prefix("W/").unwrap_or(tag).to_owned();
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|tag| opaque(tag) == opaque(etag)),
        }
    }
}

impl Validator {
    fn parse(value: &str) -> Self {
        match next_tag(value) {
            Some((tag, rest)) if rest.trim().is_empty() && !tag.starts_with("W/") => Self::Tag(tag.to_owned()),
            Some(_) => Self::Unreadable,
            None => httpdate::parse_http_date(value).map_or(Self::Unreadable, Self::Date),
        }
    }
}

/// The next entity tag of a list, and the rest. A tag may contain commas.
fn next_tag(list: &str) -> Option<(&str, &str)> {
    let list = list.trim_start_matches([' ', '\t', ',']);
    let open = if list.starts_with("W/\"") { 3 } else { 1 };
    let opaque = list.get(open..).filter(|_| open == 3 || list.starts_with('"'))?;
    let end = open + opaque.find('"')? + 1;
    Some(list.split_at(end))
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<SystemTime> {
    text(headers, name).and_then(|value| httpdate::parse_http_date(value).ok())
}

/// The second since 1970 as an instant; earlier ones become 1970.
fn instant(seconds: i64) -> SystemTime {
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH)
}

/// `Last-Modified` for a second since 1970 (§8.8.2), up to the year 9999.
#[must_use]
pub fn last_modified(seconds: i64) -> String {
    const END_OF_9999: i64 = 253_402_300_799;
    httpdate::fmt_http_date(instant(seconds.min(END_OF_9999)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http::header::HeaderValue;

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT.
    const MODIFIED: i64 = 784_111_777;
    const SAME: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
    const AFTER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    fn conditions(fields: &[(&'static str, &str)]) -> Preconditions {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        Preconditions::read(&headers)
    }

    #[test]
    fn conditions_are_judged_in_the_order_of_the_standard() {
        use PreconditionResult::{Failed, NotModified, Proceed};
        let cases: &[(&[(&'static str, &str)], PreconditionResult)] = &[
            (&[], Proceed),
            (&[("if-match", "\"a\"")], Proceed),
            (&[("if-match", "\"b\", \"a\"")], Proceed),
            (&[("if-match", "\"b\""), ("if-match", "\"a\"")], Proceed),
            (&[("if-match", "*")], Proceed),
            (&[("if-match", "\"b\"")], Failed),
            (&[("if-match", "W/\"a\"")], Failed),
            (&[("if-match", "\"b,\"a\"")], Failed),
            (&[("if-match", "a")], Failed),
            (&[("if-match", "")], Failed),
            (&[("if-none-match", "\"a\"")], NotModified),
            (&[("if-none-match", "W/\"a\"")], NotModified),
            (&[("if-none-match", "\"x,y\" ,, \"a\"")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"b\"")], Proceed),
            (&[("if-none-match", "nonsense")], Proceed),
            (&[("if-modified-since", SAME)], NotModified),
            (&[("if-modified-since", AFTER)], NotModified),
            (&[("if-modified-since", BEFORE)], Proceed),
            (&[("if-modified-since", "yesterday")], Proceed),
            (&[("if-unmodified-since", SAME)], Proceed),
            (&[("if-unmodified-since", BEFORE)], Failed),
            (&[("if-unmodified-since", "yesterday")], Proceed),
            // A tag takes precedence over a date.
            (&[("if-match", "\"a\""), ("if-unmodified-since", BEFORE)], Proceed),
            (&[("if-none-match", "\"b\""), ("if-modified-since", AFTER)], Proceed),
            (&[("if-none-match", "\"a\""), ("if-modified-since", BEFORE)], NotModified),
            // 412 takes precedence over 304.
            (&[("if-match", "\"b\""), ("if-none-match", "\"a\"")], Failed),
            (&[("if-match", "\"a\""), ("if-none-match", "\"a\"")], NotModified),
            (&[("if-unmodified-since", BEFORE), ("if-none-match", "\"a\"")], Failed),
        ];
        for (fields, verdict) in cases {
            assert_eq!(conditions(fields).judge("\"a\"", MODIFIED), *verdict, "{fields:?}");
        }
    }

    #[test]
    fn a_range_applies_to_the_very_representation_only() {
        for (value, applies) in [
            ("\"a\"", true),
            ("\"b\"", false),
            ("W/\"a\"", false),
            ("\"a\", \"b\"", false),
            (SAME, true),
            (BEFORE, false),
            (AFTER, false),
            ("nonsense", false),
            ("", false),
        ] {
            assert_eq!(conditions(&[("if-range", value)]).range_applies("\"a\"", MODIFIED), applies, "{value}");
        }
        assert!(conditions(&[]).range_applies("\"a\"", MODIFIED));
    }

    #[test]
    fn conditions_exist_if_a_representation_can_be_refused_for_them() {
        for (name, exist) in [
            ("if-none-match", true),
            ("if-modified-since", true),
            ("if-match", true),
            ("if-unmodified-since", true),
            ("if-range", false),
        ] {
            assert_eq!(conditions(&[(name, AFTER)]).exist(), exist, "{name}");
        }
    }

    #[test]
    fn every_second_can_be_written_as_a_date() {
        for (seconds, text) in [
            (MODIFIED, SAME),
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (i64::MIN, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (i64::MAX, "Fri, 31 Dec 9999 23:59:59 GMT"),
        ] {
            assert_eq!(last_modified(seconds), text);
        }
    }
}
