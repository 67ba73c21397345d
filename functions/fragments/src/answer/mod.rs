//! The answer: status, header fields and body, decided from values alone. This module uses no store and no server, so
//! that every row of the protocol is a row of a table in the tests.

use std::ops::Range;

use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, LAST_MODIFIED, LOCATION, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use reelspan::http::conditional::last_modified;
use reelspan::http::etag;
use reelspan::http::protection::{self, Embedding};
use reelspan_engine::fragment::mapping::{ByteList, Mapping};
use reelspan_engine::fragment::multipart::Multipart;
use reelspan_engine::fragment::range::content_range;
use reelspan_engine::media::splice::Splice;

use crate::resource::Resource;
use crate::{Delivery, MediaError};

/// The time and tracks that the bytes of an answer contain.
pub const CONTENT_RANGE_MAPPING: HeaderName = HeaderName::from_static("content-range-mapping");

/// The fragment that a cut really contains.
pub const X_MEDIA_FRAGMENT: HeaderName = HeaderName::from_static("x-media-fragment");

/// The bytes to request after a redirect.
pub const RANGE_REDIRECT: HeaderName = HeaderName::from_static("range-redirect");

/// The units in which parts of a media file can be requested.
const UNITS: &str = "bytes, t, track, id";

/// The fields on which the answer to a media fragment in a `Range` depends.
const VARIES: &str = "Range, Accept-Range-Redirect";

/// How long a cache may use an answer without revalidation. Archives seldom replace a file, and then a minute of the
/// old one does no harm; players that request it repeatedly save the round trip.
pub const FRESH: &str = "max-age=60";

/// The same behind CloudFront, whose edges keep it for a day: they forget what belongs to a file when it is replaced (the function
/// Forget of `template.yaml`). That is also the `DefaultTTL` of the template, for the answers of S3.
pub const FRESH_AT_EDGES: &str = "max-age=60, s-maxage=86400";

/// The same for an answer that is not for everyone.
pub const FRESH_TO_ONE: &str = "private, max-age=60";

/// The part of a resource in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnswerExtent {
    /// The whole resource.
    Whole,
    /// These ranges of its bytes: at least one, none of them empty.
    Bytes(Vec<Range<u64>>),
    /// A media fragment: at least one range, none of them empty.
    Fragment(Mapping),
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// All header fields.
    pub headers: HeaderMap,
    /// The body, which is not sent in answer to HEAD.
    pub body: Splice,
}

impl Answer {
    /// 200 with the whole resource, or 206 with a part.
    #[must_use]
    pub fn new(resource: &Resource, extent: &AnswerExtent) -> Self {
        let mut headers = validators(resource);
        set(&mut headers, ACCEPT_RANGES, if resource.indexed { UNITS } else { "bytes" });
        if let Some(fragment) = resource.fragment() {
            set(&mut headers, X_MEDIA_FRAGMENT, &fragment.to_string());
        }
        let (status, body) = match extent {
            AnswerExtent::Whole => {
                set(&mut headers, CONTENT_TYPE, &resource.mime);
                (StatusCode::OK, resource.body().clone())
            }
            AnswerExtent::Bytes(ranges) => {
                // Caches can extend byte ranges of what they hold; few can do so for a resource with a query.
                if resource.fragment().is_some() {
                    set(&mut headers, VARY, "Range");
                }
                (StatusCode::PARTIAL_CONTENT, part(&mut headers, resource, ranges))
            }
            AnswerExtent::Fragment(mapping) => {
                set(&mut headers, CONTENT_RANGE_MAPPING, &mapping.to_string());
                set(&mut headers, VARY, VARIES);
                (StatusCode::PARTIAL_CONTENT, part(&mut headers, resource, &mapping.ranges))
            }
        };
        headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
        protection::stored(&mut headers, Embedding::AnySite);
        Self { status, headers, body }
    }

    /// 200 to a HEAD, for a cut whose length would take more work to find than a HEAD is worth.
    #[must_use]
    pub fn without_length(resource: &Resource) -> Self {
        let mut headers = validators(resource);
        set(&mut headers, ACCEPT_RANGES, UNITS);
        set(&mut headers, CONTENT_TYPE, &resource.mime);
        protection::stored(&mut headers, Embedding::AnySite);
        Self { status: StatusCode::OK, headers, body: Splice::new() }
    }

    /// Whether the answer does not say how many bytes the resource has.
    #[must_use]
    pub fn length_is_unknown(&self) -> bool {
        !self.headers.contains_key(CONTENT_LENGTH)
    }

    /// 304.
    #[must_use]
    pub fn not_modified(resource: &Resource) -> Self {
        let mut headers = validators(resource);
        // Without it, Lambda's streaming would declare an unknown type, and caches accept the fields of a 304 (RFC 9111
        // §4.3.4).
        set(&mut headers, CONTENT_TYPE, &resource.mime);
        // They replace the fields in the cache.
        protection::stored(&mut headers, Embedding::AnySite);
        Self { status: StatusCode::NOT_MODIFIED, headers, body: Splice::new() }
    }

    /// 307 to byte ranges of the same resource, which every cache understands.
    #[must_use]
    pub fn to_bytes(resource: &Resource, mapping: &Mapping, path_and_query: &str) -> Self {
        let mut answer = Self::redirect(path_and_query);
        // There is no body; but without it, Lambda's streaming would declare an unknown type.
        set(&mut answer.headers, CONTENT_TYPE, &resource.mime);
        set(&mut answer.headers, ACCEPT_RANGES, UNITS);
        set(&mut answer.headers, RANGE_REDIRECT, &format!("bytes {}", ByteList(&mapping.ranges)));
        set(&mut answer.headers, CONTENT_RANGE_MAPPING, &mapping.to_string());
        set(&mut answer.headers, VARY, VARIES);
        answer
    }

    /// The same answer, to be kept like this (`Cache-Control`).
    #[must_use]
    pub fn kept(mut self, fresh: &'static str) -> Self {
        self.headers.insert(CACHE_CONTROL, HeaderValue::from_static(fresh));
        self
    }

    /// 307: the same is answered there.
    #[must_use]
    pub fn redirect(location: &str) -> Self {
        let mut headers = HeaderMap::new();
        set(&mut headers, LOCATION, location);
        set(&mut headers, CACHE_CONTROL, FRESH);
        // Small ranges are answered here, so caches must not take this for the answer to all of them.
        set(&mut headers, VARY, "Range");
        headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
        Self { status: StatusCode::TEMPORARY_REDIRECT, headers, body: Splice::new() }
    }
}

/// Fits the answer to the delivery: byte ranges become a shorter 206; anything else is redirected to `elsewhere`, a URL
/// of the same resource, or refused.
pub fn fit(
    resource: &Resource,
    extent: AnswerExtent,
    delivery: Delivery,
    elsewhere: Option<&str>,
) -> Result<Answer, MediaError> {
    let answer = Answer::new(resource, &extent);
    let (length, limit) = (answer.body.len(), delivery.limit());
    if length <= limit {
        return Ok(answer);
    }
    match (extent, elsewhere) {
        (AnswerExtent::Bytes(ranges), _) => {
            let first =
                ranges.into_iter().take(1).map(|range| range.start..range.end.min(range.start.saturating_add(limit)));
            Ok(Answer::new(resource, &AnswerExtent::Bytes(first.collect())))
        }
        (_, Some(elsewhere)) => Ok(Answer::redirect(elsewhere)),
        (_, None) => Err(MediaError::TooLarge { length }),
    }
}

/// The header fields that identify the version of the resource.
fn validators(resource: &Resource) -> HeaderMap {
    let mut headers = HeaderMap::new();
    set(&mut headers, ETAG, &resource.etag);
    set(&mut headers, LAST_MODIFIED, &last_modified(resource.modified));
    set(&mut headers, CACHE_CONTROL, FRESH);
    headers
}

/// The body of a 206, with its `Content-Type`, and its `Content-Range` if it is one range.
fn part(headers: &mut HeaderMap, resource: &Resource, ranges: &[Range<u64>]) -> Splice {
    if let [range] = ranges {
        set(headers, CONTENT_TYPE, &resource.mime);
        set(headers, CONTENT_RANGE, &content_range(range, resource.body().len()));
        return resource.body().slice(range.clone());
    }
    let boundary = etag::boundary(&resource.etag, ranges, resource.body().len());
    let multipart = Multipart::new(resource.body(), ranges, &resource.mime, &boundary);
    set(headers, CONTENT_TYPE, &multipart.content_type);
    multipart.body
}

/// Sets a field, unless the value is invalid in a header field: a stored media type may be any text.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests;
