//! The media bucket, in which an object's key is `{space}/{content}`.
//!
//! Every read of an object's bytes says which version it means (`If-Match`, RFC 9110 §13.1.1), so that the index and the
//! bytes never disagree: an object that was overwritten is an [`Error::Changed`].

mod body;
mod content;
mod download;
mod plan;

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use futures::Stream;

use aws_sdk_s3::operation::head_object::HeadObjectOutput;

use self::body::Body;
pub use self::content::{Content, ContentList, Listed, Md5, New, Objects, PutError, Signed, Upload, UploadPart};
use self::download::{Download, Version};
use super::Error;
use super::error::of_s3;
use crate::space::MediaKey;
use reelspan_engine::container::{ReadError, Source};
use reelspan_engine::media::splice::Splice;

/// How much room is made at once for what a read will bring; more follows as the bytes do.
const ROOM: u64 = 8 << 20;

/// The media bucket.
#[derive(Clone, Debug)]
pub struct Media {
    client: aws_sdk_s3::Client,
    bucket: String,
}

/// What S3 says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// With its quotation marks.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// Seconds since 1970.
    pub modified: i64,
    /// In a versioned bucket.
    pub version: Option<String>,
    /// As it was stored.
    pub content_type: Option<String>,
}

impl Media {
    /// The bucket of this name.
    #[must_use]
    pub fn new(client: aws_sdk_s3::Client, bucket: impl Into<String>) -> Self {
        Self { client, bucket: bucket.into() }
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// What the object is now (a HEAD); [`Error::Missing`] where there is none. S3 says 403 instead of 404 to whoever may not
    /// list the bucket: the functions have to be allowed to.
    pub async fn object(&self, key: &MediaKey) -> Result<Object, Error> {
        let answer = self.client.head_object().bucket(&self.bucket).key(key.to_string()).send().await;
        let answer = answer.map_err(|error| of_s3(&error))?;
        object(key, answer)
    }

    /// Random access to one version of an object.
    #[must_use]
    pub fn source(&self, key: &MediaKey, object: &Object) -> ObjectSource {
        ObjectSource { version: self.version(key, &object.etag), length: object.size }
    }

    /// The bytes of a splice whose source is the object of this ETag, chunk by chunk, in constant memory. The first GET has
    /// been answered when this returns, so that an object which has changed is an [`Error::Changed`] rather than a broken
    /// body. Sources that lie close together are read through in one GET, the gaps between them dropped; a splice without
    /// sources asks S3 for nothing.
    ///
    /// A GET that breaks off is taken up again where it was. A body that cannot be had whole ends in an error, and never
    /// just ends.
    pub async fn body(
        &self,
        key: &MediaKey,
        etag: &str,
        splice: Splice,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + use<>, Error> {
        Ok(Body::open(self.version(key, etag), splice).await?.into_stream())
    }

    fn version(&self, key: &MediaKey, etag: &str) -> Arc<Version> {
        Arc::new(Version {
            client: self.client.clone(),
            bucket: self.bucket.clone(),
            key: key.to_string(),
            etag: etag.to_owned(),
            gets: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        })
    }
}

/// The object that the answer to a HEAD is about.
fn object(key: &MediaKey, answer: HeadObjectOutput) -> Result<Object, Error> {
    let (Some(etag), Some(size)) = (answer.e_tag, answer.content_length.and_then(|size| u64::try_from(size).ok()))
    else {
        return Err(Error::s3(format!("a HEAD of {:?} without ETag or Content-Length", key.to_string())));
    };
    Ok(Object {
        etag,
        size,
        modified: answer.last_modified.map_or(0, |time| time.secs()),
        version: answer.version_id,
        content_type: answer.content_type,
    })
}

/// One version of an object, as a container reads it.
#[derive(Clone, Debug)]
pub struct ObjectSource {
    version: Arc<Version>,
    length: u64,
}

impl ObjectSource {
    /// How many GETs were made.
    #[must_use]
    pub fn gets(&self) -> u64 {
        self.version.gets.load(Ordering::Relaxed)
    }

    /// How many bytes were read.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.version.bytes.load(Ordering::Relaxed)
    }

    async fn get(&self, range: Range<u64>) -> Result<Bytes, Error> {
        let mut download = Download::open(Arc::clone(&self.version), range.clone()).await?;
        let first = download.read(range.clone()).await?;
        let mut at = range.start + first.len() as u64;
        if at == range.end {
            return Ok(first);
        }
        let room = usize::try_from((range.end - range.start).min(ROOM)).unwrap_or_default();
        let mut bytes = BytesMut::with_capacity(room);
        bytes.extend_from_slice(&first);
        while at < range.end {
            let chunk = download.read(at..range.end).await?;
            at += chunk.len() as u64;
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.freeze())
    }
}

impl Source for ObjectSource {
    fn len(&self) -> u64 {
        self.length
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, ReadError> {
        if range.start > range.end || range.end > self.length {
            return Err(ReadError::Failed(format!("no bytes {range:?} in {}", self.length)));
        }
        if range.is_empty() {
            return Ok(Bytes::new());
        }
        self.get(range).await.map_err(|error| match error {
            Error::Changed => ReadError::Changed,
            other => ReadError::Failed(other.to_string()),
        })
    }
}
