//! Copying within the bucket, and changing what is noted of a content, which S3 does by a copy onto itself. The bytes never
//! leave S3. What has more bytes than one copy takes is copied in parts.

use aws_sdk_s3::types::{CompletedPart, MetadataDirective};
use futures::{StreamExt, TryStreamExt, stream};

use super::{S3Bucket, of_s3, patient};
use crate::space::MediaKey;
use crate::space::properties::Properties;
use crate::store::StoreError;
use crate::store::bucket::{Content, metadata};

/// The most bytes that `CopyObject` takes.
const WHOLE: u64 = 5 << 30;
/// How many bytes a part has, where it is done in parts: a second or so of S3's time.
const PART: u64 = 256 << 20;
/// How many parts are under way at a time.
const AT_ONCE: usize = 16;

impl S3Bucket {
    /// Copies a content, on condition that it is still this version, and replaces what is noted of it.
    pub(super) async fn copy_as(
        &self,
        content: &Content,
        from: &MediaKey,
        to: &MediaKey,
        noted: Option<(Option<&str>, &Properties)>,
    ) -> Result<(), StoreError> {
        let source = format!("{}/{}", self.bucket, from.to_path());
        if content.object.size > WHOLE {
            let noted = noted.unwrap_or((content.object.content_type.as_deref(), &content.properties));
            return self.copy_parts(content, &source, to, noted, PART).await;
        }
        let copy = self.client.copy_object().bucket(&self.bucket).key(to.to_string()).copy_source(source);
        let mut copy = copy.copy_source_if_match(&content.object.etag);
        if let Some((content_type, properties)) = noted {
            copy = copy
                .metadata_directive(MetadataDirective::Replace)
                .set_content_type(content_type.map(str::to_owned))
                .set_metadata(Some(metadata(properties, content.kept_md5())));
        }
        copy.customize().config_override(patient()).send().await.map(drop).map_err(|error| of_s3(&error))
    }

    /// Copies in parts of `size`; the last has what is left.
    async fn copy_parts(
        &self,
        content: &Content,
        source: &str,
        to: &MediaKey,
        (content_type, properties): (Option<&str>, &Properties),
        size: u64,
    ) -> Result<(), StoreError> {
        let create = self.client.create_multipart_upload().bucket(&self.bucket).key(to.to_string());
        let create = create
            .set_content_type(content_type.map(str::to_owned))
            .set_metadata(Some(metadata(properties, content.md5)));
        let created = create.send().await.map_err(|error| of_s3(&error))?;
        let upload = created.upload_id.ok_or_else(|| StoreError::s3("an upload without an id"))?;

        let starts = (0..content.object.size).step_by(usize::try_from(size).unwrap_or(usize::MAX));
        let parts = starts.zip(1..).map(|(start, number)| {
            let last = start.saturating_add(size).min(content.object.size) - 1;
            let copy = self.client.upload_part_copy().bucket(&self.bucket).key(to.to_string()).upload_id(&upload);
            let copy = copy
                .part_number(number)
                .copy_source(source)
                .copy_source_if_match(&content.object.etag)
                .copy_source_range(format!("bytes={start}-{last}"))
                .customize()
                .config_override(patient());
            async move {
                let copied = copy.send().await.map_err(|error| of_s3(&error))?;
                let etag = copied.copy_part_result.and_then(|part| part.e_tag);
                Ok::<_, StoreError>(CompletedPart::builder().part_number(number).set_e_tag(etag).build())
            }
        });
        let parts: Result<Vec<_>, StoreError> = stream::iter(parts).buffered(AT_ONCE).try_collect().await;
        let done = match parts {
            Ok(parts) => self.complete(to, &upload, parts).await,
            Err(error) => Err(error),
        };
        if done.is_err() {
            self.abort(&to.to_string(), &upload).await;
        }
        done
    }
}
