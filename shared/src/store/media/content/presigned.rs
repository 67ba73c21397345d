//! Presigned URLs: whoever has one may do one thing with one content, past every gateway, until it expires. A URL for an upload
//! takes a body of the announced size alone, as `Content-Length` is among its signed headers. (*Amazon S3 User Guide*, Download and
//! upload objects with presigned URLs.)

use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use aws_sdk_s3::types::CompletedPart;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{MD5, Md5, New, patient};
use crate::space::MediaKey;
use crate::store::Error;
use crate::store::error::of_s3;
use crate::store::media::Media;

/// How long a URL for one request is good: it has to be begun within that time, and may take longer.
const BEGUN: Duration = Duration::from_hours(1);
/// How long the URLs of an upload's parts are good: all of them have to be begun within that time. Credentials of a Lambda
/// function may end sooner, and the URLs with them.
const PARTS_BEGUN: Duration = Duration::from_hours(12);
/// The most bytes that one PUT may have.
const WHOLE: u64 = 5 << 30;
/// How many bytes a part has at least, and how many parts there are at most: a list of URLs is to stay readable.
const PART: u64 = 64 << 20;
const PARTS: u64 = 1000;

/// A request that may be made without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Where to.
    pub url: String,
    /// The header fields that have to be sent, exactly so; `Content-Length` and `Host`, which every client sends, are left out.
    pub headers: Vec<(String, String)>,
}

/// A part of an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadPart {
    /// Its number, from 1.
    pub number: i32,
    /// How many bytes it has.
    pub size: u64,
    /// Where to PUT it.
    pub url: String,
}

/// A way to upload a content past the gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upload {
    /// With one PUT.
    Whole(Signed),
    /// With one PUT a part, and a list of their `ETag`s in the end.
    Parts {
        /// What S3 calls it.
        id: String,
        /// The parts, in their order.
        parts: Vec<UploadPart>,
    },
}

impl Media {
    /// A GET of a content.
    pub async fn signed_get(&self, key: &MediaKey, disposition: Option<String>) -> Result<Signed, Error> {
        let get = self.client.get_object().bucket(&self.bucket).key(key.to_string());
        signed(get.set_response_content_disposition(disposition).presigned(until(BEGUN)?).await)
    }

    /// A PUT to which a client can be redirected that sends the header fields of its first request again, and no others. So
    /// what is noted of the content is in the URL, and its media type and its MD5 are in fields that the client sends anyway.
    pub async fn signed_redirect(&self, key: &MediaKey, new: &New) -> Result<Signed, Error> {
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
    pub async fn signed_upload(&self, key: &MediaKey, size: u64, new: &New) -> Result<Upload, Error> {
        let key = key.to_string();
        let metadata = new.properties.metadata();
        if size <= WHOLE {
            let put = self.client.put_object().bucket(&self.bucket).key(key);
            let put = put
                .set_content_type(new.content_type.clone())
                .set_metadata(Some(metadata.collect()))
                .set_content_md5(new.md5.map(Md5::to_base64))
                .content_length(length(size)?)
                .customize()
                .config_override(patient());
            return signed(put.presigned(until(BEGUN)?).await).map(Upload::Whole);
        }
        let metadata = metadata.chain(new.md5.map(|md5| (MD5.to_owned(), md5.to_string())));
        let create = self.client.create_multipart_upload().bucket(&self.bucket).key(&key);
        let create = create.set_content_type(new.content_type.clone()).set_metadata(Some(metadata.collect()));
        let created = create.send().await.map_err(|error| of_s3(&error))?;
        let id = created.upload_id.ok_or_else(|| Error::s3("an upload without an id"))?;

        let each = size.div_ceil(PARTS).max(PART);
        let mut parts = Vec::new();
        let (mut start, mut number) = (0, 1);
        while start < size {
            let put = self.client.upload_part().bucket(&self.bucket).key(&key).upload_id(&id).part_number(number);
            let part = each.min(size - start);
            let put = put.content_length(length(part)?).customize().config_override(patient());
            let url = signed(put.presigned(until(PARTS_BEGUN)?).await)?.url;
            parts.push(UploadPart { number, size: part, url });
            (start, number) = (start + part, number + 1);
        }
        Ok(Upload::Parts { id, parts })
    }

    /// Makes a content of the parts that were uploaded, each with the `ETag` that S3 gave; [`Error::Missing`] where there is no
    /// such upload, or a part of it was not uploaded so.
    pub async fn complete_upload(&self, key: &MediaKey, id: &str, parts: &[(i32, String)]) -> Result<(), Error> {
        let parts =
            parts.iter().map(|(number, etag)| CompletedPart::builder().part_number(*number).e_tag(etag).build());
        self.complete(key, id, parts.collect()).await
    }
}

/// A count of bytes as the SDK has it.
fn length(bytes: u64) -> Result<i64, Error> {
    i64::try_from(bytes).map_err(Error::s3)
}

fn until(seconds: Duration) -> Result<PresigningConfig, Error> {
    PresigningConfig::expires_in(seconds).map_err(Error::s3)
}

fn signed<E>(request: Result<PresignedRequest, SdkError<E, HttpResponse>>) -> Result<Signed, Error>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let request = request.map_err(|error| of_s3(&error))?;
    let headers = request.headers().filter(|(name, _)| !matches!(*name, "host" | "content-length"));
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(Signed { url: request.uri().to_owned(), headers })
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}
