//! S3 and DynamoDB: the media, the index of it, the spaces and the users. The only room that knows of AWS.
//!
//! The clients are built once, from the usual AWS environment ([`Stores::from_env`]) or otherwise ([`Stores::new`]), and
//! everything else of AWS stays behind [`Media`], [`IndexTable`] and [`SpacesTable`]. [`Users`] has an environment of its own,
//! since few functions need to know who is asking.

mod calls;
mod error;
mod first_admin;
mod index;
mod media;
mod retry;
mod spaces;
mod tables;
mod users;

use std::env;
use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config as dynamodb;
use aws_sdk_s3::config as s3;
use aws_sdk_s3::config::SharedHttpClient;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use tokio::sync::OnceCell;

pub use calls::Calls;
pub use error::Error;
pub(crate) use error::{SECRETS, of_secrets};
pub use first_admin::{FirstAdmin, Registry};
pub use index::{Cells, Found, HeadOf, IndexTable, PagesOf, Reader, Sequencer, Stored, Unfinished};
pub use media::{
    Content, ContentList, Listed, Md5, Media, New, Object, ObjectSource, Objects, PutError, Signed, Upload, UploadPart,
};
pub use spaces::{Admission, SpacesTable};
pub use tables::{CONTAINER_INDEX, SPACES, TABLES, Table, USERS, create_tables};
pub use users::{Users, UsersError};

use self::calls::Counter;
use crate::telemetry::Service;

/// How long a connection may take until a call is tried again: within a region it takes a millisecond.
const CONNECT: Duration = Duration::from_secs(2);
/// How long an answer may take to begin.
const ANSWER: Duration = Duration::from_secs(5);
/// How long a call may take until its answer begins, all attempts together: a request needs one of DynamoDB and one of S3, as
/// a rule, and API Gateway waits for 29 s.
const CALL: Duration = Duration::from_secs(12);
/// How often a call is tried.
const ATTEMPTS: u32 = 5;
/// The longest that the first pause between two attempts takes; each further one may take twice as long. Pauses are of random
/// length (the SDK's *standard* mode).
const PAUSE: Duration = Duration::from_millis(50);

/// The stores, by name.
#[derive(Clone, Debug)]
pub struct Stores {
    /// The media bucket.
    pub media: Media,
    /// The table of indexes.
    pub index: IndexTable,
    to_s3: Counter,
    to_dynamodb: Counter,
}

/// A variable that the environment has to have, and has not.
#[derive(Debug, thiserror::Error)]
#[error("the environment variable {0} is not set")]
pub struct Unset(&'static str);

impl Stores {
    /// The stores that a function's environment names: `MEDIA_BUCKET`, `INDEX_TABLE`, and what the AWS SDKs read (region,
    /// credentials, `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL_DYNAMODB`). Where S3's endpoint is one of
    /// these, buckets are addressed by path, since what is no AWS seldom has a host name for each.
    pub async fn from_env() -> Result<Self, Unset> {
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
        table: impl Into<String>,
    ) -> Self {
        let (to_s3, to_dynamodb) = (Counter::new(Service::S3), Counter::new(Service::DynamoDb));
        // S3 has checksums of whole objects only, which a range cannot be held against.
        let s3 = s3
            .response_checksum_validation(s3::ResponseChecksumValidation::WhenRequired)
            .timeout_config(timeouts())
            .retry_config(retries())
            .interceptor(to_s3.clone());
        let dynamodb = dynamodb.timeout_config(timeouts()).retry_config(retries()).interceptor(to_dynamodb.clone());
        Self {
            media: Media::new(aws_sdk_s3::Client::from_conf(s3.build()), bucket),
            index: IndexTable::new(aws_sdk_dynamodb::Client::from_conf(dynamodb.build()), table),
            to_s3,
            to_dynamodb,
        }
    }

    /// The table of spaces of this name, reached as the table of indexes is.
    #[must_use]
    pub fn spaces(&self, table: impl Into<String>) -> SpacesTable {
        SpacesTable::new(self.index.client().clone(), table)
    }

    /// The calls that were made so far, by all who use these stores.
    #[must_use]
    pub fn calls(&self) -> Calls {
        Calls { s3: self.to_s3.count(), dynamodb: self.to_dynamodb.count() }
    }
}

/// How long the calls of all clients may take.
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(ANSWER).operation_timeout(CALL).build()
}

/// How often, and how patiently, all clients try again what failed for no fault of the call's own.
fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(PAUSE)
}

/// What the environment says of this.
fn variable(name: &'static str) -> Result<String, Unset> {
    env::var(name).map_err(|_| Unset(name))
}

/// What the AWS SDKs read of the environment, read once in a process. Clients that are made of it share connections and
/// credentials, and the root certificates, which take longer to load than everything else that a function does when it starts.
pub async fn aws() -> &'static SdkConfig {
    static AWS: OnceCell<SdkConfig> = OnceCell::const_new();
    AWS.get_or_init(|| aws_config::defaults(BehaviorVersion::latest()).http_client(http_client()).load()).await
}

/// A client for HTTP, with TLS by ring. Clones share its connections.
#[must_use]
pub fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https()
}
