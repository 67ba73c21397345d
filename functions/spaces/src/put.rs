//! Putting contents: stored from the request, copied from another, or sent past the gateway where they are too large for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use futures::StreamExt;
use http::HeaderMap;
use http_body::Body as _;
use percent_encoding::percent_decode_str;
use reelspan::http::media_type::UNKNOWN;
use reelspan::space::acl::Right;
use reelspan::space::quota::Exceeded;
use reelspan::space::record::{Space, SpaceState};
use reelspan::space::{ContentId, MediaKey};
use reelspan::store::{self, Content, Md5, New, Reservation};

use crate::answer::created;
use crate::content::redirect;
use crate::request::{PathNames, announced, claimed, content_properties, md5, media_type, text};
use crate::{RestError, Spaces, SpacesState, Who};

/// Says what to copy, as `space/content`.
const COPY_SOURCE: &str = "x-dura-meta-copy-source";

pub async fn put(
    State(state): SpacesState,
    who: Who,
    names: PathNames,
    request: Request,
) -> Result<Response, RestError> {
    who.authenticated()?;
    let content = ContentId::parse(&names.content)?;
    // Only callers who may write learn what is wrong with an id. All callers learn that a space does not exist.
    reelspan::space::SpaceId::parse(&names.first)?;
    let space = state.space(&names.first, &who, Right::Write).await?;
    let key = MediaKey::new(space.id.clone(), content)?;
    let (parts, body) = request.into_parts();
    let size_is_known = parts.headers.contains_key(COPY_SOURCE) || body.size_hint().exact().is_some();
    let (md5, reserved) = if let Some(source) = parts.headers.get(COPY_SOURCE) {
        let (content, reserved) = state.copy(&text(source.as_bytes()), (&space, &key), &who).await?;
        (content.md5, reserved)
    } else {
        let length = body.size_hint();
        // API Gateway reads a body before it asks the function. So a client may say its size, and send none.
        let is_empty = body.is_end_stream() || length.exact() == Some(0);
        let claimed = if is_empty { claimed(&parts.headers) } else { None };
        let announced = announced(&parts.headers).max(claimed).unwrap_or_default();
        let at_least = length.lower().max(announced);
        let reserved = state.quotas.admit(&space, &key, at_least).await?;
        if at_least > state.carrier.limit() {
            return state.elsewhere(&key, &parts.headers, at_least).await;
        }
        let new = new(&parts.headers)?;
        let room = reserved.as_ref().and_then(|reserved| reserved.room.clone());
        (Some(state.store(&key, body, length.exact(), new, room).await?), reserved)
    };
    state.still_there(&space, &key).await?;
    state.listed(&key).await;
    if let Some(reserved) = reserved {
        reserved.stored(size_is_known);
    }
    Ok(created(&format!("/durastore/{}", key.to_path()), md5))
}

/// What is said of the content that is put.
fn new(headers: &HeaderMap) -> Result<New, RestError> {
    Ok(New {
        content_type: Some(media_type(headers)?.map_or_else(|| UNKNOWN.to_owned(), |kind| kind.as_str().to_owned())),
        properties: content_properties(headers)?,
        md5: md5(headers)?,
    })
}

fn bad_source() -> RestError {
    RestError::Bad(format!("{COPY_SOURCE} is space/content"))
}

impl Spaces {
    /// Puts the bytes of a body, as far as a quota has room for them: a body of unknown length may turn out to be too long.
    async fn store(
        &self,
        key: &MediaKey,
        body: Body,
        length: Option<u64>,
        new: New,
        room: Option<(u64, Exceeded)>,
    ) -> Result<Md5, RestError> {
        let bytes = body.into_data_stream();
        let (None, Some((mut left, exceeded))) = (length, room) else {
            return Ok(self.stores.media.put(key, bytes, length, new).await?);
        };
        let is_full = Arc::new(AtomicBool::new(false));
        let tell = Arc::clone(&is_full);
        let bytes = bytes.map(move |chunk| {
            let chunk = chunk.map_err(|error| error.to_string())?;
            let Some(rest) = left.checked_sub(chunk.len() as u64) else {
                tell.store(true, Ordering::Relaxed);
                return Err("a quota is exceeded".to_owned());
            };
            left = rest;
            Ok(chunk)
        });
        let stored = self.stores.media.put(key, bytes, None, new).await;
        if is_full.load(Ordering::Relaxed) {
            return Err(RestError::Quota(exceeded));
        }
        Ok(stored?)
    }

    /// Where a client is sent whose content the gateway cannot carry.
    async fn elsewhere(&self, key: &MediaKey, headers: &HeaderMap, length: u64) -> Result<Response, RestError> {
        let new = new(headers)?;
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        // What the client sends again has to mean the same to S3.
        let hexadecimal = new.md5.is_some_and(|md5| text("content-md5") != Some(&md5.to_base64()));
        if hexadecimal || headers.contains_key("x-dura-meta-content-mimetype") {
            return Err(RestError::TooLarge(format!(
                "{length} bytes go to S3 directly, which knows Content-MD5 in base64 and Content-Type alone; send these, or use the \
                 task get-upload-url"
            )));
        }
        Ok(redirect(&self.stores.media.signed_redirect(key, &new).await?.url))
    }

    /// Copies a content that the user may read, to a space and a key in it.
    async fn copy(
        &self,
        source: &str,
        (target, to): (&Space, &MediaKey),
        who: &Who,
    ) -> Result<(Content, Option<Reservation>), RestError> {
        let (space, name) = source.trim_start_matches('/').split_once('/').ok_or_else(bad_source)?;
        let space = self.space(space, who, Right::Read).await?.id;
        // Some clients encode the name, others do not: a name that reads like an encoded one is first taken for that.
        let decoded = percent_decode_str(name).decode_utf8_lossy();
        let mut missing = RestError::NoContent { space: space.to_string(), content: decoded.to_string() };
        let names = [Some(&*decoded), Some(name).filter(|name| *name != decoded)];
        for name in names.into_iter().flatten() {
            let Ok(content) = ContentId::parse(name) else { continue };
            let Ok(from) = MediaKey::new(space.clone(), content) else { continue };
            match self.stores.media.content(&from).await {
                Ok(content) => {
                    if from == *to {
                        return Ok((content, None));
                    }
                    let reserved = self.quotas.admit(target, to, content.object.size).await?;
                    self.stores.media.copy(&content, &from, to).await?;
                    return Ok((content, reserved));
                }
                Err(store::StoreError::Missing) => missing = RestError::no_content(&from),
                Err(error) => return Err(error.into()),
            }
        }
        Err(missing)
    }

    /// Takes back what was put into a space that was deleted meanwhile, whose deletion may have looked already.
    pub async fn still_there(&self, space: &Space, key: &MediaKey) -> Result<(), RestError> {
        let now = self.table.get(&space.id).await?;
        if now.is_some_and(|now| now.state == SpaceState::Live && now.created == space.created) {
            return Ok(());
        }
        self.stores.media.delete(key).await?;
        Err(RestError::NoSpace(space.id.to_string()))
    }
}
