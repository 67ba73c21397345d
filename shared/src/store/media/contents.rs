//! The contents of a space: looked up, listed, put, copied, deleted, and given away by URL.

use bytes::Bytes;
use futures::{Stream, StreamExt};

use super::Media;
use crate::space::properties::Properties;
use crate::space::{ContentId, ContentPrefix, MediaKey, SpaceId};
use crate::store::StoreError;
use crate::store::bucket::{
    BoxError, Content, Listed, Md5, New, Objects, PutError, SignedRequest, StoredPart, Upload, UploadPart,
};

/// The most names that a page has.
const MOST: usize = 1000;

/// Some names of contents, in the order of their UTF-8 bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentList {
    /// The names.
    pub names: Vec<ContentId>,
    /// There are others behind them.
    pub more: bool,
}

impl Media {
    /// At most a thousand objects of a space whose names begin with `prefix` and come after that of `after`, which was listed
    /// before. Their names may be such as no content can have.
    pub async fn objects(
        &self,
        space: &SpaceId,
        prefix: &ContentPrefix,
        after: Option<&Listed>,
    ) -> Result<Objects, StoreError> {
        self.bucket.list(space, prefix.as_str(), after.map(|after| after.name.as_str()), MOST).await
    }

    /// At most `count` (and at most 1000) names of a space's contents that begin with `prefix` and come after `after`. Objects
    /// whose names no content can have, which other clients of S3 may have put there, are skipped.
    pub async fn list(
        &self,
        space: &SpaceId,
        prefix: &ContentPrefix,
        after: Option<&ContentPrefix>,
        count: usize,
    ) -> Result<ContentList, StoreError> {
        let count = count.min(MOST);
        let mut page = ContentList { names: Vec::with_capacity(count), more: true };
        let mut after = after.map(|after| after.as_str().to_owned());
        while page.more && page.names.len() < count {
            let (names, more) = self.names(space, prefix, after.as_deref(), count - page.names.len()).await?;
            after = names.last().cloned();
            page.more = more && after.is_some();
            page.names.extend(names.iter().filter_map(|name| ContentId::parse(name).ok()));
        }
        Ok(page)
    }

    /// Deletes up to a thousand contents of a space and all uploads to it that are not completed; says whether there was any
    /// content.
    pub async fn delete_some(&self, space: &SpaceId) -> Result<bool, StoreError> {
        self.bucket.abort_uploads(space).await?;
        let (names, _) = self.names(space, &ContentPrefix::default(), None, MOST).await?;
        if names.is_empty() {
            return Ok(false);
        }
        self.bucket.delete_all(space, &names).await.map(|()| true)
    }

    /// Some names within the space, and whether there are more.
    async fn names(
        &self,
        space: &SpaceId,
        prefix: &ContentPrefix,
        after: Option<&str>,
        count: usize,
    ) -> Result<(Vec<String>, bool), StoreError> {
        let Objects { objects, more } = self.bucket.list(space, prefix.as_str(), after, count).await?;
        Ok((objects.into_iter().map(|object| object.name).collect(), more))
    }

    /// The content as it is now; [`StoreError::Missing`] if it does not exist.
    pub async fn content(&self, key: &MediaKey) -> Result<Content, StoreError> {
        self.bucket.content(key).await
    }

    /// Puts a content of known or unknown length, and returns its MD5. The bytes are passed on as they arrive, in constant memory,
    /// and count only once all of them are there and have the announced MD5. A put that breaks off leaves nothing.
    pub async fn put<S, E>(&self, key: &MediaKey, bytes: S, length: Option<u64>, new: New) -> Result<Md5, PutError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send + 'static,
        E: Into<BoxError>,
    {
        let bytes = bytes.map(|chunk| chunk.map_err(Into::into)).boxed();
        self.bucket.put(key, bytes, length, &new).await
    }

    /// Copies a content as it is at this moment ([`Media::content`]); [`StoreError::Changed`] if it is another by now.
    pub async fn copy(&self, content: &Content, from: &MediaKey, to: &MediaKey) -> Result<(), StoreError> {
        self.bucket.copy(content, from, to, None).await
    }

    /// Replaces what is noted of a content; its bytes stay. [`StoreError::Changed`] if it is another by now.
    pub async fn note(
        &self,
        key: &MediaKey,
        content: &Content,
        content_type: Option<&str>,
        properties: &Properties,
    ) -> Result<(), StoreError> {
        self.bucket.copy(content, key, key, Some((content_type, properties))).await
    }

    /// Deletes a content. Deleting a missing one succeeds.
    pub async fn delete(&self, key: &MediaKey) -> Result<(), StoreError> {
        self.bucket.delete(key).await
    }

    /// A URL for a GET of a content.
    pub async fn signed_get(&self, key: &MediaKey, disposition: Option<String>) -> Result<SignedRequest, StoreError> {
        self.bucket.signed_get(key, disposition).await
    }

    /// A URL for a PUT to which a client can be redirected ([`Bucket::signed_redirect`](crate::store::Bucket::signed_redirect)).
    pub async fn signed_redirect(&self, key: &MediaKey, new: &New) -> Result<SignedRequest, StoreError> {
        self.bucket.signed_redirect(key, new).await
    }

    /// A way to upload a content of this size ([`Bucket::signed_upload`](crate::store::Bucket::signed_upload)).
    pub async fn signed_upload(
        &self,
        key: &MediaKey,
        size: u64,
        part_size: Option<u64>,
        new: &New,
    ) -> Result<Upload, StoreError> {
        self.bucket.signed_upload(key, size, part_size, new).await
    }

    /// URLs for parts of an upload, each given by its number and its size.
    pub async fn signed_parts(
        &self,
        key: &MediaKey,
        id: &str,
        parts: &[(i32, u64)],
    ) -> Result<Vec<UploadPart>, StoreError> {
        self.bucket.signed_parts(key, id, parts).await
    }

    /// The parts of an upload that are stored, by number; [`StoreError::Missing`] if there is no such upload.
    pub async fn stored_parts(&self, key: &MediaKey, id: &str) -> Result<Vec<StoredPart>, StoreError> {
        self.bucket.stored_parts(key, id).await
    }

    /// Ends an upload, and removes its parts. Ending one that does not exist succeeds.
    pub async fn abort_upload(&self, key: &MediaKey, id: &str) -> Result<(), StoreError> {
        self.bucket.abort_upload(key, id).await
    }

    /// Makes a content of uploaded parts, each with the `ETag` of its upload; [`StoreError::Missing`] if there is no such upload, or if
    /// a part was not uploaded.
    pub async fn complete_upload(&self, key: &MediaKey, id: &str, parts: &[(i32, String)]) -> Result<(), StoreError> {
        self.bucket.complete_upload(key, id, parts).await
    }
}
