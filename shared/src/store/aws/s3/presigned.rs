//! Presigned URLs: the holder may do one thing with one content, past every gateway, until the URL expires. A URL for an upload
//! takes a body of the announced size alone, as `Content-Length` is among its signed headers. (*Amazon S3 User Guide*, Download and
//! upload objects with presigned URLs.)

use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use aws_sdk_s3::types::CompletedPart;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{S3Bucket, of_s3, patient};
use crate::space::MediaKey;
use crate::store::StoreError;
use crate::store::bucket::{MD5, Md5, New, SignedRequest, StoredPart, Upload, UploadPart, presigned_parts};

/// How long a URL for one request is good: it has to be begun within that time, and may take longer.
const BEGUN: Duration = Duration::from_hours(1);
/// How long the URLs of an upload's parts are good: all of them have to be begun within that time. Credentials of a Lambda
/// function may end sooner, and the URLs with them.
const PARTS_BEGUN: Duration = Duration::from_hours(12);

impl S3Bucket {
    /// A GET of a content.
    pub(super) async fn presigned_get(
        &self,
        key: &MediaKey,
        disposition: Option<String>,
    ) -> Result<SignedRequest, StoreError> {
        let get = self.client.get_object().bucket(&self.bucket).key(key.to_string());
        signed(get.set_response_content_disposition(disposition).presigned(until(BEGUN)?).await)
    }

    /// A PUT to which a client can be redirected that sends the header fields of its first request again, and no others. So
    /// what is noted of the content is in the URL, and its media type and its MD5 are in fields that the client sends anyway.
    pub(super) async fn presigned_redirect(&self, key: &MediaKey, new: &New) -> Result<SignedRequest, StoreError> {
        let metadata: Vec<_> = new.properties.metadata().collect();
        let put = self.client.put_object().bucket(&self.bucket).key(key.to_string());
        let put = put.customize().config_override(patient()).mutate_request(move |request| {
            let mut url = request.uri().to_owned();
            for (name, value) in &metadata {
                let separator = if url.contains('?') { '&' } else { '?' };
                url = format!("{url}{separator}x-amz-meta-{}={}", encoded(name), encoded(value));
            }
            if let Err(error) = request.set_uri(url) {
                tracing::error!(%error, "properties that cannot stand in a URL");
            }
        });
        signed(put.presigned(until(BEGUN)?).await)
    }

    /// A way to upload a content of this size.
    pub(super) async fn presigned_upload(
        &self,
        key: &MediaKey,
        size: u64,
        part_size: Option<u64>,
        new: &New,
    ) -> Result<Upload, StoreError> {
        let metadata = new.properties.metadata();
        let Some(sizes) = presigned_parts(size, part_size) else {
            let put = self.client.put_object().bucket(&self.bucket).key(key.to_string());
            let put = put
                .set_content_type(new.content_type.clone())
                .set_metadata(Some(metadata.collect()))
                .set_content_md5(new.md5.map(Md5::to_base64))
                .content_length(length(size)?)
                .customize()
                .config_override(patient());
            return signed(put.presigned(until(BEGUN)?).await).map(Upload::Whole);
        };
        let metadata = metadata.chain(new.md5.map(|md5| (MD5.to_owned(), md5.to_string())));
        let create = self.client.create_multipart_upload().bucket(&self.bucket).key(key.to_string());
        let create = create.set_content_type(new.content_type.clone()).set_metadata(Some(metadata.collect()));
        let created = create.send().await.map_err(|error| of_s3(&error))?;
        let id = created.upload_id.ok_or_else(|| StoreError::s3("an upload without an id"))?;
        let parts = self.presigned_parts(key, &id, &sizes).await?;
        Ok(Upload::Parts { id, parts })
    }

    /// PUTs of parts, by number and size.
    pub(super) async fn presigned_parts(
        &self,
        key: &MediaKey,
        id: &str,
        sizes: &[(i32, u64)],
    ) -> Result<Vec<UploadPart>, StoreError> {
        let key = key.to_string();
        let mut parts = Vec::with_capacity(sizes.len());
        for &(number, size) in sizes {
            let put = self.client.upload_part().bucket(&self.bucket).key(&key).upload_id(id).part_number(number);
            let put = put.content_length(length(size)?).customize().config_override(patient());
            let url = signed(put.presigned(until(PARTS_BEGUN)?).await)?.url;
            parts.push(UploadPart { number, size, url });
        }
        Ok(parts)
    }

    /// The parts of an upload that S3 has; a listing has a thousand at most (*Amazon S3 API Reference*, `ListParts`).
    pub(super) async fn listed_parts(&self, key: &MediaKey, id: &str) -> Result<Vec<StoredPart>, StoreError> {
        let (mut parts, mut after) = (Vec::new(), None);
        // No upload has an empty id, and the SDK sends no request with one.
        if id.is_empty() {
            return Err(StoreError::Missing);
        }
        loop {
            let list = self.client.list_parts().bucket(&self.bucket).key(key.to_string()).upload_id(id);
            let page = list.set_part_number_marker(after).send().await.map_err(|error| of_s3(&error))?;
            parts.extend(page.parts.unwrap_or_default().into_iter().filter_map(|part| {
                let size = part.size.and_then(|size| u64::try_from(size).ok())?;
                Some(StoredPart { number: part.part_number?, size, etag: part.e_tag? })
            }));
            after = page.next_part_number_marker;
            if page.is_truncated != Some(true) || after.is_none() {
                return Ok(parts);
            }
        }
    }

    /// Ends an upload.
    pub(super) async fn abort_one(&self, key: &MediaKey, id: &str) -> Result<(), StoreError> {
        if id.is_empty() {
            return Ok(());
        }
        let abort = self.client.abort_multipart_upload().bucket(&self.bucket).key(key.to_string()).upload_id(id);
        match abort.send().await.map_err(|error| of_s3(&error)) {
            Ok(_) | Err(StoreError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Makes a content of the parts that were uploaded, each with the `ETag` that S3 gave; [`StoreError::Missing`] where there is no
    /// such upload, or a part of it was not uploaded so.
    pub(super) async fn complete_presigned(
        &self,
        key: &MediaKey,
        id: &str,
        parts: &[(i32, String)],
    ) -> Result<(), StoreError> {
        if id.is_empty() {
            return Err(StoreError::Missing);
        }
        let parts =
            parts.iter().map(|(number, etag)| CompletedPart::builder().part_number(*number).e_tag(etag).build());
        self.complete(key, id, parts.collect()).await
    }
}

/// A count of bytes as the SDK has it.
fn length(bytes: u64) -> Result<i64, StoreError> {
    i64::try_from(bytes).map_err(StoreError::s3)
}

fn until(seconds: Duration) -> Result<PresigningConfig, StoreError> {
    PresigningConfig::expires_in(seconds).map_err(StoreError::s3)
}

fn signed<E>(request: Result<PresignedRequest, SdkError<E, HttpResponse>>) -> Result<SignedRequest, StoreError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let request = request.map_err(|error| of_s3(&error))?;
    let headers = request.headers().filter(|(name, _)| !matches!(*name, "host" | "content-length"));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(SignedRequest { url: request.uri().to_owned(), headers })
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
