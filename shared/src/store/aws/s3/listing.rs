//! Listings, and what deletes all objects of a space.

use aws_sdk_s3::types::{Delete, EncodingType, ObjectIdentifier};
use percent_encoding::percent_decode_str;

use super::{S3Bucket, of_s3};
use crate::space::SpaceId;
use crate::store::StoreError;
use crate::store::bucket::{Listed, Objects};

impl S3Bucket {
    /// Deletes up to a thousand objects.
    pub(super) async fn delete_these(&self, space: &SpaceId, names: &[String]) -> Result<(), StoreError> {
        let keys = names.iter().map(|name| ObjectIdentifier::builder().key(format!("{space}/{name}")).build());
        let keys = keys.collect::<Result<_, _>>().map_err(StoreError::s3)?;
        let delete = Delete::builder().set_objects(Some(keys)).quiet(true).build().map_err(StoreError::s3)?;
        let answer = self.client.delete_objects().bucket(&self.bucket).delete(delete).send().await;
        let answer = answer.map_err(|error| of_s3(&error))?;
        match answer.errors().first() {
            None => Ok(()),
            Some(error) => Err(StoreError::s3(format!(
                "{} of {} objects were not deleted: {:?}: {}",
                answer.errors().len(),
                names.len(),
                error.key(),
                error.message().unwrap_or_default()
            ))),
        }
    }

    /// One answer of S3.
    pub(super) async fn listed(
        &self,
        space: &SpaceId,
        prefix: &str,
        after: Option<&str>,
        count: usize,
    ) -> Result<Objects, StoreError> {
        let list = self.client.list_objects_v2().bucket(&self.bucket).prefix(format!("{space}/{prefix}"));
        let list = list
            .set_start_after(after.map(|after| format!("{space}/{after}")))
            .max_keys(i32::try_from(count).unwrap_or(i32::MAX))
            // XML cannot carry every name.
            .encoding_type(EncodingType::Url);
        let answer = list.send().await.map_err(|error| of_s3(&error))?;
        let objects = answer.contents().iter().filter_map(|object| {
            let name = decoded(object.key()?).split_once('/').map(|(_, name)| name.to_owned())?;
            Some(Listed {
                name,
                etag: object.e_tag().unwrap_or_default().to_owned(),
                size: object.size().and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
                modified: object.last_modified().map_or(0, aws_sdk_s3::primitives::DateTime::secs),
            })
        });
        Ok(Objects { objects: objects.collect(), more: answer.is_truncated().unwrap_or_default() })
    }

    /// Aborts the uploads to a space: completed later, they would put a content into a space that is gone.
    pub(super) async fn abort_those_of(&self, space: &SpaceId) -> Result<(), StoreError> {
        let list = self.client.list_multipart_uploads().bucket(&self.bucket).prefix(format!("{space}/"));
        let answer = list.encoding_type(EncodingType::Url).send().await.map_err(|error| of_s3(&error))?;
        for upload in answer.uploads() {
            if let (Some(key), Some(id)) = (upload.key(), upload.upload_id()) {
                self.abort(&decoded(key), id).await;
            }
        }
        Ok(())
    }
}

/// A key as it is: `encoding-type=url` makes a plus sign of a space.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_s3_encodes_them() {
        for (encoded, key) in [
            ("films/a+b%2Bc%25.mp4", "films/a b+c%.mp4"),
            ("films/a%20b.mp4", "films/a b.mp4"),
            ("films/%C3%A4/%E6%97%A5.mp4", "films/ä/日.mp4"),
        ] {
            assert_eq!(decoded(encoded), key);
        }
    }
}
