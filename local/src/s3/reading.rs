//! Reading objects: `GetObject` and `HeadObject`, with conditions and ranges, streamed.

use std::{fs::File, io, ops::Range, sync::Arc};

use s3s::{
    S3Request, S3Result,
    dto::{
        ChecksumMode, ETag, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, Metadata,
        Range as Asked, StreamingBlob,
    },
    header, s3_error,
};

use super::{
    catalogue::CatalogueObject, conditions::ObjectConditions, internal, protocol_size, store::Store, timestamp,
};
use crate::reads::chunks;

impl Store {
    pub(super) fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<GetObjectOutput> {
        let input = request.input;
        refuse_version(input.version_id.as_deref(), input.part_number)?;
        let (object, file) = self.open_object(&input.bucket, &input.key)?;
        let conditions = ObjectConditions {
            matches: input.if_match,
            none_matches: input.if_none_match,
            modified_since: input.if_modified_since,
            unmodified_since: input.if_unmodified_since,
        };
        conditions.check_read(&object)?;
        let part = part(&object, input.range)?;
        let length = part.end - part.start;

        let mut output = describe(&object, input.range.map(|_| part.clone()), input.checksum_mode.as_ref());
        output.body = Some(stream(file, part));
        output.content_length = Some(protocol_size(length));
        Ok(output)
    }

    pub(super) fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<HeadObjectOutput> {
        let input = request.input;
        refuse_version(input.version_id.as_deref(), input.part_number)?;
        self.bodies.check_bucket(&input.bucket)?;
        let object = self.object(&input.bucket, &input.key)?;
        let conditions = ObjectConditions {
            matches: input.if_match,
            none_matches: input.if_none_match,
            modified_since: input.if_modified_since,
            unmodified_since: input.if_unmodified_since,
        };
        conditions.check_read(&object)?;
        let part = part(&object, input.range)?;

        let length = part.end - part.start;
        let output = describe(&object, input.range.map(|_| part), input.checksum_mode.as_ref());
        Ok(HeadObjectOutput {
            accept_ranges: output.accept_ranges,
            cache_control: output.cache_control,
            checksum_crc32: output.checksum_crc32,
            checksum_crc32c: output.checksum_crc32c,
            checksum_crc64nvme: output.checksum_crc64nvme,
            checksum_sha1: output.checksum_sha1,
            checksum_sha256: output.checksum_sha256,
            content_disposition: output.content_disposition,
            content_encoding: output.content_encoding,
            content_language: output.content_language,
            content_length: Some(protocol_size(length)),
            content_range: output.content_range,
            content_type: output.content_type,
            e_tag: output.e_tag,
            last_modified: output.last_modified,
            metadata: output.metadata,
            ..Default::default()
        })
    }

    /// The object of this name, or the error that it does not exist.
    pub(super) fn object(&self, bucket: &str, key: &str) -> S3Result<CatalogueObject> {
        self.catalogue
            .object(bucket, key)
            .map_err(internal)?
            .ok_or_else(|| s3_error!(NoSuchKey, "The specified key does not exist."))
    }

    /// The object of this name and its bytes, which match whatever happens meanwhile.
    pub(super) fn open_object(&self, bucket: &str, key: &str) -> S3Result<(CatalogueObject, File)> {
        self.bodies.check_bucket(bucket)?;
        self.with_body(bucket, key, |object| self.bodies.read(bucket, &object.body))
    }

    /// Does something with an object's body. If the object was replaced after the lookup, and its body is already gone,
    /// the object is looked up again.
    pub(crate) fn with_body<T>(
        &self,
        bucket: &str,
        key: &str,
        act: impl Fn(&CatalogueObject) -> io::Result<T>,
    ) -> S3Result<(CatalogueObject, T)> {
        let mut last_seen = None;
        loop {
            let object = self.object(bucket, key)?;
            match act(&object) {
                Ok(had) => return Ok((object, had)),
                // The same body is missing twice: this is not a race, it was removed by hand.
                Err(error) if error.kind() == io::ErrorKind::NotFound && last_seen.as_ref() != Some(&object.body) => {
                    last_seen = Some(object.body);
                }
                Err(error) => return Err(internal(error)),
            }
        }
    }
}

/// The bytes of a range of a file.
pub(super) fn stream(file: File, range: Range<u64>) -> StreamingBlob {
    StreamingBlob::wrap(chunks(Arc::new(file), range))
}

fn part(object: &CatalogueObject, asked: Option<Asked>) -> S3Result<Range<u64>> {
    let Some(asked) = asked else { return Ok(0..object.size) };
    asked.check(object.size).map_err(|_| {
        let mut error = s3_error!(InvalidRange, "The requested range is not satisfiable");
        if let Ok(size) = format!("bytes */{}", object.size).parse() {
            error.set_headers(http::HeaderMap::from_iter([(header::CONTENT_RANGE, size)]));
        }
        error
    })
}

fn refuse_version(version: Option<&str>, part_number: Option<i32>) -> S3Result<()> {
    match (version, part_number) {
        (None | Some("null"), None) => Ok(()),
        (None | Some("null"), Some(_)) => Err(s3_error!(NotImplemented, "parts cannot be read by their number here")),
        (Some(_), _) => Err(s3_error!(NoSuchVersion)),
    }
}

/// All headers of an answer except its length.
fn describe(object: &CatalogueObject, part: Option<Range<u64>>, mode: Option<&ChecksumMode>) -> GetObjectOutput {
    let attributes = object.attributes.clone();
    let mut output = GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: attributes.cache_control,
        content_disposition: attributes.content_disposition,
        content_encoding: attributes.content_encoding,
        content_language: attributes.content_language,
        content_type: Some(attributes.content_type.unwrap_or_else(|| "binary/octet-stream".to_owned())),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        last_modified: Some(timestamp(object.modified)),
        metadata: Some(attributes.metadata.into_iter().collect::<Metadata>()).filter(|metadata| !metadata.is_empty()),
        ..Default::default()
    };
    match part {
        Some(part) => {
            output.content_range = Some(format!("bytes {}-{}/{}", part.start, part.end.saturating_sub(1), object.size));
        }
        // A checksum covers the whole object, so it is sent only with the whole.
        None if mode.is_some_and(|mode| mode.as_str() == ChecksumMode::ENABLED) => {
            output.checksum_crc32 = attributes.checksum_crc32;
            output.checksum_crc32c = attributes.checksum_crc32c;
            output.checksum_crc64nvme = attributes.checksum_crc64nvme;
            output.checksum_sha1 = attributes.checksum_sha1;
            output.checksum_sha256 = attributes.checksum_sha256;
        }
        None => {}
    }
    output
}
