//! Requests, parsed: what is asked for, and what is to be noted of it.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, Path, Query};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, HeaderName};
use reelspan::http::media_type::MediaType;
use reelspan::space::ContentPrefix;
use reelspan::space::properties::Properties;
use reelspan::store::Md5;

use crate::RestError;

/// What the names of properties begin with in a request and an answer.
pub const PREFIX: &str = "x-dura-meta-";

/// The property that is the media type, as DuraCloud's clients send it.
pub const MIME_TYPE: HeaderName = HeaderName::from_static("x-dura-meta-content-mimetype");

/// The size of a content: in the answer to HEAD, and in a PUT whose bytes are not sent.
pub const SIZE: HeaderName = HeaderName::from_static("x-dura-meta-content-size");

/// The most content ids that one answer has.
const MOST: usize = 1000;

/// The names of a path, percent-decoded and not validated yet: only callers with the right to know learn what is wrong with them.
#[derive(Clone, Debug)]
pub struct PathNames {
    /// The space, or the task.
    pub first: String,
    /// The content.
    pub content: String,
}

impl<S: Send + Sync> FromRequestParts<S> for PathNames {
    type Rejection = RestError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, RestError> {
        let wrong = || RestError::Bad("the path is not percent-encoded UTF-8".to_owned());
        let Path(names) = Path::<Vec<String>>::from_request_parts(parts, state).await.map_err(|_| wrong())?;
        let mut names = names.into_iter();
        Ok(Self { first: names.next().unwrap_or_default(), content: names.next().unwrap_or_default() })
    }
}

/// Which part of a space's contents to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentListing {
    /// What the names begin with.
    pub prefix: ContentPrefix,
    /// How many.
    pub count: usize,
    /// After which name.
    pub marker: Option<ContentPrefix>,
}

impl<S: Send + Sync> FromRequestParts<S> for ContentListing {
    type Rejection = RestError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, RestError> {
        let mut query = query(parts, state).await?;
        let mut text = |name: &str| query.remove(name).filter(|text| !text.is_empty());
        let part = |part: String| {
            // What was not UTF-8 has the replacement character after it was decoded.
            let parsed = ContentPrefix::parse(&part).ok().filter(|_| !part.contains(char::REPLACEMENT_CHARACTER));
            parsed.ok_or_else(|| RestError::Bad(format!("{part:?} is no content id, and no beginning of one")))
        };
        let prefix = text("prefix").map(part).transpose()?.unwrap_or_default();
        let marker = text("marker").map(part).transpose()?;
        let count = match text("maxResults").map(|count| count.parse::<i64>()) {
            // DuraCloud takes 0 for no wish.
            None | Some(Ok(0)) => MOST,
            Some(Ok(count)) if count > 0 => usize::try_from(count).unwrap_or(MOST).min(MOST),
            Some(_) => return Err(RestError::Bad("maxResults is a number from 1 to 1000".to_owned())),
        };
        Ok(Self { prefix, count, marker })
    }
}

/// Whether a space is to be counted rather than listed.
#[derive(Clone, Copy, Debug)]
pub struct Summary(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for Summary {
    type Rejection = RestError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, RestError> {
        Ok(Self(query(parts, state).await?.get("summary").is_some_and(|value| value.eq_ignore_ascii_case("true"))))
    }
}

/// Whether a content is to be saved rather than shown.
#[derive(Clone, Copy, Debug)]
pub struct Attachment(pub bool);

impl<S: Send + Sync> FromRequestParts<S> for Attachment {
    type Rejection = RestError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, RestError> {
        Ok(Self(query(parts, state).await?.get("attachment").is_some_and(|value| value.eq_ignore_ascii_case("true"))))
    }
}

/// The parameters of the query; of several of one name the last.
async fn query<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<BTreeMap<String, String>, RestError> {
    let query = Query::<Vec<(String, String)>>::from_request_parts(parts, state).await;
    let Query(pairs) = query.map_err(|error| RestError::Bad(error.to_string()))?;
    Ok(pairs.into_iter().collect())
}

/// The properties that are sent: names without their prefix, in lower case, and values as text.
pub fn properties(headers: &HeaderMap) -> BTreeMap<String, String> {
    let names = headers.keys().filter_map(|name| Some((name, name.as_str().strip_prefix(PREFIX)?)));
    let values = |name| headers.get_all(name).iter().map(|value| text(value.as_bytes())).collect::<Vec<_>>().join(",");
    names.filter(|(_, short)| !short.is_empty()).map(|(name, short)| (short.to_owned(), values(name))).collect()
}

/// The properties of a content that are sent.
pub fn content_properties(headers: &HeaderMap) -> Result<Properties, RestError> {
    Ok(Properties::new(properties(headers))?)
}

/// A field's value: UTF-8, as most clients send it, else ISO 8859-1, as RFC 9110 §5.5 remembers it.
pub fn text(value: &[u8]) -> String {
    std::str::from_utf8(value).map_or_else(|_| value.iter().copied().map(char::from).collect(), str::to_owned)
}

/// The media type that is sent, as a property or as `Content-Type`. A field that is sent twice has no meaning.
pub fn media_type(headers: &HeaderMap) -> Result<Option<MediaType>, RestError> {
    let name = if headers.contains_key(MIME_TYPE) { MIME_TYPE } else { CONTENT_TYPE };
    let mut sent = headers.get_all(&name).iter().filter(|value| !value.is_empty());
    let Some(first) = sent.next() else { return Ok(None) };
    if sent.next().is_some() {
        return Err(RestError::Bad(format!("{name} is sent more than once")));
    }
    MediaType::parse(&text(first.as_bytes())).map(Some).map_err(|error| RestError::Bad(error.to_string()))
}

/// The MD5 that is sent.
pub fn md5(headers: &HeaderMap) -> Result<Option<Md5>, RestError> {
    let Some(sent) = headers.get("content-md5") else { return Ok(None) };
    let md5 = sent.to_str().ok().and_then(Md5::parse);
    md5.map(Some)
        .ok_or_else(|| RestError::Bad("Content-MD5 has 32 hexadecimal digits, or 16 bytes in base64".to_owned()))
}

/// How many bytes a content is to have whose bytes are not sent.
pub fn claimed(headers: &HeaderMap) -> Option<u64> {
    headers.get(SIZE)?.to_str().ok()?.parse().ok()
}

/// How many bytes are announced.
pub fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use http::{HeaderValue, Request};

    use super::*;

    async fn listing(query: &str) -> Result<ContentListing, RestError> {
        let (mut parts, ()) = Request::get(format!("/films?{query}")).body(()).unwrap().into_parts();
        ContentListing::from_request_parts(&mut parts, &()).await
    }

    #[tokio::test]
    async fn a_listing_asks_for_a_thousand_at_most() {
        for (query, count) in [
            ("", 1000),
            ("maxResults=10", 10),
            ("maxResults=1000", 1000),
            ("maxResults=999999999999", 1000),
            ("maxResults=0", 1000),
            ("maxResults=", 1000),
            ("storeID=7&maxResults=3", 3),
        ] {
            assert_eq!(listing(query).await.unwrap().count, count, "{query}");
        }
        for query in ["maxResults=-1", "maxResults=many", "prefix=%00", "marker=a%0Ab", "prefix=%ff"] {
            assert!(listing(query).await.is_err(), "{query}");
        }
        let found = listing("prefix=a%2Bb+c&marker=%C3%A4").await.unwrap();
        assert_eq!((found.prefix.as_str(), found.marker.as_ref().map(ContentPrefix::as_str)), ("a+b c", Some("ä")));
    }

    #[test]
    fn properties_are_read_in_either_charset() {
        let mut headers = HeaderMap::new();
        headers.insert("x-dura-meta-color", HeaderValue::from_bytes("grün".as_bytes()).unwrap());
        headers.insert(
            "x-dura-meta-Old".to_lowercase().parse::<http::HeaderName>().unwrap(),
            HeaderValue::from_bytes(b"gr\xfcn").unwrap(),
        );
        headers.insert("x-dura-meta-", HeaderValue::from_static("no name"));
        headers.append("x-dura-meta-tag", HeaderValue::from_static("a"));
        headers.append("x-dura-meta-tag", HeaderValue::from_static("b"));
        headers.insert("content-type", HeaderValue::from_static("text/plain"));
        let found: Vec<_> = properties(&headers).into_iter().collect();
        let expected = [("color", "grün"), ("old", "grün"), ("tag", "a,b")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_media_type_is_one() {
        let of = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            headers.insert(name, HeaderValue::from_static(value));
            media_type(&headers)
        };
        let text = |found: Result<Option<MediaType>, RestError>| found.unwrap().map(|kind| kind.as_str().to_owned());
        assert_eq!(text(of("x-other", "")).as_deref(), Some("text/plain"));
        assert_eq!(text(of("x-dura-meta-content-mimetype", "video/mp4")).as_deref(), Some("video/mp4"));
        assert!(of("x-dura-meta-content-mimetype", "video").is_err());
        assert!(of("x-dura-meta-content-mimetype", "text/plain, text/html").is_err());
        assert_eq!(media_type(&HeaderMap::new()).unwrap(), None);
        let twice = ["text/plain", "text/html"].map(|kind| (CONTENT_TYPE, HeaderValue::from_static(kind)));
        assert!(media_type(&twice.into_iter().collect()).is_err());
    }
}
