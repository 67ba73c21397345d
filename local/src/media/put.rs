//! Putting: bytes go into a file as they arrive. The file becomes the object's in one transaction of the catalogue, once all bytes
//! are there, have the announced MD5, and are on the disk. Whatever ends earlier leaves nothing.

use std::collections::BTreeMap;

use futures::StreamExt;
use reelspan::{
    space::MediaKey,
    store::{Hasher, Incoming, LARGEST_UNANNOUNCED, Md5, New, PutError},
};
use tokio::{fs::File, io::AsyncWriteExt};

use super::{Files, failed};
use crate::s3::{
    MEDIA_BUCKET,
    catalogue::{CatalogueObject, ObjectAttributes, now},
    record::ObjectChange,
};

impl Files {
    /// Stores an object.
    pub(super) async fn receive(
        &self,
        key: &MediaKey,
        mut bytes: Incoming,
        length: Option<u64>,
        new: &New,
    ) -> Result<Md5, PutError> {
        let (body, file) = self.store.bodies.create(MEDIA_BUCKET).map_err(failed)?;
        let (mut file, mut hasher, mut size) = (File::from_std(file), Hasher::default(), 0_u64);
        while let Some(chunk) = bytes.next().await {
            let chunk = chunk.map_err(|error| PutError::BrokenOff(error.to_string()))?;
            size = size.saturating_add(chunk.len() as u64);
            match length {
                Some(length) if size > length => {
                    return Err(PutError::BrokenOff("it is longer than was said".to_owned()));
                }
                None if size > LARGEST_UNANNOUNCED => return Err(PutError::TooLarge),
                _ => {}
            }
            hasher.update(&chunk);
            file.write_all(&chunk).await.map_err(failed)?;
        }
        if let Some(missing) = length.and_then(|length| length.checked_sub(size)).filter(|missing| *missing > 0) {
            return Err(PutError::BrokenOff(format!("{missing} bytes are missing")));
        }
        let found = hasher.digest();
        if let Some(expected) = new.md5.filter(|expected| *expected != found) {
            return Err(PutError::Digest { expected, found });
        }
        file.flush().await.map_err(failed)?;
        file.sync_data().await.map_err(failed)?;
        let attributes = attributes(new, None);
        let object = CatalogueObject {
            body: body.name().to_owned(),
            size,
            etag: found.to_string(),
            modified: now(),
            attributes,
        };
        self.replace(key, &object, body, ObjectChange::Put)?;
        Ok(found)
    }
}

/// The attributes of a new object; `kept` is its MD5 if its `ETag` will be another.
pub(super) fn attributes(new: &New, kept: Option<Md5>) -> ObjectAttributes {
    let metadata: BTreeMap<_, _> = reelspan::store::metadata(&new.properties, kept);
    ObjectAttributes { metadata, content_type: new.content_type.clone(), ..ObjectAttributes::default() }
}
