//! Multipart uploads. Parts are bodies; completing an upload joins them in one change of the catalogue. (*Amazon S3
//! User Guide*, Uploading and copying objects using multipart upload.)

use std::sync::Arc;

use reelspan::store::SMALLEST_PART;
use s3s::{
    S3Request, S3Result,
    crypto::{Checksum, Md5},
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CopyPartResult, CopySource, CreateMultipartUploadInput,
        CreateMultipartUploadOutput, ETag, PutObjectInput, PutObjectOutput, Range, UploadPartCopyInput,
        UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
    },
    s3_error,
};

use super::{
    catalogue::{CatalogueObject, CataloguedPart, MultipartUpload, ObjectAttributes, now},
    conditions::ObjectConditions,
    internal, protocol_size,
    reading::stream,
    store::Store,
    timestamp,
    writing::sorted,
};
use crate::data::{hex, random_hex};

impl Store {
    pub(super) fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> S3Result<CreateMultipartUploadOutput> {
        let input = request.input;
        self.bodies.check_bucket(&input.bucket)?;
        let attributes = ObjectAttributes {
            metadata: sorted(input.metadata.as_ref()),
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            content_encoding: input.content_encoding,
            content_language: input.content_language,
            content_type: input.content_type,
            ..Default::default()
        };
        let upload = MultipartUpload::new(random_hex::<16>().map_err(internal)?, input.key, attributes);
        self.catalogue.begin(&input.bucket, &upload).map_err(internal)?;
        Ok(CreateMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(upload.key),
            upload_id: Some(upload.id),
            ..Default::default()
        })
    }

    pub(super) async fn upload_part(&self, request: S3Request<UploadPartInput>) -> S3Result<UploadPartOutput> {
        let UploadPartInput { bucket, key, upload_id, part_number, .. } = &request.input;
        let upload = self.upload(bucket, key, upload_id)?;
        let number = *part_number;
        let put = request.map_input(|part| PutObjectInput {
            body: part.body,
            bucket: part.bucket,
            key: part.key,
            checksum_algorithm: part.checksum_algorithm,
            checksum_crc32: part.checksum_crc32,
            checksum_crc32c: part.checksum_crc32c,
            checksum_crc64nvme: part.checksum_crc64nvme,
            checksum_sha1: part.checksum_sha1,
            checksum_sha256: part.checksum_sha256,
            content_length: part.content_length,
            content_md5: part.content_md5,
            ..Default::default()
        });
        let (_, stored) = self.put_part(&upload, number, put).await?;
        Ok(UploadPartOutput {
            checksum_crc32: stored.checksum_crc32,
            checksum_crc32c: stored.checksum_crc32c,
            checksum_crc64nvme: stored.checksum_crc64nvme,
            checksum_sha1: stored.checksum_sha1,
            checksum_sha256: stored.checksum_sha256,
            e_tag: stored.e_tag,
            ..Default::default()
        })
    }

    pub(super) async fn upload_part_copy(
        &self,
        request: S3Request<UploadPartCopyInput>,
    ) -> S3Result<UploadPartCopyOutput> {
        let input = &request.input;
        let upload = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        let number = input.part_number;
        let CopySource::Bucket { bucket: from, key: source, version_id: None } = &input.copy_source else {
            return Err(s3_error!(NotImplemented, "the source of a copy has to be bucket/key"));
        };
        let (object, file) = self.open_object(from, source)?;
        let conditions = ObjectConditions {
            matches: input.copy_source_if_match.clone(),
            none_matches: input.copy_source_if_none_match.clone(),
            modified_since: input.copy_source_if_modified_since.clone(),
            unmodified_since: input.copy_source_if_unmodified_since.clone(),
        };
        conditions.check_source(&object)?;
        let range = match &input.copy_source_range {
            None => 0..object.size,
            Some(text) => Range::parse(text)
                .ok()
                .and_then(|range| range.check(object.size).ok())
                .ok_or_else(|| s3_error!(InvalidRange))?,
        };
        let length = range.end - range.start;

        let put = request.map_input(|input| PutObjectInput {
            body: Some(stream(file, range)),
            bucket: input.bucket,
            key: input.key,
            content_length: Some(protocol_size(length)),
            ..Default::default()
        });
        let (part, stored) = self.put_part(&upload, number, put).await?;
        let result =
            CopyPartResult { e_tag: stored.e_tag, last_modified: Some(timestamp(part.modified)), ..Default::default() };
        Ok(UploadPartCopyOutput { copy_part_result: Some(result), ..Default::default() })
    }

    pub(super) async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<CompleteMultipartUploadOutput> {
        let input = request.input;
        let listed = input.multipart_upload.and_then(|listed| listed.parts).unwrap_or_default();
        let named = listed.into_iter().map(|part| {
            let etag = part.e_tag.map(|etag| etag.value().to_owned());
            part.part_number.map(|number| (number, etag)).ok_or_else(|| s3_error!(MalformedXML))
        });
        let named = named.collect::<S3Result<Vec<_>>>()?;
        let conditions =
            ObjectConditions { matches: input.if_match, none_matches: input.if_none_match, ..Default::default() };
        let etag = self.complete(&input.bucket, &input.key, &input.upload_id, &named, &conditions).await?;
        Ok(CompleteMultipartUploadOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            e_tag: Some(ETag::Strong(etag)),
            ..Default::default()
        })
    }

    /// Completes an upload of these parts, each a number and possibly the `ETag` of its upload; returns the `ETag` of the object.
    pub(crate) async fn complete(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        named: &[(i32, Option<String>)],
        conditions: &ObjectConditions,
    ) -> S3Result<String> {
        let upload = self.upload(bucket, key, id)?;
        let stored = self.catalogue.parts(&upload.id).map_err(internal)?;
        let parts = chosen(named, &stored)?;

        let (bodies, of) = (Arc::clone(&self.bodies), bucket.to_owned());
        let names: Vec<String> = parts.iter().map(|part| part.body.clone()).collect();
        let join = move || bodies.join(&of, names.iter().map(String::as_str));
        let body = tokio::task::spawn_blocking(join).await.map_err(internal)?.map_err(internal)?;
        let object = CatalogueObject {
            body: body.name().to_owned(),
            size: parts.iter().map(|part| part.size).sum(),
            etag: joined_etag(&parts)?,
            modified: now(),
            attributes: upload.attributes.clone(),
        };

        let completed = self.catalogue.complete(bucket, &upload, &object, |before| conditions.check_write(before));
        let changed = completed.map_err(internal)?.ok_or_else(|| {
            s3_error!(
                NoSuchUpload,
                "The specified multipart upload does not exist; it may have been completed or aborted."
            )
        })?;
        self.settle(bucket, body, changed)?;
        for part in &stored {
            self.bodies.discard(bucket, &part.body);
        }
        Ok(object.etag)
    }

    pub(super) fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> S3Result<AbortMultipartUploadOutput> {
        let input = request.input;
        let upload = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        self.abort(&input.bucket, &upload)?;
        Ok(AbortMultipartUploadOutput::default())
    }

    /// Aborts an upload, and removes its parts.
    pub(crate) fn abort(&self, bucket: &str, upload: &MultipartUpload) -> S3Result<()> {
        let parts = self.catalogue.parts(&upload.id).map_err(internal)?;
        self.catalogue.abort(&upload.id).map_err(internal)?;
        for part in parts {
            self.bodies.discard(bucket, &part.body);
        }
        Ok(())
    }

    /// Aborts the uploads that were begun this many seconds ago or earlier, as the lifecycle rule of the bucket in
    /// `template.yaml` does.
    pub(crate) fn abort_old_uploads(&self, bucket: &str, seconds: i64) -> S3Result<usize> {
        let uploads = self.catalogue.uploads(bucket, "").map_err(internal)?;
        let old: Vec<_> =
            uploads.into_iter().filter(|upload| upload.started <= now().saturating_sub(seconds)).collect();
        old.iter().try_for_each(|upload| self.abort(bucket, upload))?;
        Ok(old.len())
    }

    /// The upload with this id, or the error that it does not exist.
    pub(super) fn upload(&self, bucket: &str, key: &str, id: &str) -> S3Result<MultipartUpload> {
        self.bodies.check_bucket(bucket)?;
        self.catalogue.upload(bucket, key, id).map_err(internal)?.ok_or_else(|| {
            s3_error!(
                NoSuchUpload,
                "The specified multipart upload does not exist; it may have been completed or aborted."
            )
        })
    }

    async fn put_part(
        &self,
        upload: &MultipartUpload,
        number: i32,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<(CataloguedPart, PutObjectOutput)> {
        if !(1..=10_000).contains(&number) {
            return Err(s3_error!(InvalidArgument, "a part's number is between 1 and 10000"));
        }
        let bucket = request.input.bucket.clone();
        let (body, size, stored) = self.bodies.receive(request).await?;
        let etag = stored.e_tag.as_ref().map(|etag| etag.value().to_owned()).unwrap_or_default();
        let part = CataloguedPart { number, body: body.name().to_owned(), size, etag, modified: now() };
        let replaced = self.catalogue.put_part(&upload.id, &part).map_err(internal)?;
        let replaced = replaced.ok_or_else(|| {
            s3_error!(
                NoSuchUpload,
                "The specified multipart upload does not exist; it may have been completed or aborted."
            )
        })?;
        body.keep();
        if let Some(replaced) = replaced {
            self.bodies.discard(&bucket, &replaced);
        }
        Ok((part, stored))
    }
}

/// The listed parts: in ascending order, each with the ETag of its upload, and each but the last large enough.
fn chosen(listed: &[(i32, Option<String>)], stored: &[CataloguedPart]) -> S3Result<Vec<CataloguedPart>> {
    let mut parts: Vec<CataloguedPart> = Vec::with_capacity(listed.len().min(stored.len()));
    for (number, etag) in listed {
        let number = *number;
        if parts.last().is_some_and(|before| before.number >= number) {
            return Err(s3_error!(InvalidPartOrder, "The parts are not named in ascending order."));
        }
        if parts.last().is_some_and(|before| before.size < SMALLEST_PART) {
            return Err(s3_error!(EntityTooSmall, "A part other than the last has less than 5 MiB."));
        }
        let part = stored
            .iter()
            .find(|part| part.number == number)
            .filter(|part| etag.as_ref().is_none_or(|etag| *etag == part.etag));
        parts.push(part.cloned().ok_or_else(|| {
            s3_error!(InvalidPart, "A part that was named has not been uploaded, or has another ETag.")
        })?);
    }
    if parts.is_empty() { Err(s3_error!(MalformedXML)) } else { Ok(parts) }
}

/// The `ETag` of a multipart object: the MD5 of its parts' MD5s, and their number.
fn joined_etag(parts: &[CataloguedPart]) -> S3Result<String> {
    let mut hash = Md5::new();
    for part in parts {
        hash.update(&from_hex(&part.etag).ok_or_else(|| s3_error!(InternalError))?);
    }
    Ok(format!("{}-{}", hex(&hash.finalize()), parts.len()))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

    use super::*;
    use crate::s3::MEDIA_BUCKET;

    #[test]
    fn an_upload_that_is_not_completed_is_aborted_when_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        for (id, age) in [("old", 100), ("new", 50)] {
            let upload = MultipartUpload {
                started: now() - age,
                ..MultipartUpload::new(id.into(), "films/a".into(), ObjectAttributes::default())
            };
            store.catalogue.begin(MEDIA_BUCKET, &upload).unwrap();
        }
        assert_eq!(store.abort_old_uploads(MEDIA_BUCKET, 80).unwrap(), 1);
        let left: Vec<_> =
            store.catalogue.uploads(MEDIA_BUCKET, "").unwrap().into_iter().map(|upload| upload.id).collect();
        assert_eq!(left, ["new"]);
    }

    #[test]
    fn an_etag_of_parts_is_the_md5_of_their_md5s() {
        // Two empty parts: printf 'd41d8cd98f00b204e9800998ecf8427e%.0s' 1 2 | xxd -r -p | md5sum
        let part = |number| CataloguedPart {
            number,
            body: String::new(),
            size: 0,
            etag: "d41d8cd98f00b204e9800998ecf8427e".into(),
            modified: 0,
        };
        assert_eq!(joined_etag(&[part(1), part(2)]).unwrap(), "5873dd45edd01f09c1ef2e7819369e8e-2");
    }
}
