//! The media of one machine: the bucket of a data folder, used directly. Nothing is serialised, signed, or sent to a port.
//!
//! The objects are those of the S3 API ([`crate::s3`]): the same catalogue, the same files, the same events. A body is a file that
//! is written once, so a version of an object is an open file, which keeps its bytes after the object was replaced.

mod presigned;
mod put;
mod reading;

use std::sync::Arc;

use async_trait::async_trait;
use reelspan::{
    space::{MediaKey, SpaceId, properties::Properties},
    store::{
        Bucket, Content, Incoming, Listed, Md5, New, Object, ObjectVersion, Objects, PutError, SignedRequest,
        StoreError, StoredPart, Upload, UploadPart, metadata,
    },
};
use s3s::{S3Error, S3ErrorCode};

pub use self::presigned::UrlSigner;
use self::reading::FileVersion;
use crate::s3::{
    MEDIA_BUCKET, Store,
    catalogue::{self, ListingEntry, ObjectListing, now},
    conditions::ObjectConditions,
    record::ObjectChange,
};

/// The bucket of the media.
#[derive(Clone, Debug)]
pub struct Files {
    store: Arc<Store>,
    /// Signs URLs of the S3 API, if it is served.
    signer: Option<UrlSigner>,
}

impl Files {
    /// The media of a data folder. Without a signer, no URLs can be signed.
    #[must_use]
    pub const fn new(store: Arc<Store>, signer: Option<UrlSigner>) -> Self {
        Self { store, signer }
    }

    fn signer(&self) -> Result<&UrlSigner, StoreError> {
        self.signer.as_ref().ok_or_else(|| failed("no S3 API is served"))
    }

    /// Makes a new body the object of this name.
    fn replace(
        &self,
        key: &MediaKey,
        object: &catalogue::CatalogueObject,
        body: crate::s3::bodies::NewBody,
        change: ObjectChange,
    ) -> Result<(), StoreError> {
        let changed = self.store.catalogue.put((MEDIA_BUCKET, &key.to_string()), object, change, |_| Ok(()));
        self.store.settle(MEDIA_BUCKET, body, changed.map_err(failed)?).map_err(|error| of_s3s(&error))
    }
}

#[async_trait]
impl Bucket for Files {
    fn name(&self) -> &str {
        MEDIA_BUCKET
    }

    fn version(&self, key: &MediaKey, etag: &str, stored: Option<i64>) -> Arc<dyn ObjectVersion> {
        Arc::new(FileVersion::new(Arc::clone(&self.store), key, etag, stored))
    }

    async fn content(&self, key: &MediaKey) -> Result<Content, StoreError> {
        let found = self.store.catalogue.object(MEDIA_BUCKET, &key.to_string()).map_err(failed)?;
        let found = found.ok_or(StoreError::Missing)?;
        let object = Object {
            etag: quoted(&found.etag),
            size: found.size,
            modified: found.modified,
            version: None,
            content_type: Some(found.attributes.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned())),
        };
        Ok(Content::new(object, found.attributes.metadata.iter()))
    }

    async fn put(&self, key: &MediaKey, bytes: Incoming, length: Option<u64>, new: &New) -> Result<Md5, PutError> {
        self.receive(key, bytes, length, new).await
    }

    async fn copy(
        &self,
        content: &Content,
        from: &MediaKey,
        to: &MediaKey,
        noted: Option<(Option<&str>, &Properties)>,
    ) -> Result<(), StoreError> {
        let link =
            |object: &catalogue::CatalogueObject| self.store.bodies.link((MEDIA_BUCKET, &object.body), MEDIA_BUCKET);
        let (mut object, body) =
            self.store.with_body(MEDIA_BUCKET, &from.to_string(), link).map_err(|error| changed(of_s3s(&error)))?;
        if quoted(&object.etag) != content.object.etag {
            return Err(StoreError::Changed);
        }
        body.name().clone_into(&mut object.body);
        object.modified = now();
        if let Some((content_type, properties)) = noted {
            object.attributes.metadata = metadata(properties, content.kept_md5());
            object.attributes.content_type = content_type.map(str::to_owned);
        }
        self.replace(to, &object, body, ObjectChange::Copied)
    }

    async fn delete(&self, key: &MediaKey) -> Result<(), StoreError> {
        self.store.delete(MEDIA_BUCKET, &key.to_string()).map_err(|error| of_s3s(&error))
    }

    async fn list(
        &self,
        space: &SpaceId,
        prefix: &str,
        after: Option<&str>,
        count: usize,
    ) -> Result<Objects, StoreError> {
        let within = |name: &str| format!("{space}/{name}");
        let (prefix, after) = (within(prefix), after.map(within).unwrap_or_default());
        let listing = ObjectListing { prefix: &prefix, delimiter: "", after: &after, limit: count };
        let (entries, more) = self.store.catalogue.list(MEDIA_BUCKET, listing).map_err(failed)?;
        let objects = entries.into_iter().filter_map(|entry| match entry {
            ListingEntry::Object { key, size, etag, modified } => {
                let name = key.split_once('/').map(|(_, name)| name.to_owned())?;
                Some(Listed { name, etag: quoted(&etag), size, modified })
            }
            ListingEntry::CommonPrefix(_) => None,
        });
        Ok(Objects { objects: objects.collect(), more })
    }

    async fn delete_all(&self, space: &SpaceId, names: &[String]) -> Result<(), StoreError> {
        names
            .iter()
            .try_for_each(|name| self.store.delete(MEDIA_BUCKET, &format!("{space}/{name}")))
            .map_err(|error| of_s3s(&error))
    }

    async fn abort_uploads(&self, space: &SpaceId) -> Result<(), StoreError> {
        for upload in self.store.catalogue.uploads(MEDIA_BUCKET, &format!("{space}/")).map_err(failed)? {
            self.store.abort(MEDIA_BUCKET, &upload).map_err(|error| of_s3s(&error))?;
        }
        Ok(())
    }

    async fn signed_get(&self, key: &MediaKey, disposition: Option<String>) -> Result<SignedRequest, StoreError> {
        self.signer()?.get(key, disposition.as_deref())
    }

    async fn signed_redirect(&self, key: &MediaKey, new: &New) -> Result<SignedRequest, StoreError> {
        self.signer()?.redirect(key, new)
    }

    async fn signed_upload(
        &self,
        key: &MediaKey,
        size: u64,
        part_size: Option<u64>,
        new: &New,
    ) -> Result<Upload, StoreError> {
        self.upload(key, size, part_size, new)
    }

    async fn signed_parts(
        &self,
        key: &MediaKey,
        id: &str,
        parts: &[(i32, u64)],
    ) -> Result<Vec<UploadPart>, StoreError> {
        let signer = self.signer()?;
        parts.iter().map(|(number, size)| signer.part(key, id, *number, *size)).collect()
    }

    async fn stored_parts(&self, key: &MediaKey, id: &str) -> Result<Vec<StoredPart>, StoreError> {
        self.begun(key, id)?.ok_or(StoreError::Missing)?;
        let parts = self.store.catalogue.parts(id).map_err(failed)?.into_iter();
        Ok(parts.map(|part| StoredPart { number: part.number, size: part.size, etag: quoted(&part.etag) }).collect())
    }

    async fn abort_upload(&self, key: &MediaKey, id: &str) -> Result<(), StoreError> {
        let begun = self.begun(key, id)?;
        begun.map_or(Ok(()), |upload| self.store.abort(MEDIA_BUCKET, &upload)).map_err(|error| of_s3s(&error))
    }

    async fn complete_upload(&self, key: &MediaKey, id: &str, parts: &[(i32, String)]) -> Result<(), StoreError> {
        let named: Vec<_> =
            parts.iter().map(|(number, etag)| (*number, Some(etag.trim_matches('"').to_owned()))).collect();
        let completed =
            self.store.complete(MEDIA_BUCKET, &key.to_string(), id, &named, &ObjectConditions::default()).await;
        completed.map(drop).map_err(|error| match error.code() {
            S3ErrorCode::InvalidPart | S3ErrorCode::NoSuchUpload => StoreError::Missing,
            _ => of_s3s(&error),
        })
    }
}

/// An `ETag` as a header field has it.
fn quoted(etag: &str) -> String {
    format!("\"{etag}\"")
}

/// A missing object was another one when it was looked up.
fn changed(error: StoreError) -> StoreError {
    match error {
        StoreError::Missing => StoreError::Changed,
        other => other,
    }
}

/// A failure of the store itself.
fn failed(error: impl std::fmt::Display) -> StoreError {
    StoreError::Service { service: "the objects", message: error.to_string() }
}

/// An error that the operations share with the S3 API.
fn of_s3s(error: &S3Error) -> StoreError {
    match error.code() {
        S3ErrorCode::NoSuchKey => StoreError::Missing,
        S3ErrorCode::PreconditionFailed => StoreError::Changed,
        code => failed(format!("{}: {}", code.as_str(), error.message().unwrap_or_default())),
    }
}
