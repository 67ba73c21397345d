//! The clients of the SDKs: the environment, timeouts, retries, and TLS.

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::config::SharedHttpClient;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use tokio::sync::OnceCell;

/// How long a connection may take until a call is tried again: within a region it takes a millisecond.
pub(super) const CONNECT: Duration = Duration::from_secs(2);
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

/// How long the calls of all clients may take.
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder().connect_timeout(CONNECT).read_timeout(ANSWER).operation_timeout(CALL).build()
}

/// How often, and how patiently, all clients try again what failed for no fault of the call's own.
pub(in crate::store) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS).with_initial_backoff(PAUSE)
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
