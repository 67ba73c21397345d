//! Contents of spaces, as objects: looked up, listed and deleted here; put, copied and given away by URL in the files beside.
//!
//! A content's MD5 is its object's `ETag`, where the object was put in one piece. Where it was not, the MD5 is kept as
//! metadata, if it was ever known.

mod copy;
mod listing;
mod md5;
mod memory;
mod presigned;
mod put;

use aws_sdk_s3::config::Config;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Builder, RequestChecksumCalculation};
use aws_sdk_s3::operation::head_object::HeadObjectOutput;

pub use self::listing::{ContentList, Listed, Objects};
pub use self::md5::Md5;
pub use self::presigned::{Signed, Upload, UploadPart};
pub use self::put::{New, PutError};
use super::{Media, Object};
use crate::space::MediaKey;
use crate::space::properties::Properties;
use crate::store::error::of_s3;
use crate::store::{CONNECT, Error};

/// The metadata that keeps the MD5 of an object whose `ETag` is another.
const MD5: &str = "content-md5";

/// A content as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// What every object has.
    pub object: Object,
    /// The MD5 of its bytes, where it is known.
    pub md5: Option<Md5>,
    /// What is noted of it.
    pub properties: Properties,
}

impl Media {
    /// What a content is now (a HEAD); [`Error::Missing`] where there is none.
    pub async fn content(&self, key: &MediaKey) -> Result<Content, Error> {
        let answer = self.client.head_object().bucket(&self.bucket).key(key.to_string()).send().await;
        let answer = answer.map_err(|error| of_s3(&error))?;
        let (kept, properties) = noted(&answer);
        let object = super::object(key, answer)?;
        let md5 = kept.or_else(|| Md5::of_etag(&object.etag));
        Ok(Content { object, md5, properties })
    }

    /// Deletes a content; one that is not there is as good as deleted.
    pub async fn delete(&self, key: &MediaKey) -> Result<(), Error> {
        let delete = self.client.delete_object().bucket(&self.bucket).key(key.to_string());
        delete.send().await.map(drop).map_err(|error| of_s3(&error))
    }
}

/// The MD5 that is kept beside the properties, and these.
fn noted(answer: &HeadObjectOutput) -> (Option<Md5>, Properties) {
    let metadata = answer.metadata();
    let md5 = metadata.and_then(|all| all.get(MD5)).and_then(|text| Md5::parse(text));
    (md5, Properties::of_metadata(metadata.into_iter().flatten()))
}

/// For calls that last as long as their bytes take: no deadline for the answer. The bytes are checked by MD5, so the SDK need not
/// work out a checksum of its own.
fn patient() -> Builder {
    let timeouts =
        TimeoutConfig::builder().connect_timeout(CONNECT).disable_read_timeout().disable_operation_timeout().build();
    Config::builder().timeout_config(timeouts).request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
}
