//! A bucket of objects: what the media need of a store of files. S3 is one ([`S3Bucket`](super::S3Bucket)), and the files of one
//! machine are another.
//!
//! An object is replaced whole. A read names the version that it means, by its `ETag`, and never returns bytes of another one. A put
//! either stores all of its bytes or leaves the object as it was. All calls see every earlier one (strong consistency).

mod md5;

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;

pub use self::md5::{Hasher, Md5};
use super::StoreError;
use crate::space::properties::Properties;
use crate::space::{MediaKey, SpaceId};

/// The metadata that keeps the MD5 of an object whose `ETag` is another.
pub const MD5: &str = "content-md5";

/// An error of the client that sends bytes.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The bytes of a put, as they arrive.
pub type Incoming = BoxStream<'static, Result<Bytes, BoxError>>;

/// The bytes of a read, as they arrive. An error says why they broke off; the rest can be read anew.
pub type ReadStream = BoxStream<'static, Result<Bytes, String>>;

/// A bucket of objects, named `{space}/{content}`.
#[async_trait]
pub trait Bucket: fmt::Debug + Send + Sync {
    /// The bucket's name.
    fn name(&self) -> &str;

    /// How many calls were sent to another machine so far, including retries.
    fn calls(&self) -> u64 {
        0
    }

    /// The version of an object with this `ETag`, and stored at this time (seconds since 1970) if one is given, whether or not it
    /// exists: reads tell. A new type or new properties change the time and not the `ETag`.
    fn version(&self, key: &MediaKey, etag: &str, stored: Option<i64>) -> Arc<dyn ObjectVersion>;

    /// The object as it is now; [`StoreError::Missing`] if it does not exist.
    async fn content(&self, key: &MediaKey) -> Result<Content, StoreError>;

    /// Stores an object of `length` bytes, or of unknown length, and returns its MD5.
    async fn put(&self, key: &MediaKey, bytes: Incoming, length: Option<u64>, new: &New) -> Result<Md5, PutError>;

    /// Copies an object that was looked up; [`StoreError::Changed`] if it is another by now. `noted` replaces the media type and the
    /// properties of the copy.
    async fn copy(
        &self,
        content: &Content,
        from: &MediaKey,
        to: &MediaKey,
        noted: Option<(Option<&str>, &Properties)>,
    ) -> Result<(), StoreError>;

    /// Deletes an object. Deleting a missing one succeeds.
    async fn delete(&self, key: &MediaKey) -> Result<(), StoreError>;

    /// At most `count` (and at most 1000) objects of a space whose names begin with `prefix` and come after `after`, in the order
    /// of the UTF-8 bytes of their names. The names need not be valid names of contents.
    async fn list(
        &self,
        space: &SpaceId,
        prefix: &str,
        after: Option<&str>,
        count: usize,
    ) -> Result<Objects, StoreError>;

    /// Deletes up to a thousand objects of a space, by the names of a listing.
    async fn delete_all(&self, space: &SpaceId, names: &[String]) -> Result<(), StoreError>;

    /// Aborts the uploads to a space that were not completed.
    async fn abort_uploads(&self, space: &SpaceId) -> Result<(), StoreError>;

    /// A URL for a GET of an object, whose answer has this `Content-Disposition`.
    async fn signed_get(&self, key: &MediaKey, disposition: Option<String>) -> Result<SignedRequest, StoreError>;

    /// A URL for a PUT to which a client can be redirected that sends the header fields of its first request again, and no others.
    /// So the properties are in the URL, and the media type and the MD5 are in fields that the client sends anyway.
    async fn signed_redirect(&self, key: &MediaKey, new: &New) -> Result<SignedRequest, StoreError>;

    /// A way to upload an object of this size, in parts if one PUT cannot hold it or if it is larger than `part_size`
    /// ([`presigned_parts`]).
    async fn signed_upload(
        &self,
        key: &MediaKey,
        size: u64,
        part_size: Option<u64>,
        new: &New,
    ) -> Result<Upload, StoreError>;

    /// URLs for parts of an upload that was begun, each given by its number and its size. Whether the upload exists is not
    /// asked.
    async fn signed_parts(&self, key: &MediaKey, id: &str, parts: &[(i32, u64)])
    -> Result<Vec<UploadPart>, StoreError>;

    /// The parts of an upload that are stored, by number; [`StoreError::Missing`] if there is no such upload.
    async fn stored_parts(&self, key: &MediaKey, id: &str) -> Result<Vec<StoredPart>, StoreError>;

    /// Ends an upload, and removes its parts. Ending one that does not exist succeeds.
    async fn abort_upload(&self, key: &MediaKey, id: &str) -> Result<(), StoreError>;

    /// Completes an upload of parts, each with the `ETag` that its PUT returned; [`StoreError::Missing`] if there is no such upload, or
    /// if a part was not uploaded.
    async fn complete_upload(&self, key: &MediaKey, id: &str, parts: &[(i32, String)]) -> Result<(), StoreError>;
}

/// One version of one object.
#[async_trait]
pub trait ObjectVersion: fmt::Debug + Send + Sync {
    /// The bytes of `range`, which is not empty; [`StoreError::Changed`] if the object is another version by now, or is deleted.
    async fn read(&self, range: Range<u64>) -> Result<ReadStream, StoreError>;

    /// How reads of this version pay.
    fn reading(&self) -> ReadCost;

    /// The file with the bytes of this version, if it is a file of this machine and has been opened by a read.
    fn file(&self) -> Option<Arc<File>> {
        None
    }
}

/// A connection that sends bytes of files by itself, without copying them into the process.
#[async_trait]
pub trait FileSender: fmt::Debug + Send + Sync {
    /// A chunk for the start of a range that is not empty: at least a byte. It may be a stand-in of the same length, in whose place
    /// the connection sends the bytes of the file; so nothing else may read the chunk, and the connection has to send all chunks
    /// that it made, in their order. A file that ends before the range is an error.
    async fn chunk(&self, file: &Arc<File>, range: Range<u64>) -> io::Result<Bytes>;
}

/// What a reader has to know of the cost of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadCost {
    /// The longest gap between two ranges that is cheaper to read and drop than to read the ranges one by one, in bytes.
    pub gap: u64,
    /// How many reads are begun before they are needed.
    pub ahead: usize,
}

/// What is known of an object.
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

/// A content as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// What every object has.
    pub object: Object,
    /// The MD5 of its bytes, if it is known.
    pub md5: Option<Md5>,
    /// Its properties.
    pub properties: Properties,
}

impl Content {
    /// A content with this metadata, which keeps the MD5 if the `ETag` is another.
    pub fn new<'a>(object: Object, metadata: impl Iterator<Item = (&'a String, &'a String)> + Clone) -> Self {
        let kept = metadata.clone().find(|(name, _)| *name == MD5).and_then(|(_, text)| Md5::parse(text));
        let md5 = kept.or_else(|| Md5::of_etag(&object.etag));
        Self { object, md5, properties: Properties::of_metadata(metadata) }
    }

    /// The MD5, if the `ETag` does not say it.
    #[must_use]
    pub fn kept_md5(&self) -> Option<Md5> {
        self.md5.filter(|md5| Md5::of_etag(&self.object.etag) != Some(*md5))
    }
}

/// The metadata of an object with these properties, and with this MD5 if its `ETag` does not say it.
#[must_use]
pub fn metadata<M: FromIterator<(String, String)>>(properties: &Properties, kept: Option<Md5>) -> M {
    properties.metadata().chain(kept.map(|md5| (MD5.to_owned(), md5.to_string()))).collect()
}

/// An object of a space, as a listing has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its name within the space.
    pub name: String,
    /// With its quotation marks.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// When it was stored, in seconds since 1970.
    pub modified: i64,
}

/// Some objects, in the order of the UTF-8 bytes of their names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects {
    /// The objects.
    pub objects: Vec<Listed>,
    /// More objects follow.
    pub more: bool,
}

/// A content that is about to be put.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// The media type; the store chooses one if it is missing.
    pub content_type: Option<String>,
    /// The properties.
    pub properties: Properties,
    /// The MD5 that it must have.
    pub md5: Option<Md5>,
}

/// The most bytes that an upload of unknown length may have: S3 takes 10 000 parts of 16 MiB.
pub const LARGEST_UNANNOUNCED: u64 = 10_000 * (16 << 20);

/// Why nothing was put.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// The bytes have another MD5 than was announced.
    #[error("the MD5 of what arrived is {found}, not {expected}")]
    Digest {
        /// What was announced.
        expected: Md5,
        /// What the bytes have.
        found: Md5,
    },
    /// The bytes ended early, or did not end when they should.
    #[error("the content broke off: {0}")]
    BrokenOff(String),
    /// More bytes than an upload of unknown length may have.
    #[error("a content of unknown length has at most {LARGEST_UNANNOUNCED} bytes")]
    TooLarge,
    /// Too many contents of unknown length are being put.
    #[error("too many contents of unknown length are being put; send a Content-Length, or try again later")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A request that may be made without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedRequest {
    /// Where to.
    pub url: String,
    /// The header fields that have to be sent, exactly so; `Content-Length` and `Host`, which every client sends, are left out.
    pub headers: Vec<(String, String)>,
}

/// A part of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadPart {
    /// Its number, from 1.
    pub number: i32,
    /// How many bytes it has.
    pub size: u64,
    /// Where to PUT it.
    pub url: String,
}

/// A part of an upload that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPart {
    /// Its number, from 1.
    pub number: i32,
    /// How many bytes it has.
    pub size: u64,
    /// With its quotation marks.
    pub etag: String,
}

/// A way to upload a content past the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upload {
    /// With one PUT.
    Whole(SignedRequest),
    /// With one PUT a part, and a list of their `ETag`s in the end.
    Parts {
        /// What S3 calls it.
        id: String,
        /// The parts, in their order.
        parts: Vec<UploadPart>,
    },
}

/// The smallest part that S3 takes, except for the last one (*Amazon S3 User Guide*, Amazon S3 multipart upload limits).
pub const SMALLEST_PART: u64 = 5 << 20;

/// How the parts of a presigned upload are cut: each of at least `part_size`, and at most a thousand, so that the list of URLs
/// stays readable. Returns their numbers and sizes. Without `part_size`, parts have at least 64 MiB; `None` if one PUT can hold
/// all bytes (5 GiB, *Amazon S3 User Guide*, Uploading objects). With one, `None` if the object is not larger than a part.
#[must_use]
pub fn presigned_parts(size: u64, part_size: Option<u64>) -> Option<Vec<(i32, u64)>> {
    const WHOLE: u64 = 5 << 30;
    const PART: u64 = 64 << 20;
    const PARTS: u64 = 1000;
    if size <= part_size.unwrap_or(WHOLE).min(WHOLE) {
        return None;
    }
    let each = size.div_ceil(PARTS).max(part_size.unwrap_or(PART)).max(SMALLEST_PART);
    let starts = (0..size.div_ceil(each)).map(|place| place * each);
    Some((1..).zip(starts.map(|start| each.min(size - start))).collect())
}
