//! Contents: read, noted of, and deleted. The bytes, their `ETag` and what is said of a version are those of `/media/`.

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::TryStreamExt;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    LAST_MODIFIED, LOCATION, RANGE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use reelspan::http::conditional::{PreconditionResult, Preconditions, last_modified};
use reelspan::http::media_type::{MediaType, UNKNOWN};
use reelspan::http::protection::{self, Embedding};
use reelspan::space::acl::Right;
use reelspan::space::{ContentId, MediaKey};
use reelspan::store::{self, Content};
use reelspan_engine::fragment::range::{RequestedRanges, content_range};
use reelspan_engine::media::splice::Splice;

use crate::answer::{CONTENT_MD5, disposition, property, set};
use crate::request::{Attachment, MIME_TYPE, PathNames, SIZE, announced, content_properties, media_type};
use crate::{Carrier, RestError, Spaces, SpacesState, Who, said};

/// The media types that a program says of a body that it does not know, or that is not there.
const OF_NO_BODY: [&str; 4] =
    ["application/x-www-form-urlencoded", "application/json", "application/octet-stream", "text/plain"];

/// How often a content may change while its properties are replaced.
const ATTEMPTS: usize = 3;

impl Spaces {
    /// The content with these names, if it exists and the caller has this right in its space.
    async fn content(&self, names: &PathNames, who: &Who, right: Right) -> Result<(MediaKey, Content), RestError> {
        let space = self.space(&names.first, who, right).await?;
        let missing = || RestError::NoContent { space: names.first.clone(), content: names.content.clone() };
        let content = ContentId::parse(&names.content).map_err(|_| missing())?;
        let key = MediaKey::new(space.id, content).map_err(|_| missing())?;
        let content = self.stores.media.content(&key).await.map_err(RestError::about(&key))?;
        Ok((key, content))
    }

    /// Has the list of its space say at once what became of a content. The event of the change does the same, so a failure is no
    /// reason to refuse what is done.
    pub async fn listed(&self, key: &MediaKey) {
        if let Err(error) = self.stores.update_entry(key).await {
            tracing::warn!(%key, %error, "the list is updated with the event");
        }
    }
}

/// What is said of a content, however much of it is given.
fn described(key: &MediaKey, content: &Content, attachment: bool) -> HeaderMap {
    let mut headers = HeaderMap::new();
    set(&mut headers, CONTENT_TYPE, content.object.content_type.as_deref().unwrap_or(UNKNOWN));
    set(&mut headers, ETAG, &content.object.etag);
    set(&mut headers, LAST_MODIFIED, &last_modified(content.object.modified));
    if let Some(md5) = content.md5 {
        set(&mut headers, CONTENT_MD5, &md5.to_string());
    }
    set(&mut headers, ACCEPT_RANGES, "bytes");
    // Who may read it can change at any time.
    set(&mut headers, CACHE_CONTROL, "private, no-cache");
    protection::stored(&mut headers, Embedding::OwnOrigin);
    if attachment {
        set(&mut headers, CONTENT_DISPOSITION, &disposition(key.content().as_str()));
    }
    for (name, value) in content.properties.iter() {
        property(&mut headers, name, value);
    }
    headers
}

pub async fn head(
    State(state): SpacesState,
    who: Who,
    names: PathNames,
    Attachment(attachment): Attachment,
    asked: HeaderMap,
) -> Result<Response, RestError> {
    let (key, content) = state.content(&names, &who, Right::Read).await?;
    let mut headers = described(&key, &content, attachment);
    match Preconditions::read(&asked).judge(&content.object.etag, content.object.modified) {
        PreconditionResult::Failed => Err(RestError::Precondition),
        PreconditionResult::NotModified => Ok(not_modified(headers)),
        PreconditionResult::Proceed => {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(content.object.size));
            // A gateway may say the length of the body that it got instead, which is 0.
            headers.insert(SIZE, HeaderValue::from(content.object.size));
            Ok((headers, Body::empty()).into_response())
        }
    }
}

pub async fn get(
    State(state): SpacesState,
    who: Who,
    names: PathNames,
    Attachment(attachment): Attachment,
    asked: HeaderMap,
) -> Result<Response, RestError> {
    let (key, content) = state.content(&names, &who, Right::Read).await?;
    let mut headers = described(&key, &content, attachment);
    let (etag, size, modified) = (&content.object.etag, content.object.size, content.object.modified);
    let conditions = Preconditions::read(&asked);
    match conditions.judge(etag, modified) {
        PreconditionResult::Failed => return Err(RestError::Precondition),
        PreconditionResult::NotModified => return Ok(not_modified(headers)),
        PreconditionResult::Proceed => {}
    }
    let mut range = 0..size;
    let mut status = StatusCode::OK;
    if let Some(value) = asked.get(RANGE).filter(|_| conditions.range_applies(etag, modified)) {
        range = one_range(value, size)?;
        range.end = range.end.min(range.start.saturating_add(state.carrier.limit()));
        set(&mut headers, CONTENT_RANGE, &content_range(&range, size));
        status = StatusCode::PARTIAL_CONTENT;
    } else if size > state.carrier.limit() {
        let disposition = attachment.then(|| disposition(key.content().as_str()));
        let elsewhere = state.stores.media.signed_get(&key, disposition).await?;
        return Ok(redirect(&elsewhere.url));
    }
    headers.insert(CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    let mut splice = Splice::new();
    splice.source(range);
    let body = state.stores.media.body(&key, etag, None, splice).await?;
    let handover = body.handover().map(Extension);
    let body = body.into_stream().inspect_err(move |error| tracing::error!(%key, %error, "the body breaks off"));
    Ok((status, headers, handover, Body::from_stream(body)).into_response())
}

/// 307: there, until it expires.
pub fn redirect(url: &str) -> Response {
    let mut response = StatusCode::TEMPORARY_REDIRECT.into_response();
    set(response.headers_mut(), LOCATION, url);
    set(response.headers_mut(), CACHE_CONTROL, "no-store");
    response
}

fn not_modified(mut headers: HeaderMap) -> Response {
    headers.remove(CONTENT_TYPE);
    (StatusCode::NOT_MODIFIED, headers).into_response()
}

/// The one range of bytes that is asked for.
fn one_range(value: &HeaderValue, size: u64) -> Result<std::ops::Range<u64>, RestError> {
    let unusable = || RestError::Bad(format!("Range {value:?} is not one range of the {size} bytes that there are"));
    let Some(RequestedRanges::Bytes(ranges)) = value.to_str().ok().and_then(RequestedRanges::parse) else {
        return Err(unusable());
    };
    match &ranges.of(size).map_err(|_| unusable())?[..] {
        [range] => Ok(range.clone()),
        _ => Err(unusable()),
    }
}

/// The media type that a change of properties gives a content. What curl says of a body that it has to send is not what the
/// content is. Nor is what API Gateway says of a body that is not there: an HTTP API adds a `Content-Type` to such a request, and
/// does not document which (*Amazon API Gateway Developer Guide*, "Amazon API Gateway important notes").
fn new_media_type(sent: &HeaderMap, carrier: Carrier) -> Result<Option<MediaType>, RestError> {
    let without = match carrier {
        Carrier::Gateway if announced(sent).unwrap_or_default() == 0 && !sent.contains_key(MIME_TYPE) => {
            &OF_NO_BODY[..]
        }
        _ => &OF_NO_BODY[..1],
    };
    Ok(media_type(sent)?.filter(|sent| !without.contains(&sent.essence())))
}

pub async fn note(
    State(state): SpacesState,
    who: Who,
    names: PathNames,
    sent: HeaderMap,
) -> Result<Response, RestError> {
    let (key, mut content) = state.content(&names, &who, Right::Write).await?;
    let properties = content_properties(&sent)?;
    let media_type = new_media_type(&sent, state.carrier)?;
    let mut done = Err(store::StoreError::Changed);
    for _ in 0..ATTEMPTS {
        let kept = media_type.as_ref().map(MediaType::as_str).or(content.object.content_type.as_deref());
        done = state.stores.media.note(&key, &content, kept, &properties).await;
        if !matches!(done, Err(store::StoreError::Changed)) {
            break;
        }
        content = state.stores.media.content(&key).await.map_err(RestError::about(&key))?;
    }
    done.map_err(RestError::about(&key))?;
    state.listed(&key).await;
    Ok(said(format!("Content {} updated successfully", key.content())))
}

pub async fn delete(State(state): SpacesState, who: Who, names: PathNames) -> Result<Response, RestError> {
    let (key, _) = state.content(&names, &who, Right::Write).await?;
    state.stores.media.delete(&key).await?;
    state.listed(&key).await;
    Ok(said(format!("Content {} deleted successfully", key.content())))
}
