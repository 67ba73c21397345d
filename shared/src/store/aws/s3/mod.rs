//! Amazon S3, by its SDK: lookups and reads here; puts, copies, listings and presigned URLs in the files beside.
//!
//! A content's MD5 is its object's `ETag` if the object was put in one piece. If it was not, the MD5 is kept as metadata, if it was
//! ever known.

mod copy;
mod listing;
mod memory;
mod presigned;
mod put;

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Builder, Config, RequestChecksumCalculation};
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use futures::{StreamExt, stream};

use super::calls::Counter;
use super::clients::CONNECT;
use super::error::of_s3;
use crate::space::properties::Properties;
use crate::space::{MediaKey, SpaceId};
use crate::store::StoreError;
use crate::store::bucket::{
    Bucket, Content, Incoming, Md5, New, Object, ObjectVersion, Objects, PutError, ReadCost, ReadStream, SignedRequest,
    StoredPart, Upload, UploadPart,
};

/// A GET takes some 20 to 50 ms before its first byte, and an unneeded byte only its transfer time: at 50 to 100 MB/s a gap of a
/// megabyte takes less time than the round trip of another GET.
const READING: ReadCost = ReadCost { gap: 1 << 20, ahead: 4 };

/// A bucket of S3.
#[derive(Clone, Debug)]
pub struct S3Bucket {
    client: aws_sdk_s3::Client,
    bucket: String,
    counter: Counter,
}

impl S3Bucket {
    /// The bucket of this name. `counter` is an interceptor of the client.
    pub(in crate::store) fn new(client: aws_sdk_s3::Client, bucket: String, counter: Counter) -> Self {
        Self { client, bucket, counter }
    }
}

#[async_trait]
impl Bucket for S3Bucket {
    fn name(&self) -> &str {
        &self.bucket
    }

    fn calls(&self) -> u64 {
        self.counter.count()
    }

    fn version(&self, key: &MediaKey, etag: &str, stored: Option<i64>) -> Arc<dyn ObjectVersion> {
        Arc::new(S3Version {
            client: self.client.clone(),
            bucket: self.bucket.clone(),
            key: key.to_string(),
            etag: etag.to_owned(),
            stored,
        })
    }

    /// S3 answers 403 instead of 404 to callers that may not list the bucket: the functions have to be allowed to.
    async fn content(&self, key: &MediaKey) -> Result<Content, StoreError> {
        let answer = self.client.head_object().bucket(&self.bucket).key(key.to_string()).send().await;
        let answer = answer.map_err(|error| of_s3(&error))?;
        let (Some(etag), Some(size)) = (answer.e_tag, answer.content_length.and_then(|size| u64::try_from(size).ok()))
        else {
            return Err(StoreError::s3(format!("a HEAD of {:?} without ETag or Content-Length", key.to_string())));
        };
        let object = Object {
            etag,
            size,
            modified: answer.last_modified.map_or(0, |time| time.secs()),
            version: answer.version_id,
            content_type: answer.content_type,
        };
        Ok(Content::new(object, answer.metadata.iter().flatten()))
    }

    async fn put(&self, key: &MediaKey, bytes: Incoming, length: Option<u64>, new: &New) -> Result<Md5, PutError> {
        if let Some(length) = length {
            return self.put_whole(key, bytes, length, new).await;
        }
        let (bucket, key, new) = (self.clone(), key.clone(), new.clone());
        // A task of its own, so that the upload is aborted even if the caller is gone, as happens if a client is.
        let task = tokio::spawn(async move { bucket.put_parts(&key, bytes, &new).await });
        task.await.map_err(StoreError::s3)?
    }

    async fn copy(
        &self,
        content: &Content,
        from: &MediaKey,
        to: &MediaKey,
        noted: Option<(Option<&str>, &Properties)>,
    ) -> Result<(), StoreError> {
        self.copy_as(content, from, to, noted).await
    }

    async fn delete(&self, key: &MediaKey) -> Result<(), StoreError> {
        let delete = self.client.delete_object().bucket(&self.bucket).key(key.to_string());
        delete.send().await.map(drop).map_err(|error| of_s3(&error))
    }

    async fn list(
        &self,
        space: &SpaceId,
        prefix: &str,
        after: Option<&str>,
        count: usize,
    ) -> Result<Objects, StoreError> {
        self.listed(space, prefix, after, count).await
    }

    async fn delete_all(&self, space: &SpaceId, names: &[String]) -> Result<(), StoreError> {
        self.delete_these(space, names).await
    }

    async fn abort_uploads(&self, space: &SpaceId) -> Result<(), StoreError> {
        self.abort_those_of(space).await
    }

    async fn signed_get(&self, key: &MediaKey, disposition: Option<String>) -> Result<SignedRequest, StoreError> {
        self.presigned_get(key, disposition).await
    }

    async fn signed_redirect(&self, key: &MediaKey, new: &New) -> Result<SignedRequest, StoreError> {
        self.presigned_redirect(key, new).await
    }

    async fn signed_upload(
        &self,
        key: &MediaKey,
        size: u64,
        part_size: Option<u64>,
        new: &New,
    ) -> Result<Upload, StoreError> {
        self.presigned_upload(key, size, part_size, new).await
    }

    async fn signed_parts(
        &self,
        key: &MediaKey,
        id: &str,
        parts: &[(i32, u64)],
    ) -> Result<Vec<UploadPart>, StoreError> {
        self.presigned_parts(key, id, parts).await
    }

    async fn stored_parts(&self, key: &MediaKey, id: &str) -> Result<Vec<StoredPart>, StoreError> {
        self.listed_parts(key, id).await
    }

    async fn abort_upload(&self, key: &MediaKey, id: &str) -> Result<(), StoreError> {
        self.abort_one(key, id).await
    }

    async fn complete_upload(&self, key: &MediaKey, id: &str, parts: &[(i32, String)]) -> Result<(), StoreError> {
        self.complete_presigned(key, id, parts).await
    }
}

/// One version of one object.
#[derive(Debug)]
struct S3Version {
    client: aws_sdk_s3::Client,
    bucket: String,
    key: String,
    etag: String,
    /// Seconds since 1970.
    stored: Option<i64>,
}

#[async_trait]
impl ObjectVersion for S3Version {
    /// A GET of `range`, on condition that the object is still this version. S3 answers 412, or 404 if the object was
    /// deleted; if another implementation of S3 ignores the condition, the ETag of its answer shows it. `If-Unmodified-Since` would
    /// not do: S3 ignores it beside an `If-Match` that holds (*Amazon S3 API Reference*, `GetObject`).
    async fn read(&self, range: Range<u64>) -> Result<ReadStream, StoreError> {
        let request = self.client.get_object().bucket(&self.bucket).key(&self.key).if_match(&self.etag);
        let last = range.end.saturating_sub(1);
        let answer = request.range(format!("bytes={}-{last}", range.start)).send().await;
        let answer = answer.map_err(|error| match of_s3(&error) {
            StoreError::Missing => StoreError::Changed,
            other => other,
        })?;
        let stored = answer.last_modified().map(aws_smithy_types::DateTime::secs);
        let is_other = self.stored.is_some() && stored.is_some() && self.stored != stored;
        if is_other || answer.e_tag().is_some_and(|etag| etag != self.etag) {
            return Err(StoreError::Changed);
        }
        if !begins_at(&answer, range.start) {
            let found = answer.content_range().unwrap_or("the whole object");
            return Err(StoreError::s3(format!("answered {found:?} to a request for bytes {}-{last}", range.start)));
        }
        let chunks = stream::unfold(answer.body, |mut body| async move {
            let chunk = body.next().await?;
            Some((chunk.map_err(|error| error.to_string()), body))
        });
        Ok(chunks.boxed())
    }

    fn reading(&self) -> ReadCost {
        READING
    }
}

/// Whether an answer's Content-Range (RFC 9110 §14.4) begins at this byte.
fn begins_at(answer: &GetObjectOutput, start: u64) -> bool {
    let range = answer.content_range().and_then(|range| range.strip_prefix("bytes "));
    range.and_then(|range| range.split_once('-')).and_then(|(first, _)| first.parse().ok()) == Some(start)
}

/// For calls that last as long as their bytes take: no deadline for the answer. The bytes are checked by MD5, so the SDK need not
/// work out a checksum of its own.
fn patient() -> Builder {
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT).disable_read_timeout().disable_operation_timeout().build();
    Config::builder().timeout_config(timeouts).request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
}
