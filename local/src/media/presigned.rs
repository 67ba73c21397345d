//! Presigned URLs of the S3 API of this machine. (*Amazon S3 API Reference*, Authenticating Requests: Using Query Parameters.) They
//! are verified as those of any client are.

use std::fmt::Write;
use std::time::{Duration, SystemTime};

use aws_sigv4::http_request::{
    PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings, UriPathNormalizationMode,
    sign,
};
use aws_sigv4::sign::v4;
use http::Request;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reelspan::{
    space::MediaKey,
    store::{New, SignedRequest, StoreError, Upload, UploadPart, presigned_parts},
};

use super::{Files, failed, put::attributes};
use crate::{
    data::{AccessKey, random_hex},
    s3::{MEDIA_BUCKET, REGION, catalogue},
};

/// How long a URL for one request is valid: the request has to begin within that time, and may take longer.
const BEGUN: Duration = Duration::from_hours(1);
/// How long the URLs of an upload's parts are valid.
const PARTS_BEGUN: Duration = Duration::from_hours(12);

/// Signs URLs.
#[derive(Clone, Debug)]
pub struct UrlSigner {
    credentials: AccessKey,
    endpoint: String,
}

/// A request to be signed.
struct Unsigned<'a> {
    method: &'static str,
    key: &'a MediaKey,
    /// Parameters of the query.
    parameters: Vec<(String, String)>,
    /// Header fields that the client has to send.
    fields: Vec<(String, String)>,
    valid: Duration,
}

impl UrlSigner {
    /// Signs for the S3 API at this URL, without a slash at its end.
    #[must_use]
    pub const fn new(credentials: AccessKey, endpoint: String) -> Self {
        Self { credentials, endpoint }
    }

    /// A GET.
    pub(super) fn get(&self, key: &MediaKey, disposition: Option<&str>) -> Result<SignedRequest, StoreError> {
        let disposition = disposition.map(|it| ("response-content-disposition".to_owned(), it.to_owned()));
        let parameters = disposition.into_iter().collect();
        self.sign(&Unsigned { method: "GET", key, parameters, fields: Vec::new(), valid: BEGUN })
    }

    /// A PUT whose properties are in the URL.
    pub(super) fn redirect(&self, key: &MediaKey, new: &New) -> Result<SignedRequest, StoreError> {
        self.sign(&Unsigned { method: "PUT", key, parameters: noted(new), fields: Vec::new(), valid: BEGUN })
    }

    /// A PUT of this many bytes, with the properties in header fields.
    fn whole(&self, key: &MediaKey, size: u64, new: &New) -> Result<SignedRequest, StoreError> {
        let mut fields = noted(new);
        fields.push(("content-length".to_owned(), size.to_string()));
        fields.extend(new.content_type.iter().map(|it| ("content-type".to_owned(), it.clone())));
        fields.extend(new.md5.map(|md5| ("content-md5".to_owned(), md5.to_base64())));
        self.sign(&Unsigned { method: "PUT", key, parameters: Vec::new(), fields, valid: BEGUN })
    }

    /// A PUT of a part.
    pub(super) fn part(&self, key: &MediaKey, upload: &str, number: i32, size: u64) -> Result<UploadPart, StoreError> {
        let parameters =
            vec![("partNumber".to_owned(), number.to_string()), ("uploadId".to_owned(), upload.to_owned())];
        let fields = vec![("content-length".to_owned(), size.to_string())];
        let signed = self.sign(&Unsigned { method: "PUT", key, parameters, fields, valid: PARTS_BEGUN })?;
        Ok(UploadPart { number, size, url: signed.url })
    }

    fn sign(&self, unsigned: &Unsigned) -> Result<SignedRequest, StoreError> {
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(unsigned.valid);
        // As S3 alone wants it: the path is encoded once, and taken as it is.
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        let AccessKey { access_key_id, secret_access_key } = &self.credentials;
        let identity =
            aws_credential_types::Credentials::new(access_key_id, secret_access_key, None, None, "reelspan").into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(REGION)
            .name("s3")
            .time(SystemTime::now())
            .settings(settings)
            .build()
            .map_err(failed)?
            .into();
        let mut url = format!("{}/{MEDIA_BUCKET}/{}", self.endpoint, unsigned.key.to_path());
        for (place, (name, value)) in unsigned.parameters.iter().enumerate() {
            let separator = if place == 0 { '?' } else { '&' };
            let _ = write!(url, "{separator}{}={}", encoded(name), encoded(value));
        }
        let fields = unsigned.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let request = SignableRequest::new(unsigned.method, &url, fields, SignableBody::UnsignedPayload);
        let (instructions, _) = sign(request.map_err(failed)?, &parameters).map_err(failed)?.into_parts();
        let mut request = Request::builder().method(unsigned.method).uri(&url).body(()).map_err(failed)?;
        instructions.apply_to_request_http1x(&mut request);
        let headers = unsigned.fields.iter().filter(|(name, _)| name != "content-length").cloned().collect();
        Ok(SignedRequest { url: request.uri().to_string(), headers })
    }
}

impl Files {
    /// A way to upload an object of this size.
    pub(super) fn upload(
        &self,
        key: &MediaKey,
        size: u64,
        part_size: Option<u64>,
        new: &New,
    ) -> Result<Upload, StoreError> {
        let signer = self.signer()?;
        let Some(sizes) = presigned_parts(size, part_size) else {
            return signer.whole(key, size, new).map(Upload::Whole);
        };
        let id = random_hex::<16>().map_err(failed)?;
        let upload = catalogue::MultipartUpload::new(id, key.to_string(), attributes(new, new.md5));
        self.store.catalogue.begin(MEDIA_BUCKET, &upload).map_err(failed)?;
        let parts = sizes.into_iter().map(|(number, size)| signer.part(key, &upload.id, number, size));
        let parts = parts.collect::<Result<_, _>>()?;
        Ok(Upload::Parts { id: upload.id, parts })
    }

    /// The upload of this object with this id, if it was begun and neither completed nor aborted.
    pub(super) fn begun(&self, key: &MediaKey, id: &str) -> Result<Option<catalogue::MultipartUpload>, StoreError> {
        self.store.catalogue.upload(MEDIA_BUCKET, &key.to_string(), id).map_err(failed)
    }
}

/// The properties as header fields of S3, or as parameters of the same names.
fn noted(new: &New) -> Vec<(String, String)> {
    new.properties.metadata().map(|(name, value)| (format!("x-amz-meta-{name}"), value)).collect()
}

fn encoded(text: &str) -> String {
    /// RFC 3986 §2.3.
    const PARAMETER: percent_encoding::AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, &PARAMETER).to_string()
}
