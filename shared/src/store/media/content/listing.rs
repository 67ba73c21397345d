//! Listing the contents of a space, and deleting all of them.

use aws_sdk_s3::types::{Delete, EncodingType, ObjectIdentifier};
use percent_encoding::percent_decode_str;

use crate::space::{ContentId, ContentPrefix, SpaceId};
use crate::store::Error;
use crate::store::error::of_s3;
use crate::store::media::Media;

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
    ) -> Result<Objects, Error> {
        self.listed(space, prefix, after.map(|after| after.name.as_str()), MOST).await
    }

    /// At most `count` (and at most 1000) names of a space's contents that begin with `prefix` and come after `after`. Objects
    /// whose names no content can have, which somebody may have put past this API, are passed over.
    pub async fn list(
        &self,
        space: &SpaceId,
        prefix: &ContentPrefix,
        after: Option<&ContentPrefix>,
        count: usize,
    ) -> Result<ContentList, Error> {
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

    /// The same contents as those of [`Media::list`], with what S3 says of each.
    pub async fn described(
        &self,
        space: &SpaceId,
        prefix: &ContentPrefix,
        after: Option<&ContentPrefix>,
        count: usize,
    ) -> Result<Objects, Error> {
        let count = count.min(MOST);
        let mut page = Objects { objects: Vec::with_capacity(count), more: true };
        let mut after = after.map(|after| after.as_str().to_owned());
        while page.more && page.objects.len() < count {
            let left = count - page.objects.len();
            let Objects { objects, more } = self.listed(space, prefix, after.as_deref(), left).await?;
            after = objects.last().map(|object| object.name.clone());
            page.more = more && after.is_some();
            page.objects.extend(objects.into_iter().filter(|object| ContentId::parse(&object.name).is_ok()));
        }
        Ok(page)
    }

    /// Deletes up to a thousand contents of a space and all uploads to it that are not completed; says whether there was any
    /// content.
    pub async fn delete_some(&self, space: &SpaceId) -> Result<bool, Error> {
        self.abort_uploads(space).await?;
        let (names, _) = self.names(space, &ContentPrefix::default(), None, MOST).await?;
        if names.is_empty() {
            return Ok(false);
        }
        let keys = names.iter().map(|name| ObjectIdentifier::builder().key(format!("{space}/{name}")).build());
        let keys = keys.collect::<Result<_, _>>().map_err(Error::s3)?;
        let delete = Delete::builder().set_objects(Some(keys)).quiet(true).build().map_err(Error::s3)?;
        let answer = self.client.delete_objects().bucket(&self.bucket).delete(delete).send().await;
        let answer = answer.map_err(|error| of_s3(&error))?;
        match answer.errors().first() {
            None => Ok(true),
            Some(error) => Err(Error::s3(format!(
                "{} of {} objects were not deleted: {:?}: {}",
                answer.errors().len(),
                names.len(),
                error.key(),
                error.message().unwrap_or_default()
            ))),
        }
    }

    /// One answer of S3, as far as it goes: names within the space, and whether there are more.
    async fn names(
        &self,
        space: &SpaceId,
        prefix: &ContentPrefix,
        after: Option<&str>,
        count: usize,
    ) -> Result<(Vec<String>, bool), Error> {
        let Objects { objects, more } = self.listed(space, prefix, after, count).await?;
        Ok((objects.into_iter().map(|object| object.name).collect(), more))
    }

    async fn listed(
        &self,
        space: &SpaceId,
        prefix: &ContentPrefix,
        after: Option<&str>,
        count: usize,
    ) -> Result<Objects, Error> {
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
    async fn abort_uploads(&self, space: &SpaceId) -> Result<(), Error> {
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
