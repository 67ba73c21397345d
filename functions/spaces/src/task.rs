//! Tasks that are about contents, and the list of all.

use axum::extract::{Request, State};
use axum::response::Response;
use reelspan::http::media_type::{MediaType, UNKNOWN};
use reelspan::space::acl::Right;
use reelspan::space::properties::Properties;
use reelspan::space::{ContentId, MediaKey};
use reelspan::store::{self, Md5, New, Upload};
use reelspan::telemetry;
use reelspan_rest::task::{Count, TASKS, body};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::{list, xml};
use crate::request::Names;
use crate::{Error, Shared, Spaces, Who, said};

/// The most parts that an upload to S3 has.
const MOST_PARTS: i32 = 10_000;
/// The largest object that S3 holds.
const LARGEST: u64 = 5 << 40;

pub async fn names(who: Who) -> Result<Response, Error> {
    who.authenticated()?;
    Ok(xml(list("<list>", "string", TASKS, "</list>")))
}

pub async fn perform(State(state): Shared, who: Who, names: Names, request: Request) -> Result<Response, Error> {
    who.authenticated()?;
    let answer = match names.first.as_str() {
        "get-upload-url" => state.upload_url(&who, body(request).await?).await?,
        "complete-upload" => state.complete_upload(&who, body(request).await?).await?,
        unknown => return Err(Error::Bad(format!("{unknown} is no task; there are {}", TASKS.join(", ")))),
    };
    Ok(said(answer.to_string()))
}

/// `get-upload-url`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UploadUrl {
    space_id: String,
    content_id: String,
    content_type: Option<String>,
    size: Count,
    md5: Option<String>,
    #[serde(default)]
    properties: std::collections::BTreeMap<String, String>,
}

/// `complete-upload`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CompleteUpload {
    space_id: String,
    content_id: String,
    upload_id: String,
    parts: Vec<UploadedPart>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct UploadedPart {
    part_number: i32,
    etag: String,
}

impl UploadedPart {
    /// The part, if S3 can have given it: a number and an `ETag` as it is written (RFC 9110 §8.8.3).
    fn checked(self) -> Result<(i32, String), Error> {
        let Self { part_number, etag } = self;
        if !(1..=MOST_PARTS).contains(&part_number) {
            return Err(Error::Bad(format!("partNumber {part_number} is not from 1 to {MOST_PARTS}")));
        }
        match etag.char_indices().find(|(_, letter)| !letter.is_ascii_graphic()) {
            Some((at, found)) => {
                Err(Error::Bad(format!("etag {etag:?}: {found:?} at byte {at} is not printable ASCII")))
            }
            None => Ok((part_number, etag)),
        }
    }
}

impl Spaces {
    async fn upload_url(&self, who: &Who, task: UploadUrl) -> Result<Value, Error> {
        let space = self.space(&task.space_id, who, Right::Write).await?;
        let key = MediaKey::new(space.id, ContentId::parse(&task.content_id)?)?;
        telemetry::note(|notes| {
            notes.content = Some(key.content().to_string());
            notes.detail.insert("bytes", task.size.0.to_string());
        });
        let Count(size) = task.size;
        if size > LARGEST {
            return Err(Error::Bad(format!("{size} bytes are more than the {LARGEST} that S3 holds")));
        }
        let media_type = MediaType::parse(task.content_type.as_deref().unwrap_or(UNKNOWN));
        let media_type = media_type.map_err(|error| Error::Bad(format!("contentType: {error}")))?;
        let md5 = task.md5.map(|md5| Md5::parse(&md5).ok_or_else(|| Error::Bad(format!("{md5:?} is no MD5"))));
        let new = New {
            content_type: Some(media_type.as_str().to_owned()),
            properties: Properties::new(task.properties)?,
            md5: md5.transpose()?,
        };
        Ok(match self.stores.media.signed_upload(&key, size, &new).await? {
            Upload::Whole(put) => {
                let headers: Map<_, _> = put.headers.into_iter().map(|(name, value)| (name, value.into())).collect();
                json!({"method": "PUT", "url": put.url, "headers": headers})
            }
            Upload::Parts { id, parts } => {
                let parts = parts.into_iter().map(
                    |part| json!({"partNumber": part.number, "size": part.size, "method": "PUT", "url": part.url}),
                );
                json!({"uploadId": id, "parts": parts.collect::<Vec<_>>(), "complete": "/durastore/task/complete-upload"})
            }
        })
    }

    async fn complete_upload(&self, who: &Who, task: CompleteUpload) -> Result<Value, Error> {
        let space = self.space(&task.space_id, who, Right::Write).await?;
        let key = MediaKey::new(space.id.clone(), ContentId::parse(&task.content_id)?)?;
        telemetry::note(|notes| notes.content = Some(key.content().to_string()));
        let parts = task.parts.into_iter().map(UploadedPart::checked).collect::<Result<Vec<_>, _>>()?;
        self.stores.media.complete_upload(&key, &task.upload_id, &parts).await.map_err(|error| match error {
            store::Error::Missing => {
                Error::Bad(format!("{:?} is no upload to {key} that could be completed", task.upload_id))
            }
            other => other.into(),
        })?;
        self.still_there(&space, &key).await?;
        self.listed(&key).await;
        Ok(json!({"result": format!("Content {} stored successfully", key.content())}))
    }
}
