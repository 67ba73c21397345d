//! The media, the index of them, the spaces and the users, over stores: on AWS, S3 and DynamoDB; on one machine, files.
//!
//! [`Media`], [`IndexTable`], [`SpacesTable`] and [`Users`] contain what is true of every store. What differs is behind traits:
//! [`Bucket`] and [`Database`]. The clients of AWS are built once, from the usual environment ([`Stores::from_env`]) or otherwise
//! ([`Stores::new`]). [`Users`] has an environment of its own, since few functions need to know who is asking.

mod aws;
mod bucket;
mod calls;
mod database;
mod error;
mod first_admin;
mod guesses;
mod index;
mod listing;
mod media;
mod quotas;
mod retry;
mod sessions;
mod spaces;
mod tables;
mod users;

use std::env;
use std::sync::Arc;

use aws_sdk_dynamodb::config as dynamodb;
use aws_sdk_s3::config as s3;

pub use self::aws::{DynamoDb, S3Bucket, aws, http_client};
pub use bucket::{
    BoxError, Bucket, Content, FileSender, Hasher, Incoming, LARGEST_UNANNOUNCED, Listed, MD5, Md5, New, Object,
    ObjectVersion, Objects, PutError, ReadCost, ReadStream, SMALLEST_PART, SignedRequest, StoredPart, Upload,
    UploadPart, metadata, presigned_parts,
};
pub use calls::CallCounts;
pub use database::{
    Condition, Database, Get, IndexQuery, Item, ItemChange, ItemCount, MOST_GETS, PrimaryKey, Query, SecondaryIndex,
    TableName, Value, Write,
};
pub use error::StoreError;
pub use first_admin::{FirstAdmin, Registry};
pub use guesses::{GuessAttempt, Guesses};
pub use index::{
    CaptionFile, Cells, ContentEntries, ContentEntry, Found, FoundContent, HeadOf, IndexReader, IndexStatus,
    IndexTable, Kept, MOST_FILES, PagesOf, Sequencer, StemSidecars, StoredEntry, StoredHead, Unfinished,
};
pub use media::{ContentList, FileHandover, Media, MediaBody, ObjectSource};
pub use quotas::{FRESH, QuotaError, Quotas, Reservation};
pub use sessions::{IDLE, LONGEST, Session, Sessions};
pub use spaces::{Admission, SpacesTable};
pub use tables::{CONTAINER_INDEX, CONTENTS, SESSIONS, SPACES, TABLES, Table, USERS, create_tables};
pub use users::{Users, UsersError};

pub(crate) use self::aws::of_secrets;
pub(crate) use self::aws::timeouts;
use self::aws::{Counter, of_dynamodb, retries};
use crate::telemetry::Service;
pub(crate) use error::SECRETS;

/// The stores, by name.
#[derive(Clone, Debug)]
pub struct Stores {
    /// The media bucket.
    pub media: Media,
    /// The table of indexes.
    pub index: IndexTable,
}

/// A variable that the environment has to have, and has not.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable {0} is not set")]
pub struct UnsetVariable(&'static str);

impl Stores {
    /// The stores that a function's environment names: `MEDIA_BUCKET`, `INDEX_TABLE`, and what the AWS SDKs read (region,
    /// credentials, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL_DYNAMODB`). Where S3's endpoint is one of
    /// these, buckets are addressed by path, since what is no AWS seldom has a host name for each.
    pub async fn from_env() -> Result<Self, UnsetVariable> {
        let (bucket, table) = (variable("MEDIA_BUCKET")?, variable("INDEX_TABLE")?);
        let config = aws().await;
        let by_path = config.endpoint_url().is_some() || env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        let s3 = s3::Builder::from(config).force_path_style(by_path);
        Ok(Self::new(s3, dynamodb::Builder::from(config), bucket, table))
    }

    /// The stores behind clients of these configurations.
    #[must_use]
    pub fn new(
        s3: s3::Builder,
        dynamodb: dynamodb::Builder,
        bucket: impl Into<String>,
        table: impl Into<Arc<str>>,
    ) -> Self {
        let to_s3 = Counter::new(Service::S3);
        // S3 has checksums of whole objects only, which a range cannot be held against.
        let mut s3 = s3
            .response_checksum_validation(s3::ResponseChecksumValidation::WhenRequired)
            .timeout_config(timeouts())
            .retry_config(retries());
        s3.push_interceptor(to_s3.interceptor());
        let bucket = S3Bucket::new(aws_sdk_s3::Client::from_conf(s3.build()), bucket.into(), to_s3);
        Self::over(Arc::new(bucket), Arc::new(DynamoDb::new(dynamodb)), table)
    }

    /// The media in this bucket, and their index in a table of this database.
    #[must_use]
    pub fn over(bucket: Arc<dyn Bucket>, database: Arc<dyn Database>, table: impl Into<Arc<str>>) -> Self {
        Self { media: Media::new(bucket), index: IndexTable::new(database, table) }
    }

    /// The table of spaces of this name, in the same database as the index.
    #[must_use]
    pub fn spaces(&self, table: impl Into<Arc<str>>) -> SpacesTable {
        SpacesTable::new(Arc::clone(self.index.database()), table)
    }

    /// The calls that were made so far, by all who use these stores.
    #[must_use]
    pub fn calls(&self) -> CallCounts {
        CallCounts { s3: self.media.calls(), dynamodb: self.index.database().calls() }
    }
}

/// What the environment says of this.
fn variable(name: &'static str) -> Result<String, UnsetVariable> {
    env::var(name).map_err(|_| UnsetVariable(name))
}
