//! Tasks that are about contents, and the list of all.

use axum::extract::{Request, State};
use axum::response::Response;
use reelspan::space::acl::Right;
use reelspan::space::properties::Properties;
use reelspan::space::{ContentId, MediaKey};
use reelspan::store::{self, Md5, New, Upload};
use reelspan::telemetry;
use reelspan_rest::task::{Count, TASKS, body};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::answer::{list, xml};
use crate::request::{Names, UNKNOWN};
use crate::routes::Shared;
use crate::{Error, Spaces, Who, said};

/// The largest object that S3 holds.
const LARGEST: u64 = 5 << 40;

pub async fn names(who: Who) -> Result<Response, Error> {
    who.somebody()?;
    Ok(xml(list("<list>", "string", TASKS, "</list>")))
}

pub async fn perform(State(state): Shared, who: Who, names: Names, request: Request) -> Result<Response, Error> {
    who.somebody()?;
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
        let md5 = task.md5.map(|md5| Md5::parse(&md5).ok_or_else(|| Error::Bad(format!("{md5:?} is no MD5"))));
        let new = New {
            content_type: Some(task.content_type.unwrap_or_else(|| UNKNOWN.to_owned())),
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
        let parts: Vec<_> = task.parts.into_iter().map(|part| (part.part_number, part.etag)).collect();
        self.stores.media.complete_upload(&key, &task.upload_id, &parts).await.map_err(|error| match error {
            store::Error::Missing => {
                Error::Bad(format!("{} is no upload to {key} that could be completed", task.upload_id))
            }
            other => other.into(),
        })?;
        self.still_there(&space, &key).await?;
        Ok(json!({"result": format!("Content {} stored successfully", key.content())}))
    }
}
