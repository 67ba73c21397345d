//! Putting: bytes go on to S3 as they arrive, in constant memory, and count only once all of them are there and their MD5 is what
//! the client says. A put that breaks off leaves nothing.
//!
//! Where the length is known beforehand it is one `PutObject`, whose last bytes are held back until the MD5 is known: where it is
//! wrong they are never sent, and S3 stores nothing. Where it is not known, the bytes go in parts, and the upload is completed or
//! aborted.

use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll, ready};

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use http_body::{Body, Frame, SizeHint};

use super::memory::{MEMORY, Room};
use super::{S3Bucket, of_s3, patient};
use crate::space::MediaKey;
use crate::store::StoreError;
use crate::store::bucket::{BoxError, Hasher, Incoming, MD5, Md5, New, PutError};

/// How many bytes a part has: what an upload of unknown length needs of memory.
const PART: usize = 16 << 20;
/// The most parts that S3 takes.
const PARTS: i32 = 10_000;

impl S3Bucket {
    pub(super) async fn put_whole(
        &self,
        key: &MediaKey,
        bytes: Incoming,
        length: u64,
        new: &New,
    ) -> Result<Md5, PutError> {
        let verdict = BodyVerdict::default();
        let body = CheckedBody::new(bytes, length, new.md5, Arc::clone(&verdict));
        if let (0, Some(Err(fault))) = (length, verdict.get()) {
            return Err(fault.clone().into());
        }
        let put = self.client.put_object().bucket(&self.bucket).key(key.to_string());
        let put = put
            .set_content_type(new.content_type.clone())
            .set_metadata(Some(new.properties.metadata().collect()))
            .set_content_md5(new.md5.map(Md5::to_base64))
            .body(ByteStream::new(SdkBody::from_body_1_x(body)))
            .customize()
            .disable_payload_signing()
            .config_override(patient());
        let done = put.send().await;
        // The body knows better than S3 what was wrong with it.
        match (verdict.get(), done) {
            (Some(Err(fault)), _) => Err(fault.clone().into()),
            (_, Err(error)) => Err(of_s3(&error).into()),
            (Some(Ok(md5)), Ok(_)) => Ok(*md5),
            (None, Ok(_)) => Err(StoreError::s3("a put that ended before its body").into()),
        }
    }

    pub(super) async fn put_parts(&self, key: &MediaKey, bytes: Incoming, new: &New) -> Result<Md5, PutError> {
        let mut incoming = BodyParts { bytes, rest: Bytes::new(), hasher: Hasher::default(), size: PART };
        let room = MEMORY.room().await.map_err(|_| PutError::Busy)?;
        let first = incoming.part(&room).await?;
        if first.len() < PART {
            let (length, bytes) = (first.len() as u64, futures::stream::iter([Ok(first)]));
            return self.put_whole(key, bytes.boxed(), length, new).await;
        }
        let metadata = new.properties.metadata().chain(new.md5.map(|md5| (MD5.to_owned(), md5.to_string())));
        let create = self.client.create_multipart_upload().bucket(&self.bucket).key(key.to_string());
        let create = create.set_content_type(new.content_type.clone()).set_metadata(Some(metadata.collect()));
        let created = create.send().await.map_err(|error| of_s3(&error))?;
        let upload = created.upload_id.ok_or_else(|| StoreError::s3("an upload without an id"))?;

        let done = self.send_parts(key, &upload, (first, room), incoming, new.md5).await;
        if done.is_err() {
            self.abort(&key.to_string(), &upload).await;
        }
        done
    }

    /// Sends the parts and completes the upload.
    async fn send_parts(
        &self,
        key: &MediaKey,
        upload: &str,
        (first, mut room): (Bytes, Room<'_>),
        mut incoming: BodyParts,
        expected: Option<Md5>,
    ) -> Result<Md5, PutError> {
        let (mut parts, mut next) = (Vec::new(), first);
        while !next.is_empty() {
            let number = i32::try_from(parts.len()).ok().filter(|sent| *sent < PARTS).ok_or(PutError::TooLarge)? + 1;
            let put = self
                .client
                .upload_part()
                .bucket(&self.bucket)
                .key(key.to_string())
                .upload_id(upload)
                .part_number(number);
            let put = put.body(ByteStream::from(next)).customize().disable_payload_signing().config_override(patient());
            let put = put.send().await.map_err(|error| of_s3(&error))?;
            parts.push(CompletedPart::builder().part_number(number).set_e_tag(put.e_tag).build());
            drop(room);
            room = MEMORY.room().await.map_err(|_| PutError::Busy)?;
            next = incoming.part(&room).await?;
        }
        let found = agree(incoming.hasher.digest(), expected)?;
        self.complete(key, upload, parts).await?;
        Ok(found)
    }

    /// Makes an object of the parts.
    pub(super) async fn complete(
        &self,
        key: &MediaKey,
        upload: &str,
        parts: Vec<CompletedPart>,
    ) -> Result<(), StoreError> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete =
            self.client.complete_multipart_upload().bucket(&self.bucket).key(key.to_string()).upload_id(upload);
        let complete = complete.multipart_upload(parts).customize().config_override(patient());
        complete.send().await.map(drop).map_err(|error| of_s3(&error))
    }

    /// Aborts an upload to a key as S3 lists it, so that its parts take no room. If even that fails, the bucket's lifecycle does it
    /// within days.
    pub(super) async fn abort(&self, key: &str, upload: &str) {
        let abort = self.client.abort_multipart_upload().bucket(&self.bucket).key(key).upload_id(upload);
        if let Err(error) = abort.send().await {
            tracing::warn!(key, error = %of_s3(&error), "an upload was not aborted");
        }
    }
}

/// Bytes that arrive, taken part by part.
struct BodyParts {
    bytes: Incoming,
    /// What came with the last part and is of the next.
    rest: Bytes,
    hasher: Hasher,
    /// How many bytes a part has.
    size: usize,
}

impl BodyParts {
    /// The next part: as long as all parts are, but for the last. One that is slow gives its room to others.
    async fn part(&mut self, room: &Room<'_>) -> Result<Bytes, PutError> {
        let mut part = BytesMut::new();
        while part.len() < self.size {
            if self.rest.is_empty() {
                let next = tokio::select! {
                    next = self.bytes.next() => next,
                    () = room.is_wanted() => return Err(PutError::Busy),
                };
                match next {
                    None => break,
                    Some(Err(error)) => return Err(PutError::BrokenOff(error.to_string())),
                    Some(Ok(chunk)) => self.rest = chunk,
                }
            }
            part.extend_from_slice(&self.rest.split_to(self.rest.len().min(self.size - part.len())));
        }
        self.hasher.update(&part);
        Ok(part.freeze())
    }
}

/// What became of a body: its MD5, or what was wrong with it.
type BodyVerdict = Arc<OnceLock<Result<Md5, BodyFault>>>;

/// What can be wrong with a body.
#[derive(Clone, Debug)]
enum BodyFault {
    Digest { expected: Md5, found: Md5 },
    BrokenOff(String),
}

impl From<BodyFault> for PutError {
    fn from(fault: BodyFault) -> Self {
        match fault {
            BodyFault::Digest { expected, found } => Self::Digest { expected, found },
            BodyFault::BrokenOff(why) => Self::BrokenOff(why),
        }
    }
}

fn agree(found: Md5, expected: Option<Md5>) -> Result<Md5, BodyFault> {
    match expected {
        Some(expected) if expected != found => Err(BodyFault::Digest { expected, found }),
        _ => Ok(found),
    }
}

/// A body of known length that ends only with the right MD5.
struct CheckedBody {
    /// The SDK wants bodies to be `Sync`; the lock is never contended, and never even taken.
    bytes: Mutex<Incoming>,
    left: u64,
    hasher: Hasher,
    expected: Option<Md5>,
    verdict: BodyVerdict,
}

impl CheckedBody {
    fn new(bytes: Incoming, length: u64, expected: Option<Md5>, verdict: BodyVerdict) -> Self {
        let body = Self { bytes: Mutex::new(bytes), left: length, hasher: Hasher::default(), expected, verdict };
        if length == 0 {
            // An empty body may never be polled.
            let _ = body.verdict.set(agree(body.hasher.digest(), expected));
        }
        body
    }

    fn take(&mut self, chunk: Bytes) -> Result<Bytes, BodyFault> {
        let broken_off = || BodyFault::BrokenOff("it is longer than was said".to_owned());
        self.left = self.left.checked_sub(chunk.len() as u64).ok_or_else(broken_off)?;
        self.hasher.update(&chunk);
        if self.left == 0 {
            let md5 = agree(self.hasher.digest(), self.expected)?;
            let _ = self.verdict.set(Ok(md5));
        }
        Ok(chunk)
    }
}

impl Body for CheckedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let bytes = this.bytes.get_mut().unwrap_or_else(std::sync::PoisonError::into_inner);
        let taken = match ready!(bytes.poll_next_unpin(context)) {
            Some(Ok(chunk)) => this.take(chunk),
            Some(Err(error)) => Err(BodyFault::BrokenOff(error.to_string())),
            None => Err(BodyFault::BrokenOff(format!("{} bytes are missing", this.left))),
        };
        Poll::Ready(Some(taken.map(Frame::data).map_err(|fault| {
            let _ = this.verdict.set(Err(fault.clone()));
            BoxError::from(PutError::from(fault))
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests;
