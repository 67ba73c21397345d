//! Uploads that go to S3 directly: their URLs, what S3 has of them, and how they end.

use reelspan::http::media_type::{MediaType, UNKNOWN};
use reelspan::space::acl::Right;
use reelspan::space::properties::Properties;
use reelspan::space::record::Space;
use reelspan::space::{ContentId, MediaKey};
use reelspan::store::{self, Md5, New, Reservation, SMALLEST_PART, StoredPart, Upload, UploadPart, presigned_parts};
use reelspan::telemetry;
use reelspan_rest::task::LenientNumber;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{RestError, Spaces, Who};

/// The most parts that an upload to S3 has.
const MOST_PARTS: i32 = 10_000;
/// The largest object that S3 holds.
const LARGEST: u64 = 5 << 40;
/// The largest part (*Amazon S3 User Guide*, Amazon S3 multipart upload limits).
const LARGEST_PART: u64 = 5 << 30;
/// The path of the task that ends an upload.
const COMPLETE: &str = "/durastore/task/complete-upload";

/// `get-upload-url`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadUrl {
    space_id: String,
    content_id: String,
    content_type: Option<String>,
    size: LenientNumber,
    part_size: Option<LenientNumber>,
    md5: Option<String>,
    #[serde(default)]
    properties: std::collections::BTreeMap<String, String>,
}

/// `get-upload-parts`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UploadParts {
    space_id: String,
    content_id: String,
    upload_id: String,
    size: LenientNumber,
    part_size: Option<LenientNumber>,
}

/// `abort-upload`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AbortUpload {
    space_id: String,
    content_id: String,
    #[serde(rename = "uploadId")]
    upload: String,
}

/// `complete-upload`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CompleteUpload {
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
    fn checked(self) -> Result<(i32, String), RestError> {
        let Self { part_number, etag } = self;
        if !(1..=MOST_PARTS).contains(&part_number) {
            return Err(RestError::Bad(format!("partNumber {part_number} is not from 1 to {MOST_PARTS}")));
        }
        match etag.char_indices().find(|(_, letter)| !letter.is_ascii_graphic()) {
            Some((at, found)) => {
                Err(RestError::Bad(format!("etag {etag:?}: {found:?} at byte {at} is not printable ASCII")))
            }
            None => Ok((part_number, etag)),
        }
    }
}

impl Spaces {
    /// `get-upload-url`: URLs for a content.
    pub async fn upload_url(&self, who: &Who, task: UploadUrl) -> Result<Value, RestError> {
        let (space, key) = self.uploaded(who, &task.space_id, &task.content_id).await?;
        let (size, part_size) = sizes(task.size, task.part_size)?;
        telemetry::note(|notes| drop(notes.detail.insert("bytes", size.to_string())));
        let media_type = MediaType::parse(task.content_type.as_deref().unwrap_or(UNKNOWN));
        let media_type = media_type.map_err(|error| RestError::Bad(format!("contentType: {error}")))?;
        let md5 = task.md5.map(|md5| Md5::parse(&md5).ok_or_else(|| RestError::Bad(format!("{md5:?} is no MD5"))));
        let new = New {
            content_type: Some(media_type.as_str().to_owned()),
            properties: Properties::new(task.properties)?,
            md5: md5.transpose()?,
        };
        // It is not known whether and when the URLs are used, so no room is kept for them.
        drop(self.quotas.admit(&space, &key, size).await?);
        Ok(match self.stores.media.signed_upload(&key, size, part_size, &new).await? {
            Upload::Whole(put) => {
                let headers: Map<_, _> = put.headers.into_iter().map(|(name, value)| (name, value.into())).collect();
                json!({"method": "PUT", "url": put.url, "headers": headers})
            }
            Upload::Parts { id, parts } => described(&id, parts, &[]),
        })
    }

    /// `get-upload-parts`: new URLs for all parts of an upload, and the `ETag` of those that are stored.
    pub async fn upload_parts(&self, who: &Who, task: UploadParts) -> Result<Value, RestError> {
        let (space, key) = self.uploaded(who, &task.space_id, &task.content_id).await?;
        let (size, part_size) = sizes(task.size, task.part_size)?;
        drop(self.quotas.admit(&space, &key, size).await?);
        let parts = presigned_parts(size, part_size)
            .ok_or_else(|| RestError::Bad(format!("{size} bytes are not uploaded in parts of this size")))?;
        let stored = self.stored_parts(&key, &task.upload_id).await?;
        let parts = self.stores.media.signed_parts(&key, &task.upload_id, &parts).await?;
        Ok(described(&task.upload_id, parts, &stored))
    }

    /// The parts of an upload that are stored.
    async fn stored_parts(&self, key: &MediaKey, upload: &str) -> Result<Vec<StoredPart>, RestError> {
        self.stores.media.stored_parts(key, upload).await.map_err(|error| match error {
            store::StoreError::Missing => RestError::NoUpload { id: upload.to_owned(), key: key.to_string() },
            other => other.into(),
        })
    }

    /// Room for what an upload makes of these parts, if a quota limits it. Others may have stored contents since it began.
    async fn admit_parts(
        &self,
        space: &Space,
        key: &MediaKey,
        upload: &str,
        parts: &[(i32, String)],
    ) -> Result<Option<Reservation>, RestError> {
        if !self.quotas.limit(space).await? {
            return Ok(None);
        }
        let stored = self.stored_parts(key, upload).await?;
        let named = |part: &&StoredPart| parts.iter().any(|(number, _)| *number == part.number);
        let bytes = stored.iter().filter(named).map(|part| part.size).sum();
        Ok(self.quotas.admit(space, key, bytes).await?)
    }

    /// `abort-upload`: ends an upload, and removes its parts.
    pub async fn abort_upload(&self, who: &Who, task: AbortUpload) -> Result<Value, RestError> {
        let (_, key) = self.uploaded(who, &task.space_id, &task.content_id).await?;
        self.stores.media.abort_upload(&key, &task.upload).await?;
        Ok(json!({"result": format!("The upload of content {} is aborted", key.content())}))
    }

    /// The space and the key of a content that is uploaded, if the caller may write it.
    async fn uploaded(&self, who: &Who, space: &str, content: &str) -> Result<(Space, MediaKey), RestError> {
        let space = self.space(space, who, Right::Write).await?;
        let key = MediaKey::new(space.id.clone(), ContentId::parse(content)?)?;
        telemetry::note(|notes| notes.content = Some(key.content().to_string()));
        Ok((space, key))
    }

    /// `complete-upload`: makes a content of the parts.
    pub async fn complete_upload(&self, who: &Who, task: CompleteUpload) -> Result<Value, RestError> {
        let (space, key) = self.uploaded(who, &task.space_id, &task.content_id).await?;
        let parts = task.parts.into_iter().map(UploadedPart::checked).collect::<Result<Vec<_>, _>>()?;
        let reserved = self.admit_parts(&space, &key, &task.upload_id, &parts).await?;
        self.stores.media.complete_upload(&key, &task.upload_id, &parts).await.map_err(|error| match error {
            store::StoreError::Missing => {
                RestError::Bad(format!("{:?} is no upload to {key} that could be completed", task.upload_id))
            }
            other => other.into(),
        })?;
        self.still_there(&space, &key).await?;
        self.listed(&key).await;
        if let Some(reserved) = reserved {
            reserved.stored(true);
        }
        Ok(json!({"result": format!("Content {} stored successfully", key.content())}))
    }
}

/// The size of an upload and that of its parts, if S3 takes them.
fn sizes(
    LenientNumber(size): LenientNumber,
    part_size: Option<LenientNumber>,
) -> Result<(u64, Option<u64>), RestError> {
    if size > LARGEST {
        return Err(RestError::Bad(format!("{size} bytes are more than the {LARGEST} that S3 holds")));
    }
    match part_size {
        Some(LenientNumber(part)) if !(SMALLEST_PART..=LARGEST_PART).contains(&part) => {
            Err(RestError::Bad(format!("partSize is a number of bytes from {SMALLEST_PART} to {LARGEST_PART}")))
        }
        part_size => Ok((size, part_size.map(|LenientNumber(part)| part))),
    }
}

/// An upload in parts. A stored part of another size than the upload has there is not named: it has to be sent again.
fn described(id: &str, parts: Vec<UploadPart>, stored: &[StoredPart]) -> Value {
    let parts = parts.into_iter().map(|part| {
        let mut members = json!({"partNumber": part.number, "size": part.size, "method": "PUT", "url": part.url});
        let found = stored.iter().find(|stored| (stored.number, stored.size) == (part.number, part.size));
        if let (Some(found), Some(members)) = (found, members.as_object_mut()) {
            members.insert("etag".to_owned(), found.etag.clone().into());
        }
        members
    });
    json!({"uploadId": id, "parts": parts.collect::<Vec<_>>(), "complete": COMPLETE})
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn sizes_are_those_that_s3_takes() {
        let of = |size: u64, part: Option<u64>| sizes(LenientNumber(size), part.map(LenientNumber)).is_ok();
        assert!(of(LARGEST, None) && of(0, Some(SMALLEST_PART)) && of(1, Some(LARGEST_PART)));
        assert!(!of(LARGEST + 1, None) && !of(1, Some(SMALLEST_PART - 1)) && !of(1, Some(LARGEST_PART + 1)));
    }

    #[test]
    fn a_part_is_stored_if_it_has_its_size() {
        let part = |number, size| UploadPart { number, size, url: "u".to_owned() };
        let stored = |number, size| StoredPart { number, size, etag: format!("\"{number}\"") };
        let said =
            described("id", vec![part(1, 5), part(2, 5), part(3, 1)], &[stored(1, 5), stored(2, 4), stored(4, 1)]);
        let etags: Vec<_> =
            said.pointer("/parts").and_then(Value::as_array).unwrap().iter().map(|part| part.get("etag")).collect();
        assert_eq!(etags, [Some(&json!("\"1\"")), None, None]);
    }
}
