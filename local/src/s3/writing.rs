//! Writing objects: `PutObject`, `CopyObject`, `DeleteObject` and `DeleteObjects`. Each is one change of the catalogue.

use s3s::{
    S3Error, S3Request, S3Result,
    dto::{
        CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput, DeleteObjectOutput,
        DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, Error as ObjectError, Metadata,
        MetadataDirective, PutObjectInput, PutObjectOutput,
    },
    s3_error,
};

use super::{
    bodies::NewBody,
    catalogue::{CatalogueObject, Changed, ObjectAttributes, now},
    conditions::ObjectConditions,
    internal,
    record::ObjectChange,
    store::Store,
    timestamp,
};

impl Store {
    pub(super) async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<PutObjectOutput> {
        let input = &request.input;
        let (bucket, key) = (input.bucket.clone(), input.key.clone());
        let conditions = ObjectConditions {
            matches: input.if_match.clone(),
            none_matches: input.if_none_match.clone(),
            ..Default::default()
        };
        // Also checked before the body is read, so that a client does not send gigabytes that are refused.
        self.bodies.check_bucket(&bucket)?;
        conditions.check_write(self.catalogue.object(&bucket, &key).map_err(internal)?.as_ref())?;
        let mut attributes = ObjectAttributes {
            metadata: sorted(input.metadata.as_ref()),
            cache_control: input.cache_control.clone(),
            content_disposition: input.content_disposition.clone(),
            content_encoding: input.content_encoding.clone(),
            content_language: input.content_language.clone(),
            content_type: input.content_type.clone(),
            ..Default::default()
        };

        let (body, size, stored) = self.bodies.receive(request).await?;
        attributes.checksum_crc32.clone_from(&stored.checksum_crc32);
        attributes.checksum_crc32c.clone_from(&stored.checksum_crc32c);
        attributes.checksum_crc64nvme.clone_from(&stored.checksum_crc64nvme);
        attributes.checksum_sha1.clone_from(&stored.checksum_sha1);
        attributes.checksum_sha256.clone_from(&stored.checksum_sha256);
        let etag = stored.e_tag.as_ref().map(|etag| etag.value().to_owned()).unwrap_or_default();
        let object = CatalogueObject { body: body.name().to_owned(), size, etag, modified: now(), attributes };
        self.put(&bucket, &key, &object, body, ObjectChange::Put, &conditions)?;
        Ok(stored)
    }

    pub(super) fn copy_object(&self, request: S3Request<CopyObjectInput>) -> S3Result<CopyObjectOutput> {
        let input = request.input;
        let CopySource::Bucket { bucket: from, key: source, version_id: None } = &input.copy_source else {
            return Err(s3_error!(NotImplemented, "the source of a copy has to be bucket/key"));
        };
        self.bodies.check_bucket(from)?;
        self.bodies.check_bucket(&input.bucket)?;
        let replaces = input.metadata_directive.as_ref().is_some_and(|it| it.as_str() == MetadataDirective::REPLACE);
        if (&**from, &**source) == (&*input.bucket, &*input.key) && !replaces {
            return Err(s3_error!(InvalidRequest, "an object is copied to itself only to replace its metadata"));
        }

        let (mut object, body) =
            self.with_body(from, source, |object| self.bodies.link((from, &object.body), &input.bucket))?;
        let conditions = ObjectConditions {
            matches: input.copy_source_if_match,
            none_matches: input.copy_source_if_none_match,
            modified_since: input.copy_source_if_modified_since,
            unmodified_since: input.copy_source_if_unmodified_since,
        };
        conditions.check_source(&object)?;
        body.name().clone_into(&mut object.body);
        object.modified = now();
        if replaces {
            object.attributes = ObjectAttributes {
                metadata: sorted(input.metadata.as_ref()),
                cache_control: input.cache_control,
                content_disposition: input.content_disposition,
                content_encoding: input.content_encoding,
                content_language: input.content_language,
                content_type: input.content_type,
                ..object.attributes
            };
        }

        let result = CopyObjectResult {
            e_tag: Some(ETag::Strong(object.etag.clone())),
            last_modified: Some(timestamp(object.modified)),
            ..Default::default()
        };
        self.put(&input.bucket, &input.key, &object, body, ObjectChange::Copied, &ObjectConditions::default())?;
        Ok(CopyObjectOutput { copy_object_result: Some(result), ..Default::default() })
    }

    pub(super) fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<DeleteObjectOutput> {
        let input = request.input;
        let conditions = ObjectConditions { matches: input.if_match, ..Default::default() };
        self.delete_if(&input.bucket, &input.key, &conditions)?;
        Ok(DeleteObjectOutput::default())
    }

    pub(super) fn delete_objects(&self, request: S3Request<DeleteObjectsInput>) -> S3Result<DeleteObjectsOutput> {
        let input = request.input;
        self.bodies.check_bucket(&input.bucket)?;
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in input.delete.objects {
            match self.delete(&input.bucket, &object.key) {
                Ok(()) => deleted.push(DeletedObject { key: Some(object.key), ..Default::default() }),
                Err(error) => errors.push(ObjectError {
                    key: Some(object.key),
                    code: Some(error.code().as_str().to_owned()),
                    message: error.message().map(str::to_owned),
                    ..Default::default()
                }),
            }
        }
        let told = !input.delete.quiet.unwrap_or_default();
        Ok(DeleteObjectsOutput {
            deleted: told.then_some(deleted),
            errors: (!errors.is_empty()).then_some(errors),
            ..Default::default()
        })
    }

    /// Makes a new body the object's, unless the conditions refuse it.
    fn put(
        &self,
        bucket: &str,
        key: &str,
        object: &CatalogueObject,
        body: NewBody,
        change: ObjectChange,
        conditions: &ObjectConditions,
    ) -> S3Result<()> {
        let changed = self.catalogue.put((bucket, key), object, change, |before| conditions.check_write(before));
        self.settle(bucket, body, changed.map_err(internal)?)
    }

    /// Keeps the body of a successful change, and removes the one that it replaces.
    pub(crate) fn settle(&self, bucket: &str, body: NewBody, changed: Changed<S3Error>) -> S3Result<()> {
        match changed {
            Changed::Refused(refusal) => Err(refusal),
            Changed::Made(replaced) => {
                body.keep();
                if let Some(replaced) = replaced {
                    self.bodies.discard(bucket, &replaced);
                }
                Ok(())
            }
        }
    }

    /// Deletes an object. Deleting a missing one succeeds.
    pub(crate) fn delete(&self, bucket: &str, key: &str) -> S3Result<()> {
        self.delete_if(bucket, key, &ObjectConditions::default())
    }

    fn delete_if(&self, bucket: &str, key: &str, conditions: &ObjectConditions) -> S3Result<()> {
        self.bodies.check_bucket(bucket)?;
        match self.catalogue.delete((bucket, key), |before| conditions.check_write(before)).map_err(internal)? {
            Changed::Refused(refusal) => Err(refusal),
            Changed::Made(removed) => {
                if let Some(removed) = removed {
                    self.bodies.discard(bucket, &removed);
                }
                Ok(())
            }
        }
    }
}

/// Metadata ordered by name, so that an object is stored the same way each time.
pub(super) fn sorted(metadata: Option<&Metadata>) -> std::collections::BTreeMap<String, String> {
    metadata.into_iter().flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}
