//! Listings: `ListObjectsV2`, `ListObjects`, `ListParts` and `ListMultipartUploads`.

use aws_smithy_types::base64;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use s3s::{
    S3Request, S3Result,
    dto::{
        CommonPrefix, ETag, EncodingType, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsInput,
        ListObjectsOutput, ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, MultipartUpload,
        Object, ObjectStorageClass, Part,
    },
    s3_error,
};

use super::{
    catalogue::{ListingEntry, ObjectListing},
    internal, protocol_size,
    store::Store,
    timestamp,
};

/// The maximum number of entries in an answer.
const MOST: i32 = 1000;

/// The characters that `encoding-type=url` leaves unencoded.
const URL: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// Writes names in the requested encoding: XML cannot carry every character of a key.
struct NameEncoding(Option<EncodingType>);

impl NameEncoding {
    fn write(&self, name: &str) -> String {
        match &self.0 {
            Some(kind) if kind.as_str() == EncodingType::URL => percent_encode(name.as_bytes(), &URL).to_string(),
            _ => name.to_owned(),
        }
    }
}

impl Store {
    pub(super) fn list_objects_v2(&self, request: S3Request<ListObjectsV2Input>) -> S3Result<ListObjectsV2Output> {
        let input = request.input;
        let after = match &input.continuation_token {
            Some(token) => from_token(token).ok_or_else(|| s3_error!(InvalidArgument, "not a continuation token"))?,
            None => input.start_after.clone().unwrap_or_default(),
        };
        let limit = input.max_keys.unwrap_or(MOST).clamp(0, MOST);
        let names = NameEncoding(input.encoding_type.clone());
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let delimiter = input.delimiter.as_deref().unwrap_or_default();
        let (entries, more) = self.entries(&input.bucket, prefix, delimiter, &after, limit)?;

        let next = entries.last().filter(|_| more).map(|last| base64::encode(last.name()));
        let (contents, common_prefixes) = split(&entries, &names);
        Ok(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(names.write(prefix)),
            delimiter: input.delimiter.map(|delimiter| names.write(&delimiter)),
            max_keys: Some(limit),
            key_count: i32::try_from(entries.len()).ok(),
            continuation_token: input.continuation_token,
            next_continuation_token: next,
            is_truncated: Some(more),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            encoding_type: input.encoding_type,
            start_after: input.start_after.map(|start| names.write(&start)),
            ..Default::default()
        })
    }

    pub(super) fn list_objects(&self, request: S3Request<ListObjectsInput>) -> S3Result<ListObjectsOutput> {
        let input = request.input;
        let limit = input.max_keys.unwrap_or(MOST).clamp(0, MOST);
        let names = NameEncoding(input.encoding_type.clone());
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let delimiter = input.delimiter.as_deref().unwrap_or_default();
        let after = input.marker.as_deref().unwrap_or_default();
        let (entries, more) = self.entries(&input.bucket, prefix, delimiter, after, limit)?;

        let next = entries.last().filter(|_| more).map(|last| names.write(last.name()));
        let (contents, common_prefixes) = split(&entries, &names);
        Ok(ListObjectsOutput {
            name: Some(input.bucket),
            prefix: Some(names.write(prefix)),
            marker: Some(names.write(after)),
            delimiter: input.delimiter.map(|delimiter| names.write(&delimiter)),
            max_keys: Some(limit),
            next_marker: next,
            is_truncated: Some(more),
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            encoding_type: input.encoding_type,
            ..Default::default()
        })
    }

    pub(super) fn list_parts(&self, request: S3Request<ListPartsInput>) -> S3Result<ListPartsOutput> {
        let input = request.input;
        let upload = self.upload(&input.bucket, &input.key, &input.upload_id)?;
        let limit = input.max_parts.unwrap_or(MOST).clamp(0, MOST);
        let marker = input.part_number_marker.unwrap_or_default();
        let mut parts = self.catalogue.parts(&upload.id).map_err(internal)?;
        parts.retain(|part| part.number > marker);
        let more = parts.len() > usize::try_from(limit).unwrap_or_default();
        parts.truncate(usize::try_from(limit).unwrap_or_default());
        Ok(ListPartsOutput {
            bucket: Some(input.bucket),
            key: Some(input.key),
            upload_id: Some(upload.id),
            max_parts: Some(limit),
            part_number_marker: Some(marker),
            next_part_number_marker: parts.last().map(|part| part.number),
            is_truncated: Some(more),
            parts: Some(
                parts
                    .into_iter()
                    .map(|part| Part {
                        part_number: Some(part.number),
                        size: Some(protocol_size(part.size)),
                        e_tag: Some(ETag::Strong(part.etag)),
                        last_modified: Some(timestamp(part.modified)),
                        ..Default::default()
                    })
                    .collect(),
            ),
            ..Default::default()
        })
    }

    pub(super) fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> S3Result<ListMultipartUploadsOutput> {
        let input = request.input;
        self.bodies.check_bucket(&input.bucket)?;
        let names = NameEncoding(input.encoding_type.clone());
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let uploads = self.catalogue.uploads(&input.bucket, prefix).map_err(internal)?;
        Ok(ListMultipartUploadsOutput {
            bucket: Some(input.bucket),
            prefix: Some(names.write(prefix)),
            encoding_type: input.encoding_type,
            is_truncated: Some(false),
            uploads: Some(
                uploads
                    .into_iter()
                    .map(|upload| MultipartUpload {
                        key: Some(names.write(&upload.key)),
                        upload_id: Some(upload.id),
                        initiated: Some(timestamp(upload.started)),
                        ..Default::default()
                    })
                    .collect(),
            ),
            ..Default::default()
        })
    }

    fn entries(
        &self,
        bucket: &str,
        prefix: &str,
        delimiter: &str,
        after: &str,
        limit: i32,
    ) -> S3Result<(Vec<ListingEntry>, bool)> {
        self.bodies.check_bucket(bucket)?;
        let limit = usize::try_from(limit).unwrap_or_default();
        if limit == 0 {
            return Ok((Vec::new(), false));
        }
        self.catalogue.list(bucket, ObjectListing { prefix, delimiter, after, limit }).map_err(internal)
    }
}

fn split(entries: &[ListingEntry], names: &NameEncoding) -> (Vec<Object>, Vec<CommonPrefix>) {
    let (mut objects, mut prefixes) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry {
            ListingEntry::Object { key, size, etag, modified } => objects.push(Object {
                key: Some(names.write(key)),
                size: Some(protocol_size(*size)),
                e_tag: Some(ETag::Strong(etag.clone())),
                last_modified: Some(timestamp(*modified)),
                storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
                ..Default::default()
            }),
            ListingEntry::CommonPrefix(prefix) => prefixes.push(CommonPrefix { prefix: Some(names.write(prefix)) }),
        }
    }
    (objects, prefixes)
}

fn from_token(token: &str) -> Option<String> {
    String::from_utf8(base64::decode(token).ok()?).ok()
}
