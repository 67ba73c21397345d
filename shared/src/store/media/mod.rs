//! The media bucket, in which an object's key is `{space}/{content}`.
//!
//! Every read of an object's bytes says which version it means (`If-Match`, RFC 9110 §13.1.1), so that the index and the
//! bytes never disagree: an object that was overwritten is a [`StoreError::Changed`].

mod body;
mod contents;
mod download;
mod handover;
mod plan;

use std::ops::Range;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

pub use self::body::MediaBody;
pub use self::contents::ContentList;
use self::download::{Download, DownloadVersion};
pub use self::handover::FileHandover;
use super::StoreError;
use super::bucket::{Bucket, Object};
use crate::space::MediaKey;
use reelspan_engine::container::{ReadError, Source};
use reelspan_engine::media::splice::Splice;

/// How much room is made at once for what a read will bring; more follows as the bytes do.
const ROOM: u64 = 8 << 20;

/// The media bucket.
#[derive(Clone, Debug)]
pub struct Media {
    bucket: Arc<dyn Bucket>,
}

impl Media {
    /// The media in this bucket.
    #[must_use]
    pub fn new(bucket: Arc<dyn Bucket>) -> Self {
        Self { bucket }
    }

    /// The bucket's name.
    #[must_use]
    pub fn bucket(&self) -> &str {
        self.bucket.name()
    }

    /// How many calls were sent to another machine so far.
    pub(super) fn calls(&self) -> u64 {
        self.bucket.calls()
    }

    /// The object as it is now; [`StoreError::Missing`] if it does not exist.
    pub async fn object(&self, key: &MediaKey) -> Result<Object, StoreError> {
        Ok(self.bucket.content(key).await?.object)
    }

    /// Random access to one version of an object.
    #[must_use]
    pub fn source(&self, key: &MediaKey, object: &Object) -> ObjectSource {
        ObjectSource { version: self.version(key, &object.etag, None), length: object.size }
    }

    /// The bytes of a splice whose source is the object of this ETag, chunk by chunk, in constant memory. The first GET has
    /// been answered when this returns, so that an object which has changed is a [`StoreError::Changed`] rather than a broken
    /// body. Sources that lie close together are read through in one GET, the gaps between them dropped; a splice without
    /// sources asks S3 for nothing.
    ///
    /// If `stored` is given, in seconds since 1970, the object must also have been stored then: if its type or its properties are
    /// others by now, that is a [`StoreError::Changed`] too.
    ///
    /// A GET that breaks off is taken up again where it was. A body that cannot be had whole ends in an error, and never
    /// just ends.
    pub async fn body(
        &self,
        key: &MediaKey,
        etag: &str,
        stored: Option<i64>,
        splice: Splice,
    ) -> Result<MediaBody, StoreError> {
        MediaBody::open(self.version(key, etag, stored), splice).await
    }

    fn version(&self, key: &MediaKey, etag: &str, stored: Option<i64>) -> Arc<DownloadVersion> {
        Arc::new(DownloadVersion::new(self.bucket.version(key, etag, stored), key))
    }
}

/// One version of an object, as a container reads it.
#[derive(Clone, Debug)]
pub struct ObjectSource {
    version: Arc<DownloadVersion>,
    length: u64,
}

impl ObjectSource {
    /// How many GETs were made.
    #[must_use]
    pub fn gets(&self) -> u64 {
        self.version.gets()
    }

    /// How many bytes were read.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.version.bytes()
    }

    async fn get(&self, range: Range<u64>) -> Result<Bytes, StoreError> {
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
            StoreError::Changed => ReadError::Changed,
            other => ReadError::Failed(other.to_string()),
        })
    }
}
