//! The media bucket.

use std::ops::Range;

use bytes::Bytes;
use futures::Stream;

use super::Error;
use crate::container::{ReadError, Source};
use crate::splice::Splice;

/// The media bucket, in which an object's key is `{space}/{content}`.
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

    /// What the object is now; [`Error::Missing`] where there is none.
    pub async fn object(&self, key: &str) -> Result<Object, Error> {
        let _ = (&self.client, &self.bucket, key);
        todo!()
    }

    /// Random access to one version of an object; every read says `If-Match`.
    #[must_use]
    pub fn source(&self, key: &str, object: &Object) -> ObjectSource {
        let _ = (key, object);
        todo!()
    }

    /// The bytes of a splice whose source is the object of this ETag. The first GET has been answered when this returns, so
    /// that an object which has changed is an [`Error::Changed`] rather than a broken body. Sources that lie close together are
    /// read through in one GET, the gaps between them dropped.
    pub async fn body(
        &self,
        key: &str,
        etag: &str,
        splice: Splice,
    ) -> Result<impl Stream<Item = Result<Bytes, Error>> + Send + use<>, Error> {
        let _ = (key, etag, splice);
        Ok(futures::stream::empty())
    }
}

/// One version of an object, as a container reads it.
#[derive(Clone, Debug)]
pub struct ObjectSource {
    length: u64,
}

impl Source for ObjectSource {
    fn len(&self) -> u64 {
        self.length
    }

    async fn read(&self, range: Range<u64>) -> Result<Bytes, ReadError> {
        let _ = range;
        todo!()
    }
}
